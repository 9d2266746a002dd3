"""`lam sources [FUNCTION]`: the queues and streams that functions read, and how that goes."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.options import JsonOption, ProjectOption
from lambdacli.client import local

EXAMPLES = """
lam sources                                          every event source mapping, and how it is doing
lam sources demo                                     those of one function
lam sources demo --json
"""

HEADINGS = ("FUNCTION", "SOURCE", "STATE", "LAST RESULT", "IN FLIGHT", "DONE", "FAILED", "FILTERED OUT")


def run(
    name: Annotated[
        str | None, typer.Argument(metavar="[FUNCTION]", help="The function.", show_default=False)
    ] = None,
    json: JsonOption = False,
    project: ProjectOption = None,
) -> int:
    endpoint = connect.running_service(connect.place_of(project)).endpoint
    sources = local.sources(endpoint, name)
    if name is not None and not sources and name not in connect.function_names(endpoint):
        raise connect.not_found(endpoint, name, f"there is no function {name}")
    if json:
        render.output_json({"sources": sources})
    elif not sources:
        render.say("no function reads a queue or a stream: `sources:` in lam.yaml names what one reads")
    else:
        render.output_table(HEADINGS, [_row(source) for source in sources])
        for source in sources:
            if source["problem"]:
                render.note(f"{source['function']}: {source['problem']}")
    return 0


def _row(source: dict[str, Any]) -> tuple[str, ...]:
    state = str(source["state"])
    return (
        str(source["function"]),
        str(source["source"]),
        f"{state}, waits" if source["problem"] else state,
        str(source["last_result"] or "-"),
        str(source["in_flight"]),
        str(source["succeeded"]),
        str(source["failed"]),
        str(source["filtered_out"]),
    )
