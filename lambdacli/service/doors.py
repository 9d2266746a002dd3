"""Where the service is reached: a TCP port, its unix socket, and places inside the networks of
environments."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

from lambdacli.model import limits
from lambdacli.service.door import DoorSettings, refuse_connection
from lambdacli.service.ending import DRAIN_SECONDS
from lambdacli.service.settings import DEFAULT_PORT, StartFailure
from lambdacli.wire.handover import Divert, Route
from lambdacli.wire.http import Answer, Handler, HttpServer, Peer, Request, Response
from lambdacli.wire.relay import Relay

HOST = "127.0.0.1"
PORTS_TRIED = 100


class Doors:
    """There before they are opened: environments are told where the service will be. `serve` comes first,
    then both doors, `drain` and `close`."""

    def __init__(self, rules: DoorSettings) -> None:
        self.endpoint = ""
        """Empty until the TCP port is open."""
        self._rules = rules
        self._are_closed = False

    def serve(self, handle: Handler, divert: Divert) -> None:
        rules = self._rules
        self._handle = handle
        self._divert = divert
        self._server = HttpServer(
            handle,
            max_body_bytes=limits.CREATE_FUNCTION_REQUEST_BYTES,
            accept=lambda peer: refuse_connection(peer, rules),
            divert=divert,
        )

    async def open_port(self, chosen: int | None) -> None:
        """A port that somebody chose must be free; the default slides to the next free one."""
        self.endpoint = f"http://{HOST}:{await self._listen(chosen)}"

    async def open_socket(self, socket: Path) -> None:
        try:
            await self._server.listen_unix(socket)
        except OSError as error:
            raise StartFailure(f"{socket} cannot be used ({error.strerror})") from error

    async def drain(self) -> None:
        """Nobody comes in any more; running requests end."""
        self._are_closed = True
        await self._server.stop(DRAIN_SECONDS)

    async def close(self) -> None:
        self._are_closed = True
        await self._server.stop(0)

    @property
    def port(self) -> int:
        return int(self.endpoint.rpartition(":")[2])

    # Doors of environments

    def refuse_at_runtime_api(self, peer: Peer, uid: int) -> Response | None:
        """Only who is this user may speak to an environment's Runtime API."""
        return refuse_connection(peer, replace(self._rules, uid=uid, environment_uids=None))

    def inside(self, host: str, port: int) -> HttpServer | Relay:
        """In a network of an environment's own: the API itself, or the way to another service. Only the
        environment can connect there; all other rules of the door hold."""
        if f"http://{host}:{port}" != self.endpoint:
            return Relay(host, port)
        return HttpServer(
            self._answer_inside,
            max_body_bytes=limits.CREATE_FUNCTION_REQUEST_BYTES,
            divert=self._divert_inside,
        )

    def _answer_inside(self, request: Request) -> Answer:
        if self._are_closed:
            # Whoever could connect from outside is not heard any more either.
            return Response(503, {"x-amzn-ErrorType": "ServiceException"}, b"{}", close=True)
        return self._handle(request)

    def _divert_inside(self, request: Request) -> Route | None:
        return None if self._are_closed else self._divert(request)

    async def _listen(self, chosen: int | None) -> int:
        candidates = [chosen] if chosen is not None else range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED)
        for port in candidates:
            try:
                return await self._server.listen_tcp(HOST, port)
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES) or chosen is not None:
                    raise StartFailure(
                        f"port {port} cannot be used ({os.strerror(error.errno or 0)})\n\n"
                        "hint: choose another with --port or `port:` in lam.yaml"
                    ) from error
        raise StartFailure(f"no port from {DEFAULT_PORT} to {DEFAULT_PORT + PORTS_TRIED - 1} is free")
