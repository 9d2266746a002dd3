"""HTTP/1.1 for every door: requests in, responses out, over TCP or a unix socket. Knows nothing of Lambda."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from contextlib import suppress
from pathlib import Path

from lambdacli.wire.connection import Connection
from lambdacli.wire.connections import Connections
from lambdacli.wire.handover import Divert
from lambdacli.wire.inflow import BodyTaker, Inflow
from lambdacli.wire.messages import Accept, Answer, Handler, Peer, Pending, Request, Response, TakesPieces
from lambdacli.wire.reader import Limits

__all__ = [
    "Accept",
    "Answer",
    "BodyTaker",
    "Handler",
    "HttpServer",
    "Inflow",
    "Peer",
    "Pending",
    "Request",
    "Response",
]

_log = logging.getLogger("lam.wire")

_BACKLOG = 4096
"""A thousand callers may come at once; a connection beyond the backlog is tried again only a second later."""

_STUCK_SECONDS = 5.0
"""How long `stop` waits for clients who neither finish their request nor read their answer."""

_CUT_SECONDS = 1.0
"""How long a cancelled request may take to clean up before `stop` leaves it behind."""


class HttpServer:
    """Serves `handler` on any number of sockets until `stop`."""

    def __init__(
        self,
        handler: Handler,
        *,
        max_body_bytes: int,
        max_header_bytes: int = 1024 * 1024,
        header_timeout_seconds: float = 30,
        accept: Accept | None = None,
        body_ceiling_bytes: float | None = None,
        divert: Divert | None = None,
        takes_pieces: TakesPieces | None = None,
    ) -> None:
        """A body over `max_body_bytes` is thrown away, up to the ceiling (four times as much, if unsaid).
        What `divert` leads to another server has no limits here; only with it is HTTP/2 understood. Nor has a
        body that `takes_pieces` hands on as it comes."""
        ceiling = 4 * max_body_bytes if body_ceiling_bytes is None else body_ceiling_bytes
        self._handler = handler
        self._limits = Limits(max_body_bytes, max_header_bytes, header_timeout_seconds, ceiling)
        self._accept = accept
        self._divert = divert
        self._takes_pieces = takes_pieces
        self._connections = Connections()
        self._listeners: list[asyncio.AbstractServer] = []
        self._socket_files: list[tuple[Path, int]] = []

    def __repr__(self) -> str:
        return f"<HttpServer {len(self._listeners)} listeners, {self._connections!r}>"

    async def listen_tcp(self, host: str, port: int) -> int:
        """Returns the port, chosen by the system when `port` is 0. A port that is taken is an OSError."""
        # The loop would ask for the address of a name, which brings the tables of names in all scripts.
        listener = socket.create_server((host, port), backlog=_BACKLOG)
        await self.listen_socket(listener)
        bound_port: int = listener.getsockname()[1]
        return bound_port

    async def listen_unix(self, path: Path) -> None:
        """A file that a dead server left is replaced; one that a living server answers on is an OSError."""
        _remove_stale_socket(path)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.bind(str(path))
            # Nobody can connect between bind and listen, so the file never answers with a wider mode.
            path.chmod(0o600)
            self._socket_files.append((path, path.stat().st_ino))
            await self.listen_socket(sock)
        except BaseException:
            sock.close()
            raise

    async def listen_socket(self, sock: socket.socket) -> None:
        """Serves a bound socket, which from now on is the server's to close."""
        loop = asyncio.get_running_loop()
        sock.setblocking(False)
        create = loop.create_unix_server if sock.family == socket.AF_UNIX else loop.create_server
        self._listeners.append(await create(self._new_connection, sock=sock, backlog=_BACKLOG))

    async def stop(self, grace_seconds: float) -> None:
        """May be called again, also while it runs: a second call with no grace cuts at once."""
        # 1. Accept nobody any more, and leave no socket file that nobody answers on.
        self._connections.is_stopping = True
        while self._listeners:
            self._listeners.pop().close()
        while self._socket_files:
            _remove_own_socket(*self._socket_files.pop())
        # 2. Close the connections that only wait for a next request.
        for connection in self._connections.all():
            connection.close_if_idle()
        # 3. Let running requests come to their end. Whom only the client could bring there get less time.
        deadline = asyncio.get_running_loop().time() + grace_seconds
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            if await self._connections.are_gone_within(min(left, _STUCK_SECONDS)):
                return
            for connection in self._connections.all():
                connection.cut_if_stuck()
        # 4. Cut the rest. What they were told in step 2 leaves the machine first.
        await asyncio.sleep(0)
        for connection in self._connections.all():
            connection.cut()
        if not await self._connections.are_gone_within(_CUT_SECONDS):
            _log.warning("requests outlived their cancellation and were left behind: %r", self._connections)

    def _new_connection(self) -> Connection:
        return Connection(
            self._handler, self._limits, self._connections, self._accept, self._divert, self._takes_pieces
        )


def _remove_stale_socket(path: Path) -> None:
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except BlockingIOError:
            pass  # somebody listens, whose backlog is full
    raise OSError(
        errno.EADDRINUSE, f"{os.strerror(errno.EADDRINUSE)}: another server answers on it", str(path)
    )


def _remove_own_socket(path: Path, inode: int) -> None:
    # Another server may have put its own file there since.
    with suppress(FileNotFoundError):
        if path.stat().st_ino == inode:
            path.unlink()
