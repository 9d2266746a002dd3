"""`lam invoke`: `aws lambda invoke` with the same flags, and a short form that needs no OUTFILE."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Annotated, Literal, Protocol

import typer

from lambdacli.cli import aws_output, connect, debugging, event_end, outfile, remote, render, replay
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import (
    CONNECTION_FLAGS,
    PRINTING_FLAGS,
    AwsFlags,
    ConfigEnvOption,
    EnvVarsOption,
    ParameterOverridesOption,
    ProjectOption,
    QualifierOption,
    takes_aws_flags,
    template_options,
)
from lambdacli.cli.payload import read_client_context, read_payload
from lambdacli.cli.replay import KeptEvent
from lambdacli.client import aws_invoke, http, local
from lambdacli.client.aws import Aws
from lambdacli.client.local import Endpoint, InvokeInput, InvokeOutput
from lambdacli.model import limits
from lambdacli.model.arn import parse_function_reference
from lambdacli.model.template_options import DEFAULT_CONFIG_ENVIRONMENT

EXAMPLES = """
lam invoke demo -e events/event.json                 answer to stdout, log to stderr
lam invoke demo --payload '{"key1": "value1"}' | jq .
lam invoke demo --payload - < event.json
lam invoke demo --stream                             the answer as it comes, piece by piece
lam invoke demo --cold                               in an environment that never ran anything
lam invoke demo --debug-wait                         run it when a debugger is attached
lam invoke demo --invocation-type Event              queue it, do not wait
lam invoke demo --invocation-type Event --wait       follow it through its retries
lam invoke demo --from-last --failed                 what it failed with last, once more
lam invoke demo --events events.jsonl --invocation-type Event --unsent again.jsonl
lam invoke demo answers.jsonl --events events.jsonl  many at once, one JSON document per line
lam invoke --function-name demo --payload '{}' response.json
lam invoke demo --remote --profile work              the deployed function, by AWS
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
    from_last: Annotated[
        bool, typer.Option("--from-last", help="Send the last real event that the function got.")
    ] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="With --from-last: the last that it failed with.")
    ] = False,
    replayed: Annotated[
        str | None,
        typer.Option("--replay", metavar="REQUEST_ID", help="Send a real event again; see `lam events`."),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="With the type Event: follow the event to its end.")
    ] = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="Take the answer as it comes (InvokeWithResponseStream).")
    ] = False,
    events: Annotated[
        str | None,
        typer.Option("--events", metavar="FILE", help="Many events, one JSON document per line; - is stdin."),
    ] = None,
    parallel: Annotated[
        int | None,
        typer.Option(
            "--parallel",
            metavar="N",
            min=1,
            max=1000,
            help="With --events: how many at once; 8, or 32 where nobody waits for the function.",
        ),
    ] = None,
    unsent: Annotated[
        str | None,
        typer.Option(
            "--unsent",
            metavar="FILE",
            help="With --events: write there what was refused, not sent, or not answered.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --events: print the summary as JSON.")
    ] = False,
    cold: Annotated[
        bool, typer.Option("--cold", help="Force a cold start, although warm environments are free.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help="Run it beside a debugger, and say where to attach; with --endpoint-url: tell each request.",
        ),
    ] = False,
    debug_wait: Annotated[
        bool, typer.Option("--debug-wait", help="The same, and not before a debugger is attached.")
    ] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit with 0 although the function failed.")
    ] = False,
    parameter_overrides: ParameterOverridesOption = None,
    env_vars: EnvVarsOption = None,
    config_env: ConfigEnvOption = DEFAULT_CONFIG_ENVIRONMENT,
    is_remote: remote.RemoteOption = False,
    project: ProjectOption = None,
) -> int:
    name, out = names_of(names or [], function_name)
    project, name = (project, name) if name is None else connect.named_in(project, name)
    template = template_options(parameter_overrides, env_vars, config_env)
    is_real = from_last or replayed is not None
    _check_real(from_last, failed, replayed, payload, event, events, aws)
    if function_name is None and not is_real and out is not None and payload is None and event is None:
        refuse_event_as_outfile(out)
    if is_remote:
        remote.refuse_local_only(
            {
                "--cold": cold,
                "--debug-wait": debug_wait,
                "--wait": wait,
                "--events": events,
                "--from-last": from_last,
                "--replay": replayed,
            }
        )
        if name is None:
            raise WrongUsage("name the function", "for example `lam invoke demo --remote`")
    aws.note_ignored(
        (remote.REMOTE_FLAGS if is_remote else CONNECTION_FLAGS)
        | {"cli_binary_format"}
        | (PRINTING_FLAGS if out is not None else frozenset())
    )
    many = _ManyOptions(events, parallel, unsent, as_json)
    many.check(payload or event, out, invocation_type, aws)
    is_base64 = aws.cli_binary_format == "base64"
    wanted = InvokeInput(
        function_name=name or "",
        payload=b"" if events is not None else read_payload(payload, event, is_base64=is_base64),
        invocation_type=invocation_type,
        log_type=log_type if out is not None else tail_for(invocation_type),
        client_context=read_client_context(client_context),
        durable_execution_name=durable_execution_name,
        qualifier=qualifier,
        tenant_id=tenant_id,
        is_cold=cold,
        debugging=None if is_remote else _wanted_debugging(debug, debug_wait, invocation_type, aws),
    )
    # The AWS CLI's own meaning, where it is not ours.
    aws = replace(aws, debug=debug and (is_remote or aws.endpoint_url is not None))
    _check_wait(wait, invocation_type, out, aws)
    if stream and invocation_type == "Event":
        raise WrongUsage("an event has no answer that could be streamed", "leave out --stream")
    if stream and events is not None:
        raise WrongUsage("--stream shows the answer of one invocation", "leave out --events")
    if events is not None:
        return _invoke_many(project, aws, wanted, many, out, wait=wait, exit_zero=exit_zero)
    if cold and aws.endpoint_url is not None:
        raise WrongUsage("--cold is understood by the project's own service only", "leave out --endpoint-url")
    if aws.query is not None and out is not None:
        aws_output.formatted({}, "Invoke", aws.query, None)  # a wrong expression must not cost an invocation
    if is_remote:
        answer = _asked(_Deployed(remote.aws_of(aws), aws), wanted, out, aws, is_streamed=stream)
        return 0 if exit_zero else _exit_code(answer)
    endpoint = connect.endpoint_of(project, aws, template)
    if replayed is not None:
        wanted = _with_kept(replay.find(endpoint, replayed), wanted)
    if not wanted.function_name:
        wanted = _with_only_function(endpoint, wanted)
    if from_last:
        function = parse_function_reference(wanted.function_name).name
        wanted = _with_kept(replay.last_of(endpoint, function, is_failed_only=failed), wanted)
    if wanted.debugging is not None:
        _announce_debugger(endpoint, wanted, project)
    answer = _asked(_Near(endpoint), wanted, out, aws, is_streamed=stream)
    if wait:
        return event_end.follow(endpoint, answer.request_id or "", exit_zero=exit_zero)
    return 0 if exit_zero else _exit_code(answer)


