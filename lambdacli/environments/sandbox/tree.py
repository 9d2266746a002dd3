"""Who is below a process."""

from __future__ import annotations

import os
import sys

from lambdacli.model.record import record


@record
class Member:
    pid: int
    threads: int


def descendants(root: int) -> list[Member]:
    """Every process below the root, which is itself left out; empty when it is gone."""
    if sys.platform != "linux":
        from lambdacli.environments.sandbox import by_psutil

        return by_psutil.descendants(root)
    found: list[Member] = []
    unseen = [root]
    while unseen:
        pid = unseen.pop()
        try:
            threads = os.listdir(f"/proc/{pid}/task")
            for thread in threads:
                unseen.extend(map(int, _read(f"/proc/{pid}/task/{thread}/children").split()))
        except OSError:
            continue  # ended while we looked
        if pid != root:
            found.append(Member(pid, len(threads)))
    return found


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        data = os.read(descriptor, 65536)
        while piece := os.read(descriptor, 65536):
            data += piece
        return data
    finally:
        os.close(descriptor)
