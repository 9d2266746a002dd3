"""Which port belongs to which function's debugger: follows from its name, is written down, and stays."""

from __future__ import annotations

import errno
import json
import os
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path

from lambdacli.model.attachment import HOST
from lambdacli.model.record import record

FIRST_PORT, PORTS = 20_000, 10_000
"""Below what systems give away to connections that need any port."""
PORTS_TRIED = 100


class PortTaken(Exception):
    """What happened, and what to do."""


@record
class Claimed:
    bound: socket.socket
    note: str | None
    """When it is not the port that the function usually has."""


def derived_port(project: str, function: str) -> int:
    """The same function of two projects has two ports."""
    return FIRST_PORT + zlib.crc32(f"{project}\0{function}".encode()) % PORTS


class DebugPorts:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = _read(file)

    def of(self, function: str) -> int:
        """Its own from now on."""
        if function not in self._known:
            taken = set(self._known.values())
            usual = derived_port(str(self._file.parent), function)
            self._remember(function, next(port for port in _from(usual, PORTS) if port not in taken))
        return self._known[function]

    def claim(self, function: str, chosen: int | None) -> Claimed:
        """A port that somebody chose must be free; otherwise the next that is free and nobody else's."""
        if chosen is not None:
            return Claimed(self._bound_as_chosen(function, chosen), None)
        is_new = function not in self._known
        usual = self.of(function)
        others = {port for name, port in self._known.items() if name != function}
        for port in _from(usual, PORTS_TRIED):
            if port in others:
                continue
            try:
                bound = _bound(port)
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise
                continue
            if port == usual:
                return Claimed(bound, None)
            if is_new:
                self._remember(function, port)
                return Claimed(bound, None)
            note = (
                f"port {usual} is taken by another program: this time the debugger of {function} is at {port}"
            )
            return Claimed(bound, note)
        raise PortTaken(
            f"no port from {usual} on is free for the debugger of {function}; choose one: "
            "`debug: {port: N}` in lam.yaml"
        )

    def _bound_as_chosen(self, function: str, port: int) -> socket.socket:
        try:
            return _bound(port)
        except OSError as error:
            raise PortTaken(
                f"port {port} cannot be used for the debugger of {function} "
                f"({os.strerror(error.errno or 0)}); choose another: `debug: {{port: N}}` in lam.yaml"
            ) from error

    def _remember(self, function: str, port: int) -> None:
        self._known = {**self._known, function: port}
        temporary = self._file.with_suffix(".new")
        temporary.write_text(json.dumps(self._known, indent=1, sort_keys=True))
        temporary.replace(self._file)


def _from(port: int, count: int) -> Iterator[int]:
    return (FIRST_PORT + (port - FIRST_PORT + step) % PORTS for step in range(count))


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
        # Two sockets may be bound alike as long as neither listens.
        bound.listen()
    except BaseException:
        bound.close()
        raise
    return bound


def _read(file: Path) -> dict[str, int]:
    """What cannot be read is made anew: the ports follow from the names."""
    try:
        known = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {
        name: port
        for name, port in known.items()
        if isinstance(port, int) and FIRST_PORT <= port < FIRST_PORT + PORTS
    }
