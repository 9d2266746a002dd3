"""A network of an environment's own, as the service holds it: doors that are open inside, and a way out."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

from lambdacli.environments.runtime_api import PORT
from lambdacli.environments.sandbox.outbound import NoWayOut, WayOut

logger = logging.getLogger("lam.environments")

RUNTIME_API = ("127.0.0.1", PORT)
MOST_DOORS = 32
DIALS = 24
"""Connections that the service can make inside one that is debugged; with the doors, all in one message."""
NOTHING_OUTSIDE = (
    "network: isolated: nothing outside can be reached, for neither pasta nor slirp4netns is installed "
    "(Debian's package is passt)"
)

Address = tuple[str, int]


class Door(Protocol):
    """Serves bound sockets until it is stopped."""

    async def listen_socket(self, sock: socket.socket) -> None: ...

    async def stop(self, grace_seconds: float) -> None: ...


class OwnNetwork:
    def __init__(self, doors: Mapping[Address, Door], way_out: WayOut | None, *, dials: int = 0) -> None:
        """Of the `dials`, each is good for one connection from here to what listens inside."""
        self.dials = dials
        self.problem: str | None = None
        """What does not work of the way out."""
        self._doors = dict(doors)
        self._way_out = way_out
        self._unused: list[socket.socket] = []

    def notices(self) -> tuple[str, ...]:
        if self._way_out is None:
            return (NOTHING_OUTSIDE,)
        if self.problem is None:
            return ()
        return (f"network: isolated: nothing outside can be reached: {self.problem}",)

    @property
    def has_way_out(self) -> bool:
        return self._way_out is not None

    def addresses(self) -> list[Address]:
        """Where listeners are made inside, in the order in which they are handed out."""
        return list(self._doors)

    async def open(self, descriptors: list[int]) -> None:
        """Takes what keeper/network.py hands out."""
        *sockets, routes_fd, network, user = descriptors
        listeners, dials = sockets[: len(self._doors)], sockets[len(self._doors) :]
        self._unused = [socket.socket(fileno=descriptor) for descriptor in dials]
        try:
            with socket.socket(fileno=routes_fd) as routes:
                for door in self._doors.values():
                    await door.listen_socket(socket.socket(fileno=listeners.pop(0)))
                if self._way_out is not None:
                    await self._way_out.open(network, user, routes)
        except NoWayOut as failure:
            logger.warning("network: isolated: nothing outside can be reached: %s", failure)
            self.problem = str(failure)
        finally:
            for descriptor in (network, user, *listeners):
                os.close(descriptor)

    async def dial(self, address: Address) -> socket.socket:
        """A connection to what listens inside; OSError when nothing does."""
        if not self._unused:
            raise OSError(errno.EMFILE, "no more connections can be made inside")
        dial = self._unused[-1]
        dial.setblocking(False)
        await asyncio.get_running_loop().sock_connect(dial, address)
        self._unused.remove(dial)
        return dial

    async def close(self) -> None:
        for dial in self._unused:
            dial.close()
        self._unused.clear()
        for door in self._doors.values():
            await door.stop(0)
        if self._way_out is not None:
            await self._way_out.close()


def published(urls: Mapping[str, str]) -> dict[Address, Address]:
    """Of the services whose URLs lead to this machine's loopback: where each is to be found inside, and where
    it is outside. Other URLs lead where they lead."""
    found: dict[Address, Address] = {}
    for url in urls.values():
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        inside = "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host
        if (inside.startswith("127.") or inside == "::1") and (inside, port) != RUNTIME_API:
            found.setdefault((inside, port), (host, port))
    return dict(list(found.items())[:MOST_DOORS])
