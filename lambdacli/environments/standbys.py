"""Environments made ready ahead of need: how many of which function, and when."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from lambdacli.environments.berth import Berth
from lambdacli.environments.command import StartError, WallsRefused
from lambdacli.environments.placement import Placement, PlacementKey
from lambdacli.model.clock import Clock, Timer
from lambdacli.runtimes.base import InvalidEntrypoint

logger = logging.getLogger("lam.environments")

QUIET_SECONDS = 0.020
"""After the last environment of a function was started: making more must not slow that one's init."""
BUSY_SECONDS = 1.0
"""A function that started two environments within this time gets two ready."""


class Standbys:
    """Only functions that have an environment have standbys."""

    def __init__(self, make: Callable[[Placement], Berth], clock: Clock) -> None:
        self._make = make
        self._clock = clock
        self._ready: dict[PlacementKey, deque[Berth]] = {}
        self._users: dict[PlacementKey, int] = {}
        self._taken_at: dict[PlacementKey, float] = {}
        self._wanted: dict[PlacementKey, int] = {}
        self._timers: dict[PlacementKey, Timer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def take(self, placement: Placement) -> Berth:
        """The oldest that is ready, else a new one; more are made ready as soon as there is time."""
        key = placement.key
        self._users[key] = self._users.get(key, 0) + 1
        if placement.is_provisioned or placement.debugging is not None:
            # Nobody waits for it, and its variables are not those of the ones that are ready.
            return self._make(placement)
        now = self._clock.monotonic()
        self._wanted[key] = 2 if now - self._taken_at.get(key, -BUSY_SECONDS) < BUSY_SECONDS else 1
        self._taken_at[key] = now
        self._refill_later(placement)
        ready = self._ready.get(key)
        while ready:
            berth = ready.popleft()
            if not berth.is_lost:
                return berth
            self.discard(berth)
        return self._make(placement)

    def given_back(self, key: PlacementKey) -> bool:
        """An environment is closed; with a function's last one its standbys go. Whether there are others."""
        self._users[key] = self._users.get(key, 0) - 1
        if self._users[key] <= 0:
            self.drop(key)
            self._users.pop(key, None)
            self._taken_at.pop(key, None)
            self._wanted.pop(key, None)
        return key in self._users

    def renew(self, key: PlacementKey, placement: Placement) -> None:
        """Those that are ready were made too early: their template has loaded more since."""
        if self._users.get(key):
            self.drop(key)
            self._refill_later(placement)

    def drop(self, key: PlacementKey) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        for berth in self._ready.pop(key, ()):
            self.discard(berth)

    def discard(self, berth: Berth) -> None:
        self._spawn(berth.close())

    async def close(self) -> None:
        self._is_closed = True
        for key in [*self._ready, *self._timers]:
            self.drop(key)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _refill_later(self, placement: Placement) -> None:
        timer = self._timers.pop(placement.key, None)
        if timer is not None:
            timer.cancel()
        if not self._is_closed:
            self._timers[placement.key] = self._clock.call_later(
                QUIET_SECONDS, lambda: self._refill(placement)
            )

    def _refill(self, placement: Placement) -> None:
        key = placement.key
        self._timers.pop(key, None)
        ready = self._ready.setdefault(key, deque())
        if len(ready) < self._wanted.get(key, 0):
            self._spawn(self._make_ready(placement))

    async def _make_ready(self, placement: Placement) -> None:
        key = placement.key
        berth = self._make(placement)
        try:
            await berth.prepare()
        except (InvalidEntrypoint, StartError, WallsRefused, OSError) as error:
            logger.debug("%s: nothing can be made ready ahead: %s", key.function.name, error)
            await berth.close()
            return
        if self._is_closed or not self._users.get(key) or berth.is_outdated:
            await berth.close()
            return
        self._ready.setdefault(key, deque()).append(berth)
        self._refill(placement)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
