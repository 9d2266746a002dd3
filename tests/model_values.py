"""Values for the shapes of the service model, as hypothesis draws them: such as the model allows, all set."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies

from lambdacli.api import validation
from lambdacli.api.shapes import Member, Shape
from lambdacli.model.runtime_names import RUNTIMES

Strategy = strategies.SearchStrategy[Any]
Leaf = Callable[[Shape], Strategy | None]

_BITS = {"integer": 32, "long": 64}
_LONGEST = 3
"""Elements of a list or a map, unless the model wants more."""

_PLAIN = strategies.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=20)


def fits(shape: Shape, value: Any) -> bool:
    return next(validation._broken(shape, value), None) is None


def full(shape: Shape) -> Strategy:
    """A structure with every member set, and so on downwards."""
    return strategies.fixed_dictionaries({name: _member(member) for name, member in shape.members.items()})


def _member(member: Member) -> Strategy:
    match member.location:
        case "statusCode":
            return strategies.sampled_from([200, 202])
        case "header" if member.shape.type == "string":
            return value_of(member.shape, text=_PLAIN)
        case "uri" if member.shape.type == "string":
            # Every client takes these out of a path before it is sent.
            return value_of(member.shape).filter(lambda text: text not in (".", ".."))
    return value_of(member.shape)


def value_of(shape: Shape, *, text: Strategy | None = None, leaf: Leaf = lambda shape: None) -> Strategy:
    """What the shape allows. `leaf` may give another strategy for a shape that holds no others."""
    if shape.type == "structure":
        return strategies.fixed_dictionaries(
            {name: value_of(member.shape, leaf=leaf) for name, member in shape.members.items()}
        )
    if shape.element is not None:
        element = (
            strategies.sampled_from(sorted(RUNTIMES))
            if shape.name in validation._RUNTIME_LISTS
            else value_of(shape.element, leaf=leaf)
        )
        least, most = _sizes(shape)
        return strategies.lists(element, min_size=least, max_size=most)
    if shape.key is not None and shape.value is not None:
        least, most = _sizes(shape)
        key, value = value_of(shape.key, leaf=leaf), value_of(shape.value, leaf=leaf)
        return strategies.dictionaries(key, value, min_size=least, max_size=most)
    given = leaf(shape)
    return _scalar(shape, text) if given is None else given


def _sizes(shape: Shape) -> tuple[int, int]:
    """An empty list in a query cannot be told from none, so there is one element at least."""
    least = max(1, int(shape.minimum or 0))
    return least, max(least, min(_LONGEST, int(shape.maximum or _LONGEST)))


def _scalar(shape: Shape, text: Strategy | None) -> Strategy:
    match shape.type:
        case "string":
            return _text(shape, text)
        case "integer" | "long":
            bound = 1 << (_BITS[shape.type] - 1)
            least = -bound if shape.minimum is None else int(shape.minimum)
            return strategies.integers(least, bound - 1 if shape.maximum is None else int(shape.maximum))
        case "double" | "float":
            return strategies.floats(
                shape.minimum, shape.maximum, allow_nan=False, allow_infinity=False, allow_subnormal=False
            )
        case "boolean":
            return strategies.booleans()
        case "timestamp":
            return strategies.integers(0, 4_000_000_000).map(lambda at: datetime.fromtimestamp(at, UTC))
        case "blob":
            return strategies.binary(min_size=1, max_size=64)
    raise AssertionError(f"the model has a type that this module does not know: {shape.type}")


def _text(shape: Shape, text: Strategy | None) -> Strategy:
    if shape.enum:
        return strategies.sampled_from(shape.enum)
    if shape.pattern not in (None, ".*"):
        pattern = validation._compiled(validation._pattern_of(shape))
        drawn = strategies.from_regex(pattern, fullmatch=True).filter(bool)
        return drawn.filter(lambda found: fits(shape, found))
    if text is not None:
        return text
    least = max(1, int(shape.minimum or 0))
    in_line = strategies.characters(codec="utf-8", exclude_characters="\n")
    return strategies.text(in_line, min_size=least, max_size=max(least, min(30, int(shape.maximum or 30))))
