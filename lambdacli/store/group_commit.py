"""Writes that come in the same turn of the event loop, or during the last commit, share one transaction."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from lambdacli.model.later import Later

logger = logging.getLogger("lam.store")

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

_Waiting = tuple[Work[Any], Later[Any]]


class CommitError(Exception):
    """The database took nothing of a transaction: a full disk, say."""


class GroupCommit:
    """What a Later brings is in the file when it brings it.

    By default the event loop itself commits: that survives any death of the process. A durable commit
    survives a power cut; it waits for the disk, in a thread with a connection of its own."""

    def __init__(
        self, connection: sqlite3.Connection, connect_durably: Callable[[], sqlite3.Connection]
    ) -> None:
        self._connection = connection
        self._connect_durably = connect_durably
        self._durable_connection: sqlite3.Connection | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._waiting: list[_Waiting] = []
        self._is_asked = False
        """A commit will begin by itself."""
        self.is_durable = False

    def submit(self, work: Work[T]) -> Later[T]:
        """`work` runs its statements inside a transaction with others; it must not fail halfway by itself."""
        later: Later[T] = Later()
        self._waiting.append((work, later))
        if not self._is_asked:
            self._is_asked = True
            asyncio.get_running_loop().call_soon(self._commit)
        return later

    async def flush(self) -> None:
        """Returns when everything submitted so far is written, or has failed."""
        with contextlib.suppress(CommitError):
            await self.submit(lambda connection: None)

    async def close(self) -> None:
        await self.flush()
        if self._thread is not None:
            self._thread.shutdown()
        if self._durable_connection is not None:
            self._durable_connection.close()

    def _commit(self) -> None:
        batch, self._waiting = self._waiting, []
        if self.is_durable:
            self._commit_in_thread(batch)
            return
        self._is_asked = False
        _tell(batch, _written(self._connection, batch))

    def _commit_in_thread(self, batch: list[_Waiting]) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "lam-durable-commit")
        loop = asyncio.get_running_loop()

        def write() -> None:
            results = self._written_durably(batch)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(done, results)

        def done(results: Sequence[Any] | CommitError) -> None:
            if self._waiting:
                self._commit()
            else:
                self._is_asked = False
            _tell(batch, results)

        self._thread.submit(write)

    def _written_durably(self, batch: list[_Waiting]) -> Sequence[Any] | CommitError:
        try:
            if self._durable_connection is None:
                self._durable_connection = self._connect_durably()
        except sqlite3.Error as error:
            return CommitError(str(error))
        return _written(self._durable_connection, batch)


def refused(error: sqlite3.Error) -> Later[Any]:
    """As a commit would have been."""
    later: Later[Any] = Later()
    later.set_exception(CommitError(str(error)))
    return later


def _written(connection: sqlite3.Connection, batch: list[_Waiting]) -> Sequence[Any] | CommitError:
    try:
        connection.execute("BEGIN IMMEDIATE")
        results = [work(connection) for work, _ in batch]
        connection.execute("COMMIT")
    except Exception as error:
        # A full disk may have ended the transaction by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if not isinstance(error, sqlite3.Error):
            logger.exception("a write of events failed inside lam")
        failure = CommitError(str(error))
        failure.__cause__ = error
        return failure
    return results


def _tell(batch: list[_Waiting], results: Sequence[Any] | CommitError) -> None:
    if isinstance(results, CommitError):
        for _, later in batch:
            later.set_exception(results)
        return
    for (_, later), result in zip(batch, results, strict=True):
        later.set_result(result)
