"""What nothing can be faster than: bytes over the loopback, a fork, the start of an interpreter, JSON."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import processes
from benchmarks.machine import REPOSITORY
from benchmarks.target import Target


def echo(log: Path) -> contextlib.AbstractContextManager[Target]:
    """An HTTP server on uvloop and httptools that answers with what it was sent."""
    return _served("echo_server", log)


def stream(log: Path) -> contextlib.AbstractContextManager[Target]:
    """A server on uvloop that streams 10 MB in pieces of 64 KB."""
    return _served("stream_server", log)


@contextlib.contextmanager
def _served(module: str, log: Path) -> Iterator[Target]:
    port = processes.free_port()
    command = [sys.executable, "-m", f"benchmarks.floors.{module}", str(port)]
    with processes.running(command, REPOSITORY, {}, log):
        processes.wait_for(lambda: processes.accepts(port), f"the {module} accepts connections")
        yield Target(port)


def fork_ms(size_mb: float, times: int = 20) -> float:
    """The median of a fork, the end of the child and the wait for it, in a Python process of this size."""
    command = [sys.executable, "-m", "benchmarks.floors.fork", f"{size_mb:.1f}", str(times)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return float(done.stdout)


def python_pass_ms() -> float:
    return process_ms([sys.executable, "-c", "pass"])


def process_ms(
    command: list[str], folder: Path | None = None, variables: dict[str, str] | None = None
) -> float:
    """A whole process, as the one who waits for it sees it."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, capture_output=True)
    took = (time.perf_counter() - began) * 1000
    if done.returncode != 0:
        raise RuntimeError(f"{command} failed: {done.stderr.decode(errors='replace').strip()}")
    return took


def json_ms(payload: bytes, times: int = 9) -> float:
    """The median of reading and writing a document in this interpreter."""
    figures = []
    for _ in range(times):
        began = time.perf_counter()
        json.dumps(json.loads(payload)).encode()
        figures.append((time.perf_counter() - began) * 1000)
    return sorted(figures)[times // 2]
