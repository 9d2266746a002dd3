"""A place with one guarded tree of processes at a time, a watch over what they use, and a pipe for what they
print."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable
from dataclasses import replace

from lambdacli.environments.process import Command, Exit, ProcessTree
from lambdacli.environments.sandbox.base import Place
from lambdacli.environments.sandbox.memory import peak_kb, tree_use
from lambdacli.model import limits

FASTEST_GROWTH_KB_PER_SECOND = 4 * 1024 * 1024
"""How fast a process can touch new pages: decides how soon to look again, given what is still free."""
SHORTEST_LOOK_SECONDS = 0.010
LONGEST_LOOK_SECONDS = 0.250


class GuardedSandbox:
    def __init__(self, place: Place, memory_mb: int) -> None:
        self.is_frozen = False
        self.walls = place.walls
        self._place = place
        self._limit_kb = memory_mb * 1024
        self._tree: ProcessTree | None = None
        self._is_prepared = False
        self._peak_kb = 0
        self._look: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._read_fd, self._write_fd = os.pipe()
        self._is_output_taken = False

    async def open(self, runtime_api: str) -> None:
        self._tree = await self._place.open(runtime_api, self._write_fd)

    def prepare(self, command: Command) -> None:
        self._start(command, is_held=True)
        self._is_prepared = True

    async def start(self, command: Command, on_exit: Callable[[Exit], None]) -> None:
        tree = self._tree
        assert tree is not None, "processes need an open place"

        def note_exit(exit: Exit) -> None:
            self._peak_kb = max(self._peak_kb, min(exit.peak_memory_kb, self._limit_kb))
            on_exit(exit)

        tree.on_exit = note_exit
        if self._is_prepared:
            self._is_prepared = False
            tree.go()
        else:
            self._start(command, is_held=False)
        try:
            await tree.started()
        except BaseException:
            await self.end_processes()
            raise

    def _start(self, command: Command, *, is_held: bool) -> None:
        assert self._tree is not None
        self._tree.start(replace(command, limits=self._place.limits()), is_held=is_held)

    def process(self) -> int | None:
        return None if self._tree is None else self._tree.pid

    def freeze(self) -> None:
        if self._tree is not None and not self.is_frozen:
            self.is_frozen = True
            self._tree.freeze()

    def thaw(self) -> None:
        if self._tree is not None and self.is_frozen:
            self.is_frozen = False
            self._tree.thaw()

    def output_fd(self) -> int:
        """Who asks for it closes it."""
        self._is_output_taken = True
        return self._read_fd

    def watch(self, on_breach: Callable[[str], None]) -> None:
        self.unwatch()
        self._look_later(0, on_breach)

    def unwatch(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _look_later(self, used_kb: int, on_breach: Callable[[str], None]) -> None:
        free = max(0, self._limit_kb - used_kb)
        delay = min(LONGEST_LOOK_SECONDS, max(SHORTEST_LOOK_SECONDS, free / FASTEST_GROWTH_KB_PER_SECOND))
        self._look = self._loop.call_later(delay, self._look_now, on_breach)

    def _look_now(self, on_breach: Callable[[str], None]) -> None:
        self._look = None
        root = None if self._tree is None else self._tree.guardian
        use = None if root is None else tree_use(root)
        if use is None:
            return
        self._peak_kb = max(self._peak_kb, min(use.memory_kb, self._limit_kb))
        if use.memory_kb > self._limit_kb:
            on_breach("memory")
        elif use.processes > limits.PROCESSES:
            on_breach("processes")
        else:
            self._look_later(use.memory_kb, on_breach)

    def is_over_memory(self) -> bool:
        return self._main_peak_kb() > self._limit_kb

    def max_memory_mb(self) -> int:
        self._peak_kb = max(self._peak_kb, min(self._main_peak_kb(), self._limit_kb))
        return math.ceil(self._peak_kb / 1024)

    def _main_peak_kb(self) -> int:
        pid = None if self._tree is None else self._tree.pid
        return 0 if pid is None else peak_kb(pid)

    async def end_processes(self) -> None:
        self.unwatch()
        self.is_frozen = self._is_prepared = False
        if self._tree is not None:
            await self._tree.kill()

    async def close(self) -> None:
        self.unwatch()
        tree, self._tree = self._tree, None
        if tree is not None:
            await tree.end()
        if self._write_fd >= 0:
            os.close(self._write_fd)
            self._write_fd = -1
            if not self._is_output_taken:
                os.close(self._read_fd)
            await self._place.close()
