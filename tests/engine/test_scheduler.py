"""Who waits for a moment is called back at it, by one timer for all."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from lambdacli.engine.scheduler import LOOK_AGAIN_SECONDS, Scheduler
from tests.doubles import ManualClock


class House:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.began = self.clock.now()
        self.scheduler = Scheduler(self.clock)
        self.woken: list[tuple[str, float]] = []

    def wake(self, key: str, seconds: float) -> None:
        self.scheduler.wake_by(key, self.began + timedelta(seconds=seconds), lambda: self._note(key))

    def _note(self, key: str) -> None:
        self.woken.append((key, (self.clock.now() - self.began).total_seconds()))

    def pass_by(self, *steps: float) -> None:
        async def story() -> None:
            for step in steps:
                await self.clock.pass_by(step)

        asyncio.run(story())


def test_each_is_woken_once_in_the_order_of_their_moments():
    house = House()
    house.wake("late", 20)
    house.wake("soon", 10)
    house.pass_by(9, 1, 10, 100)
    assert house.woken == [("soon", 10), ("late", 20)]


def test_an_earlier_moment_takes_the_place_of_a_later_one_but_not_the_other_way_round():
    house = House()
    house.wake("a", 20)
    house.wake("a", 10)
    house.wake("a", 30)
    house.pass_by(10, 10, 10)
    assert house.woken == [("a", 10)]


def test_a_jump_over_several_moments_wakes_all_of_them():
    house = House()
    house.wake("a", 10)
    house.wake("b", 20)
    house.pass_by(60)
    assert house.woken == [("a", 60), ("b", 60)]


def test_one_that_fails_does_not_keep_the_others_asleep(caplog):
    house = House()
    house.scheduler.wake_by("bad", house.began, lambda: 1 // 0)
    house.wake("good", 1)
    house.pass_by(1)
    assert [key for key, _ in house.woken] == ["good"]
    assert "ZeroDivisionError" in caplog.text


def test_who_is_woken_may_wait_again():
    house = House()

    def again() -> None:
        house._note("a")
        house.wake("a", 40)

    house.scheduler.wake_by("a", house.began + timedelta(seconds=10), again)
    house.pass_by(10, 30)
    assert house.woken == [("a", 10), ("a", 40)]


def test_a_far_moment_is_looked_at_each_minute_for_the_machine_may_have_slept():
    house = House()
    house.wake("far", 3600)

    async def story() -> None:
        house.clock._now += 3600 - LOOK_AGAIN_SECONDS  # the wall clock alone went on
        await house.clock.pass_by(LOOK_AGAIN_SECONDS)

    asyncio.run(story())
    assert house.woken == [("far", 3600)]


def test_nobody_is_woken_after_the_end():
    house = House()
    house.wake("a", 10)
    house.scheduler.close()
    house.pass_by(10)
    assert house.woken == []
