"""`lam layer`: publishes folders as numbered layer versions; lists, shows, shares and deletes them."""

from __future__ import annotations

import base64
import json
import re
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.action import Action
from lambdacli.cli.aws_answer import is_printed, note_ignored
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import (
    CONNECTION_FLAGS,
    AwsFlags,
    ProjectOption,
    takes_aws_flags,
)
from lambdacli.client import layers, local
from lambdacli.client.local import Endpoint
from lambdacli.model.layer import parse_layer_arn
from lambdacli.model.limits import ZIPPED_CODE_BYTES

EXAMPLES = """
lam layer publish tools ./layer                      a folder or .zip as the layer's next version
lam layer list                                       the layers, and their newest versions
lam layer show tools                                 its newest version, and who may use it
lam layer permit tools:1 --principal 123456789012    let another account use a version
lam layer delete tools:1                             functions that have it keep it
"""

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The layer.", show_default=False)]
VersionArgument = Annotated[
    str, typer.Argument(metavar="NAME:VERSION", help="The version, or its ARN.", show_default=False)
]

_VERSION = re.compile(r"(?P<name>[a-zA-Z0-9-_]+)(?::(?P<number>[0-9]{1,18}))?")


@takes_aws_flags
def publish(
    aws: AwsFlags,
    name: NameArgument,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="The folder or .zip that becomes /opt.", show_default=False)
    ],
    runtime: Annotated[
        list[str] | None,
        typer.Option("--runtime", metavar="NAME", help="A runtime it is made for; may be repeated."),
    ] = None,
    architecture: Annotated[
        list[str] | None,
        typer.Option("--architecture", metavar="NAME", help="x86_64 or arm64; may be repeated."),
    ] = None,
    description: Annotated[
        str | None, typer.Option("--description", metavar="TEXT", help="What it holds.")
    ] = None,
    license_info: Annotated[
        str | None, typer.Option("--license", metavar="TEXT", help="Its licence: an SPDX name, or a URL.")
    ] = None,
    project: ProjectOption = None,
) -> int:
    note_ignored(aws)
    members = {
        "Content": {"ZipFile": base64.b64encode(_package(path)).decode()},
        "CompatibleRuntimes": runtime,
        "CompatibleArchitectures": architecture,
        "Description": description,
        "LicenseInfo": license_info,
    }
    given = {name: value for name, value in members.items() if value}
    endpoint = connect.endpoint_of(project, aws)
    answer = layers.publish_version(endpoint, name, given)
    if not is_printed(aws, answer, "PublishLayerVersion"):
        render.output(str(answer["LayerVersionArn"]))
    return 0


@takes_aws_flags
def list_(
    aws: AwsFlags,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="List this layer's versions.", show_default=False)
    ] = None,
    project: ProjectOption = None,
) -> int:
    note_ignored(aws)
    endpoint = connect.endpoint_of(project, aws)
    if name is not None:
        return _list_versions(endpoint, aws, name)
    answer = layers.list_all(endpoint)
    if is_printed(aws, answer, "ListLayers"):
        return 0
    if not answer["Layers"]:
        render.say("no layers yet: `lam layer publish NAME PATH` makes one")
        return 0
    rows = [(str(layer["LayerName"]), *_row(layer["LatestMatchingVersion"])) for layer in answer["Layers"]]
    render.output_table(("NAME", *_HEADINGS), rows)
    return 0


def _list_versions(endpoint: Endpoint, aws: AwsFlags, name: str) -> int:
    answer = layers.list_versions(endpoint, name)
    if is_printed(aws, answer, "ListLayerVersions"):
        return 0
    if not answer["LayerVersions"]:
        raise CommandError(f"there is no version of a layer {name}", "`lam layer list` shows what there is")
    render.output_table(_HEADINGS, [_row(version) for version in answer["LayerVersions"]])
    return 0


_HEADINGS = ("VERSION", "RUNTIMES", "CREATED", "DESCRIPTION")


def _row(version: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(version["Version"]),
        ", ".join(version.get("CompatibleRuntimes", ())) or "-",
        str(version["CreatedDate"]),
        str(version.get("Description") or "-"),
    )


@takes_aws_flags
def show(
    aws: AwsFlags,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME[:VERSION]", help="The newest version, or this one; or an ARN.", show_default=False
        ),
    ],
    project: ProjectOption = None,
) -> int:
    note_ignored(aws)
    layer, number = _named(name)
    endpoint = connect.endpoint_of(project, aws)
    if number is None:
        number = _newest(endpoint, layer)
    answer = layers.get_version(endpoint, layer, number)
    if not is_printed(aws, answer, "GetLayerVersion"):
        render.output_fields(_fields_of(answer, _statements(endpoint, layer, number)))
    return 0


def _newest(endpoint: Endpoint, layer: str) -> int:
    versions = layers.list_versions(endpoint, layer)["LayerVersions"]
    if not versions:
        raise CommandError(f"there is no version of a layer {layer}", "`lam layer list` shows what there is")
    return int(versions[0]["Version"])


def _statements(endpoint: Endpoint, layer: str, number: int) -> list[dict[str, Any]]:
    try:
        policy = layers.get_version_policy(endpoint, layer, number)["Policy"]
    except local.ApiError as error:
        # It has none, or is another account's.
        if error.status not in (403, 404):
            raise
        return []
    statements: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return statements


