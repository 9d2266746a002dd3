"""`lam event`: makes events as AWS's services send them; prints, keeps or sends them."""

from __future__ import annotations

import contextlib
import functools
import inspect
import json as json_module
import os
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperOption

from lambdacli.cli import outfile, render
from lambdacli.cli.action import Action
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import JsonOption, ProjectOption, QualifierOption
from lambdacli.model.location import locate
from lambdacli.samples import catalogue, generator
from lambdacli.samples.generator import Wish
from lambdacli.samples.sample import Parameter, Sample, SampleError
from lambdacli.samples.words import Circumstances

EXAMPLES = """
lam event list                                       the services, and the events of each
lam event generate s3 put --bucket photos            print one
lam event generate sqs message --count 10 --send demo
lam event generate s3 put --via sns,sqs              as it arrives through a topic and a queue
"""

SEEDED_TIME = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""With --seed alone, so that equal seeds make equal bytes."""

_ACCOUNT, _REGION = "000000000000", "us-east-1"
_FLAGS = frozenset({"--raw", "--help", "-h"})
_PREFIX = "of_event_"
_METAVARS = {"text": "TEXT", "integer": "N", "number": "N", "json": "JSON"}


def list_(
    service: Annotated[
        str | None,
        typer.Argument(metavar="[SERVICE]", help="Only this service's.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> int:
    with _told():
        samples = [
            catalogue.sample(each, type_)
            for each in ([service] if service else catalogue.services())
            for type_ in catalogue.types(each)
        ]
    if json:
        render.output_json({"events": [_described(sample) for sample in samples]})
        return 0
    rows = [(sample.service, sample.type, sample.call, sample.summary) for sample in samples]
    render.output_table(("SERVICE", "TYPE", "CALL", "WHEN"), rows)
    return 0


def _described(sample: Sample) -> dict[str, Any]:
    return {
        "service": sample.service,
        "type": sample.type,
        "call": sample.call,
        "summary": sample.summary,
        "via": generator.ways(sample),
        "parameters": {name: parameter.help for name, parameter in sample.parameters.items()},
    }


def _generate(
    service: Annotated[
        str | None,
        typer.Argument(metavar="SERVICE", help="As `lam event list` names it.", show_default=False),
    ] = None,
    type_: Annotated[
        str | None,
        typer.Argument(
            metavar="[TYPE]",
            help="Which of its events, if it has several. --help tells its own options, too.",
            show_default=False,
        ),
    ] = None,
    via: Annotated[
        str | None,
        typer.Option("--via", metavar="NAMES", help="What it travels in, outermost last: sns,sqs."),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="SNS delivers raw messages, without its envelope.")
    ] = False,
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", help="So many records, where the event has records.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Put JSON in a place, such as Records[0].body; CARRIER:PATH is about what it travels in. "
            "May be repeated.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="Make up the same ids each time; also fixes the time."),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option("--time", metavar="TIME", help="When it happened, as 2026-01-31T12:00:00Z; else now."),
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="ID", help="The account; otherwise the project's.")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", metavar="NAME", help="The region; otherwise the project's."),
    ] = None,
    output_file: Annotated[
        str | None, typer.Option("--output-file", "-o", metavar="FILE", help="Write it there.")
    ] = None,
    send: Annotated[
        str | None,
        typer.Option("--send", metavar="NAME", help="Invoke this function with it, as `lam invoke` does."),
    ] = None,
    invocation_type: Annotated[
        Literal["RequestResponse", "Event", "DryRun"] | None,
        typer.Option("--invocation-type", help="Wait for the answer, queue the event, or only check."),
    ] = None,
    qualifier: QualifierOption = None,
    project: ProjectOption = None,
    **parameters: str | bool | None,
) -> int:
    if send is None and not (invocation_type is None and qualifier is None):
        raise WrongUsage("--invocation-type and --qualifier are about --send", "add --send NAME")
    with _told():
        wish = Wish(
            *_named(service, type_),
            via=_via(via),
            is_raw=raw,
            count=count,
            given={
                name.removeprefix(_PREFIX): _read(value)
                for name, value in parameters.items()
                if value is not None and value is not False
            },
            changes=tuple(changes or ()),
        )
        event = generator.event(wish, _circumstances(seed, time, account, region, project))
    if output_file is not None and not outfile.is_stdout(output_file):
        with outfile.replaced_file(output_file) as file:
            file.write((json_module.dumps(event, indent=2, ensure_ascii=False) + "\n").encode())
    elif send is None or output_file is not None:
        render.output_json(event)
    return 0 if send is None else _send(event, send, invocation_type, qualifier, project)


def _send(
    event: Any, function: str, invocation_type: str | None, qualifier: str | None, project: str | None
) -> int:
    # Not needed to make an event, and several times slower to load than that takes.
    from lambdacli.cli import connect, invoking
    from lambdacli.cli.options import AwsFlags
    from lambdacli.client.local import InvokeInput

    payload = json_module.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
    wanted = InvokeInput(
        function_name=function,
        payload=payload,
        invocation_type=invocation_type,
        log_type=invoking.tail_for(invocation_type),
        qualifier=qualifier,
    )
    return invoking.send(connect.endpoint_of(project, AwsFlags()), wanted)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What cannot be made is told as wrong usage."""
    try:
        yield
    except SampleError as error:
        raise WrongUsage(str(error), *error.hints) from error


