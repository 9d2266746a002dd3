"""The trace id of an invocation: taken over from its caller, or new."""

from __future__ import annotations

import random
import re
import time

_PART = re.compile(r"(?:^|;)\s*(Root|Sampled)=([^;]+)", re.IGNORECASE)


def trace_of(given: str) -> tuple[str, str]:
    """By the caller's X-Amzn-Trace-Id, if there is one: the trace id as the function gets it, and as answers
    show it. There AWS writes the keys in small letters and leaves the parent out."""
    if not given:
        root = new_root()
        return f"Root={root};Parent={random.getrandbits(64):016x};Sampled=0", f"root={root};sampled=0"
    trace_id = given if "Root" in _parts(given) else f"Root={new_root()};{given}"
    parts = _parts(trace_id)
    return trace_id, f"root={parts['Root']};sampled={parts.get('Sampled', '0')}"


def new_trace_id() -> str:
    return trace_of("")[0]


def new_root() -> str:
    """The time in a trace id is that of the wall, which no one moves: X-Ray refuses foreign times."""
    return f"1-{int(time.time()):08x}-{random.getrandbits(96):024x}"


def _parts(trace_id: str) -> dict[str, str]:
    return {name.capitalize(): value for name, value in _PART.findall(trace_id)}
