"""`lam stop`: ends the service when its invocations are finished, or at once, and its neighbour services."""

from __future__ import annotations

from typing import Annotated

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.options import ProjectOption
from lambdacli.client import control

EXAMPLES = """
lam stop                                             running invocations finish first
lam stop --now                                       cut them
"""


def run(
    now: Annotated[bool, typer.Option("--now", help="Cut the running invocations.")] = False,
    project: ProjectOption = None,
) -> int:
    place = connect.place_of(project)
    pid = control.stop_service(place, render.say, now=now)
    left = control.stop_neighbours(place)
    if left is not None:
        render.say(f"stopped the neighbour services that were left (pid {left})")
    if pid is not None or left is None:
        render.say("not running" if pid is None else f"stopped (pid {pid})")
    return 0
