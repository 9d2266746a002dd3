"""How much memory a process tree uses, now and at its peak."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import psutil

PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


@dataclass(frozen=True, slots=True)
class TreeUse:
    memory_kb: int
    processes: int
    """Processes and threads, as the limit counts them."""


def tree_use(root: int) -> TreeUse | None:
    """Memory and tasks below a guardian (itself left out); None when the tree is gone.

    A single process counts with its resident size, which is one read. Several share pages since their fork,
    so each counts with its proportional share."""
    if sys.platform != "linux":
        return _tree_use_by_psutil(root)
    processes = _descendants(root)
    if not processes:
        return None
    tasks = sum(count for _, count in processes)
    if len(processes) == 1:
        memory = _resident_kb(processes[0][0])
    else:
        memory = sum(_proportional_kb(pid) for pid, _ in processes)
    return TreeUse(memory, tasks)


class PeakGauge:
    """The highest resident size that a process ever had. It is asked for with every invocation: the file
    stays open, and tells nothing of another process that gets the same number later."""

    def __init__(self, pid: int) -> None:
        try:
            self._fd = os.open(f"/proc/{pid}/status", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._fd = -1

    def kb(self) -> int:
        """0 when the process is gone or the system does not tell."""
        if self._fd < 0:
            return 0
        try:
            text = os.pread(self._fd, 4096, 0)
        except OSError:
            return 0
        _, found, rest = text.partition(b"VmHWM:")
        return int(rest[: rest.index(b"kB")]) if found else 0

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _descendants(root: int) -> list[tuple[int, int]]:
    """(pid, number of threads) of every process below."""
    found: list[tuple[int, int]] = []
    unseen = [root]
    while unseen:
        pid = unseen.pop()
        try:
            threads = os.listdir(f"/proc/{pid}/task")
            for thread in threads:
                with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                    unseen.extend(int(child) for child in file.read().split())
        except OSError:
            continue  # ended while we looked
        if pid != root:
            found.append((pid, len(threads)))
    return found


def _resident_kb(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * PAGE_KB
    except (OSError, IndexError):
        return 0


def _proportional_kb(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def _tree_use_by_psutil(root: int) -> TreeUse | None:
    try:
        processes = psutil.Process(root).children(recursive=True)
    except psutil.NoSuchProcess:
        return None
    memory = tasks = 0
    for process in processes:
        try:
            memory += process.memory_info().rss // 1024
            tasks += process.num_threads()
        except psutil.Error:
            continue
    return TreeUse(memory, tasks) if processes else None
