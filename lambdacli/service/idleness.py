"""Looks now and then whether anybody still needs the service, and ends one that nobody needs."""

from __future__ import annotations

import logging
from collections.abc import Callable

from lambdacli.model.clock import Clock

logger = logging.getLogger("lam.service")

LOOK_SECONDS = 15.0


class Idleness:
    def __init__(
        self,
        clock: Clock,
        minutes: Callable[[], float],
        is_busy: Callable[[], bool],
        end: Callable[[], None],
    ) -> None:
        """`minutes` as they are wanted now; 0 means never."""
        self._clock = clock
        self._minutes = minutes
        self._is_busy = is_busy
        self._end = end
        self._active_at = clock.monotonic()

    def note_activity(self) -> None:
        self._active_at = self._clock.monotonic()

    def watch(self) -> None:
        """From now on."""
        if self._is_busy():
            self.note_activity()
        minutes = self._minutes()
        if minutes and self._clock.monotonic() - self._active_at >= minutes * 60:
            logger.info("nobody needed the service for %g minutes", minutes)
            self._end()
            return
        self._clock.call_later(min(LOOK_SECONDS, minutes * 60 or LOOK_SECONDS), self.watch)
