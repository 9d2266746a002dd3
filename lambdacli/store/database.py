"""Opens the one SQLite file, brings it to this version's schema, and gives transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import quote

MIGRATIONS = (
    "schema.sql",
    "schema_2.sql",
    "schema_3.sql",
    "schema_4.sql",
    "schema_5.sql",
    "schema_6.sql",
    "schema_7.sql",
    "schema_8.sql",
    "schema_9.sql",
    "schema_10.sql",
)
"""The scripts in order: a database at version N has seen the first N. A released one is never edited."""

_NAME_MARK = "-- name:"


class DatabaseTooNewError(Exception):
    """The database was written by a newer lam."""

    def __init__(self, path: Path, found: int) -> None:
        super().__init__(
            f"{path} was written by a newer version of lam (schema {found}, this one knows "
            f"{len(MIGRATIONS)}). Upgrade lam, or move the file away to start afresh."
        )


def open_database(path: Path) -> sqlite3.Connection:
    """The caller closes it. Made for one thread: the service's event loop."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sqlite3.connect(path, isolation_level=None, timeout=5)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        # An accepted change survives any death of the process; a power cut may take the last ones.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_durably(path: Path) -> sqlite3.Connection:
    """One more connection, for one thread of its own: what it commits survives a power cut too."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=5)
    connection.row_factory = sqlite3.Row
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@cache
def queries() -> Mapping[str, str]:
    """The statements of queries.sql by their names."""
    found: dict[str, str] = {}
    for block in _read("queries.sql").split(_NAME_MARK)[1:]:
        name, _, statement = block.partition("\n")
        assert name.strip() not in found, f"two queries are called {name.strip()}"
        found[name.strip()] = statement.strip()
    return found


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    with transaction(connection):
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise DatabaseTooNewError(path, version)
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            for statement in _statements(_read(script)):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def _statements(script: str) -> Iterator[str]:
    """One by one: `executescript` would commit the transaction that makes a migration whole."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    assert not pending.strip(), f"unfinished statement: {pending}"


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
