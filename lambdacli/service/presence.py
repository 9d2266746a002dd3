"""That this service is here: the lock that keeps a second one away, and the record by which it is found."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lambdacli.service.settings import StartFailure


@contextmanager
def only_instance(state: Path) -> Iterator[None]:
    """The kernel gives the lock back when the process ends, however it ends."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (state / "service.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartFailure(f"a service with the state folder {state} is running already") from None
        yield


def write_record(state: Path, identity: Mapping[str, object]) -> None:
    """Whole or not at all."""
    record = _record(state)
    temporary = record.with_suffix(".new")
    temporary.write_text(json.dumps(identity))
    temporary.replace(record)


def remove_record(state: Path) -> None:
    _record(state).unlink(missing_ok=True)


def _record(state: Path) -> Path:
    return state / "service.json"
