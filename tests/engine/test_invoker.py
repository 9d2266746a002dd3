"""From the request to its outcome: let in, admitted, placed, run, answered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from lambdacli.engine.concurrency import Ledger
from lambdacli.engine.invoker import Invoker
from lambdacli.environments.fleet import Run, Stopping
from lambdacli.environments.phase import Settlement
from lambdacli.environments.placement import Placement
from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import (
    NotBuiltException,
    RecursiveInvocationException,
    ServiceException,
    TooManyRequestsException,
)
from lambdacli.model.function import FolderCode, Function, Origin
from lambdacli.model.metric import MetricPoint
from lambdacli.model.outcome import Beginning, Invocation, Outcome, Report, StreamedAnswer
from lambdacli.model.piece_stream import PieceStream
from lambdacli.telemetry.metrics import Metrics

KEY = FunctionKey("000000000000", "us-east-1", "f")
FUNCTION = Function(
    key=KEY,
    runtime="python3.13",
    handler="app.handler",
    role="arn:aws:iam::000000000000:role/lam",
    code=FolderCode(Path("/code")),
    origin=Origin.PROJECT,
    revision_id="1",
    last_modified=datetime(2026, 1, 2, tzinfo=UTC),
)
PLACEMENT: Placement = SimpleNamespace()  # type: ignore[assignment]
"""Passed on as it is; nobody here looks inside."""
GOOD = Outcome(b"1", "$LATEST")
BAD = Outcome(b"{}", "$LATEST", function_error="Unhandled", error_type="ValueError")
SETTLEMENT = Settlement(Report(1.0, 1, 128, 20), b"the tail")


class ScriptedFleet:
    """Keeps what it was given; the test answers."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def submit(self, placement: Placement, invocation: Invocation, pieces: PieceStream | None = None) -> Run:
        assert placement is PLACEMENT
        run = Run(invocation, placement, pieces)
        self.runs.append(run)
        return run


class ScriptedArrivals:
    def __init__(self) -> None:
        self.refusal: Exception | None = None

    def let_in(self, function: Function, invocation: Invocation) -> Invocation:
        if self.refusal is not None:
            raise self.refusal
        return invocation.with_trace("as it was let in")


class House:
    def __init__(self) -> None:
        self.arrivals = ScriptedArrivals()
        self.fleet = ScriptedFleet()
        self.ledger = Ledger()
        self.place_error: Exception | None = None
        self.written: list[MetricPoint] = []
        self.metrics = Metrics(self.written.extend, lambda: self.seconds)
        self.seconds = 60_000.0
        self.invoker = Invoker(
            self.fleet,  # type: ignore[arg-type]
            self.arrivals,  # type: ignore[arg-type]
            self.ledger,
            self._place,
            self.metrics,
        )

    async def _place(self, function: Function) -> Placement:
        assert function is FUNCTION
        if self.place_error is not None:
            raise self.place_error
        return PLACEMENT

    def counted(self) -> list[tuple[str, int, float]]:
        """Metric, minute, sum."""
        self.metrics.flush()
        return sorted((str(each.metric), each.minute, each.statistics.total) for each in self.written)

    async def invoke(self, *, tail: bool = False):  # type: ignore[no-untyped-def]
        task = asyncio.ensure_future(
            self.invoker.invoke(FUNCTION, Invocation("r1", KEY.arn, b"{}"), want_log_tail=tail)
        )
        await turns()
        return task

    async def stream(self) -> asyncio.Task[StreamedAnswer]:
        async def streamed() -> StreamedAnswer:
            return await self.invoker.stream(FUNCTION, Invocation("r1", KEY.arn, b"{}"))

        task = asyncio.ensure_future(streamed())
        await turns()
        return task


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_answer_comes_before_the_phase_is_over() -> None:
    async def story() -> None:
        house = House()
        task = await house.invoke()
        assert house.ledger.running() == 1
        house.fleet.runs[0].answered.set_result(GOOD)
        answer = await task
        assert (answer.outcome, answer.log_tail) == (GOOD, None)
        assert house.ledger.running() == 0

    asyncio.run(story())


