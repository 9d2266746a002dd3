"""Where a project's running service listens, found without the modules that cost start-up time.

It looks where `model/location.py` does, and gives up wherever that would have more to say."""

import os
from stat import S_ISDIR

from lambdacli.client.quick_json import parse
from lambdacli.model.mounts import UNFIT_FILE_SYSTEMS, file_system_of, mount_table

PROJECT_FILE_NAMES = ("lam.yaml", "lam.yml")


class Unsure(Exception):
    """Left to the modules that know all cases."""


def recorded_socket(project: str | None) -> str:
    """The socket that the service of this project wrote down; it need not answer."""
    try:
        with open(_state_folder(project) + "/service.json", "rb") as file:
            record = parse(file.read().decode())
        path = record["socket"]  # type: ignore[index]  # what is no such object ends below
        status = os.lstat(os.path.dirname(path))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Unsure from error
    is_private = S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077
    if not is_private or not isinstance(path, str):
        raise Unsure
    return path


def _state_folder(project: str | None) -> str:
    file = _project_file(project)
    if file is None:
        return _default_state_folder()
    folder = os.path.dirname(file)
    if file_system_of(folder, mount_table()) in UNFIT_FILE_SYSTEMS:
        raise Unsure
    state = folder + "/.lam"
    if not os.access(state, os.W_OK):
        raise Unsure
    return state


def _default_state_folder() -> str:
    home = os.environ.get("HOME")
    state_home = os.environ.get("XDG_STATE_HOME", "")
    if not state_home.startswith("/"):
        if not home:
            raise Unsure
        state_home = os.path.join(home, ".local/state")
    return os.path.join(state_home, "lam/default")


def _project_file(project: str | None) -> str | None:
    """None: there is no project, here or anywhere above."""
    named = project if project is not None else os.environ.get("LAM_PROJECT")
    start = os.getcwd()
    if not named:
        if project is not None:
            raise Unsure
        found = _upwards(start) or _below(start)
        return None if found is None else _resolved(found)
    if named.startswith("~"):
        raise Unsure
    path = os.path.join(start, named)
    if _is_file(path):
        return _resolved(path)
    found = _in(path)
    if found is None:
        raise Unsure
    return _resolved(found)


def _upwards(folder: str) -> str | None:
    while True:
        found = _in(folder)
        if found is not None or folder == "/":
            return found
        folder = os.path.dirname(folder)


def _below(folder: str) -> str | None:
    found: list[str] = []
    for entry in os.scandir(folder):
        if entry.is_dir() and not entry.name.startswith("."):
            paths = (os.path.join(entry.path, name) for name in PROJECT_FILE_NAMES)
            found += [path for path in paths if _is_file(path)]
    return found[0] if len(found) == 1 else None


def _in(folder: str) -> str | None:
    for name in PROJECT_FILE_NAMES:
        path = os.path.join(folder, name)
        if _is_file(path):
            return path
    return None


def _is_file(path: str) -> bool:
    """Where a folder may not be looked into, the ordinary search complains."""
    try:
        return os.stat(path).st_mode & 0o170000 == 0o100000
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        raise Unsure from error


def _resolved(file: str) -> str:
    folder, name = os.path.split(file)
    return os.path.join(os.path.realpath(folder), name)
