"""Where in which file each value of a template stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Steps = tuple[str | int, ...]
"""From the document's root: keys of mappings and positions in lists."""


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column count from 1."""

    file: Path
    line: int
    column: int = 1


class Places:
    """Places by path. What has none stands where the nearest thing around it stands."""

    def __init__(self, file: Path, known: Mapping[Steps, Place]) -> None:
        self.file = file
        self.known = known

    def of(self, path: Steps) -> Place:
        for length in range(len(path), -1, -1):
            place = self.known.get(path[:length])
            if place is not None:
                return place
        return Place(self.file, 1)
