"""One invocation asked for, and what came of it. A failing function is an Outcome, never an exception."""

from __future__ import annotations

import json
from enum import StrEnum

from lambdacli.model.function import Debugging
from lambdacli.model.later import Later
from lambdacli.model.piece_stream import PieceStream
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
    """The trace header: as it came, and from when the invocation is let in, as the function gets it."""
    wants_cold: bool = False
    """It is to run in an environment that never ran one."""
    debugging: Debugging | None = None
    """It is to run beside a debugger, whatever the function's own settings say."""

    def with_trace(self, trace_id: str) -> Invocation:
        """`replace` at a fifth of its price: every invocation passes here."""
        return Invocation(
            self.request_id,
            self.invoked_arn,
            self.payload,
            self.client_context,
            trace_id,
            self.wants_cold,
            self.debugging,
        )


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
    """Empty for a response that was streamed to its end; the error's document for one that failed, at
    whatever point."""
    executed_version: str
    function_error: str | None = None
    """`Unhandled` when the function failed: the only word AWS answers today."""
    error_type: str | None = None
    notices: tuple[str, ...] = ()
    """What a person should be told about how this was run (the nearest runtime was taken, say)."""
    log_stream: str | None = None
    is_cold: bool = False
    """Its environment was started for it, or was not used before."""


@record
class InvokeAnswer:
    """What a synchronous caller gets back; the tail of the log only if it was wanted."""

    outcome: Outcome
    log_tail: bytes | None = None


@record
class Beginning:
    """The first moment of a response that its caller takes as it comes."""

    content_type: str | None
    notices: tuple[str, ...] = ()


@record
class StreamedAnswer:
    """What a caller gets who takes the response as it comes: given with the response's first moment."""

    content_type: str | None
    """What the runtime calls the bytes that it streams. None: it did not stream; then `outcome` is there too,
    and its payload is the only piece, unless the function failed."""
    executed_version: str
    notices: tuple[str, ...]
    pieces: PieceStream
    """To be iterated once, or closed; a slow reader holds the runtime up, one that leaves does not."""
    outcome: Later[Outcome]
    """There when the last piece is: a stream that broke off ends as any other, and only this tells."""
    log_tail: Later[bytes]
    """There when the invocation's phase is over; empty if lam itself failed at its end."""


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


def response_too_large(maximum_bytes: int) -> bytes:
    message = f"Response payload size exceeded maximum allowed payload size ({maximum_bytes} bytes)."
    error = {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}
    return json.dumps(error, separators=(",", ":")).encode()