def send(endpoint: Endpoint, wanted: InvokeInput) -> int:
    """What `lam invoke` does with an event that is already known."""
    callee = _Near(endpoint)
    answer = _invoke(callee, wanted)
    _show(callee, answer, wanted.invocation_type, is_streamed=False)
    return _exit_code(answer)


class _Callee(Protocol):
    # Sends it once, and waits for its answer.
    def invoke(self, wanted: InvokeInput) -> InvokeOutput: ...

    # The same, for an answer that is taken as it comes.
    def stream(self, wanted: InvokeInput) -> AbstractContextManager[_Streamed]: ...

    # Of a function that is not there: what is.
    def not_found(self, name: str, message: str) -> CommandError: ...

    # The log of an invocation of whose tail the beginning was cut off; None where it cannot be had.
    def whole_log(self, request_id: str) -> str | None: ...

    # What shows the function's log.
    log_command: str


class _Streamed(Protocol):
    def pieces(self) -> Iterator[bytes]: ...

    @property
    def output(self) -> InvokeOutput: ...


class _Near:
    """A service that is asked over HTTP without botocore: the project's own, or one at --endpoint-url."""

    log_command = "lam logs"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def invoke(self, wanted: InvokeInput) -> InvokeOutput:
        return local.invoke(self._endpoint, wanted)

    def stream(self, wanted: InvokeInput) -> AbstractContextManager[_Streamed]:
        return local.invoke_streaming(self._endpoint, wanted)

    def not_found(self, name: str, message: str) -> CommandError:
        return connect.not_found(self._endpoint, name, message)

    def whole_log(self, request_id: str) -> str | None:
        if self._endpoint.is_remote:
            return None
        lines = local.log_lines(self._endpoint, request_id=request_id)
        return "".join(str(line["message"]).rstrip("\n") + "\n" for line in lines)


