"""`lam events`: the last real events that functions got, looked at, kept as files and sent again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lambdacli.cli import connect, invoking, render, replay
from lambdacli.cli.action import Action
from lambdacli.cli.envs import age
from lambdacli.cli.errors import CommandError
from lambdacli.cli.options import JsonOption, ProjectOption
from lambdacli.client import local
from lambdacli.client.local import InvokeInput

EXAMPLES = """
lam events                                           the last events of all functions
lam events list demo --failed                        those that demo failed with
lam events show 7a8b9c0d                             one event: its payload to stdout
lam events save 7a8b9c0d                             into events/, to be sent with `lam invoke -e`
lam events send 7a8b9c0d                             to its function once more; or to another: --to NAME
lam invoke demo --from-last --failed                 what demo failed with last
"""

HEADINGS = ("REQUEST ID", "FUNCTION", "AGE", "FROM", "SIZE", "RESULT")

IdArgument = Annotated[
    str,
    typer.Argument(metavar="REQUEST_ID", help="An event's request id, or its beginning.", show_default=False),
]


def list_events(
    function: Annotated[
        str | None, typer.Argument(metavar="[FUNCTION]", help="Of this function only.", show_default=False)
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only events that a function failed with.")
    ] = False,
    json: JsonOption = False,
    project: ProjectOption = None,
) -> int:
    endpoint = _endpoint(project)
    found = local.captured_events(endpoint, function, is_failed_only=failed)
    if json:
        render.output_json({"events": found})
        return 0
    if not found:
        if function is not None and function not in connect.function_names(endpoint):
            raise connect.not_found(endpoint, function, f"there is no function {function}")
        render.say("no event is kept yet" if not failed else "no function failed with an event that is kept")
        return 0
    render.output_table(HEADINGS, [_row(event) for event in found])
    if any(event["is_redacted"] for event in found):
        render.note("events marked with * have had values taken out (`capture:` in lam.yaml)")
    return 0


def show(request_id: IdArgument, json: JsonOption = False, project: ProjectOption = None) -> int:
    event = replay.find(_endpoint(project), request_id)
    if json:
        render.output_json({**event.summary, "payload": event.payload.decode(errors="replace")})
        return 0
    event.note_what_is_missing()
    render.output_payload(replay.indented(event.payload))
    return 0


def save(
    request_id: IdArgument,
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="Otherwise events/FUNCTION-ID.json.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    project: ProjectOption = None,
) -> int:
    place = connect.place_of(project)
    event = replay.find(connect.running_service(place).endpoint, request_id)
    folder = Path.cwd() if place.project_file is None else place.project_file.parent
    target = Path(file) if file else folder / "events" / f"{event.function}-{event.request_id[:8]}.json"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb" if force else "xb") as out:
            out.write(replay.indented(event.payload))
    except FileExistsError:
        raise CommandError(f"{target} is there already", "another FILE, or --force to overwrite it") from None
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror}") from error
    event.note_what_is_missing()
    shown = target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target
    render.say(f"saved {shown}; `lam invoke {event.function} -e {shown}` sends it")
    return 0


def send(
    request_id: IdArgument,
    to: Annotated[
        str | None, typer.Option("--to", metavar="FUNCTION", help="Instead of the function that got it.")
    ] = None,
    project: ProjectOption = None,
) -> int:
    endpoint = _endpoint(project)
    event = replay.find(endpoint, request_id)
    event.note_what_is_missing()
    return invoking.send(endpoint, InvokeInput(to or event.invoked_arn, event.payload, log_type="Tail"))


ACTIONS = {
    "list": Action(list_events, "List the last events, newest first.", "lam events list demo --failed"),
    "show": Action(show, "Print one event.", "lam events show 7a8b9c0d | jq ."),
    "save": Action(save, "Keep one event as a file.", "lam events save 7a8b9c0d events/order.json"),
    "send": Action(send, "Send one event again.", "lam events send 7a8b9c0d --to other"),
}
DEFAULT_ACTION = "list"


def _endpoint(project: str | None) -> local.Endpoint:
    return connect.running_service(connect.place_of(project)).endpoint


def _row(event: dict[str, Any]) -> tuple[str, ...]:
    seconds = (datetime.now(UTC) - datetime.fromisoformat(event["at"])).total_seconds()
    return (
        str(event["request_id"]),
        str(event["function"]),
        age(max(0.0, seconds)),
        str(event["kind"]) + ("*" if event["is_redacted"] else ""),
        _size(event["bytes"]),
        str(event["error_type"] or "ok"),
    )


def _size(count: int) -> str:
    return f"{count} B" if count < 1024 else f"{count / 1024:.1f} KB"
