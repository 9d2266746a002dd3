"""What every source gives, and how one fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Record:
    """One message of a queue, or one record of a stream."""

    id: str
    """What a function that reports failures names it by."""
    text: bytes
    """As the function gets it: JSON."""
    fields: Mapping[str, Any]
    """What filter patterns speak of."""
    handle: str = ""
    """Of this receipt, where one is needed to delete it."""
    group: str | None = None
    """Records of one group are in order, one batch at a time."""
    trace_header: str | None = None
    arrived_at: float = 0.0
    """At its source, in seconds since 1970."""

    def __repr__(self) -> str:
        return f"<Record {self.id}>"


class SourceError(Exception):
    """A source could not be read: what happened, and what to do."""

    def __init__(self, message: str, code: str = "", *, is_missing: bool = False) -> None:
        """`code` is the other service's own; `is_missing`: there is no such queue or stream."""
        super().__init__(message)
        self.code = code
        self.is_missing = is_missing


class QueueSource(Protocol):
    # Whether it can be read: for how many seconds it hides what it gives. SourceError if it cannot.
    async def open(self) -> float: ...

    # Waits a while for some, at most so many; they stay hidden until they are deleted, or their time is over.
    async def receive(self, count: int, hidden_seconds: int | None) -> Sequence[Record]: ...

    # Those that could not be come again, and are told of.
    async def delete(self, records: Sequence[Record]) -> None: ...

    # They can be received again at once.
    async def put_back(self, records: Sequence[Record]) -> None: ...
