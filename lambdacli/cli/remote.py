"""`--remote`: the same verbs for what is deployed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import AwsFlags
from lambdacli.client.aws import Account, Aws, AwsError
from lambdacli.client.aws_invoke import LONGEST_WAIT_SECONDS
from lambdacli.client.local import ApiError
from lambdacli.model.nearest import nearest

RemoteOption = Annotated[
    bool,
    typer.Option("--remote", help="Ask AWS instead, as --profile and --region say (or --endpoint-url)."),
]
REMOTE_FLAGS = frozenset(
    {
        "endpoint_url",
        "region",
        "profile",
        "cli_read_timeout",
        "cli_connect_timeout",
        "no_verify_ssl",
        "ca_bundle",
    }
)


def aws_of(flags: AwsFlags, project: str | None = None) -> Aws:
    """Where `lam deploy --to aws` would deploy the project: what it says of the region comes first."""
    return Aws(
        Account(
            profile=flags.profile,
            # botocore alone knows AWS_DEFAULT_REGION only.
            region=flags.region or _region_of(project) or os.environ.get("AWS_REGION") or None,
            endpoint_url=flags.endpoint_url,
            verify=False if flags.no_verify_ssl else flags.ca_bundle or True,
            connect_timeout_seconds=_seconds(flags.cli_connect_timeout, 10.0),
            read_timeout_seconds=_seconds(flags.cli_read_timeout, 60.0),
            trace=render.debug if flags.debug else None,
        )
    )


def _region_of(project: str | None) -> str | None:
    from lambdacli.project.loading import load_project
    from lambdacli.project.records import ConfigError

    file = connect.place_of(project).project_file
    if file is None:
        return None
    try:
        loaded = load_project(file)
    except ConfigError:
        return None  # the account is asked all the same
    return loaded.region if loaded.is_region_chosen else None


def invoke_wait_seconds(flags: AwsFlags) -> float | None:
    return _seconds(flags.cli_read_timeout, LONGEST_WAIT_SECONDS)


def refuse_local_only(given: Mapping[str, object]) -> None:
    """These options are understood by the project's own service only."""
    wrong = [option for option, value in given.items() if value not in (None, False)]
    if wrong:
        raise WrongUsage(
            f"{' and '.join(wrong)}: only the project's own service understands this", "leave out --remote"
        )


def not_found(aws: Aws, name: str, message: str) -> CommandError:
    """An unknown function: what is there instead, and where was looked."""
    try:
        names = function_names(aws)
    except (ApiError, AwsError):
        return CommandError(message, f"looked at {aws.place}")
    if name in names:
        return CommandError(message, f"{name} exists, but not this version or alias")
    meant = nearest(name, names)
    return CommandError(
        message,
        f"did you mean {meant}?" if meant else None,
        f"looked at {aws.place}, which has {len(names)} functions: another --region or --profile?",
    )


def function_names(aws: Aws) -> list[str]:
    return [str(function["FunctionName"]) for function in functions(aws)]


def functions(aws: Aws) -> list[dict[str, object]]:
    """ListFunctions, all pages joined."""
    found: list[dict[str, object]] = []
    marker: dict[str, str] = {}
    while True:
        page = aws.call("lambda", "list_functions", **marker)
        found += page.get("Functions", [])
        if not page.get("NextMarker"):
            return found
        marker = {"Marker": page["NextMarker"]}


def _seconds(given: int | None, otherwise: float | None) -> float | None:
    if given is None:
        return otherwise
    return float(given) if given > 0 else None
