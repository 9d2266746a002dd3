"""Resource policies: statement by statement as AddPermission writes them, or the whole document at once."""

from __future__ import annotations

from typing import Any

from lambdacli.api.names import Target, is_alias_name, not_found, target_of
from lambdacli.api.operations.context import Context, new_id
from lambdacli.model.arn import LATEST
from lambdacli.model.errors import RequestError, ResourceNotFoundException
from lambdacli.model.permission import (
    NO_POLICY,
    NO_SUCH_RESOURCE,
    Permission,
    ResourcePolicy,
    add_statement,
    function_statement,
    refuse_latest,
    remove_statement,
    require_policy_revision,
    statement_text,
    whole_policy,
)
from lambdacli.store.kinds import RESOURCE_POLICY
from lambdacli.store.policies import policy_place

_WHOLE_DOCUMENT = "GetResourcePolicy"


def add_permission(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = _target(context, request)
    if not _exists(context, target):
        raise _missing(target)
    statement = function_statement(_permission(request), target.arn)
    policy = _policy(context, target)
    require_policy_revision(request.get("RevisionId"), _revision(policy))
    _put(context, target, add_statement(None if policy is None else policy.text, statement))
    return {"Statement": statement_text(statement)}


def remove_permission(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = _target(context, request)
    if not _exists(context, target):
        raise _missing(target, otherwise=f"No policy found for: {target.arn}")
    policy = _policy(context, target)
    if policy is None:
        raise ResourceNotFoundException(NO_POLICY)
    require_policy_revision(request.get("RevisionId"), policy.revision_id)
    left = remove_statement(policy.text, request["StatementId"])
    if left is None:
        context.settings.delete(RESOURCE_POLICY, target.key, policy_place(target.qualifier))
    else:
        _put(context, target, left)
    return {}


def get_policy(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _shown(_existing_policy(context, target_of(context, request)))


def put_resource_policy(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _refuse_runtime(request["ResourceArn"])
    target = _target(context, request, "ResourceArn")
    if not _exists(context, target):
        raise _missing(target)
    text = whole_policy(request["Policy"], target.arn)
    require_policy_revision(
        request.get("RevisionId"), _revision(_policy(context, target)), source=_WHOLE_DOCUMENT
    )
    return _shown(_put(context, target, text))


def get_resource_policy(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _shown(_existing_policy(context, target_of(context, request, "ResourceArn")))


def delete_resource_policy(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request, "ResourceArn")
    policy = _existing_policy(context, target)
    require_policy_revision(request.get("RevisionId"), policy.revision_id, source=_WHOLE_DOCUMENT)
    context.settings.delete(RESOURCE_POLICY, target.key, policy_place(target.qualifier))
    return {}


# Whose policy


def _refuse_runtime(arn: str) -> None:
    """The model lets runtimes be named too, which belong to AWS: here is none."""
    if ":runtime/" in arn:
        raise ResourceNotFoundException(NO_SUCH_RESOURCE)


def _target(context: Context, request: dict[str, Any], member: str = "FunctionName") -> Target:
    target = target_of(context, request, member)
    refuse_latest(target.qualifier)
    return target


def _exists(context: Context, target: Target) -> bool:
    """Unlike elsewhere, an alias is a thing of its own here: its policy is not its version's."""
    qualifier = target.qualifier or LATEST
    if is_alias_name(qualifier):
        return context.aliases.get(target.key, qualifier) is not None
    return context.functions.get(target.key, qualifier) is not None


def _missing(target: Target, otherwise: str | None = None) -> RequestError:
    if target.qualifier is not None and is_alias_name(target.qualifier):
        return ResourceNotFoundException(f"Cannot find alias arn: {target.arn}")
    return not_found(target.arn) if otherwise is None else ResourceNotFoundException(otherwise)


def _policy(context: Context, target: Target) -> ResourcePolicy | None:
    return context.settings.get(RESOURCE_POLICY, target.key, policy_place(target.qualifier))


def _existing_policy(context: Context, target: Target) -> ResourcePolicy:
    """One text for all that may be missing: the function, its qualifier, or the policy."""
    policy = None if target.qualifier == LATEST else _policy(context, target)
    if policy is None:
        raise ResourceNotFoundException(NO_SUCH_RESOURCE)
    return policy


def _revision(policy: ResourcePolicy | None) -> str | None:
    return None if policy is None else policy.revision_id


def _put(context: Context, target: Target, text: str) -> ResourcePolicy:
    policy = ResourcePolicy(text, new_id())
    context.settings.put(RESOURCE_POLICY, target.key, policy, policy_place(target.qualifier))
    return policy


# Members


def _permission(request: dict[str, Any]) -> Permission:
    return Permission(
        statement_id=request["StatementId"],
        action=request["Action"],
        principal=request["Principal"],
        source_arn=request.get("SourceArn"),
        source_account=request.get("SourceAccount"),
        event_source_token=request.get("EventSourceToken"),
        principal_org_id=request.get("PrincipalOrgID"),
        function_url_auth_type=request.get("FunctionUrlAuthType"),
        invoked_via_function_url=request.get("InvokedViaFunctionUrl"),
    )


def _shown(policy: ResourcePolicy) -> dict[str, Any]:
    return {"Policy": policy.text, "RevisionId": policy.revision_id}
