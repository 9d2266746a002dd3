"""The queue with its real store, real rules and a clock that is moved; the code itself is scripted."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lambdacli.engine import endings, events
from lambdacli.engine.callees import Callees
from lambdacli.engine.concurrency import Ledger
from lambdacli.engine.events import EventQueue
from lambdacli.model.alias import Alias
from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import RecursiveInvocationException, ServiceException
from lambdacli.model.event import AttemptKind, Condition, DeliveryError, EventState, HistoryBounds, Untold
from lambdacli.model.event_invoke import EventInvokeConfig
from lambdacli.model.function import FolderCode, Function, Origin
from lambdacli.model.later import Later
from lambdacli.model.outcome import Invocation, InvokeAnswer, Outcome
from lambdacli.store import event_history
from lambdacli.store.aliases import AliasStore
from lambdacli.store.database import open_database, open_durably, open_for_reading
from lambdacli.store.event_reader import EventReader
from lambdacli.store.events import EventStore
from lambdacli.store.functions import FunctionStore
from lambdacli.store.group_commit import GroupCommit
from lambdacli.store.kinds import EVENT_INVOKE
from lambdacli.store.settings import SettingStore
from tests.doubles import ManualClock

KEY = FunctionKey("000000000000", "us-east-1", "f")
OTHER = replace(KEY, name="other")
GOOD = Outcome(b"1", "$LATEST")
BAD = Outcome(b'{"errorMessage":"no","errorType":"ValueError"}', "$LATEST", "Unhandled", "ValueError")
THEN = datetime(2026, 1, 2, tzinfo=UTC)


def function(key: FunctionKey = KEY, **changes: object) -> Function:
    plain = Function(
        key=key,
        runtime="python3.13",
        handler="app.handler",
        role="arn:aws:iam::000000000000:role/lam",
        code=FolderCode(Path("/code")),
        origin=Origin.PROJECT,
        revision_id="1",
        last_modified=THEN,
    )
    return replace(plain, **changes)


class ScriptedCode:
    """Admitted by the real ledger; answers what the script says, the last of it for ever. While `is_held`,
    the test lets go."""

    def __init__(self, ledger: Ledger, clock: ManualClock) -> None:
        self._ledger = ledger
        self._clock = clock
        self.script: deque[Outcome | Exception] = deque([GOOD])
        self.is_held = False
        self.held: list[Later[InvokeAnswer]] = []
        self.ran: list[tuple[str, float]] = []
        self.invocations: list[Invocation] = []
        self.most_at_once = 0

    def invoke(self, function: Function, invocation: Invocation, *, want_log_tail: bool):
        self._ledger.admit(function.key, function.version)
        self.most_at_once = max(self.most_at_once, self._ledger.running())
        self.ran.append((f"{invocation.request_id}@{function.version}", self._clock.monotonic() - 100))
        self.invocations.append(invocation)
        answer: Later[InvokeAnswer] = Later()
        answer.add_done_callback(lambda _: self._ledger.release(function.key, function.version))
        if self.is_held:
            self.held.append(answer)
        else:
            self.answer(answer)
        return answer

    def answer(self, answer: Later[InvokeAnswer]) -> None:
        said = self.script.popleft() if len(self.script) > 1 else self.script[0]
        if isinstance(said, Exception):
            answer.set_exception(said)
        else:
            answer.set_result(InvokeAnswer(said))

    def let_go(self, count: int = 1) -> None:
        for _ in range(count):
            self.answer(self.held.pop(0))


class ScriptedDelivery:
    def __init__(self) -> None:
        self.is_wanting = True
        self.failures: deque[DeliveryError] = deque()
        self.told: list = []
        self.tried_at: list[datetime] = []
        self.hangs: asyncio.Event | None = None
        self.hangs_for: set[FunctionKey] | None = None
        """None: for all."""
        self.clock: ManualClock | None = None

    def is_wanted(self, ending) -> bool:
        return self.is_wanting

    async def deliver(self, ending) -> None:
        assert self.clock is not None
        self.tried_at.append(self.clock.now())
        if self.hangs is not None and (self.hangs_for is None or ending.event.function in self.hangs_for):
            await self.hangs.wait()
        if self.failures:
            raise self.failures.popleft()
        self.told.append(ending)


class House:
    """One service's queue on a file; `another` is the next service on the same file."""

    def __init__(self, folder: Path, clock: ManualClock | None = None, delivery=None) -> None:
        self.file = folder / "lam.db"
        self.clock = clock or ManualClock()
        self.connection = open_database(self.file)
        self.commits = GroupCommit(self.connection, lambda: open_durably(self.file))
        self.functions = FunctionStore(self.connection)
        self.aliases = AliasStore(self.connection)
        self.settings = SettingStore(self.connection)
        self.ledger = Ledger()
        self.code = ScriptedCode(self.ledger, self.clock)
        self.delivery = delivery
        if delivery is not None:
            delivery.clock = self.clock
        self.counted: list[tuple[str, float]] = []
        self.store = EventStore(self.connection, self.commits)
        self.queue = EventQueue(
            self.store,
            self.code,
            Callees(self.functions, self.aliases, self.settings, self.ledger),
            self.clock,
            delivery,
            lambda key, version, name, value: self.counted.append((name, value)),
        )
        self.reader = EventReader(open_for_reading(self.file))

    def start(self) -> None:
        self.queue.take_back()
        self.queue.start()

    def put(self, wanted: Function) -> None:
        self.functions.put(wanted)
        self.ledger.set_reserved(self.functions.reservations())

    def configure(
        self, qualifier: str = "$LATEST", retries: int | None = None, age: int | None = None
    ) -> None:
        self.settings.put(EVENT_INVOKE, KEY, EventInvokeConfig(THEN, retries, age), qualifier)

    def accept(self, request_id: str, key: FunctionKey = KEY, qualifier: str | None = None) -> Later[None]:
        invocation = Invocation(
            request_id,
            key.qualified_arn(qualifier),
            b'{"id":"%s"}' % request_id.encode(),
            trace_id="Root=1-2-3",
        )
        return self.queue.accept(function(key), invocation, qualifier)

    async def send(self, *request_ids: str, key: FunctionKey = KEY, qualifier: str | None = None) -> None:
        for request_id in request_ids:
            await self.accept(request_id, key, qualifier)
        await self.turns()

    async def turns(self) -> None:
        for _ in range(30):
            await asyncio.sleep(0)

    async def pass_by(self, seconds: float) -> None:
        await self.clock.pass_by(seconds)
        await self.turns()

    def shown(self, request_id: str):
        return self.reader.find(request_id)

    async def die(self) -> None:
        """As by `kill -9`: nothing more is written."""
        self.connection.close()
        self.queue._is_closed = True

    async def close(self) -> None:
        await self.queue.close()
        await self.commits.close()
        with contextlib.suppress(Exception):
            self.connection.close()


