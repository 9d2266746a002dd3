"""One request that goes on to another server as it comes, and the answer that comes back: nothing is kept."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lambdacli.wire.messages import Request, Response

_log = logging.getLogger("lam.wire")

CONNECT_SECONDS = 10.0

_HELD_BYTES = 256 * 1024
"""So much of a body waits for a server that is slow to take it; then its sender waits."""

_OF_ONE_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "upgrade", "expect", "http2-settings"}
)
"""Said to us, not to the one behind us."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a request goes on."""

    address: Path | tuple[str, int]
    """A unix socket, or host and port."""
    is_tls: bool = False
    path_prefix: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Said instead of what the client says by the same names, which are in small letters."""


Route = Callable[[], Coroutine[Any, Any, "Upstream | Response"]]
"""Finds the server; a response refuses the request."""

Divert = Callable[[Request], Route | None]
"""Asked about each request when its head is there (its body is empty then). None: it is for the handler."""


class Client(Protocol):
    """The connection that the request comes from."""

    def send(self, data: bytes) -> bool:
        """Whether more may come at once; else `Handover.go_on_answering` tells."""

    def go_on(self) -> None:
        """The body may be sent, and read, on."""


class Handover(asyncio.Protocol):
    """Is fed with the body while `carry` runs, or before. The connection to the other server is one for this
    request only; so the answer ends where it ends, however it is framed."""

    def __init__(self, request: Request, find: Route) -> None:
        self.request = request
        self._find = find
        self._is_chunked = "chunked" in request.headers.get("transfer-encoding", "").lower()
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._is_thrown_away = False
        self._is_slow = False
        self._client: Client
        self._transport: asyncio.Transport | None = None
        self._has_answered = False
        self._is_over: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        return f"<Handover {self.request.method} {self.request.path}>"

    # What comes from the client

    @property
    def is_full(self) -> bool:
        """Nothing more of the body should be read before `Client.go_on`."""
        return self._held_bytes > _HELD_BYTES if self._transport is None else self._is_slow

    def feed(self, piece: bytes) -> None:
        if piece:
            self._pass_on(b"%x\r\n%b\r\n" % (len(piece), piece) if self._is_chunked else piece)

    def end(self) -> None:
        if self._is_chunked:
            self._pass_on(b"0\r\n\r\n")

    def go_on_answering(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    async def carry(self, client: Client) -> Response | None:
        """Until the answer is there, whole. A response is to be sent instead of it."""
        self._client = client
        found = await self._find()
        if isinstance(found, Response):
            return self._refused(found)
        self._is_over = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                transport = await self._connect(found)
        except (OSError, TimeoutError) as error:
            return self._refused(_bad_gateway(f"{_shown(found)} cannot be reached: {error or 'no answer'}"))
        try:
            transport.write(_head(self.request, found))
            transport.writelines(self._held)
            self._transport = transport
            self._held.clear()
            if not self._is_slow:
                client.go_on()
            await self._is_over
        finally:
            transport.abort()
        return None if self._has_answered else _bad_gateway(f"{_shown(found)} closed without an answer")

    # What the other server's connection tells

    def connection_lost(self, error: Exception | None) -> None:
        self._is_thrown_away = True
        if self._is_over is not None and not self._is_over.done():
            self._is_over.set_result(None)

    def eof_received(self) -> bool:
        return False

    def data_received(self, data: bytes) -> None:
        self._has_answered = True
        if not self._client.send(data) and self._transport is not None:
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        self._is_slow = True

    def resume_writing(self) -> None:
        self._is_slow = False
        if self._transport is not None:
            self._client.go_on()

    def _pass_on(self, data: bytes) -> None:
        if self._is_thrown_away:
            return
        if self._transport is None:
            self._held.append(data)
            self._held_bytes += len(data)
        elif not self._transport.is_closing():
            self._transport.write(data)

    def _refused(self, response: Response) -> Response:
        self._is_thrown_away = True
        self._held.clear()
        return response

    async def _connect(self, found: Upstream) -> asyncio.Transport:
        loop = asyncio.get_running_loop()
        if isinstance(found.address, Path):
            made, _ = await loop.create_unix_connection(lambda: self, str(found.address))
            return made
        made, _ = await loop.create_connection(lambda: self, *found.address, ssl=found.is_tls or None)
        return made


def _head(request: Request, found: Upstream) -> bytes:
    target = f"{found.path_prefix}{request.path}" + (f"?{request.query}" if request.query else "")
    told = {
        name: value
        for name, value in request.headers.items()
        if name not in _OF_ONE_CONNECTION and name not in found.headers
    }
    fields = "".join(f"{name}: {value}\r\n" for name, value in {**told, **found.headers}.items())
    return f"{request.method} {target} HTTP/1.1\r\n{fields}connection: close\r\n\r\n".encode("latin-1")


def _shown(found: Upstream) -> str:
    if isinstance(found.address, Path):
        return str(found.address)
    return f"{'https' if found.is_tls else 'http'}://{found.address[0]}:{found.address[1]}"


def _bad_gateway(what: str) -> Response:
    _log.warning("%s", what)
    return Response(502, {"Content-Type": "application/json"}, json.dumps({"message": what}).encode())
