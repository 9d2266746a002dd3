"""What every kind of wall offers to an environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from lambdacli.environments.process import Command, Exit
from lambdacli.environments.sandbox.memory import TreeUse


class Sandbox(Protocol):
    # Where the function's own /tmp really lies; it outlives a reset.
    temporary: Path

    # Which walls these are: `linux` or `portable`.
    walls: str

    # How its processes came to be: `forked` from a template, or `spawned`.
    @property
    def start_kind(self) -> str: ...

    # Whether its processes stand still now.
    @property
    def is_frozen(self) -> bool: ...

    # The main process as this machine knows it; None while there is none.
    @property
    def process_id(self) -> int | None: ...

    # What its processes hold now; None when there are none. May be called from any thread.
    def use(self) -> TreeUse | None: ...

    # Starts the command; StartError when it cannot be executed. `on_exit` is called once, with its main
    # process's end.
    async def start(self, command: Command, on_exit: Callable[[Exit], None]) -> None: ...

    # The descriptor with everything the processes print.
    def output_fd(self) -> int: ...

    # From now on `on_breach` is called when the tree uses more than it may: with `memory` or `processes`.
    def watch(self, on_breach: Callable[[str], None]) -> None: ...

    # Whether the main process is, or ever was, above the memory limit.
    def is_over_memory(self) -> bool: ...

    def unwatch(self) -> None: ...

    # The environment's peak so far, over all of its process trees.
    def max_memory_mb(self) -> int: ...

    # Kills every process and returns when none is left.
    async def end_processes(self) -> None: ...

    # end_processes, and everything else it holds: /tmp, descriptors.
    async def close(self) -> None: ...
