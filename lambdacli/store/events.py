"""The queue of events as rows, from accepted to finished: the only module that knows its tables."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdacli.model.arn import FunctionKey
from lambdacli.model.event import (
    Attempt,
    Condition,
    Ending,
    Event,
    EventState,
    EventStep,
    Refusal,
    state_after,
)
from lambdacli.model.later import Later
from lambdacli.model.outcome import Outcome
from lambdacli.store.database import queries
from lambdacli.store.documents import from_text, to_text
from lambdacli.store.group_commit import GroupCommit
from lambdacli.store.rows import key_of, key_row

HISTORY_DAYS = 7
HISTORY_EVENTS = 100_000
HISTORY_BYTES = 256 * 1024 * 1024
"""Of payloads and answers."""
_TRIM_EVERY = 64
_TRIM_AT_ONCE = 4 * _TRIM_EVERY


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


@dataclass(frozen=True, slots=True)
class Claimed:
    events: Sequence[Event]
    next_due_at: datetime | None
    """Of what still waits."""


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """One event as `lam queue show` tells it."""

    event: Event
    state: EventState
    due_at: datetime | None
    ending: Ending | None
    finished_at: datetime | None
    delivery_error: str | None
    attempts: Sequence[Attempt]


@dataclass(frozen=True, slots=True)
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


class EventStore:
    """Every write is a Later: it is on disk when that is there."""

    def __init__(self, connection: sqlite3.Connection, commits: GroupCommit) -> None:
        self._connection = connection
        self._commits = commits
        self.lanes: dict[tuple[FunctionKey, str | None], Lane] = {}
        self._by_number: dict[int, Lane] = {}
        for row in connection.execute(queries()["event_lanes"]):
            self._keep_lane(Lane(row["lane"], key_of(row), row["qualifier"] or None))
        last = connection.execute(queries()["last_event_numbers"]).fetchone()
        self._numbers = itertools.count(max(last["waiting"], last["finished"]) + 1)
        self._place: int = last["place"]
        self._bytes_so_far: int = last["bytes_so_far"]
        self._finished_since_trim = _TRIM_EVERY
        """So that the first end after a start looks for what became too old."""

    def __repr__(self) -> str:
        return f"<EventStore {self.depth()} in {len(self.lanes)} lanes>"

    def depth(self) -> int:
        return sum(lane.depth for lane in self.lanes.values())

    # At start

    def reclaim(self, now: datetime) -> int:
        """Takes back what a service that is gone was running or telling; how many it was running. Counts
        everything once."""
        running = 0
        for lane in self.lanes.values():
            values = {"lane": lane.number, "now": now.timestamp()}
            taken_back = self._connection.execute(
                queries()["reclaim_events"],
                {
                    **values,
                    "state": EventState.RUNNING,
                    "after": state_after(EventState.RUNNING, EventStep.RECLAIM),
                },
            )
            running += taken_back.rowcount
            lane.queued = self._count(lane, EventState.QUEUED)
            lane.delivering = self._count(lane, EventState.DELIVERING)
        return running

    def _count(self, lane: Lane, state: EventState) -> int:
        values = {"lane": lane.number, "state": state}
        found: int = self._connection.execute(queries()["count_events"], values).fetchone()[0]
        return found

    # Writing

    def accept(self, event: Event) -> Later[Lane]:
        lane = self._lane_of(event.function, event.qualifier)
        values = {
            "number": next(self._numbers),
            "lane": lane.number,
            "state": EventState.QUEUED,
            "due_at": event.accepted_at.timestamp(),
            "request_id": event.request_id,
            "trace_id": event.trace_id,
            "accepted_at": event.accepted_at.timestamp(),
            "attempts": event.attempts,
            "refusals": event.refusals,
            "payload": event.payload,
        }
        statement = queries()["accept_event"]

        def counted(_: object) -> Lane:
            lane.queued += 1
            return lane

        return self._commits.submit(lambda connection: connection.execute(statement, values)).then(counted)

    def claim(self, lane: Lane, now: datetime, count: int) -> Later[Claimed]:
        """The oldest that are due, for this caller alone."""
        values = {
            "lane": lane.number,
            "state": EventState.QUEUED,
            "after": state_after(EventState.QUEUED, EventStep.CLAIM),
            "now": now.timestamp(),
            "count": count,
        }

        def write(connection: sqlite3.Connection) -> tuple[list[sqlite3.Row], float | None]:
            rows = connection.execute(queries()["claim_events"], values).fetchall()
            due_at: float | None = connection.execute(queries()["next_due"], values).fetchone()[0]
            return rows, due_at

        def claimed(found: tuple[list[sqlite3.Row], float | None]) -> Claimed:
            rows, due_at = found
            lane.queued -= len(rows)
            lane.running += len(rows)
            rows.sort(key=lambda row: (row["due_at"], row["number"]))
            return Claimed([_event(row, lane) for row in rows], _moment(due_at))

        return self._commits.submit(write).then(claimed)

    def retry(
        self, event: Event, due_at: datetime, attempts: Sequence[Attempt], *, uses_attempt: bool
    ) -> Later[None]:
        """Back into the queue. Without attempts to tell of, nothing was tried."""
        lane = self._lane_of(event.function, event.qualifier)
        values = {
            "number": event.number,
            "state": EventState.RUNNING,
            "after": state_after(EventState.RUNNING, EventStep.RETRY),
            "due_at": due_at.timestamp(),
            "attempts": event.attempts + uses_attempt,
            # What ran is not refused any more: the next row of refusals begins with the shortest wait.
            "refusals": 0 if uses_attempt else event.refusals + bool(attempts),
        }

        def write(connection: sqlite3.Connection) -> None:
            _one(connection.execute(queries()["retry_event"], values))
            for attempt in attempts:
                _tell_attempt(connection, event.number, attempt)

        def counted(_: object) -> None:
            lane.running -= 1
            lane.queued += 1

        return self._commits.submit(write).then(counted)

    def finish(self, ending: Ending, attempts: Sequence[Attempt], *, has_to_be_told: bool) -> Later[None]:
        """The end of a running event: kept until it is told, or straight into the history."""
        lane = self._lane_of(ending.event.function, ending.event.qualifier)
        state_after(state_after(EventState.RUNNING, EventStep.FINISH), EventStep.SENT)
        values = self._ending_values(ending, EventState.RUNNING)

        def write(connection: sqlite3.Connection) -> None:
            for attempt in attempts:
                _tell_attempt(connection, ending.event.number, attempt)
            if has_to_be_told:
                _one(connection.execute(queries()["finish_event"], values))
                return
            self._into_history(connection, ending, None)
            _one(connection.execute(queries()["delete_event"], values))
            self._trim_now_and_then(connection, ending.ended_at)

        def counted(_: object) -> None:
            lane.running -= 1
            lane.delivering += has_to_be_told

        return self._commits.submit(write).then(counted)

    def told(self, ending: Ending, attempt: Attempt | None, now: datetime) -> Later[None]:
        """Everybody knows; or, with an attempt that failed, it is given up."""
        error = None if attempt is None else attempt.error_message
        return self._leave(ending, EventStep.SENT, error, attempt, now)

    def tell_later(self, ending: Ending, due_at: datetime, attempt: Attempt) -> Later[None]:
        state_after(EventState.DELIVERING, EventStep.RETRY)
        values = {**self._ending_values(ending, EventState.DELIVERING), "due_at": due_at.timestamp()}

        def write(connection: sqlite3.Connection) -> None:
            # A person may have dropped it meanwhile.
            if connection.execute(queries()["finish_event"], values).rowcount:
                _tell_attempt(connection, ending.event.number, attempt)

        return self._commits.submit(write)

    def _leave(
        self, ending: Ending, step: EventStep, error: str | None, attempt: Attempt | None, now: datetime
    ) -> Later[None]:
        assert state_after(EventState.DELIVERING, step) is EventState.FINISHED
        lane = self._lane_of(ending.event.function, ending.event.qualifier)
        values = self._ending_values(ending, EventState.DELIVERING)

        def write(connection: sqlite3.Connection) -> bool:
            if not connection.execute(queries()["delete_event"], values).rowcount:
                return False  # a person dropped it meanwhile
            _tell_attempt(connection, ending.event.number, attempt)
            self._into_history(connection, ending, error, now)
            self._trim_now_and_then(connection, now)
            return True

        def counted(was_there: bool) -> None:
            lane.delivering -= was_there

        return self._commits.submit(write).then(counted)

    # What a person asks for

    def due_now(self, number: int, now: datetime) -> Later[bool]:
        """Whether it waited."""
        values = {"number": number, "now": now.timestamp()}
        return self._commits.submit(
            lambda connection: connection.execute(queries()["due_now"], values).rowcount > 0
        )

    def drop(self, number: int, now: datetime) -> Later[bool]:
        """Into the history, told to nobody. Whether it waited: what runs is not taken away."""

        def write(connection: sqlite3.Connection) -> tuple[Lane, EventState] | None:
            row = connection.execute(queries()["get_event"], {"number": number}).fetchone()
            if row is None or row["state"] == EventState.RUNNING:
                return None
            lane, state = self._by_number[row["lane"]], EventState(row["state"])
            state_after(state, EventStep.DROP)
            event = _event(row, lane)
            ending = _ending(row, event) or Ending(event, Condition.DROPPED, now)
            _one(connection.execute(queries()["delete_event"], {"number": number, "state": state}))
            self._into_history(connection, ending, "dropped by hand", now)
            self._trim_now_and_then(connection, now)
            return lane, state

        def counted(dropped: tuple[Lane, EventState] | None) -> bool:
            if dropped is not None:
                _discount(*dropped)
            return dropped is not None

        return self._commits.submit(write).then(counted)

    def purge(self, lane: Lane, count: int) -> Later[int]:
        """At most so many of what waits in a lane, without a trace: how many those were."""

        def write(connection: sqlite3.Connection) -> list[sqlite3.Row]:
            rows = connection.execute(queries()["some_of_lane"], {"lane": lane.number, "count": count})
            purged = rows.fetchall()
            for row in purged:
                connection.execute(queries()["delete_attempts"], {"number": row["number"]})
                _one(connection.execute(queries()["delete_event"], dict(row)))
            return purged

        def counted(purged: list[sqlite3.Row]) -> int:
            for row in purged:
                _discount(lane, EventState(row["state"]))
            return len(purged)

        return self._commits.submit(write).then(counted)

    # Reading

    def due_endings(self, lane: Lane, now: datetime, count: int) -> Sequence[Ending]:
        """Those who are to be told now, the oldest first."""
        values = {
            "lane": lane.number,
            "state": EventState.DELIVERING,
            "now": now.timestamp(),
            "count": count,
        }
        return list(self._endings(self._connection.execute(queries()["due_events"], values), lane))

    def next_ending_due(self, lane: Lane) -> datetime | None:
        values = {"lane": lane.number, "state": EventState.DELIVERING}
        return _moment(self._connection.execute(queries()["next_due"], values).fetchone()[0])

    def _endings(self, rows: sqlite3.Cursor, lane: Lane) -> Iterator[Ending]:
        for row in rows:
            ending = _ending(row, _event(row, lane))
            assert ending is not None, f"event {row['number']} is to be told without an end"
            yield ending

    # Within a transaction

    def _into_history(
        self,
        connection: sqlite3.Connection,
        ending: Ending,
        delivery_error: str | None,
        now: datetime | None = None,
    ) -> None:
        event = ending.event
        answer = None if ending.outcome is None else ending.outcome.payload
        self._place += 1
        self._bytes_so_far += len(event.payload) + len(answer or b"")
        values = {
            **self._ending_values(ending, EventState.FINISHED),
            "place": self._place,
            "lane": self._lane_of(event.function, event.qualifier).number,
            "finished_at": (now or ending.ended_at).timestamp(),
            "bytes_so_far": self._bytes_so_far,
            "request_id": event.request_id,
            "trace_id": event.trace_id,
            "accepted_at": event.accepted_at.timestamp(),
            "delivery_error": delivery_error,
            "payload": event.payload,
        }
        connection.execute(queries()["put_history"], values)

    def _trim_now_and_then(self, connection: sqlite3.Connection, now: datetime) -> None:
        self._finished_since_trim += 1
        if self._finished_since_trim < _TRIM_EVERY:
            return
        self._finished_since_trim = 0
        values = {
            "at_once": _TRIM_AT_ONCE,
            "place": self._place - HISTORY_EVENTS,
            "finished_at": (now - timedelta(days=HISTORY_DAYS)).timestamp(),
            "bytes_so_far": self._bytes_so_far - HISTORY_BYTES,
        }
        for row in connection.execute(queries()["trim_history"], values).fetchall():
            connection.execute(queries()["delete_attempts"], {"number": row["number"]})

    def _ending_values(self, ending: Ending, state: EventState) -> dict[str, Any]:
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
                )
            ),
            "answer": None if outcome is None else outcome.payload,
        }

    # Lanes

    def _lane_of(self, function: FunctionKey, qualifier: str | None) -> Lane:
        lane = self.lanes.get((function, qualifier))
        if lane is not None:
            return lane
        row = self._connection.execute(
            queries()["make_event_lane"], {**key_row(function), "qualifier": qualifier or ""}
        ).fetchone()
        return self._keep_lane(Lane(row["lane"], function, qualifier))

    def _keep_lane(self, lane: Lane) -> Lane:
        self.lanes[lane.function, lane.qualifier] = lane
        self._by_number[lane.number] = lane
        return lane


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

    def oldest_accepted(self, lane: int) -> datetime | None:
        row = self._connection.execute(queries()["oldest_event"], {"lane": lane}).fetchone()
        return None if row is None else _moment(row["accepted_at"])

    def _found(self, row: sqlite3.Row, *, is_finished: bool) -> FoundEvent:
        lane = Lane(row["lane"], key_of(row), row["qualifier"] or None)
        event = _event(row, lane)
        attempts = self._connection.execute(queries()["attempts_of"], {"number": event.number})
        return FoundEvent(
            event=event,
            state=EventState.FINISHED if is_finished else EventState(row["state"]),
            due_at=None if is_finished else _moment(row["due_at"]),
            ending=_ending(row, event),
            finished_at=_moment(row["finished_at"]) if is_finished else None,
            delivery_error=row["delivery_error"] if is_finished else None,
            attempts=[from_text(Attempt, each["document"]) for each in attempts],
        )


def _discount(lane: Lane, state: EventState) -> None:
    if state is EventState.QUEUED:
        lane.queued -= 1
    else:
        lane.delivering -= 1


def _tell_attempt(connection: sqlite3.Connection, number: int, attempt: Attempt | None) -> None:
    if attempt is not None:
        connection.execute(queries()["put_attempt"], {"number": number, "document": to_text(attempt)})


def _one(written: sqlite3.Cursor) -> None:
    assert written.rowcount == 1, "an event was not in the state that its step begins with"


def _event(row: sqlite3.Row, lane: Lane) -> Event:
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


def _ending(row: sqlite3.Row, event: Event) -> Ending | None:
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
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
