"""What a folder that is no project has in it or below: templates to be named with -t."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from lambdacli.cli.errors import CommandError
from lambdacli.model.project_files import (
    PROJECT_FILE_NAMES,
    WHAT_OF_PROGRAMS,
    program_upwards,
    project_file_in,
)

_SHOWN = 4
_DEPTH = 3
_FOLDERS = 500
_HEAD_BYTES = 1024 * 1024
_SUFFIXES = (".yaml", ".yml", ".json")
_NEVER = ("node_modules", "cdk.out", "venv", "__pycache__")


def no_project() -> CommandError:
    program = program_upwards(os.getcwd())
    if program is not None:
        return CommandError(_of_program(program))
    return CommandError("there is no lam.yaml or template here or above", way_to_one(Path.cwd()))


def way_to_one(folder: Path) -> str:
    program = program_upwards(str(folder))
    if program is not None:
        return _of_program(program)
    found = list(islice(projects_below(folder), _SHOWN + 1))
    if not found:
        return "`lam init NAME` makes one"
    shown = ", ".join(found[:_SHOWN]) + (" …" if len(found) > _SHOWN else "")
    return f"there is {shown}: name one, as in `-t {found[0]}`"


def _of_program(program: str) -> str:
    return f"{os.path.basename(program)} {WHAT_OF_PROGRAMS}"


def projects_below(folder: Path) -> Iterator[str]:
    """Relative to the folder: templates of any name in itself, the usual names further down."""
    yield from _template_names(folder)
    for below in islice(_folders_below(folder), _FOLDERS):
        try:
            file = project_file_in(str(below))
        except OSError:
            continue
        if file is not None:
            yield os.path.relpath(file, folder)


def _template_names(folder: Path) -> list[str]:
    return sorted(
        file.name
        for file in _entries(folder)
        if file.suffix in _SUFFIXES and file.name not in PROJECT_FILE_NAMES and _is_template(file)
    )


def _is_template(file: Path) -> bool:
    """More is asked of a file whose name says nothing."""
    try:
        with file.open("rb") as opened:
            head = opened.read(_HEAD_BYTES)
    except OSError:
        return False
    return b"Resources" in head and b"AWS::" in head


def _folders_below(folder: Path) -> Iterator[Path]:
    """Near ones first."""
    level = [folder]
    for _ in range(_DEPTH):
        level = [each for above in level for each in _entries(above) if _is_worth_a_look(each)]
        yield from level


def _is_worth_a_look(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and path.name not in _NEVER and path.name[0] != "."


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
