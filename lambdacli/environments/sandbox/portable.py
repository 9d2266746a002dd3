"""Walls that every system has: a session of its own, resource limits, and a watch over memory and processes.

What it does not give: a private file system. /tmp is the machine's; TMPDIR leads to a folder of the
environment's own, and the size of that folder is not limited. Nothing is frozen between invocations."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil

from lambdacli.environments.process import Command, Exit, Keeper, ProcessTree
from lambdacli.environments.sandbox.watch import Watch
from lambdacli.model import limits

NET_FACTOR = 4
"""The kernel's own limit counts the developer's other programs too, which may start more of them later."""
TASKS_KNOWN_SECONDS = 1.0
"""Counting a user's tasks reads all of /proc: many starts in a row share one count."""


class PortableSandbox:
    def __init__(self, keeper: Keeper, temporary: Path, memory_mb: int) -> None:
        self.temporary = temporary
        self._keeper = keeper
        self._watch = Watch(memory_mb * 1024)
        self._tree: ProcessTree | None = None
        temporary.mkdir(parents=True, exist_ok=True)
        self._read_fd, self._write_fd = os.pipe()

    async def start(self, command: Command, on_exit: Callable[[Exit], None]) -> None:
        assert self._tree is None, "a sandbox holds one process tree at a time"
        limited = replace(command, limits=_resource_limits())

        def note_exit(exit: Exit) -> None:
            self._watch.note_peak(exit.peak_memory_kb)
            on_exit(exit)

        self._tree = tree = self._keeper.run(limited, self._write_fd, note_exit)
        try:
            main = await tree.wait_started()
            if self._tree is tree:  # it was not ended meanwhile
                assert tree.guardian is not None
                self._watch.attach(main, tree.guardian)
        except BaseException:
            await self.end_processes()
            raise

    def output_fd(self) -> int:
        return self._read_fd

    def watch(self, on_breach: Callable[[str], None]) -> None:
        self._watch.begin(on_breach)

    def unwatch(self) -> None:
        self._watch.end()

    def is_over_memory(self) -> bool:
        return self._watch.is_over_memory()

    def max_memory_mb(self) -> int:
        return self._watch.max_memory_mb()

    async def end_processes(self) -> None:
        self._watch.detach()
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
