"""How an event, its end and its attempts stand in the rows of queue and history."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from lambdacli.model.arn import FunctionKey
from lambdacli.model.event import Attempt, Condition, Ending, Event, EventState, Refusal
from lambdacli.model.outcome import Outcome
from lambdacli.model.record import record
from lambdacli.store.database import queries
from lambdacli.store.documents import from_text, to_text


@dataclass(slots=True)
class Lane:
    """What waits for one function under one qualifier. The counts are kept here: asking the table for them
    would take the longer the more there is."""

    number: int
    function: FunctionKey
    qualifier: str | None
    queued: int = 0
    running: int = 0
    delivering: int = 0

    @property
    def depth(self) -> int:
        return self.queued + self.running + self.delivering


@record
class _EndingNotes:
    """Of an ending what has no column of its own."""

    condition: Condition
    ended_at: datetime
    executed_version: str | None
    function_error: str | None
    error_type: str | None
    refusal: Refusal | None
    delivered: tuple[str, ...]
    tries: int
    failures: tuple[str, ...] = ()


def event_of(row: sqlite3.Row, lane: Lane) -> Event:
    return Event(
        request_id=row["request_id"],
        function=lane.function,
        qualifier=lane.qualifier,
        payload=row["payload"],
        accepted_at=datetime.fromtimestamp(row["accepted_at"], UTC),
        trace_id=row["trace_id"],
        attempts=row["attempts"],
        refusals=row["refusals"],
        number=row["number"],
    )


def condition_of(row: sqlite3.Row) -> Condition:
    """Of one that came to its end."""
    return from_text(_EndingNotes, row["ending"]).condition


def ending_of(row: sqlite3.Row, event: Event) -> Ending | None:
    if row["ending"] is None:
        return None
    notes = from_text(_EndingNotes, row["ending"])
    outcome = None
    if row["answer"] is not None:
        assert notes.executed_version is not None
        outcome = Outcome(row["answer"], notes.executed_version, notes.function_error, notes.error_type)
    return replace(
        Ending(event, notes.condition, notes.ended_at),
        outcome=outcome,
        refusal=notes.refusal,
        delivered=notes.delivered,
        tries=notes.tries,
        failures=notes.failures,
    )


def ending_values(ending: Ending, state: EventState) -> dict[str, Any]:
    """`state` is the one in which the row is found."""
    outcome = ending.outcome
    return {
        "number": ending.event.number,
        "state": state,
        "after": EventState.DELIVERING,
        "due_at": ending.ended_at.timestamp(),
        "attempts": ending.event.attempts,
        "refusals": ending.event.refusals,
        "ending": to_text(
            _EndingNotes(
                condition=ending.condition,
                ended_at=ending.ended_at,
                executed_version=None if outcome is None else outcome.executed_version,
                function_error=None if outcome is None else outcome.function_error,
                error_type=None if outcome is None else outcome.error_type,
                refusal=ending.refusal,
                delivered=ending.delivered,
                tries=ending.tries,
                failures=ending.failures,
            )
        ),
        "answer": None if outcome is None else outcome.payload,
    }


def tell_attempt(connection: sqlite3.Connection, number: int, attempt: Attempt | None) -> None:
    if attempt is not None:
        connection.execute(queries()["put_attempt"], {"number": number, "document": to_text(attempt)})


def moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
