"""Which files of a cgroup hold which limit and figure, in both versions of the kernel's interface. Pure."""

from __future__ import annotations

from lambdacli.environments.sandbox.cpu_share import PERIOD_SECONDS
from lambdacli.model.record import record

LIMITING = ("memory", "cpu", "pids")
"""The controllers that a limit needs, whatever the version."""
PERIOD_US = round(PERIOD_SECONDS * 1_000_000)
QUOTA_US_MINIMUM = 1000


@record
class Write:
    controller: str
    file: str
    text: str
    is_optional: bool = False
    """Not every kernel has this file, or lets it be written."""


@record
class Figure:
    controller: str
    file: str
    key: bytes
    """The first word of the line that holds the figure."""


@record
class Dialect:
    version: int
    out_of_memory_kills: Figure


V1 = Dialect(1, Figure("memory", "memory.oom_control", b"oom_kill"))
V2 = Dialect(2, Figure("memory", "memory.events", b"oom_kill"))


def limit_writes(dialect: Dialect, memory_bytes: int, tasks: int) -> list[Write]:
    """What is written into a new cgroup, in this order. Memory is memory: none of it goes to swap."""
    size = str(memory_bytes)
    if dialect is V1:
        return [
            Write("memory", "memory.limit_in_bytes", size),
            Write("memory", "memory.memsw.limit_in_bytes", size, is_optional=True),
            Write("pids", "pids.max", str(tasks)),
        ]
    return [
        Write("memory", "memory.max", size),
        Write("memory", "memory.swap.max", "0", is_optional=True),
        Write("memory", "memory.oom.group", "1", is_optional=True),
        Write("pids", "pids.max", str(tasks)),
    ]


def share_writes(dialect: Dialect, share: float | None) -> list[Write]:
    """`share` is in cores; None takes the limit away. A cgroup above that has less refuses more: it limits us
    already, so that is no failure."""
    quota = None if share is None else max(QUOTA_US_MINIMUM, round(share * PERIOD_US))
    if dialect is V1:
        return [
            Write("cpu", "cpu.cfs_period_us", str(PERIOD_US), is_optional=True),
            Write("cpu", "cpu.cfs_quota_us", "-1" if quota is None else str(quota), is_optional=True),
        ]
    return [Write("cpu", "cpu.max", f"{'max' if quota is None else quota} {PERIOD_US}", is_optional=True)]


def figure_in(data: bytes, key: bytes) -> int | None:
    """None when the file does not tell it."""
    for line in data.splitlines():
        name, _, value = line.partition(b" ")
        if name == key:
            return int(value)
    return None
