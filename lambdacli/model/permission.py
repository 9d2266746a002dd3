"""Resource policies as the API writes them: exact statements, whole documents, refusals. Pure."""

from __future__ import annotations

import json
import re

from lambdacli.model.arn import LATEST
from lambdacli.model.errors import (
    InvalidParameterValueException,
    PolicyLengthExceededException,
    PreconditionFailedException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from lambdacli.model.limits import RESOURCE_POLICY_LENGTH
from lambdacli.model.policy_document import (
    PolicyDocument,
    PolicyError,
    PolicyKind,
    Selection,
    parse_policy,
    read_json,
    statements_of,
)
from lambdacli.model.policy_patterns import matches_arn, matches_wildcards
from lambdacli.model.principals import (
    AWS,
    EVERYONE,
    SERVICE,
    PrincipalName,
    is_account,
    is_principal_arn,
    is_service_name,
)
from lambdacli.model.record import record

INVALID_PRINCIPAL = "The provided principal was invalid. Please check the principal and try again."
NO_POLICY = "No policy is associated with the given resource."
NO_SUCH_RESOURCE = "The resource you requested does not exist."

_NAME = r"[\w+=,.@-]*"
URL_ACTION = "lambda:InvokeFunctionUrl"


@record
class ResourcePolicy:
    """The policy of one function, version or alias, as it is kept and shown."""

    text: str
    revision_id: str
    """Its own: a change of the policy changes no function's revision."""


@record
class Permission:
    """What AddPermission asks for; each part has satisfied the model's pattern already."""

    statement_id: str
    action: str
    principal: str
    source_arn: str | None = None
    source_account: str | None = None
    event_source_token: str | None = None
    principal_org_id: str | None = None
    function_url_auth_type: str | None = None
    invoked_via_function_url: bool | None = None


@record
class LayerPermission:
    """What AddLayerVersionPermission asks for."""

    statement_id: str
    action: str
    principal: str
    organization_id: str | None = None


def function_statement(permission: Permission, resource: str) -> dict[str, object]:
    """The statement that AddPermission stores for this ARN, its members in AWS's order."""
    if permission.function_url_auth_type is not None and permission.action != URL_ACTION:
        raise InvalidParameterValueException(f"FunctionUrlAuthType is only supported for {URL_ACTION} action")
    principal = _principal(permission.principal, resource)
    equal = {
        "AWS:SourceAccount": permission.source_account,
        "lambda:EventSourceToken": permission.event_source_token,
        "aws:PrincipalOrgID": permission.principal_org_id,
        "lambda:FunctionUrlAuthType": permission.function_url_auth_type,
    }
    invoked_via_url = permission.invoked_via_function_url
    boolean = {
        "lambda:InvokedViaFunctionUrl": None if invoked_via_url is None else str(invoked_via_url).lower()
    }
    like = {"AWS:SourceArn": permission.source_arn}
    conditions = {"StringEquals": equal, "Bool": boolean, "ArnLike": like}
    return _statement(permission.statement_id, permission.action, principal, resource, conditions)


def layer_statement(permission: LayerPermission, resource: str) -> dict[str, object]:
    """The statement that AddLayerVersionPermission stores for this layer version's ARN."""
    principal = _principal(permission.principal, resource)
    conditions = {"StringEquals": {"aws:PrincipalOrgID": permission.organization_id}}
    return _statement(permission.statement_id, permission.action, principal, resource, conditions)


def statement_text(statement: dict[str, object]) -> str:
    """As the member `Statement` of an answer shows it."""
    return json.dumps(statement, separators=(",", ":"))


def add_statement(policy: str | None, statement: dict[str, object]) -> str:
    """The policy's text with one more statement; a first one begins a policy."""
    document: dict[str, object] = {"Version": "2012-10-17", "Id": "default", "Statement": []}
    if policy is not None:
        document = read_json(policy)
    statements = statements_of(document)
    sid = statement["Sid"]
    if any(each.get("Sid") == sid for each in statements):
        raise ResourceConflictException(
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, or"
            " remove the existing statement."
        )
    return _bounded(statement_text({**document, "Statement": [*statements, statement]}))


def remove_statement(policy: str | None, statement_id: str) -> str | None:
    """The policy's text without one statement; None when that was the last."""
    if policy is None:
        raise ResourceNotFoundException(NO_POLICY)
    document = read_json(policy)
    statements = statements_of(document)
    left = [each for each in statements if each.get("Sid") != statement_id]
    if len(left) == len(statements):
        raise ResourceNotFoundException(f"Statement {statement_id} is not found in resource policy.")
    return statement_text({**document, "Statement": left}) if left else None


def whole_policy(text: str, resource: str) -> str:
    """A document of PutResourcePolicy, checked for this ARN, in the form in which it is kept and shown."""
    try:
        document = parse_policy(text, PolicyKind.RESOURCE)
    except PolicyError as error:
        raise InvalidParameterValueException(str(error)) from error
    _require_fitting(document, resource)
    return _bounded(statement_text(read_json(text)))


def refuse_latest(qualifier: str | None) -> None:
    if qualifier == LATEST:
        raise InvalidParameterValueException("We currently do not support adding policies for $LATEST.")


def require_policy_revision(wanted: str | None, latest: str | None, source: str = "GetPolicy") -> None:
    """`source` is what AWS's text tells to call: GetPolicy, for layers GetLayerPolicy."""
    if wanted is not None and wanted != latest:
        raise PreconditionFailedException(
            f"The Revision Id provided does not match the latest Revision Id. Call the {source} API to"
            " retrieve the latest Revision Id"
        )


def _statement(
    sid: str, action: str, principal: object, resource: str, conditions: dict[str, dict[str, str | None]]
) -> dict[str, object]:
    statement: dict[str, object] = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": action,
        "Resource": resource,
    }
    given = {
        operator: {key: value for key, value in keys.items() if value is not None}
        for operator, keys in conditions.items()
    }
    condition = {operator: keys for operator, keys in given.items() if keys}
    return {**statement, "Condition": condition} if condition else statement


