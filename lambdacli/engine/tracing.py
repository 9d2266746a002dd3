"""The trace header of an invocation: taken over from its caller, or new."""

from __future__ import annotations

import random
import time
from dataclasses import replace

from lambdacli.model.trace_header import parse_trace_header


def trace_of(given: str) -> tuple[str, str]:
    """By the caller's X-Amzn-Trace-Id, if there is one: the header as it goes on, and as answers show it.
    There AWS writes the keys in small letters and leaves the rest out."""
    if not given:
        root = _new_root()
        return _header_of(root), f"root={root};sampled=0"
    header = parse_trace_header(given)
    if header.root is None:
        header = replace(header, root=_new_root())
    return str(header), f"root={header.root};sampled={header.sampled or '0'}"


def trace_of_async(given: str) -> str:
    """InvokeAsync takes no trace over from its caller, but a loop through it is one."""
    lineage = parse_trace_header(given).lineage
    header = new_header()
    return header if lineage is None else f"{header};Lineage={lineage}"


def new_header() -> str:
    """Of an invocation that nobody's request led to."""
    return _header_of(_new_root())


def _header_of(root: str) -> str:
    return f"Root={root};Parent={random.getrandbits(64):016x};Sampled=0"


def _new_root() -> str:
    """The time in a trace id is that of the wall, which no one moves: X-Ray refuses foreign times."""
    return f"1-{int(time.time()):08x}-{random.getrandbits(96):024x}"
