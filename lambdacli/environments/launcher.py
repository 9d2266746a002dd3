"""Turns a placement into a place to live: which walls, which folders, which program, made ready ahead or
now."""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import secrets
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from lambdacli import runtimes
from lambdacli.environments.berth import Berth, Site
from lambdacli.environments.houses import Houses, Lease
from lambdacli.environments.placement import Placement, PlacementKey
from lambdacli.environments.process import House, Keeper, WallsRefused
from lambdacli.environments.runtime_api import RuntimeApi
from lambdacli.environments.sandbox import layout as house_layout
from lambdacli.environments.sandbox.base import Place
from lambdacli.environments.sandbox.cgroup_search import find_cgroups
from lambdacli.environments.sandbox.cgroups import Cgroup, CgroupError, Cgroups
from lambdacli.environments.sandbox.guarded import GuardedSandbox
from lambdacli.environments.sandbox.layout import Shown, layout
from lambdacli.environments.sandbox.linux import GUARDIAN, WalledPlace, room_of
from lambdacli.environments.sandbox.outbound import WayOut, find_program
from lambdacli.environments.sandbox.own_network import (
    NOTHING_OUTSIDE,
    RUNTIME_API,
    Door,
    OwnNetwork,
    published,
)
from lambdacli.environments.sandbox.portable import PortablePlace
from lambdacli.environments.standbys import Standbys
from lambdacli.model import limits
from lambdacli.model.arn import LATEST, FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.function import Network
from lambdacli.runtimes.base import InvalidEntrypoint, Start
from lambdacli.wire.http import Peer, Response

logger = logging.getLogger("lam.environments")

KEEPER_PACKAGE = Path(__file__).with_name("keeper")
KEEPER_VARIABLE = "_LAM_KEEPER"
UIDS_PER_SERVICE = 65_536
FIRST_UID = 1_800_000_000
"""Far from any user's, and from the ranges that containers are given."""
FIRST_ROOM_UID = 1_000
UID_BLOCKS = 4_096
MEBIBYTE = 1024 * 1024

JudgePeer = Callable[[Peer, int], Response | None]
"""Refuses who is not this user."""
DoorInside = Callable[[str, int], Door]
"""Serves, inside a network of an environment's own, what is to be found at this address outside."""

NOT_ISOLATED = (
    "network: isolated cannot be kept by the portable walls: the function has this machine's network "
    "(`lam doctor` tells what Linux's walls lack here)"
)


@dataclass(frozen=True, slots=True)
class Walls:
    is_linux: bool
    refusal: WallsRefused | None = None
    """Why not."""


