"""The fleet performs what its pool decides: with environments that the test moves by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lambdacli.environments.fleet import Fleet, Provision, Stopping
from lambdacli.environments.phase import Settlement
from lambdacli.environments.placement import Placement, PlacementKey
from lambdacli.environments.pool import PoolLimits
from lambdacli.environments.state import EnvironmentState
from lambdacli.model.arn import FunctionKey
from lambdacli.model.credentials import Credentials
from lambdacli.model.environment import StartReason
from lambdacli.model.later import Later
from lambdacli.model.outcome import Invocation, Outcome, Report

KEY = FunctionKey("000000000000", "us-east-1", "f")
MORNING = datetime(2026, 1, 2, 8, tzinfo=UTC)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class StillClock:
    """Time moves when the test says so; what was asked for later is kept."""

    def __init__(self) -> None:
        self.moment = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> Any:
        raise AssertionError("nobody asks for the date here")

    def monotonic(self) -> float:
        return self.moment

    def call_later(self, delay_seconds: float, callback: Callable[[], None]) -> Any:
        entry = (self.moment + delay_seconds, callback)
        self.timers.append(entry)
        timers = self.timers

        class Cancel:
            def cancel(self) -> None:
                if entry in timers:
                    timers.remove(entry)

        return Cancel()

    def move(self, seconds: float) -> None:
        self.moment += seconds
        for entry in [entry for entry in self.timers if entry[0] <= self.moment]:
            self.timers.remove(entry)
            entry[1]()


class PlayedEnvironment:
    """Waits in each of its phases until the test lets it go on."""

    def __init__(self, placement: Placement, on_change: Callable[[Any], None]) -> None:
        self.placement = placement
        self.state = EnvironmentState.NEW
        self.start_reason: StartReason | None = None
        self.is_settling = False
        self.is_lost = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.settle: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.leave: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.leave.set_result(None)
        self.ran: list[str] = []
        self.invocations = 0
        self.init_fails = False
        self.was_closed = False
        self.playing: asyncio.Future[Settlement] | None = None
        self._on_change = on_change

    async def initialise(self) -> None:
        self.state = EnvironmentState.INITIALISING
        await self.ready
        self.state = EnvironmentState.RESET if self.init_fails else EnvironmentState.IDLE

    def die(self) -> None:
        self.state = EnvironmentState.RESET
        self._on_change(self)

    def invoke(
        self, invocation: Invocation, answer: Callable[[Outcome], None], begin: object
    ) -> Later[Settlement]:
        settled: Later[Settlement] = Later()

        def done(playing: asyncio.Future[Settlement]) -> None:
            if playing.cancelled():
                return
            if (error := playing.exception()) is not None:
                settled.set_exception(error)
            else:
                settled.set_result(playing.result())

        self.playing = asyncio.ensure_future(self._play(invocation, answer))
        self.playing.add_done_callback(done)
        return settled

    async def _play(self, invocation: Invocation, answer: Callable[[Outcome], None]) -> Settlement:
        self.state = EnvironmentState.RUNNING
        self.ran.append(invocation.request_id)
        self.invocations += 1
        answer(Outcome(await self.answer, "$LATEST"))
        self.is_settling = True
        self._on_change(self)
        await self.settle
        self.is_settling = False
        self.state = EnvironmentState.IDLE
        loop = asyncio.get_running_loop()
        self.answer, self.settle = loop.create_future(), loop.create_future()
        return Settlement(Report(1.0, 1, 128, 20), b"tail")

    async def close(self) -> None:
        self.state = EnvironmentState.CLOSING
        if self.playing is not None:
            self.playing.cancel()
        await self.leave
        self.state = EnvironmentState.GONE
        self.was_closed = True


class House:
    def __init__(self, limits: PoolLimits) -> None:
        self.clock = StillClock()
        self.made: list[PlayedEnvironment] = []
        self.fail_with: list[Exception] = []
        self.outdated: set[str] = set()
        """Generations."""
        self.fleet = Fleet(
            self._make,  # type: ignore[arg-type]
            limits,
            self.clock,
            self.clock,
            lambda key: key.generation not in self.outdated,
        )
        self._number = 0

    def _make(self, placement: Placement, on_change: Callable[[Any], None]) -> PlayedEnvironment:
        if self.fail_with:
            raise self.fail_with.pop(0)
        environment = PlayedEnvironment(placement, on_change)
        self.made.append(environment)
        return environment

    def outdate(self, generation: str) -> None:
        self.outdated.add(generation)
        self.fleet.retire_outdated()

    def provision(self, count: int, generation: str = "1", asked_at: datetime = MORNING) -> None:
        wanted = [Provision(placement(generation), count, asked_at)] if count else []
        self.fleet.provision(KEY, wanted)

    @property
    def ready(self) -> int | None:
        return self.fleet.provisioned(KEY, "$LATEST")

    def submit(self, generation: str = "1", *, is_cold: bool = False) -> Any:
        self._number += 1
        invocation = Invocation(f"r{self._number}", KEY.arn, b"{}", wants_cold=is_cold)
        return self.fleet.submit(placement(generation), invocation)


def placement(generation: str, version: str = "$LATEST") -> Placement:
    return Placement(
        key=PlacementKey(KEY, version, generation),
        runtime="provided.al2023",
        handler="h",
        task_root=Path("/code"),
        log_group="/aws/lambda/f",
        memory_mb=128,
        timeout_seconds=3,
        ephemeral_storage_mb=512,
        credentials=Credentials("a", "b", "c"),
    )


async def turns() -> None:
    """Lets everything run that can run now."""
    for _ in range(20):
        await asyncio.sleep(0)


def play(
    story: Callable[[House], Awaitable[None]],
    limits: PoolLimits = PoolLimits(environments=10, starting=10, idle_seconds=600),  # noqa: B008
) -> None:
    async def run() -> None:
        house = House(limits)
        try:
            async with asyncio.timeout(5):
                await story(house)
        finally:
            for environment in house.made:
                if not environment.leave.done():
                    environment.leave.set_result(None)
            await house.fleet.close()
        assert [environment.was_closed for environment in house.made] == [True] * len(house.made)
        assert house.clock.timers == []

    asyncio.run(run())


def test_an_invocation_from_its_ticket_to_its_settlement() -> None:
    async def story(house: House) -> None:
        run = house.submit()
        await turns()
        (environment,) = house.made
        environment.ready.set_result(None)
        await turns()
        environment.answer.set_result(b"1")
        assert (await run.answered).payload == b"1"
        assert not run.settled.done()
        environment.settle.set_result(None)
        assert (await run.settled).log_tail == b"tail"
        assert house.fleet.waiting() == 0

    play(story)


def test_what_cannot_be_made_is_told_to_one_caller_and_the_next_is_tried_again() -> None:
    async def story(house: House) -> None:
        house.fail_with = [OSError("disk full"), OSError("still full")]
        runs = [house.submit() for _ in range(3)]
        await turns()
        assert [str(run.answered.exception()) for run in runs[:2]] == ["disk full", "still full"]
        assert not runs[2].answered.done()
        (environment,) = house.made
        environment.ready.set_result(None)
        environment.answer.set_result(b"3")
        assert (await runs[2].answered).payload == b"3"
        environment.settle.set_result(None)

    play(story, PoolLimits(environments=10, starting=1, idle_seconds=600))


def test_an_init_that_fails_inside_lam_leaves_no_environment() -> None:
    async def story(house: House) -> None:
        run = house.submit()
        await turns()
        house.made[0].ready.set_exception(OSError("no port"))
        await turns()
        assert str(run.answered.exception()) == "no port"
        assert house.made[0].was_closed
        assert house.fleet.environments() == []
        again = house.submit()
        await turns()
        house.made[1].ready.set_result(None)
        house.made[1].answer.set_result(b"2")
        assert (await again.answered).payload == b"2"
        house.made[1].settle.set_result(None)

    play(story)


def test_an_environment_that_fails_inside_lam_is_given_up() -> None:
    async def story(house: House) -> None:
        run = house.submit()
        await turns()
        house.made[0].ready.set_result(None)
        await turns()
        house.made[0].answer.set_exception(AssertionError("a bug"))
        await turns()
        assert str(run.answered.exception()) == "a bug"
        assert house.made[0].was_closed
        assert house.fleet.environments() == []

    play(story)


def test_an_environment_whose_place_was_killed_is_replaced() -> None:
    async def story(house: House) -> None:
        first = house.submit()
        await turns()
        house.made[0].ready.set_result(None)
        house.made[0].answer.set_result(b"1")
        await turns()
        house.made[0].settle.set_result(None)
        await first.settled
        house.made[0].is_lost = True
        second = house.submit()
        await turns()
        assert house.made[0].was_closed
        house.made[1].ready.set_result(None)
        house.made[1].answer.set_result(b"2")
        assert (await second.answered).payload == b"2"
        assert (house.made[0].ran, house.made[1].ran) == (["r1"], ["r2"])
        house.made[1].settle.set_result(None)

    play(story)


def test_a_ticket_that_waits_while_its_function_is_deleted_is_still_run() -> None:
    async def story(house: House) -> None:
        first = house.submit()
        await turns()
        house.made[0].ready.set_result(None)
        await turns()
        second = house.submit()
        await turns()
        house.outdate("1")
        for run in (first, second):
            await turns()
            house.made[0].answer.set_result(b"ran")
            assert (await run.answered).payload == b"ran"
            house.made[0].settle.set_result(None)
            await run.settled
        await turns()
        assert house.made[0].was_closed
        assert house.fleet.environments() == []

    play(story, PoolLimits(environments=1, starting=1, idle_seconds=600))


def test_an_invocation_that_was_placed_before_a_change_leaves_no_old_environment() -> None:
    async def story(house: House) -> None:
        house.outdate("1")
        run = house.submit("1")
        await turns()
        house.made[0].ready.set_result(None)
        house.made[0].answer.set_result(b"old")
        house.made[0].settle.set_result(None)
        await run.settled
        await turns()
        assert house.made[0].was_closed
        current = house.submit("2")
        await turns()
        house.made[1].ready.set_result(None)
        house.made[1].answer.set_result(b"new")
        house.made[1].settle.set_result(None)
        await current.settled
        await turns()
        assert not house.made[1].was_closed

    play(story)


def test_the_next_invocation_waits_a_moment_for_one_that_settles() -> None:
    async def story(house: House) -> None:
        first = house.submit()
        await turns()
        environment = house.made[0]
        environment.ready.set_result(None)
        environment.answer.set_result(b"1")
        await first.answered
        second = house.submit()
        await turns()
        assert len(house.made) == 1
        environment.settle.set_result(None)
        await first.settled
        await turns()
        environment.answer.set_result(b"2")
        environment.settle.set_result(None)
        await second.settled
        assert environment.ran == ["r1", "r2"]

    play(story)


def test_patience_with_one_that_settles_ends() -> None:
    async def story(house: House) -> None:
        first = house.submit()
        await turns()
        house.made[0].ready.set_result(None)
        house.made[0].answer.set_result(b"1")
        await first.answered
        house.submit()
        await turns()
        house.clock.move(0.06)
        await turns()
        assert len(house.made) == 2

    play(story)


def test_closing_tells_everybody_and_waits_for_environments_that_are_closing_already() -> None:
    async def story(house: House) -> None:
        waiting = house.submit()
        await turns()
        house.made[0].ready.set_result(None)
        await turns()
        house.made[0].answer.set_result(b"1")
        house.made[0].settle.set_result(None)
        await waiting.settled
        await turns()
        # It is being closed, slowly, when the fleet is.
        house.made[0].leave = asyncio.get_running_loop().create_future()
        house.outdate("1")
        running, starting = house.submit("2"), house.submit("2")
        await turns()
        house.made[1].ready.set_result(None)
        await turns()
        closing = asyncio.ensure_future(house.fleet.close())
        await turns()
        assert isinstance(running.answered.exception(), Stopping)
        assert isinstance(starting.answered.exception(), Stopping)
        assert not closing.done()
        house.made[0].leave.set_result(None)
        await closing
        assert house.made[0].was_closed

    play(story)


def test_a_cold_invocation_runs_where_nothing_ever_ran_and_the_environment_knows_why_it_is() -> None:
    async def story(house: House) -> None:
        first = house.submit()
        await turns()
        house.made[0].ready.set_result(None)
        house.made[0].answer.set_result(b"1")
        house.made[0].settle.set_result(None)
        await first.settled
        await turns()
        cold = house.submit(is_cold=True)
        await turns()
        house.made[1].ready.set_result(None)
        house.made[1].answer.set_result(b"2")
        house.made[1].settle.set_result(None)
        await cold.settled
        assert [environment.ran for environment in house.made] == [["r1"], ["r2"]]
        assert [environment.start_reason for environment in house.made] == [
            StartReason.FIRST,
            StartReason.COLD,
        ]

    play(story)


def test_idle_environments_are_reaped() -> None:
    async def story(house: House) -> None:
        run = house.submit()
        await turns()
        house.made[0].ready.set_result(None)
        house.made[0].answer.set_result(b"1")
        house.made[0].settle.set_result(None)
        await run.settled
        await turns()
        house.clock.move(599)
        await turns()
        assert not house.made[0].was_closed
        house.clock.move(16)
        await turns()
        assert house.made[0].was_closed

    play(story)


def test_waiting_for_the_machine_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    async def story(house: House) -> None:
        for _ in range(4):
            house.submit()
        await turns()
        assert caplog.text.count("1 environments are the limit of this machine") == 1

    play(story, PoolLimits(environments=1, starting=1, idle_seconds=600))


# What is provisioned


def test_provisioned_ones_are_initialised_before_anybody_calls() -> None:
    async def story(house: House) -> None:
        house.provision(1)
        await turns()
        (environment,) = house.made
        assert environment.placement.is_provisioned
        assert house.ready == 0
        environment.ready.set_result(None)
        await turns()
        assert house.ready == 1
        run = house.submit()
        environment.answer.set_result(b"1")
        await run.answered
        environment.settle.set_result(None)
        await run.settled
        assert len(house.made) == 1

    play(story)


def test_provisioned_one_that_ends_after_an_invocation_is_made_again() -> None:
    async def story(house: House) -> None:
        house.provision(1)
        await turns()
        (environment,) = house.made
        environment.ready.set_result(None)
        await turns()
        environment.invocations = 1
        environment.die()
        await turns()
        assert environment.was_closed
        assert house.ready == 0
        house.made[1].ready.set_result(None)
        await turns()
        assert house.ready == 1

    play(story)


@pytest.mark.parametrize("dies_idle", [False, True])
def test_failed_init_is_not_repeated_until_it_is_asked_for_again(dies_idle: bool) -> None:
    async def story(house: House) -> None:
        house.provision(1)
        await turns()
        (environment,) = house.made
        environment.init_fails = not dies_idle
        environment.ready.set_result(None)
        await turns()
        if dies_idle:
            environment.die()
            await turns()
        assert house.ready is None
        assert environment.was_closed
        house.provision(1)
        await turns()
        assert len(house.made) == 1
        house.provision(1, asked_at=NOON)
        await turns()
        house.made[1].ready.set_result(None)
        await turns()
        assert house.ready == 1

    play(story)


def test_what_cannot_be_made_ahead_is_told_to_nobody_who_calls() -> None:
    async def story(house: House) -> None:
        house.fail_with = [OSError("disk full")]
        house.provision(1)
        await turns()
        assert house.ready is None
        run = house.submit()
        await turns()
        house.made[0].ready.set_result(None)
        house.made[0].answer.set_result(b"1")
        assert (await run.answered).payload == b"1"
        assert not house.made[0].placement.is_provisioned
        house.made[0].settle.set_result(None)
        await run.settled

    play(story)


def test_too_few_environments_for_what_is_provisioned_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def story(house: House) -> None:
        house.provision(2)
        await turns()
        house.made[0].ready.set_result(None)
        await turns()
        assert house.ready == 1
        assert caplog.text.count("1 environments are the limit of this machine") == 1

    play(story, PoolLimits(environments=1, starting=1, idle_seconds=600))


def test_another_generation_is_provisioned_in_the_place_of_the_former() -> None:
    async def story(house: House) -> None:
        house.provision(1)
        await turns()
        house.made[0].ready.set_result(None)
        await turns()
        house.outdate("1")
        house.provision(1, "2")
        await turns()
        assert house.made[0].was_closed
        house.made[1].ready.set_result(None)
        await turns()
        assert house.ready == 1
        house.provision(0)
        await turns()
        assert house.made[1].was_closed
        assert house.ready == 0

    play(story)


def test_environments_of_a_version_stay_when_another_version_changes() -> None:
    async def story(house: House) -> None:
        for generation in ("2", "3"):
            invocation = Invocation(f"r{generation}", KEY.arn, b"{}")
            run = house.fleet.submit(placement("1", "7"), invocation)
            await turns()
            (environment,) = house.made
            if not environment.ready.done():
                environment.ready.set_result(None)
                await turns()
            environment.answer.set_result(b"1")
            await run.answered
            environment.settle.set_result(None)
            await run.settled
            house.outdate(generation)  # of `$LATEST`
            await turns()
        assert not environment.was_closed
        house.outdate("1")
        await turns()
        assert environment.was_closed

    play(story)
