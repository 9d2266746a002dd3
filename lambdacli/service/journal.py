"""The service's own log: a file, and whoever watches live. Function output has its streams, not this."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

BACKLOG = 1000


class Journal(logging.Handler):
    """Gives every record to the followers as a small dict."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._followers: dict[asyncio.Queue[dict[str, str]], asyncio.AbstractEventLoop] = {}

    def emit(self, record: logging.LogRecord) -> None:
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


def configure(journal: Journal) -> None:
    """Everything of lam's goes to stderr, which the starter has put into service.log, and to the journal."""
    to_file = logging.StreamHandler()
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    ours = logging.getLogger("lam")
    ours.setLevel(logging.INFO)
    ours.handlers[:] = [to_file, journal]
    ours.propagate = False
