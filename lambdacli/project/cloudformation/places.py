"""Where in which file each value of a template stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lambdacli.model.record import record

Steps = tuple[str | int, ...]
"""From the document's root: keys of mappings and positions in lists."""


@record
class Place:
    """Line and column count from 1."""

    file: Path
    line: int
    column: int = 1


class Places:
    """Places by path. What has none stands where the nearest thing around it stands."""

    def __init__(
        self, file: Path, known: Mapping[Steps, Place], moved: Mapping[Steps, Steps] | None = None
    ) -> None:
        """`moved` leads from the path of what was written elsewhere (in Globals) to where it was written."""
        self.file = file
        self.known = known
        self.moved = moved or {}

    def of(self, path: Steps) -> Place:
        for length in range(len(path), -1, -1):
            begin = path[:length]
            if begin in self.moved:
                return self.of((*self.moved[begin], *path[length:]))
            place = self.known.get(begin)
            if place is not None:
                return place
        return Place(self.file, 1)
