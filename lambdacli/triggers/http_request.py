"""One HTTP request and its answer, as every front in front of functions sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What each event format is made of."""

    method: str
    path: str
    """As it came, percent-escapes untouched, without the query."""
    query: str
    headers: Sequence[Header]
    """In their order, names as they were written, one for each time a header was sent."""
    body: bytes
    source_ip: str
    request_id: str
    received_at: datetime
    protocol: str = "HTTP/1.1"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    headers: Sequence[Header] = ()
    """A name may come more than once, as Set-Cookie does."""
    body: bytes | AsyncIterator[bytes] = b""
