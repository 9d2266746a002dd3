"""One event as a person asks for it, waiting or finished."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from lambdacli.model.event import Attempt, Condition, Ending, Event, EventState
from lambdacli.model.record import record
from lambdacli.store.database import queries
from lambdacli.store.documents import from_text
from lambdacli.store.event_rows import Lane, condition_of, ending_of, event_of, moment
from lambdacli.store.rows import key_of


@record
class FoundEvent:
    """One event as `lam queue show` tells it."""

    event: Event
    state: EventState
    due_at: datetime | None
    ending: Ending | None
    finished_at: datetime | None
    delivery_error: str | None
    attempts: Sequence[Attempt]


@record
class FinishedEvent:
    """One of the history, as who follows many of them is told."""

    place: int
    request_id: str
    condition: Condition


class EventReader:
    """Reads with a connection of its own, in any thread: what looks through a long queue takes its time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, request_id: str) -> FoundEvent | None:
        """In the queue, or else the last of that id in the history."""
        for name in ("find_event", "find_finished"):
            row = self._connection.execute(queries()[name], {"request_id": request_id}).fetchone()
            if row is not None:
                return self._found(row, is_finished=name == "find_finished")
        return None

    def ids_beginning(self, beginning: str, count: int) -> Sequence[str]:
        rows = self._connection.execute(queries()["ids_beginning"], {"beginning": beginning, "count": count})
        return [row["request_id"] for row in rows]

    def finished_after(self, place: int, count: int) -> Sequence[FinishedEvent]:
        """In the order of their ends."""
        rows = self._connection.execute(queries()["finished_after"], {"place": place, "count": count})
        return [FinishedEvent(row["place"], row["request_id"], condition_of(row)) for row in rows]

    def oldest_accepted(self, lane: int) -> datetime | None:
        row = self._connection.execute(queries()["oldest_event"], {"lane": lane}).fetchone()
        return None if row is None else moment(row["accepted_at"])

    def _found(self, row: sqlite3.Row, *, is_finished: bool) -> FoundEvent:
        lane = Lane(row["lane"], key_of(row), row["qualifier"] or None)
        event = event_of(row, lane)
        attempts = self._connection.execute(queries()["attempts_of"], {"number": event.number})
        return FoundEvent(
            event=event,
            state=EventState.FINISHED if is_finished else EventState(row["state"]),
            due_at=None if is_finished else moment(row["due_at"]),
            ending=ending_of(row, event),
            finished_at=moment(row["finished_at"]) if is_finished else None,
            delivery_error=row["delivery_error"] if is_finished else None,
            attempts=[from_text(Attempt, each["document"]) for each in attempts],
        )
