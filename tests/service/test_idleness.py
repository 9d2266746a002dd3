"""A service that nobody needs ends by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from lambdacli.service.idleness import LOOK_SECONDS, Idleness
from tests.doubles import ManualClock


class Stage:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.minutes = 1.0
        self.is_busy = False
        self.ends = 0
        self.idleness = Idleness(self.clock, lambda: self.minutes, lambda: self.is_busy, self.end)
        self.idleness.watch()

    def end(self) -> None:
        self.ends += 1

    async def pass_by(self, seconds: float) -> None:
        for _ in range(int(seconds / LOOK_SECONDS)):
            await self.clock.pass_by(LOOK_SECONDS)


def play(story: Callable[[Stage], Awaitable[None]]) -> Stage:
    async def run() -> Stage:
        stage = Stage()
        await story(stage)
        return stage

    return asyncio.run(run())


def test_it_ends_once_when_nobody_came_for_so_long() -> None:
    async def story(stage: Stage) -> None:
        await stage.pass_by(45)
        assert stage.ends == 0
        await stage.pass_by(120)

    assert play(story).ends == 1


def test_who_comes_keeps_it() -> None:
    async def story(stage: Stage) -> None:
        for _ in range(4):
            await stage.pass_by(45)
            stage.idleness.note_activity()

    assert play(story).ends == 0


def test_what_runs_long_keeps_it_and_the_time_counts_from_its_end() -> None:
    async def story(stage: Stage) -> None:
        stage.is_busy = True
        await stage.pass_by(300)
        stage.is_busy = False
        await stage.pass_by(45)
        assert stage.ends == 0
        await stage.pass_by(15)

    assert play(story).ends == 1


def test_nought_minutes_are_for_ever_until_they_are_changed() -> None:
    async def story(stage: Stage) -> None:
        stage.minutes = 0.0
        await stage.pass_by(6000)
        assert stage.ends == 0
        stage.minutes = 1.0
        await stage.pass_by(15)

    assert play(story).ends == 1
