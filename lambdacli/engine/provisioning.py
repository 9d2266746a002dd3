"""Provisioned concurrency: from what is set to what the fleet keeps ready, and how far that has come."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Mapping

from lambdacli.engine.concurrency import Ledger
from lambdacli.environments.fleet import Fleet, Provision
from lambdacli.environments.placement import Placement
from lambdacli.model.alias import Alias
from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import RequestError
from lambdacli.model.function import Function
from lambdacli.model.provisioned import (
    INIT_FAILURE,
    Progress,
    ProvisionedConcurrency,
    ProvisioningStatus,
    by_version,
)
from lambdacli.store.aliases import AliasStore
from lambdacli.store.functions import FunctionStore
from lambdacli.store.kinds import PROVISIONED
from lambdacli.store.settings import SettingStore

logger = logging.getLogger("lam.provisioning")


class Provisioner:
    """`changed` is told of everything that a function's provisioned environments may depend on."""

    def __init__(
        self,
        functions: FunctionStore,
        aliases: AliasStore,
        settings: SettingStore,
        fleet: Fleet,
        ledger: Ledger,
        place: Callable[[Function], Awaitable[Placement]],
    ) -> None:
        self._functions = functions
        self._aliases = aliases
        self._settings = settings
        self._fleet = fleet
        self._ledger = ledger
        self._place = place
        self._is_started = False
        self._numbers = itertools.count(1)
        self._last_work: dict[FunctionKey, int] = {}
        """The number of the last change of each function that has, or had, something provisioned."""
        self._problems: dict[tuple[FunctionKey, str], str] = {}
        """Why a version could not be made ready to run."""
        self._allocated: dict[tuple[FunctionKey, str], int] = {}
        """What a qualifier had when it was last ready: shown until an alias that moved is ready again."""
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """What was set before this service began."""
        self._is_started = True
        for key in {key for key, _, _ in self._settings.all(PROVISIONED)}:
            self.changed(key)

    async def close(self) -> None:
        self._is_started = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def changed(self, key: FunctionKey) -> None:
        if not self._is_started:
            return
        settings = self._settings.of_function(PROVISIONED, key)
        if not settings and key not in self._last_work:
            return
        wanted = by_version(settings, self._aliases.list(key))
        self._ledger.set_provisioned(key, wanted)
        for place in [place for place in self._allocated if place[0] == key and place[1] not in settings]:
            del self._allocated[place]
        number = self._last_work[key] = next(self._numbers)
        task = asyncio.get_running_loop().create_task(self._provide(key, number, settings, wanted))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def renew(self) -> None:
        """Something changed that concerns all functions."""
        for key in list(self._last_work):
            self.changed(key)

    async def _provide(
        self,
        key: FunctionKey,
        number: int,
        settings: Mapping[str, ProvisionedConcurrency],
        wanted: Mapping[str, int],
    ) -> None:
        provisions: list[Provision] = []
        problems: dict[tuple[FunctionKey, str], str] = {}
        for version, count in wanted.items():
            function = self._functions.get(key, version)
            if function is None:
                continue
            try:
                placement = await self._place(function)
            except RequestError as error:
                problems[key, version] = str(error.message)
                logger.warning("%s:%s cannot be provisioned: %s", key.name, version, error.message)
                continue
            except Exception as error:
                problems[key, version] = str(error)
                logger.exception("%s:%s cannot be provisioned", key.name, version)
                continue
            asked_at = max(setting.last_modified for setting in settings.values())
            provisions.append(Provision(placement, count, asked_at))
        if self._last_work.get(key) != number:
            return  # it changed again meanwhile
        self._problems = {place: text for place, text in self._problems.items() if place[0] != key} | problems
        self._fleet.provision(key, provisions)
        if not settings:
            del self._last_work[key]

    def progress(self, key: FunctionKey, qualifier: str, setting: ProvisionedConcurrency) -> Progress:
        alias = self._aliases.get(key, qualifier)
        wanted = by_version({qualifier: setting}, [] if alias is None else [alias])
        ready = {version: self._fleet.provisioned(key, version) for version in wanted}
        problem = self._problem(key, ready)
        available = sum(min(count, ready[version] or 0) for version, count in wanted.items())
        if problem is not None:
            return Progress(available, available, ProvisioningStatus.FAILED, problem)
        if available >= setting.requested:
            self._allocated[key, qualifier] = available
            return Progress(available, available, ProvisioningStatus.READY)
        if alias is not None:
            available = max(available, self._kept_from_before(alias, setting))
        return Progress(available, available, ProvisioningStatus.IN_PROGRESS)

    def _problem(self, key: FunctionKey, ready: Mapping[str, int | None]) -> str | None:
        for version, count in ready.items():
            if (key, version) in self._problems:
                return self._problems[key, version]
            if count is None:
                return INIT_FAILURE
        return None

    def _kept_from_before(self, alias: Alias, setting: ProvisionedConcurrency) -> int:
        return min(setting.requested, self._allocated.get((alias.function, alias.name), 0))