@pytest.fixture
def tell(tmp_path):
    """Runs a story with a house that has one function; houses are closed after it."""

    def run(story, delivery=None) -> None:
        async def whole() -> None:
            house = House(tmp_path, delivery=delivery)
            house.put(function())
            house.start()
            try:
                await story(house)
            finally:
                await house.close()

        asyncio.run(whole())

    return run


def times(house: House) -> list[float]:
    return [at for _, at in house.code.ran]


# The retry story


def test_a_failing_event_runs_three_times_a_minute_and_two_apart_under_one_id(tell):
    delivery = ScriptedDelivery()

    async def story(house: House) -> None:
        house.code.script = deque([BAD])
        await house.send("r1")
        for _ in range(200):
            await house.pass_by(1)
        assert house.code.ran == [("r1@$LATEST", 0), ("r1@$LATEST", 60), ("r1@$LATEST", 180)]
        assert {each.payload for each in house.code.invocations} == {b'{"id":"r1"}'}
        [ending] = delivery.told
        assert (ending.condition, ending.event.attempts, ending.outcome) == (
            Condition.RETRIES_EXHAUSTED,
            3,
            BAD,
        )
        assert (ending.ended_at - ending.event.accepted_at).total_seconds() == 180
        assert house.queue.waiting() == 0
        found = house.shown("r1")
        assert found.state is EventState.FINISHED
        assert [(each.kind, each.error_type, each.error_message) for each in found.attempts] == [
            (AttemptKind.RUN, "ValueError", "no")
        ] * 3
        assert [name for name, _ in house.counted if name == "AsyncEventsDropped"] == ["AsyncEventsDropped"]

    tell(story, delivery)


