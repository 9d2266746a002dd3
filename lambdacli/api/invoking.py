"""What every way to invoke checks before the code runs, and tells beside what came of it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import random
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from lambdacli.api import json_errors
from lambdacli.api.names import Target, existing, is_alias_name
from lambdacli.api.operations.context import Context, Reply
from lambdacli.engine import tracing
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
from lambdacli.model.outcome import Invocation

EMPTY_EVENT = b"{}"
_READ_OVER = msgspec.json.Decoder(msgspec.Raw)
_COLD_HEADER = "x-lam-cold"
_DEBUG_HEADER = "x-lam-debug"
_TRACE_HEADER = "x-amzn-trace-id"

Answering = Reply | Later[Reply] | Coroutine[Any, Any, Reply]


def check_size(
    context: Context, payload: bytes, event_limit: int | None, operation: str = "InvokeFunction"
) -> None:
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
            f"Request must be smaller than {limits.SYNC_REQUEST_BYTES} bytes for the {operation} operation"
        )


def invocable(context: Context, target: Target) -> Function:
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


def refuse_unfitting(request: dict[str, Any]) -> None:
    """Neither kind of function can be made here, so no function is one."""
    if "TenantId" in request:
        raise InvalidParameterValueException(
            "The invoked function is not enabled with tenancy configuration."
        )
    if "DurableExecutionName" in request:
        raise InvalidParameterValueException(
            "DurableExecutionName was given, but the invoked function has no DurableConfig."
        )


def client_context_of(header: str | None) -> str | None:
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


def is_json(payload: bytes) -> bool:
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


async def check_json(payload: bytes) -> None:
    if is_json(payload):
        return
    # Looks at every character: megabytes of it are not for the event loop.
    complaint = await asyncio.to_thread(json_errors.explain, payload)
    if complaint is not None:
        raise InvalidRequestContentException(
            "Could not parse request body into json: Could not parse payload into json: " + complaint
        )


async def after_a_closer_look(payload: bytes, run: Callable[[], Answering]) -> Reply:
    await check_json(payload)
    reply = run()
    return reply if isinstance(reply, Reply) else await reply


def invocation_of(
    context: Context, target: Target, payload: bytes, client_context: str | None, trace_id: str
) -> Invocation:
    return Invocation(
        request_id=context.request_id,
        invoked_arn=target.arn,
        payload=payload or EMPTY_EVENT,
        client_context=client_context,
        trace_id=trace_id,
        wants_cold=_wants_cold(context),
        debugging=_wanted_debugging(context),
    )


def _wants_cold(context: Context) -> bool:
    """`lam invoke --cold`, which alone comes over the socket."""
    return context.http.peer.is_unix and context.http.headers.get(_COLD_HEADER) == "1"


def _wanted_debugging(context: Context) -> Debugging | None:
    """`lam invoke --debug` and `--debug-wait`, which come over the socket too."""
    wanted = context.http.headers.get(_DEBUG_HEADER)
    if wanted is None or not context.http.peer.is_unix:
        return None
    return Debugging(waits=wanted == "wait")


def trace(context: Context) -> tuple[str, str]:
    """As the function gets it, and as answers show it."""
    return tracing.trace_of(context.http.headers.get(_TRACE_HEADER, ""))


def trace_of_async(context: Context) -> str:
    return tracing.trace_of_async(context.http.headers.get(_TRACE_HEADER, ""))


def notices_header(context: Context, notices: tuple[str, ...]) -> dict[str, str]:
    """For a person at lam's own command line, which alone comes over the socket."""
    if not context.http.peer.is_unix or not notices:
        return {}
    text = " | ".join(" ".join(notice.split()) for notice in notices)
    return {"X-Lam-Notice": text.encode("latin-1", "replace").decode("latin-1")}
