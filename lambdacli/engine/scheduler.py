"""The only sleeper: calls back whoever waits for a moment of the one clock."""

from __future__ import annotations

import heapq
import itertools
import logging
from collections.abc import Callable, Hashable
from datetime import datetime

from lambdacli.model.clock import Clock, Timer

logger = logging.getLogger("lam.scheduler")

LOOK_AGAIN_SECONDS = 60.0
"""A machine that slept has a wall clock that went on, and timers that did not."""


class Scheduler:
    """Keeps one timer for all; who waits is known by a key, and waits for one moment only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wakes: dict[Hashable, tuple[datetime, Callable[[], None]]] = {}
        self._order: list[tuple[datetime, int, Hashable]] = []
        self._numbers = itertools.count()
        self._timer: Timer | None = None
        self._timer_at: datetime | None = None

    def __repr__(self) -> str:
        return f"<Scheduler of {len(self._wakes)}, next at {self._timer_at}>"

    def wake_by(self, key: Hashable, moment: datetime, wake: Callable[[], None]) -> None:
        """Unless this key waits for an earlier moment: who is woken looks what is next."""
        if key in self._wakes and self._wakes[key][0] <= moment:
            return
        self._wakes[key] = (moment, wake)
        heapq.heappush(self._order, (moment, next(self._numbers), key))
        self._set_timer()

    def close(self) -> None:
        self._wakes.clear()
        self._order.clear()
        self._set_timer()

    def look(self) -> None:
        """Calls back whose moment has come; also for those who moved the clock."""
        now = self._clock.now()
        while self._order and self._order[0][0] <= now:
            moment, _, key = heapq.heappop(self._order)
            if not self._is_meant(moment, key):
                continue
            _, wake = self._wakes.pop(key)
            try:
                wake()
            except Exception:
                logger.exception("waking %s failed", key)  # the others wait for theirs
        self._set_timer()

    def _is_meant(self, moment: datetime, key: Hashable) -> bool:
        """It may wait for another moment by now, or for none."""
        return key in self._wakes and self._wakes[key][0] == moment

    def _set_timer(self) -> None:
        while self._order and not self._is_meant(self._order[0][0], self._order[0][2]):
            heapq.heappop(self._order)
        wanted = self._order[0][0] if self._order else None
        if wanted == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = None, wanted
        if wanted is not None:
            seconds = (wanted - self._clock.now()).total_seconds()
            self._timer = self._clock.call_later(min(max(seconds, 0.0), LOOK_AGAIN_SECONDS), self._rang)

    def _rang(self) -> None:
        self._timer, self._timer_at = None, None
        self.look()
