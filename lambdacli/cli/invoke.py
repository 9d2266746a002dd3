"""`lam invoke`: `aws lambda invoke` with the same flags, and a short form that needs no OUTFILE."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Annotated, Literal

import typer

from lambdacli.cli import aws_output, connect, event_end, outfile, render
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import (
    CONNECTION_FLAGS,
    PRINTING_FLAGS,
    AwsFlags,
    ProjectOption,
    QualifierOption,
    takes_aws_flags,
)
from lambdacli.cli.payload import read_client_context, read_payload
from lambdacli.client import http, local
from lambdacli.client.local import Endpoint, InvokeInput, InvokeOutput
from lambdacli.model.arn import parse_function_reference

EXAMPLES = """
lam invoke demo -e events/event.json                 answer to stdout, log to stderr
lam invoke demo --payload '{"key1": "value1"}' | jq .
lam invoke demo --payload - < event.json
lam invoke demo --stream                             the answer as it comes, piece by piece
lam invoke demo --cold                               in an environment that never ran anything
lam invoke demo --invocation-type Event              queue it, do not wait
lam invoke demo --invocation-type Event --wait       follow it through its retries
lam invoke --function-name demo --payload '{}' response.json
"""

THROTTLE_HINT = (
    "its concurrency is used up: `concurrency` in lam.yaml, or PutFunctionConcurrency, says how much"
)
TAIL_BEGINNINGS = ("START ", "INIT_START ")


@takes_aws_flags
def run(
    aws: AwsFlags,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME] [OUTFILE]",
            help="The function, unless --function-name has it; then a file for its answer (- is stdout).",
            show_default=False,
        ),
    ] = None,
    function_name: Annotated[
        str | None,
        typer.Option("--function-name", metavar="NAME", help="The function's name, partial ARN or ARN."),
    ] = None,
    payload: Annotated[
        str | None,
        typer.Option(
            "--payload", metavar="EVENT", help="The event: JSON, file://F, fileb://F, @F, or - for stdin."
        ),
    ] = None,
    event: Annotated[
        str | None, typer.Option("--event", "-e", metavar="FILE", help="The file that holds the event.")
    ] = None,
    invocation_type: Annotated[
        Literal["RequestResponse", "Event", "DryRun"] | None,
        typer.Option("--invocation-type", help="Wait for the answer, queue the event, or only check."),
    ] = None,
    log_type: Annotated[
        Literal["None", "Tail"] | None,
        typer.Option("--log-type", help="With OUTFILE: put the log's last 4 KB into AWS's JSON."),
    ] = None,
    qualifier: QualifierOption = None,
    client_context: Annotated[
        str | None,
        typer.Option("--client-context", metavar="BASE64", help="JSON about the client, base64 or plain."),
    ] = None,
    durable_execution_name: Annotated[
        str | None,
        typer.Option("--durable-execution-name", metavar="NAME", help="For durable functions."),
    ] = None,
    tenant_id: Annotated[
        str | None, typer.Option("--tenant-id", metavar="ID", help="For functions isolated by tenant.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="With the type Event: follow the event to its end.")
    ] = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="Take the answer as it comes (InvokeWithResponseStream).")
    ] = False,
    cold: Annotated[
        bool, typer.Option("--cold", help="Force a cold start, although warm environments are free.")
    ] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit with 0 although the function failed.")
    ] = False,
    project: ProjectOption = None,
) -> int:
    name, out = names_of(names or [], function_name)
    if function_name is None and out is not None and payload is None and event is None:
        refuse_event_as_outfile(out)
    aws.note_ignored(
        CONNECTION_FLAGS | {"cli_binary_format"} | (PRINTING_FLAGS if out is not None else frozenset())
    )
    wanted = InvokeInput(
        function_name=name or "",
        payload=read_payload(payload, event, is_base64=aws.cli_binary_format == "base64"),
        invocation_type=invocation_type,
        log_type=log_type if out is not None else _tail_for(invocation_type),
        client_context=read_client_context(client_context),
        durable_execution_name=durable_execution_name,
        qualifier=qualifier,
        tenant_id=tenant_id,
        is_cold=cold,
    )
    _check_wait(wait, invocation_type, out, aws)
    if stream and invocation_type == "Event":
        raise WrongUsage("an event has no answer that could be streamed", "leave out --stream")
    if cold and aws.endpoint_url is not None:
        raise WrongUsage("--cold is understood by the project's own service only", "leave out --endpoint-url")
    if aws.query is not None and out is not None:
        aws_output.formatted({}, "Invoke", aws.query, None)  # a wrong expression must not cost an invocation
    endpoint = connect.endpoint_of(project, aws)
    if name is None:
        wanted = _with_only_function(endpoint, wanted)
    if out is None:
        answer = _streamed(endpoint, wanted, None) if stream else _invoke(endpoint, wanted)
        _show(endpoint, answer, invocation_type, is_streamed=stream)
        if wait:
            return event_end.follow(endpoint, answer.request_id or "", exit_zero=exit_zero)
    else:
        with _opened(out) as file:
            if stream:
                answer = _streamed(endpoint, wanted, file)
            else:
                answer = _invoke(endpoint, wanted)
                _deliver(file, answer.payload)
        _say_notices(answer)
        render.output_text(aws_output.formatted(answer.as_aws_json(), "Invoke", aws.query, aws.output))
    if answer.function_error is None:
        return 0
    render.error(f"the function failed{_error_summary(answer.payload)}", _failure_hints(answer.payload))
    return 0 if exit_zero else 1


def names_of(positionals: list[str], function_name: str | None) -> tuple[str | None, str | None]:
    """(function, OUTFILE): with --function-name the only positional is the OUTFILE, as in the AWS CLI."""
    if "" in (*positionals, function_name):
        raise WrongUsage("the function's name is empty")
    if function_name is not None:
        if len(positionals) > 1:
            raise WrongUsage(
                f"--function-name is given, so only OUTFILE may follow; got {' '.join(positionals)}"
            )
        return function_name, positionals[0] if positionals else None
    if len(positionals) > 2:
        raise WrongUsage(
            f"NAME and OUTFILE are all that may be named; got {' '.join(positionals)}",
            "put quotes round a payload with spaces",
        )
    name, out = [*positionals, None, None][:2]
    return name, out


def refuse_event_as_outfile(out: str) -> None:
    """`lam invoke NAME event.json` would overwrite the event that was meant to be sent."""
    if out.lstrip().startswith(("{", "[")):
        raise WrongUsage("the second word is the file for the answer, not the event", f"--payload '{out}'")
    if Path(out).is_file():
        raise WrongUsage(
            f"{out} is the file for the answer; it exists, and no event is named",
            f"to send it: -e {out}\nto overwrite it: name the event too, or use --function-name",
        )


def _check_wait(wait: bool, invocation_type: str | None, out: str | None, aws: AwsFlags) -> None:
    if not wait:
        return
    if invocation_type != "Event":
        raise WrongUsage("--wait follows an event", "add --invocation-type Event; other types wait anyway")
    if out is not None or aws.endpoint_url is not None:
        raise WrongUsage("--wait asks the project's own service", "leave out OUTFILE and --endpoint-url")


def _tail_for(invocation_type: str | None) -> str | None:
    return "Tail" if invocation_type in (None, "RequestResponse") else None


def _with_only_function(endpoint: Endpoint, wanted: InvokeInput) -> InvokeInput:
    names = connect.function_names(endpoint)
    if len(names) != 1:
        raise WrongUsage(
            "name a function" if names else "there is no function to invoke",
            f"there is {', '.join(sorted(names))}" if names else "`lam init NAME` makes one",
        )
    render.note(f"invoking {names[0]}, the only function")
    return replace(wanted, function_name=names[0])


def _invoke(endpoint: Endpoint, wanted: InvokeInput) -> InvokeOutput:
    with _explained(endpoint, wanted):
        return local.invoke(endpoint, wanted)


def _streamed(endpoint: Endpoint, wanted: InvokeInput, file: IO[bytes] | None) -> InvokeOutput:
    """Each piece is passed on when it comes; what is returned has only a failure's error as its payload."""
    with _explained(endpoint, wanted), local.invoke_streaming(endpoint, wanted) as response:
        last = b""
        for last in response.pieces():
            _deliver_piece(file, last)
        if file is None:
            render.end_pieces(last)
        return response.output


