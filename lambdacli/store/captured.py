"""Captured events as rows: the only module that knows their table."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from lambdacli.model.arn import FunctionKey
from lambdacli.model.captured import CapturedEvent
from lambdacli.model.record import record
from lambdacli.store.database import queries, transaction
from lambdacli.store.documents import from_text, to_text
from lambdacli.store.rows import key_of, key_row


@record
class _Notes:
    """Of an event what has no column of its own."""

    at: datetime
    version: str
    invoked_arn: str
    error_type: str | None
    is_redacted: bool


class CapturedEvents:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, events: Sequence[CapturedEvent], kept: int) -> None:
        """Each in the place of a former attempt; of each function the last so many stay."""
        with transaction(self._connection):
            for event in events:
                named = {**key_row(event.function), "request_id": event.request_id}
                self._query("delete_captured", **named)
                notes = _Notes(
                    event.at, event.version, event.invoked_arn, event.error_type, event.is_redacted
                )
                self._query("put_captured", **named, document=to_text(notes), payload=event.payload)
            for function in {event.function for event in events}:
                self._query("trim_captured", **key_row(function), kept=kept)

    def of_function(self, function: FunctionKey) -> list[CapturedEvent]:
        """The newest first."""
        return [_from_row(row) for row in self._query("captured_of_function", **key_row(function))]

    def newest(self, count: int) -> list[CapturedEvent]:
        """Of all functions, the newest first."""
        return [_from_row(row) for row in self._query("captured_of_all", count=count)]

    def by_id(self, beginning: str) -> list[CapturedEvent]:
        """Whose request id begins so."""
        # The sign after all that ids are made of.
        found = self._query("captured_by_id", first=beginning, after=f"{beginning}~")
        return [_from_row(row) for row in found]

    def _query(self, name: str, /, **values: Any) -> sqlite3.Cursor:
        return self._connection.execute(queries()[name], values)


def _from_row(row: sqlite3.Row) -> CapturedEvent:
    notes = from_text(_Notes, row["document"])
    return CapturedEvent(
        function=key_of(row),
        request_id=row["request_id"],
        at=notes.at,
        payload=row["payload"],
        version=notes.version,
        invoked_arn=notes.invoked_arn,
        error_type=notes.error_type,
        is_redacted=notes.is_redacted,
    )
