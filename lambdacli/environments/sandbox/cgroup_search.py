"""Finds the cgroups that this process may use, or says what keeps it from them and what to do about it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from lambdacli.environments.sandbox.cgroup_files import LIMITING, V1, V2
from lambdacli.environments.sandbox.cgroups import SERVICE_LEAF, Cgroups, read
from lambdacli.environments.sandbox.tree import descendants
from lambdacli.model.record import record

ROOT = Path("/sys/fs/cgroup")

AS_USER = "systemd-run --user --scope -p Delegate=yes lam start"
AS_ROOT = "systemd-run --scope -p Delegate=yes lam start"
IN_CONTAINER = (
    "start the container with a writable /sys/fs/cgroup (docker run --privileged --cgroupns=private)"
)
FOR_USERS = (
    "let systemd hand the controllers to users: sudo systemctl edit user@.service, add the lines [Service] "
    f"and Delegate=cpu memory pids, log in again, then: {AS_USER}"
)
V1_AS_USER = "start lam as root, or boot with systemd.unified_cgroup_hierarchy=1 for cgroup version 2"


@record
class Found:
    cgroups: Cgroups | None
    missing: tuple[str, ...]
    """Of memory, cpu and pids: what the kernel will not limit for us."""
    reason: str = ""
    """Why they are missing; empty when nothing is."""
    advice: str = ""
    """What gets them; empty when nothing is missing or nothing helps."""


@record
class Ourselves:
    """What the search has to know about this process."""

    cgroup: str
    """The text of /proc/self/cgroup."""
    pid: int
    is_root: bool
    has_systemd: bool
    family: frozenset[int]
    """We, those below us, and who started us: whom we may move."""

    @classmethod
    def look(cls) -> Ourselves:
        own = os.getpid()
        below = (member.pid for member in descendants(own))
        return cls(
            cgroup=read(Path("/proc/self/cgroup")).decode(),
            pid=own,
            is_root=os.geteuid() == 0,
            has_systemd=Path("/run/systemd/system").is_dir(),
            family=frozenset({own, os.getppid(), *below}),
        )


def find_cgroups(root: Path = ROOT, own: Ourselves | None = None) -> Found:
    """Only looks; Cgroups.open changes something."""
    if sys.platform != "linux":
        return Found(None, LIMITING, "only Linux has cgroups")
    try:
        own = own or Ourselves.look()
    except OSError as error:
        return Found(None, LIMITING, f"/proc/self/cgroup cannot be read: {error.strerror}")
    paths = _own_paths(own.cgroup)
    mount = next((path for path in (root, root / "unified") if (path / "cgroup.controllers").is_file()), None)
    if mount is not None and "" in paths:
        folder = _own_folder(mount, paths[""], own.pid)
        if folder is not None and folder.name == SERVICE_LEAF:
            folder = folder.parent
        if folder is not None and _controllers(folder):
            return _find_v2(mount, folder, own)
        if mount == root:
            return _without_controllers(folder, paths[""], own)
    folders = _v1_folders(root, paths, own.pid)
    if not folders:
        return Found(None, LIMITING, f"no cgroups of ours are mounted at {root}", _advice(own))
    return _find_v1(folders, own)


def _own_paths(text: str) -> dict[str, str]:
    """Own cgroup by controller; version 2 under the empty name."""
    found = {}
    for line in text.splitlines():
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            found[name] = path
    return found


def _own_folder(mount: Path, path: str, pid: int) -> Path | None:
    """None when it is not to be seen from here. In a container the path may be the host's, while the mount
    shows only our part of it."""
    for folder in (mount / path.lstrip("/"), mount):
        if ".." not in folder.parts and pid in _processes(folder):
            return folder
    return None


def _processes(folder: Path) -> set[int]:
    try:
        return {int(pid) for pid in read(folder / "cgroup.procs").split()}
    except OSError:
        return set()


def _controllers(folder: Path) -> list[str]:
    try:
        available = read(folder / "cgroup.controllers").decode().split()
    except OSError:
        return []
    return [name for name in LIMITING if name in available]


# Version 2


def _find_v2(mount: Path, folder: Path, own: Ourselves) -> Found:
    available = _controllers(folder)
    name = "cgroup /" + "/".join(folder.relative_to(mount).parts)
    is_kernels_root = not (folder / "cgroup.type").exists()
    refusal = None
    if not _may_write(folder, "cgroup.procs", "cgroup.subtree_control"):
        refusal = f"{name} is not writable for this user"
    elif is_kernels_root and own.has_systemd:
        refusal = f"{name} belongs to systemd"
    elif not is_kernels_root and not _is_ours(mount, folder, own):
        refusal = f"other programs live in {name}"
    if refusal is not None:
        return Found(None, LIMITING, refusal, _advice(own))
    cgroups = Cgroups(V2, dict.fromkeys(available, folder), must_move=not is_kernels_root)
    missing = tuple(name for name in LIMITING if name not in available)
    if not missing:
        return Found(cgroups, ())
    return Found(cgroups, missing, f"{name} was not given: {', '.join(missing)}", _controllers_advice(own))


def _without_controllers(folder: Path | None, path: str, own: Ourselves) -> Found:
    if folder is None:
        return Found(None, LIMITING, f"cgroup {path} is not to be seen from here", _advice(own))
    return Found(None, LIMITING, f"cgroup {path} was given no controllers", _controllers_advice(own))


def _controllers_advice(own: Ourselves) -> str:
    return FOR_USERS if own.has_systemd and not own.is_root else _advice(own)


def _is_ours(mount: Path, folder: Path, own: Ourselves) -> bool:
    """Writable is not enough: a user may write all of his session's cgroups, where his other programs
    live."""
    if (folder / SERVICE_LEAF).is_dir() or _is_marked_delegated(folder):
        return True
    if own.is_root and folder == mount:
        return True  # the whole of a container
    return own.family >= _processes(folder)


def _is_marked_delegated(folder: Path) -> bool:
    """systemd's mark, since version 251."""
    try:
        return os.getxattr(folder, "user.delegate") == b"1"
    except OSError:
        return False


# Version 1


def _v1_folders(root: Path, paths: Mapping[str, str], pid: int) -> dict[str, Path]:
    found = {}
    for name in LIMITING:
        folder = _own_folder(root / name, paths[name], pid) if name in paths else None
        if folder is not None:
            found[name] = folder.resolve()  # cpu may be a name of cpu,cpuacct
    return found


def _find_v1(folders: Mapping[str, Path], own: Ourselves) -> Found:
    usable = {name: folder for name, folder in folders.items() if _may_write(folder, "cgroup.procs")}
    missing = tuple(name for name in LIMITING if name not in usable)
    if not missing:
        return Found(Cgroups(V1, usable), ())
    mounted = [name for name in missing if name in folders]
    reason = f"cgroup version 1 is not writable for this user: {', '.join(mounted)}"
    if not mounted:
        reason = f"cgroup version 1 is not mounted for: {', '.join(missing)}"
    has_any = any(name in usable for name in LIMITING)
    advice = IN_CONTAINER if own.is_root else V1_AS_USER
    return Found(Cgroups(V1, usable) if has_any else None, missing, reason, advice)


def _advice(own: Ourselves) -> str:
    if not own.has_systemd:
        return IN_CONTAINER
    return AS_ROOT if own.is_root else AS_USER


def _may_write(folder: Path, *files: str) -> bool:
    return os.access(folder, os.W_OK | os.X_OK) and all(os.access(folder / file, os.W_OK) for file in files)
