"""Invoke and the old InvokeAsync: the answer in one piece, or the promise that the event is run."""

from __future__ import annotations

import base64
from collections.abc import Coroutine
from typing import Any

from lambdacli.api import invoking
from lambdacli.api.invoking import Answering
from lambdacli.api.names import target_of
from lambdacli.api.operations.context import Context, Reply
from lambdacli.model import limits
from lambdacli.model.function import Function
from lambdacli.model.later import Later
from lambdacli.model.outcome import Invocation, InvocationType, InvokeAnswer


def invoke(context: Context, request: dict[str, Any]) -> Answering:
    kind = InvocationType(request.get("InvocationType", InvocationType.REQUEST_RESPONSE))
    payload: bytes = request.get("Payload", b"")
    is_event = kind is InvocationType.EVENT
    invoking.check_size(context, payload, limits.EVENT_REQUEST_BYTES if is_event else None)
    target = target_of(context, request)
    function = invoking.invocable(context, target)
    invoking.refuse_unfitting(request)
    client_context = invoking.client_context_of(request.get("ClientContext"))

    def run() -> Answering:
        trace_id, trace_shown = invoking.trace(context)
        headers = {"X-Amzn-Trace-Id": trace_shown}
        if kind is InvocationType.DRY_RUN:
            return Reply({"StatusCode": 204}, headers)
        # A client context reaches only functions whose caller waits.
        told = None if is_event else client_context
        invocation = invoking.invocation_of(context, target, payload, told, trace_id)
        if is_event:
            accepted = context.events.accept(function, invocation, target.qualifier)
            return accepted.then(lambda _: Reply({"StatusCode": 202}, headers))
        return _answered(context, function, invocation, headers, request.get("LogType") == "Tail")

    return run() if invoking.is_json(payload) else invoking.after_a_closer_look(payload, run)


async def invoke_async(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    payload: bytes = request["InvokeArgs"]
    invoking.check_size(context, payload, limits.INVOKE_ASYNC_REQUEST_BYTES)
    target = target_of(context, request)
    function = invoking.invocable(context, target)
    await invoking.check_json(payload)
    invocation = Invocation(
        context.request_id,
        target.arn,
        payload or invoking.EMPTY_EVENT,
        trace_id=invoking.trace_of_async(context),
    )
    await context.events.accept(function, invocation, target.qualifier)
    return {"Status": 202}


def _answered(
    context: Context,
    function: Function,
    invocation: Invocation,
    headers: dict[str, str],
    want_log_tail: bool,
) -> Later[Reply] | Coroutine[Any, Any, Reply]:
    def reply(answer: InvokeAnswer) -> Reply:
        return Reply(_told(answer), headers | invoking.notices_header(context, answer.outcome.notices))

    async def wait(answering: Coroutine[Any, Any, InvokeAnswer]) -> Reply:
        return reply(await answering)

    answer = context.invoker.invoke(function, invocation, want_log_tail=want_log_tail)
    return answer.then(reply) if isinstance(answer, Later) else wait(answer)


def _told(answer: InvokeAnswer) -> dict[str, Any]:
    outcome = answer.outcome
    return {
        "StatusCode": 200,
        "Payload": outcome.payload,
        "FunctionError": outcome.function_error,
        "ExecutedVersion": outcome.executed_version,
        "LogResult": None if answer.log_tail is None else base64.b64encode(answer.log_tail).decode(),
    }
