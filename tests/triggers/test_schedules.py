"""Schedules with a clock that is moved by hand: what fires when, how often, and what is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lambdacli.engine.access import Access
from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import ResourceNotFoundException
from lambdacli.model.function import ArchiveCode, Function
from lambdacli.model.function import Origin as FunctionOrigin
from lambdacli.model.permission import Permission, ResourcePolicy, add_statement, function_statement
from lambdacli.model.schedule import (
    Origin,
    RefusedFiringError,
    Schedule,
    TargetInput,
    read_expression,
    rule_arn,
)
from lambdacli.model.schedule_expression import ScheduleKind
from lambdacli.service.clock import OffsetClock
from lambdacli.store.database import open_database
from lambdacli.store.functions import FunctionStore
from lambdacli.store.kinds import RESOURCE_POLICY
from lambdacli.store.policies import policy_place
from lambdacli.store.settings import SettingStore
from lambdacli.triggers.schedule import MOST_OF_ONE_MOVE, Schedules
from tests.doubles import ManualClock

DEMO = FunctionKey("000000000000", "us-east-1", "demo")
PROJECT = (Origin.LAM_YAML, Origin.TEMPLATE)
HOUR = 3600.0


class House:
    """Schedules over real policies; what they send is kept, with the time by the clock."""

    def __init__(self, folder: Path) -> None:
        self.real = ManualClock()
        self.clock = OffsetClock(folder / "clock.json", self.real)
        self.connection = open_database(folder / "state.db")
        functions = FunctionStore(self.connection)
        role = "arn:aws:iam::000000000000:role/lam"
        code, now = ArchiveCode("hash", 1), datetime.now(UTC)
        functions.put(Function(DEMO, "python3.13", "a.b", role, code, FunctionOrigin.API, "1", now))
        self.settings = SettingStore(self.connection)
        self.sent: list[tuple[datetime, dict[str, Any]]] = []
        self.refusal: Exception | None = None
        self.schedules = Schedules(
            self.clock, Access(self.settings), self.accept, self.settle, lambda: self.clock.moves_to
        )
        self.clock.settle = self.rest
        self.clock.went_back = self.schedules.look_again

    async def accept(self, function: FunctionKey, qualifier: str | None, payload: bytes) -> str:
        if self.refusal is not None:
            raise self.refusal
        assert (function, qualifier) == (DEMO, None)
        self.sent.append((self.clock.now(), json.loads(payload)))
        return f"request-{len(self.sent)}"

    async def settle(self) -> None: ...

    async def rest(self) -> None:
        await asyncio.sleep(0)
        await self.schedules.rest()

    def names(self) -> list[str]:
        return [event["name"] for _, event in self.sent]

    def permit(self, arn: str) -> None:
        permission = Permission("events", "lambda:InvokeFunction", "events.amazonaws.com", source_arn=arn)
        text = add_statement(None, function_statement(permission, DEMO.arn))
        self.settings.put(RESOURCE_POLICY, DEMO, ResourcePolicy(text, "revision"), policy_place(None))


def schedule(name: str, text: str, **more: Any) -> Schedule:
    return Schedule(
        name,
        ScheduleKind.RULE,
        rule_arn(DEMO.account, DEMO.region, name),
        DEMO,
        None,
        text,
        read_expression(text, ScheduleKind.RULE),
        more.pop("origin", Origin.LAM_YAML),
        input=TargetInput(json.dumps({"name": name})),
        needs_permission=more.pop("needs_permission", False),
        **more,
    )


def in_house(tmp_path: Path, story: Callable[[House], Awaitable[None]]) -> None:
    async def told() -> None:
        house = House(tmp_path)
        try:
            await story(house)
        finally:
            await house.schedules.close()
            house.connection.close()

    asyncio.run(told())


def test_what_becomes_due_while_the_clock_is_moved_fires_each_time_in_its_order(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.schedules.take(
            PROJECT, [schedule("often", "rate(20 minutes)"), schedule("hourly", "cron(30 * * * ? *)")]
        )
        await house.clock.advance(HOUR)
        assert house.names() == ["often", "hourly", "often", "often"]
        moments = [at.replace(microsecond=0) for at, _ in house.sent]
        assert [f"{at:%H:%M:%S}" for at in moments] == ["00:20:00", "00:30:00", "00:40:00", "01:00:00"]

    in_house(tmp_path, story)


def test_real_time_fires_too(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.schedules.take(PROJECT, [schedule("often", "rate(1 minute)")])
        for _ in range(4):
            await house.real.pass_by(30)
        # It began 100 seconds after a full minute of 1970.
        assert house.names() == ["often", "often"]

    in_house(tmp_path, story)


def test_a_reload_loses_neither_what_is_due_nor_what_fired_last(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.schedules.take(PROJECT, [schedule("often", "rate(1 minute)", where="lam.yaml:7")])
        house.real._now += 30  # it is due, and nobody was woken yet
        house.schedules.take(PROJECT, [schedule("often", "rate(1 hour)", where="lam.yaml:7")])
        house.schedules.take(PROJECT, [schedule("often", "rate(1 minute)", where="lam.yaml:7")])
        await house.rest()
        assert house.names() == ["often"]
        await house.real.pass_by(60)
        house.schedules.take(PROJECT, [schedule("often", "rate(1 minute)", where="lam.yaml:9")])
        [told] = house.schedules.described()
        assert (told["where"], told["last"] is not None) == ("lam.yaml:9", True)

    in_house(tmp_path, story)


def test_what_was_missed_while_the_machine_slept_fires_once(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.schedules.take(PROJECT, [schedule("often", "rate(1 minute)")])
        await house.real.pass_by(8 * HOUR)
        assert house.names() == ["often"]
        await house.real.pass_by(60)
        assert house.names() == ["often", "often"]

    in_house(tmp_path, story)


def test_a_far_move_fires_each_schedule_up_to_a_bound(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.schedules.take(PROJECT, [schedule("often", "rate(1 minute)"), schedule("daily", "rate(1 day)")])
        await house.clock.advance(3 * 24 * HOUR)
        assert house.names().count("often") == MOST_OF_ONE_MOVE
        assert house.names().count("daily") == 3
        await house.clock.advance(HOUR)
        assert house.names().count("often") == MOST_OF_ONE_MOVE + 60

    in_house(tmp_path, story)


def test_after_a_reset_it_fires_by_real_time_again(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.schedules.take(PROJECT, [schedule("hourly", "rate(1 hour)")])
        await house.clock.advance(24 * HOUR)
        house.clock.reset()
        house.sent.clear()
        await house.real.pass_by(HOUR)
        assert house.names() == ["hourly"]

    in_house(tmp_path, story)


def test_reading_the_project_again_fires_nothing_twice_and_forgets_what_is_gone(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        often, api = (
            schedule("often", "rate(1 hour)"),
            schedule("api", "rate(1 hour)", origin=Origin.NEIGHBOURS),
        )
        house.schedules.take(PROJECT, [often])
        house.schedules.take((Origin.NEIGHBOURS,), [api])
        await house.clock.advance(HOUR)
        house.schedules.take(PROJECT, [often])
        await house.clock.advance(60)
        assert house.names() == ["often", "api"]
        house.schedules.take(PROJECT, [])
        await house.clock.advance(HOUR)
        assert house.names() == ["often", "api", "api"]

    in_house(tmp_path, story)


def test_a_new_service_does_not_fire_again_what_the_last_one_fired(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.schedules.take(PROJECT, [schedule("hourly", "rate(1 hour)")])
        await house.clock.advance(HOUR - 100)
        assert house.names() == ["hourly"]
        house.schedules.take(PROJECT, [])
        house.schedules.take(PROJECT, [schedule("hourly", "rate(1 hour)")])
        await house.clock.advance(HOUR - 1)
        assert house.names() == ["hourly"]

    in_house(tmp_path, story)


def test_one_that_is_disabled_waits_for_nothing_but_fires_when_told(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.schedules.take(PROJECT, [schedule("off", "rate(1 minute)", is_enabled=False)])
        assert not house.schedules.are_waiting
        await house.clock.advance(HOUR)
        assert house.names() == []
        assert house.schedules.described()[0]["next"] is None
        assert await house.schedules.fire_now("off") == ["request-1"]
        with pytest.raises(KeyError):
            await house.schedules.fire_now("other")

    in_house(tmp_path, story)


def test_it_tells_when_it_is_due_next(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.schedules.take(PROJECT, [schedule("hourly", "rate(1 hour)", where="lam.yaml:4")])
        (told,) = house.schedules.described()
        assert (told["next"], told["last"]) == ("1970-01-01T01:00:00+00:00", None)
        await house.clock.advance(HOUR)
        (told,) = house.schedules.described()
        assert (told["next"], told["last"]) == ("1970-01-01T02:00:00+00:00", "1970-01-01T01:00:00+00:00")
        assert (told["function"], told["where"], told["enabled"]) == ("demo", "lam.yaml:4", True)
        assert house.schedules.are_waiting

    in_house(tmp_path, story)


def test_a_rule_needs_the_functions_permission(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        rule = schedule("rule", "rate(1 hour)", needs_permission=True)
        house.schedules.take(PROJECT, [rule])
        with pytest.raises(RefusedFiringError, match=r"may not invoke.*lam permission add demo"):
            await house.schedules.fire_now("rule")
        house.permit(rule_arn(DEMO.account, DEMO.region, "other"))
        await house.clock.advance(HOUR)
        assert house.names() == []
        house.permit(rule.arn)
        await house.clock.advance(HOUR)
        assert house.names() == ["rule"]

    in_house(tmp_path, story)


def test_a_function_that_is_gone_is_told_and_the_others_fire(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.schedules.take(PROJECT, [schedule("hourly", "rate(1 hour)")])
        house.refusal = ResourceNotFoundException("Function not found: demo")
        await house.clock.advance(HOUR)
        with pytest.raises(RefusedFiringError, match="Function not found: demo"):
            await house.schedules.fire_now("hourly")
        house.refusal = None
        await house.clock.advance(HOUR)
        assert house.names() == ["hourly"]

    in_house(tmp_path, story)


def test_a_change_of_its_expression_counts_at_once(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        first = schedule("tick", "rate(1 day)")
        house.schedules.take(PROJECT, [first])
        changed = replace(first, text="rate(1 hour)", expression=schedule("x", "rate(1 hour)").expression)
        house.schedules.take(PROJECT, [changed])
        await house.clock.advance(HOUR)
        assert house.names() == ["tick"]
        assert timedelta(0) <= house.sent[0][0] - datetime(1970, 1, 1, 1, tzinfo=UTC) < timedelta(seconds=1)

    in_house(tmp_path, story)
