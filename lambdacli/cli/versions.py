"""`lam versions FUNCTION`: what was published of a function."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.aws_answer import is_printed, note_ignored
from lambdacli.cli.options import AwsFlags, ProjectOption, takes_aws_flags
from lambdacli.client import versions

EXAMPLES = """
lam versions demo                                    its versions, and the aliases that name them
lam versions demo --query 'Versions[].Version' --output text
"""


@takes_aws_flags
def run(
    aws: AwsFlags,
    function: Annotated[str, typer.Argument(metavar="FUNCTION", help="The function.", show_default=False)],
    project: ProjectOption = None,
) -> int:
    note_ignored(aws)
    endpoint = connect.endpoint_of(project, aws)
    with connect.named(endpoint, function):
        answer = versions.list_versions(endpoint, function)
    if is_printed(aws, answer, "ListVersionsByFunction"):
        return 0
    aliases = versions.list_aliases(endpoint, function)["Aliases"]
    rows = [_row(version, aliases) for version in answer["Versions"]]
    render.output_table(
        ("VERSION", "MODIFIED", "RUNTIME", "MEMORY", "SHA256", "ALIASES", "DESCRIPTION"), rows
    )
    return 0


def _row(version: dict[str, Any], aliases: list[dict[str, Any]]) -> tuple[str, ...]:
    number = str(version["Version"])
    names = [str(alias["Name"]) for alias in aliases if number in _versions_of(alias)]
    return (
        number,
        str(version["LastModified"])[:19].replace("T", " "),
        str(version["Runtime"]),
        f"{version['MemorySize']} MB",
        str(version["CodeSha256"])[:12],
        ", ".join(names) or "-",
        str(version["Description"] or "-"),
    )


def _versions_of(alias: dict[str, Any]) -> set[str]:
    return {alias["FunctionVersion"], *alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})}