def _fields_of(version: dict[str, Any], statements: list[dict[str, Any]]) -> list[tuple[str, str]]:
    content = version["Content"]
    rows = [
        ("arn", version["LayerVersionArn"]),
        ("description", version.get("Description")),
        ("runtimes", ", ".join(version.get("CompatibleRuntimes", ()))),
        ("architectures", ", ".join(version.get("CompatibleArchitectures", ()))),
        ("licence", version.get("LicenseInfo")),
        ("size", f"{content['CodeSize']} bytes"),
        ("sha256", content["CodeSha256"]),
        ("zip", str(content["Location"]).removeprefix("file://")),
        ("created", version["CreatedDate"]),
        ("permitted to", "\n".join(map(_permission, statements))),
    ]
    return [(name, str(value)) for name, value in rows if value]


def _permission(statement: dict[str, Any]) -> str:
    principal = statement["Principal"]
    who = "everyone" if principal == "*" else str(principal.get("AWS", principal))
    condition = statement.get("Condition", {}).get("StringEquals", {}).get("aws:PrincipalOrgID")
    return f"{who}{f' in {condition}' if condition else ''} ({statement['Sid']})"


@takes_aws_flags
def delete(aws: AwsFlags, name: VersionArgument, project: ProjectOption = None) -> int:
    aws.note_ignored(CONNECTION_FLAGS)
    layer, number = _version_named(name)
    layers.delete_version(connect.endpoint_of(project, aws), layer, number)
    render.say(f"deleted {name}")
    return 0


@takes_aws_flags
def permit(
    aws: AwsFlags,
    name: VersionArgument,
    principal: Annotated[
        str,
        typer.Option(
            "--principal", metavar="ACCOUNT", help="An account, or * for everyone.", show_default=False
        ),
    ],
    organization: Annotated[
        str | None,
        typer.Option("--organization", metavar="ID", help="With *: everyone of this organisation."),
    ] = None,
    statement_id: Annotated[
        str | None,
        typer.Option("--statement-id", metavar="NAME", help="Its name; otherwise one is made up."),
    ] = None,
    project: ProjectOption = None,
) -> int:
    note_ignored(aws)
    layer, number = _version_named(name)
    members = {
        "StatementId": statement_id or f"lam-{uuid.uuid4().hex[:12]}",
        "Action": "lambda:GetLayerVersion",
        "Principal": principal,
        "OrganizationId": organization,
    }
    given = {name: value for name, value in members.items() if value is not None}
    answer = layers.add_version_permission(connect.endpoint_of(project, aws), layer, number, given)
    if not is_printed(aws, answer, "AddLayerVersionPermission"):
        render.say(f"permitted {_permission(json.loads(answer['Statement']))} to use {name}")
    return 0


@takes_aws_flags
def forbid(
    aws: AwsFlags,
    name: VersionArgument,
    statement_id: Annotated[
        str,
        typer.Argument(metavar="STATEMENT", help="As `lam layer show` names it.", show_default=False),
    ],
    project: ProjectOption = None,
) -> int:
    aws.note_ignored(CONNECTION_FLAGS)
    layer, number = _version_named(name)
    layers.remove_version_permission(connect.endpoint_of(project, aws), layer, number, statement_id)
    render.say(f"{statement_id} does not hold for {name} any more")
    return 0


ACTIONS = {
    "publish": Action(
        publish,
        "Publish a folder or .zip as a layer's next version.",
        """
lam layer publish tools ./layer                      all of the folder but what .lamignore names
lam layer publish tools layer.zip --runtime python3.13 --runtime python3.14
lam layer publish tools ./layer --description "our tools" --license MIT
""",
    ),
    "list": Action(
        list_,
        "List the layers, or the versions of one.",
        """
lam layer list                                       each layer's newest version
lam layer list tools                                 all versions of one
lam layer list --query 'Layers[].LayerName' --output text
""",
    ),
    "show": Action(
        show,
        "Show a version of a layer, and who may use it.",
        """
lam layer show tools                                 the newest version
lam layer show tools:1
lam layer show arn:aws:lambda:us-east-1:000000000000:layer:tools:1
""",
    ),
    "delete": Action(
        delete,
        "Delete a version of a layer; functions that have it keep it.",
        """
lam layer delete tools:1
""",
    ),
    "permit": Action(
        permit,
        "Let another account use a version.",
        """
lam layer permit tools:1 --principal 123456789012
lam layer permit tools:1 --principal '*'             everyone
lam layer permit tools:1 --principal '*' --organization o-a1b2c3d4e5
""",
    ),
    "forbid": Action(
        forbid,
        "Take a permission away.",
        """
lam layer forbid tools:1 lam-0123456789ab
""",
    ),
}


def _package(path: Path) -> bytes:
    from lambdacli.package.archive import package_bytes
    from lambdacli.package.files import PackageError

    if path.is_file():
        return path.read_bytes()
    if not path.is_dir():
        raise CommandError(f"{path} does not exist", "name the folder or .zip that is to become /opt")
    try:
        package = package_bytes(path)
        return package if len(package) <= ZIPPED_CODE_BYTES else package_bytes(path, is_compressed=True)
    except PackageError as error:
        raise CommandError(str(error)) from error


def _named(text: str) -> tuple[str, int | None]:
    """A layer by its name or ARN, and the version that was written with it."""
    reference = parse_layer_arn(text)
    if reference is not None:
        return reference.key.arn, reference.number
    match = _VERSION.fullmatch(text)
    if match is None:
        raise WrongUsage(f"{text} names no layer", "write NAME, NAME:VERSION or an ARN")
    return match["name"], None if match["number"] is None else int(match["number"])


def _version_named(text: str) -> tuple[str, int]:
    layer, number = _named(text)
    if number is None:
        raise WrongUsage(f"{text} names no version", f"write it as {text}:1; `lam layer list` shows them")
    return layer, number
