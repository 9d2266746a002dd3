"""Records as JSON texts and back, by their own annotations: what a row keeps in its `document` column.

A field that a stored text does not have yet takes the record's default: a new setting needs no migration."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")

_KIND = "is"
"""Names the record, where an annotation allows several."""

Decoder = Callable[[Any], Any]


def to_text(record: object, leave_out: frozenset[str] = frozenset()) -> str:
    """`leave_out` are fields of the record itself that are kept elsewhere."""
    return json.dumps(_encoded_record(record, leave_out), ensure_ascii=False, separators=(",", ":"))


def from_text(kind: type[T], text: str, **elsewhere: object) -> T:
    """`elsewhere` are fields that are not kept in the text."""
    stored = json.loads(text)
    stored.pop(_KIND, None)
    decoders = _field_decoders(cast(Any, kind))
    members = {name: decoders[name](value) for name, value in stored.items() if name in decoders}
    return kind(**members, **elsewhere)


def _encoded(value: object) -> Any:
    if is_dataclass(value):
        return _encoded_record(value)
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case Path():
            return str(value)
        case Mapping():
            return {name: _encoded(member) for name, member in value.items()}
        case list() | tuple() | frozenset():
            return [_encoded(member) for member in value]
    return value


def _encoded_record(record: Any, leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    members = {
        each.name: _encoded(getattr(record, each.name))
        for each in fields(record)
        if each.name not in leave_out
    }
    return {_KIND: type(record).__name__, **members}


@cache
def _field_decoders(kind: Any) -> Mapping[str, Decoder]:
    hints = get_type_hints(kind)
    return {each.name: _decoder(hints[each.name]) for each in fields(kind)}


@cache
def _decoder(hint: Any) -> Decoder:
    """What turns a value of the text into one of the annotated type."""
    if is_dataclass(hint):
        return _record_decoder(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _union_decoder(arguments)
    if origin is tuple:
        member = _decoder(arguments[0])
        return lambda values: tuple(map(member, values))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        member = _decoder(arguments[1])
        return lambda values: {name: member(value) for name, value in values.items()}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        member = _decoder(arguments[0])
        return lambda values: list(map(member, values))
    if hint is datetime:
        return datetime.fromisoformat
    if isinstance(hint, type) and issubclass(hint, (Enum, Path)):
        return hint
    assert hint in (str, int, float, bool, NoneType, Any), f"{hint} cannot be kept as a document"
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _record_decoder(kind: Any) -> Decoder:
    def decode(stored: dict[str, Any]) -> Any:
        decoders = _field_decoders(kind)
        return kind(**{name: decoders[name](value) for name, value in stored.items() if name in decoders})

    return decode


def _union_decoder(kinds: tuple[Any, ...]) -> Decoder:
    records = {
        kind.__name__: _decoder(kind) for kind in kinds if isinstance(kind, type) and is_dataclass(kind)
    }
    others = [kind for kind in kinds if not is_dataclass(kind) and kind is not NoneType]
    assert len(others) <= 1, f"{kinds}: only records can be told apart"
    other = _decoder(others[0]) if others else _as_it_is

    def decode(value: Any) -> Any:
        if value is None:
            return None
        if records and isinstance(value, dict) and _KIND in value:
            return records[value[_KIND]](value)
        return other(value)

    return decode
