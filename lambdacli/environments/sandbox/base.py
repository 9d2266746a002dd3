"""What every kind of wall offers to an environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from lambdacli.environments.process import Command, Exit


class Sandbox(Protocol):
    # Where the function's own /tmp really lies; it outlives a reset.
    temporary: Path

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
