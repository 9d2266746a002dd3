"""Keeps an environment to its share of the processors while it runs invocations: stops it, and lets it go
on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from lambdacli.environments.sandbox.cpu_share import DutyCycle, Stop, cpu_share
from lambdacli.environments.sandbox.usage import TreeCpu, process_cpu_ns

FIRST_LOOK_SECONDS = 0.005
LONGEST_LOOK_SECONDS = 0.020
"""One period: what is used too much within it is paid back in the next."""


class Throttle:
    """One timer at most, which outlives short invocations: setting one for each would cost more than it
    saves."""

    def __init__(self, memory_mb: int, stop: Callable[[], None], go: Callable[[], None]) -> None:
        self._cores = os.cpu_count() or 1
        self._share = cpu_share(memory_mb, self._cores)
        self._stop = stop
        self._go = go
        self._loop = asyncio.get_running_loop()
        self._main = self._used = 0
        self._tree: TreeCpu | None = None
        self._duty: DutyCycle | None = None
        self._alone_at_ns: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_running = False
        self._is_stopped = False
        self._free_at = 0.0

    def attach(self, main: int, root: int) -> None:
        """These processes from now on. What they used for their init is given."""
        self.detach()
        if self._share >= self._cores:
            return
        self._main = main
        self._tree = TreeCpu(root)

    def detach(self) -> None:
        self._is_running = self._is_stopped = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._tree = None
        self._duty = None
        self._alone_at_ns = None
        self._free_at = 0.0

    def begin(self) -> None:
        """An invocation; whoever owes time from the one before stands still first."""
        if self._tree is None:
            return
        self._is_running = True
        now = self._loop.time()
        if self._duty is None:
            self._duty = DutyCycle(self._share, self._cores, now, self._tree.use().used_ns)
        if now < self._free_at:
            self._stand_still(self._free_at)
        elif self._timer is None:
            self._timer = self._loop.call_later(FIRST_LOOK_SECONDS, self._look)

    def end(self) -> None:
        self._is_running = False
        if self._is_stopped:
            self._go_on()

    def _look(self) -> None:
        self._timer = None
        if self._is_stopped:
            self._go_on()
        if self._duty is None:
            return
        now = self._loop.time()
        decision = self._duty.decide(now, self._used_ns())
        if isinstance(decision, Stop):
            self._free_at = decision.until
            if self._is_running:
                self._stand_still(decision.until)
        elif self._is_running:
            wait = min(LONGEST_LOOK_SECONDS, max(FIRST_LOOK_SECONDS, decision.until - now))
            self._timer = self._loop.call_later(wait, self._look)

    def _stand_still(self, until: float) -> None:
        self._is_stopped = True
        self._stop()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(until, self._look)

    def _go_on(self) -> None:
        self._is_stopped = False
        self._go()

    def _used_ns(self) -> int:
        """A process that was alone and has used no time since has not forked: the others need no look."""
        assert self._tree is not None
        main_ns = process_cpu_ns(self._main)
        if self._alone_at_ns is not None and main_ns == self._alone_at_ns:
            return self._used
        use = self._tree.use()
        self._used = use.used_ns
        self._alone_at_ns = main_ns if use.is_one_process else None
        return self._used