def test_an_event_that_succeeds_is_in_the_history_and_nobody_waits(tell):
    async def story(house: House) -> None:
        await house.send("r1")
        assert house.queue.waiting() == 0
        found = house.shown("r1")
        assert (found.state, found.ending.condition, found.ending.outcome) == (
            EventState.FINISHED,
            Condition.SUCCESS,
            GOOD,
        )
        assert ("AsyncEventsReceived", 1) in house.counted

    tell(story)


def test_settings_of_each_qualifier_count_for_its_own_events_only(tell):
    async def story(house: House) -> None:
        house.aliases.put(Alias(KEY, "live", "$LATEST", revision_id="1"))
        house.configure("live", retries=0)
        house.code.script = deque([BAD])
        await house.send("plain")
        await house.send("aliased", qualifier="live")
        assert house.code.invocations[1].invoked_arn == f"{KEY.arn}:live"
        assert house.shown("aliased").ending.condition is Condition.RETRIES_EXHAUSTED
        assert house.shown("plain").state is EventState.QUEUED
        assert house.shown("plain").due_at == house.clock.now() + timedelta(seconds=60)

    tell(story)


def test_an_event_that_would_be_too_old_for_its_retry_ends_at_once(tell):
    async def story(house: House) -> None:
        house.configure(age=60)
        house.code.script = deque([BAD])
        await house.send("r1")
        found = house.shown("r1")
        assert (found.ending.condition, found.event.attempts) == (Condition.EVENT_AGE_EXCEEDED, 1)

    tell(story)


def test_what_waits_runs_the_function_as_it_is_by_then(tell):
    async def story(house: House) -> None:
        house.code.script = deque([BAD, GOOD])
        await house.send("r1")
        house.functions.delete(KEY)
        await house.pass_by(60)
        assert len(house.code.ran) == 1
        assert house.shown("r1").ending.condition is Condition.FUNCTION_DELETED
        assert house.queue.waiting() == 0

    tell(story)


# Throttles


def test_with_nothing_reserved_an_event_goes_straight_to_its_end(tell):
    delivery = ScriptedDelivery()

    async def story(house: House) -> None:
        house.put(function(reserved_concurrency=0))
        await house.send("r1")
        assert house.code.ran == []
        [ending] = delivery.told
        assert (ending.condition, ending.event.attempts, ending.outcome) == (
            Condition.ZERO_RESERVED_CONCURRENCY,
            0,
            None,
        )

    tell(story, delivery)


def test_what_is_stopped_as_a_loop_goes_straight_to_its_end(tell):
    delivery = ScriptedDelivery()

    async def story(house: House) -> None:
        house.code.script = deque([RecursiveInvocationException("a loop")])
        await house.send("r1")
        [ending] = delivery.told
        assert (ending.condition, ending.event.attempts, ending.outcome) == (
            Condition.RECURSIVE_INVOCATION,
            0,
            None,
        )
        [attempt] = house.shown("r1").attempts
        assert (attempt.kind, attempt.error_type) == (AttemptKind.REFUSED, "RecursiveInvocationException")
        assert house.counted.count(("AsyncEventsDropped", 1)) == 1

    tell(story, delivery)


def test_a_retry_arrives_with_the_trace_of_the_first_attempt(tell):
    async def story(house: House) -> None:
        house.code.script = deque([BAD, GOOD])
        await house.send("r1")
        await house.pass_by(60)
        assert [each.trace_id for each in house.code.invocations] == ["Root=1-2-3"] * 2

    tell(story)


