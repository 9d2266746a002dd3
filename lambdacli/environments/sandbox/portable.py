"""Walls that every system has: a session of its own, resource limits, and a watch over memory and processes.

What they do not give: a private file system. /tmp is the machine's; TMPDIR leads to a folder of the
environment's own, and the size of that folder is not limited."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from lambdacli.environments.process_tree import ProcessTree
from lambdacli.model import limits

NET_FACTOR = 4
"""The kernel's own limit counts the developer's other programs too, which may start more of them later."""
TASKS_KNOWN_SECONDS = 1.0
"""Counting a user's tasks reads all of /proc: many starts in a row share one count."""


class PortablePlace:
    walls = "portable"

    def __init__(
        self,
        temporary: Path,
        open_tree: Callable[[int], Awaitable[ProcessTree]],
        on_close: Callable[[], None],
    ) -> None:
        self.temporary: Path | None = temporary
        self._open_tree = open_tree
        self._on_close = on_close

    async def open(self, runtime_api: str, output_fd: int) -> ProcessTree:
        assert self.temporary is not None
        self.temporary.mkdir(parents=True, exist_ok=True)
        tree = await self._open_tree(output_fd)
        await tree.ready()
        return tree

    def limits(self) -> Mapping[str, tuple[int, int]]:
        """Lambda's descriptors exactly. Processes are counted by the kernel per user, so the limit stands
        above what this user runs already; it is the net under the watch, which counts the environment's
        own."""
        found = {
            "RLIMIT_NOFILE": (limits.OPEN_FILES, limits.OPEN_FILES),
            # A core file would lie in the developer's code folder, and the function would be reloaded for it.
            "RLIMIT_CORE": (0, limits.CORE_BYTES),
        }
        if os.getuid() != 0:
            ceiling = _tasks_of_user() + NET_FACTOR * limits.PROCESSES
            found["RLIMIT_NPROC"] = (ceiling, ceiling)
        return found

    async def close(self) -> None:
        assert self.temporary is not None
        self._on_close()
        await asyncio.to_thread(shutil.rmtree, self.temporary, ignore_errors=True)


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
        from lambdacli.environments.sandbox import by_psutil

        return by_psutil.count_processes()
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
