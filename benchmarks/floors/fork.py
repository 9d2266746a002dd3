"""Times bare forks of a process that was grown to a size first: `python -m … SIZE_MB TIMES` prints ms."""

from __future__ import annotations

import gc
import os
import sys
import time


def main(size_mb: float, times: int) -> None:
    padding = bytearray(max(0, int(size_mb * 1_000_000) - _resident_bytes()))
    padding[:: os.sysconf("SC_PAGE_SIZE")] = b"\1" * len(padding[:: os.sysconf("SC_PAGE_SIZE")])
    gc.collect()
    gc.freeze()
    print(sorted(_fork_ms() for _ in range(times))[times // 2])


def _fork_ms() -> float:
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return (time.perf_counter() - began) * 1000


def _resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
