"""Where the values of a JSON text stand, of which Python's reader says nothing."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from pathlib import Path

from lambdacli.project.cloudformation.places import Place, Steps

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


def json_places(text: str, file: Path, max_depth: int) -> dict[Steps, Place] | None:
    """Of a text that is JSON. None: it is nested deeper than that."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    places: dict[Steps, Place] = {}
    around: list[_Container] = []

    for match in _TOKEN.finditer(text):
        token, offset = match[0], match.start()
        inner = around[-1] if around else None
        if token == ":":
            assert inner is not None
            inner.awaits_key = False
            continue
        if token == ",":
            assert inner is not None
            inner.step_on()
            continue
        if token in "}]":
            around.pop()
            continue
        line = bisect_right(starts, offset)
        place = Place(file, line, offset - starts[line - 1] + 1)
        if inner is not None and inner.awaits_key:
            inner.path = (*inner.outer, json.loads(token))
            places[inner.path] = place
            continue
        path: Steps = () if inner is None else inner.path
        places.setdefault(path, place)
        if token in "{[":
            if len(around) == max_depth:
                return None
            around.append(_Container(path, token == "{"))
    return places


class _Container:
    def __init__(self, outer: Steps, is_object: bool) -> None:
        self.outer = outer
        self._is_object = is_object
        self.awaits_key = is_object
        self._index = 0
        self.path: Steps = outer if is_object else (*outer, 0)

    def step_on(self) -> None:
        self.awaits_key = self._is_object
        self._index += 1
        if not self._is_object:
            self.path = (*self.outer, self._index)
