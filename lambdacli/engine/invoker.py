"""One synchronous invocation: let in, admitted or throttled, placed, run, answered, whole or as it comes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from lambdacli.engine.arrivals import Arrivals
from lambdacli.engine.concurrency import Ledger
from lambdacli.environments.fleet import Fleet, Run, Stopping
from lambdacli.environments.phase import Settlement
from lambdacli.environments.placement import Placement
from lambdacli.model.bandwidth import RATE_OF_LAMBDA, Bandwidth, Rate
from lambdacli.model.captured import CapturedEvent
from lambdacli.model.errors import ServiceException, TooManyRequestsException
from lambdacli.model.function import Debugging, Function
from lambdacli.model.later import Later
from lambdacli.model.metric import Metric
from lambdacli.model.outcome import Beginning, Invocation, InvokeAnswer, Outcome, StreamedAnswer
from lambdacli.model.piece_stream import PieceStream
from lambdacli.telemetry.metrics import Metrics

T = TypeVar("T")

Place = Callable[[Function], Awaitable[Placement]]
"""Makes a function ready to run: its folders, packages, variables."""
Debugged = Callable[[Function, Placement, Debugging], Awaitable[Placement]]
"""The same beside a debugger."""


class Invoker:
    def __init__(
        self,
        fleet: Fleet,
        arrivals: Arrivals,
        ledger: Ledger,
        place: Place,
        metrics: Metrics,
        ready: Callable[[Function], Placement | None] = lambda function: None,
        stream_rate: Callable[[], Rate | None] = lambda: RATE_OF_LAMBDA,
        capture: Callable[[CapturedEvent], None] = lambda event: None,
        debugged: Debugged | None = None,
    ) -> None:
        """`ready` tells what `place` would, if it has nothing to do any more; `stream_rate`, how fast a
        response may flow that begins now; `capture` gets each event that was run. Without `debugged` no
        function is run beside a debugger."""
        self._fleet = fleet
        self._arrivals = arrivals
        self._ledger = ledger
        self._place = place
        self._metrics = metrics
        self._ready = ready
        self._stream_rate = stream_rate
        self._capture = capture
        self._debugged = debugged

    def readiness(self, function: Function) -> Awaitable[object] | None:
        """What an invocation would begin with waiting for: a build. None if there is nothing to do."""
        return self._place(function) if self._ready(function) is None else None

    def invoke(
        self, function: Function, invocation: Invocation, *, want_log_tail: bool
    ) -> Later[InvokeAnswer] | Coroutine[Any, Any, InvokeAnswer]:
        """The answer as soon as the runtime has given it; with the log tail, when the phase is over. May
        raise at once what the caller gets."""
        invocation = self._arrivals.let_in(function, invocation)
        is_plain = not want_log_tail and (invocation.debugging or function.debugging) is None
        placement = self._ready(function) if is_plain else None
        if placement is None:
            return self._in_steps(function, invocation, want_log_tail)
        concurrency = self._admit(function)
        try:
            run = self._fleet.submit(placement, invocation)
        except BaseException:
            self._ledger.release(function.key, function.version)
            raise
        self._count(function, concurrency, run)
        answer: Later[InvokeAnswer] = Later()

        def answered(done: Later[Outcome]) -> None:
            self._ledger.release(function.key, function.version)
            try:
                answer.set_result(InvokeAnswer(_unless_stopping(done)))
            except Exception as error:
                answer.set_exception(error)

        run.answered.add_done_callback(answered)
        return answer

    async def _in_steps(
        self, function: Function, invocation: Invocation, want_log_tail: bool
    ) -> InvokeAnswer:
        concurrency = self._admit(function)
        try:
            placement = await self._placed(function, invocation)
            run = self._fleet.submit(placement, invocation)
            self._count(function, concurrency, run)
            with contextlib.suppress(Stopping):
                await run.answered
            outcome = _unless_stopping(run.answered)
        finally:
            self._ledger.release(function.key, function.version)
        return InvokeAnswer(outcome, await _log_tail(run.settled) if want_log_tail else None)

    def stream(
        self, function: Function, invocation: Invocation
    ) -> Later[StreamedAnswer] | Coroutine[Any, Any, StreamedAnswer]:
        """The response from its first moment on. Its `pieces` must be read to their end, or closed. May raise
        at once what the caller gets."""
        invocation = self._arrivals.let_in(function, invocation)
        is_plain = (invocation.debugging or function.debugging) is None
        placement = self._ready(function) if is_plain else None
        if placement is None:
            return self._stream_in_steps(function, invocation)
        return self._begun(function, invocation, placement, self._admit(function))[0]

    async def _stream_in_steps(self, function: Function, invocation: Invocation) -> StreamedAnswer:
        concurrency = self._admit(function)
        try:
            placement = await self._placed(function, invocation)
        except BaseException:
            self._ledger.release(function.key, function.version)
            raise
        answer, pieces = self._begun(function, invocation, placement, concurrency)
        try:
            return await answer
        except BaseException:
            await pieces.aclose()  # who waited may have left; the function goes on
            raise

    def _begun(
        self, function: Function, invocation: Invocation, placement: Placement, concurrency: int
    ) -> tuple[Later[StreamedAnswer], PieceStream]:
        rate = self._stream_rate()
        pieces = PieceStream(None if rate is None else Bandwidth(rate, time.monotonic()))
        try:
            run = self._fleet.submit(placement, invocation, pieces)
        except BaseException:
            self._ledger.release(function.key, function.version)
            raise
        run.answered.add_done_callback(lambda _: self._ledger.release(function.key, function.version))
        self._count(function, concurrency, run)
        answer: Later[StreamedAnswer] = Later()

        def begun(done: Later[Beginning]) -> None:
            try:
                answer.set_result(_streamed(function, run, _unless_stopping(done), pieces))
            except Exception as error:
                answer.set_exception(error)

        run.begun.add_done_callback(begun)
        return answer, pieces

    async def _placed(self, function: Function, invocation: Invocation) -> Placement:
        placement = await self._place(function)
        debugging = invocation.debugging or function.debugging
        if debugging is None or self._debugged is None:
            return placement
        return await self._debugged(function, placement, debugging)

    def _admit(self, function: Function) -> int:
        try:
            return self._ledger.admit(function.key, function.version)
        except TooManyRequestsException:
            self._metrics.count(function.key, function.version, Metric.THROTTLES)
            raise

    def _count(self, function: Function, concurrency: int, run: Run) -> None:
        """At its end, but for the minute in which it began."""
        minute = self._metrics.minute()
        began = datetime.now(UTC)

        def settled(done: Later[Settlement]) -> None:
            if not run.answered.done() or run.answered.exception() is not None:
                return  # a stop, or a fault of lam's own: no code was executed to its end
            outcome = run.answered.result()
            self._capture(_captured(function, run.invocation, outcome, began))
            self._metrics.count_invocation(
                function.key,
                function.version,
                minute,
                concurrency=concurrency,
                is_error=outcome.function_error is not None,
                duration_ms=done.result().report.duration_ms if done.exception() is None else None,
            )

        run.settled.add_done_callback(settled)


def _streamed(function: Function, run: Run, beginning: Beginning, pieces: PieceStream) -> StreamedAnswer:
    return StreamedAnswer(
        content_type=beginning.content_type,
        executed_version=function.version,
        notices=beginning.notices,
        pieces=pieces,
        outcome=_outcome(run.answered),
        log_tail=_log_tail(run.settled),
    )


def _outcome(answered: Later[Outcome]) -> Later[Outcome]:
    outcome: Later[Outcome] = Later()

    def pass_on(done: Later[Outcome]) -> None:
        try:
            outcome.set_result(_unless_stopping(done))
        except Exception as error:
            outcome.set_exception(error)

    answered.add_done_callback(pass_on)
    return outcome


def _captured(function: Function, invocation: Invocation, outcome: Outcome, began: datetime) -> CapturedEvent:
    error_type = None if outcome.function_error is None else outcome.error_type or outcome.function_error
    return CapturedEvent(
        function.key,
        invocation.request_id,
        began,
        invocation.payload,
        outcome.executed_version,
        invocation.invoked_arn,
        error_type,
    )


def _log_tail(settled: Later[Settlement]) -> Later[bytes]:
    """The answer is known, whatever went wrong after it; the fleet has logged what that was."""
    tail: Later[bytes] = Later()
    settled.add_done_callback(
        lambda done: tail.set_result(b"" if done.exception() is not None else done.result().log_tail)
    )
    return tail


def _unless_stopping(done: Later[T]) -> T:
    """A stop of the service is told as a caller gets it."""
    try:
        return done.result()
    except Stopping as stopping:
        raise ServiceException(str(stopping)) from stopping
