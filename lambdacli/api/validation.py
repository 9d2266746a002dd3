"""The framework's check of a request against its shape: every violation, in AWS's own words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from lambdacli.api.shapes import Shape
from lambdacli.model.errors import ValidationException
from lambdacli.model.runtime_names import LISTED_IN_ERRORS, RUNTIMES

_NOT_NULL = "Member must not be null"

# Where the service differs from its public model. -------------------------------------------------

# Members that the operation itself checks, which answers another error.
_CHECKED_BY_THE_OPERATION = frozenset({"Runtime"})

# The order in which AWS prints these; the model's is another.
_ENUM_ORDER = {
    "EventSourcePosition": ("LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"),
    "InvokeMode": ("RESPONSE_STREAM", "BUFFERED"),
    "RecursiveLoop": ("Terminate", "Allow"),
}

_NULLABLE_ELEMENTS = frozenset({"SubnetId", "SecurityGroupId"})

# A list of runtimes is checked as a whole, against what can be created today.
_RUNTIME_LISTS = frozenset({"CompatibleRuntimes"})

# Java's classes that Python's `re` lacks. The model only uses the three together and beside `_`, so that
# `\w` (letters, digits and `_`) says the same.
_UNICODE_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\w",
    r"\p{Z}": " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}


def _pattern_of(shape: Shape) -> str:
    assert shape.pattern is not None
    if shape.name == "TaggableResource":
        return shape.pattern.replace(
            "|code-signing-config:", "|layer:([a-zA-Z0-9-_]+)|code-signing-config:", 1
        )
    if shape.name == "LayerVersionArn" and shape.pattern.startswith("(("):
        return shape.pattern[1:-1]
    return shape.pattern


# The walk. ----------------------------------------------------------------------------------------


def validate(shape: Shape, value: Mapping[str, Any]) -> None:
    """Raises one ValidationException that names every violation, or returns."""
    violations = list(_structure(shape, value, ""))
    if violations:
        noun = "error" if len(violations) == 1 else "errors"
        raise ValidationException(f"{len(violations)} validation {noun} detected: {'; '.join(violations)}")


def _structure(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for member in shape.members.values():
        place = f"{path}{member.name[0].lower()}{member.name[1:]}"
        given = value.get(member.name)
        if given is not None:
            if member.name not in _CHECKED_BY_THE_OPERATION:
                yield from _member(member.shape, given, place)
        elif member.name in shape.required:
            yield f"Value null at '{place}' failed to satisfy constraint: {_NOT_NULL}"


def _member(shape: Shape, value: Any, place: str) -> Iterator[str]:
    for constraint in _broken(shape, value):
        yield _violation(shape, value, place, constraint)
    if shape.type == "structure":
        yield from _structure(shape, value, f"{place}.")
    elif shape.element is not None:
        yield from _elements(shape, shape.element, value, place)
    elif shape.key is not None and shape.value is not None:
        yield from _entries(shape, shape.key, shape.value, value, place)


def _elements(shape: Shape, element: Shape, values: list[Any], place: str) -> Iterator[str]:
    if shape.name in _RUNTIME_LISTS:
        if any(value not in RUNTIMES for value in values):
            constraint = f"Member must satisfy enum value set: [{LISTED_IN_ERRORS}]"
            yield _violation(shape, values, place, constraint)
        return
    if any(value is None or _is_broken(element, value) for value in values):
        constraints = [*_constraints(element)]
        if element.name not in _NULLABLE_ELEMENTS:
            constraints.append(_NOT_NULL)
        joined = ", ".join(constraints)
        yield _violation(shape, values, place, f"Member must satisfy constraint: [{joined}]")
    for index, value in enumerate(values, start=1):
        if value is not None and element.type in ("structure", "list", "map"):
            yield from _inner(element, value, f"{place}.{index}.member")


def _entries(shape: Shape, key: Shape, value: Shape, entries: Mapping[str, Any], place: str) -> Iterator[str]:
    if any(_is_broken(key, name) for name in entries):
        joined = ", ".join(_constraints(key))
        yield _violation(shape, entries, place, f"Map keys must satisfy constraint: [{joined}]")
    if any(entry is None or _is_broken(value, entry) for entry in entries.values()):
        joined = ", ".join([*_constraints(value), _NOT_NULL])
        yield _violation(shape, entries, place, f"Map value must satisfy constraint: [{joined}]")
    for name, entry in entries.items():
        if entry is not None and value.type in ("structure", "list", "map"):
            yield from _inner(value, entry, f"{place}.{name}.member")


def _inner(shape: Shape, value: Any, place: str) -> Iterator[str]:
    """What lies below an element; its own bounds were told with the container."""
    if shape.type == "structure":
        yield from _structure(shape, value, f"{place}.")
    elif shape.element is not None:
        yield from _elements(shape, shape.element, value, place)
    elif shape.key is not None and shape.value is not None:
        yield from _entries(shape, shape.key, shape.value, value, place)


# One value against its own constraints. -----------------------------------------------------------


def _broken(shape: Shape, value: Any) -> Iterator[str]:
    """The constraints of this shape that this value does not hold."""
    if shape.type in ("integer", "long", "double", "float"):
        measure, noun = value, "value"
    elif shape.type in ("string", "list", "map", "blob"):
        measure, noun = len(value), "length"
    else:
        return
    if shape.maximum is not None and measure > shape.maximum:
        yield f"Member must have {noun} less than or equal to {shape.maximum}"
    if shape.minimum is not None and measure < shape.minimum:
        yield f"Member must have {noun} greater than or equal to {shape.minimum}"
    if shape.pattern is not None and _compiled(_pattern_of(shape)).fullmatch(value) is None:
        yield f"Member must satisfy regular expression pattern: {_pattern_of(shape)}"
    if shape.enum and value not in shape.enum:
        yield _enum_constraint(shape)


def _is_broken(shape: Shape, value: Any) -> bool:
    return next(_broken(shape, value), None) is not None


def _constraints(shape: Shape) -> Iterator[str]:
    """All constraints of an element, broken or not, as AWS lists them for containers."""
    noun = "length" if shape.type in ("string", "list", "map", "blob") else "value"
    if shape.maximum is not None:
        yield f"Member must have {noun} less than or equal to {shape.maximum}"
    if shape.minimum is not None:
        yield f"Member must have {noun} greater than or equal to {shape.minimum}"
    if shape.pattern is not None:
        yield f"Member must satisfy regular expression pattern: {_pattern_of(shape)}"
    if shape.enum:
        yield _enum_constraint(shape)


def _enum_constraint(shape: Shape) -> str:
    values = _ENUM_ORDER.get(shape.name, shape.enum)
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def _violation(shape: Shape, value: Any, place: str, constraint: str) -> str:
    """Secrets (environment variables, say) are never repeated."""
    shown = "" if _holds_secrets(shape) else f" '{_shown(value)}'"
    return f"Value{shown} at '{place}' failed to satisfy constraint: {constraint}"


def _holds_secrets(shape: Shape) -> bool:
    inner = [member.shape for member in shape.members.values()]
    parts = filter(None, [*inner, shape.element, shape.key, shape.value])
    return shape.is_sensitive or any(_holds_secrets(part) for part in parts)


def _shown(value: Any) -> str:
    """A value as Java prints it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _shown_double(value)
    if isinstance(value, list):
        return f"[{', '.join(_shown(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}={_shown(item)}' for name, item in value.items())}}}"
    return str(value)


def _shown_double(value: float) -> str:
    """`1.0E10`, where Python writes `10000000000.0`."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int), "JSON has no other numbers than finite ones"
    first, *rest = map(str, digits)
    fraction = "".join(rest) or "0"
    return f"{'-' * sign}{first}.{fraction}E{exponent + len(rest)}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Java's `\\d` and `\\s` know ASCII only; a pattern with Unicode classes uses neither."""
    if r"\p{" not in pattern:
        return re.compile(pattern, re.ASCII)
    for java, python in _UNICODE_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)
