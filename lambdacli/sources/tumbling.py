"""Tumbling windows: records by the time at which they arrived, and a state from batch to batch. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby

from lambdacli.model.outcome import Outcome, platform_error
from lambdacli.sources.base import Record
from lambdacli.sources.batching import payload_of

STATE_BYTES = 1024 * 1024
"""A state that is larger ends its window early."""
NO_STATE = "{}"


@dataclass(frozen=True, slots=True)
class Window:
    """One that is open."""

    start: int
    """In seconds since 1970: a multiple of its length."""
    length: int
    state: str = NO_STATE
    """JSON, as the function gave it."""

    @property
    def end(self) -> int:
        return self.start + self.length

    @property
    def is_too_large(self) -> bool:
        return len(self.state.encode()) > STATE_BYTES


def by_window(records: Sequence[Record], length: int) -> Iterator[tuple[int, list[Record]]]:
    """The records of one window after the other, each with the window's start."""
    for start, group in groupby(records, lambda record: int(record.arrived_at // length) * length):
        yield start, list(group)


def windowed_payload(
    records: Sequence[Record], window: Window, shard: str, arn: str, *, is_final: bool
) -> bytes:
    around = {
        "window": {"start": _moment(window.start), "end": _moment(window.end)},
        "shardId": shard,
        "eventSourceARN": arn,
        "isFinalInvokeForWindow": is_final,
        "isWindowTerminatedEarly": is_final and window.is_too_large,
    }
    text = json.dumps(around, separators=(",", ":")).encode()
    return payload_of(records)[:-1] + b',"state":' + window.state.encode() + b"," + text[1:]


def with_state(window: Window, outcome: Outcome) -> tuple[Window, Outcome]:
    """After an invocation. One that gives no state has failed."""
    if outcome.function_error is not None:
        return window, outcome
    try:
        answer = json.loads(outcome.payload)
    except (ValueError, RecursionError):
        answer = None
    state = answer.get("state") if isinstance(answer, dict) else None
    if not isinstance(state, dict):
        error = platform_error("Runtime.NoState", "a function of a tumbling window must return a state")
        failed = Outcome(error, outcome.executed_version, function_error="Unhandled")
        return window, failed
    return replace(window, state=_text_of(state)), outcome


def _text_of(state: object) -> str:
    text = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(state, separators=(",", ":"))  # half a character has no bytes of its own
    return text


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
