"""A place with one guarded tree of processes at a time, a watch over what they use, and a pipe for what they
print."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import replace

from lambdacli.environments.command import Command, Exit, StartError
from lambdacli.environments.process_tree import ProcessTree
from lambdacli.environments.sandbox.base import Place
from lambdacli.environments.sandbox.cgroups import Cgroup
from lambdacli.environments.sandbox.memory import TreeUse, tree_use
from lambdacli.environments.sandbox.share import share_of
from lambdacli.environments.sandbox.watch import Watch


class GuardedSandbox:
    def __init__(
        self, place: Place, memory_mb: int, *, has_cpu_share: bool = False, cgroup: Cgroup | None = None
    ) -> None:
        self.is_frozen = False
        self.walls = place.walls
        self._place = place
        self._watch = Watch(memory_mb * 1024)
        self._memory_mb = memory_mb
        self._cgroup = cgroup
        """The kernel's own limits, where it lets us set them: what it does need not be done here."""
        self._share = share_of(memory_mb, cgroup, self._stop, self._go_on) if has_cpu_share else None
        self._tree: ProcessTree | None = None
        self._is_prepared = False
        self._read_fd, self._write_fd = os.pipe()
        self._is_output_taken = False

    async def open(self, runtime_api: str) -> None:
        self._tree = await self._place.open(runtime_api, self._write_fd)
        if self._cgroup is not None and self._tree.guardian is not None:
            # Moving a process may take the kernel milliseconds.
            with contextlib.suppress(ProcessLookupError):  # it has ended, which is told in another way
                await asyncio.to_thread(self._cgroup.add, self._tree.guardian)

    def prepare(self, command: Command) -> None:
        self._start(command, is_held=True)
        self._is_prepared = True

    async def start(self, command: Command, on_exit: Callable[[Exit], None]) -> None:
        tree = self._tree
        assert tree is not None, "processes need an open place"

        def note_exit(exit: Exit) -> None:
            self._watch.note_peak(exit.peak_memory_kb)
            on_exit(self._explained(exit))

        tree.on_exit = note_exit
        try:
            if not await self._has_gone_on(tree):
                self._start(command, is_held=False)
                await tree.started()
            if tree.pid is not None and tree.guardian is not None:  # it has not ended meanwhile
                self._watch.attach(tree.pid, tree.guardian)
                if self._share is not None:
                    self._share.attach(tree.pid, tree.guardian)
        except BaseException:
            await self.end_processes()
            raise

    async def _has_gone_on(self, tree: ProcessTree) -> bool:
        """A prepared process, unless it has ended while it was held: that is nothing the function knows
        of."""
        if not self._is_prepared:
            return False
        self._is_prepared = False
        tree.go()
        try:
            await tree.started()
        except StartError:
            return False
        return True

    def _start(self, command: Command, *, is_held: bool) -> None:
        assert self._tree is not None
        self._tree.start(replace(command, limits=self._place.limits()), is_held=is_held)

    def process(self) -> int | None:
        return None if self._tree is None else self._tree.pid

    def use(self) -> TreeUse | None:
        root = None if self._tree is None else self._tree.guardian
        return None if root is None else tree_use(root)

    def is_lost(self) -> bool:
        return self._tree is not None and self._tree.is_gone

    def freeze(self) -> None:
        if self._tree is not None and not self.is_frozen:
            self.is_frozen = True
            self._tree.freeze(is_asking=True)

    def thaw(self) -> None:
        if self._tree is not None and self.is_frozen:
            self.is_frozen = False
            self._tree.thaw()

    def output_fd(self) -> int:
        """Who asks for it closes it."""
        self._is_output_taken = True
        return self._read_fd

    def watch(self, on_breach: Callable[[str], None], *, is_init: bool = False) -> None:
        self._watch.begin(on_breach)
        if self._share is not None and not is_init:
            self._share.begin()

    def unwatch(self) -> None:
        self._watch.end()
        if self._share is not None:
            self._share.end()

    def _explained(self, exit: Exit) -> Exit:
        """What the kernel has killed because memory ran out was never seen above the limit."""
        if (
            self._cgroup is None
            or exit.signal_number != signal.SIGKILL
            or not self._cgroup.was_out_of_memory()
        ):
            return exit
        return replace(exit, peak_memory_kb=max(exit.peak_memory_kb, self._memory_mb * 1024 + 1))

    def _stop(self) -> None:
        if self._tree is not None:
            self._tree.freeze()

    def _go_on(self) -> None:
        if self._tree is not None:
            self._tree.thaw()

    def is_over_memory(self) -> bool:
        return self._watch.is_over_memory()

    def max_memory_mb(self) -> int:
        return self._watch.max_memory_mb()

    async def end_processes(self) -> None:
        self._detach()
        self.is_frozen = self._is_prepared = False
        if self._tree is not None:
            await self._tree.kill()

    def _detach(self) -> None:
        self._watch.detach()
        if self._share is not None:
            self._share.detach()

    async def close(self) -> None:
        self._detach()
        tree, self._tree = self._tree, None
        if tree is not None:
            await tree.end()
        if self._cgroup is not None:
            await self._cgroup.remove()
        if self._write_fd >= 0:
            os.close(self._write_fd)
            self._write_fd = -1
            if not self._is_output_taken:
                os.close(self._read_fd)
            await self._place.close()
