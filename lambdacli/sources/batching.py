"""Which records make a batch, and when it is due. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lambdacli.sources.base import Record

PAYLOAD_BYTES = 6 * 1024 * 1024
"""Of the whole event."""
_BEGIN, _BETWEEN, _END = b'{"Records":[', b",", b"]}"


@dataclass(frozen=True, slots=True)
class BatchLimits:
    size: int
    window_seconds: float = 0.0
    """0: whatever is there goes at once."""
    payload_bytes: int = PAYLOAD_BYTES


def payload_of(records: Sequence[Record]) -> bytes:
    return _BEGIN + _BETWEEN.join(record.text for record in records) + _END


def batch_of(
    records: Sequence[Record], limits: BatchLimits, busy: Collection[str] = ()
) -> tuple[list[Record], list[Record]]:
    """The next batch, and what is left. A group that is `busy` waits, and so does all that comes after the
    first record that does not fit: nothing overtakes."""
    batch: list[Record] = []
    left: list[Record] = []
    length = len(_BEGIN) + len(_END)
    is_closed = False
    for record in records:
        more = len(record.text) + (len(_BETWEEN) if batch else 0)
        # A record that is too large for any batch makes one of its own.
        is_too_long = bool(batch) and length + more > limits.payload_bytes
        is_closed = is_closed or len(batch) >= limits.size or is_too_long
        if is_closed or record.group in busy:
            left.append(record)
            continue
        batch.append(record)
        length += more
    return batch, left


def is_full(records: Sequence[Record], limits: BatchLimits) -> bool:
    """One more would not fit, or might not: the window need not be waited for."""
    if len(records) >= limits.size:
        return True
    length = len(_BEGIN) + len(_END) - len(_BETWEEN)
    return length + sum(len(each.text) + len(_BETWEEN) for each in records) >= limits.payload_bytes


def due_in(
    records: Sequence[Record], limits: BatchLimits, opened_at: float, now: float, *, is_last: bool = False
) -> float | None:
    """Seconds until these go as they are; None: there are none. The window opened at `opened_at`, with the
    first of them; `is_last`: no others will come."""
    if not records:
        return None
    if is_last or is_full(records, limits):
        return 0.0
    return max(0.0, opened_at + limits.window_seconds - now)
