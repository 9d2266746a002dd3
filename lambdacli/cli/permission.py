"""`lam permission`: who may invoke a function, version or alias, and why a caller may or may not."""

from __future__ import annotations

import json as json_text
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.action import Action
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import (
    CONNECTION_FLAGS,
    AwsFlags,
    JsonOption,
    ProjectOption,
    QualifierOption,
    takes_aws_flags,
)
from lambdacli.client import local, permissions
from lambdacli.client.local import Endpoint
from lambdacli.model.arn import LATEST, FunctionKey, parse_function_reference
from lambdacli.model.policy import decide, explain
from lambdacli.model.policy_document import PolicyDocument, PolicyKind, parse_policy
from lambdacli.model.producer import INVOKE, Producer, caller_named, invocation_request

EXAMPLES = """
lam permission add demo --principal s3.amazonaws.com --source-arn arn:aws:s3:::pictures
lam permission list demo                             what its policy says
lam permission explain demo --principal s3.amazonaws.com --source-arn arn:aws:s3:::other
lam permission remove demo s3-amazonaws-com
"""

_Name = Annotated[str, typer.Argument(metavar="NAME", help="The function.", show_default=False)]
_Principal = Annotated[
    str,
    typer.Option(
        "--principal",
        metavar="WHO",
        help="A service (s3.amazonaws.com), an account, or the ARN of a user or role.",
        show_default=False,
    ),
]
_Action = Annotated[str, typer.Option("--action", metavar="NAME", help="What is to be done.")]
_SourceArn = Annotated[
    str | None, typer.Option("--source-arn", metavar="ARN", help="The bucket, topic or rule that invokes.")
]
_SourceAccount = Annotated[
    str | None, typer.Option("--source-account", metavar="ID", help="The account that owns the source.")
]
_Token = Annotated[
    str | None, typer.Option("--event-source-token", metavar="TEXT", help="The token of an Alexa skill.")
]


@takes_aws_flags
def add(
    aws: AwsFlags,
    name: _Name,
    principal: Annotated[
        str,
        typer.Option(
            "--principal",
            metavar="WHO",
            help="A service (s3.amazonaws.com), an account, the ARN of a user or role, or *.",
            show_default=False,
        ),
    ],
    statement_id: Annotated[
        str | None,
        typer.Option("--statement-id", metavar="ID", help="Its name; otherwise made of the principal's."),
    ] = None,
    action: _Action = INVOKE,
    source_arn: _SourceArn = None,
    source_account: _SourceAccount = None,
    event_source_token: _Token = None,
    principal_org_id: Annotated[
        str | None,
        typer.Option("--principal-org-id", metavar="ID", help="Only callers of this organization."),
    ] = None,
    function_url_auth_type: Annotated[
        Literal["NONE", "AWS_IAM"] | None,
        typer.Option("--function-url-auth-type", help="Only function URLs of this kind."),
    ] = None,
    invoked_via_function_url: Annotated[
        bool, typer.Option("--invoked-via-function-url", help="Only invocations by the function's URL.")
    ] = False,
    qualifier: QualifierOption = None,
    revision_id: Annotated[
        str | None, typer.Option("--revision-id", metavar="ID", help="Only if the policy is still this one.")
    ] = None,
    project: ProjectOption = None,
) -> int:
    aws.note_ignored(CONNECTION_FLAGS)
    statement = statement_id or re.sub(r"[^a-zA-Z0-9-_]+", "-", principal).strip("-")[:100] or "everyone"
    members: dict[str, Any] = {
        "StatementId": statement,
        "Action": action,
        "Principal": principal,
        "SourceArn": source_arn,
        "SourceAccount": source_account,
        "EventSourceToken": event_source_token,
        "PrincipalOrgID": principal_org_id,
        "FunctionUrlAuthType": function_url_auth_type,
        "InvokedViaFunctionUrl": invoked_via_function_url or None,
        "RevisionId": revision_id,
    }
    given = {member: value for member, value in members.items() if value is not None}
    permissions.add(connect.endpoint_of(project, aws), name, given, qualifier)
    render.say(f"added {statement} to the policy of {_shown(name, qualifier)}")
    return 0


@takes_aws_flags
def remove(
    aws: AwsFlags,
    name: _Name,
    statement_id: Annotated[
        str, typer.Argument(metavar="STATEMENT", help="The statement's id.", show_default=False)
    ],
    qualifier: QualifierOption = None,
    project: ProjectOption = None,
) -> int:
    aws.note_ignored(CONNECTION_FLAGS)
    permissions.remove(connect.endpoint_of(project, aws), name, statement_id, qualifier)
    render.say(f"removed {statement_id} from the policy of {_shown(name, qualifier)}")
    return 0


