"""Calls to other services: each in a thread, with an end to every waiting."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lambdacli.model.delivery import Message, Sender, TargetError
from lambdacli.targets.calls import PATIENCE, SERVICE_NAMES, Call, Patience, not_that_service

if TYPE_CHECKING:
    from lambdacli.targets.signed import SignedCalls

EndpointOf = Callable[[str], str | None]
"""Where a service is reached, by its name in lam.yaml; None: nowhere."""

_PORTS = {"sqs": 9324, "sns": 9911, "events": 4010, "s3": 9000}


CALLS_AT_ONCE = 8
"""To one endpoint: one that hangs holds no thread that another needs."""


class Clients:
    """Made clients are kept until the service ends."""

    def __init__(self, endpoint_of: EndpointOf, patience: Patience = PATIENCE) -> None:
        self._endpoint_of = endpoint_of
        self._patience = patience
        self._places: dict[str, asyncio.Semaphore] = {}
        self._made = threading.Lock()
        self._signed_calls: SignedCalls | None = None

    def close(self) -> None:
        with self._made:
            if self._signed_calls is not None:
                self._signed_calls.close()

    def endpoint(self, service: str, arn: str) -> str:
        found = self._endpoint_of(service)
        if found is None:
            raise TargetError(
                f"there is no {SERVICE_NAMES[service]} to send to {arn}: install lam's own with "
                f"`pip install 'lambdacli[services]'`, or name another one in lam.yaml, as in "
                f"`services: {{{service}: http://127.0.0.1:{_PORTS[service]}}}`"
            )
        return found

    def call(
        self, service: str, region: str, endpoint: str, arn: str, message: Message, sender: Sender
    ) -> Call:
        return Call(service, region, endpoint, arn, sender, message.trace_header)

    async def perform(
        self, call: Call, operation: str, parameters: Mapping[str, Any], *, proof: str
    ) -> Mapping[str, Any]:
        """`proof` is the member of the answer that shows that the right service gave it: any web server says
        that all is well."""
        places = self._places.setdefault(call.endpoint, asyncio.Semaphore(CALLS_AT_ONCE))
        is_sent = False
        try:
            async with asyncio.timeout(self._patience.answer_seconds):
                await places.acquire()
                is_sent = True
                answer = await self._in_thread(places, call, operation, parameters)
        except TimeoutError:
            raise _not_in_time(call, self._patience.answer_seconds, is_sent=is_sent) from None
        if proof not in answer:
            raise not_that_service(call)
        return answer

    async def _in_thread(
        self, places: asyncio.Semaphore, call: Call, operation: str, parameters: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """In a thread of its own, for one that hangs must keep neither others nor the service's end waiting.
        It has its place until it ends, even if nobody waits for it any more."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Mapping[str, Any]] = loop.create_future()

        def settle(result: Mapping[str, Any] | None, error: BaseException | None) -> None:
            places.release()
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(result or {})

        def work() -> None:
            result, failure = None, None
            try:
                result = self._perform(call, operation, parameters)
            except BaseException as error:
                failure = error
            with contextlib.suppress(RuntimeError):  # the loop has ended before
                loop.call_soon_threadsafe(settle, result, failure)

        try:
            threading.Thread(target=work, name=f"lam-{call.service}", daemon=True).start()
        except RuntimeError as error:
            places.release()
            raise TargetError(f"{call.arn} could not be sent to: {error}") from error
        return await answer

    def _perform(self, call: Call, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        with self._made:
            if self._signed_calls is None:
                # A third of a second that only those pay who need it.
                from lambdacli.targets.signed import SignedCalls

                self._signed_calls = SignedCalls(self._patience)
        return self._signed_calls.perform(call, operation, parameters)


def _not_in_time(call: Call, seconds: float, *, is_sent: bool) -> TargetError:
    service = f"{call.service_name} at {call.endpoint}"
    if is_sent:
        return TargetError(
            f"{service} did not answer within {seconds:g} seconds: {call.arn} may have it or not"
        )
    return TargetError(
        f"{service} answered none of {CALLS_AT_ONCE} others within {seconds:g} seconds: {call.arn} was not "
        "sent to"
    )