def test_what_is_stopped_at_the_door_takes_no_place_and_counts_for_nothing() -> None:
    async def story() -> None:
        house = House()
        house.arrivals.refusal = RecursiveInvocationException("a loop")
        with pytest.raises(RecursiveInvocationException):
            house.invoker.invoke(FUNCTION, Invocation("r1", KEY.arn, b"{}"), want_log_tail=False)
        assert (house.ledger.running(), house.fleet.runs, house.counted()) == (0, [], [])

    asyncio.run(story())


def test_it_runs_with_the_trace_with_which_it_was_let_in() -> None:
    async def story() -> None:
        house = House()
        await house.invoke()
        assert house.fleet.runs[0].invocation.trace_id == "as it was let in"

    asyncio.run(story())


def test_with_its_log_the_answer_comes_when_the_phase_is_over() -> None:
    async def story() -> None:
        house = House()
        task = await house.invoke(tail=True)
        house.fleet.runs[0].answered.set_result(GOOD)
        await turns()
        assert not task.done()
        # Who only waits for a log takes nobody's place.
        assert house.ledger.running() == 0
        house.fleet.runs[0].settled.set_result(SETTLEMENT)
        assert (await task).log_tail == b"the tail"

    asyncio.run(story())


def test_a_stop_after_the_answer_costs_only_the_log() -> None:
    async def story() -> None:
        house = House()
        task = await house.invoke(tail=True)
        house.fleet.runs[0].answered.set_result(GOOD)
        house.fleet.runs[0].settled.set_exception(Stopping("The service is stopping."))
        answer = await task
        assert (answer.outcome, answer.log_tail) == (GOOD, b"")

    asyncio.run(story())


def test_a_stop_before_the_answer_is_a_service_exception() -> None:
    async def story() -> None:
        house = House()
        task = await house.invoke()
        house.fleet.runs[0].answered.set_exception(Stopping("The service is stopping."))
        with pytest.raises(ServiceException, match="The service is stopping"):
            await task
        assert house.ledger.running() == 0

    asyncio.run(story())


@pytest.mark.parametrize(
    "error", [NotBuiltException("no such runtime"), ServiceException("no packages"), OSError("disk")]
)
def test_what_cannot_be_placed_is_told_and_takes_no_place(error: Exception) -> None:
    async def story() -> None:
        house = House()
        house.place_error = error
        task = await house.invoke()
        assert task.exception() is error
        assert house.fleet.runs == []
        assert house.ledger.running() == 0

    asyncio.run(story())


def test_a_caller_who_is_cancelled_gives_his_place_back() -> None:
    async def story() -> None:
        house = House()
        task = await house.invoke()
        task.cancel()
        await turns()
        assert task.cancelled()
        assert house.ledger.running() == 0

    asyncio.run(story())


def test_who_is_throttled_is_not_placed() -> None:
    async def story() -> None:
        house = House()
        house.ledger.set_reserved({KEY: 0})
        task = await house.invoke()
        assert isinstance(task.exception(), TooManyRequestsException)
        assert house.fleet.runs == []

    asyncio.run(story())


# A response that is taken as it comes


def test_a_streamed_response_is_there_from_its_first_moment() -> None:
    async def story() -> None:
        house = House()
        task = await house.stream()
        run = house.fleet.runs[0]
        pieces = run.begin(Beginning("text/plain", ("look",)))
        assert pieces is not None
        answer = await task
        assert (answer.content_type, answer.executed_version) == ("text/plain", "$LATEST")
        assert answer.notices == ("look",)
        assert not answer.outcome.done()
        pieces.write(b"first")
        assert await anext(answer.pieces) == [b"first"]
        assert house.ledger.running() == 1
        run.answer(Outcome(b"", "$LATEST"))
        assert [piece async for piece in answer.pieces] == []
        assert answer.outcome.result().function_error is None
        assert house.ledger.running() == 0
        run.settled.set_result(SETTLEMENT)
        assert answer.log_tail.result() == b"the tail"

    asyncio.run(story())


