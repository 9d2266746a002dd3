"""`lam clock`: the time by which the service waits and ages; moved on, so that nobody has to wait for it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.action import Action
from lambdacli.cli.clock_text import clock_text, length
from lambdacli.cli.durations import seconds_of
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import JsonOption, ProjectOption
from lambdacli.client import local

EXAMPLES = """
lam clock                                            what time the service has
lam clock advance 2m                                 what is due within two minutes happens now
lam clock advance 1h30m
lam clock reset                                      back to real time
lam start --time-scale 60                            a minute passes in a second
"""

DEFAULT_ACTION = "show"

NEVER_MOVED = (
    "timeouts of functions and of their init, durations, log times, signatures and what a function itself "
    "sees are real time; so are servers outside, such as a queue's visibility timeout"
)


def show(json: JsonOption = False, project: ProjectOption = None) -> int:
    clock = local.clock(connect.running_service(connect.place_of(project)).endpoint)
    if json:
        render.output_json(clock)
        return 0
    _output(clock)
    if clock_text(clock):
        render.note(NEVER_MOVED)
    return 0


def advance(
    duration: Annotated[
        str,
        typer.Argument(metavar="DURATION", help="90s, 2m, 1h30m, 3d (s, m, h, d, w).", show_default=False),
    ],
    json: JsonOption = False,
    project: ProjectOption = None,
) -> int:
    seconds = seconds_of(duration)
    if not seconds:
        raise WrongUsage(f"{duration} is no length of time", "write 90s, 2m, 1h30m or 3d")
    endpoint = connect.running_service(connect.place_of(project)).endpoint
    try:
        clock = local.advance_clock(endpoint, seconds)
    except local.ApiError as error:
        raise CommandError(error.message, "`lam clock reset` sets it back to real time") from error
    if json:
        render.output_json(clock)
        return 0
    _output(clock)
    return 0


def reset(json: JsonOption = False, project: ProjectOption = None) -> int:
    clock = local.reset_clock(connect.running_service(connect.place_of(project)).endpoint)
    if json:
        render.output_json(clock)
        return 0
    _output(clock)
    return 0


def _output(clock: dict[str, Any]) -> None:
    now = datetime.fromisoformat(clock["now"]).astimezone()
    render.output_fields(
        [
            ("clock", f"{now:%Y-%m-%d %H:%M:%S %z}"),
            ("offset", f"{length(clock['offset_seconds'])} ahead" if clock["offset_seconds"] else "none"),
            ("speed", "as real time" if clock["scale"] == 1 else f"{clock['scale']:g} times as fast"),
        ]
    )


ACTIONS = {
    "show": Action(
        show,
        "Show the service's time, and how far it is from real time.",
        "lam clock show\nlam clock show --json\n",
    ),
    "advance": Action(
        advance,
        "Move the clock on: what becomes due on the way happens at once, in its order.",
        "lam clock advance 2m\nlam clock advance 1h30m --json\n",
    ),
    "reset": Action(reset, "Set the clock back to real time.", "lam clock reset\n"),
}
