"""SQLite by itself: how many events of the queue's table one connection commits in groups, and no more."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from lambdacli.store.database import open_database, open_durably, queries

GROUP = 32


def events_per_second(payload: bytes, seconds: float, *, is_durable: bool) -> float:
    """As many at once as there are senders: no one can accept more between two commits."""
    with tempfile.TemporaryDirectory(prefix="lam-bench-commits-") as folder:
        file = Path(folder) / "lam.db"
        with closing(open_database(file)) as connection:
            if not is_durable:
                return _measured(connection, payload, seconds)
            with closing(open_durably(file)) as durable:
                return _measured(durable, payload, seconds)


def fill(file: Path, count: int, payload: bytes, key: tuple[str, str, str]) -> None:
    """Events that wait in a stopped service's queue, due since long."""
    account, region, name = key
    with closing(open_database(file)) as connection:
        lane = _lane(connection, account, region, name)
        connection.execute("BEGIN")
        rows = (_row(number, lane, payload) for number in range(1, count + 1))
        connection.executemany(queries()["accept_event"], rows)
        connection.execute("COMMIT")


def _measured(connection: sqlite3.Connection, payload: bytes, seconds: float) -> float:
    lane = _lane(connection, "000000000000", "us-east-1", "f")
    statement = queries()["accept_event"]
    number = 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        connection.execute("BEGIN IMMEDIATE")
        for _ in range(GROUP):
            number += 1
            connection.execute(statement, _row(number, lane, payload))
        connection.execute("COMMIT")
    return number / (time.perf_counter() - began)


def _lane(connection: sqlite3.Connection, account: str, region: str, name: str) -> int:
    values = {"account": account, "region": region, "name": name, "qualifier": ""}
    found: int = connection.execute(queries()["make_event_lane"], values).fetchone()[0]
    return found


def _row(number: int, lane: int, payload: bytes) -> dict[str, object]:
    now = datetime.now(UTC).timestamp()
    return {
        "number": number,
        "lane": lane,
        "state": "queued",
        "due_at": now,
        "request_id": f"{number:08x}-0000-4000-8000-000000000000",
        "trace_id": "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0",
        "accepted_at": now,
        "attempts": 0,
        "refusals": 0,
        "payload": payload,
    }
