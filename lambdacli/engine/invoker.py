"""One synchronous invocation: admitted or throttled, placed, run, answered."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from lambdacli.engine.concurrency import Ledger
from lambdacli.environments.fleet import Fleet, Stopping
from lambdacli.environments.placement import Placement
from lambdacli.model.errors import ServiceException
from lambdacli.model.function import Function
from lambdacli.model.later import Later
from lambdacli.model.outcome import Invocation, InvokeAnswer, Outcome

Place = Callable[[Function], Awaitable[Placement]]
"""Makes a function ready to run: its folders, packages, variables."""


class Invoker:
    def __init__(
        self,
        fleet: Fleet,
        ledger: Ledger,
        place: Place,
        ready: Callable[[Function], Placement | None] = lambda function: None,
    ) -> None:
        """`ready` tells what `place` would, if it has nothing to do any more."""
        self._fleet = fleet
        self._ledger = ledger
        self._place = place
        self._ready = ready

    def invoke(
        self, function: Function, invocation: Invocation, *, want_log_tail: bool
    ) -> Later[InvokeAnswer] | Coroutine[Any, Any, InvokeAnswer]:
        """The answer as soon as the runtime has given it; with the log tail, when the phase is over. May
        raise at once what the caller gets."""
        placement = None if want_log_tail else self._ready(function)
        if placement is None:
            return self._in_steps(function, invocation, want_log_tail)
        self._ledger.admit(function.key, function.version)
        try:
            run = self._fleet.submit(placement, invocation)
        except BaseException:
            self._ledger.release(function.key, function.version)
            raise
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
        self._ledger.admit(function.key, function.version)
        try:
            placement = await self._place(function)
            run = self._fleet.submit(placement, invocation)
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


def _result(answered: Later[Outcome]) -> Outcome:
    """A stop of the service is told as a caller gets it."""
    try:
        return answered.result()
    except Stopping as stopping:
        raise ServiceException(str(stopping)) from stopping
