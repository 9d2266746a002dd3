"""The way out of a network of an environment's own: a program that carries its traffic, as this user, over
the machine's network. It leads to other machines, never to this one's loopback."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import struct
from pathlib import Path

from lambdacli.environments.command import Command, Exit, StartError
from lambdacli.environments.log_channel import LogChannel
from lambdacli.environments.process import Keeper
from lambdacli.environments.process_tree import ProcessTree
from lambdacli.model.record import record

logger = logging.getLogger("lam.environments")

PROGRAMS = ("pasta", "slirp4netns")
"""In order of preference; Debian's package of the first is called passt."""
ADDRESS, GATEWAY, RESOLVER, PREFIX_BITS = "203.0.113.100", "203.0.113.2", "203.0.113.3", 24
"""From a range that is kept for documentation: nobody has a machine there that is wanted."""
INTERFACE = "eth0"
PATIENCE_SECONDS = 5.0
NEW_ROUTE = 24
_MESSAGE_HEAD = struct.Struct("IHHII")


class NoWayOut(Exception):
    """The program does not run, or not well."""


@record
class Program:
    name: str
    path: str


def find_program() -> Program | None:
    for name in PROGRAMS:
        path = shutil.which(name)
        if path is not None:
            return Program(name, path)
    return None


def arguments(program: Program, *, is_root: bool) -> tuple[str, ...]:
    """The network namespace is its stdin. None of this machine's ports is carried inside, and no address
    there stands for this machine's loopback."""
    network = "/proc/self/fd/0"
    if program.name == "slirp4netns":
        options = ["--configure", "--disable-host-loopback", "--mtu=65520"]
        cidr = f"{GATEWAY.rpartition('.')[0]}.0/{PREFIX_BITS}"
        return (program.path, *options, f"--cidr={cidr}", "--netns-type=path", network, INTERFACE)
    return (
        program.path,
        *("--foreground", "--quiet", "--stderr"),
        *("--netns", network, "--netns-only", "--no-netns-quit"),
        *(("--runas", "0") if is_root else ()),
        *("--config-net", "--ipv4-only", "--ns-ifname", INTERFACE, "--no-dhcp"),
        *("--address", ADDRESS, "--netmask", str(PREFIX_BITS), "--gateway", GATEWAY, "--no-map-gw"),
        *("--dns-forward", RESOLVER),
        *("--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none"),
    )


def resolver_file(of_machine: Path) -> str:
    """Names are asked of the program, which asks whom this machine asks. Where to look for short names
    stays."""
    try:
        lines = of_machine.read_text().splitlines()
    except OSError:
        lines = []
    kept = [line for line in lines if line.split()[:1] in (["search"], ["domain"], ["options"])]
    return "\n".join([f"nameserver {RESOLVER}", *kept, ""])


class WayOut:
    """One environment's."""

    def __init__(self, keeper: Keeper, program: Program) -> None:
        self._keeper = keeper
        self._program = program
        self._said: list[str] = []
        self._tree: ProcessTree | None = None
        self._channel: LogChannel | None = None

    async def open(self, network: int, user: int, routes: socket.socket) -> None:
        """Returns when traffic flows; NoWayOut. The descriptors stay the caller's."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        is_root = os.getuid() == 0
        command = Command(arguments(self._program, is_root=is_root), {"PATH": os.defpath}, Path("/"))

        def note_end(exit: Exit) -> None:
            if ready.done():
                logger.warning("%s ended: %s", self._program.name, exit.reason)
            else:
                ready.set_exception(NoWayOut(self._failure(exit.reason)))

        def note_routes() -> None:
            if _has_default_route(routes) and not ready.done():
                ready.set_result(None)

        routes.setblocking(False)
        loop.add_reader(routes.fileno(), note_routes)
        read_fd, write_fd = os.pipe()
        self._channel = LogChannel(read_fd, self._take)
        loop.add_reader(read_fd, self._read)
        try:
            # Without root, who enters the user namespace becomes root of it, and so of the network.
            given = (network,) if is_root else (network, user)
            self._tree = self._keeper.run(command, write_fd, note_end, given)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._tree.started()
                await ready
        except TimeoutError:
            await self.close()
            raise NoWayOut(self._failure(f"no route within {PATIENCE_SECONDS:g} s")) from None
        except StartError as error:
            await self.close()
            raise NoWayOut(self._failure(str(error))) from None
        except BaseException:
            await self.close()
            raise
        finally:
            os.close(write_fd)
            loop.remove_reader(routes.fileno())

    async def close(self) -> None:
        tree, self._tree = self._tree, None
        if tree is not None:
            tree.on_exit = lambda exit: None
            await tree.end()
        channel, self._channel = self._channel, None
        if channel is not None:
            asyncio.get_running_loop().remove_reader(channel.fileno())
            channel.close()

    def _failure(self, reason: str) -> str:
        if self._channel is not None:
            self._channel.drain()
        return f"{self._program.name}: {self._said[-1] if self._said else reason}"

    def _read(self) -> None:
        if self._channel is not None and not self._channel.read():
            asyncio.get_running_loop().remove_reader(self._channel.fileno())

    def _take(self, line: str, _timestamp: int | None) -> None:
        logger.debug("%s: %s", self._program.name, line.rstrip())
        if line.strip():
            self._said = [line.strip()]


def _has_default_route(routes: socket.socket) -> bool:
    """The last thing that is set up; the kernel tells of every route that is made."""
    with contextlib.suppress(BlockingIOError):
        while True:
            if is_default_route(routes.recv(65536)):
                return True
    return False


def is_default_route(data: bytes) -> bool:
    """Whether it is among the messages that the kernel sent together."""
    while len(data) >= _MESSAGE_HEAD.size + 2:
        length, kind, *_ = _MESSAGE_HEAD.unpack_from(data)
        family, destination_bits = data[_MESSAGE_HEAD.size], data[_MESSAGE_HEAD.size + 1]
        if kind == NEW_ROUTE and family == socket.AF_INET and destination_bits == 0:
            return True
        data = data[max(length + 3 & ~3, _MESSAGE_HEAD.size) :]
    return False
