"""InvokeWithResponseStream: the response as it comes, in messages of an event stream."""

from __future__ import annotations

import base64
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec

from lambdacli.api import invoking
from lambdacli.api.invoking import Answering
from lambdacli.api.names import target_of
from lambdacli.api.operations.context import Context, Reply
from lambdacli.model.errors import RequestError
from lambdacli.model.function import Function
from lambdacli.model.later import Later
from lambdacli.model.outcome import Invocation, InvocationType, StreamedAnswer
from lambdacli.wire import eventstream


def invoke_with_response_stream(context: Context, request: dict[str, Any]) -> Answering:
    payload: bytes = request.get("Payload", b"")
    invoking.check_size(context, payload, None, "InvokeWithResponseStream")
    target = target_of(context, request)
    function = invoking.invocable(context, target)
    invoking.refuse_unfitting(request)
    client_context = invoking.client_context_of(request.get("ClientContext"))

    def run() -> Answering:
        trace_id, trace_shown = invoking.trace(context)
        headers = {"X-Amzn-Trace-Id": trace_shown}
        if request.get("InvocationType") == InvocationType.DRY_RUN:
            return Reply({"StatusCode": 204}, headers)
        invocation = invoking.invocation_of(context, target, payload, client_context, trace_id)
        return _streamed(context, function, invocation, headers, request.get("LogType") == "Tail")

    return run() if invoking.is_json(payload) else invoking.after_a_closer_look(payload, run)


def _streamed(
    context: Context,
    function: Function,
    invocation: Invocation,
    headers: dict[str, str],
    want_log_tail: bool,
) -> Later[Reply] | Coroutine[Any, Any, Reply]:
    def reply(answer: StreamedAnswer) -> Reply:
        members = {
            "StatusCode": 200,
            "ExecutedVersion": answer.executed_version,
            "EventStream": _Messages(answer, want_log_tail),
            "ResponseStreamContentType": eventstream.CONTENT_TYPE,
        }
        return Reply(members, headers | invoking.notices_header(context, answer.notices))

    async def wait(answering: Coroutine[Any, Any, StreamedAnswer]) -> Reply:
        return reply(await answering)

    answer = context.invoker.stream(function, invocation)
    return answer.then(reply) if isinstance(answer, Later) else wait(answer)


class _Messages:
    """What comes at once as a message, and a last one that tells how it ended. Not a generator: one that was
    never begun would not close what it reads."""

    def __init__(self, answer: StreamedAnswer, want_log_tail: bool) -> None:
        self._answer = answer
        self._want_log_tail = want_log_tail
        self._is_complete = False

    def __aiter__(self) -> _Messages:
        return self

    async def __anext__(self) -> Sequence[bytes]:
        if self._is_complete:
            raise StopAsyncIteration
        async for pieces in self._answer.pieces:
            return eventstream.event("PayloadChunk", "application/octet-stream", pieces)
        self._is_complete = True
        return await self._last_message()

    async def aclose(self) -> None:
        await self._answer.pieces.aclose()

    async def _last_message(self) -> Sequence[bytes]:
        try:
            outcome = await self._answer.outcome
        except RequestError as error:
            return eventstream.error(error.code, error.message or "")
        told = {}
        if outcome.function_error is not None:
            told["ErrorCode"] = outcome.error_type or outcome.function_error
            told["ErrorDetails"] = outcome.payload.decode(errors="replace")
        if self._want_log_tail:
            told["LogResult"] = base64.b64encode(await self._answer.log_tail).decode()
        return eventstream.event("InvokeComplete", "application/json", (msgspec.json.encode(told),))