@contextlib.contextmanager
def _explained(endpoint: Endpoint, wanted: InvokeInput) -> Iterator[None]:
    """What goes wrong on the way to the function and back, with what to do about it."""
    try:
        yield
    except KeyboardInterrupt:
        render.note("not waiting any longer; the function goes on to its end or timeout, see `lam logs`")
        raise
    except http.AnswerLost as error:
        raise CommandError(
            str(error),
            "the function may have run, or may still run: the call is not sent again; see `lam logs`",
        ) from error
    except local.ApiError as error:
        if error.code == "ResourceNotFoundException":
            name = parse_function_reference(wanted.function_name).name
            raise connect.not_found(endpoint, name, str(error)) from error
        if error.code == "TooManyRequestsException":
            raise CommandError(str(error), THROTTLE_HINT) from error
        if error.code == "NotBuiltException":
            raise CommandError(
                str(error), "nodejs*, python3.*, ruby* and provided.* run in this version"
            ) from error
        if error.code == "InvalidRequestContentException" and "request body" in str(error):
            raise CommandError(str(error), _payload_hint(wanted.payload)) from error
        raise


def _payload_hint(payload: bytes) -> str:
    begin = payload[:60].decode(errors="replace") + ("…" if len(payload) > 60 else "")
    return f"the payload that was sent begins with: {begin}\nquote it for your shell, or use a file: -e FILE"


# Without OUTFILE


def _show(
    endpoint: Endpoint, answer: InvokeOutput, invocation_type: str | None, *, is_streamed: bool
) -> None:
    _say_notices(answer)
    if answer.log_result is not None:
        render.say_log(_whole_log(endpoint, answer))
    if invocation_type in ("Event", "DryRun"):
        done = "accepted" if invocation_type == "Event" else "it could be invoked"
        request = f", request {answer.request_id}" if answer.request_id else ""
        render.say(f"{answer.status} {done}{request}")
    if not is_streamed:
        render.output_payload(answer.payload)


def _whole_log(endpoint: Endpoint, answer: InvokeOutput) -> str:
    """The tail has only 4 KB; when its beginning was cut off, the service's own log has it all."""
    try:
        tail = base64.b64decode(answer.log_result or "").decode(errors="replace")
    except binascii.Error as error:
        raise http.AnswerLost("the service's log result is not base64") from error
    if tail.startswith(TAIL_BEGINNINGS) or answer.request_id is None:
        return tail
    if endpoint.is_remote:
        return f"… (only the last 4 KB of the log)\n{tail}"
    lines = local.log_lines(endpoint, request_id=answer.request_id)
    return "".join(str(line["message"]).rstrip("\n") + "\n" for line in lines) or tail


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
