"""`lam envs [FUNCTION]`: the execution environments as they are now."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.options import JsonOption, ProjectOption
from lambdacli.client import local

EXAMPLES = """
lam envs                                             every environment: state, memory, why it was started
lam envs demo                                        those of one function
lam envs demo --json
"""

HEADINGS = ("FUNCTION", "STATE", "AGE", "INVOCATIONS", "MEMORY", "PEAK", "PID", "KIND", "WHY")


def run(
    name: Annotated[
        str | None, typer.Argument(metavar="[FUNCTION]", help="The function.", show_default=False)
    ] = None,
    json: JsonOption = False,
    project: ProjectOption = None,
) -> int:
    endpoint = connect.running_service(connect.place_of(project)).endpoint
    environments = local.environments(endpoint, name)
    if name is not None and not environments and name not in connect.function_names(endpoint):
        raise connect.not_found(endpoint, name, f"there is no function {name}")
    if json:
        render.output_json({"environments": environments})
    elif not environments:
        render.say("no environments: the next invocation makes one")
    else:
        render.output_table(HEADINGS, [_row(environment) for environment in environments])
    return 0


def _row(environment: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(environment["function"]),
        f"{environment['state']}{', frozen' if environment['is_frozen'] else ''}",
        age(environment["age_seconds"]),
        str(environment["invocations"]),
        f"{environment['memory_mb']:.1f} MB",
        f"{environment['max_memory_mb']} MB",
        str(environment["process_id"] or "-"),
        f"{environment['walls']}, {environment['start_kind']}",
        str(environment["reason"]),
    )


def age(seconds: float) -> str:
    """Two figures at most: `12 s`, `3 m 4 s`, `2 h 5 m`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} m"
