"""One invocation asked for, and what came of it. A failing function is an Outcome, never an exception."""

from __future__ import annotations

import json
from enum import StrEnum

from lambdacli.model.function import Debugging
from lambdacli.model.record import record


class InvocationType(StrEnum):
    REQUEST_RESPONSE = "RequestResponse"
    EVENT = "Event"
    DRY_RUN = "DryRun"


@record
class Invocation:
    """What the caller handed in; the payload stays bytes from the door to the runtime."""

    request_id: str
    invoked_arn: str
    payload: bytes
    client_context: str | None = None
    """JSON text, already decoded from the header's base64."""
    trace_id: str | None = None
    wants_cold: bool = False
    """It is to run in an environment that never ran one."""
    debugging: Debugging | None = None
    """It is to run beside a debugger, whatever the function's own settings say."""


@record
class Report:
    """The figures of one REPORT line."""

    duration_ms: float
    billed_duration_ms: int
    memory_mb: int
    max_memory_used_mb: int
    init_duration_ms: float | None = None
    status: str | None = None
    """None for a success; `timeout` or `error` otherwise, as the REPORT line prints it."""
    error_type: str | None = None


@record
class Outcome:
    """The answer of one invocation, as the caller sees it."""

    payload: bytes
    executed_version: str
    function_error: str | None = None
    """`Unhandled` when the function failed: the only word AWS answers today."""
    error_type: str | None = None
    notices: tuple[str, ...] = ()
    """What a person should be told about how this was run (the nearest runtime was taken, say)."""
    log_stream: str | None = None


@record
class InvokeAnswer:
    """What a synchronous caller gets back; the tail of the log only if it was wanted."""

    outcome: Outcome
    log_tail: bytes | None = None


def platform_error(error_type: str, message: str) -> bytes:
    """The payload of an error that the platform, not the runtime, made: `errorType` comes first."""
    return json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()


def error_message(payload: bytes) -> str | None:
    """Of a failed function's payload."""
    try:
        error = json.loads(payload)
    except ValueError:
        return None
    message = error.get("errorMessage") if isinstance(error, dict) else None
    return message if isinstance(message, str) else None


RESPONSE_TOO_LARGE_PAYLOAD = (
    b'{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).",'
    b'"errorType":"Function.ResponseSizeTooLarge"}'
)
