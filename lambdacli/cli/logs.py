"""`lam logs`: what functions wrote, past and live."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from lambdacli.cli import connect, remote, render
from lambdacli.cli.durations import seconds_of
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import AwsFlags, JsonOption, ProjectOption, takes_aws_flags
from lambdacli.client import aws_logs, http, local
from lambdacli.client.aws import Aws

EXAMPLES = """
lam logs demo                                        the last 100 lines
lam logs demo --follow                               and what comes
lam logs --since 10m --filter ERROR                  all functions, the last ten minutes
lam logs demo --since 2026-11-21T09:00 --json        one JSON object a line
lam logs demo --remote --follow --profile work       of the deployed function, by CloudWatch
"""

DEFAULT_LINES = 100
_LOG_GROUP_PREFIX = "/aws/lambda/"


@takes_aws_flags
def run(
    aws: AwsFlags,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="The function or its log group; all without it.", show_default=False
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until ^C.")] = False,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="10m (s, m, h, d, w), or a date and time as ISO 8601."),
    ] = None,
    filter: Annotated[
        str | None, typer.Option("--filter", metavar="TEXT", help="Only lines that contain this.")
    ] = None,
    lines: Annotated[
        int | None,
        typer.Option("--lines", "-n", metavar="N", min=1, help="Only the last N lines; 100 without --since."),
    ] = None,
    json: JsonOption = False,
    is_remote: remote.RemoteOption = False,
    project: ProjectOption = None,
) -> int:
    aws.note_ignored(remote.REMOTE_FLAGS if is_remote else ())
    since_ms = None if since is None else parse_since(since, datetime.now().astimezone())
    limit = lines if lines is not None or since is not None else DEFAULT_LINES
    if is_remote:
        return _deployed(aws, project, name, _Wanted(since_ms, filter, limit, follow), as_json=json)
    project, name = (project, name) if name is None else connect.named_in(project, name)
    endpoint = replace(
        connect.running_service(connect.place_of(project)).endpoint,
        trace=render.debug if aws.debug else None,
    )
    function = None if name is None else name.removeprefix(_LOG_GROUP_PREFIX)
    count = 0
    try:
        for line in local.log_lines(
            endpoint, function=function, since_ms=since_ms, text=filter, limit=limit, follow=follow
        ):
            count += 1
            _show(line, as_json=json, with_function=name is None)
    except local.ApiError as error:
        if error.status != 404 or function is None:
            raise
        raise connect.not_found(endpoint, function, error.message or str(error)) from error
    except http.HttpError:
        if not follow:
            raise
    if follow:
        # Nothing more can be asked of a service that ended, whichever way.
        render.note("the service has stopped")
        return 0
    if function is not None and count == 0 and function not in connect.function_names(endpoint):
        # A function that is gone may still have lines; one that has none, and is not there, is a slip.
        raise connect.not_found(endpoint, function, f"there is no function {function}, and no log of one")
    return 0


@dataclass(frozen=True, slots=True)
class _Wanted:
    since_ms: int | None
    text: str | None
    limit: int | None
    is_followed: bool


def _deployed(
    flags: AwsFlags, project: str | None, name: str | None, wanted: _Wanted, *, as_json: bool
) -> int:
    if name is None:
        raise WrongUsage("name the function, or its log group", "for example `lam logs demo --remote`")
    aws = remote.aws_of(flags, project)
    group = aws_logs.log_group_of(aws, name)
    try:
        for line in aws_logs.log_lines(
            aws,
            group,
            since_ms=wanted.since_ms,
            text=wanted.text,
            limit=wanted.limit,
            follow=wanted.is_followed,
        ):
            _show(line, as_json=as_json, with_function=False)
    except local.ApiError as error:
        if error.code != "ResourceNotFoundException":
            raise
        raise _without_log(aws, group, error) from error
    return 0


def _without_log(aws: Aws, group: aws_logs.LogGroup, error: local.ApiError) -> CommandError:
    if group.function in remote.function_names(aws):
        return CommandError(
            f"{group.function} has written nothing yet: there is no log group {group.name}",
            "--follow waits for it",
        )
    return remote.not_found(aws, group.function, f"there is no log group {group.name}")


def _show(line: dict[str, Any], *, as_json: bool, with_function: bool) -> None:
    if as_json:
        render.output_json_line(line)
    else:
        render.output_log_line(line, with_function=with_function)


def parse_since(text: str, now: datetime) -> int:
    """Milliseconds since 1970 of `10m` before now, or of a written time; one without a zone is local."""
    seconds = seconds_of(text)
    if seconds is not None:
        moment = now - timedelta(seconds=seconds)
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise WrongUsage(
                f"--since {text} is no time", "write 30s, 10m, 2h or 1d, or a time such as 2026-11-21T09:00"
            ) from error
    return int(moment.timestamp() * 1000)
