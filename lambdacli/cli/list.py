"""`lam list`: the functions of the project, or AWS's own ListFunctions answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lambdacli.cli import aws_output, connect, remote, render
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
lam list                                             the functions, and where their code is
lam list --json
lam list --remote --profile work                     those of an account of AWS
lam list --query 'Functions[].FunctionName' --output text
"""


@takes_aws_flags
def run(
    aws: AwsFlags,
    json: JsonOption = False,
    is_remote: remote.RemoteOption = False,
    project: ProjectOption = None,
) -> int:
    if is_remote:
        return _deployed(aws, project, as_json=json)
    aws.note_ignored(CONNECTION_FLAGS | PRINTING_FLAGS | {"no_paginate"} if aws.wants_aws_json else ())
    endpoint = connect.endpoint_of(project, aws)
    if aws.wants_aws_json:
        answer = local.list_functions_page(endpoint) if aws.no_paginate else local.list_functions(endpoint)
        render.output_text(aws_output.formatted(answer, "ListFunctions", aws.query, aws.output))
        return 0
    functions = local.functions(endpoint)
    if json:
        render.output_json({"functions": functions})
    elif not functions:
        render.say(connect.no_functions(endpoint))
    else:
        render.output_table(*_table(functions))
    return 0


def _table(functions: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Columns in which no function has anything are left out."""
    headings = ["NAME", "CALLED", "RUNTIME", "HANDLER", "MEMORY", "TIMEOUT", "ORIGIN", "STATE", "URL"]
    rows = [_row_of(function) for function in functions]
    shown = [column for column in range(len(headings)) if any(row[column] != "-" for row in rows)]
    return [headings[column] for column in shown], [[row[column] for column in shown] for row in rows]


def _deployed(aws: AwsFlags, project: str | None, *, as_json: bool) -> int:
    aws.note_ignored(remote.REMOTE_FLAGS | PRINTING_FLAGS)
    account = remote.aws_of(aws, project)
    functions = remote.functions(account)
    if aws.query is not None or aws.output is not None:
        answer = {"Functions": functions}
        render.output_text(aws_output.formatted(answer, "ListFunctions", aws.query, aws.output))
    elif as_json:
        render.output_json({"functions": functions})
    elif not functions:
        render.say(f"no functions at {account.place}")
    else:
        render.output_table(
            ("NAME", "RUNTIME", "HANDLER", "MEMORY", "TIMEOUT", "MODIFIED"),
            [_deployed_row(function) for function in functions],
        )
    return 0


def _deployed_row(function: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(function["FunctionName"]),
        str(function.get("Runtime", "image")),
        str(function.get("Handler", "-")),
        f"{function['MemorySize']} MB",
        f"{function['Timeout']} s",
        str(function["LastModified"])[:16].replace("T", " "),
    )


def _row_of(function: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(function["name"]),
        _called(function),
        str(function["runtime"]),
        str(function["handler"]),
        f"{function['memory_mb']} MB",
        f"{function['timeout_seconds']} s",
        str(function["origin"]),
        str(function["state"]),
        _url_of(function),
    )


def _called(function: dict[str, Any]) -> str:
    """By people: a construct path, a key of serverless.yml, a logical id."""
    return str((function.get("other_names") or ["-"])[-1])


def _url_of(function: dict[str, Any]) -> str:
    """The function's own comes first; `lam show` tells those of its aliases."""
    urls = function.get("urls") or ["-"]
    return str(urls[0])
