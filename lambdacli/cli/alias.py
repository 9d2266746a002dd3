"""`lam alias`: makes, changes, lists and deletes names for versions; shifts invocations between two."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.action import Action
from lambdacli.cli.aws_answer import is_printed, note_ignored
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import CONNECTION_FLAGS, AwsFlags, ProjectOption, takes_aws_flags
from lambdacli.client import local, versions
from lambdacli.client.versions import given

EXAMPLES = """
lam alias create demo live 1                         live is version 1 of demo
lam alias shift demo live 2 --percent 10             a tenth of its invocations goes to version 2
lam alias shift demo live 2                          all of them do
lam alias list demo
lam alias delete demo live
"""

FunctionArgument = Annotated[
    str, typer.Argument(metavar="FUNCTION", help="The function.", show_default=False)
]
AliasArgument = Annotated[str, typer.Argument(metavar="ALIAS", help="The alias.", show_default=False)]
DescriptionOption = Annotated[
    str | None, typer.Option("--description", metavar="TEXT", help="What it is for.")
]
WeightOption = Annotated[
    str | None,
    typer.Option(
        "--weight",
        metavar="VERSION=SHARE",
        help="A second version and its share of the invocations, from 0 to 1.",
    ),
]


@takes_aws_flags
def create(
    aws: AwsFlags,
    function: FunctionArgument,
    alias: AliasArgument,
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="The version it names.", show_default=False)
    ],
    weight: WeightOption = None,
    description: DescriptionOption = None,
    project: ProjectOption = None,
) -> int:
    note_ignored(aws)
    members = given(
        Name=alias, FunctionVersion=version, Description=description, RoutingConfig=_routing(weight)
    )
    answer = versions.create_alias(connect.endpoint_of(project, aws), function, members)
    return _told(aws, answer, "CreateAlias")


@takes_aws_flags
def update(
    aws: AwsFlags,
    function: FunctionArgument,
    alias: AliasArgument,
    version: Annotated[
        str | None, typer.Option("--version", metavar="VERSION", help="The version it names from now on.")
    ] = None,
    weight: WeightOption = None,
    description: DescriptionOption = None,
    project: ProjectOption = None,
) -> int:
    note_ignored(aws)
    members = given(FunctionVersion=version, Description=description, RoutingConfig=_routing(weight))
    if not members:
        raise WrongUsage("nothing to change", "give --version, --weight or --description")
    answer = versions.update_alias(connect.endpoint_of(project, aws), function, alias, members)
    return _told(aws, answer, "UpdateAlias")


@takes_aws_flags
def shift(
    aws: AwsFlags,
    function: FunctionArgument,
    alias: AliasArgument,
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="The version that gets them.", show_default=False)
    ],
    percent: Annotated[
        float,
        typer.Option("--percent", min=0, max=100, metavar="N", help="The share that it gets."),
    ] = 100,
    project: ProjectOption = None,
) -> int:
    note_ignored(aws)
    endpoint = connect.endpoint_of(project, aws)
    current = versions.get_alias(endpoint, function, alias)
    members = _shifted(str(current["FunctionVersion"]), version, percent)
    answer = versions.update_alias(
        endpoint, function, alias, {**members, "RevisionId": current["RevisionId"]}
    )
    return _told(aws, answer, "UpdateAlias")


def _shifted(current: str, version: str, percent: float) -> dict[str, Any]:
    """UpdateAlias's members: the whole of it makes the version the alias's own."""
    if percent == 100:
        return {"FunctionVersion": version, "RoutingConfig": {"AdditionalVersionWeights": {}}}
    if version == current:
        raise CommandError(
            f"the alias names version {version} itself",
            "name the version that is to get a share, not the one that it is taken from",
        )
    weights = {version: percent / 100} if percent else {}
    return {"RoutingConfig": {"AdditionalVersionWeights": weights}}


@takes_aws_flags
def list_(aws: AwsFlags, function: FunctionArgument, project: ProjectOption = None) -> int:
    note_ignored(aws)
    answer = versions.list_aliases(connect.endpoint_of(project, aws), function)
    if is_printed(aws, answer, "ListAliases"):
        return 0
    if not answer["Aliases"]:
        render.say(f"{function} has no alias: `lam alias create {function} NAME VERSION` makes one")
        return 0
    rows = [(str(each["Name"]), _split(each), str(each["Description"] or "-")) for each in answer["Aliases"]]
    render.output_table(("NAME", "VERSION", "DESCRIPTION"), rows)
    return 0


@takes_aws_flags
def delete(
    aws: AwsFlags, function: FunctionArgument, alias: AliasArgument, project: ProjectOption = None
) -> int:
    aws.note_ignored(CONNECTION_FLAGS)
    endpoint = connect.endpoint_of(project, aws)
    try:
        versions.get_alias(endpoint, function, alias)
    except local.ApiError as error:
        if error.status != 404:
            raise
        raise CommandError(error.message, f"`lam alias list {function}` shows what there is") from error
    versions.delete_alias(endpoint, function, alias)
    render.say(f"deleted {function}:{alias}")
    return 0


def _routing(weight: str | None) -> dict[str, Any] | None:
    if weight is None:
        return None
    version, _, share = weight.partition("=")
    try:
        return {"AdditionalVersionWeights": {version: float(share)}}
    except ValueError:
        raise WrongUsage(
            f"--weight {weight} cannot be read", "write it as VERSION=SHARE, such as 2=0.1"
        ) from None


def _told(aws: AwsFlags, answer: dict[str, Any], operation: str) -> int:
    if not is_printed(aws, answer, operation):
        render.output(f"{answer['AliasArn']} → {_split(answer)}")
    return 0


def _split(alias: dict[str, Any]) -> str:
    """Such as `1` or `1 (90 %), 2 (10 %)`."""
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    if not weights:
        return str(alias["FunctionVersion"])
    shares = {alias["FunctionVersion"]: 1 - sum(weights.values()), **weights}
    return ", ".join(f"{version} ({share * 100:.4g} %)" for version, share in shares.items())


ACTIONS = {
    "create": Action(
        create,
        "Make an alias.",
        """
lam alias create demo live 1
lam alias create demo live 1 --weight 2=0.1          a tenth goes to version 2
lam alias create demo dev '$LATEST' --description "what is being worked on"
""",
    ),
    "update": Action(
        update,
        "Change what an alias names.",
        """
lam alias update demo live --version 2
lam alias update demo live --weight 3=0.05
lam alias update demo live --description "as of today"
""",
    ),
    "shift": Action(
        shift,
        "Shift invocations of an alias to another version.",
        """
lam alias shift demo live 2 --percent 10             a tenth of them
lam alias shift demo live 2                          all of them: the alias names version 2 then
lam alias shift demo live 2 --percent 0              none: back to the version that it names
""",
    ),
    "list": Action(
        list_,
        "List a function's aliases.",
        """
lam alias list demo
lam alias list demo --query 'Aliases[].Name' --output text
""",
    ),
    "delete": Action(
        delete,
        "Delete an alias; the version stays.",
        """
lam alias delete demo live
""",
    ),
}
