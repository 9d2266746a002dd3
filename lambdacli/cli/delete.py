"""`lam delete NAME`: DeleteFunction; what lam.yaml declares is deleted there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import (
    CONNECTION_FLAGS,
    AwsFlags,
    ProjectOption,
    QualifierOption,
    takes_aws_flags,
)
from lambdacli.client import local
from lambdacli.client.local import Endpoint
from lambdacli.model.arn import parse_function_reference

EXAMPLES = """
lam delete demo                                      a function that was made over the API
lam delete demo --qualifier 3                        only its version 3
lam delete --function-name demo                      as `aws lambda delete-function` writes it
"""


@takes_aws_flags
def run(
    aws: AwsFlags,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The function.", show_default=False)
    ] = None,
    function_name: Annotated[
        str | None, typer.Option("--function-name", metavar="NAME", help="The same as NAME.")
    ] = None,
    qualifier: QualifierOption = None,
    project: ProjectOption = None,
) -> int:
    aws.note_ignored(CONNECTION_FLAGS)
    if (name is None) == (function_name is None):
        raise WrongUsage("name one function, as NAME or by --function-name")
    wanted = name or function_name or ""
    endpoint = connect.endpoint_of(project, aws)
    if not endpoint.is_remote and qualifier is None:
        _refuse_declared(endpoint, wanted)
    with connect.named(endpoint, wanted):
        local.delete_function(endpoint, wanted, qualifier)
    render.say(f"deleted {wanted}" if qualifier is None else f"deleted {wanted}:{qualifier}")
    return 0


def _refuse_declared(endpoint: Endpoint, wanted: str) -> None:
    """The service follows lam.yaml: a declared function would be back at once."""
    name = parse_function_reference(wanted).name
    for function in local.functions(endpoint):
        if function["name"] == name and function["origin"] != "api":
            project = Path(str(local.status(endpoint).get("project") or ""))
            file = project if project.name == function["origin"] else function["origin"]
            raise CommandError(
                f"{name} is declared in {file}",
                f"take {name} out of that file; the service follows it at once",
            )