def test_no_more_run_than_the_ledger_admits_and_none_is_throttled_by_its_own_kind(tell):
    async def story(house: House) -> None:
        house.put(function(reserved_concurrency=2))
        house.code.is_held = True
        await house.send(*[f"r{number}" for number in range(10)])
        assert len(house.code.held) == 2
        for _ in range(10):
            house.code.let_go()
            await house.turns()
        assert [name for name, _ in house.code.ran] == [f"r{number}@$LATEST" for number in range(10)]
        assert set(times(house)) == {0}
        assert house.code.most_at_once == 2
        assert all(not house.shown(f"r{number}").event.refusals for number in range(10))

    tell(story)


def test_throttled_events_back_off_without_using_attempts_until_they_are_too_old(tell):
    async def story(house: House) -> None:
        house.put(function(reserved_concurrency=1))
        house.ledger.admit(KEY)  # somebody else has the one place
        house.configure(retries=0, age=60)
        await house.send("r1")
        for _ in range(59):
            await house.pass_by(1)
        waits = [(each.next_due_at - each.started_at).seconds for each in house.shown("r1").attempts]
        assert waits == [1, 2, 4, 8, 16, 29]
        assert house.shown("r1").event.attempts == 0
        await house.pass_by(1)
        assert house.shown("r1").ending.condition is Condition.EVENT_AGE_EXCEEDED
        assert house.code.ran == []

    tell(story)


def test_a_throttled_event_runs_when_there_is_room_again(tell):
    async def story(house: House) -> None:
        house.put(function(reserved_concurrency=1))
        house.ledger.admit(KEY)
        await house.send("r1", "r2", "r3")
        for _ in range(10):
            await house.pass_by(1)
        house.ledger.release(KEY)
        for _ in range(20):
            await house.pass_by(1)
        assert sorted(name for name, _ in house.code.ran) == ["r1@$LATEST", "r2@$LATEST", "r3@$LATEST"]
        attempts = [each for name in ("r1", "r2", "r3") for each in house.shown(name).attempts]
        refused = sum(each.kind is AttemptKind.REFUSED for each in attempts)
        assert refused <= 12  # nobody asks all the time

    tell(story)


def test_a_fault_of_the_platform_is_tried_again_and_uses_no_attempt(tell, caplog):
    async def story(house: House) -> None:
        house.code.script = deque([ServiceException("no packages"), OSError("disk"), GOOD])
        await house.send("r1")
        await house.pass_by(1)
        await house.pass_by(2)
        found = house.shown("r1")
        assert (found.ending.condition, found.event.attempts) == (Condition.SUCCESS, 1)
        assert [each.error_message for each in found.attempts] == ["no packages", "disk", None]
        assert times(house) == [0, 1, 3]

    tell(story)


def test_not_more_run_at_once_than_the_machine_takes_and_each_function_has_its_turn(tell):
    async def story(house: House) -> None:
        house.put(function(OTHER))
        house.queue.max_running = 2
        house.code.is_held = True
        await house.send(*[f"a{number}" for number in range(6)])
        await house.send("b0", "b1", key=OTHER)
        assert len(house.code.held) == 2
        for _ in range(8):
            house.code.let_go()
            await house.turns()
        assert house.code.most_at_once == 2
        order = [name.partition("@")[0] for name, _ in house.code.ran]
        assert sorted(order) == ["a0", "a1", "a2", "a3", "a4", "a5", "b0", "b1"]
        assert order.index("b0") < 4, order

    tell(story)


# Ends that are told


def test_a_target_that_is_away_hears_of_the_end_when_it_is_back(tell):
    delivery = ScriptedDelivery()
    delivery.failures.extend(DeliveryError([Untold("arn:two", "away")], ("arn:one",)) for _ in range(3))

    async def story(house: House) -> None:
        await house.send("r1")
        began = house.clock.now()
        assert (house.shown("r1").state, house.queue.waiting()) == (EventState.DELIVERING, 1)
        for _ in range(10):
            await house.pass_by(1)
        assert [(at - began).seconds for at in delivery.tried_at] == [0, 1, 3, 7]
        assert delivery.told[0].delivered == ("arn:one",) * 3
        assert house.queue.waiting() == 0
        kinds = [each.kind for each in house.shown("r1").attempts]
        assert kinds == [AttemptKind.RUN] + [AttemptKind.DELIVERY] * 3

    tell(story, delivery)


