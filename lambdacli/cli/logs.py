"""`lam logs`: what functions wrote, past and live."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.durations import seconds_of
from lambdacli.cli.errors import WrongUsage
from lambdacli.cli.options import AwsFlags, JsonOption, ProjectOption, takes_aws_flags
from lambdacli.client import local

EXAMPLES = """
lam logs demo                                        the last 100 lines
lam logs demo --follow                               and what comes
lam logs --since 10m --filter ERROR                  all functions, the last ten minutes
lam logs demo --since 2026-11-21T09:00 --json        one JSON object a line
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
    project: ProjectOption = None,
) -> int:
    aws.note_ignored(())
    since_ms = None if since is None else parse_since(since, datetime.now().astimezone())
    limit = lines if lines is not None or since is not None else DEFAULT_LINES
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
            if json:
                render.output_json_line(line)
            else:
                render.output_log_line(line, with_function=name is None)
    except local.ApiError as error:
        if error.status != 404 or function is None:
            raise
        raise connect.not_found(endpoint, function, error.message or str(error)) from error
    if function is not None and count == 0 and function not in connect.function_names(endpoint):
        # A function that is gone may still have lines; one that has none, and is not there, is a slip.
        raise connect.not_found(endpoint, function, f"there is no function {function}, and no log of one")
    if follow:
        render.note("the service has stopped")
    return 0


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
