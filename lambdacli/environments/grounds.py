"""What this machine lets environments stand on, found once in a service's life: walls, cgroups, users, a way
out of a network of their own."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from lambdacli.environments.command import Command, WallsRefused
from lambdacli.environments.process import House, Keeper
from lambdacli.environments.sandbox import layout
from lambdacli.environments.sandbox.base import Layout
from lambdacli.environments.sandbox.cgroup_search import find_cgroups
from lambdacli.environments.sandbox.cgroups import Cgroup, CgroupError, Cgroups
from lambdacli.environments.sandbox.linux import GUARDIAN, room_of
from lambdacli.environments.sandbox.outbound import WayOut, find_program
from lambdacli.environments.sandbox.own_network import NOTHING_OUTSIDE, OwnNetwork
from lambdacli.environments.sandbox.users import FIRST_IN_ROOM, User, Users
from lambdacli.model import limits
from lambdacli.model.function import Network

logger = logging.getLogger("lam.environments")

MEBIBYTE = 1024 * 1024

NOT_ISOLATED = (
    "network: isolated cannot be kept by the portable walls: the function has this machine's network "
    "(`lam doctor` tells what Linux's walls lack here)"
)


class Grounds:
    """Satisfies sandbox.grants.Tried."""

    def __init__(self, folder: Path, keeper: Keeper, wanted: str = "auto") -> None:
        """In the folder lies what houses show as /etc/passwd and /etc/group, and where they are built."""
        self.folder = folder
        self.refusal: WallsRefused | None = None
        """Why the walls are the portable ones, if Linux's were tried."""
        self._keeper = keeper
        self._wanted = wanted
        self._has_linux_walls: bool | None = None
        self._users = Users() if os.getuid() == 0 else None
        self._cgroups: Cgroups | None = None

    async def find(self) -> None:
        """Before anything is started: whether the kernel grants what the walls are made of."""
        self._prepare()
        self._has_linux_walls = await self._are_walls_granted()
        await self._open_cgroups()

    async def close(self) -> None:
        if self._cgroups is not None:
            await self._cgroups.close()

    @property
    def is_walled(self) -> bool:
        assert self._has_linux_walls is not None, "walls are found before anything is started"
        return self._has_linux_walls

    @property
    def walls(self) -> str:
        return "linux" if self.is_walled else "portable"

    @property
    def is_portable_wanted(self) -> bool:
        return self._wanted == "portable"

    @property
    def uses_cgroups(self) -> bool:
        return self._cgroups is not None

    @property
    def environment_uids(self) -> range | None:
        """Who functions are on this machine, when they are not this user."""
        return None if self._users is None else self._users.range

    # What environments are given

    def house(self, shown: Layout | None, template: Command | None = None) -> House:
        """Without anything to show it has no walls."""
        return self._keeper.house(
            layout=shown,
            scaffold=self.folder / "root",
            uid_base=None if self._users is None else self._users.base,
            template=template,
        )

    def take_user(self) -> User | None:
        """None where environments are this user."""
        return self._users.take() if self._users is not None and self.is_walled else None

    def give_back(self, user: User | None) -> None:
        if user is not None and self._users is not None:
            self._users.give_back(user)

    def cgroup(self, name: str, memory_mb: int) -> Cgroup | None:
        """The kernel's own limits, where it has any for us."""
        if self._cgroups is None:
            return None
        try:
            return self._cgroups.make(name, memory_mb * MEBIBYTE, limits.PROCESSES + GUARDIAN)
        except OSError as error:
            logger.warning("limits are kept without cgroups from now on: %s", error)
            self._cgroups = None
            return None

    def way_out(self) -> WayOut | None:
        program = find_program()
        return None if program is None else WayOut(self._keeper, program)

    def network_problem(self, network: Network) -> str | None:
        """What of it cannot be had here."""
        if network is not Network.ISOLATED:
            return None
        if not self.is_walled:
            return NOT_ISOLATED
        return NOTHING_OUTSIDE if find_program() is None else None

    async def try_own_network(self) -> str | None:
        """Whether there is one, else WallsRefused, and what does not work of its way out."""
        network = OwnNetwork({}, self.way_out())
        try:
            await self._try_room(network)
        finally:
            await network.close()
        return network.problem

    # Finding

    def _prepare(self) -> None:
        (self.folder / "root").mkdir(parents=True, exist_ok=True)
        for name, text in (("passwd", layout.PASSWORDS), ("group", layout.GROUPS)):
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o644)

    async def _are_walls_granted(self) -> bool:
        if sys.platform != "linux" or self.is_portable_wanted:
            return False
        try:
            await self._try_room(None)
        except WallsRefused as refusal:
            logger.warning("walls are the portable ones: %s; `lam doctor` tells more", refusal)
            self.refusal = refusal
            return False
        return True

    async def _try_room(self, network: OwnNetwork | None) -> None:
        """WallsRefused."""
        read_fd, write_fd = os.pipe()
        house = self.house(layout.system_only(self.folder))
        try:
            await house.built()
            uid = None if self._users is None else FIRST_IN_ROOM
            tree = house.open(room_of("127.0.0.1:0", 1, network, uid), write_fd)
            await tree.ready()
            try:
                if network is not None:
                    await network.open(tree.take_descriptors())
            finally:
                await tree.end()
        finally:
            house.close()
            os.close(read_fd)
            os.close(write_fd)

    async def _open_cgroups(self) -> None:
        """The kernel's own limits on memory and processors, where this user may set them."""
        found = None if self.is_portable_wanted else find_cgroups().cgroups
        if found is None:
            return
        try:
            await found.open()
        except CgroupError as error:
            logger.warning("limits are kept without cgroups: %s", error)
            return
        self._cgroups = found
