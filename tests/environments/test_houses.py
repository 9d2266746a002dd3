"""Leases of houses and templates, and what templates load ahead; houses are played by doubles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from lambdacli.environments.houses import TRIES, Houses
from lambdacli.environments.placement import PlacementKey
from lambdacli.model.arn import FunctionKey

KEY = PlacementKey(FunctionKey("000000000000", "us-east-1", "one"), "$LATEST", "1")
NEXT = PlacementKey(KEY.function, "$LATEST", "2")


class PlayedHouse:
    """Satisfies what Houses uses of House."""

    def __init__(self, has_template: bool, unfit: Callable[[Sequence[object]], str | None]) -> None:
        self.has_template = has_template
        self.is_gone = False
        self.loaded: list[object] = []
        self.opened = 0
        self._unfit = unfit

    async def built(self) -> None:
        return

    def open(self, room: object, output_fd: int) -> Any:
        self.opened += 1
        return SimpleNamespace(on_record=None)

    async def preload(self, modules: Sequence[object]) -> str | None:
        self.loaded = list(modules)
        await asyncio.sleep(0)
        return self._unfit(modules)

    def close(self) -> None:
        self.is_gone = True


class Builder:
    def __init__(self, unfit: Callable[[Sequence[object]], str | None] = lambda modules: None) -> None:
        self.houses: list[PlayedHouse] = []
        self._unfit = unfit

    def __call__(self, with_template: bool) -> Any:
        self.houses.append(PlayedHouse(with_template, self._unfit))
        return self.houses[-1]

    @property
    def open(self) -> int:
        return sum(not house.is_gone for house in self.houses)


async def settle() -> None:
    """Whatever can go on without waiting for the world has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


def run(story: Callable[[Houses, list[PlacementKey]], Any]) -> None:
    async def play() -> None:
        changes: list[PlacementKey] = []
        houses = Houses(changes.append)
        await story(houses, changes)
        await houses.close()

    asyncio.run(play())


def test_environments_of_one_version_share_a_house() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder()
        leases = [houses.lease(KEY, build, wants_template=True) for _ in range(3)]
        houses.lease(NEXT, build, wants_template=False)
        assert [house.has_template for house in build.houses] == [True, False]
        assert all(lease.is_template for lease in leases)

    run(story)


def test_a_retired_house_goes_with_the_last_of_its_environments() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder()
        first, second = (houses.lease(KEY, build, wants_template=True) for _ in range(2))
        houses.retire(KEY)
        assert first.is_outdated
        assert build.open == 1
        first.release()
        first.release()  # twice is once
        assert build.open == 1
        second.release()
        assert build.open == 0

    run(story)


def test_a_house_that_is_gone_is_built_again() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder()
        houses.lease(KEY, build, wants_template=True)
        build.houses[0].is_gone = True
        houses.lease(KEY, build, wants_template=True)
        assert len(build.houses) == 2

    run(story)


def test_one_environment_of_a_house_is_asked_what_it_loads() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder()
        first, second = (houses.lease(KEY, build, wants_template=True) for _ in range(2))
        assert (first.wants_record, second.wants_record, first.wants_record) == (True, False, False)

    run(story)


def test_what_was_recorded_is_loaded_and_makes_older_leases_outdated() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder()
        lease = houses.lease(KEY, build, wants_template=True)
        houses.recorded(KEY, ["json", "boto3"], build)
        await settle()
        assert build.houses[0].loaded == ["json", "boto3"]
        assert changes == [KEY]
        assert lease.is_outdated
        assert not houses.lease(KEY, build, wants_template=True).is_outdated
        houses.recorded(KEY, ["json", "boto3"], build)
        await settle()
        assert changes == [KEY]  # nothing new

    run(story)


def test_the_next_version_knows_what_to_load_at_once() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder()
        houses.lease(KEY, build, wants_template=True)
        houses.recorded(KEY, ["boto3"], build)
        await settle()
        houses.lease(NEXT, build, wants_template=True)
        await settle()
        assert build.houses[1].loaded == ["boto3"]
        houses.forget(KEY.function)
        assert houses.lease(KEY, build, wants_template=True).known_preload() == []

    run(story)


def test_a_module_that_is_unfit_leads_to_another_template_without_it() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder(lambda modules: "noisy" if "noisy" in modules else None)
        lease = houses.lease(KEY, build, wants_template=True)
        houses.recorded(KEY, ["json", "noisy"], build)
        await settle()
        assert [house.loaded for house in build.houses] == [["json", "noisy"], ["json"]]
        assert lease.is_outdated
        lease.release()
        assert [house.is_gone for house in build.houses] == [True, False]
        houses.recorded(KEY, ["json", "noisy"], build)  # and it is not tried again
        await settle()
        assert len(build.houses) == 2

    run(story)


def test_nothing_is_forked_from_a_template_that_turned_out_to_be_unfit() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder(lambda modules: "noisy" if "noisy" in modules else None)
        houses.lease(KEY, build, wants_template=True)
        houses.recorded(KEY, ["json", "noisy"], build)
        late = houses.lease(KEY, build, wants_template=True)
        await late.open(None, 1)
        assert [house.opened for house in build.houses] == [0, 1]
        assert not late.is_outdated
        late.release()
        houses.retire(KEY)
        assert build.houses[1].is_gone

    run(story)


def test_templates_are_not_started_without_end() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder(lambda modules: str(modules[0]) if modules else None)
        houses.lease(KEY, build, wants_template=True)
        houses.recorded(KEY, [f"module{number}" for number in range(3 * TRIES)], build)
        await settle()
        assert len(build.houses) == TRIES + 1
        assert build.open <= 2

    run(story)


def test_an_interpreter_that_can_be_no_template_is_asked_once() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder()
        houses.lease(KEY, build, wants_template=True).release()
        houses.no_template(KEY)
        assert not houses.lease(KEY, build, wants_template=True).is_template
        assert [house.has_template for house in build.houses] == [True, False]

    run(story)


def test_at_its_close_nothing_is_left() -> None:
    build = Builder()

    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        houses.lease(KEY, build, wants_template=True)
        houses.lease(NEXT, build, wants_template=True)
        houses.recorded(NEXT, ["json"], build)

    run(story)
    assert build.open == 0
