"""What one process uses, read so cheaply that it may be asked at every invocation; and the processor time of
a tree."""

from __future__ import annotations

import contextlib
import os
import sys
import time

from lambdacli.environments.sandbox.tree import descendants
from lambdacli.model.record import record

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_IS_LINUX = sys.platform == "linux"
_PEAK = b"\nVmHWM:"


class ProcessUse:
    """One process's figures through a descriptor that stays open: one read each, and never those of another
    process that got its number."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status = -1
        if _IS_LINUX:
            with contextlib.suppress(OSError):
                self._status = os.open(f"/proc/{pid}/status", os.O_RDONLY)

    def peak_kb(self) -> int:
        """The highest resident size that it ever had; 0 when it has ended. Where the system keeps no peak,
        the size now."""
        if not _IS_LINUX:
            from lambdacli.environments.sandbox import by_psutil

            return by_psutil.resident_kb(self.pid)
        if self._status < 0:
            return 0
        try:
            status = os.pread(self._status, 4096, 0)
        except OSError:
            return 0
        # The kernel escapes line ends in a process's name, so no name can look like a line of its own.
        at = status.find(_PEAK)
        return 0 if at < 0 else int(status[at + len(_PEAK) : status.find(b" kB", at)])

    def close(self) -> None:
        if self._status >= 0:
            os.close(self._status)
            self._status = -1


def process_cpu_ns(pid: int) -> int | None:
    """All the processor time that a process's threads ever used; None when the process is gone."""
    if not _IS_LINUX:
        from lambdacli.environments.sandbox import by_psutil

        return by_psutil.cpu_ns(pid)
    try:
        # What clock_getcpuclockid() answers. /proc/PID/schedstat counts the first thread only.
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return None


@record
class CpuUse:
    used_ns: int
    is_one_process: bool


class TreeCpu:
    """The processor time of a whole tree without a cgroup: never falls, though processes come and go.

    Ended children count through what their parents have collected of them, in the kernel's ticks of 10 ms.
    Not counted: children whose parent ignores SIGCHLD, once they are gone."""

    def __init__(self, root: int) -> None:
        """The root guards the tree; its own time is not the tree's."""
        self._root = root
        self._highest_ns = 0

    def use(self) -> CpuUse:
        total = _collected_ns(self._root)
        members = descendants(self._root)
        for member in members:
            total += (process_cpu_ns(member.pid) or 0) + _collected_ns(member.pid)
        self._highest_ns = max(self._highest_ns, total)
        return CpuUse(self._highest_ns, len(members) == 1)


def _collected_ns(pid: int) -> int:
    """User and system time of the children that this process has waited for."""
    if not _IS_LINUX:
        from lambdacli.environments.sandbox import by_psutil

        return by_psutil.collected_ns(pid)
    try:
        fields = _fields_of(pid)
        return (int(fields[13]) + int(fields[14])) * TICK_NS
    except OSError:
        return 0


def began_at(pid: int) -> float | None:
    """In seconds of the epoch; None: there is no such process. Of Linux."""
    try:
        ticks = int(_fields_of(pid)[19])
    except OSError:
        return None
    booted_at = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return booted_at + ticks * TICK_NS / 1e9


def _fields_of(pid: int) -> list[bytes]:
    """Of its stat, after the name, which may contain anything: first the state, which is the 3rd."""
    with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
        return file.read().rpartition(b")")[2].split()