@pytest.mark.parametrize(("outcome", "pieces"), [(GOOD, [b"1"]), (BAD, [])], ids=["success", "error"])
def test_an_answer_that_was_not_streamed_comes_with_its_outcome(outcome, pieces) -> None:  # type: ignore[no-untyped-def]
    async def story() -> None:
        house = House()
        task = await house.stream()
        house.fleet.runs[0].answer(outcome)
        answer = await task
        assert answer.content_type is None
        assert answer.outcome.result() is outcome
        assert [b"".join(several) async for several in answer.pieces] == pieces

    asyncio.run(story())


def test_who_leaves_before_the_response_begins_stops_nobody() -> None:
    async def story() -> None:
        house = House()
        task = await house.stream()
        task.cancel()
        await turns()
        assert task.cancelled()
        run = house.fleet.runs[0]
        pieces = run.begin(Beginning("text/plain"))
        assert pieces is not None
        for _ in range(100):
            pieces.write(bytes(100_000))
        assert not pieces.is_full
        assert house.ledger.running() == 1
        run.answer(Outcome(b"", "$LATEST"))
        assert house.ledger.running() == 0

    asyncio.run(story())


def test_a_stop_before_a_stream_begins_is_a_service_exception() -> None:
    async def story() -> None:
        house = House()
        task = await house.stream()
        run = house.fleet.runs[0]
        run.begun.set_exception(Stopping("The service is stopping."))
        run.answered.set_exception(Stopping("The service is stopping."))
        with pytest.raises(ServiceException, match="The service is stopping"):
            await task
        assert house.ledger.running() == 0

    asyncio.run(story())


def test_who_may_not_run_streams_nothing() -> None:
    async def story() -> None:
        house = House()
        house.ledger.set_reserved({KEY: 0})
        task = await house.stream()
        assert isinstance(task.exception(), TooManyRequestsException)
        house.ledger.set_reserved({})
        house.place_error = OSError("disk")
        task = await house.stream()
        assert task.exception() is house.place_error
        assert house.ledger.running() == 0

    asyncio.run(story())


# What is counted


@pytest.mark.parametrize("tail", [False, True])
@pytest.mark.parametrize(
    ("outcome", "errors"), [(GOOD, []), (BAD, [("Errors", 1000, 1.0)])], ids=["success", "function error"]
)
def test_an_invocation_is_counted_in_the_minute_in_which_it_began(tail, outcome, errors) -> None:  # type: ignore[no-untyped-def]
    async def story() -> None:
        house = House()
        task = await house.invoke(tail=tail)
        house.seconds += 60
        house.fleet.runs[0].answered.set_result(outcome)
        house.fleet.runs[0].settled.set_result(SETTLEMENT)
        await task
        assert house.counted() == [
            ("ConcurrentExecutions", 1000, 1.0),
            ("Duration", 1000, 1.0),
            *errors,
            ("Invocations", 1000, 1.0),
        ]

    asyncio.run(story())


def test_who_is_throttled_is_no_invocation() -> None:
    async def story() -> None:
        house = House()
        house.ledger.set_reserved({KEY: 0})
        task = await house.invoke()
        assert isinstance(task.exception(), TooManyRequestsException)
        assert house.counted() == [("Throttles", 1000, 1.0)]

    asyncio.run(story())


def test_what_a_stop_cut_is_not_counted_and_an_answer_that_it_followed_is() -> None:
    async def story() -> None:
        house = House()
        cut, answered = await house.invoke(), await house.invoke()
        house.fleet.runs[1].answered.set_result(GOOD)
        for run in house.fleet.runs:
            if not run.answered.done():
                run.answered.set_exception(Stopping("The service is stopping."))
            run.settled.set_exception(Stopping("The service is stopping."))
        await asyncio.wait([cut, answered])
        assert cut.exception() is not None
        assert house.counted() == [("ConcurrentExecutions", 1000, 2.0), ("Invocations", 1000, 1.0)]

    asyncio.run(story())
