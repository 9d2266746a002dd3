"""How one mapping is doing, for whoever asks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from lambdacli.sources.base import SourceError

logger = logging.getLogger("lam.sources")

TOLD_AFTER_SECONDS = 3.0
"""What is missing may be about to be made: a template's queue, a function of lam.yaml."""
_FIRST_SECONDS = 0.25
_MISSING_SECONDS, _LONGEST_SECONDS = 2.0, 10.0
"""What is missing may be made at any moment, and whoever made it looks on."""


@dataclass(slots=True)
class Progress:
    """Counts since the service began to read."""

    problem: str | None = None
    """Why it cannot be read now."""
    last_result: str | None = None
    running: int = 0
    """Batches that run, or wait for their function to be free."""
    polled: int = 0
    filtered: int = 0
    succeeded: int = 0
    failed: int = 0


@dataclass(slots=True)
class Trouble:
    """A source that cannot be read is looked at again and again, and told of once."""

    subject: str
    progress: Progress
    _since: float | None = None
    _looks: int = 0
    _told: set[str] = field(default_factory=set)

    def met(self, error: SourceError) -> float:
        """Seconds until the next look."""
        now = time.monotonic()
        if self._since is None:
            self._since, self._looks = now, 0
        self.progress.problem = str(error)
        if now - self._since >= TOLD_AFTER_SECONDS and str(error) not in self._told:
            self._told.add(str(error))
            logger.warning("%s waits: %s", self.subject, error)
        longest = _MISSING_SECONDS if error.is_missing else _LONGEST_SECONDS
        wait = min(longest, _FIRST_SECONDS * 2.0 ** min(self._looks, 16))
        self._looks += 1
        return wait

    def is_over(self) -> None:
        if self._told:
            logger.info("%s goes on", self.subject)
        self._since, self.progress.problem = None, None
        self._told.clear()


class Rest:
    """Tells when nothing runs any more."""

    def __init__(self) -> None:
        self._working = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        self._working += 1
        self._is_idle.clear()
        try:
            yield
        finally:
            self._working -= 1
            if not self._working:
                self._is_idle.set()

    async def wait(self) -> None:
        await self._is_idle.wait()