@takes_aws_flags
def list_(
    aws: AwsFlags,
    name: _Name,
    qualifier: QualifierOption = None,
    json: JsonOption = False,
    project: ProjectOption = None,
) -> int:
    aws.note_ignored(CONNECTION_FLAGS)
    endpoint = connect.endpoint_of(project, aws)
    _function_arn(endpoint, name, qualifier)
    answer = _policy(endpoint, name, qualifier)
    policy = {} if answer is None else json_text.loads(answer["Policy"])
    if json:
        render.output_json({"policy": policy or None, "revision_id": (answer or {}).get("RevisionId")})
        return 0
    written = policy.get("Statement", [])
    statements = written if isinstance(written, list) else [written]
    if not statements:
        render.say(f"{_shown(name, qualifier)} has no policy: only its own account may invoke it")
        return 0
    headings = ("STATEMENT", "EFFECT", "PRINCIPAL", "ACTION", "CONDITION")
    render.output_table(headings, [_row(statement) for statement in statements])
    return 0


@takes_aws_flags
def explain_(
    aws: AwsFlags,
    name: _Name,
    principal: _Principal,
    action: _Action = INVOKE,
    source_arn: _SourceArn = None,
    source_account: _SourceAccount = None,
    event_source_token: _Token = None,
    qualifier: QualifierOption = None,
    project: ProjectOption = None,
) -> int:
    """The exit code is 1 when not."""
    aws.note_ignored(CONNECTION_FLAGS)
    try:
        producer = Producer(caller_named(principal), source_arn, source_account, event_source_token)
    except ValueError as error:
        raise WrongUsage(f"--principal: {error}") from error
    endpoint = connect.endpoint_of(project, aws)
    arn = _function_arn(endpoint, name, qualifier)
    reference = parse_function_reference(arn)
    key = FunctionKey(reference.account or "", reference.region or "", reference.name)
    answer = _policy(endpoint, name, qualifier)
    policies: list[PolicyDocument] = []
    if answer is not None:
        policies.append(parse_policy(answer["Policy"], PolicyKind.RESOURCE, f"the policy of {arn}"))
    decision = decide(invocation_request(producer, key, reference.qualifier, action=action), policies)
    for line in explain(decision):
        render.output(line)
    return 0 if decision.is_allowed else 1


def _action(run: Callable[..., int], word: str, summary: str) -> Action:
    begin = f"lam permission {word} "
    return Action(run, summary, "\n".join(line for line in EXAMPLES.splitlines() if line.startswith(begin)))


ACTIONS = {
    "add": _action(add, "add", "Permit somebody to invoke a function."),
    "remove": _action(remove, "remove", "Take a permission back."),
    "list": _action(list_, "list", "List what a function's policy permits."),
    "explain": _action(explain_, "explain", "Tell whether somebody may invoke a function, and why."),
}


def _function_arn(endpoint: Endpoint, name: str, qualifier: str | None) -> str:
    """As it is called: with the qualifier, if one is named."""
    try:
        return str(local.get_function(endpoint, name, qualifier)["Configuration"]["FunctionArn"])
    except local.ApiError as error:
        if error.status != 404:
            raise
        raise connect.not_found(endpoint, name, error.message or str(error)) from error


def _policy(endpoint: Endpoint, name: str, qualifier: str | None) -> dict[str, Any] | None:
    """`$LATEST` has the function's own: one for itself cannot be made."""
    reference = parse_function_reference(name)
    wanted = reference.qualifier or qualifier
    bare = name.removesuffix(f":{reference.qualifier}")
    try:
        return permissions.get_policy(endpoint, bare, None if wanted == LATEST else wanted)
    except local.ApiError as error:
        if error.status != 404:
            raise CommandError(str(error)) from error
        return None


def _shown(name: str, qualifier: str | None) -> str:
    return name if qualifier is None else f"{name}:{qualifier}"


def _row(statement: dict[str, Any]) -> tuple[str, ...]:
    conditions = [
        f"{operator} {key} {_text(values)}"
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return (
        str(statement.get("Sid", "")),
        str(statement["Effect"]),
        _either(statement, "Principal"),
        _either(statement, "Action"),
        "; ".join(conditions),
    )


def _either(statement: dict[str, Any], element: str) -> str:
    if element in statement:
        return _text(statement[element])
    return f"all but {_text(statement[f'Not{element}'])}"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(_text(each) for each in value.values())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
