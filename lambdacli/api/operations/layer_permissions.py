"""Who beside its own account may use a layer version: its policy, statement by statement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lambdacli.api.layer_names import existing
from lambdacli.api.operations.context import Context, new_id
from lambdacli.model.errors import ResourceNotFoundException
from lambdacli.model.permission import (
    NO_POLICY,
    LayerPermission,
    add_statement,
    layer_statement,
    remove_statement,
    require_policy_revision,
    statement_text,
)

_SHOWN_BY = "GetLayerPolicy"


def add_layer_version_permission(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    version = existing(context, request)
    require_policy_revision(request.get("RevisionId"), version.policy_revision_id, _SHOWN_BY)
    permission = LayerPermission(
        request["StatementId"], request["Action"], request["Principal"], request.get("OrganizationId")
    )
    statement = layer_statement(permission, version.arn)
    policy = add_statement(version.policy, statement)
    changed = replace(version, policy=policy, policy_revision_id=new_id())
    context.layers.put(changed)
    return {"Statement": statement_text(statement), "RevisionId": changed.policy_revision_id}


def remove_layer_version_permission(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    version = existing(context, request)
    require_policy_revision(request.get("RevisionId"), version.policy_revision_id, _SHOWN_BY)
    policy = remove_statement(version.policy, request["StatementId"])
    revision_id = None if policy is None else new_id()
    context.layers.put(replace(version, policy=policy, policy_revision_id=revision_id))
    return {}


def get_layer_version_policy(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    version = existing(context, request)
    if version.policy is None:
        raise ResourceNotFoundException(NO_POLICY)
    return {"Policy": version.policy, "RevisionId": version.policy_revision_id}
