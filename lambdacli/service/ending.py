"""When the service ends: asked once it drains, asked to hurry it cuts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from lambdacli.model import limits

DRAIN_SECONDS = limits.TIMEOUT_SECONDS_MAXIMUM + 60.0
"""Longer than any invocation may take."""


class Ending:
    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._cut = asyncio.Event()

    def ask(self, is_now: bool = False) -> None:
        if is_now:
            self._cut.set()
        self._stop.set()

    def signalled(self) -> None:
        """Who signals a second time does not want to wait."""
        self.ask(is_now=self._stop.is_set())

    async def asked(self) -> None:
        await self._stop.wait()

    async def unless_cut(self, drain: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Waits for the end of one step of the drain, but not when all is to be cut."""
        step = asyncio.ensure_future(drain())
        cut = asyncio.ensure_future(self._cut.wait())
        try:
            await asyncio.wait({step, cut}, timeout=DRAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            cut.cancel()
            step.cancel()
        if step.done() and not step.cancelled():
            step.result()
