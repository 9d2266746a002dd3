"""Whether a record gets past a mapping's filters, by the form of its data and the one wanted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lambdacli.model.mapping import KAFKA, SourceKind
from lambdacli.model.patterns import InvalidPatternError, Pattern, read_json

_DATA: Mapping[SourceKind, tuple[str, ...]] = {
    SourceKind.SQS: ("body",),
    SourceKind.KINESIS: ("data",),
    # What a table's stream says of a change is part of the record itself.
    SourceKind.DYNAMODB: (),
    **dict.fromkeys(KAFKA, ("key", "value")),
    SourceKind.MQ: ("data",),
    SourceKind.DOCUMENT_DB: (),
}
"""The members of a record that hold data in the sender's own form."""

_LENIENT = KAFKA | {SourceKind.MQ}
"""Here a pattern for another form of data does not count, and only the rest of the record is looked at."""


def passes(kind: SourceKind, filters: Sequence[Pattern], record: Mapping[str, Any]) -> bool:
    """`record` is what a pattern speaks of: its data as a text or as bytes, Kinesis' without the `kinesis`
    around it."""
    return not filters or any(_fits(kind, pattern, record) for pattern in filters)


def _fits(kind: SourceKind, pattern: Pattern, record: Mapping[str, Any]) -> bool:
    if pattern.alternatives and not any(_fits(kind, each, record) for each in pattern.alternatives):
        return False
    wanted = dict(pattern.fields)
    seen = dict(record)
    for name in _DATA[kind]:
        if name not in wanted or record.get(name) is None:
            continue
        has_form, seen[name] = _in_form(record[name], wants_json=isinstance(wanted[name], Pattern))
        if has_form:
            continue
        if kind not in _LENIENT:
            return False
        del wanted[name]
    return Pattern(wanted).matches(seen)


def _in_form(data: str | bytes, *, wants_json: bool) -> tuple[bool, Any]:
    """Whether the data has the form that is wanted, and its value then."""
    try:
        text = data if isinstance(data, str) else data.decode()
    except UnicodeDecodeError:
        return False, None
    value = _json_of(text)
    if wants_json:
        return value is not None, value
    return value is None, text


def _json_of(text: str) -> Any:
    """None for what has no members that a pattern could name."""
    try:
        value = read_json(text)
    except InvalidPatternError:
        return None
    return value if isinstance(value, (dict, list)) else None
