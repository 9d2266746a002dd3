"""The functions of lam.yaml, invoked by the names that routes and authorizers know them by."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from lambdacli.engine.callees import Callees
from lambdacli.engine.invoker import Invoker
from lambdacli.engine.tracing import trace_of
from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import RequestError
from lambdacli.model.function import Function, State
from lambdacli.model.later import Later
from lambdacli.model.outcome import Invocation, Outcome
from lambdacli.triggers.api_refusals import Fault
from lambdacli.triggers.gatekeeper import Refused

T = TypeVar("T")

logger = logging.getLogger("lam.http")


class NamedFunctions:
    def __init__(self, callees: Callees, invoker: Invoker, new_id: Callable[[], str]) -> None:
        self._callees = callees
        self._invoker = invoker
        self._new_id = new_id
        self._account = ""
        self._region = ""

    def take(self, account: str, region: str) -> None:
        """Where they are."""
        self._account, self._region = account, region

    async def outcome_of(
        self, name: str, payload: bytes, patience_seconds: float | None, trace_id: str | None = None
    ) -> Outcome:
        """Raises Refused, or TimeoutError. Whoever stops waiting does not stop the function. What AWS would
        not wait for does not count: a build, and a breakpoint that holds the function for as long as a person
        looks."""
        key = self._key_of(name)
        function = self._callees.function(key, None)
        if function is None or function.state is not State.ACTIVE:
            logger.warning(
                "%s could not be invoked: %s",
                name,
                "it is not there" if function is None else f"it is {function.state.value}",
            )
            raise Refused(Fault.NOT_INVOKED)
        try:
            readiness = self._invoker.readiness(function)
            if readiness is not None:
                await _to_the_end(readiness)
            async with asyncio.timeout(None if function.debugging is not None else patience_seconds):
                return await self._invoked(function, payload, trace_id)
        except RequestError as error:
            logger.warning("%s could not be invoked: %s", name, error.message)
            raise Refused(Fault.NOT_INVOKED) from None

    async def _invoked(self, function: Function, payload: bytes, trace_id: str | None) -> Outcome:
        key = function.key
        invocation = Invocation(self._new_id(), key.arn, payload, trace_id=trace_id or trace_of("")[0])
        answering = self._invoker.invoke(function, invocation, want_log_tail=False)
        if isinstance(answering, Later):
            return (await answering).outcome
        return (await _to_the_end(answering)).outcome

    def _key_of(self, name: str) -> FunctionKey:
        return FunctionKey(self._account, self._region, name)


async def _to_the_end(work: Awaitable[T]) -> T:
    """Also when who waits for it leaves."""
    running = asyncio.ensure_future(work)
    running.add_done_callback(_look_at)
    return await asyncio.shield(running)


def _look_at(done: asyncio.Future[Any]) -> None:
    """Nobody may wait for it any more."""
    if not done.cancelled():
        done.exception()
