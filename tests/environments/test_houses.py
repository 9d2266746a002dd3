"""Leases of houses and templates, and what templates load ahead; houses are played by doubles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from lambdacli.environments.command import WallsRefused
from lambdacli.environments.houses import TRIES, Houses
from lambdacli.environments.placement import PlacementKey
from lambdacli.model.arn import FunctionKey

KEY = PlacementKey(FunctionKey("000000000000", "us-east-1", "one"), "$LATEST", "1")
NEXT = PlacementKey(KEY.function, "$LATEST", "2")
PYTHON, OTHER = "/bin/python3.12", "/bin/python3.13"
NO_CTYPES = WallsRefused("", "No module named '_ctypes'")


class PlayedHouse:
    """Satisfies what Houses uses of House."""

    def __init__(
        self,
        has_template: bool,
        unfit: Callable[[Sequence[object]], str | None],
        refusal: WallsRefused | None = None,
    ) -> None:
        self.has_template = has_template
        self.is_gone = False
        self.loaded: list[object] = []
        self.opened = 0
        self._unfit = unfit
        self._refusal = refusal

    async def built(self) -> None:
        await asyncio.sleep(0)
        if self._refusal is not None:
            self.is_gone = True
            raise self._refusal

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
    def __init__(
        self,
        unfit: Callable[[Sequence[object]], str | None] = lambda modules: None,
        *,
        template: WallsRefused | None = None,
        plain: WallsRefused | None = None,
    ) -> None:
        """The last two are why houses of the kind cannot be built."""
        self.houses: list[PlayedHouse] = []
        self._unfit = unfit
        self._template, self._plain = template, plain

    def __call__(self, with_template: bool) -> Any:
        refusal = self._template if with_template else self._plain
        self.houses.append(PlayedHouse(with_template, self._unfit, refusal))
        return self.houses[-1]

    @property
    def kinds(self) -> list[str]:
        return ["template" if house.has_template else "plain" for house in self.houses]

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
        leases = [houses.lease(KEY, build, template=PYTHON) for _ in range(3)]
        houses.lease(NEXT, build, template=None)
        assert [house.has_template for house in build.houses] == [True, False]
        assert all(lease.is_template for lease in leases)

    run(story)


def test_a_retired_house_goes_with_the_last_of_its_environments() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder()
        first, second = (houses.lease(KEY, build, template=PYTHON) for _ in range(2))
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
        houses.lease(KEY, build, template=PYTHON)
        build.houses[0].is_gone = True
        houses.lease(KEY, build, template=PYTHON)
        assert len(build.houses) == 2

    run(story)


def test_one_environment_of_a_house_is_asked_what_it_loads() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder()
        first, second = (houses.lease(KEY, build, template=PYTHON) for _ in range(2))
        assert (first.wants_record, second.wants_record, first.wants_record) == (True, False, False)

    run(story)


def test_what_was_recorded_is_loaded_and_makes_older_leases_outdated() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder()
        lease = houses.lease(KEY, build, template=PYTHON)
        houses.recorded(KEY, ["json", "boto3"], build)
        await settle()
        assert build.houses[0].loaded == ["json", "boto3"]
        assert changes == [KEY]
        assert lease.is_outdated
        assert not houses.lease(KEY, build, template=PYTHON).is_outdated
        houses.recorded(KEY, ["json", "boto3"], build)
        await settle()
        assert changes == [KEY]  # nothing new

    run(story)


def test_the_next_version_knows_what_to_load_at_once() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder()
        houses.lease(KEY, build, template=PYTHON)
        houses.recorded(KEY, ["boto3"], build)
        await settle()
        houses.lease(NEXT, build, template=PYTHON)
        await settle()
        assert build.houses[1].loaded == ["boto3"]
        houses.forget(KEY.function)
        assert houses.lease(KEY, build, template=PYTHON).known_preload() == []

    run(story)


def test_a_module_that_is_unfit_leads_to_another_template_without_it() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder(lambda modules: "noisy" if "noisy" in modules else None)
        lease = houses.lease(KEY, build, template=PYTHON)
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
        houses.lease(KEY, build, template=PYTHON)
        houses.recorded(KEY, ["json", "noisy"], build)
        late = houses.lease(KEY, build, template=PYTHON)
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
        houses.lease(KEY, build, template=PYTHON)
        houses.recorded(KEY, [f"module{number}" for number in range(3 * TRIES)], build)
        await settle()
        assert len(build.houses) == TRIES + 1
        assert build.open <= 2

    run(story)


def test_an_interpreter_that_can_be_no_template_is_asked_once(caplog: pytest.LogCaptureFixture) -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder(template=NO_CTYPES)
        leases = [houses.lease(KEY, build, template=PYTHON) for _ in range(3)]
        await asyncio.gather(*(lease.open(None, 1) for lease in leases))
        assert [house.opened for house in build.houses] == [0, 3]
        assert not any(lease.is_template or lease.is_outdated for lease in leases)
        later = houses.lease(NEXT, build, template=PYTHON)
        await later.open(None, 1)
        assert build.kinds == ["template", "plain", "plain"]
        for lease in leases:
            lease.release()
        houses.retire(KEY)
        assert build.houses[1].is_gone

    run(story)
    assert [record.getMessage() for record in caplog.records] == [
        "one: /bin/python3.12 cannot load modules ahead (No module named '_ctypes'): "
        "each environment starts afresh, which takes longer"
    ]


def test_another_interpreter_of_the_same_function_is_asked_itself() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        broken, whole = Builder(template=NO_CTYPES), Builder()
        await houses.lease(KEY, broken, template=PYTHON).open(None, 1)
        await houses.lease(NEXT, whole, template=OTHER).open(None, 1)
        assert whole.kinds == ["template"]

    run(story)


def test_what_is_known_to_be_loaded_ahead_does_not_keep_a_function_from_starting_afresh() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder()
        houses.lease(KEY, build, template=PYTHON)
        houses.recorded(KEY, ["json"], build)
        await settle()
        broken = Builder(template=NO_CTYPES)
        lease = houses.lease(NEXT, broken, template=OTHER)
        await lease.open(None, 1)
        assert broken.kinds == ["template", "plain"]
        assert lease.known_preload() == ["json"]

    run(story)


@pytest.mark.parametrize(
    ("build", "kinds"),
    [
        pytest.param(Builder(template=WallsRefused("user namespace", "no")), ["template"], id="a wall"),
        pytest.param(
            Builder(template=NO_CTYPES, plain=WallsRefused("mount", "no")),
            ["template", "plain"],
            id="then a wall",
        ),
        pytest.param(Builder(plain=WallsRefused("", "it ended")), ["plain"], id="a house without template"),
    ],
)
def test_what_a_template_is_not_to_blame_for_is_told(build: Builder, kinds: list[str]) -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        lease = houses.lease(KEY, build, template=None if kinds == ["plain"] else PYTHON)
        with pytest.raises(WallsRefused):
            await lease.open(None, 1)
        assert build.kinds == kinds

    run(story)


def test_a_template_that_ended_before_it_was_told_what_to_load_is_replaced() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder()
        late = houses.lease(KEY, build, template=PYTHON)
        build.houses[0].is_gone = True
        houses.recorded(KEY, ["json"], build)
        await late.open(None, 1)
        assert [(house.loaded, house.opened) for house in build.houses] == [([], 0), ([], 1)]

    run(story)


def test_nothing_is_built_any_more_at_its_close() -> None:
    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        build = Builder(template=NO_CTYPES)
        lease = houses.lease(KEY, build, template=PYTHON)
        await houses.close()
        with pytest.raises(WallsRefused):
            await lease.open(None, 1)
        assert build.kinds == ["template"]

    run(story)


def test_at_its_close_nothing_is_left() -> None:
    build = Builder()

    async def story(houses: Houses, changes: list[PlacementKey]) -> None:
        houses.lease(KEY, build, template=PYTHON)
        houses.lease(NEXT, build, template=PYTHON)
        houses.recorded(NEXT, ["json"], build)

    run(story)
    assert build.open == 0
