"""`lam show NAME`: one function with all its settings, and what of them has no effect here."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lambdacli.cli import aws_output, connect, render
from lambdacli.cli.options import (
    CONNECTION_FLAGS,
    PRINTING_FLAGS,
    AwsFlags,
    JsonOption,
    ProjectOption,
    takes_aws_flags,
)
from lambdacli.client import local

EXAMPLES = """
lam show demo                                        runtime, limits, variables, environments
lam show demo --json
lam show demo --query Configuration.CodeSha256 --output text
"""


@takes_aws_flags
def run(
    aws: AwsFlags,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The function.", show_default=False)],
    json: JsonOption = False,
    project: ProjectOption = None,
) -> int:
    project, name = connect.named_in(project, name)
    aws.note_ignored(CONNECTION_FLAGS | PRINTING_FLAGS if aws.wants_aws_json else ())
    endpoint = connect.endpoint_of(project, aws)
    try:
        if aws.wants_aws_json:
            answer = local.get_function(endpoint, name)
            render.output_text(aws_output.formatted(answer, "GetFunction", aws.query, aws.output))
            return 0
        function = local.function(endpoint, name)
    except local.ApiError as error:
        if error.status != 404:
            raise
        raise connect.not_found(endpoint, name, error.message or f"there is no function {name}") from error
    if json:
        render.output_json(function)
    else:
        render.output_fields(_fields_of(function))
        for note in function.get("notes", []):
            render.note(str(note))
    return 0


def _fields_of(function: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [
        ("name", function["name"]),
        ("description", function.get("description")),
        ("arn", function["arn"]),
        ("state", function["state"]),
        ("origin", function["origin"]),
        ("code", function["code"]),
        ("runtime", function["runtime"]),
        ("handler", function["handler"]),
        ("architecture", function.get("architecture")),
        ("memory", f"{function['memory_mb']} MB"),
        ("timeout", f"{function['timeout_seconds']} s"),
        ("/tmp", _with_unit(function.get("ephemeral_storage_mb"), "MB")),
        ("variables", _map(function.get("variables"))),
        ("layers", "\n".join(map(str, function.get("layers") or []))),
        ("tags", _map(function.get("tags"))),
        ("concurrency", _with_unit(function.get("reserved_concurrency"), "reserved")),
        *_settings_of(function),
        *_unusual_of(function),
        ("debug", function.get("debug")),
        ("log group", function.get("log_group")),
        *_attachments_of(function),
        ("modified", function.get("last_modified")),
        ("environments", "\n".join(map(_environment, function.get("environments") or []))),
    ]
    return [(name, str(value)) for name, value in rows if value not in (None, "")]


def _settings_of(function: dict[str, Any]) -> list[tuple[str, str]]:
    """What was set for the function, its versions and its aliases."""
    return [(label, _by_qualifier(function.get(key))) for key, label in _SETTINGS.items()]


_SETTINGS = {
    "provisioned_concurrency": "provisioned",
    "event_invoke": "events",
    "function_url": "url",
    "runtime_management": "runtime updates",
    "scaling": "scaling",
    "recursive_loop": "recursive loops",
}


def _by_qualifier(setting: Any) -> Any:
    if not isinstance(setting, dict):
        return setting
    return "\n".join(f"{qualifier}: {text}" for qualifier, text in setting.items())


def _unusual_of(function: dict[str, Any]) -> list[tuple[str, str]]:
    """How its environments are held, where that is not the default."""
    usual = {"freeze": True, "preload": True, "cpu_share": True, "network": "host"}
    found = {key: function.get(key, default) for key, default in usual.items()}
    return [(key, str(value).lower()) for key, value in found.items() if value != usual[key]]


def _attachments_of(function: dict[str, Any]) -> list[tuple[str, Any]]:
    return [
        ("log format", function.get("log_format")),
        ("log level", function.get("log_level")),
        ("dead letters", function.get("dead_letter_target")),
        ("tracing", function.get("tracing")),
        ("key", function.get("kms_key")),
        ("subnets", ", ".join(function.get("subnets") or [])),
        ("security groups", ", ".join(function.get("security_groups") or [])),
        ("snap start", function.get("snap_start")),
        ("file systems", _map(function.get("file_systems"))),
    ]


def _with_unit(value: Any, unit: str) -> str | None:
    return None if value is None else f"{value} {unit}"


def _map(values: dict[str, Any] | None) -> str:
    return "\n".join(f"{name}={value}" for name, value in sorted((values or {}).items()))


def _environment(environment: Any) -> str:
    if isinstance(environment, dict):
        return "  ".join(f"{name} {value}" for name, value in environment.items())
    return str(environment)
