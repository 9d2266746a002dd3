"""Where a project's running service listens, found without the modules that cost start-up time.

It looks where `model/location.py` does, and gives up wherever that would have more to say."""

import os
from stat import S_ISDIR

from lambdacli.client.quick_json import parse
from lambdacli.model.mounts import UNFIT_FILE_SYSTEMS, file_system_of, mount_table
from lambdacli.model.project_files import is_file, project_file_in, state_folder_of


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
    state = state_folder_of(file)
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
    told = os.environ.get("LAM_PROJECT") or os.environ.get("LAM_TEMPLATE")
    named = project if project is not None else told
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
        path = _in(entry.path) if entry.is_dir() and not entry.name.startswith(".") else None
        if path is not None:
            found.append(path)
    return found[0] if len(found) == 1 else None


def _in(folder: str) -> str | None:
    """Where a folder may not be looked into, the ordinary search complains."""
    try:
        return project_file_in(folder)
    except OSError as error:
        raise Unsure from error


def _is_file(path: str) -> bool:
    try:
        return is_file(path)
    except (OSError, ValueError) as error:
        raise Unsure from error


def _resolved(file: str) -> str:
    folder, name = os.path.split(file)
    return os.path.join(os.path.realpath(folder), name)
