"""`lam status`: the service as it is, and what other tools need to find it. Starts nothing."""

from __future__ import annotations

import sys

from lambdacli import __version__
from lambdacli.cli import connect, render
from lambdacli.cli.options import JsonOption, ProjectOption
from lambdacli.cli.status_page import status_page
from lambdacli.client import control
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
    render.output_text(status_page(running.status, sys.stdout))
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
