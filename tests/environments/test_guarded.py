"""What a sandbox asks of its guardian and of the kernel's limits, played by doubles."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from lambdacli.environments.command import Command, Exit, StartError
from lambdacli.environments.sandbox.guarded import GuardedSandbox

COMMAND = Command(("/bin/true",), {}, Path("/"))
KILLED = Exit(None, 9, 50_000)


class Tree:
    """Satisfies what a sandbox uses of ProcessTree; no process is behind it."""

    def __init__(self, told: list[str]) -> None:
        self.pid: int | None = os.getpid()
        self.guardian: int | None = os.getpid()
        self.on_exit: Callable[[Exit], None] = lambda exit: None
        self.has_ended_while_held = False
        self._told = told

    def start(self, command: Command, *, is_held: bool) -> None:
        self._told.append("start held" if is_held else "start")

    def go(self) -> None:
        self._told.append("go")

    async def started(self) -> None:
        if self.has_ended_while_held and self._told[-1] == "go":
            raise StartError("it ended while it was held")

    def freeze(self, *, is_asking: bool = False) -> None:
        self._told.append("freeze")

    def thaw(self) -> None:
        self._told.append("thaw")

    async def kill(self) -> None:
        self._told.append("kill")

    async def end(self) -> None:
        self._told.append("end")


class Place:
    walls = "linux"
    temporary = None

    def __init__(self, tree: Tree, told: list[str]) -> None:
        self._tree = tree
        self._told = told

    async def open(self, runtime_api: str, output_fd: int) -> Tree:
        return self._tree

    def limits(self) -> Mapping[str, tuple[int, int]]:
        return {}

    async def close(self) -> None:
        self._told.append("close")


class KernelLimits:
    """Satisfies what a sandbox uses of Cgroup."""

    limits_cpu = True

    def __init__(self, told: list[str], *, is_out_of_memory: bool = False) -> None:
        self._told = told
        self._is_out_of_memory = is_out_of_memory

    def add(self, pid: int) -> None:
        self._told.append("add")

    def set_cpu_share(self, share: float | None) -> None:
        self._told.append(f"share {share}")

    def was_out_of_memory(self) -> bool:
        return self._is_out_of_memory

    async def remove(self) -> bool:
        self._told.append("remove")
        return True


def play(story: Callable[[GuardedSandbox, Tree], object], *, is_out_of_memory: bool = False) -> list[str]:
    told: list[str] = []

    async def run() -> None:
        tree = Tree(told)
        kernel = KernelLimits(told, is_out_of_memory=is_out_of_memory)
        sandbox = GuardedSandbox(Place(tree, told), 1769, has_cpu_share=True, cgroup=kernel)  # type: ignore[arg-type]
        await sandbox.open("127.0.0.1:9001")
        await story(sandbox, tree)  # type: ignore[misc]
        await sandbox.close()

    asyncio.run(run())
    return told


def test_a_prepared_process_is_let_go_and_the_next_one_is_started() -> None:
    async def story(sandbox: GuardedSandbox, tree: Tree) -> None:
        sandbox.prepare(COMMAND)
        await sandbox.start(COMMAND, lambda exit: None)
        await sandbox.end_processes()
        await sandbox.start(COMMAND, lambda exit: None)

    assert play(story) == ["add", "start held", "go", "kill", "start", "end", "remove", "close"]


def test_a_prepared_process_that_has_ended_is_made_again() -> None:
    async def story(sandbox: GuardedSandbox, tree: Tree) -> None:
        tree.has_ended_while_held = True
        sandbox.prepare(COMMAND)
        await sandbox.start(COMMAND, lambda exit: None)

    assert play(story) == ["add", "start held", "go", "start", "end", "remove", "close"]


def test_the_kernel_holds_invocations_to_their_share_and_inits_to_nothing() -> None:
    async def story(sandbox: GuardedSandbox, tree: Tree) -> None:
        await sandbox.start(COMMAND, lambda exit: None)
        sandbox.watch(lambda what: None, is_init=True)
        sandbox.unwatch()
        for _ in range(2):
            sandbox.watch(lambda what: None)
            sandbox.unwatch()
        await sandbox.end_processes()

    share = min(1.0, os.cpu_count() or 1)
    assert play(story) == ["add", "start", f"share {share}", "share None", "kill", "end", "remove", "close"]


def test_it_is_frozen_once_and_thawed_once() -> None:
    async def story(sandbox: GuardedSandbox, tree: Tree) -> None:
        await sandbox.start(COMMAND, lambda exit: None)
        sandbox.thaw()
        sandbox.freeze()
        assert sandbox.is_frozen
        sandbox.freeze()
        sandbox.thaw()
        assert not sandbox.is_frozen

    assert play(story) == ["add", "start", "freeze", "thaw", "end", "remove", "close"]


def test_who_was_killed_by_the_kernel_was_out_of_memory() -> None:
    for is_out_of_memory in (True, False):
        exits: list[Exit] = []

        async def story(sandbox: GuardedSandbox, tree: Tree, exits: list[Exit] = exits) -> None:
            await sandbox.start(COMMAND, exits.append)
            tree.on_exit(KILLED)

        play(story, is_out_of_memory=is_out_of_memory)
        assert (exits[0].peak_memory_kb > 1769 * 1024) is is_out_of_memory
        assert exits[0].signal_number == 9