class _Deployed:
    """AWS."""

    log_command = "lam logs --remote"

    def __init__(self, aws: Aws, flags: AwsFlags) -> None:
        self._aws = aws
        self._wait_seconds = remote.invoke_wait_seconds(flags)

    def invoke(self, wanted: InvokeInput) -> InvokeOutput:
        return aws_invoke.invoke(self._aws, wanted, self._wait_seconds)

    @contextlib.contextmanager
    def stream(self, wanted: InvokeInput) -> Iterator[_Streamed]:
        yield aws_invoke.invoke_streaming(self._aws, wanted, self._wait_seconds)

    def not_found(self, name: str, message: str) -> CommandError:
        return remote.not_found(self._aws, name, message)

    def whole_log(self, request_id: str) -> str | None:
        return None  # CloudWatch has it some seconds later only


def _asked(
    callee: _Callee, wanted: InvokeInput, out: str | None, aws: AwsFlags, *, is_streamed: bool
) -> InvokeOutput:
    """The invocation, shown or written to its file."""
    if out is None:
        answer = _streamed(callee, wanted, None) if is_streamed else _invoke(callee, wanted)
        _show(callee, answer, wanted.invocation_type, is_streamed=is_streamed)
        return answer
    with _opened(out) as file:
        if is_streamed:
            answer = _streamed(callee, wanted, file)
        else:
            answer = _invoke(callee, wanted)
            _deliver(file, answer.payload)
    _say_notices(answer)
    render.output_text(aws_output.formatted(answer.as_aws_json(), "Invoke", aws.query, aws.output))
    return answer


def _exit_code(answer: InvokeOutput) -> int:
    if answer.function_error is None:
        return 0
    render.error(f"the function failed{_error_summary(answer.payload)}", _failure_hints(answer.payload))
    return 1


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


def _check_real(
    from_last: bool,
    failed: bool,
    replayed: str | None,
    payload: str | None,
    event: str | None,
    events: str | None,
    aws: AwsFlags,
) -> None:
    if failed and not from_last:
        raise WrongUsage("--failed chooses among the last events", "add --from-last")
    given = [
        option
        for option, is_given in (
            ("--payload", payload is not None),
            ("--event", event is not None),
            ("--from-last", from_last),
            ("--replay", replayed is not None),
        )
        if is_given
    ]
    if events is not None and (from_last or replayed is not None):
        given.append("--events")
    if len(given) > 1:
        raise WrongUsage(f"{' and '.join(given)} exclude each other")
    if (from_last or replayed is not None) and aws.endpoint_url is not None:
        raise WrongUsage("real events are kept by the project's own service only", "leave out --endpoint-url")


def _with_kept(event: KeptEvent, wanted: InvokeInput) -> InvokeInput:
    event.note_what_is_missing()
    name = wanted.function_name or event.invoked_arn
    return replace(wanted, function_name=name, payload=event.payload)


@dataclass(frozen=True, slots=True)
class _ManyOptions:
    events: str | None
    parallel: int | None
    unsent: str | None
    as_json: bool

    def check(self, event: str | None, out: str | None, kind: str | None, aws: AwsFlags) -> None:
        if self.events is None:
            if self.parallel is not None or self.unsent is not None or self.as_json:
                raise WrongUsage("--parallel, --unsent and --json belong to --events")
            return
        if event is not None:
            raise WrongUsage("--events holds all there is to send", "leave out --payload and --event")
        if aws.endpoint_url is not None:
            raise WrongUsage("--events are sent to the project's own service", "leave out --endpoint-url")
        if out is not None and kind in ("Event", "DryRun"):
            raise WrongUsage(f"OUTFILE is for answers, and --invocation-type {kind} has none")
        on_stdout = [name for name in (out, self.unsent) if name is not None and outfile.is_stdout(name)]
        if len(on_stdout) + self.as_json > 1:
            raise WrongUsage("only one of OUTFILE, --unsent and --json can go to stdout")


