"""Waits that a stop ends."""

from __future__ import annotations

import asyncio

from lambdacli.model.clock import Clock


class Stopping:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waits: set[asyncio.Event] = set()
        self.is_stopping = False

    def stop(self) -> None:
        self.is_stopping = True
        for wait in self._waits:
            wait.set()

    async def wait(self, seconds: float) -> bool:
        """By the one clock; False: it was stopped."""
        due = asyncio.Event()
        timer = self._clock.call_later(seconds, due.set)
        await self._wait(due)
        timer.cancel()
        return not self.is_stopping

    async def wait_real(self, seconds: float, due: asyncio.Event | None = None) -> bool:
        """For another server, whose time nobody moves; or until somebody says that it is `due`."""
        due = asyncio.Event() if due is None else due
        timer = asyncio.get_running_loop().call_later(seconds, due.set)
        await self._wait(due)
        timer.cancel()
        return not self.is_stopping

    async def _wait(self, due: asyncio.Event) -> None:
        self._waits.add(due)
        try:
            if not self.is_stopping:
                await due.wait()
        finally:
            self._waits.discard(due)
