"""Where things live: the project, its state, the service's socket, the account's cache. Files only."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from lambdacli.model.mounts import UNFIT_FILE_SYSTEMS, file_system_of, mount_table
from lambdacli.model.project_files import PROGRAM_NAMES, WHAT_OF_PROGRAMS, project_file_in, state_folder_of
from lambdacli.model.record import record

SOCKET_PATH_BYTES = 104
"""macOS's size of a socket address, its final zero included; Linux has four more."""


class LocationError(Exception):
    """A place that cannot be used: what is wrong, then what to do."""


@record
class Place:
    """One project's places. Nothing is created by knowing them; see `prepare`."""

    project_file: Path | None
    """None: the place of those who come over the API only."""
    state_dir: Path
    socket_path: Path
    cache_dir: Path
    """Shared by all projects of this user."""
    moved_because: str | None = None
    """Why the state does not lie beside lam.yaml, to be told once."""

    @property
    def service_file(self) -> Path:
        return self.state_dir / "service.json"


def find_project(start: Path) -> Path | None:
    """The nearest lam.yaml or template, from this folder upwards."""
    folder = start.absolute()
    for candidate in (folder, *folder.parents):
        found = project_file_in(str(candidate))
        if found is not None:
            return Path(found)
    return None


def find_project_below(folder: Path) -> Path | None:
    """The one project right below this folder, as after `lam init NAME` without changing into NAME; of
    several, none is chosen."""
    try:
        children = [
            entry.path for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")
        ]
    except OSError:
        return None
    found = [path for child in children if (path := project_file_in(child)) is not None]
    return Path(found[0]) if len(found) == 1 else None


def locate(
    start: Path,
    environment: Mapping[str, str],
    project: str | None = None,
    mounts: str | None = None,
) -> Place:
    """Decides where all lies: `project` (an option's value) wins over LAM_PROJECT and LAM_TEMPLATE, they over
    the search.

    `mounts` is the text of /proc/self/mountinfo; it is read when not given."""
    home = _home(environment)
    state_home = _xdg_folder(environment, "XDG_STATE_HOME", home / ".local" / "state") / "lam"
    cache_dir = _xdg_folder(environment, "XDG_CACHE_HOME", home / ".cache") / "lam"
    project_file = _chosen_project(start, environment, project)
    if project_file is None:
        state_dir = state_home / "default"
        return Place(None, state_dir, _socket_path(state_dir, environment), cache_dir)
    state_dir = Path(state_folder_of(str(project_file)))
    moved_because = _unfit_because(project_file.parent, mount_table() if mounts is None else mounts)
    if moved_because is not None:
        state_dir = state_home / "projects" / _hash(project_file)
    return Place(project_file, state_dir, _socket_path(state_dir, environment), cache_dir, moved_because)


def prepare(place: Place) -> None:
    """Makes the folders of the state and the socket, for their owner only."""
    _private_folder(place.state_dir)
    ignore = place.state_dir / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    _private_folder(place.socket_path.parent)


def _chosen_project(start: Path, environment: Mapping[str, str], project: str | None) -> Path | None:
    if project is not None:
        return _named_project(start, project, "--project")
    for variable in ("LAM_PROJECT", "LAM_TEMPLATE"):
        if environment.get(variable):
            return _named_project(start, environment[variable], variable)
    found = find_project(start) or find_project_below(start)
    return None if found is None else _resolved(found)


def _named_project(start: Path, text: str, source: str) -> Path:
    path = start / Path(text).expanduser()
    if path.is_file():
        if path.name in PROGRAM_NAMES:
            raise LocationError(f"{source}: {text} {WHAT_OF_PROGRAMS}")
        return _resolved(path)
    if not path.is_dir():
        raise LocationError(f"{source}: {text} does not exist; name a folder with a lam.yaml, or the file")
    found = project_file_in(str(path))
    if found is None:
        raise LocationError(f"{source}: there is no lam.yaml or template in {text}; make one with `lam init`")
    return _resolved(Path(found))


def _resolved(file: Path) -> Path:
    """The same project reached through two links is one project; the file's own name stays."""
    return file.parent.resolve() / file.name


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment["HOME"]) if environment.get("HOME") else Path.home()


def _xdg_folder(environment: Mapping[str, str], name: str, default: Path) -> Path:
    # The XDG rules: a value that is not absolute is to be ignored.
    value = environment.get(name, "")
    return Path(value) if os.path.isabs(value) else default


def _hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _socket_path(state_dir: Path, environment: Mapping[str, str]) -> Path:
    name = f"{_hash(state_dir)}.sock"
    runtime_dir = environment.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime_dir) and _is_own_folder(Path(runtime_dir)):
        path = Path(runtime_dir) / "lam" / name
        if len(os.fsencode(path)) < SOCKET_PATH_BYTES:
            return path
    return Path(f"/tmp/lam-{os.getuid()}") / name


def _is_own_folder(folder: Path) -> bool:
    # After `su`, the variable may still name the folder of the user before.
    try:
        status = folder.stat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()


def _unfit_because(folder: Path, mounts: str) -> str | None:
    file_system = file_system_of(str(folder), mounts)
    if file_system in UNFIT_FILE_SYSTEMS:
        kind = UNFIT_FILE_SYSTEMS[file_system]
        return f"{folder} is {kind} ({file_system}), which cannot hold the state safely"
    state_dir = folder / ".lam"
    if not os.access(state_dir if state_dir.exists() else folder, os.W_OK):
        return f"{folder} cannot be written to"
    return None


def is_private(folder: Path) -> bool:
    """Whether it is really this user's alone: anything else may have been laid there by somebody."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    is_closed = stat.S_IMODE(status.st_mode) & 0o077 == 0
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and is_closed


def _private_folder(folder: Path) -> None:
    """Makes a folder that only its owner may enter; refuses one that somebody else laid there."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise LocationError(f"{folder} cannot be made: {error.strerror}") from error
    # lstat: a link that another user laid in /tmp must not lead the socket elsewhere.
    status = folder.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise LocationError(f"{folder} is a symbolic link, which is not safe; remove it")
    if not stat.S_ISDIR(status.st_mode):
        raise LocationError(f"{folder} is not a folder; remove it")
    if status.st_uid != os.getuid():
        raise LocationError(
            f"{folder} belongs to another user (uid {status.st_uid}); remove it or ask them to"
        )
    if stat.S_IMODE(status.st_mode) != 0o700:
        folder.chmod(0o700)
