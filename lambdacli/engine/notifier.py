"""Tells endings of events to those who are set to hear of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from lambdacli.engine.delivery import Notice, notices
from lambdacli.engine.recursion import arrive
from lambdacli.model.arn import FunctionKey
from lambdacli.model.delivery import Message, Sender, TargetError
from lambdacli.model.event import DeliveryError, Ending, Untold
from lambdacli.model.event_invoke import EventInvokeConfig
from lambdacli.model.function import Function
from lambdacli.model.recursion import Recursion

Send = Callable[[str, Message, Sender], Awaitable[None]]
"""To an ARN; TargetError if it did not succeed."""


class Callees(Protocol):
    # The version that the qualifier means now.
    def function(self, key: FunctionKey, qualifier: str | None) -> Function | None: ...

    # What is set for events of exactly this qualifier.
    def event_config(self, key: FunctionKey, qualifier: str | None) -> EventInvokeConfig | None: ...


class Notifier:
    """Looks up who is to hear when it tells them: what is set by then counts for events that waited."""

    def __init__(
        self,
        callees: Callees,
        recursion_of: Callable[[FunctionKey], Recursion],
        sender_of: Callable[[Function], Sender],
        send: Send,
    ) -> None:
        self._callees = callees
        self._recursion_of = recursion_of
        self._sender_of = sender_of
        self._send = send

    def is_wanted(self, ending: Ending) -> bool:
        function = self._callees.function(ending.event.function, ending.event.qualifier)
        return function is not None and bool(self._notices(ending, function))

    async def deliver(self, ending: Ending) -> None:
        """All at once: one that hangs keeps no other waiting. Who heard before (`ending.delivered`) is left
        out."""
        function = self._callees.function(ending.event.function, ending.event.qualifier)
        if function is None:
            return
        due = [each for each in self._notices(ending, function) if str(each) not in ending.delivered]
        sender = self._sender_of(function)
        failures = await asyncio.gather(*(self._told(each, sender) for each in due))
        told = tuple(str(each) for each, failure in zip(due, failures, strict=True) if failure is None)
        untold = [
            Untold(str(each), f"{each.role}: {failure.message}", each.role.metric, failure.is_final)
            for each, failure in zip(due, failures, strict=True)
            if failure is not None
        ]
        if untold:
            raise DeliveryError(untold, told)

    async def _told(self, notice: Notice, sender: Sender) -> TargetError | None:
        try:
            await self._send(notice.arn, notice.message, sender)
        except TargetError as error:
            return error
        return None

    def _notices(self, ending: Ending, function: Function) -> list[Notice]:
        event = ending.event
        config = self._callees.event_config(event.function, event.qualifier)
        arrival = arrive(event.trace_id or "", event.function, self._recursion_of(event.function))
        return notices(ending, function.dead_letter_target, config, arrival.trace_header)
