"""How much memory a process tree uses now."""

from __future__ import annotations

import os
import sys

from lambdacli.environments.sandbox.member import Member
from lambdacli.environments.sandbox.tree import descendants
from lambdacli.model.record import record

PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


@record
class TreeUse:
    memory_kb: int
    tasks: int
    """Processes and threads, as the limit counts them."""
    is_one_process: bool


def tree_use(root: int) -> TreeUse | None:
    """Memory and tasks below a guardian (itself left out); None when the tree is gone."""
    return use_of(descendants(root))


def use_of(members: list[Member]) -> TreeUse | None:
    """A single process counts with its resident size, which is one read. Several share pages since their
    fork, so each counts with its proportional share."""
    if not members:
        return None
    tasks = sum(member.threads for member in members)
    is_one_process = len(members) == 1
    measure = _resident_kb if is_one_process or sys.platform != "linux" else _proportional_kb
    return TreeUse(sum(measure(member.pid) for member in members), tasks, is_one_process)


def _resident_kb(pid: int) -> int:
    if sys.platform != "linux":
        from lambdacli.environments.sandbox import by_psutil

        return by_psutil.resident_kb(pid)
    try:
        with open(f"/proc/{pid}/statm", "rb", buffering=0) as file:
            return int(file.read(4096).split()[1]) * PAGE_KB
    except (OSError, IndexError):
        return 0


def _proportional_kb(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb", buffering=0) as file:
            for line in file.read(4096).splitlines():
                if line.startswith(b"Pss:"):
                    return int(line.split()[1])
    except PermissionError:
        # A process can forbid that look (PR_SET_DUMPABLE), but not hide how large it is.
        return _resident_kb(pid)
    except OSError:
        pass
    return 0
