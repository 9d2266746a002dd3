"""`lam invoke`: `aws lambda invoke` with the same flags, and a short form that needs no OUTFILE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from lambdacli.cli import aws_output, connect, debugging, event_end, outfile, remote, render, replay
from lambdacli.cli.callees import Deployed, Near
from lambdacli.cli.errors import WrongUsage
from lambdacli.cli.invoking import ask, exit_code, invoke, tail_for
from lambdacli.cli.options import (
    CONNECTION_FLAGS,
    PRINTING_FLAGS,
    AwsFlags,
    ConfigEnvOption,
    EnvVarsOption,
    ParameterOverridesOption,
    ProjectOption,
    QualifierOption,
    StageOption,
    takes_aws_flags,
    template_options,
)
from lambdacli.cli.payload import read_client_context, read_payload
from lambdacli.cli.replay import KeptEvent
from lambdacli.client.local import Endpoint, InvokeInput
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
    stage: StageOption = None,
    is_remote: remote.RemoteOption = False,
    project: ProjectOption = None,
) -> int:
    name, out = names_of(names or [], function_name)
    project, name = (project, name) if name is None else connect.named_in(project, name)
    template = template_options(parameter_overrides, env_vars, config_env, stage)
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
        answer = ask(Deployed(remote.aws_of(aws, project), aws), wanted, out, aws, is_streamed=stream)
        return 0 if exit_zero else exit_code(answer)
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
    answer = ask(Near(endpoint), wanted, out, aws, is_streamed=stream)
    if wait:
        return event_end.follow(endpoint, answer.request_id or "", exit_zero=exit_zero)
    return 0 if exit_zero else exit_code(answer)


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
        invoke(Near(endpoint), replace(wanted, invocation_type="DryRun"))
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


def _with_only_function(endpoint: Endpoint, wanted: InvokeInput) -> InvokeInput:
    names = connect.function_names(endpoint)
    if len(names) != 1:
        raise WrongUsage(
            "name a function" if names else "there is no function to invoke",
            f"there is {', '.join(sorted(names))}" if names else "`lam init NAME` makes one",
        )
    render.note(f"invoking {names[0]}, the only function")
    return replace(wanted, function_name=names[0])
