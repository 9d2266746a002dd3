"""Whether an environment's main process is the only one, asked so cheaply that it may be asked at every
invocation."""

from __future__ import annotations

import contextlib
import os

THREADS_OF_NONE = 2
"""How many links an empty folder has; each thread below /proc/PID/task is one more."""


class Company:
    """Of a main process that is asking for its next event: one of a single thread is then not starting
    others.

    Children are listed by the kernel per parent; orphans come to the guardian."""

    def __init__(self, main: int, guardian: int) -> None:
        self._threads = self._children = self._orphans = -1
        self._only_main = b"%d " % main
        with contextlib.suppress(OSError):  # it has ended, or this kernel keeps no such lists
            self._threads = os.open(f"/proc/{main}/task", os.O_RDONLY | os.O_DIRECTORY)
            self._children = os.open(f"/proc/{main}/task/{main}/children", os.O_RDONLY)
            self._orphans = os.open(f"/proc/{guardian}/task/{guardian}/children", os.O_RDONLY)

    def is_alone(self) -> bool:
        """False also when it cannot be known."""
        if self._orphans < 0:
            return False
        try:
            return (
                os.fstat(self._threads).st_nlink == THREADS_OF_NONE + 1
                and not os.pread(self._children, 1, 0)
                and os.pread(self._orphans, 64, 0) == self._only_main
            )
        except OSError:
            return False

    def close(self) -> None:
        for descriptor in (self._threads, self._children, self._orphans):
            if descriptor >= 0:
                os.close(descriptor)
        self._threads = self._children = self._orphans = -1
