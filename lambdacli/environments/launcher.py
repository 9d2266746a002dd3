"""Turns a placement into a place to live: which walls, which folders, which program, made ready ahead or
now."""

from __future__ import annotations

import itertools
import logging
import os
import secrets
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from lambdacli import runtimes
from lambdacli.environments.berth import Berth, Site
from lambdacli.environments.grounds import Grounds
from lambdacli.environments.houses import Houses, Lease
from lambdacli.environments.placement import Placement, PlacementKey
from lambdacli.environments.process import House
from lambdacli.environments.runtime_api import RuntimeApi
from lambdacli.environments.sandbox import layout as house_layout
from lambdacli.environments.sandbox.base import Place
from lambdacli.environments.sandbox.guarded import GuardedSandbox
from lambdacli.environments.sandbox.layout import Shown, layout
from lambdacli.environments.sandbox.linux import WalledPlace
from lambdacli.environments.sandbox.own_network import DIALS, RUNTIME_API, Door, OwnNetwork, published
from lambdacli.environments.sandbox.portable import PortablePlace
from lambdacli.environments.sandbox.users import User
from lambdacli.environments.standbys import Standbys
from lambdacli.model.arn import FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.function import Network, log_stream_name
from lambdacli.runtimes.base import Start
from lambdacli.wire.http import Peer, Response

logger = logging.getLogger("lam.environments")

KEEPER_PACKAGE = Path(__file__).with_name("keeper")
KEEPER_VARIABLE = "_LAM_KEEPER"
DEBUGGER_MEMORY_MB = 256

JudgePeer = Callable[[Peer, int], Response | None]
"""Refuses who is not this user."""
DoorInside = Callable[[str, int], Door]
"""Serves, inside a network of an environment's own, what is to be found at this address outside."""


