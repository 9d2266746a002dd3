"""On what, when and of which commit the figures are."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).parents[1]
RESULTS = "benchmarks/RESULTS.md"
"""Written by each run; that changes nothing of what was measured."""


def facts(arguments: Sequence[str]) -> list[str]:
    memory = psutil.virtual_memory().total / 1024**3
    return [
        f"date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"machine: {os.cpu_count()} cores, {memory:.0f} GB memory, "
        f"{platform.system()} {platform.release()} {platform.machine()}",
        f"Python: {platform.python_version()} ({sys.implementation.name})",
        f"commit: {_commit()}",
        f"command: python -m benchmarks {' '.join(arguments)}".rstrip(),
    ]


def load_average() -> float:
    return os.getloadavg()[0]


def _commit() -> str:
    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, text=True)
        return done.stdout.strip()

    head = git("rev-parse", "--short", "HEAD") or "unknown"
    return (
        f"{head}, with changes"
        if git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{RESULTS}")
        else head
    )