def test_a_target_that_stays_away_is_given_up_in_the_open(tell, caplog):
    delivery = ScriptedDelivery()
    delivery.failures.extend(
        DeliveryError([Untold("arn:one", "no such queue", "DestinationDeliveryFailures")]) for _ in range(50)
    )

    async def story(house: House) -> None:
        await house.send("r1")
        for _ in range(80):
            await house.pass_by(60)
        found = house.shown("r1")
        assert (found.state, found.delivery_error) == (EventState.FINISHED, "no such queue")
        assert ("DestinationDeliveryFailures", 1) in house.counted
        assert "the end of event r1 for f is given up: no such queue" in caplog.text

    tell(story, delivery)


def test_a_target_that_can_never_take_it_is_given_up_at_once(tell, caplog):
    delivery = ScriptedDelivery()
    delivery.failures.append(DeliveryError([Untold("q", "queue: too large", "DeadLetterErrors", True)]))

    async def story(house: House) -> None:
        await house.send("r1")
        found = house.shown("r1")
        assert (found.state, found.delivery_error) == (EventState.FINISHED, "queue: too large")
        assert found.attempts[-1].next_due_at is None
        assert ("DeadLetterErrors", 1) in house.counted
        assert "the end of event r1 for f cannot be told: queue: too large" in caplog.text
        await house.pass_by(10)
        assert len(delivery.tried_at) == 1

    tell(story, delivery)


def test_one_that_can_never_be_told_keeps_no_other_from_being_told_later(tell):
    """And is not told again itself; why it never was stays in the history."""
    delivery = ScriptedDelivery()
    never = Untold("q", "queue: too large", "DeadLetterErrors", is_final=True)
    away = Untold("t", "topic: away", "DestinationDeliveryFailures")
    delivery.failures.append(DeliveryError([never, away], ("s",)))

    async def story(house: House) -> None:
        await house.send("r1")
        assert house.shown("r1").state is EventState.DELIVERING
        assert [name for name, _ in house.counted if "D" in name[:2]] == ["DeadLetterErrors"]
        await house.pass_by(1)
        assert delivery.told[0].delivered == ("s", "q")
        found = house.shown("r1")
        assert (found.state, found.delivery_error) == (EventState.FINISHED, "queue: too large")
        assert ("DestinationDeliveryFailures", 1) not in house.counted

    tell(story, delivery)


def test_ends_of_one_lane_that_hang_keep_no_others_from_being_told(tell):
    delivery = ScriptedDelivery()
    delivery.hangs, delivery.hangs_for = asyncio.Event(), {KEY}

    async def story(house: House) -> None:
        house.put(function(OTHER))
        await house.send(*(f"r{number}" for number in range(40)))
        await house.turns()
        await house.send("other", key=OTHER)
        assert house.shown("other").state is EventState.FINISHED
        assert len(delivery.tried_at) == endings.OF_ONE_LANE + 1
        delivery.hangs.set()
        for _ in range(10):
            await house.turns()
        assert house.queue.waiting() == 0
        assert len(delivery.told) == 41

    tell(story, delivery)


def test_an_end_that_was_not_told_when_the_service_died_is_told_by_the_next(tmp_path):
    async def story() -> None:
        delivery = ScriptedDelivery()
        delivery.hangs = asyncio.Event()
        first = House(tmp_path, delivery=delivery)
        first.put(function())
        first.start()
        await first.send("r1")
        await first.die()
        await first.queue.close()
        again = House(tmp_path, first.clock, ScriptedDelivery())
        again.start()
        await again.turns()
        [ending] = again.delivery.told
        assert (ending.event.request_id, ending.outcome.payload) == ("r1", b"1")
        assert again.code.ran == []
        assert again.queue.waiting() == 0
        await again.close()

    asyncio.run(story())


