"""The rows of the table: each module measures one thing and returns what it found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.findings import Finding
from benchmarks.rows import (
    cold,
    command,
    crash,
    crowd,
    events,
    flat,
    freeze,
    load,
    memory,
    payload,
    sockets,
    store,
    stream,
    url,
    warm,
)
from benchmarks.stage import Stage

ROWS: dict[str, Callable[[Stage], Sequence[Finding]]] = {
    "warm": warm.run,
    "freeze": freeze.run,
    "load": load.run,
    "cold": cold.run,
    "payload": payload.run,
    "stream": stream.run,
    "crowd": crowd.run,
    "sockets": sockets.run,
    "command": command.run,
    "memory": memory.run,
    "flat": flat.run,
    "events": events.run,
    "crash": crash.run,
    "store": store.run,
    "url": url.run,
}