def _invoke_many(
    project: str | None,
    aws: AwsFlags,
    wanted: InvokeInput,
    many: _ManyOptions,
    out: str | None,
    *,
    wait: bool,
    exit_zero: bool,
) -> int:
    # One invocation is not to wait for what only many need.
    from lambdacli.cli import events_file, invoke_many

    kind = wanted.invocation_type or "RequestResponse"
    longest = limits.EVENT_REQUEST_BYTES if kind == "Event" else limits.SYNC_REQUEST_BYTES
    assert many.events is not None
    with events_file.opened(many.events) as file:
        count = events_file.check(file, "stdin" if many.events == "-" else many.events, longest)
        endpoint = connect.endpoint_of(project, aws)
        if not wanted.function_name:
            wanted = _with_only_function(endpoint, wanted)
        wanted = replace(wanted, log_type=None)
        # Whatever would be refused of all is told once.
        _invoke(_Near(endpoint), replace(wanted, invocation_type="DryRun"))
        batch = invoke_many.Batch(
            wanted,
            file,
            count,
            longest,
            many.parallel or invoke_many.PARALLEL.get(kind, invoke_many.PARALLEL_RUNS),
            answers=out,
            left=many.unsent,
            is_followed=wait,
            exits_zero=exit_zero,
        )
        return invoke_many.run(endpoint, batch, as_json=many.as_json)


def _check_wait(wait: bool, invocation_type: str | None, out: str | None, aws: AwsFlags) -> None:
    if not wait:
        return
    if invocation_type != "Event":
        raise WrongUsage("--wait follows an event", "add --invocation-type Event; other types wait anyway")
    if out is not None or aws.endpoint_url is not None:
        raise WrongUsage("--wait asks the project's own service", "leave out OUTFILE and --endpoint-url")


def _wanted_debugging(
    debug: bool, debug_wait: bool, invocation_type: str | None, aws: AwsFlags
) -> str | None:
    if debug_wait and aws.endpoint_url is not None:
        raise WrongUsage(
            "--debug-wait is understood by the project's own service only", "leave out --endpoint-url"
        )
    if not debug_wait and (not debug or aws.endpoint_url is not None):
        return None
    if invocation_type not in (None, "RequestResponse"):
        raise WrongUsage(
            f"only an invocation that is waited for can be debugged by its caller, not {invocation_type}",
            "`debug: true` in lam.yaml is for all invocations of a function",
        )
    return "wait" if debug_wait else "1"


def _announce_debugger(endpoint: Endpoint, wanted: InvokeInput, project: str | None) -> None:
    reference = parse_function_reference(wanted.function_name)
    if (wanted.qualifier or reference.qualifier) not in (None, "$LATEST"):
        raise WrongUsage("only $LATEST can be debugged", "leave out the version or alias")
    file = connect.place_of(project).project_file
    with connect.named(endpoint, reference.name):
        debugging.announce(
            endpoint,
            reference.name,
            None if file is None else file.parent,
            waits=wanted.debugging == "wait",
        )


def tail_for(invocation_type: str | None) -> str | None:
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


def _invoke(callee: _Callee, wanted: InvokeInput) -> InvokeOutput:
    with _explained(callee, wanted):
        return callee.invoke(wanted)


def _streamed(callee: _Callee, wanted: InvokeInput, file: IO[bytes] | None) -> InvokeOutput:
    """Each piece is passed on when it comes; what is returned has only a failure's error as its payload."""
    with _explained(callee, wanted), callee.stream(wanted) as response:
        last = b""
        for last in response.pieces():
            _deliver_piece(file, last)
        if file is None:
            render.end_pieces(last)
        return response.output


@contextlib.contextmanager
def _explained(callee: _Callee, wanted: InvokeInput) -> Iterator[None]:
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
                str(error), "nodejs*, python3.*, ruby* and provided.* run in this version"
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


def _show(callee: _Callee, answer: InvokeOutput, invocation_type: str | None, *, is_streamed: bool) -> None:
    _say_notices(answer)
    if answer.log_result is not None:
        render.say_log(_whole_log(callee, answer))
    if invocation_type in ("Event", "DryRun"):
        done = "accepted" if invocation_type == "Event" else "it could be invoked"
        request = f", request {answer.request_id}" if answer.request_id else ""
        render.say(f"{answer.status} {done}{request}")
    if not is_streamed:
        render.output_payload(answer.payload)


def _whole_log(callee: _Callee, answer: InvokeOutput) -> str:
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
