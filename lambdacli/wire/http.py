"""HTTP/1.1 for every door: requests in, responses out, over TCP or a unix socket. Knows nothing of Lambda."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end: over TCP both addresses, over a unix socket none."""

    is_unix: bool
    local: tuple[str, int] | None = None
    remote: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    """As it came, percent-escapes untouched, without the query."""
    query: str
    headers: Mapping[str, str]
    """Names in small letters; values of a repeated header are joined by `, `."""
    body: bytes
    peer: Peer
    is_body_too_large: bool = False
    """The body went over the server's limit; it was read to its end and thrown away, `body` is empty."""


@dataclass(slots=True)
class Response:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | AsyncIterator[bytes] = b""
    """An iterator is sent chunked, each piece flushed as it comes."""
    close: bool = False
    """Close the connection after this response."""


Handler = Callable[[Request], Awaitable[Response]]
