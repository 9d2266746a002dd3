"""`lam schedules`: when which function is invoked, and one of them now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.action import Action
from lambdacli.cli.errors import CommandError
from lambdacli.cli.options import JsonOption, ProjectOption
from lambdacli.client import local

EXAMPLES = """
lam schedules                                        what fires when
lam schedules fire demo-schedule                     now, whatever its time is
lam clock advance 1h                                 what is due within an hour fires now, in its order
"""

DEFAULT_ACTION = "list"
HEADINGS = ("NAME", "FUNCTION", "EXPRESSION", "NEXT (LOCAL)", "NEXT (UTC)", "ENABLED", "FROM")


def list_all(json: JsonOption = False, project: ProjectOption = None) -> int:
    answer = local.schedules(connect.running_service(connect.place_of(project)).endpoint)
    if json:
        render.output_json(answer)
        return 0
    if not answer["schedules"]:
        render.say("there are no schedules; in lam.yaml a function has them as `schedule: rate(5 minutes)`")
        return 0
    render.output_table(HEADINGS, [_row(each) for each in answer["schedules"]])
    return 0


def fire(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The schedule, or its ARN.", show_default=False)
    ],
    project: ProjectOption = None,
) -> int:
    endpoint = connect.running_service(connect.place_of(project)).endpoint
    try:
        answer = local.fire_schedule(endpoint, name)
    except local.ApiError as error:
        hint = "`lam schedules` lists them" if error.status == 404 else None
        raise CommandError(error.message, hint) from error
    for request_id in answer["request_ids"]:
        render.say(f"fired {name}: event {request_id} (`lam queue show {request_id}`)")
    return 0


ACTIONS = {
    "list": Action(list_all, "Show all schedules, and when each is due next.", "lam schedules list --json"),
    "fire": Action(fire, "Fire one now.", "lam schedules fire demo-schedule"),
}


def _row(told: dict[str, Any]) -> tuple[str, ...]:
    following = None if told["next"] is None else datetime.fromisoformat(told["next"])
    zone = "" if told["timezone"] == "UTC" else f" {told['timezone']}"
    return (
        str(told["name"]),
        ":".join(filter(None, (told["function"], told["qualifier"]))),
        f"{told['expression']}{zone}",
        "-" if following is None else f"{following.astimezone():%Y-%m-%d %H:%M:%S}",
        "-" if following is None else f"{following:%Y-%m-%d %H:%M:%S}",
        "yes" if told["enabled"] else "no",
        " ".join(filter(None, (told["origin"], told["where"])))
        if told["origin"] != "lam.yaml"
        else told["where"],
    )
