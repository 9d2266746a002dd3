"""Who hears of the endings of events, and how they are reached from this service."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lambdacli.api.operations.context import new_id
from lambdacli.engine.callees import Callees
from lambdacli.engine.events import EventQueue
from lambdacli.engine.notifier import Notifier
from lambdacli.engine.tracing import new_header
from lambdacli.model.arn import FunctionKey
from lambdacli.model.delivery import Message, Sender
from lambdacli.model.errors import ResourceNotFoundException
from lambdacli.model.function import Function
from lambdacli.model.outcome import Invocation
from lambdacli.model.recursion import Recursion
from lambdacli.service.sessions import Sessions

if TYPE_CHECKING:
    from lambdacli.targets import Targets


class Hearers:
    """`events` is asked for only when a function is one of them: the queue is made with these."""

    def __init__(
        self,
        callees: Callees,
        recursion_of: Callable[[FunctionKey], Recursion],
        sessions: Sessions,
        endpoint_of: Callable[[str], str | None],
        events: Callable[[], EventQueue],
    ) -> None:
        self._callees = callees
        self._sessions = sessions
        self._events = events
        self._endpoint_of = endpoint_of
        self._targets: Targets | None = None
        self.notifier = Notifier(callees, recursion_of, self._sender_of, self._send)

    async def send_again(self, key: FunctionKey, qualifier: str | None, payload: bytes) -> str:
        """A new event for a function: the begin of a chain of its own."""
        return await self._accepted(key, qualifier, payload, new_header())

    async def send(self, arn: str, message: Message, function: Function) -> None:
        """In the name of this function; TargetError if it was not sent."""
        await self._send(arn, message, self._sender_of(function))

    def close(self) -> None:
        if self._targets is not None:
            self._targets.close()

    async def _send(self, arn: str, message: Message, sender: Sender) -> None:
        if self._targets is None:
            from lambdacli.targets import Targets  # with the first that hears of something

            self._targets = Targets(self._endpoint_of, self._accept)
        await self._targets.send(arn, message, sender)

    def _sender_of(self, function: Function) -> Sender:
        credentials = self._sessions.credentials(function.role, function.key)
        return Sender(function.key, function.role, credentials)

    async def _accept(
        self, key: FunctionKey, qualifier: str | None, payload: bytes, trace_header: str | None
    ) -> None:
        await self._accepted(key, qualifier, payload, trace_header)

    async def _accepted(
        self, key: FunctionKey, qualifier: str | None, payload: bytes, trace_header: str | None
    ) -> str:
        """Its request id."""
        function = self._callees.function(key, qualifier)
        if function is None:
            raise ResourceNotFoundException(f"Function not found: {key.qualified_arn(qualifier)}")
        invocation = Invocation(new_id(), key.qualified_arn(qualifier), payload, trace_id=trace_header)
        await self._events().accept(function, invocation, qualifier)
        return invocation.request_id
