"""One synchronous invocation: admitted or throttled, placed, run, answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from lambdacli.engine.concurrency import Ledger
from lambdacli.environments.fleet import Fleet, Stopping
from lambdacli.environments.placement import Placement
from lambdacli.model.errors import ServiceException
from lambdacli.model.function import Function
from lambdacli.model.outcome import Invocation, InvokeAnswer

Place = Callable[[Function], Awaitable[Placement]]
"""Makes a function ready to run: its folders, packages, variables."""


class Invoker:
    def __init__(self, fleet: Fleet, ledger: Ledger, place: Place) -> None:
        self._fleet = fleet
        self._ledger = ledger
        self._place = place

    async def invoke(
        self, function: Function, invocation: Invocation, *, want_log_tail: bool
    ) -> InvokeAnswer:
        """The answer as soon as the runtime has given it; with the log tail, when the phase is over."""
        self._ledger.admit(function.key)
        try:
            placement = await self._place(function)
            run = self._fleet.submit(placement, invocation)
            outcome = await run.answered
        except Stopping as stopping:
            raise ServiceException(str(stopping)) from stopping
        finally:
            self._ledger.release(function.key)
        if not want_log_tail:
            return InvokeAnswer(outcome, None)
        try:
            settlement = await run.settled
        except Exception:
            # The answer is known, whatever came after it; the fleet has logged what that was.
            return InvokeAnswer(outcome, b"")
        return InvokeAnswer(outcome, settlement.log_tail)
