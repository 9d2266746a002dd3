"""Looks after an environment's memory and processes while it runs, and remembers its peak.

A look walks the tree. It is due after the shortest time in which what was free at the last look could have
been used up; only the time counts in which the environment runs, so short invocations share one look."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from lambdacli.environments.sandbox.memory import tree_use
from lambdacli.environments.sandbox.usage import ProcessUse, process_cpu_ns
from lambdacli.model import limits

FASTEST_GROWTH_KB_PER_SECOND = 4 * 1024 * 1024
"""How fast a process can touch new pages: decides how soon to look again, given what is still free."""
FASTEST_FORKS_PER_SECOND = 20_000
SHORTEST_LOOK_SECONDS = 0.010
LONGEST_LOOK_SECONDS = 0.250
TIMER_SECONDS = 0.0005
"""A timer that comes this much early has come: another one for the rest would cost more."""
PEAK_KNOWN_SECONDS = 0.001
"""A peak read at the answer is good for the report when both come together, as they mostly do."""


def seconds_until_look(free_kb: int, free_tasks: int) -> float:
    soonest = min(free_kb / FASTEST_GROWTH_KB_PER_SECOND, free_tasks / FASTEST_FORKS_PER_SECOND)
    return min(LONGEST_LOOK_SECONDS, max(SHORTEST_LOOK_SECONDS, soonest))


class RunningTime:
    """How much longer an environment may run before the next look. Pure: it is told the time."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._since: float | None = None

    def begin(self, now: float) -> None:
        if self._since is None:
            self._since = now

    def end(self, now: float) -> None:
        self._left = self.left(now)
        self._since = None

    def left(self, now: float) -> float:
        return self._left if self._since is None else self._left - (now - self._since)

    def renew(self, now: float, seconds: float) -> None:
        self._left = seconds
        if self._since is not None:
            self._since = now


class Watch:
    def __init__(self, memory_kb: int, tasks: int = limits.PROCESSES) -> None:
        self._memory_kb = memory_kb
        self._tasks = tasks
        self._peak_kb = 0
        self._peak_read_at = -math.inf
        self._main: ProcessUse | None = None
        self._root = 0
        self._alone_at_ns: int | None = None
        self._on_breach: Callable[[str], None] | None = None
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._allowed_seconds = seconds_until_look(memory_kb, tasks)
        self._time = RunningTime(self._allowed_seconds)

    def attach(self, main: int, root: int) -> None:
        """These processes from now on: the main one, and all others below the root."""
        self.detach()
        self._main = ProcessUse(main)
        self._root = root
        self._allowed_seconds = seconds_until_look(self._memory_kb, self._tasks)
        self._time = RunningTime(self._allowed_seconds)

    def detach(self) -> None:
        """Idempotent. The peak stays."""
        self.end()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._main is not None:
            self.is_over_memory()  # the last word on the peak
            self._main.close()
            self._main = None
        self._alone_at_ns = None
        self._peak_read_at = -math.inf

    def begin(self, on_breach: Callable[[str], None]) -> None:
        self._on_breach = on_breach
        self._time.begin(self._loop.time())
        if self._timer is None and self._main is not None:
            self._set_timer()

    def end(self) -> None:
        # The timer stays: setting one at every invocation would cost more than all the rest of this.
        self._on_breach = None
        self._time.end(self._loop.time())

    def _wake(self) -> None:
        self._timer = None
        if self._on_breach is None:
            return  # the next invocation sets it again
        breach = None
        if self._time.left(self._loop.time()) < TIMER_SECONDS:
            breach = None if self._has_stood_still() else self._look()
            self._time.renew(self._loop.time(), self._allowed_seconds)
        if breach is not None:
            on_breach, self._on_breach = self._on_breach, None
            on_breach(breach)
        elif self._main is not None:
            self._set_timer()

    def _set_timer(self) -> None:
        now = self._loop.time()
        self._timer = self._loop.call_at(now + self._time.left(now), self._wake)

    def _look(self) -> str | None:
        """What is used beyond its limit. Nothing, when all have ended: that is told in another way."""
        assert self._main is not None
        main_ns = process_cpu_ns(self._main.pid)
        use = tree_use(self._root)
        if use is None:
            return None
        self._alone_at_ns = main_ns if use.is_one_process else None
        self._allowed_seconds = seconds_until_look(self._memory_kb - use.memory_kb, self._tasks - use.tasks)
        self.note_peak(use.memory_kb)
        if use.memory_kb > self._memory_kb:
            return "memory"
        return "processes" if use.tasks > self._tasks else None

    def _has_stood_still(self) -> bool:
        """A process that was alone and has used no processor time since has neither grown nor forked."""
        assert self._main is not None
        return self._alone_at_ns is not None and self._alone_at_ns == process_cpu_ns(self._main.pid)

    def note_peak(self, used_kb: int) -> None:
        """What was used beyond the limit before somebody noticed, Lambda would not have given."""
        if used_kb > self._peak_kb:
            self._peak_kb = min(used_kb, self._memory_kb)

    def is_over_memory(self) -> bool:
        """Whether the main process is, or ever was, above the limit."""
        if self._main is None:
            return False
        peak_kb = self._main.peak_kb()
        self._peak_read_at = self._loop.time()
        self.note_peak(peak_kb)
        return peak_kb > self._memory_kb

    def max_memory_mb(self) -> int:
        if self._loop.time() - self._peak_read_at > PEAK_KNOWN_SECONDS:
            self.is_over_memory()
        return math.ceil(self._peak_kb / 1024)
