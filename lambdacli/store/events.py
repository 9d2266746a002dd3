"""The queue of events as rows, from accepted to finished."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime

from lambdacli.model.arn import FunctionKey
from lambdacli.model.event import (
    Attempt,
    Condition,
    Ending,
    Event,
    EventState,
    EventStep,
    HistoryBounds,
    state_after,
)
from lambdacli.model.later import Later
from lambdacli.model.record import record
from lambdacli.store.database import queries
from lambdacli.store.event_history import EventHistory
from lambdacli.store.event_rows import Lane, ending_of, ending_values, event_of, moment, tell_attempt
from lambdacli.store.group_commit import GroupCommit, refused
from lambdacli.store.rows import key_of, key_row


@record
class Claimed:
    events: Sequence[Event]
    next_due_at: datetime | None
    """Of what still waits."""


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
        self._history = EventHistory(HistoryBounds(), last["place"], last["bytes_so_far"])

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
        try:
            lane = self._lane_of(event.function, event.qualifier)
        except sqlite3.Error as error:  # the first of its lane writes that, too
            return refused(error)
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
            return Claimed([event_of(row, lane) for row in rows], moment(due_at))

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
                tell_attempt(connection, event.number, attempt)

        def counted(_: object) -> None:
            lane.running -= 1
            lane.queued += 1

        return self._commits.submit(write).then(counted)

    def finish(self, ending: Ending, attempts: Sequence[Attempt], *, has_to_be_told: bool) -> Later[None]:
        """The end of a running event: kept until it is told, or straight into the history."""
        lane = self._lane_of(ending.event.function, ending.event.qualifier)
        state_after(state_after(EventState.RUNNING, EventStep.FINISH), EventStep.SENT)
        values = ending_values(ending, EventState.RUNNING)

        def write(connection: sqlite3.Connection) -> None:
            for attempt in attempts:
                tell_attempt(connection, ending.event.number, attempt)
            if has_to_be_told:
                _one(connection.execute(queries()["finish_event"], values))
                return
            _one(connection.execute(queries()["delete_event"], values))
            self._history.put(connection, lane.number, ending, None, ending.ended_at)

        def counted(_: object) -> None:
            lane.running -= 1
            lane.delivering += has_to_be_told

        return self._commits.submit(write).then(counted)

    def told(self, ending: Ending, attempt: Attempt | None, now: datetime) -> Later[None]:
        """Everybody knows, or never will, as `ending.failures` say; `attempt` is the last, if that failed."""
        error = "; ".join(ending.failures) or None
        return self._leave(ending, EventStep.SENT, error, attempt, now)

    def tell_later(self, ending: Ending, due_at: datetime, attempt: Attempt) -> Later[None]:
        state_after(EventState.DELIVERING, EventStep.RETRY)
        values = {**ending_values(ending, EventState.DELIVERING), "due_at": due_at.timestamp()}

        def write(connection: sqlite3.Connection) -> None:
            # A person may have dropped it meanwhile.
            if connection.execute(queries()["finish_event"], values).rowcount:
                tell_attempt(connection, ending.event.number, attempt)

        return self._commits.submit(write)

    def _leave(
        self, ending: Ending, step: EventStep, error: str | None, attempt: Attempt | None, now: datetime
    ) -> Later[None]:
        assert state_after(EventState.DELIVERING, step) is EventState.FINISHED
        lane = self._lane_of(ending.event.function, ending.event.qualifier)
        values = ending_values(ending, EventState.DELIVERING)

        def write(connection: sqlite3.Connection) -> bool:
            if not connection.execute(queries()["delete_event"], values).rowcount:
                return False  # a person dropped it meanwhile
            tell_attempt(connection, ending.event.number, attempt)
            self._history.put(connection, lane.number, ending, error, now)
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
            event = event_of(row, lane)
            ending = ending_of(row, event) or Ending(event, Condition.DROPPED, now)
            _one(connection.execute(queries()["delete_event"], {"number": number, "state": state}))
            self._history.put(connection, lane.number, ending, "dropped by hand", now)
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

    def bound_history(self, bounds: HistoryBounds, now: datetime) -> None:
        """What is beyond them goes at once, a piece per transaction."""
        if bounds != self._history.bounds:
            self._history.bounds = bounds
            self._trim_history(now)

    def _trim_history(self, now: datetime) -> None:
        def trimmed(done: Later[bool]) -> None:
            # What could not be written now goes after the next ends.
            if done.exception() is None and done.result():
                self._trim_history(now)

        self._commits.submit(lambda connection: self._history.trim(connection, now)).add_done_callback(
            trimmed
        )

    # Reading

    @property
    def last_place(self) -> int:
        """In the history."""
        return self._history.last_place

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
        return moment(self._connection.execute(queries()["next_due"], values).fetchone()[0])

    def _endings(self, rows: sqlite3.Cursor, lane: Lane) -> Iterator[Ending]:
        for row in rows:
            ending = ending_of(row, event_of(row, lane))
            assert ending is not None, f"event {row['number']} is to be told without an end"
            yield ending

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


def _discount(lane: Lane, state: EventState) -> None:
    if state is EventState.QUEUED:
        lane.queued -= 1
    else:
        lane.delivering -= 1


def _one(written: sqlite3.Cursor) -> None:
    assert written.rowcount == 1, "an event was not in the state that its step begins with"
