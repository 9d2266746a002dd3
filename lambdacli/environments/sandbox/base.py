"""What every kind of wall offers to an environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from lambdacli.environments.command import Command, Exit
from lambdacli.environments.process_tree import ProcessTree
from lambdacli.environments.sandbox.memory import TreeUse


class Sandbox(Protocol):
    # `linux` or `portable`: which walls it has.
    walls: str

    # Whether its processes make no progress now.
    is_frozen: bool

    # Makes the place for processes, at this address of the Runtime API: walls, /tmp. WallsRefused,
    # StartError.
    async def open(self, runtime_api: str) -> None: ...

    # Starts the command up to its first step, ahead of need.
    def prepare(self, command: Command) -> None: ...

    # Starts the command, or lets the prepared one go on; StartError when it cannot be executed. `on_exit` is
    # called once, with its main process's end.
    async def start(self, command: Command, on_exit: Callable[[Exit], None]) -> None: ...

    # The descriptor with everything the processes print.
    def output_fd(self) -> int: ...

    # The number of the main process on this machine, while it runs.
    def process(self) -> int | None: ...

    # Its place has ended, which only a kill from outside or inside can do: nothing starts there any more.
    def is_lost(self) -> bool: ...

    # What its processes hold now; None when there are none. May be called from any thread.
    def use(self) -> TreeUse | None: ...

    # From now on `on_breach` is called when the tree uses more than it may: with `memory` or `processes`. An
    # init gets all the processor time there is.
    def watch(self, on_breach: Callable[[str], None], *, is_init: bool = False) -> None: ...

    # Whether the main process is, or ever was, above the memory limit.
    def is_over_memory(self) -> bool: ...

    def unwatch(self) -> None: ...

    # The environment's peak so far, over all of its process trees.
    def max_memory_mb(self) -> int: ...

    # Between invocations nothing in it makes progress.
    def freeze(self) -> None: ...

    def thaw(self) -> None: ...

    # Kills every process and returns when none is left; the place and its /tmp stay.
    async def end_processes(self) -> None: ...

    # end_processes, and everything else it holds: /tmp, descriptors.
    async def close(self) -> None: ...


class Place(Protocol):
    """Where a sandbox's processes live: what makes one kind of wall different from the other."""

    walls: str

    # What TMPDIR must say; None where /tmp itself is the environment's own.
    temporary: Path | None

    async def open(self, runtime_api: str, output_fd: int) -> ProcessTree: ...

    # Names of `resource.RLIMIT_…` with their soft and hard values.
    def limits(self) -> Mapping[str, tuple[int, int]]: ...

    # Gives back what it holds; no process is left.
    async def close(self) -> None: ...


Layout = Sequence[tuple[str, str, str]]
"""What a house shows, in order: kind (folder, link, file, empty, show, share), place inside, source."""
