"""The functions of lam.yaml, invoked by the names that routes and authorizers know them by."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from lambdacli.engine.callees import Callees
from lambdacli.engine.invoker import Invoker
from lambdacli.engine.tracing import trace_of
from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import RequestError
from lambdacli.model.function import State
from lambdacli.model.later import Later
from lambdacli.model.outcome import Invocation, InvokeAnswer, Outcome
from lambdacli.triggers.api_refusals import Fault
from lambdacli.triggers.gatekeeper import Refused

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

    def patience(self, name: str, seconds: float | None) -> float | None:
        """How long a client waits for it: a breakpoint holds a function for as long as a person looks."""
        function = self._callees.function(self._key_of(name), None)
        is_debugged = function is not None and function.debugging is not None
        return None if is_debugged else seconds

    async def outcome_of(self, name: str, payload: bytes, trace_id: str | None = None) -> Outcome:
        """Raises Refused. Whoever stops waiting does not stop the function."""
        key = self._key_of(name)
        function = self._callees.function(key, None)
        if function is None or function.state is not State.ACTIVE:
            logger.warning(
                "%s could not be invoked: %s",
                name,
                "it is not there" if function is None else f"it is {function.state.value}",
            )
            raise Refused(Fault.NOT_INVOKED)
        invocation = Invocation(self._new_id(), key.arn, payload, trace_id=trace_id or trace_of("")[0])
        try:
            answering = self._invoker.invoke(function, invocation, want_log_tail=False)
            if isinstance(answering, Later):
                return (await answering).outcome
            running: asyncio.Future[InvokeAnswer] = asyncio.ensure_future(answering)
            running.add_done_callback(_look_at)
            return (await asyncio.shield(running)).outcome
        except RequestError as error:
            logger.warning("%s could not be invoked: %s", name, error.message)
            raise Refused(Fault.NOT_INVOKED) from None

    def _key_of(self, name: str) -> FunctionKey:
        return FunctionKey(self._account, self._region, name)


def _look_at(done: asyncio.Future[InvokeAnswer]) -> None:
    """Nobody may wait for it any more."""
    if not done.cancelled():
        done.exception()
