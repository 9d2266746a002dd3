"""One synchronous invocation: admitted or throttled, placed, run, answered."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from lambdacli.engine.concurrency import Ledger
from lambdacli.environments.environment import Settlement
from lambdacli.environments.fleet import Fleet, Run, Stopping
from lambdacli.environments.placement import Placement
from lambdacli.model.errors import ServiceException, TooManyRequestsException
from lambdacli.model.function import Debugging, Function
from lambdacli.model.later import Later
from lambdacli.model.metric import Metric
from lambdacli.model.outcome import Invocation, InvokeAnswer, Outcome
from lambdacli.telemetry.metrics import Metrics

Place = Callable[[Function], Awaitable[Placement]]
"""Makes a function ready to run: its folders, packages, variables."""
Debugged = Callable[[Function, Placement, Debugging], Awaitable[Placement]]
"""The same beside a debugger."""


class Invoker:
    def __init__(
        self,
        fleet: Fleet,
        ledger: Ledger,
        place: Place,
        metrics: Metrics,
        ready: Callable[[Function], Placement | None] = lambda function: None,
        debugged: Debugged | None = None,
    ) -> None:
        """`ready` tells what `place` would, if it has nothing to do any more. Without `debugged` no
        function is run beside a debugger."""
        self._fleet = fleet
        self._ledger = ledger
        self._place = place
        self._metrics = metrics
        self._ready = ready
        self._debugged = debugged

    def invoke(
        self, function: Function, invocation: Invocation, *, want_log_tail: bool
    ) -> Later[InvokeAnswer] | Coroutine[Any, Any, InvokeAnswer]:
        """The answer as soon as the runtime has given it; with the log tail, when the phase is over. May
        raise at once what the caller gets."""
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
                answer.set_result(InvokeAnswer(_result(done)))
            except Exception as error:
                answer.set_exception(error)

        run.answered.add_done_callback(answered)
        return answer

    async def _in_steps(
        self, function: Function, invocation: Invocation, want_log_tail: bool
    ) -> InvokeAnswer:
        concurrency = self._admit(function)
        try:
            placement = await self._place(function)
            debugging = invocation.debugging or function.debugging
            if debugging is not None and self._debugged is not None:
                placement = await self._debugged(function, placement, debugging)
            run = self._fleet.submit(placement, invocation)
            self._count(function, concurrency, run)
            with contextlib.suppress(Stopping):
                await run.answered
            outcome = _result(run.answered)
        finally:
            self._ledger.release(function.key, function.version)
        if not want_log_tail:
            return InvokeAnswer(outcome)
        try:
            settlement = await run.settled
        except Exception:
            # The answer is known, whatever came after it; the fleet has logged what that was.
            return InvokeAnswer(outcome, b"")
        return InvokeAnswer(outcome, settlement.log_tail)

    def _admit(self, function: Function) -> int:
        try:
            return self._ledger.admit(function.key, function.version)
        except TooManyRequestsException:
            self._metrics.count(function.key, function.version, Metric.THROTTLES)
            raise

    def _count(self, function: Function, concurrency: int, run: Run) -> None:
        """At its end, but for the minute in which it began."""
        minute = self._metrics.minute()

        def settled(done: Later[Settlement]) -> None:
            if not run.answered.done() or run.answered.exception() is not None:
                return  # a stop, or a fault of lam's own: no code was executed to its end
            self._metrics.count_invocation(
                function.key,
                function.version,
                minute,
                concurrency=concurrency,
                is_error=run.answered.result().function_error is not None,
                duration_ms=done.result().report.duration_ms if done.exception() is None else None,
            )

        run.settled.add_done_callback(settled)


def _result(answered: Later[Outcome]) -> Outcome:
    """A stop of the service is told as a caller gets it."""
    try:
        return answered.result()
    except Stopping as stopping:
        raise ServiceException(str(stopping)) from stopping
