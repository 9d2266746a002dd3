"""The service's own log: a file, and whoever watches live. Function output has its streams, not this."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

BACKLOG = 1000


class Journal(logging.Handler):
    """Gives every record to the followers as a small dict."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._followers: dict[asyncio.Queue[dict[str, str]], asyncio.AbstractEventLoop] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if not self._followers:
            return
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "text": record.getMessage(),
        }
        # Records come from threads too, and a queue belongs to its loop.
        for queue, loop in list(self._followers.items()):
            loop.call_soon_threadsafe(_offer, queue, entry)

    async def follow(self) -> AsyncIterator[dict[str, str]]:
        queue: asyncio.Queue[dict[str, str]] = asyncio.Queue(BACKLOG)
        self._followers[queue] = asyncio.get_running_loop()
        try:
            while True:
                yield await queue.get()
        finally:
            del self._followers[queue]


def _offer(queue: asyncio.Queue[dict[str, str]], entry: dict[str, str]) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(entry)


class LineFormatter(logging.Formatter):
    """The moment as `logging` writes it; made once a second, for every HTTP request has a line."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._second = (-1, "")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        second = int(record.created)
        if self._second[0] != second:
            self._second = (second, time.strftime(self.default_time_format, time.localtime(second)))
        return f"{self._second[1]},{int(record.msecs):03d}"


def configure(journal: Journal) -> None:
    """Everything of lam's goes to stderr, which the starter has put into service.log, and to the journal."""
    to_file = logging.StreamHandler()
    to_file.setFormatter(LineFormatter())
    # Nothing of this is written, and finding it out takes longer than the line itself.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    ours = logging.getLogger("lam")
    ours.setLevel(logging.INFO)
    ours.handlers[:] = [to_file, journal]
    ours.propagate = False
