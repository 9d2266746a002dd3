"""`lam chaos`: makes the service do what AWS may do on a bad day."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.action import Action
from lambdacli.cli.options import ProjectOption
from lambdacli.client import local

EXAMPLES = """
lam chaos duplicates on                              every asynchronous event is delivered twice
lam chaos duplicates off
"""


def duplicates(
    switch: Annotated[
        Literal["on", "off"],
        typer.Argument(metavar="on|off", help="Until the service ends.", show_default=False),
    ],
    project: ProjectOption = None,
) -> int:
    endpoint = connect.running_service(connect.place_of(project)).endpoint
    local.change_queue(endpoint, "duplicates", {"on": switch == "on"})
    render.say("every event is delivered twice" if switch == "on" else "every event is delivered once")
    return 0


ACTIONS = {
    "duplicates": Action(
        duplicates, "Deliver every asynchronous event twice, under one request id.", "lam chaos duplicates on"
    ),
}