# Deaths, ends and disks


def test_events_of_a_service_that_died_run_in_the_next(tmp_path, caplog):
    async def story() -> None:
        first = House(tmp_path)
        first.put(function(reserved_concurrency=1))
        first.start()
        first.code.is_held = True
        await first.send("running", "queued")
        assert first.shown("running").state is EventState.RUNNING
        await first.die()
        again = House(tmp_path, first.clock)
        again.put(function())
        again.start()
        assert again.queue.waiting() == 2
        await again.turns()
        assert sorted(name for name, _ in again.code.ran) == ["queued@$LATEST", "running@$LATEST"]
        assert again.queue.waiting() == 0
        await again.close()

    asyncio.run(story())
    assert "1 events were running when the service was killed: they run again" in caplog.text


def test_a_retry_that_became_due_while_no_service_was_there_runs_at_the_start(tmp_path):
    async def story() -> None:
        first = House(tmp_path)
        first.put(function())
        first.start()
        first.code.script = deque([BAD])
        await first.send("r1", "r2")
        await first.close()
        first.clock._now += 59
        again = House(tmp_path, first.clock)
        again.start()
        await again.turns()
        assert again.code.ran == []
        await again.pass_by(1)
        assert times(again) == [60, 60]
        await again.close()

    asyncio.run(story())


def test_a_drain_lets_what_runs_come_to_its_decision_and_leaves_the_rest_on_disk(tell):
    async def story(house: House) -> None:
        house.put(function(reserved_concurrency=1))
        house.code.is_held = True
        await house.send("r1", "r2")
        draining = asyncio.ensure_future(house.queue.drain())
        await house.turns()
        assert not draining.done()
        house.code.let_go()
        await draining
        assert [name for name, _ in house.code.ran] == ["r1@$LATEST"]
        assert (house.shown("r1").state, house.shown("r2").state) == (EventState.FINISHED, EventState.QUEUED)
        assert house.queue.waiting() == 1

    tell(story)


def test_an_attempt_that_the_stop_refuses_is_not_counted(tell):
    async def story(house: House) -> None:
        house.code.is_held = True
        house.code.script = deque([ServiceException("The service is stopping.")])
        await house.send("r1")
        draining = asyncio.ensure_future(house.queue.drain())
        await house.turns()
        house.code.let_go()
        await draining
        found = house.shown("r1")
        assert (found.state, found.event.attempts, found.event.refusals) == (EventState.QUEUED, 0, 0)

    tell(story)


@pytest.fixture
def _soon(monkeypatch):
    monkeypatch.setattr(events, "HELD_UP_SECONDS", 0.02)


@pytest.mark.usefixtures("_soon")
def test_a_drain_does_not_wait_for_a_target_that_hangs_and_the_next_service_tells_again(tmp_path, caplog):
    async def story() -> None:
        delivery = ScriptedDelivery()
        delivery.hangs = asyncio.Event()
        first = House(tmp_path, delivery=delivery)
        first.put(function())
        first.start()
        await first.send("r1")
        await first.queue.drain()
        await first.close()
        assert "ends of events were still being told (1): they are told again" in caplog.text
        again = House(tmp_path, first.clock, ScriptedDelivery())
        again.start()
        await again.turns()
        assert [ending.event.request_id for ending in again.delivery.told] == ["r1"]
        await again.close()

    asyncio.run(story())


def test_a_drain_lets_a_target_answer_that_does_so_soon(tell):
    delivery = ScriptedDelivery()
    delivery.hangs = asyncio.Event()

    async def story(house: House) -> None:
        await house.send("r1")
        draining = asyncio.ensure_future(house.queue.drain())
        await house.turns()
        assert not draining.done()
        delivery.hangs.set()
        await draining
        assert house.shown("r1").state is EventState.FINISHED

    tell(story, delivery)


