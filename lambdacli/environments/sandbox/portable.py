"""Walls that every system has: a session of its own, resource limits, and a watch over memory and processes.

What it does not give: a private file system. /tmp is the machine's; TMPDIR leads to a folder of the
environment's own, and the size of that folder is not limited. Nothing is frozen between invocations."""

from __future__ import annotations

import asyncio
import math
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil

from lambdacli.environments.process import Command, Exit, Keeper, ProcessTree
from lambdacli.environments.sandbox.memory import PeakGauge, tree_use
from lambdacli.model import limits

FASTEST_GROWTH_KB_PER_SECOND = 4 * 1024 * 1024
"""How fast a process can touch new pages: decides how soon to look again, given what is still free."""
SHORTEST_LOOK_SECONDS = 0.010
LONGEST_LOOK_SECONDS = 0.250
READING_KNOWN_SECONDS = 0.001

NET_FACTOR = 4
"""The kernel's own limit counts the developer's other programs too, which may start more of them later."""
TASKS_KNOWN_SECONDS = 1.0
"""Counting a user's tasks reads all of /proc: many starts in a row share one count."""


class PortableSandbox:
    def __init__(self, keeper: Keeper, temporary: Path, memory_mb: int) -> None:
        self.temporary = temporary
        self._keeper = keeper
        self._limit_kb = memory_mb * 1024
        self._tree: ProcessTree | None = None
        self._gauge: PeakGauge | None = None
        self._main_kb = 0
        self._read_at = 0.0
        self._peak_kb = 0
        self._on_breach: Callable[[str], None] | None = None
        self._look: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        temporary.mkdir(parents=True, exist_ok=True)
        self._read_fd, self._write_fd = os.pipe()

    async def start(self, command: Command, on_exit: Callable[[Exit], None]) -> None:
        assert self._tree is None, "a sandbox holds one process tree at a time"
        limited = replace(command, limits=_resource_limits())

        def note_exit(exit: Exit) -> None:
            self._peak_kb = max(self._peak_kb, min(exit.peak_memory_kb, self._limit_kb))
            on_exit(exit)

        self._tree = self._keeper.run(limited, self._write_fd, note_exit)
        try:
            pid = await self._tree.wait_started()
        except BaseException:
            await self.end_processes()
            raise
        self._gauge = PeakGauge(pid)
        self._read_at = 0.0

    def output_fd(self) -> int:
        return self._read_fd

    def watch(self, on_breach: Callable[[str], None]) -> None:
        self._on_breach = on_breach
        # A look that an earlier watch asked for comes sooner than one that this would ask for.
        if self._look is None:
            self._look_later(0)

    def unwatch(self) -> None:
        """A look that is due finds that nobody watches: many short watches share one timer."""
        self._on_breach = None

    def _look_later(self, used_kb: int) -> None:
        free = max(0, self._limit_kb - used_kb)
        delay = min(LONGEST_LOOK_SECONDS, max(SHORTEST_LOOK_SECONDS, free / FASTEST_GROWTH_KB_PER_SECOND))
        self._look = self._loop.call_later(delay, self._look_now)

    def _look_now(self) -> None:
        self._look = None
        on_breach = self._on_breach
        root = None if self._tree is None else self._tree.guardian
        if on_breach is None or root is None:
            return
        use = tree_use(root)
        if use is None:
            return
        self._peak_kb = max(self._peak_kb, min(use.memory_kb, self._limit_kb))
        if use.memory_kb > self._limit_kb:
            on_breach("memory")
        elif use.processes > limits.PROCESSES:
            on_breach("processes")
        else:
            self._look_later(use.memory_kb)

    def is_over_memory(self) -> bool:
        return self._main_peak_kb() > self._limit_kb

    def max_memory_mb(self) -> int:
        self._peak_kb = max(self._peak_kb, min(self._main_peak_kb(), self._limit_kb))
        return math.ceil(self._peak_kb / 1024)

    def _main_peak_kb(self) -> int:
        """Asked at the answer and again at the end of the phase, which most often is the same moment."""
        if self._gauge is None:
            return 0
        moment = time.monotonic()
        if moment - self._read_at >= READING_KNOWN_SECONDS:
            self._main_kb, self._read_at = self._gauge.kb(), moment
        return self._main_kb

    async def end_processes(self) -> None:
        self.unwatch()
        if self._look is not None:
            self._look.cancel()
            self._look = None
        if self._gauge is not None:
            self._gauge.close()
            self._gauge = None
        tree = self._tree
        if tree is not None:
            await tree.end()
            if self._tree is tree:  # nobody else ended it and started a new one meanwhile
                self._tree = None

    async def close(self) -> None:
        await self.end_processes()
        if self._write_fd >= 0:
            os.close(self._write_fd)
            self._write_fd = -1
            await asyncio.to_thread(shutil.rmtree, self.temporary, ignore_errors=True)


def _resource_limits() -> dict[str, tuple[int, int]]:
    """Lambda's descriptors exactly. Processes are counted by the kernel per user, so the limit stands above
    what this user runs already; it is the net under the watch, which counts the environment's own."""
    found = {
        "RLIMIT_NOFILE": (limits.OPEN_FILES, limits.OPEN_FILES),
        # A core file would lie in the developer's code folder, and the function would be reloaded for it.
        "RLIMIT_CORE": (0, limits.CORE_BYTES),
    }
    if os.getuid() != 0:
        ceiling = _tasks_of_user() + NET_FACTOR * limits.PROCESSES
        found["RLIMIT_NPROC"] = (ceiling, ceiling)
    return found


def _tasks_of_user() -> int:
    """About now: at most TASKS_KNOWN_SECONDS old."""
    global _counted
    moment = time.monotonic()
    if _counted is None or moment - _counted[0] >= TASKS_KNOWN_SECONDS:
        _counted = (moment, _count_tasks())
    return _counted[1]


_counted: tuple[float, int] | None = None


def _count_tasks() -> int:
    if sys.platform != "linux":
        return len(psutil.pids())
    own = os.getuid()
    tasks = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                if entry.stat().st_uid == own:
                    tasks += len(os.listdir(f"/proc/{entry.name}/task"))
            except OSError:
                continue
    return tasks