def _principal(text: str, resource: str) -> str | dict[str, str]:
    """A Principal element as AWS writes it."""
    if text == EVERYONE:
        return EVERYONE
    if is_account(text):
        return {AWS: f"arn:{resource.split(':')[1]}:iam::{text}:root"}
    kind = AWS if is_principal_arn(text) else SERVICE
    _require_principal(PrincipalName(kind, text))
    return {kind: text}


def _require_principal(principal: PrincipalName) -> None:
    """What is neither an ARN of six fields nor of a name's characters is refused as a name."""
    name = principal.name
    is_known = {
        AWS: name == EVERYONE or is_account(name) or is_principal_arn(name),
        SERVICE: is_service_name(name),
    }
    if is_known.get(principal.kind, True):
        return
    is_arn = name.startswith("arn:") and name.count(":") >= 5
    if not is_arn and re.fullmatch(_NAME, name, re.ASCII) is None:
        raise InvalidParameterValueException(
            f"The provided input'{name}'was invalid. Member must satisfy expression: {_NAME} Please check"
            " your input and try again."
        )
    raise InvalidParameterValueException(INVALID_PRINCIPAL)


def _require_fitting(document: PolicyDocument, resource: str) -> None:
    for number, statement in enumerate(document.statements, start=1):
        where = f"statement {statement.sid or number}"
        for principal in statement.principals.names if statement.principals else ():
            if not principal.is_everyone:
                _require_principal(principal)
        if not any(_may_be_lambda(action) for action in statement.actions.values):
            raise InvalidParameterValueException(
                f"Action does not apply to any resource(s) in statement: {where} names no action of lambda"
            )
        if statement.resources is not None and not _concerns(statement.resources, resource):
            raise InvalidParameterValueException(
                f"Policy has invalid resource: {where} does not cover {resource} or a qualifier of it"
            )


def _may_be_lambda(action: str) -> bool:
    return matches_wildcards(action.split(":")[0], "lambda", ignores_case=True)


def _concerns(resources: Selection, arn: str) -> bool:
    if resources.is_negated:
        return True
    return any(matches_arn(pattern, arn) or pattern.startswith(f"{arn}:") for pattern in resources.values)


def _bounded(text: str) -> str:
    if len(text) > RESOURCE_POLICY_LENGTH:
        raise PolicyLengthExceededException(
            f"The final policy size ({len(text)}) is bigger than the limit ({RESOURCE_POLICY_LENGTH})."
        )
    return text