@pytest.mark.usefixtures("_soon")
def test_a_drain_does_not_wait_for_room_on_the_disk_and_the_next_service_runs_it_again(tmp_path, caplog):
    async def story() -> None:
        first = House(tmp_path)
        first.put(function())
        first.start()
        first.code.is_held = True
        await first.send("r1")
        pages = first.connection.execute("PRAGMA page_count").fetchone()[0]
        first.connection.execute(f"PRAGMA max_page_count = {pages}")
        first.code.script = deque([Outcome(b"y" * 100_000, "$LATEST")])
        first.code.let_go()
        await first.queue.drain()
        await first.close()
        assert "what became of events could not be written (1): they run, or are told, again" in caplog.text
        again = House(tmp_path, first.clock)
        again.start()
        await again.turns()
        assert [name for name, _ in again.code.ran] == ["r1@$LATEST"]
        assert again.shown("r1").state is EventState.FINISHED
        await again.close()

    asyncio.run(story())


def test_the_first_event_of_a_function_is_refused_by_a_full_disk_as_any_other(tell):
    async def story(house: House) -> None:
        pages = house.connection.execute("PRAGMA page_count").fetchone()[0]
        house.connection.execute(f"PRAGMA max_page_count = {pages}")
        for number in range(1000):
            key = replace(OTHER, name=f"other-{'x' * 50}-{number}")
            big = Invocation("big", key.arn, b"1")
            try:
                await house.queue.accept(function(key), big)
            except ServiceException as error:
                assert "The event was not accepted: lam's database could not be written" in error.message
                assert ("AsyncEventsReceived", 1) in house.counted
                return
        raise AssertionError("the disk is never full")

    tell(story)


def test_a_full_disk_refuses_new_events_and_loses_no_decision(tell, caplog):
    async def story(house: House) -> None:
        house.code.is_held = True
        await house.send("r1")
        pages = house.connection.execute("PRAGMA page_count").fetchone()[0]
        house.connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(ServiceException, match=r"The event was not accepted: .* is full"):
            while True:
                big = Invocation("big", KEY.arn, b'"%s"' % (b"x" * 100_000))
                await house.queue.accept(function(OTHER), big)
        house.code.script = deque([Outcome(b"y" * 100_000, "$LATEST")])
        house.code.let_go()
        await house.turns()
        assert house.shown("r1").state is EventState.RUNNING
        assert house.queue.waiting() >= 1
        await house.pass_by(3)
        house.connection.execute(f"PRAGMA max_page_count = {pages + 10_000}")
        await house.pass_by(1)
        assert house.shown("r1").state is EventState.FINISHED

    caplog.set_level("INFO")
    tell(story)
    refused = "what became of an event is not written yet, and is written again: database or disk is full"
    assert caplog.text.count(refused) == 1
    assert "what became of events could be written now" in caplog.text


def test_an_accept_is_there_only_when_it_is_on_disk_in_both_kinds_of_commit(tell):
    async def story(house: House) -> None:
        house.code.is_held = True
        for durable in (False, True, False):
            house.commits.is_durable = durable
            accepted = house.accept(f"r{durable}")
            assert not accepted.done()
            await accepted
            assert house.shown(f"r{durable}") is not None

    tell(story)


def test_accepts_of_one_turn_share_a_commit(tell):
    async def story(house: House) -> None:
        begun: list[str] = []
        await house.queue.drain()  # claims would be commits too
        house.connection.set_trace_callback(lambda text: begun.append(text) if "BEGIN" in text else None)
        accepted = [house.accept(f"r{number}") for number in range(50)]
        await accepted[-1]
        assert all(each.done() for each in accepted)
        assert len(begun) == 1
        house.connection.set_trace_callback(None)

    tell(story)


