"""May this identity do this operation? Which right it needs, on which resource, and what the policies say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lambdacli.api.function_layers import published_version
from lambdacli.api.operations.context import Context
from lambdacli.engine.access import Access
from lambdacli.model.arn import FunctionKey, parse_function_reference
from lambdacli.model.identity import Identity
from lambdacli.model.policy import AccessRequest, ContextValue, action_of, decide, require_allowed
from lambdacli.model.policy_document import PolicyDocument, PolicyKind, parse_policy

Members = Mapping[str, Any]

# Rights that IAM knows without a resource, although the operation names something.
_WITHOUT_RESOURCE = frozenset(
    {"CreateCodeSigningConfig", "CreateEventSourceMapping", "ListEventSourceMappings", "ListLayerVersions"}
)
_OF_MAPPINGS = frozenset(
    {
        "CreateEventSourceMapping",
        "UpdateEventSourceMapping",
        "DeleteEventSourceMapping",
        "GetEventSourceMapping",
        "ListEventSourceMappings",
    }
)
_MEMBERS_OF_KEYS = {
    "lambda:Principal": ("Principal",),
    "lambda:FunctionUrlAuthType": ("FunctionUrlAuthType", "AuthType"),
    "lambda:EventSourceToken": ("EventSourceToken",),
    "lambda:CodeSigningConfigArn": ("CodeSigningConfigArn",),
    "lambda:Layer": ("Layers",),
}


def authorized(context: Context, identity: Identity, operation: str, members: Members) -> Context:
    """Raises AccessDeniedException. The context that comes back is the account's of what was called, which is
    another than the caller's where that account permits it."""
    resource = resource_of(operation, members, context.account, context.region)
    request = AccessRequest(
        identity.caller,
        action_of(operation),
        resource,
        {**_keys(context, operation, members), **identity.context},
        context.clock.now(),
        context.account,
    )
    require_allowed(decide(request, _resource_policies(context, resource), identity.policies))
    account = _account_of(resource) or context.account
    return context if account == context.account else replace(context, account=account)


def resource_of(operation: str, members: Members, account: str, region: str) -> str:
    """The ARN that IAM compares, as it was called; `*` where the right has no resource."""
    if operation in _WITHOUT_RESOURCE:
        return "*"
    for member in ("ResourceArn", "Resource", "Arn", "DurableExecutionArn"):
        if member in members:
            return str(members[member])
    here = f"arn:aws:lambda:{region}:{account}"
    if "UUID" in members:
        return f"{here}:event-source-mapping:{members['UUID']}"
    if "FunctionName" in members:
        return _function_arn(members, account, region)
    if "LayerName" in members:
        layer = _named(members["LayerName"], f"{here}:layer")
        return f"{layer}:{members['VersionNumber']}" if "VersionNumber" in members else layer
    if "CapacityProviderName" in members:
        return _named(members["CapacityProviderName"], f"{here}:capacity-provider")
    return str(members.get("CodeSigningConfigArn", "*"))


def _function_arn(members: Members, account: str, region: str) -> str:
    reference = parse_function_reference(members["FunctionName"])
    key = FunctionKey(reference.account or account, reference.region or region, reference.name)
    return key.qualified_arn(reference.qualifier or members.get("Qualifier"))


def _named(name: str, prefix: str) -> str:
    return name if name.startswith("arn:") else f"{prefix}:{name}"


def _account_of(resource: str) -> str:
    fields = resource.split(":", 5)
    return fields[4] if len(fields) > 4 else ""


def _resource_policies(context: Context, resource: str) -> Sequence[PolicyDocument]:
    if ":layer:" in resource:
        return _layer_policies(context, resource)
    if ":function:" not in resource:
        return ()
    reference = parse_function_reference(resource)
    key = FunctionKey(reference.account or "", reference.region or "", reference.name)
    return Access(context.settings).policies_of(key, reference.qualifier)


def _layer_policies(context: Context, resource: str) -> Sequence[PolicyDocument]:
    version = published_version(context.layers, resource)
    if version is None or version.policy is None:
        return ()
    return (parse_policy(version.policy, PolicyKind.RESOURCE, f"the policy of {resource}"),)


def _keys(context: Context, operation: str, members: Members) -> dict[str, ContextValue]:
    """The condition keys that follow from the request."""
    http = context.http
    keys: dict[str, ContextValue] = {
        "aws:RequestedRegion": context.region,
        "aws:SecureTransport": False,
    }
    if http.peer.remote is not None:
        keys["aws:SourceIp"] = http.peer.remote[0]
    if "user-agent" in http.headers:
        keys["aws:UserAgent"] = http.headers["user-agent"]
    for key, names in _MEMBERS_OF_KEYS.items():
        for name in names:
            if name in members:
                keys[key] = members[name]
    if operation in _OF_MAPPINGS and "FunctionName" in members:
        keys["lambda:FunctionArn"] = _function_arn(members, context.account, context.region)
    vpc = members.get("VpcConfig", {})
    for member, key in (("SubnetIds", "lambda:SubnetIds"), ("SecurityGroupIds", "lambda:SecurityGroupIds")):
        if vpc.get(member):
            keys[key] = vpc[member]
    tags = members.get("Tags") or {}
    if tags:
        keys["aws:TagKeys"] = list(tags)
        keys.update({f"aws:RequestTag/{name}": value for name, value in tags.items()})
    return keys
