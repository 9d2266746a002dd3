"""What travels over HTTP, as records: who is at the other end, a request, a response."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lambdacli.wire.inflow import Inflow


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end: over TCP both addresses, over a unix socket none."""

    is_unix: bool
    local: tuple[str, int] | None = None
    remote: tuple[str, int] | None = None


@dataclass(slots=True)
class Request:
    """Nobody changes it; it is not frozen, because that would triple the price of making one."""

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
    http_version: str = "1.1"
    trailers: Mapping[str, str] = field(default_factory=dict)
    """What stood after a chunked body, as headers do before it."""
    raw_headers: Sequence[tuple[bytes, bytes]] = ()
    """The headers as they came: in order, names as they were written, one entry for each time. Empty where
    a request was not read from a connection."""
    inflow: Inflow | None = None
    """The body, where the server hands it on as it comes; `body` and `trailers` are empty then. A response
    that is there before its end waits for that, and the rest is thrown away."""


class BrokenOff(Exception):
    """Raised by a response's iterator whose rest will never come: the client finds the response cut, and
    whoever raises it has told why."""


Pieces = AsyncIterator[bytes | Sequence[bytes]]
"""Several that come at once leave together."""


@dataclass(slots=True)
class Response:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    """Written as given, but for those that frame the message (Content-Length, Transfer-Encoding,
    Connection, Keep-Alive): the server writes these itself and drops what is here."""
    body: bytes | Pieces = b""
    """An iterator is sent chunked, each piece flushed as it comes. When the client goes away it is cancelled
    where it waits and closed."""
    close: bool = False
    """Close the connection after this response."""
    may_wait: bool = False
    """If the client has sent its next request already, it may get both responses together."""
    further_headers: Sequence[tuple[str, str]] = ()
    """Written after `headers`, under the same rules; a name may come again, as Set-Cookie does."""
    switch: Switch | None = None
    """Of a response with status 101: makes what speaks on the connection from now on. It is called even if
    the client has left, unless the request is cut; what it makes is told then that the connection is lost."""


class Talk(Protocol):
    """Another protocol than HTTP/1.1 on a connection of ours."""

    @property
    def is_busy(self) -> bool:
        """It waits for work of our own, not for its client."""

    # The server stops: what was begun may come to its end, and nothing more begins.
    def leave(self) -> None: ...

    # What the transport tells.

    def data_received(self, data: bytes) -> None: ...

    def connection_lost(self) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...


Switch = Callable[[asyncio.Transport, Callable[[], None]], Talk]
"""Takes the connection, and what closes it for a client to whom all was said."""


class Pending(Awaitable[Response], Protocol):
    """A response that comes later: a Future, or what behaves like one and calls back without a turn of the
    loop. It is never cancelled."""

    # Calls back once, with itself, when the response is there.
    def add_done_callback(self, tell: Callable[[Any], object], /) -> object: ...

    def result(self) -> Response: ...


Answer = Response | Pending | Coroutine[Any, Any, Response]
Handler = Callable[[Request], Answer]
"""A coroutine runs in a task of its own, which is cancelled when the server cuts the request; what is there
at once, or is brought by a callback, needs none."""
TakesPieces = Callable[[Mapping[str, str]], bool]
"""Asked with the headers of a request whose body is still to come: whether its handler wants an inflow. One
that came whole, in one piece with its head, may be given whole all the same."""
Accept = Callable[[Peer], Response | None]
"""Asked once a connection, before a byte is read: a response refuses it."""