def test_the_history_is_bounded_by_number_age_and_bytes(tell, monkeypatch):
    def places(house: House) -> list[str]:
        rows = house.connection.execute("SELECT request_id FROM events_history ORDER BY place")
        return [row["request_id"] for row in rows]

    async def story(house: House) -> None:
        monkeypatch.setattr(event_history, "_TRIM_EVERY", 1)
        house.store.bound_history(HistoryBounds(events=3), house.clock.now())
        await house.send("r1", "r2", "r3", "r4", "r5")
        assert places(house) == ["r3", "r4", "r5"]
        attempts = house.connection.execute("SELECT count(*) FROM event_attempts").fetchone()[0]
        assert attempts == 3
        size = 2 * len(b'{"id":"r5"}1')
        house.store.bound_history(HistoryBounds(payload_bytes=size), house.clock.now())
        await house.send("r6")
        assert places(house) == ["r5", "r6"]
        await house.pass_by(7 * 86_400 + 1)
        await house.send("r7")
        assert places(house) == ["r7"]

    tell(story)


def test_a_smaller_bound_counts_at_once_for_what_is_in_the_history_already(tell, monkeypatch):
    def kept(house: House) -> int:
        return house.connection.execute("SELECT count(*) FROM events_history").fetchone()[0]

    async def story(house: House) -> None:
        monkeypatch.setattr(event_history, "_TRIM_AT_ONCE", 2)
        await house.send(*[f"r{number}" for number in range(9)])
        assert kept(house) == 9
        house.store.bound_history(HistoryBounds(events=2), house.clock.now())
        await house.turns()
        assert kept(house) == 2
        await house.pass_by(2 * 86_400)
        house.store.bound_history(HistoryBounds(days=1), house.clock.now())
        await house.turns()
        assert kept(house) == 0

    tell(story)


def test_numbers_go_on_where_a_former_service_ended(tmp_path):
    async def story() -> None:
        first = House(tmp_path)
        first.put(function())
        first.start()
        await first.send("r1", "r2")
        await first.close()
        again = House(tmp_path, first.clock)
        again.start()
        await again.send("r3")
        numbers = [again.shown(name).event.number for name in ("r1", "r2", "r3")]
        assert numbers == sorted(set(numbers))
        assert [len(again.shown(name).attempts) for name in ("r1", "r2", "r3")] == [1, 1, 1]
        await again.close()

    asyncio.run(story())


# By hand


def test_chaos_delivers_each_event_twice_under_one_id(tell):
    async def story(house: House) -> None:
        house.queue.delivers_twice = True
        house.code.script = deque([GOOD, BAD])
        await house.send("r1")
        assert [name for name, _ in house.code.ran] == ["r1@$LATEST"] * 2
        found = house.shown("r1")
        assert (found.ending.condition, found.event.attempts) == (Condition.SUCCESS, 1)
        assert [each.kind for each in found.attempts] == [AttemptKind.RUN, AttemptKind.DUPLICATE]

    tell(story)


def test_a_person_may_drop_what_waits_but_not_what_runs(tell):
    async def story(house: House) -> None:
        house.put(function(reserved_concurrency=1))
        house.code.is_held = True
        await house.send("running", "queued")
        for name, dropped in (("running", False), ("queued", True)):
            assert await house.store.drop(house.shown(name).event.number, house.clock.now()) is dropped
        assert house.shown("queued").ending.condition is Condition.DROPPED
        assert house.queue.waiting() == 1
        house.code.let_go()
        await house.turns()
        assert house.queue.waiting() == 0

    tell(story)


def test_a_lane_is_purged_but_for_what_runs(tell):
    async def story(house: House) -> None:
        house.put(function(reserved_concurrency=1))
        house.code.is_held = True
        await house.send(*[f"r{number}" for number in range(5)])
        [lane] = house.store.lanes.values()
        assert await house.store.purge(lane, 3) == 3
        assert await house.store.purge(lane, 3) == 1
        assert (lane.queued, lane.running, house.queue.waiting()) == (0, 1, 1)

    tell(story)


def test_a_lane_that_is_refused_gives_its_places_to_the_others(tell):
    async def story(house: House) -> None:
        house.put(function(OTHER))
        house.queue.max_running = 1
        house.code.is_held = True
        house.code.script = deque([ServiceException("no packages"), GOOD])
        await house.send("a0", "a1")
        await house.send("b0", key=OTHER)
        house.code.let_go()
        await house.turns()
        assert [name for name, _ in house.code.ran] == ["a0@$LATEST", "b0@$LATEST"]

    tell(story)
