"""Asynchronous invocations: accepted here, run behind the caller's back."""

from __future__ import annotations

import asyncio
import logging

from lambdacli.engine.invoker import Invoker
from lambdacli.model.errors import RequestError
from lambdacli.model.function import Function
from lambdacli.model.outcome import Invocation

logger = logging.getLogger("lam.events")


class EventQueue:
    """Makes one attempt per event, and says so: the durable queue with retries and destinations is not built
    yet."""

    def __init__(self, invoker: Invoker) -> None:
        self._invoker = invoker
        self._attempts: set[asyncio.Task[None]] = set()

    async def accept(self, function: Function, invocation: Invocation) -> None:
        attempt = asyncio.get_running_loop().create_task(self._attempt(function, invocation))
        self._attempts.add(attempt)
        attempt.add_done_callback(self._attempts.discard)

    def waiting(self) -> int:
        return len(self._attempts)

    async def drain(self) -> None:
        """Returns when every accepted event had its attempt."""
        while self._attempts:
            await asyncio.wait(self._attempts)

    async def _attempt(self, function: Function, invocation: Invocation) -> None:
        what = f"event {invocation.request_id} for {function.name}"
        try:
            answer = await self._invoker.invoke(function, invocation, want_log_tail=False)
        except RequestError as error:
            logger.warning("%s was not run (%s); retries are not built yet", what, error.message)
            return
        except Exception:
            logger.exception("%s was lost inside lam; retries are not built yet", what)
            return
        if answer.outcome.function_error is not None:
            logger.warning(
                "%s failed (%s); Lambda would try again, retries are not built yet",
                what,
                answer.outcome.error_type,
            )
