"""The process of the neighbour services: found by its lock and its record, and ended. Whoever has the state
folder can: the service, and a command line that finds no service."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from dataclasses import asdict
from pathlib import Path

from lambdacli.model.record import record

END_SECONDS = 5.0
"""Then it is killed."""
_POLL_SECONDS = 0.02


@record
class Neighbours:
    """A process that serves AWS services beside Lambda, for one lam service."""

    pid: int
    socket: str
    version: str
    """Of the lam that started it."""
    moto: str
    """The version of moto in it."""
    started_at: str


def lock_file(state: Path) -> Path:
    """Held by the process as long as it lives: the kernel gives it back, however it ends. So a process id in
    the record of who holds it is never a stranger's who got the same number."""
    return state / "neighbours.lock"


def record_file(state: Path) -> Path:
    return state / "neighbours.json"


def log_file(state: Path) -> Path:
    return state / "neighbours.log"


def write_record(state: Path, neighbours: Neighbours) -> None:
    """By the holder of the lock. Whole or not at all."""
    record = record_file(state)
    temporary = record.with_suffix(".new")
    temporary.write_text(json.dumps(asdict(neighbours)))
    temporary.replace(record)


def is_held(state: Path) -> bool:
    try:
        descriptor = os.open(lock_file(state), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def living(state: Path) -> Neighbours | None:
    """The process, if there is one that is ready."""
    if not is_held(state):
        return None
    try:
        return Neighbours(**json.loads(record_file(state).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None  # it is just starting


def end(state: Path, found: Neighbours) -> None:
    """Returns when the process is gone."""
    begun = time.monotonic()
    _signal(found.pid, signal.SIGTERM)
    while is_held(state):
        if time.monotonic() - begun > END_SECONDS:
            _signal(found.pid, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
    for left in (Path(found.socket), record_file(state)):
        left.unlink(missing_ok=True)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
