"""What became of finished events: a bounded history, written within the transactions that finish them."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from lambdacli.model.event import Ending, EventState, HistoryBounds
from lambdacli.store.database import queries
from lambdacli.store.event_rows import ending_values

_TRIM_EVERY = 64
_TRIM_AT_ONCE = 4 * _TRIM_EVERY


class EventHistory:
    def __init__(self, bounds: HistoryBounds, last_place: int, bytes_so_far: int) -> None:
        self.bounds = bounds
        self.last_place = last_place
        """What comes to its end from now on has a higher one."""
        self._bytes_so_far = bytes_so_far
        self._put_since_trim = _TRIM_EVERY
        """So that the first end after a start looks for what became too old."""

    def put(
        self,
        connection: sqlite3.Connection,
        lane: int,
        ending: Ending,
        delivery_error: str | None,
        now: datetime,
    ) -> None:
        event = ending.event
        answer = None if ending.outcome is None else ending.outcome.payload
        self.last_place += 1
        self._bytes_so_far += len(event.payload) + len(answer or b"")
        values = {
            **ending_values(ending, EventState.FINISHED),
            "place": self.last_place,
            "lane": lane,
            "finished_at": now.timestamp(),
            "bytes_so_far": self._bytes_so_far,
            "request_id": event.request_id,
            "trace_id": event.trace_id,
            "accepted_at": event.accepted_at.timestamp(),
            "delivery_error": delivery_error,
            "payload": event.payload,
        }
        connection.execute(queries()["put_history"], values)
        self._trim_now_and_then(connection, now)

    def _trim_now_and_then(self, connection: sqlite3.Connection, now: datetime) -> None:
        self._put_since_trim += 1
        if self._put_since_trim < _TRIM_EVERY:
            return
        self._put_since_trim = 0
        self.trim(connection, now)

    def trim(self, connection: sqlite3.Connection, now: datetime) -> bool:
        """Some of what is beyond the bounds goes. Whether there may be more of it."""
        values = {
            "at_once": _TRIM_AT_ONCE,
            "place": self.last_place - self.bounds.events,
            "finished_at": (now - timedelta(days=self.bounds.days)).timestamp(),
            "bytes_so_far": self._bytes_so_far - self.bounds.payload_bytes,
        }
        gone = connection.execute(queries()["trim_history"], values).fetchall()
        for row in gone:
            connection.execute(queries()["delete_attempts"], {"number": row["number"]})
        return len(gone) == _TRIM_AT_ONCE
