"""Invoke and the old InvokeAsync: what is checked before the code runs, and how its outcome is told."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import random
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from lambdacli.api import json_errors
from lambdacli.api.names import Target, existing, is_alias_name, target_of
from lambdacli.api.operations.context import Context, Reply
from lambdacli.engine.routing import version_for
from lambdacli.model import limits
from lambdacli.model.arn import LATEST
from lambdacli.model.errors import (
    InvalidParameterValueException,
    InvalidRequestContentException,
    RequestEntityTooLargeException,
    ResourceConflictException,
)
from lambdacli.model.function import Debugging, Function, State
from lambdacli.model.later import Later
from lambdacli.model.outcome import Invocation, InvocationType, InvokeAnswer

_EMPTY_EVENT = b"{}"
_READ_OVER = msgspec.json.Decoder(msgspec.Raw)
_COLD_HEADER = "x-lam-cold"
_DEBUG_HEADER = "x-lam-debug"
_TRACE_HEADER = "x-amzn-trace-id"
_TRACE_PART = re.compile(r"(?:^|;)\s*(Root|Sampled)=([^;]+)", re.IGNORECASE)


def invoke(context: Context, request: dict[str, Any]) -> Reply | Later[Reply] | Coroutine[Any, Any, Reply]:
    kind = InvocationType(request.get("InvocationType", InvocationType.REQUEST_RESPONSE))
    payload: bytes = request.get("Payload", b"")
    is_event = kind is InvocationType.EVENT
    _check_size(context, payload, limits.EVENT_REQUEST_BYTES if is_event else None)
    target = target_of(context, request)
    function = _invocable(context, target)
    _refuse_unfitting(request)
    client_context = _client_context(request.get("ClientContext"))

    def run() -> Reply | Later[Reply] | Coroutine[Any, Any, Reply]:
        trace_id, trace_shown = _trace(context)
        headers = {"X-Amzn-Trace-Id": trace_shown}
        if kind is InvocationType.DRY_RUN:
            return Reply({"StatusCode": 204}, headers)
        invocation = Invocation(
            request_id=context.request_id,
            invoked_arn=target.arn,
            payload=payload or _EMPTY_EVENT,
            # A client context reaches only functions whose caller waits.
            client_context=None if is_event else client_context,
            trace_id=trace_id,
            wants_cold=_wants_cold(context),
            debugging=_wanted_debugging(context),
        )
        if is_event:
            accepted = context.events.accept(function, invocation, target.qualifier)
            return accepted.then(lambda _: Reply({"StatusCode": 202}, headers))
        return _answered(context, function, invocation, headers, request.get("LogType") == "Tail")

    return run() if _is_json(payload) else _after_a_closer_look(payload, run)


async def invoke_async(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    payload: bytes = request["InvokeArgs"]
    _check_size(context, payload, limits.INVOKE_ASYNC_REQUEST_BYTES)
    target = target_of(context, request)
    function = _invocable(context, target)
    await _check_json(payload)
    # This operation takes no trace over from its caller.
    invocation = Invocation(context.request_id, target.arn, payload or _EMPTY_EVENT, trace_id=_new_trace_id())
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
        return Reply(_told(answer), headers | _notices(context, answer))

    async def wait(answering: Coroutine[Any, Any, InvokeAnswer]) -> Reply:
        return reply(await answering)

    answer = context.invoker.invoke(function, invocation, want_log_tail=want_log_tail)
    return answer.then(reply) if isinstance(answer, Later) else wait(answer)


# Before


def _check_size(context: Context, payload: bytes, event_limit: int | None) -> None:
    """The door throws a body away that is over its own limit; its length is then the header's word."""
    size = len(payload)
    if context.http.is_body_too_large:
        size = int(context.http.headers.get("content-length", limits.SYNC_REQUEST_BYTES + 1))
    if event_limit is not None and size > event_limit:
        raise RequestEntityTooLargeException(
            f"{size} byte payload is too large for the Event invocation type (limit {event_limit} bytes)"
        )
    if size > limits.SYNC_REQUEST_BYTES or context.http.is_body_too_large:
        raise RequestEntityTooLargeException(
            f"Request must be smaller than {limits.SYNC_REQUEST_BYTES} bytes for the InvokeFunction operation"
        )


def _invocable(context: Context, target: Target) -> Function:
    # A function that is not there is named with `:$LATEST` by this operation.
    shown_arn = target.key.qualified_arn(target.qualifier or LATEST)
    function = existing(context, _routed(context, target), shown_arn=shown_arn)
    if function.state is not State.ACTIVE:
        raise ResourceConflictException(
            "The operation cannot be performed at this time. The function is currently in the following "
            f"state: {function.state.value}"
        )
    return function


