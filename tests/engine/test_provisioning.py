"""From settings and aliases to what is kept ready: with real stores, and a fleet that only keeps books."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lambdacli.engine.concurrency import Ledger
from lambdacli.engine.provisioning import Provisioner
from lambdacli.model.alias import Alias
from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import ServiceException
from lambdacli.model.function import ArchiveCode, Function, Origin
from lambdacli.model.provisioned import (
    INIT_FAILURE,
    Progress,
    ProvisionedConcurrency,
    ProvisioningStatus,
    by_version,
    shares,
)
from lambdacli.store.aliases import AliasStore
from lambdacli.store.database import open_database
from lambdacli.store.functions import FunctionStore
from lambdacli.store.kinds import PROVISIONED
from lambdacli.store.settings import SettingStore

KEY = FunctionKey("000000000000", "us-east-1", "f")
MORNING = datetime(2026, 1, 2, 8, tzinfo=UTC)
IN_PROGRESS, READY, FAILED = ProvisioningStatus


def alias(version: str, **weights: float) -> Alias:
    return Alias(KEY, "live", version, weights={name.strip("v"): share for name, share in weights.items()})


@pytest.mark.parametrize(
    ("requested", "routing", "expected"),
    [
        (3, alias("1"), {"1": 3}),
        (10, alias("1", v2=0.3), {"1": 7, "2": 3}),
        (1, alias("1", v2=0.3), {"1": 1}),
        (1, alias("1", v2=0.9), {"2": 1}),
        (2, alias("$LATEST"), {}),
    ],
)
def test_environments_of_an_alias_are_shared_out_by_weight(
    requested: int, routing: Alias, expected: dict[str, int]
) -> None:
    assert shares(requested, routing) == expected


def test_settings_of_versions_and_aliases_add_up_by_version() -> None:
    settings = {"live": setting(2), "3": setting(1)}
    assert by_version(settings, [alias("1"), Alias(KEY, "unused", "9")]) == {"1": 2, "3": 1}


def setting(count: int) -> ProvisionedConcurrency:
    return ProvisionedConcurrency(count, MORNING)


class Books:
    """Satisfies what the provisioner asks of a fleet."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}
        self.ready: dict[str, int | None] = {}

    def provision(self, function: FunctionKey, wanted: Any) -> None:
        self.kept = {each.placement: each.count for each in wanted}

    def provisioned(self, function: FunctionKey, version: str) -> int | None:
        return self.ready.get(version, 0)


class House:
    def __init__(self, folder: Path) -> None:
        self.database = open_database(folder / "state.db")
        self.functions = FunctionStore(self.database, self.changed)
        self.aliases = AliasStore(self.database, self.changed)
        self.settings = SettingStore(self.database, self.changed)
        self.fleet = Books()
        self.ledger = Ledger()
        self.problem: Exception | None = None
        self.provisioner: Provisioner | None = None
        for version in ("1", "2"):
            latest = Function(
                KEY, "python3.13", "h", "r", ArchiveCode(version, 1), Origin.API, version, MORNING
            )
            self.functions.put(latest)
            self.functions.publish(latest, latest)
        self.provisioner = Provisioner(
            self.functions,
            self.aliases,
            self.settings,
            self.fleet,  # type: ignore[arg-type]
            self.ledger,
            self.place,
        )

    def changed(self, key: FunctionKey) -> None:
        if self.provisioner is not None:
            self.provisioner.changed(key)

    async def place(self, function: Function) -> Any:
        if self.problem is not None:
            raise self.problem
        return function.version

    def progress(self, qualifier: str) -> Progress:
        assert self.provisioner is not None
        found = self.settings.get(PROVISIONED, KEY, qualifier)
        assert found is not None
        return self.provisioner.progress(KEY, qualifier, found)


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def play(folder: Path, story: Callable[[House], Awaitable[None]]) -> None:
    async def run() -> None:
        house = House(folder)
        try:
            await story(house)
        finally:
            assert house.provisioner is not None
            await house.provisioner.close()
            house.database.close()

    asyncio.run(run())


def test_fleet_keeps_what_is_set_from_the_start_on_and_follows_each_change(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        assert house.provisioner is not None
        house.settings.put(PROVISIONED, KEY, setting(2), "1")
        await turns()
        assert house.fleet.kept == {}
        house.provisioner.start()
        await turns()
        assert house.fleet.kept == {"1": 2}
        house.settings.put(PROVISIONED, KEY, setting(1), "2")
        await turns()
        assert house.fleet.kept == {"1": 2, "2": 1}
        house.functions.delete_version(KEY, "1")
        await turns()
        assert house.fleet.kept == {"2": 1}
        house.functions.delete(KEY)
        await turns()
        assert house.fleet.kept == {}

    play(tmp_path, story)


def test_alias_that_moves_shows_its_old_number_until_it_is_ready_again(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        assert house.provisioner is not None
        house.provisioner.start()
        house.aliases.put(alias("1"))
        house.settings.put(PROVISIONED, KEY, setting(2), "live")
        await turns()
        assert house.progress("live") == Progress(0, 0, IN_PROGRESS)
        house.fleet.ready = {"1": 2}
        assert house.progress("live") == Progress(2, 2, READY)
        house.aliases.put(alias("2"))
        await turns()
        assert house.fleet.kept == {"2": 2}
        assert house.progress("live") == Progress(2, 2, IN_PROGRESS)
        house.fleet.ready = {"2": 2}
        assert house.progress("live") == Progress(2, 2, READY)

    play(tmp_path, story)


def test_what_fails_is_told(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        assert house.provisioner is not None
        house.provisioner.start()
        house.settings.put(PROVISIONED, KEY, setting(1), "1")
        await turns()
        house.fleet.ready = {"1": None}
        assert house.progress("1") == Progress(0, 0, FAILED, INIT_FAILURE)
        house.problem = ServiceException("there is no such interpreter")
        house.settings.put(PROVISIONED, KEY, setting(2), "1")
        await turns()
        assert house.progress("1") == Progress(0, 0, FAILED, "there is no such interpreter")
        house.problem, house.fleet.ready = None, {}
        house.settings.put(PROVISIONED, KEY, setting(3), "1")
        await turns()
        assert house.progress("1") == Progress(0, 0, IN_PROGRESS)

    play(tmp_path, story)
