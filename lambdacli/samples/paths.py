"""Places within an event, written as `Records[0].s3.object.key`: found, replaced, listed. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from lambdacli.model.nearest import nearest
from lambdacli.samples.sample import SampleError

_STEP = re.compile(r"""\[\s*(?:"([^"]*)"|'([^']*)'|([^\]"']*))\s*\]|\.?([^.\[\]]+)""")

Step = str | int


def steps_of(path: str) -> list[str]:
    """`a.b[0]["c.d"]` → a, b, 0, c.d"""
    steps: list[str] = []
    end = 0
    for match in _STEP.finditer(path):
        if match.start() != end:
            break
        steps.append(next(group for group in match.groups() if group is not None))
        end = match.end()
    if not steps or end != len(path):
        raise SampleError(f"{path} is no path", "write it as Records[0].body")
    return steps


def value_at(document: Any, path: str) -> Any:
    """What stands at a path that is surely there."""
    steps = _resolved(document, steps_of(path))
    assert steps is not None, path
    return _get(document, steps)


def replaced(document: Any, assignment: str, open_maps: Sequence[str], name: str) -> Any:
    """The event with `PATH=VALUE` done to it. New keys go where keys are the user's own only."""
    path, equals, text = assignment.partition("=")
    if not equals:
        raise SampleError(f"--set {assignment} has no =", "write --set PATH=VALUE")
    steps = steps_of(path)
    known = _resolved(document, steps)
    if known is not None:
        return _with(document, known, _value(text, _get(document, known)))
    created = _into_open_map(document, steps, open_maps)
    if created is not None:
        return _with(document, created, _value(text, None))
    found = nearest(path, paths_of(document))
    raise SampleError(
        f"there is no {path} in {name}",
        f"did you mean {found}?" if found else None,
        f"its keys are {', '.join(map(str, _keys(document)))}" if not found else None,
    )


def paths_of(document: Any, before: str = "") -> list[str]:
    """Every path there is, outer ones first."""
    found = []
    for step, value in _members(document):
        path = f"{before}[{step}]" if isinstance(step, int) else f"{before}.{step}".lstrip(".")
        found += [path, *paths_of(value, path)]
    return found


def _members(value: Any) -> Iterator[tuple[Step, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _keys(document: Any) -> list[Step]:
    return [step for step, _ in _members(document)]


def _value(text: str, present: Any) -> Any:
    """JSON; but where there is text now, what is written stays text, unless it is null or quoted itself."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(present, str) and value is not None and not isinstance(value, str):
        return text
    return value


def _resolved(document: Any, steps: Sequence[str]) -> list[Step] | None:
    """The keys and indexes that the steps mean. A key may contain dots: the longest one there is meant."""
    if not steps:
        return []
    if isinstance(document, list):
        if not steps[0].isdigit() or int(steps[0]) >= len(document):
            return None
        rest = _resolved(document[int(steps[0])], steps[1:])
        return None if rest is None else [int(steps[0]), *rest]
    if isinstance(document, dict):
        for length in range(len(steps), 0, -1):
            key = ".".join(steps[:length])
            if key in document:
                rest = _resolved(document[key], steps[length:])
                if rest is not None:
                    return [key, *rest]
    return None


def _into_open_map(document: Any, steps: Sequence[str], open_maps: Sequence[str]) -> list[Step] | None:
    """A new key below one of the maps that are open. What is missing between is made."""
    for length in range(len(steps) - 1, -1, -1):
        place = _resolved(document, steps[:length])
        if place is None:
            continue
        shape = ".".join("*" if isinstance(step, int) else step for step in place)
        is_open = any(shape == each or shape.startswith(f"{each}.") or each == "" for each in open_maps)
        # None stands for a map that is empty now.
        if is_open and isinstance(_get(document, place), dict | None):
            return [*place, *steps[length:]]
    return None


def _get(document: Any, steps: Sequence[Step]) -> Any:
    for step in steps:
        document = document[step]
    return document


def _with(document: Any, steps: Sequence[Step], value: Any) -> Any:
    if not steps:
        return value
    first, rest = steps[0], steps[1:]
    if isinstance(document, list) and isinstance(first, int):
        return [_with(each, rest, value) if index == first else each for index, each in enumerate(document)]
    present = document or {}
    return {**present, first: _with(present.get(first), rest, value)}