class Launcher:
    """Owns the folders that environments share, what stands for /var/runtime and the place of their /tmp, and
    the houses they are opened in."""

    def __init__(
        self,
        state_folder: Path,
        grounds: Grounds,
        clock: Clock,
        judge_peer: JudgePeer,
        door_inside: DoorInside | None = None,
    ) -> None:
        """Without doors inside, an environment with a network of its own finds nothing in it but its Runtime
        API."""
        self._state = state_folder
        self._runtime_roots = state_folder / "runtime"
        self._temporary_root = state_folder / "tmp"
        self._empty_opt = state_folder / "runtime" / "opt"
        self._grounds = grounds
        self._judge_peer = judge_peer
        self._numbers = itertools.count(1)
        self._door_inside = door_inside
        self._told: set[tuple[FunctionKey, str]] = set()
        self._houses = Houses(self._outdated)
        self._standbys = Standbys(self._make, clock)
        self._placements: dict[PlacementKey, Placement] = {}

    def prepare(self) -> None:
        """Fresh /var/runtime folders; what a killed service left of /tmp is removed."""
        shutil.rmtree(self._temporary_root, ignore_errors=True)
        self._empty_opt.mkdir(parents=True, exist_ok=True)
        for family, module in runtimes.MODULES.items():
            module.prepare(self._runtime_roots / family)

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

    def retire_outdated(self, is_current: Callable[[PlacementKey], bool]) -> None:
        """Nothing more is started with what is not current any more."""
        for key in [key for key in self._placements if not is_current(key)]:
            self._standbys.drop(key)
            self._houses.retire(key)
            del self._placements[key]

    def forget(self, function: FunctionKey) -> None:
        """It is gone, and what was learnt of it with it."""
        self._houses.forget(function)

    async def close(self) -> None:
        await self._standbys.close()
        await self._houses.close()

    # Berths

    def _make(self, placement: Placement) -> Berth:
        number = next(self._numbers)
        site = self._site(placement)
        lease = self._lease(placement, site)
        if site.is_empty:
            self._houses.retire(placement.key)  # the next environment finds the folder, if it is there again
        user = self._grounds.take_user()
        api, network = self._runtime_api(placement, user)
        place = self._place(placement, number, lease, network, user)
        # What a debugger takes is not the function's share.
        memory_mb = placement.memory_mb + (0 if placement.debugging is None else DEBUGGER_MEMORY_MB)
        # Its limit on memory is the net under the exact one, which leaves out what lies in /tmp.
        cgroup = self._grounds.cgroup(f"environment-{number}", memory_mb + placement.ephemeral_storage_mb)
        sandbox = GuardedSandbox(place, memory_mb, has_cpu_share=placement.has_cpu_share, cgroup=cgroup)
        return Berth(
            site,
            sandbox,
            api,
            lease,
            new_stream_name(placement),
            place.temporary,
            network,
            self._notices(placement, network),
        )

    def _runtime_api(self, placement: Placement, user: User | None) -> tuple[RuntimeApi, OwnNetwork | None]:
        if self._grounds.is_walled and placement.network is Network.ISOLATED:
            api = RuntimeApi(None)  # nobody else can connect there: there is no owner to ask for
            return api, self._own_network(placement, api)
        owner = os.getuid() if user is None else user.outside
        return RuntimeApi(lambda peer: self._judge_peer(peer, owner)), None

    def _own_network(self, placement: Placement, api: RuntimeApi) -> OwnNetwork:
        """The services that its variables lead to are found inside at the same addresses."""
        doors: dict[tuple[str, int], Door] = {RUNTIME_API: api}
        if self._door_inside is not None:
            for inside, outside in published(placement.endpoint_variables).items():
                doors[inside] = self._door_inside(*outside)
        return OwnNetwork(doors, self._grounds.way_out(), dials=0 if placement.debugging is None else DIALS)

    def _place(
        self, placement: Placement, number: int, lease: Lease, network: OwnNetwork | None, user: User | None
    ) -> Place:
        def on_close() -> None:
            self._grounds.give_back(user)

        if self._grounds.is_walled:
            storage_mb = placement.ephemeral_storage_mb
            return WalledPlace(lease.open, on_close, temporary_mb=storage_mb, network=network, user=user)
        temporary = self._temporary_root / f"{placement.key.function.name}-{number}"
        return PortablePlace(temporary, lambda output_fd: lease.open(None, output_fd), on_close)

    def _notices(self, placement: Placement, network: OwnNetwork | None) -> Callable[[], tuple[str, ...]]:
        """What cannot be kept of its settings: in the service's log once, and with each environment."""
        problem = self._grounds.network_problem(placement.network)
        if problem is not None and (placement.key.function, problem) not in self._told:
            self._told.add((placement.key.function, problem))
            logger.warning("%s: %s", placement.key.function.name, problem)
        if network is not None:
            return network.notices
        return lambda: () if problem is None else (problem,)

    def _lease(self, placement: Placement, site: Site) -> Lease:
        def build(with_template: bool) -> House:
            template = None
            if with_template:
                plain = site.template()
                keeper = house_layout.KEEPER_ROOT if self._grounds.is_walled else str(KEEPER_PACKAGE.parent)
                template = replace(plain, variables={**plain.variables, KEEPER_VARIABLE: keeper})
            shown = layout(self._shown(site)) if self._grounds.is_walled else None
            return self._grounds.house(shown, template)

        # A code folder that has vanished is the environment's to tell.
        is_possible = placement.preloads and sys.platform == "linux" and placement.task_root.is_dir()
        template = site.template_program() if is_possible else None
        return self._houses.lease(placement.key, build, template=template)

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
            is_debugged=placement.debugging is not None,
        )
        if not self._grounds.is_walled:
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
            **{
                str(folder): house_layout.debugger_place(number, folder)
                for number, folder in enumerate(placement.debugger_folders)
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
            identity=self._grounds.folder,
            file_systems=site.placement.file_systems,
            debugger=site.placement.debugger_folders,
        )

    def _language_root(self, start: Start) -> Path | None:
        """Above the folder of the interpreter; what an exec wrapper starts is found by its own path."""
        if start.runtime.family == "provided":
            return None
        own = {name: value for name, value in start.variables.items() if name != "AWS_LAMBDA_EXEC_WRAPPER"}
        plan = runtimes.module_of(start.runtime).plan(replace(start, variables=own))
        return Path(plan.arguments[0]).parent.parent


def new_stream_name(placement: Placement) -> str:
    function, version = placement.key.function, placement.key.version
    now, unique = datetime.now(UTC), secrets.token_hex(16)
    return log_stream_name(now, function.name, version, placement.log_group, unique)
