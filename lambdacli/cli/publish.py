"""`lam publish FUNCTION`: makes a version of the function as it is now."""

from __future__ import annotations

from typing import Annotated

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.aws_answer import is_printed, note_ignored
from lambdacli.cli.options import AwsFlags, ProjectOption, takes_aws_flags
from lambdacli.client import versions

EXAMPLES = """
lam publish demo                                     its next version: code and settings, frozen
lam publish demo --description "before the move"
lam publish demo --query Version --output text
"""


@takes_aws_flags
def run(
    aws: AwsFlags,
    function: Annotated[str, typer.Argument(metavar="FUNCTION", help="The function.", show_default=False)],
    description: Annotated[
        str | None,
        typer.Option(
            "--description", metavar="TEXT", help="What is special about it; else the function's own."
        ),
    ] = None,
    project: ProjectOption = None,
) -> int:
    note_ignored(aws)
    endpoint = connect.endpoint_of(project, aws)
    with connect.named(endpoint, function):
        answer = versions.publish(endpoint, function, description)
    if not is_printed(aws, answer, "PublishVersion"):
        render.output(str(answer["FunctionArn"]))
    return 0
