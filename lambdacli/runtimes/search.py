"""Finds the programs of a language on this machine: on the PATH, then where version managers put them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path


def path_folders() -> list[Path]:
    return [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]


def installations(manager: Path, *below: str) -> Iterator[Path]:
    """The folders of a version manager, the newest release first."""
    if not manager.is_dir():
        return
    for entry in sorted(manager.iterdir(), key=_release, reverse=True):
        yield entry.joinpath(*below)


def version_in(path: Path, managers: frozenset[str]) -> tuple[int, ...] | None:
    """The release that a path tells: a folder such as `v22.3.1` or `ruby-3.4.1` below one of these."""
    for folder in path.parents:
        match = re.fullmatch(r"(?:v|ruby-)?(\d+\.\d+\.\d+)(?:[-_].*)?", folder.name)
        if match is not None and folder.parent.name in managers:
            return tuple(int(number) for number in match[1].split("."))
    return None


def is_program(path: Path) -> bool:
    """An executable that is no script: version managers put shell scripts of the same name on the PATH."""
    try:
        with path.open("rb") as file:
            head = file.read(2)
    except OSError:
        return False
    return os.access(path, os.X_OK) and head != b"#!"


def nearest(wanted: int, found: Iterable[int]) -> int:
    """The same, else the one with the least distance; of two equally near the newer."""
    return min(found, key=lambda version: (abs(version - wanted), -version))


def _release(folder: Path) -> tuple[list[int], str]:
    return [int(number) for number in re.findall(r"\d+", folder.name)], folder.name
