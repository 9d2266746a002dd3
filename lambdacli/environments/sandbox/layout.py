"""What a house shows of this machine: the system, the language, the function's folders; nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from lambdacli.environments.sandbox.base import Layout
from lambdacli.model.record import record

TASK_ROOT, OPT_ROOT, RUNTIME_ROOT, LANGUAGE_ROOT = "/var/task", "/opt", "/var/runtime", "/var/lang"
KEEPER_ROOT = f"{RUNTIME_ROOT}/lam-keeper"
DEBUGGER_ROOT = f"{RUNTIME_ROOT}/lam-debugger"
"""No names that could be imported: /var/runtime is on the search path."""

SYSTEM_FOLDERS = ("/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32", "/nix/store")
LANGUAGE_FOLDERS = ("bin", "lib", "lib64")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
DEVICE_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
PASSWORDS = (
    "root:x:0:0:root:/root:/bin/bash\n"
    "sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/:/sbin/nologin\n"
)
GROUPS = "root:x:0:\nnobody:x:65534:\n"


def packages_place(number: int, folder: Path) -> str:
    """Where a folder of packages that does not lie with the code is shown. Its name stays: node_modules is
    one that means something."""
    return f"/var/packages/{number}/{folder.name}"


def debugger_place(number: int, folder: Path) -> str:
    """Where a debugger's own code is shown, which no function finds by itself."""
    return f"{DEBUGGER_ROOT}/{number}/{folder.name}"


@record
class Shown:
    """The folders of one function, as they lie on disk."""

    task_root: Path
    opt_root: Path
    runtime_root: Path
    language_root: Path | None
    """Above the interpreter's `bin`; None for a runtime that the function brings."""
    dependencies: Sequence[Path]
    keeper: Path
    state: Path
    home: Path
    """The developer's."""
    identity: Path
    """A folder with the `passwd` and `group` that a function finds in /etc."""
    debugger: Sequence[Path] = ()
    file_systems: Mapping[str, Path] = field(default_factory=dict)
    """Folders by the place where the function may read and write them."""


def layout(shown: Shown) -> Layout:
    return [
        *system_only(shown.identity),
        *_task_root(shown),
        *_each_of(shown.opt_root, OPT_ROOT),
        *_each_of(shown.runtime_root, RUNTIME_ROOT),
        ("show", f"{KEEPER_ROOT}/keeper", str(shown.keeper)),
        *_language(shown.language_root, shown.home),
        *(
            ("show", packages_place(number, folder), str(folder))
            for number, folder in enumerate(shown.dependencies)
        ),
        *(
            ("show", debugger_place(number, folder), str(folder))
            for number, folder in enumerate(shown.debugger)
        ),
        *(("share", place, str(folder)) for place, folder in shown.file_systems.items()),
    ]


def system_only(identity: Path) -> Layout:
    return [
        *_system(),
        *_devices(),
        *(("folder", place, "") for place in ("/proc", "/tmp", "/run", "/var")),
        ("show", "/etc/passwd", str(identity / "passwd")),
        ("show", "/etc/group", str(identity / "group")),
    ]


def _system() -> Iterator[tuple[str, str, str]]:
    for name in SYSTEM_FOLDERS:
        if os.path.islink(name):
            yield "link", name, os.readlink(name)
        elif os.path.isdir(name):
            yield "show", name, name
    resolver = os.path.realpath("/etc/resolv.conf")
    if not resolver.startswith("/etc/") and os.path.isfile(resolver):
        yield "show", resolver, resolver  # /etc/resolv.conf is a link to it
    yield "show", "/sys/devices/system", "/sys/devices/system"  # how many processors there are


def _devices() -> Iterator[tuple[str, str, str]]:
    yield "folder", "/dev", ""
    for name in DEVICES:
        if os.path.exists(f"/dev/{name}"):
            yield "show", f"/dev/{name}", f"/dev/{name}"
    for name, target in DEVICE_LINKS.items():
        yield "link", f"/dev/{name}", target


def _task_root(shown: Shown) -> Iterator[tuple[str, str, str]]:
    """A folder that has vanished is empty: the runtime says what it misses there."""
    if not shown.task_root.is_dir():
        yield "folder", TASK_ROOT, ""
        return
    yield "show", TASK_ROOT, str(shown.task_root)
    # The service's state lies in the project's folder, which may be the function's too.
    if shown.state.is_relative_to(shown.task_root) and shown.state != shown.task_root:
        yield "empty", f"{TASK_ROOT}/{shown.state.relative_to(shown.task_root)}", ""


def _each_of(folder: Path, place: str) -> Iterator[tuple[str, str, str]]:
    """Entry by entry, links followed: so that others can stand beside them, and links out of it still lead
    somewhere."""
    yield "folder", place, ""
    for entry in sorted(folder.iterdir()):
        target = entry.resolve()
        if target.exists():
            yield "show", f"{place}/{entry.name}", str(target)


def _language(root: Path | None, home: Path) -> Iterator[tuple[str, str, str]]:
    """At Lambda's place, and where it really is: it may have its own path inside. An interpreter in ~/bin
    does not lay open all of ~."""
    if root is None:
        return
    parts = [root]
    if home.is_relative_to(root):
        yield "folder", LANGUAGE_ROOT, ""
        parts = [root / name for name in LANGUAGE_FOLDERS if (root / name).is_dir()]
    for part in parts:
        yield "show", str(Path(LANGUAGE_ROOT) / part.relative_to(root)), str(part)
        if not any(part.is_relative_to(name) for name in SYSTEM_FOLDERS):
            yield "show", str(part), str(part)