def _named(service: str | None, type_: str | None) -> tuple[str, str]:
    if service is None:
        raise WrongUsage(
            "name a service and one of its events", f"there is {', '.join(catalogue.services())}"
        )
    types = catalogue.types(service)
    if type_ is None and len(types) > 1:
        raise WrongUsage(f"name one of the events of {service}", f"there is {', '.join(types)}")
    return service, type_ or types[0]


def _via(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()


def _read(value: str | bool) -> str | bool:
    if isinstance(value, bool) or not value.startswith("file://"):
        return value
    name = value.removeprefix("file://")
    try:
        return Path(name).expanduser().read_text()
    except OSError as error:
        raise CommandError(f"cannot read {name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{name} is not text in UTF-8") from error


def _circumstances(
    seed: int | None, time: str | None, account: str | None, region: str | None, project: str | None
) -> Circumstances:
    if account is not None and not (account.isdigit() and len(account) == 12):
        raise WrongUsage(f"--account {account}: an account has 12 digits")
    file = locate(Path.cwd(), os.environ, project).project_file if None in (account, region) else None
    text = "" if file is None else file.read_text(encoding="utf-8", errors="replace")
    now = SEEDED_TIME if seed is not None else datetime.now(UTC)
    return Circumstances(
        now if time is None else _moment(time),
        Random(seed),
        account or setting_in(text, "account") or _ACCOUNT,
        region or setting_in(text, "region") or _REGION,
    )


def setting_in(text: str, key: str) -> str | None:
    """A text at the top of lam.yaml. To parse all of it takes longer than to make an event."""
    match = re.search(
        rf"""^["']?{key}["']?[ \t]*:[ \t]*["']?([\w-]+)["']?[ \t]*(?:#.*)?$""", text, re.MULTILINE
    )
    return match[1] if match else None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUsage(f"--time {text} is no time", "write it as 2026-01-31T12:00:00Z") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


# The options that an event has of its own


def options_of(words: Sequence[str]) -> list[TyperOption]:
    """For each parameter of the event that the words name, and of what it travels in."""
    wish = _wish_of(words)
    if wish is None:
        return []
    with _told():
        found = generator.parameters(wish)
    return [_option(sample, parameter) for sample, parameter in found.values()]


def _wish_of(words: Sequence[str]) -> Wish | None:
    """None where the words name no event yet: what is missing is told when they are parsed."""
    names: list[str] = []
    given: dict[str, str] = {}
    option = ""
    for each in words:
        if each.startswith("-"):
            option, _, value = each.partition("=")
            given[option] = value
            # Of other options it is not known yet whether a value follows: flags come behind the names.
            option = "" if value or option in _FLAGS else option
        elif option:
            given[option], option = each, ""
        else:
            names.append(each)
    if not names:
        return None
    with _told():
        types = catalogue.types(names[0])
        if len(names) == 1 and len(types) > 1:
            return None
        type_ = types[0] if len(names) == 1 else names[1]
        catalogue.sample(names[0], type_)
    return Wish(names[0], type_, via=_via(given.get("--via")), is_raw="--raw" in given)


def _option(sample: Sample, parameter: Parameter) -> TyperOption:
    is_flag = parameter.kind == "flag"
    default = _default_text(parameter)
    return TyperOption(
        param_decls=[parameter.option, f"{_PREFIX}{parameter.name}"],
        is_flag=is_flag or None,
        type=bool if is_flag else str,
        default=False if is_flag else None,
        metavar=None if is_flag else "|".join(parameter.choices) or _METAVARS[parameter.kind],
        help=f"{parameter.help}{f' Otherwise {default}.' if default else ''}",
        rich_help_panel=f"About {sample.name}",
    )


def _default_text(parameter: Parameter) -> str:
    default = parameter.default
    if default in (None, "", {}, []) or parameter.kind == "flag":
        return ""
    text = default if isinstance(default, str) else json_module.dumps(default, ensure_ascii=False)
    # What is made up has no text yet.
    return "" if "${" in text else text


def _with_parameters(verb: Callable[..., int]) -> Callable[..., int]:
    """Typer is told of the options that are always there; the others come by `options_of`."""

    @functools.wraps(verb)
    def run(**values: Any) -> int:
        return verb(**values)

    own = inspect.signature(verb, eval_str=True)
    kept = [each for each in own.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    shown: Any = run
    shown.__signature__ = own.replace(parameters=kept)
    shown.__annotations__ = {each.name: each.annotation for each in kept}
    return run


ACTIONS = {
    "list": Action(
        list_,
        "List the events that can be made.",
        """
lam event list                                       all of them
lam event list cognito                               one service's
lam event list --json                                with their parameters, and what they travel in
""",
    ),
    "generate": Action(
        _with_parameters(_generate),
        "Make an event; print it, write it to a file, or send it.",
        """
lam event generate s3 put --bucket photos --key "a b.jpg"
lam event generate s3 put --via sns,sqs              as it arrives through a topic and a queue
lam event generate sqs message --count 10 --body '{"id": 1}' --send demo
lam event generate apigateway http --path /items --set requestContext.http.protocol=HTTP/2
lam event generate kinesis record --seed 7 -o events/kinesis.json
""",
        options_of,
    ),
}
