"""What psutil tells of processes, where the kernel has no /proc to read. Imported with the first question:
Linux needs none of its megabyte."""

from __future__ import annotations

import psutil

from lambdacli.environments.sandbox.member import Member


def descendants(root: int) -> list[Member]:
    found: list[Member] = []
    try:
        processes = psutil.Process(root).children(recursive=True)
    except psutil.NoSuchProcess:
        return found
    for process in processes:
        try:
            found.append(Member(process.pid, process.num_threads()))
        except psutil.Error:
            continue
    return found


def resident_kb(pid: int) -> int:
    """0 when it has ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss) // 1024
    except psutil.Error:
        return 0


def cpu_ns(pid: int) -> int | None:
    """None when it has ended."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return int((times.user + times.system) * 1e9)


def collected_ns(pid: int) -> int:
    """Of the children that it has waited for."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0
    return int((times.children_user + times.children_system) * 1e9)


def count_processes() -> int:
    """Of all users."""
    return len(psutil.pids())
