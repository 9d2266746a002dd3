"""Filter patterns of event source mappings: read, refused, and held against a record. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, NoReturn

from lambdacli.model.record import record

_LEVELS = 100
"""How deep a pattern may be nested: reading and matching recurse."""


class InvalidPatternError(ValueError):
    """The text is no filter pattern; the message says which part is wrong."""


class JsonNumber(str):
    """A number as it was written: 300 and 300.0 are not the same to a filter."""

    __slots__ = ()


Leaf = str | bool | None
Condition = Callable[[Sequence[Leaf]], bool]
"""Is given what stands at a field: nothing, a value, or all values of an array."""


@record
class Pattern:
    """All fields must fit, and one of the patterns of each `$or`."""

    fields: Mapping[str, Pattern | tuple[Condition, ...]]
    alternatives: tuple[Pattern, ...] = field(default=())

    def matches(self, value: object) -> bool:
        if isinstance(value, list):
            return any(self.matches(element) for element in value)
        members = value if isinstance(value, Mapping) else {}
        if self.alternatives and not any(each.matches(members) for each in self.alternatives):
            return False
        return all(_fits(wanted, members.get(name, _ABSENT)) for name, wanted in self.fields.items())


_ABSENT: Any = object()


def parse_pattern(text: str) -> Pattern:
    """Raises InvalidPatternError. Of a key that stands there twice the last one counts."""
    value = read_json(text)
    if not isinstance(value, dict):
        raise InvalidPatternError("a pattern is a JSON object")
    return _pattern(value, _LEVELS)


def read_json(text: str) -> Any:
    """The value of a JSON text, its numbers as they were written; raises InvalidPatternError."""
    try:
        return json.loads(text, parse_int=JsonNumber, parse_float=JsonNumber, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidPatternError(f"no JSON: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidPatternError(f"{name} is no JSON")


# Matching


def _fits(wanted: Pattern | tuple[Condition, ...], value: object) -> bool:
    if isinstance(wanted, Pattern):
        return wanted.matches(value)
    leaves = tuple(_leaves(value))
    return any(condition(leaves) for condition in wanted)


def _leaves(value: object) -> Iterator[Leaf]:
    """An object is no leaf, and neither is an empty array."""
    # No recursion: arrays of a message may be nested as deep as its reader allows.
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if value is _ABSENT or isinstance(value, Mapping):
            continue
        if isinstance(value, (list, tuple)):
            waiting += reversed(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield JsonNumber(json.dumps(value))
        else:
            assert value is None or isinstance(value, (str, bool)), value
            yield value


def _is_same(one: Leaf, other: Leaf) -> bool:
    """A text is never a number, true is never 1."""
    return type(one) is type(other) and one == other


# Reading


def _pattern(members: Mapping[str, Any], levels: int) -> Pattern:
    if not members:
        raise InvalidPatternError("an object of a pattern names at least one field")
    if levels == 0:
        raise InvalidPatternError(f"a pattern is nested at most {_LEVELS} deep")
    fields = {name: _wanted(name, value, levels - 1) for name, value in members.items() if name != "$or"}
    return Pattern(fields, _alternatives(members["$or"], levels - 1) if "$or" in members else ())


def _alternatives(value: Any, levels: int) -> tuple[Pattern, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
        raise InvalidPatternError("$or takes an array of objects")
    return tuple(_pattern(each, levels) for each in value)


def _wanted(name: str, value: Any, levels: int) -> Pattern | tuple[Condition, ...]:
    if isinstance(value, dict):
        return _pattern(value, levels)
    if not isinstance(value, list) or not value:
        raise InvalidPatternError(f"{name} must be an object or an array with at least one value")
    return tuple(_condition(each) for each in value)


def _condition(value: Any) -> Condition:
    if not isinstance(value, dict):
        return _equals(_leaf(value))
    if len(value) != 1:
        raise InvalidPatternError("a rule has one operator")
    [(operator, operand)] = value.items()
    if operator not in _OPERATORS:
        raise InvalidPatternError(f"there is no operator {operator}")
    return _OPERATORS[operator](operand)


def _leaf(value: Any) -> Leaf:
    if isinstance(value, (dict, list)):
        raise InvalidPatternError("a value of a pattern is a text, a number, true, false or null")
    leaf: Leaf = value
    return leaf


def _text(value: Any) -> str:
    if not isinstance(value, str) or isinstance(value, JsonNumber):
        raise InvalidPatternError("this operator takes a text")
    return value


def _any_leaf(test: Callable[[Leaf], bool]) -> Condition:
    return lambda leaves: any(map(test, leaves))


def _is_text(leaf: Leaf) -> bool:
    return isinstance(leaf, str) and not isinstance(leaf, JsonNumber)


# Operators


def _equals(wanted: Leaf) -> Condition:
    return _any_leaf(lambda leaf: _is_same(leaf, wanted))


def _equals_ignore_case(operand: Any) -> Condition:
    wanted = _text(operand).casefold()
    return _any_leaf(lambda leaf: _is_text(leaf) and str(leaf).casefold() == wanted)


def _prefix(operand: Any) -> Condition:
    wanted = _text(operand)
    return _any_leaf(lambda leaf: _is_text(leaf) and str(leaf).startswith(wanted))


def _suffix(operand: Any) -> Condition:
    wanted = _text(operand)
    return _any_leaf(lambda leaf: _is_text(leaf) and str(leaf).endswith(wanted))


def _anything_but(operand: Any) -> Condition:
    unwanted = [_leaf(each) for each in (operand if isinstance(operand, list) else [operand])]
    if not unwanted:
        raise InvalidPatternError("anything-but takes at least one value")
    return _any_leaf(lambda leaf: not any(_is_same(leaf, each) for each in unwanted))


def _exists(operand: Any) -> Condition:
    if not isinstance(operand, bool):
        raise InvalidPatternError("exists takes true or false")
    return lambda leaves: bool(leaves) is operand


def _numeric(operand: Any) -> Condition:
    """`["=", 100]`, or a lower and an upper bound."""
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        raise InvalidPatternError("numeric takes an operator and a number, or two of each")
    bounds = [_bound(*operand[start : start + 2]) for start in range(0, len(operand), 2)]
    if len(operand) == 4 and (operand[0] not in (">", ">=") or operand[2] not in ("<", "<=")):
        raise InvalidPatternError("numeric takes a lower bound and then an upper one")
    return _any_leaf(
        lambda leaf: isinstance(leaf, JsonNumber) and all(holds(float(leaf)) for holds in bounds)
    )


def _bound(operator: Any, number: Any) -> Callable[[float], bool]:
    if not isinstance(operator, str) or operator not in _COMPARISONS or not isinstance(number, JsonNumber):
        raise InvalidPatternError("numeric takes one of =, <, <=, >, >= before each number")
    compare, wanted = _COMPARISONS[operator], float(number)
    return lambda value: compare(value, wanted)


_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda value, wanted: value == wanted,
    "<": lambda value, wanted: value < wanted,
    "<=": lambda value, wanted: value <= wanted,
    ">": lambda value, wanted: value > wanted,
    ">=": lambda value, wanted: value >= wanted,
}

_OPERATORS: Mapping[str, Callable[[Any], Condition]] = {
    "equals-ignore-case": _equals_ignore_case,
    "anything-but": _anything_but,
    "prefix": _prefix,
    "suffix": _suffix,
    "exists": _exists,
    "numeric": _numeric,
}
