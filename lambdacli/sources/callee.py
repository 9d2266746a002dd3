"""The function of a mapping: what it is by now, and its invocation with one batch."""

from __future__ import annotations

import uuid
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

from lambdacli.engine.callees import Callees
from lambdacli.engine.refusing import refusal_of
from lambdacli.engine.tracing import new_header
from lambdacli.model.event import Refusal
from lambdacli.model.function import Function
from lambdacli.model.later import Later
from lambdacli.model.mapping import EventSourceMapping
from lambdacli.model.outcome import Invocation, InvokeAnswer, Outcome
from lambdacli.model.trace_header import parse_trace_header
from lambdacli.sources.base import Record


class Invoker(Protocol):
    # May raise at once what the caller gets.
    def invoke(
        self, function: Function, invocation: Invocation, *, want_log_tail: bool
    ) -> Later[InvokeAnswer] | Coroutine[Any, Any, InvokeAnswer]: ...


class Callee:
    def __init__(self, mapping: EventSourceMapping, callees: Callees, invoker: Invoker) -> None:
        self._mapping = mapping
        self._callees = callees
        self._invoker = invoker

    @property
    def function(self) -> Function | None:
        """None: it is not there, and the mapping waits for it."""
        return self._callees.function(self._mapping.function, self._mapping.qualifier)

    async def run(self, payload: bytes, records: Sequence[Record]) -> Outcome | Refusal:
        """Waits for it as any caller does; what is raised instead is told."""
        mapping = self._mapping
        function = self.function
        refusal = self._callees.refusal(mapping.function, mapping.qualifier, function)
        if refusal is not None or function is None:
            assert refusal is not None, "what is not there is refused"
            return refusal
        invocation = Invocation(str(uuid.uuid4()), mapping.function_arn, payload, trace_id=trace_of(records))
        try:
            answer = await self._invoker.invoke(function, invocation, want_log_tail=False)
        except Exception as error:
            return refusal_of(error, f"a batch of {mapping.source.name}")
        return answer.outcome


def trace_of(records: Sequence[Record]) -> str:
    """That of the longest chain which led to one of them, so that a loop is seen among other messages; else a
    new one: a batch belongs to none of its messages' traces."""
    headers = [parse_trace_header(each.trace_header) for each in records if each.trace_header]
    chained = [(each.lineage.requests, str(each)) for each in headers if each.lineage is not None]
    return max(chained)[1] if chained else new_header()