class Launcher:
    """Owns the folders that environments share, what stands for /var/runtime and the place of their /tmp, and
    the houses they are opened in."""

    def __init__(
        self,
        state_folder: Path,
        keeper: Keeper,
        clock: Clock,
        judge_peer: JudgePeer,
        walls: str = "auto",
        door_inside: DoorInside | None = None,
    ) -> None:
        """Without doors inside, an environment with a network of its own finds nothing in it but its Runtime
        API."""
        self._state = state_folder
        self._runtime_roots = state_folder / "runtime"
        self._temporary_root = state_folder / "tmp"
        self._empty_opt = state_folder / "runtime" / "opt"
        self._walls_folder = state_folder / "walls"
        self._keeper = keeper
        self._judge_peer = judge_peer
        self._numbers = itertools.count(1)
        self._wanted = walls
        self._door_inside = door_inside
        self._told: set[tuple[FunctionKey, str]] = set()
        self._walls: Walls | None = None
        self._uids = _Uids() if os.getuid() == 0 else None
        self._houses = Houses(self._outdated)
        self._standbys = Standbys(self._make, clock)
        self._placements: dict[PlacementKey, Placement] = {}
        self._cgroups: Cgroups | None = None

    def prepare(self) -> None:
        """Fresh /var/runtime folders; what a killed service left of /tmp is removed."""
        shutil.rmtree(self._temporary_root, ignore_errors=True)
        self._empty_opt.mkdir(parents=True, exist_ok=True)
        (self._walls_folder / "root").mkdir(parents=True, exist_ok=True)
        for name, text in (("passwd", house_layout.PASSWORDS), ("group", house_layout.GROUPS)):
            (self._walls_folder / name).write_text(text)
            (self._walls_folder / name).chmod(0o644)
        for family, module in runtimes.MODULES.items():
            module.prepare(self._runtime_roots / family)

    async def find_walls(self) -> Walls:
        """Tried once in a service's life, before anything is started: whether the kernel grants what the
        walls are made of."""
        self._walls = await self._try_walls()
        await self._open_cgroups()
        return self._walls

    def berth(self, placement: Placement) -> Berth:
        """For one environment, which closes it and then gives it back."""
        self._placements[placement.key] = replace(placement, is_provisioned=False)
        return self._standbys.take(placement)

    def discard(self, berth: Berth, key: PlacementKey) -> None:
        """It was taken, but no environment came of it."""
        self._standbys.discard(berth)
        self.give_back(key)

    def give_back(self, key: PlacementKey) -> None:
        if not self._standbys.given_back(key):
            self._houses.retire(key)

    def retire(self, function: FunctionKey, current_generation: Callable[[str], str | None]) -> None:
        """Nothing more is started with another generation than what a version has now; None: it is gone."""
        for key in [key for key in self._placements if key.function == function]:
            if key.generation != current_generation(key.version):
                self._standbys.drop(key)
                self._houses.retire(key)
                del self._placements[key]
        if current_generation(LATEST) is None:
            self._houses.forget(function)

    async def close(self) -> None:
        await self._standbys.close()
        await self._houses.close()
        if self._cgroups is not None:
            await self._cgroups.close()

    @property
    def walls(self) -> str:
        return "linux" if self._is_walled else "portable"

    @property
    def environment_uids(self) -> range | None:
        """Who functions are on this machine, when they are not this user."""
        return None if self._uids is None else self._uids.range

    # Walls

    async def _try_walls(self) -> Walls:
        if sys.platform != "linux" or self._wanted == "portable":
            return Walls(False)
        try:
            await self._try_room(None)
        except WallsRefused as refusal:
            logger.warning("walls are the portable ones: %s; `lam doctor` tells more", refusal)
            return Walls(False, refusal)
        return Walls(True)

    async def _try_room(self, network: OwnNetwork | None) -> None:
        """WallsRefused."""
        read_fd, write_fd = os.pipe()
        house = self._keeper.house(
            layout=house_layout.system_only(self._walls_folder),
            scaffold=self._walls_folder / "root",
            uid_base=None if self._uids is None else self._uids.base,
        )
        try:
            await house.built()
            uid = None if self._uids is None else FIRST_ROOM_UID
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

    async def try_own_network(self) -> str | None:
        """Whether there is one, else WallsRefused, and what does not work of its way out."""
        network = OwnNetwork({}, self._way_out())
        try:
            await self._try_room(network)
        finally:
            await network.close()
        return network.problem

    @property
    def refusal(self) -> WallsRefused | None:
        """Why the walls are the portable ones, if Linux's were tried."""
        return None if self._walls is None else self._walls.refusal

    @property
    def uses_cgroups(self) -> bool:
        return self._cgroups is not None

    @property
    def is_portable_wanted(self) -> bool:
        return self._wanted == "portable"

    def _way_out(self) -> WayOut | None:
        program = find_program()
        return None if program is None else WayOut(self._keeper, program)

    async def _open_cgroups(self) -> None:
        """The kernel's own limits on memory and processors, where this user may set them."""
        found = find_cgroups().cgroups if self._wanted != "portable" else None
        if found is None:
            return
        try:
            await found.open()
        except CgroupError as error:
            logger.warning("limits are kept without cgroups: %s", error)
            return
        self._cgroups = found

    def _cgroup(self, placement: Placement, number: int) -> Cgroup | None:
        """Its limit on memory is the net under the exact one, which leaves out what lies in /tmp."""
        if self._cgroups is None:
            return None
        memory_mb = placement.memory_mb + placement.ephemeral_storage_mb
        try:
            return self._cgroups.make(
                f"environment-{number}", memory_mb * MEBIBYTE, limits.PROCESSES + GUARDIAN
            )
        except OSError as error:
            logger.warning("limits are kept without cgroups from now on: %s", error)
            self._cgroups = None
            return None

    def network_problem(self, network: Network) -> str | None:
        """What of it cannot be had here."""
        if network is not Network.ISOLATED:
            return None
        if not self._is_walled:
            return NOT_ISOLATED
        return NOTHING_OUTSIDE if find_program() is None else None

    # Berths

    def _make(self, placement: Placement) -> Berth:
        number = next(self._numbers)
        uid = self._uids.take() if self._uids is not None and self._is_walled else None
        site = self._site(placement)
        lease = self._lease(placement, site)
        if site.is_empty:
            self._houses.retire(placement.key)  # the next environment finds the folder, if it is there again

        owner = os.getuid() if uid is None or self._uids is None else self._uids.base + uid
        is_isolated = self._is_walled and placement.network is Network.ISOLATED
        # Into a network of its own nobody else can connect: there is no owner to ask for.
        api = RuntimeApi(None if is_isolated else lambda peer: self._judge_peer(peer, owner))
        network = self._own_network(placement, api) if is_isolated else None

        problem = self.network_problem(placement.network)
        if problem is not None and (placement.key.function, problem) not in self._told:
            self._told.add((placement.key.function, problem))
            logger.warning("%s: %s", placement.key.function.name, problem)

        def notices() -> tuple[str, ...]:
            if network is not None:
                return network.notices()
            return () if problem is None else (problem,)

        def on_close() -> None:
            if uid is not None and self._uids is not None:
                self._uids.give_back(uid)

        place: Place
        if self._is_walled:
            place = WalledPlace(
                lease.open,
                on_close,
                temporary_mb=placement.ephemeral_storage_mb,
                network=network,
                uid=uid,
                owner=None if uid is None or self._uids is None else self._uids.base + uid,
            )
        else:
            name = f"{placement.key.function.name}-{number}"
            place = PortablePlace(
                self._temporary_root / name, lambda output_fd: lease.open(None, output_fd), on_close
            )
        return Berth(
            site,
            GuardedSandbox(
                place,
                placement.memory_mb,
                has_cpu_share=placement.has_cpu_share,
                cgroup=self._cgroup(placement, number),
            ),
            api,
            lease,
            new_stream_name(placement.key.version),
            place.temporary,
            None if network is None else "{}:{}".format(*RUNTIME_API),
            notices,
        )

    def _own_network(self, placement: Placement, api: RuntimeApi) -> OwnNetwork:
        """The services that its variables lead to are found inside at the same addresses."""
        doors: dict[tuple[str, int], Door] = {RUNTIME_API: api}
        if self._door_inside is not None:
            for inside, outside in published(placement.endpoint_variables).items():
                doors[inside] = self._door_inside(*outside)
        return OwnNetwork(doors, self._way_out())

    def _lease(self, placement: Placement, site: Site) -> Lease:
        def build(with_template: bool) -> House:
            template = None
            if with_template:
                plain = site.template()
                keeper = house_layout.KEEPER_ROOT if self._is_walled else str(KEEPER_PACKAGE.parent)
                template = replace(plain, variables={**plain.variables, KEEPER_VARIABLE: keeper})
            return self._keeper.house(
                layout=layout(self._shown(site)) if self._is_walled else None,
                scaffold=self._walls_folder / "root",
                uid_base=None if self._uids is None else self._uids.base,
                template=template,
            )

        try:
            # A code folder that has vanished is the environment's to tell.
            is_possible = sys.platform == "linux" and placement.task_root.is_dir()
            wants_template = placement.preloads and is_possible and site.plan().can_be_forked
        except InvalidEntrypoint:
            wants_template = False
        return self._houses.lease(placement.key, build, wants_template=wants_template)

    def _outdated(self, key: PlacementKey) -> None:
        if key in self._placements:
            self._standbys.renew(key, self._placements[key])

    def _site(self, placement: Placement) -> Site:
        runtime = runtimes.name_of(placement.runtime)
        start = Start(
            runtime=runtime,
            task_root=placement.task_root,
            opt_root=placement.opt_root or self._empty_opt,
            runtime_root=self._runtime_roots / runtime.family,
            dependencies=placement.dependencies,
            variables=placement.variables,
            memory_mb=placement.memory_mb,
        )
        if not self._is_walled:
            return Site(placement, start, {})
        language = self._language_root(start)
        seen = {
            str(start.task_root): house_layout.TASK_ROOT,
            str(start.opt_root): house_layout.OPT_ROOT,
            str(start.runtime_root): house_layout.RUNTIME_ROOT,
            **({} if language is None else {str(language): house_layout.LANGUAGE_ROOT}),
            **{
                str(folder): house_layout.packages_place(number, folder)
                for number, folder in enumerate(start.dependencies)
            },
        }
        # The longest first: the state folder, and with it the runtime's, may lie inside the function's.
        return Site(placement, start, dict(sorted(seen.items(), key=lambda entry: -len(entry[0]))))

    def _shown(self, site: Site) -> Shown:
        start = site.start
        return Shown(
            task_root=start.task_root,
            opt_root=start.opt_root,
            runtime_root=start.runtime_root,
            language_root=self._language_root(start),
            dependencies=start.dependencies,
            keeper=KEEPER_PACKAGE,
            state=self._state,
            home=Path(os.path.expanduser("~")).resolve(),
            identity=self._walls_folder,
        )

    def _language_root(self, start: Start) -> Path | None:
        """Above the folder of the interpreter; what an exec wrapper starts is found by its own path."""
        if start.runtime.family == "provided":
            return None
        own = {name: value for name, value in start.variables.items() if name != "AWS_LAMBDA_EXEC_WRAPPER"}
        plan = runtimes.module_of(start.runtime).plan(replace(start, variables=own))
        return Path(plan.arguments[0]).parent.parent

    @property
    def _is_walled(self) -> bool:
        assert self._walls is not None, "walls are found before anything is started"
        return self._walls.is_linux


class _Uids:
    """Users of this machine that nobody else is: one for each environment, the lowest free first."""

    def __init__(self) -> None:
        self.base = FIRST_UID + os.getpid() % UID_BLOCKS * UIDS_PER_SERVICE
        self.range = range(self.base, self.base + UIDS_PER_SERVICE)
        self._free: list[int] = []
        self._next = itertools.count(FIRST_ROOM_UID)

    def take(self) -> int:
        return heapq.heappop(self._free) if self._free else next(self._next)

    def give_back(self, uid: int) -> None:
        heapq.heappush(self._free, uid)


def new_stream_name(version: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> str:
    return f"{now():%Y/%m/%d}/[{version}]{secrets.token_hex(16)}"
