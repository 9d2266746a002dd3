"""`lam queue`: the asynchronous events that wait, what became of one, and what is done to them by hand."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.action import Action
from lambdacli.cli.confirm import YesOption, require_confirmation
from lambdacli.cli.envs import age
from lambdacli.cli.errors import CommandError
from lambdacli.cli.options import JsonOption, ProjectOption
from lambdacli.client import local

EXAMPLES = """
lam queue                                            what waits, per function
lam queue show 7a8b9c                                one event: its attempts, and why it waits
lam queue retry 7a8b9c                               now instead of later
lam queue retry 7a8b9c                               or, if it came to its end, once more as a new event
lam queue drop 7a8b9c                                take one out
lam queue purge demo                                 take out all that waits for a function; a script says -y
"""

HEADINGS = ("FUNCTION", "QUALIFIER", "WAITING", "RUNNING", "TELLING", "OLDEST")

IdArgument = Annotated[
    str,
    typer.Argument(
        metavar="REQUEST_ID", help="The event's request id, or the beginning of it.", show_default=False
    ),
]


def list_lanes(json: JsonOption = False, project: ProjectOption = None) -> int:
    answer = local.queue(_endpoint(project))
    if json:
        render.output_json(answer)
        return 0
    if answer["duplicates"]:
        render.note("every event is delivered twice: `lam chaos duplicates off` ends it")
    if not answer["lanes"]:
        render.say("no event waits")
    else:
        render.output_table(HEADINGS, [_row(lane) for lane in answer["lanes"]])
    return 0


def show(request_id: IdArgument, json: JsonOption = False, project: ProjectOption = None) -> int:
    try:
        event = local.queued_event(_endpoint(project), request_id)
    except local.ApiError as error:
        raise CommandError(str(error), _WHERE_IDS_ARE) from error
    if json:
        render.output_json(event)
        return 0
    told = ("function", "qualifier", "state", "accepted_at", "due_at", "why", "condition", "finished_at")
    fields = [(name.replace("_", " "), str(event[name])) for name in told if event[name] is not None]
    if event["delivery_error"] is not None:
        fields.append(("not told", str(event["delivery_error"])))
    fields.append(("payload", _short(event["payload"])))
    fields += [(f"{each['kind']} {number}", _told(each)) for number, each in enumerate(event["attempts"], 1)]
    fields.append(("log", f"lam logs {event['function']} --filter {event['request_id']}"))
    render.output_fields(fields)
    return 0


def retry(request_id: IdArgument, project: ProjectOption = None) -> int:
    done = _act(project, "retry", request_id)
    again = done.get("sent_again_as")
    if again is None:
        render.say(f"event {done['request_id']} is due now")
    else:
        render.say(
            f"event {done['request_id']} had come to its end ({done['condition']}): its payload is sent "
            f"again as the new event {again}"
        )
    return 0


def drop(request_id: IdArgument, project: ProjectOption = None) -> int:
    dropped = _act(project, "drop", request_id)
    render.say(f"dropped event {dropped['request_id']}")
    return 0


def purge(
    function: Annotated[str, typer.Argument(metavar="FUNCTION", help="The function.", show_default=False)],
    yes: YesOption = False,
    project: ProjectOption = None,
) -> int:
    endpoint = _endpoint(project)
    require_confirmation(f"take all that waits for {function} out of the queue, for good", yes)
    purged = local.change_queue(endpoint, "purge", {"function": function})["purged"]
    if not purged and function not in connect.function_names(endpoint):
        raise connect.not_found(endpoint, function, f"there is no function {function}")
    render.say(f"purged {purged} event{'' if purged == 1 else 's'} of {function}")
    return 0


ACTIONS = {
    "list": Action(list_lanes, "Show what waits, per function.", "lam queue list --json"),
    "show": Action(show, "Show one event: its attempts, and why it waits.", "lam queue show 7a8b9c"),
    "retry": Action(retry, "Try one that waits now, or send a finished one again.", "lam queue retry 7a8b9c"),
    "drop": Action(drop, "Take one out, told to nobody.", "lam queue drop 7a8b9c"),
    "purge": Action(purge, "Take out all that waits for a function.", "lam queue purge demo"),
}
DEFAULT_ACTION = "list"


_WHERE_IDS_ARE = "`lam events` lists the last ones with their request ids"


def _endpoint(project: str | None) -> local.Endpoint:
    return connect.running_service(connect.place_of(project)).endpoint


def _act(project: str | None, verb: str, request_id: str) -> dict[str, Any]:
    try:
        return local.change_queue(_endpoint(project), verb, {"request_id": request_id})
    except local.ApiError as error:
        hint = _WHERE_IDS_ARE if error.status == 404 else "`lam queue show` tells what became of it"
        raise CommandError(str(error), hint) from error


def _row(lane: dict[str, Any]) -> tuple[str, ...]:
    oldest = lane["oldest_seconds"]
    return (
        str(lane["function"]),
        str(lane["qualifier"] or "-"),
        str(lane["queued"]),
        str(lane["running"]),
        str(lane["delivering"]),
        "-" if oldest is None else age(oldest),
    )


def _told(attempt: dict[str, Any]) -> str:
    parts = [
        str(attempt["started_at"])[11:23],
        f"{attempt['seconds']:.3f} s",
        " ".join(str(attempt[name]) for name in ("error_type", "error_message") if attempt[name]) or "ok",
        attempt["log_stream"],
    ]
    return "  ".join(str(part) for part in parts if part)


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text)} characters)"
