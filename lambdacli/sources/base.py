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


@dataclass(frozen=True, slots=True)
class Shard:
    """One ordered part of a stream."""

    id: str
    parents: tuple[str, ...] = ()
    """From which it was split or merged: their records come before its own."""
    is_closed: bool = False
    """Nothing is written to it any more."""


@dataclass(frozen=True, slots=True)
class Shards:
    life: str
    """Another one for a stream that was made again under its name."""
    shards: tuple[Shard, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """Where reading begins, in the words of both services."""

    type: str
    sequence_number: str | None = None
    timestamp: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    records: Sequence[Record]
    following: str | None
    """The iterator of the next page; None: the shard has ended."""
    is_at_end: bool = False
    """There is nothing behind it yet; if the shard is closed, never."""


class StreamSource(Protocol):
    # Seconds between two looks at a shard that had nothing.
    interval_seconds: float
    # How many records are given at once.
    at_once: int

    # All that there are.
    async def shards(self) -> Shards: ...

    # What the next page of a shard is asked for with.
    async def iterator(self, shard: str, position: Position) -> str: ...

    # At once, even if there is nothing.
    async def read(self, shard: str, iterator: str, count: int) -> Page: ...
