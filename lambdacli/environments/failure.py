"""How each way of breaking looks to the caller and in the log. Pure."""

from __future__ import annotations

import json
import re
from pathlib import Path

from lambdacli.environments.command import Exit, StartError
from lambdacli.environments.sandbox.layout import TASK_ROOT
from lambdacli.model.outcome import platform_error
from lambdacli.model.record import record

TRUNCATED = "Runtime.TruncatedResponse"
EXIT = "Runtime.ExitError"


@record
class Failure:
    """The environment cannot go on: `status` and `error_type` stand in the log, `payload` goes to the
    caller."""

    status: str
    error_type: str | None
    payload: bytes
    caller_error_type: str


def timed_out(request_id: str, timeout_seconds: int) -> Failure:
    message = f"RequestId: {request_id} Error: Task timed out after {timeout_seconds:.2f} seconds"
    return Failure("timeout", None, platform_error("Sandbox.Timedout", message), "Sandbox.Timedout")


def exited(request_id: str, exit: Exit) -> Failure:
    return platform_failure(EXIT, request_id, exit.reason)


def out_of_memory(request_id: str) -> Failure:
    """AWS's REPORT says Runtime.OutOfMemory; what the payload's errorType says was never recorded. The
    REPORT's word is taken for both: a caller that looks for it finds it, and one that looks at the message
    sees the signal."""
    return platform_failure("Runtime.OutOfMemory", request_id, "Runtime exited with error: signal: killed")


def truncated(request_id: str) -> Failure:
    return platform_failure(TRUNCATED, request_id, "The response was cut off before its end")


def killed(request_id: str) -> Failure:
    """More processes than an environment may have."""
    return platform_failure(EXIT, request_id, "Runtime exited with error: signal: killed")


def invalid_entrypoint(request_id: str, text: str) -> Failure:
    return platform_failure("Runtime.InvalidEntrypoint", request_id, text)


def not_started(request_id: str, program: str, task_root: Path, error: StartError) -> Failure:
    """The program is told by the path that AWS has for it; the portable walls have the real one."""
    if program.startswith(f"{task_root}/"):
        program = TASK_ROOT + program.removeprefix(str(task_root))
    return invalid_entrypoint(request_id, f"fork/exec {program}: {str(error).lower()}")


def platform_failure(error_type: str, request_id: str, text: str) -> Failure:
    payload = platform_error(error_type, f"RequestId: {request_id} Error: {text}")
    return Failure("error", error_type, payload, error_type)


def init_error(payload: bytes, header_error_type: str | None) -> Failure:
    """Posted by the runtime itself: the payload goes to the caller as it is."""
    return Failure("error", logged_error_type(header_error_type), payload, error_type_of(payload))


_KNOWN_ERROR_TYPE = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+")


def logged_error_type(header: str | None) -> str:
    """What the platform makes of Lambda-Runtime-Function-Error-Type."""
    if header and _KNOWN_ERROR_TYPE.search(header):
        return header
    return "Function.Unknown" if header and header.startswith("Function.") else "Runtime.Unknown"


def error_type_of(payload: bytes) -> str:
    try:
        document = json.loads(payload)
    except ValueError:
        return "Unknown"
    found = document.get("errorType") if isinstance(document, dict) else None
    return found if isinstance(found, str) else "Unknown"
