"""`lam status`: the service as it is, and what other tools need to find it. Starts nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lambdacli import __version__
from lambdacli.cli import connect, render
from lambdacli.cli.options import JsonOption, ProjectOption
from lambdacli.client import control
from lambdacli.client.local import Json
from lambdacli.model.location import Place

EXAMPLES = """
lam status                                           exit code 1 when it is not running
lam status --json
eval "$(lam status | grep '^export')"                point this shell's AWS tools at it
"""


def run(json: JsonOption = False, project: ProjectOption = None) -> int:
    place = connect.place_of(project)
    running = control.find(place)
    if running is None:
        _show_absent(place, json)
        return 1
    if json:
        render.output_json({"running": True, **running.status})
        return 0
    _show(running.status)
    if running.version != __version__:
        render.note(f"this is lam {__version__}: the next verb that needs the service replaces it")
    return 0


def _show_absent(place: Place, json: bool) -> None:
    project = None if place.project_file is None else str(place.project_file)
    draining = control.recorded_pid(place)
    if json:
        found = {"running": False, "project": project, "state_dir": str(place.state_dir)}
        render.output_json(found if draining is None else {**found, "stopping_pid": draining})
        return
    is_draining = f"stopping (pid {draining}): its invocations finish first"
    render.output("not running" if draining is None else is_draining)
    render.output_fields([("project", project or "none"), ("state", str(place.state_dir))])


def _show(status: Json) -> None:
    started = datetime.fromisoformat(status["started_at"])
    render.output(
        f"lam {status['version']} is running (pid {status['pid']}, for {_age(datetime.now(UTC) - started)})"
    )
    environments = ", ".join(f"{count} {state}" for state, count in status["environments"].items())
    render.output_fields(
        [
            ("project", str(status.get("project") or "none")),
            ("state", str(status["state_dir"])),
            ("endpoint", str(status["endpoint"]) + (" (anonymous)" if status.get("anonymous") else "")),
            ("socket", str(status["socket"])),
            ("account", str(status["account"])),
            ("region", str(status["region"])),
            ("functions", str(status["functions"])),
            ("environments", environments or "none"),
            ("invocations", f"{status['running_invocations']} running"),
        ]
    )
    for problem in status.get("problems", []):
        render.output_styled(f"problem: {problem}", "red")
    for notice in status.get("notices", []):
        render.output(f"note: {notice}")
    render.output()
    render.output("To point boto3, the AWS CLI or an SDK at it:")
    render.output()
    for name, value in exports(status).items():
        render.output(f"export {name}={value}")


def exports(status: Json) -> dict[str, str]:
    """The AWS CLI and boto3 read AWS_DEFAULT_REGION, other SDKs AWS_REGION. Any credentials will do."""
    return {
        "AWS_ENDPOINT_URL": str(status["endpoint"]),
        "AWS_ACCESS_KEY_ID": "lam",
        "AWS_SECRET_ACCESS_KEY": "lam",
        "AWS_REGION": str(status["region"]),
        "AWS_DEFAULT_REGION": str(status["region"]),
    }


def _age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
