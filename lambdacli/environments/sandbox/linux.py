"""The walls of Linux as an environment uses them: a room in its function's house, see keeper/walls.py."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from lambdacli.environments.process_tree import ProcessTree
from lambdacli.environments.sandbox import outbound
from lambdacli.environments.sandbox.own_network import OwnNetwork
from lambdacli.environments.sandbox.users import User
from lambdacli.model import limits
from lambdacli.model.function import Network

GUARDIAN = 1
"""The first process of the namespace counts too, but is not the function's."""


class WalledPlace:
    walls = "linux"
    temporary: Path | None = None

    def __init__(
        self,
        open_room: Callable[[Mapping[str, object], int], Awaitable[ProcessTree]],
        on_close: Callable[[], None],
        *,
        temporary_mb: int,
        network: OwnNetwork | None,
        user: User | None,
    ) -> None:
        """Without a user of its own the environment is this one."""
        self._open_room = open_room
        self._on_close = on_close
        self._temporary_mb = temporary_mb
        self._network = network
        self._user = user

    async def open(self, runtime_api: str, output_fd: int) -> ProcessTree:
        if self._user is not None:
            os.fchown(output_fd, self._user.outside, -1)  # else it could not open /dev/stdout by that name
        uid = None if self._user is None else self._user.inside
        room = room_of(runtime_api, self._temporary_mb, self._network, uid)
        tree = await self._open_room(room, output_fd)
        await tree.ready()
        if self._network is not None:
            try:
                await self._network.open(tree.take_descriptors())
            except BaseException:
                await tree.end()
                raise
        return tree

    def limits(self) -> Mapping[str, tuple[int, int]]:
        """All exactly Lambda's: a user namespace of its own has a count of processes of its own."""
        return {
            "RLIMIT_NOFILE": (limits.OPEN_FILES, limits.OPEN_FILES),
            "RLIMIT_NPROC": (limits.PROCESSES + GUARDIAN, limits.PROCESSES + GUARDIAN),
            "RLIMIT_CORE": (0, limits.CORE_BYTES),
        }

    async def close(self) -> None:
        if self._network is not None:
            await self._network.close()
        self._on_close()


def room_of(
    runtime_api: str, temporary_mb: int, network: OwnNetwork | None, uid: int | None
) -> dict[str, object]:
    """What keeper/walls.py is told; without a network of its own, the environment has the machine's."""
    has_way_out = network is not None and network.has_way_out
    return {
        "temporary_mb": temporary_mb,
        "network": Network.HOST if network is None else Network.ISOLATED,
        "listen": [] if network is None else network.addresses(),
        "dials": 0 if network is None else network.dials,
        "resolver": outbound.resolver_file(Path("/etc/resolv.conf")) if has_way_out else None,
        "hosts": hosts_file(Path("/etc/hosts"), runtime_api.rpartition(":")[0]),
        "uid": uid,
    }


def hosts_file(of_machine: Path, address: str) -> str:
    """What the machine knows, and the names by which an environment knows itself."""
    try:
        lines = [line for line in of_machine.read_text().splitlines() if "sandbox" not in line.split()]
    except OSError:
        lines = ["127.0.0.1 localhost"]
    return "\n".join([*lines, f"{address} sandbox.localdomain sandbox", ""])