def _routed(context: Context, target: Target) -> Target:
    """The version that this invocation of an alias runs."""
    if target.qualifier is None or not is_alias_name(target.qualifier):
        return target
    alias = context.aliases.get(target.key, target.qualifier)
    return target if alias is None else Target(target.key, version_for(alias, random.random()))


def _refuse_unfitting(request: dict[str, Any]) -> None:
    """Neither kind of function can be made here, so no function is one."""
    if "TenantId" in request:
        raise InvalidParameterValueException(
            "The invoked function is not enabled with tenancy configuration."
        )
    if "DurableExecutionName" in request:
        raise InvalidParameterValueException(
            "DurableExecutionName was given, but the invoked function has no DurableConfig."
        )


def _client_context(header: str | None) -> str | None:
    """The JSON text behind the header's base64, on one line: it becomes a header of the Runtime API."""
    if header is None:
        return None
    if len(header) > limits.CLIENT_CONTEXT_LENGTH:
        raise InvalidRequestContentException(
            f"Client context must be at most {limits.CLIENT_CONTEXT_LENGTH} bytes of base64."
        )
    try:
        document = json.loads(base64.b64decode(header, validate=True))
    except (binascii.Error, ValueError):
        document = None
    if not isinstance(document, dict):
        raise InvalidRequestContentException("Client context must be a valid Base64-encoded JSON object.")
    return json.dumps(document, separators=(",", ":"))


def _is_json(payload: bytes) -> bool:
    """Read once to see that it can be, without making anything of it; the bytes themselves go on. What is
    refused here may still be JSON to Lambda."""
    if not payload:
        return True
    try:
        payload.decode()  # the reader does not look into strings
        _READ_OVER.decode(payload)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return False
    return True


async def _check_json(payload: bytes) -> None:
    if _is_json(payload):
        return
    # Looks at every character: megabytes of it are not for the event loop.
    complaint = await asyncio.to_thread(json_errors.explain, payload)
    if complaint is not None:
        raise InvalidRequestContentException(
            "Could not parse request body into json: Could not parse payload into json: " + complaint
        )


async def _after_a_closer_look(
    payload: bytes, run: Callable[[], Reply | Later[Reply] | Coroutine[Any, Any, Reply]]
) -> Reply:
    await _check_json(payload)
    reply = run()
    return reply if isinstance(reply, Reply) else await reply


def _wants_cold(context: Context) -> bool:
    """`lam invoke --cold`, which alone comes over the socket."""
    return context.http.peer.is_unix and context.http.headers.get(_COLD_HEADER) == "1"


def _wanted_debugging(context: Context) -> Debugging | None:
    """`lam invoke --debug` and `--debug-wait`, which come over the socket too."""
    wanted = context.http.headers.get(_DEBUG_HEADER)
    if wanted is None or not context.http.peer.is_unix:
        return None
    return Debugging(waits=wanted == "wait")


def _trace(context: Context) -> tuple[str, str]:
    """The trace id as the function gets it, and as answers show it: there AWS writes the keys in small
    letters and leaves the parent out."""
    given = context.http.headers.get(_TRACE_HEADER, "")
    if not given:
        root = _new_root()
        return f"Root={root};Parent={random.getrandbits(64):016x};Sampled=0", f"root={root};sampled=0"
    trace_id = given if "Root" in _trace_parts(given) else f"Root={_new_root()};{given}"
    parts = _trace_parts(trace_id)
    return trace_id, f"root={parts['Root']};sampled={parts.get('Sampled', '0')}"


def _new_trace_id() -> str:
    return f"Root={_new_root()};Parent={random.getrandbits(64):016x};Sampled=0"


def _new_root() -> str:
    """The time in a trace id is that of the wall, which no one moves: X-Ray refuses foreign times."""
    return f"1-{int(time.time()):08x}-{random.getrandbits(96):024x}"


# After


def _told(answer: InvokeAnswer) -> dict[str, Any]:
    outcome = answer.outcome
    return {
        "StatusCode": 200,
        "Payload": outcome.payload,
        "FunctionError": outcome.function_error,
        "ExecutedVersion": outcome.executed_version,
        "LogResult": None if answer.log_tail is None else base64.b64encode(answer.log_tail).decode(),
    }


def _trace_parts(trace_id: str) -> dict[str, str]:
    return {name.capitalize(): value for name, value in _TRACE_PART.findall(trace_id)}


def _notices(context: Context, answer: InvokeAnswer) -> dict[str, str]:
    """For a person at lam's own command line, which alone comes over the socket."""
    if not context.http.peer.is_unix or not answer.outcome.notices:
        return {}
    text = " | ".join(" ".join(notice.split()) for notice in answer.outcome.notices)
    return {"X-Lam-Notice": text.encode("latin-1", "replace").decode("latin-1")}
