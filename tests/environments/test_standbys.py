"""How many environments are made ready ahead, of which function, and when they go; berths are played."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lambdacli.environments.command import StartError
from lambdacli.environments.placement import Placement, PlacementKey
from lambdacli.environments.standbys import BUSY_SECONDS, QUIET_SECONDS, Standbys
from lambdacli.model.arn import FunctionKey
from lambdacli.model.credentials import Credentials
from tests.doubles import ManualClock

KEY = PlacementKey(FunctionKey("000000000000", "us-east-1", "one"), "$LATEST", "1")
PLACEMENT = Placement(
    key=KEY,
    runtime="python3.12",
    handler="app.handler",
    task_root=Path("/nowhere"),
    log_group="/aws/lambda/one",
    memory_mb=128,
    timeout_seconds=3,
    ephemeral_storage_mb=512,
    credentials=Credentials("a", "b", "c"),
)


class PlayedBerth:
    def __init__(self, problem: Exception | None = None) -> None:
        self.is_outdated = self.is_lost = self.is_closed = self.is_prepared = False
        self._problem = problem

    async def prepare(self) -> None:
        if self._problem is not None:
            raise self._problem
        self.is_prepared = True

    async def close(self) -> None:
        self.is_closed = True


class Stage:
    def __init__(self, problem: Exception | None = None) -> None:
        self.clock = ManualClock()
        self.made: list[PlayedBerth] = []
        self.taken: list[PlayedBerth] = []
        self._problem = problem
        self.standbys = Standbys(self._make, self.clock)

    def _make(self, placement: Placement) -> Any:
        self.made.append(PlayedBerth(self._problem if self.made else None))
        return self.made[-1]

    @property
    def ready(self) -> int:
        """Made ready, and neither taken nor closed since."""
        waiting = [berth for berth in self.made if berth.is_prepared and berth not in self.taken]
        return sum(not berth.is_closed for berth in waiting)

    def take(self) -> Any:
        berth: Any = self.standbys.take(PLACEMENT)
        self.taken.append(berth)
        return berth

    async def quiet(self) -> None:
        await self.clock.pass_by(QUIET_SECONDS * 1.01)


def run(story: Callable[[Stage], Any], problem: Exception | None = None) -> Stage:
    async def play() -> Stage:
        stage = Stage(problem)
        await story(stage)
        await stage.standbys.close()
        return stage

    return asyncio.run(play())


def test_after_a_start_one_more_is_made_ready_and_taken_next() -> None:
    async def story(stage: Stage) -> None:
        first = stage.take()
        assert stage.made == [first]
        assert stage.ready == 0
        await stage.quiet()
        assert stage.ready == 1
        second = stage.take()
        assert second is stage.made[1]
        assert second.is_prepared

    run(story)


def test_nothing_is_made_while_starts_follow_each_other() -> None:
    async def story(stage: Stage) -> None:
        for _ in range(5):
            stage.take()
            await stage.clock.pass_by(QUIET_SECONDS / 2)
        assert len(stage.made) == 5

    run(story)


def test_a_busy_function_gets_two_and_a_calm_one_one() -> None:
    async def story(stage: Stage) -> None:
        stage.take()
        stage.take()
        await stage.quiet()
        assert stage.ready == 2
        await stage.clock.pass_by(BUSY_SECONDS + 1)
        stage.take()
        await stage.quiet()
        assert stage.ready == 1

    run(story)


def test_with_the_last_environment_its_standbys_go() -> None:
    async def story(stage: Stage) -> None:
        stage.take()
        stage.take()
        await stage.quiet()
        assert stage.standbys.given_back(KEY)
        assert stage.ready == 2
        assert not stage.standbys.given_back(KEY)
        await stage.clock.pass_by(0)
        assert stage.ready == 0
        await stage.quiet()
        assert [berth.is_closed for berth in stage.made] == [False, False, True, True]

    run(story)


def test_what_was_made_too_early_is_made_anew() -> None:
    async def story(stage: Stage) -> None:
        stage.take()
        await stage.quiet()
        stage.standbys.renew(KEY, PLACEMENT)
        await stage.clock.pass_by(0)
        assert stage.ready == 0
        await stage.quiet()
        assert stage.made[1].is_closed
        assert stage.ready == 1

    run(story)


def test_a_function_without_environments_is_not_renewed() -> None:
    async def story(stage: Stage) -> None:
        stage.standbys.renew(KEY, PLACEMENT)
        await stage.quiet()
        assert stage.made == []

    run(story)


def test_one_that_lost_its_guardian_is_not_handed_out() -> None:
    async def story(stage: Stage) -> None:
        stage.take()
        await stage.quiet()
        stage.made[1].is_lost = True
        taken = stage.take()
        assert taken is stage.made[2]
        await stage.quiet()
        assert stage.made[1].is_closed

    run(story)


def test_what_cannot_be_made_ready_is_closed_and_not_tried_in_a_circle() -> None:
    async def story(stage: Stage) -> None:
        stage.take()
        await stage.quiet()
        await stage.quiet()
        assert len(stage.made) == 2
        assert stage.made[1].is_closed
        assert stage.ready == 0

    run(story, StartError("no"))


def test_at_its_close_nothing_is_left_and_nothing_more_is_made() -> None:
    async def story(stage: Stage) -> None:
        stage.take()
        await stage.quiet()
        await stage.standbys.close()
        stage.take()
        await stage.quiet()

    stage = run(story)
    assert [berth.is_closed for berth in stage.made] == [False, True, False]
