from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from lambdacli.service.clock import OffsetClock
from lambdacli.service.settings import StartFailure
from tests.doubles import ManualClock


class House:
    def __init__(self, folder, scale: float = 1.0) -> None:
        self.file = folder / "clock.json"
        self.real = ManualClock()
        self.clock = OffsetClock(self.file, self.real, scale)
        self.began = self.clock.now()
        self.fired: list[tuple[str, float]] = []
        """What was called back, and how many seconds of the clock after the beginning."""

    def note(self, name: str) -> None:
        self.fired.append((name, self.seconds()))

    def seconds(self) -> float:
        return round((self.clock.now() - self.began).total_seconds(), 3)

    def after(self, seconds: float, name: str):
        return self.clock.call_later(seconds, lambda: self.note(name))

    def kept(self) -> float:
        return json.loads(self.file.read_text())["offset_seconds"]


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


def test_unmoved_it_shows_real_time_and_writes_nothing(house):
    assert house.clock.now() == house.real.now()
    house.clock.start()
    house.clock.stop()
    assert not house.file.exists()


async def _real_waiting(house: House) -> None:
    house.after(2, "two")
    house.after(1, "one")
    cancelled = house.after(1.5, "cancelled")
    cancelled.cancel()
    await house.real.pass_by(1)
    assert house.fired == [("one", 1)]
    await house.real.pass_by(1)


def test_unmoved_what_waits_is_called_back_as_real_time_passes(house):
    asyncio.run(_real_waiting(house))
    assert house.fired == [("one", 1), ("two", 2)]


def test_each_thing_due_on_the_way_sees_its_own_moment(house):
    house.after(120, "second")
    house.after(60, "first")
    house.after(600, "too late")
    assert asyncio.run(house.clock.advance(300)) == 2
    assert house.fired == [("first", 60), ("second", 120)]
    assert house.seconds() == 300
    assert house.clock.read().offset_seconds == 300


def test_what_is_set_on_the_way_is_reached_in_the_same_move(house):
    def again() -> None:
        house.note("again")
        house.after(120, "after that")

    house.clock.call_later(60, again)
    asyncio.run(house.clock.advance(180))
    assert house.fired == [("again", 60), ("after that", 180)]


def test_the_clock_waits_for_what_it_sets_off_before_it_moves_on(house):
    """The story of an event that fails: an attempt takes its time, and its end sets the next timer."""
    running: list[asyncio.Future] = []

    def attempt() -> None:
        house.note("attempt")
        running.append(asyncio.get_running_loop().create_future())
        asyncio.get_running_loop().call_later(0.001, fail)

    def fail() -> None:
        house.clock.call_later(60 * len(running), attempt)
        running[-1].set_result(None)

    async def settle() -> None:
        await running[-1]

    async def play() -> None:
        house.clock.settle = settle
        house.clock.call_later(0, attempt)
        await house.clock.advance(300)

    asyncio.run(play())
    assert house.fired == [("attempt", 0), ("attempt", 60), ("attempt", 180)]


def test_two_moves_come_one_after_the_other(house):
    async def play() -> None:
        house.after(60, "due")
        await asyncio.gather(house.clock.advance(100), house.clock.advance(100))

    asyncio.run(play())
    assert (house.fired, house.seconds()) == ([("due", 60)], 200)


def test_a_callback_that_fails_does_not_stop_the_others(house, caplog):
    house.clock.call_later(1, lambda: 1 / 0)
    house.after(1, "next")
    asyncio.run(house.clock.advance(1))
    assert house.fired == [("next", 1)]
    assert "what was due failed" in caplog.text


def test_one_that_is_cancelled_by_one_before_it_is_not_called(house):
    cancelled = house.after(1, "cancelled")
    house.clock.call_later(0.5, cancelled.cancel)
    same_moment = house.after(2, "cancelled too")
    house.clock.call_at(house.began + timedelta(seconds=1.9), same_moment.cancel)
    asyncio.run(house.clock.advance(5))
    assert house.fired == []


def test_the_offset_lasts_over_a_restart(house, tmp_path):
    asyncio.run(house.clock.advance(90))
    house.clock.stop()
    again = House(tmp_path)
    assert again.clock.now() - again.real.now() == timedelta(seconds=90)


def test_a_service_that_is_killed_on_the_way_does_not_go_back_in_time(house):
    kept: list[float] = []
    house.clock.call_later(10, lambda: kept.append(house.kept()))
    asyncio.run(house.clock.advance(90))
    assert kept == [90]


def test_a_reset_shows_real_time_and_never_turns_the_monotonic_time_back(house):
    asyncio.run(house.clock.advance(90))
    before = house.clock.monotonic()
    house.clock.reset()
    assert (house.seconds(), house.clock.read().offset_seconds, house.kept()) == (0, 0, 0)
    assert house.clock.monotonic() >= before


def test_after_a_reset_lengths_go_on_and_moments_are_waited_for_in_real_time(house):
    async def play() -> None:
        await house.clock.advance(1000)
        house.after(60, "length")
        house.clock.call_at(house.began + timedelta(seconds=1060), lambda: house.note("moment"))
        house.clock.reset()
        await house.real.pass_by(60)
        assert house.fired == [("length", 60)]
        await house.real.pass_by(1000)

    asyncio.run(play())
    assert house.fired == [("length", 60), ("moment", 1060)]


def test_a_moment_that_is_past_is_due_at_once(house):
    house.clock.call_at(datetime(1970, 1, 1, tzinfo=UTC), lambda: house.note("past"))
    asyncio.run(house.real.pass_by(0))
    assert house.fired == [("past", 0)]


def test_a_faster_clock_calls_back_after_a_part_of_the_time(tmp_path):
    house = House(tmp_path, scale=60)

    async def play() -> None:
        house.after(60, "minute")
        await house.real.pass_by(0.5)
        assert (house.fired, house.seconds()) == ([], 30)
        await house.real.pass_by(0.5)

    asyncio.run(play())
    assert house.fired == [("minute", 60)]
    assert house.clock.read().scale == 60


def test_a_faster_clock_is_written_down_ahead_and_exactly_at_its_end(tmp_path):
    house = House(tmp_path, scale=60)

    async def play() -> None:
        house.clock.start()
        assert house.kept() == 59
        await house.real.pass_by(1)
        assert house.kept() == 118
        await house.real.pass_by(0.5)
        house.clock.stop()

    asyncio.run(play())
    assert house.kept() == 88.5


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"offset_seconds": "far"}', '{"offset_seconds": 1e300}', '{"offset_seconds": null}'],
)
def test_a_file_that_says_nothing_is_an_error_that_tells_what_to_do(tmp_path, text):
    file = tmp_path / "clock.json"
    file.write_text(text)
    with pytest.raises(StartFailure, match="remove it to start with real time"):
        OffsetClock(file, ManualClock())
