"""One invocation as its caller sees it: sent once, its answer shown or written, its failure told."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
from collections.abc import Iterator
from typing import IO

from lambdacli.cli import aws_output, outfile, render
from lambdacli.cli.callees import Callee, Near
from lambdacli.cli.errors import CommandError
from lambdacli.cli.options import AwsFlags
from lambdacli.client import http, local
from lambdacli.client.local import Endpoint, InvokeInput, InvokeOutput
from lambdacli.model.arn import parse_function_reference

THROTTLE_HINT = (
    "its concurrency is used up: `concurrency` in lam.yaml, or PutFunctionConcurrency, says how much"
)
TAIL_BEGINNINGS = ("START ", "INIT_START ")


def send(endpoint: Endpoint, wanted: InvokeInput) -> int:
    """What `lam invoke` does with an event that is already known."""
    callee = Near(endpoint)
    answer = invoke(callee, wanted)
    _show(callee, answer, wanted.invocation_type, is_streamed=False)
    return exit_code(answer)


def ask(
    callee: Callee, wanted: InvokeInput, out: str | None, aws: AwsFlags, *, is_streamed: bool
) -> InvokeOutput:
    """The invocation, shown or written to its file."""
    if out is None:
        answer = _streamed(callee, wanted, None) if is_streamed else invoke(callee, wanted)
        _show(callee, answer, wanted.invocation_type, is_streamed=is_streamed)
        return answer
    with _opened(out) as file:
        if is_streamed:
            answer = _streamed(callee, wanted, file)
        else:
            answer = invoke(callee, wanted)
            _deliver(file, answer.payload)
    _say_notices(answer)
    render.output_text(aws_output.formatted(answer.as_aws_json(), "Invoke", aws.query, aws.output))
    return answer


def exit_code(answer: InvokeOutput) -> int:
    if answer.function_error is None:
        return 0
    render.error(f"the function failed{_error_summary(answer.payload)}", _failure_hints(answer.payload))
    return 1


def tail_for(invocation_type: str | None) -> str | None:
    return "Tail" if invocation_type in (None, "RequestResponse") else None


def invoke(callee: Callee, wanted: InvokeInput) -> InvokeOutput:
    with _explained(callee, wanted):
        return callee.invoke(wanted)


def _streamed(callee: Callee, wanted: InvokeInput, file: IO[bytes] | None) -> InvokeOutput:
    """Each piece is passed on when it comes; what is returned has only a failure's error as its payload."""
    with _explained(callee, wanted), callee.stream(wanted) as response:
        last = b""
        for last in response.pieces():
            _deliver_piece(file, last)
        if file is None:
            render.end_pieces(last)
        return response.output


@contextlib.contextmanager
def _explained(callee: Callee, wanted: InvokeInput) -> Iterator[None]:
    """What goes wrong on the way to the function and back, with what to do about it."""
    try:
        yield
    except KeyboardInterrupt:
        log = callee.log_command
        render.note(f"not waiting any longer; the function goes on to its end or timeout, see `{log}`")
        raise
    except http.AnswerLost as error:
        raise CommandError(
            str(error),
            "the function may have run, or may still run: the call is not sent again; "
            f"see `{callee.log_command}`",
        ) from error
    except local.ApiError as error:
        if error.code == "ResourceNotFoundException":
            name = parse_function_reference(wanted.function_name).name
            raise callee.not_found(name, str(error)) from error
        if error.code == "TooManyRequestsException":
            raise CommandError(str(error), THROTTLE_HINT) from error
        if error.code == "NotBuiltException":
            raise CommandError(
                str(error),
                "nodejs*, python3.*, ruby* and provided.* run in this version; java* and dotnet* are only "
                "built (`lam build`) and deployed",
            ) from error
        if error.code == "InvalidRequestContentException" and "request body" in str(error):
            raise CommandError(str(error), _payload_hint(wanted.payload)) from error
        raise


def _payload_hint(payload: bytes) -> str:
    begin = " ".join(payload[:60].decode(errors="replace").split()) + ("…" if len(payload) > 60 else "")
    return (
        f"the payload that was sent begins with: {begin}\n"
        "it must be JSON: quote it for your shell, or put it into a file: -e FILE"
    )


# Without OUTFILE


def _show(callee: Callee, answer: InvokeOutput, invocation_type: str | None, *, is_streamed: bool) -> None:
    _say_notices(answer)
    if answer.log_result is not None:
        render.say_log(_whole_log(callee, answer))
    if invocation_type in ("Event", "DryRun"):
        done = "accepted" if invocation_type == "Event" else "it could be invoked"
        request = f", request {answer.request_id}" if answer.request_id else ""
        render.say(f"{answer.status} {done}{request}")
    if not is_streamed:
        render.output_payload(answer.payload)


def _whole_log(callee: Callee, answer: InvokeOutput) -> str:
    """The tail has only 4 KB; when its beginning was cut off, the service's own log has it all."""
    try:
        tail = base64.b64decode(answer.log_result or "").decode(errors="replace")
    except binascii.Error as error:
        raise http.AnswerLost("the service's log result is not base64") from error
    if tail.startswith(TAIL_BEGINNINGS) or answer.request_id is None:
        return tail
    whole = callee.whole_log(answer.request_id)
    return f"… (only the last 4 KB of the log)\n{tail}" if whole is None else whole or tail


def _say_notices(answer: InvokeOutput) -> None:
    for notice in answer.notices:
        render.note(notice)


# With OUTFILE


@contextlib.contextmanager
def _opened(name: str) -> Iterator[IO[bytes] | None]:
    """None stands for stdout."""
    if outfile.is_stdout(name):
        yield None
    else:
        with outfile.replaced_file(name) as file:
            yield file


def _deliver(file: IO[bytes] | None, payload: bytes) -> None:
    if file is None:
        render.output_payload(payload)
    else:
        file.write(payload)


def _deliver_piece(file: IO[bytes] | None, piece: bytes) -> None:
    if file is None:
        render.output_piece(piece)
    else:
        file.write(piece)


def _error_summary(payload: bytes) -> str:
    """`: errorType: errorMessage` of a failed function, as far as its payload has them."""
    error = _error_document(payload)
    parts = [str(error[key]) for key in ("errorType", "errorMessage") if error.get(key)]
    return "".join(f": {part}" for part in parts)


def _failure_hints(payload: bytes) -> tuple[str, ...]:
    error = _error_document(payload)
    if error.get("errorType") == "Runtime.ImportModuleError" and "No module named" in str(error):
        return (
            "name its package in requirements.txt beside the code, or a virtual environment with `venv:`",
        )
    return ()


def _error_document(payload: bytes) -> dict[str, object]:
    try:
        error = json.loads(payload)
    except ValueError:
        return {}
    return error if isinstance(error, dict) else {}
