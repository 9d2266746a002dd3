"""What the Globals of a SAM template give to its resources, as SAM merges them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdacli.model.nearest import nearest
from lambdacli.project.cloudformation.document import Document
from lambdacli.project.cloudformation.faults import Fault
from lambdacli.project.cloudformation.generated import HTTP_API, REST_API, events_of
from lambdacli.project.cloudformation.places import Places, Steps
from lambdacli.project.cloudformation.texts import named

_PREFIX = "AWS::Serverless::"
_REPLACED = frozenset(("Architectures",))
"""Lists of which only the resource's own counts."""

_PROPERTIES: Mapping[str, frozenset[str]] = {
    "Api": frozenset(
        [
            "AccessLogSetting",
            "AlwaysDeploy",
            "Auth",
            "BinaryMediaTypes",
            "CacheClusterEnabled",
            "CacheClusterSize",
            "CanarySetting",
            "Cors",
            "DefinitionUri",
            "Domain",
            "EndpointAccessMode",
            "EndpointConfiguration",
            "GatewayResponses",
            "MergeDefinitions",
            "MethodSettings",
            "MinimumCompressionSize",
            "Name",
            "OpenApiVersion",
            "PropagateTags",
            "SecurityPolicy",
            "TracingEnabled",
            "Variables",
        ]
    ),
    "CapacityProvider": frozenset(
        [
            "InstanceRequirements",
            "KmsKeyArn",
            "LoggingConfig",
            "ManagedResourceTags",
            "OperatorRole",
            "PropagateTags",
            "ScalingConfig",
            "Tags",
            "VpcConfig",
        ]
    ),
    "Function": frozenset(
        [
            "Architectures",
            "AssumeRolePolicyDocument",
            "AutoPublishAlias",
            "AutoPublishAliasAllProperties",
            "CapacityProviderConfig",
            "CodeSigningConfigArn",
            "CodeUri",
            "DeadLetterQueue",
            "DeploymentPreference",
            "Description",
            "DurableConfig",
            "Environment",
            "EphemeralStorage",
            "EventInvokeConfig",
            "FileSystemConfigs",
            "FunctionScalingConfig",
            "FunctionUrlConfig",
            "Handler",
            "KmsKeyArn",
            "Layers",
            "LoggingConfig",
            "MemorySize",
            "PermissionsBoundary",
            "PropagateTags",
            "ProvisionedConcurrencyConfig",
            "PublishToLatestPublished",
            "RecursiveLoop",
            "ReservedConcurrentExecutions",
            "RolePath",
            "Runtime",
            "RuntimeManagementConfig",
            "SnapStart",
            "SourceKMSKeyArn",
            "Tags",
            "TenancyConfig",
            "Timeout",
            "Tracing",
            "VersionDeletionPolicy",
            "VpcConfig",
        ]
    ),
    "HttpApi": frozenset(
        [
            "AccessLogSettings",
            "Auth",
            "CorsConfiguration",
            "DefaultRouteSettings",
            "Domain",
            "FailOnWarnings",
            "PropagateTags",
            "RouteSettings",
            "StageVariables",
            "Tags",
        ]
    ),
    "LayerVersion": frozenset(("PublishLambdaVersion",)),
    "SimpleTable": frozenset(("SSESpecification",)),
    "StateMachine": frozenset(("PropagateTags",)),
    "WebSocketApi": frozenset(
        [
            "AccessLogSettings",
            "ApiKeySelectionExpression",
            "DefaultRouteSettings",
            "DisableExecuteApiEndpoint",
            "DisableSchemaValidation",
            "Domain",
            "FailOnWarnings",
            "IpAddressType",
            "PropagateTags",
            "RouteSelectionExpression",
            "RouteSettings",
            "StageVariables",
            "Tags",
        ]
    ),
}


_IMPLICIT_APIS = (("Api", "RestApiId", REST_API), ("HttpApi", "ApiId", HTTP_API))
"""Kind of the event, what it says where its API stands in the template, and the logical id if it does not."""


def faults_of_globals(sections: Mapping[str, Any]) -> list[Fault]:
    faults = []
    for section, properties in sections.items():
        known = _PROPERTIES.get(section)
        path: Steps = ("Globals", section)
        if known is None:
            message = f"'Globals' section is invalid. '{section}' is not supported."
            faults.append(Fault(path, message, "it takes " + ", ".join(_PROPERTIES)))
            continue
        if not isinstance(properties, dict):
            message = f"'Globals' section is invalid. {section} must be a mapping, not {named(properties)}"
            faults.append(Fault(path, message))
            continue
        for name in properties:
            if name not in known:
                message = (
                    f"'Globals' section is invalid. '{name}' is not a supported property of '{section}'."
                )
                near = nearest(name, known)
                hint = f"do you mean {near}?" if near else "write it at each resource"
                faults.append(Fault((*path, name), message, hint))
    return faults


def with_globals(document: Document) -> Document:
    """Of a document with Globals that have no faults; what they gave to a resource stands where "
    "they stand."""
    sections: Mapping[str, Any] = document.values.get("Globals") or {}
    if not sections:
        return document
    merged = _Merged()
    resources = {
        logical_id: _with_globals(logical_id, resource, sections, merged)
        for logical_id, resource in document.values["Resources"].items()
    }
    resources |= _implicit_apis(resources, sections, merged)
    values = {**document.values, "Resources": resources}
    return Document(document.file, values, Places(document.file, document.places.known, merged.moved))


def _with_globals(
    logical_id: str, resource: Mapping[str, Any], sections: Mapping[str, Any], merged: _Merged
) -> Mapping[str, Any]:
    kind = resource["Type"]
    section = kind.removeprefix(_PREFIX) if kind.startswith(_PREFIX) else ""
    if section not in sections:
        return resource
    given = _not_ignored(logical_id, resource.get("IgnoreGlobals"), sections[section])
    own = resource.get("Properties", {})
    source: Steps = ("Globals", section)
    return {
        **resource,
        "Properties": merged.merge(given, own, source, ("Resources", logical_id, "Properties")),
    }


def _implicit_apis(
    resources: Mapping[str, Any], sections: Mapping[str, Any], merged: _Merged
) -> dict[str, Any]:
    """The APIs that functions' events make by themselves stand in no template, and have all from Globals."""
    made: dict[str, Any] = {}
    for event, member, logical_id in _IMPLICIT_APIS:
        if event not in sections or logical_id in resources:
            continue
        if any(_makes_api(each, event, member) for each in resources.values()):
            path: Steps = ("Resources", logical_id)
            merged.moved[path] = merged.moved[*path, "Properties"] = ("Globals", event)
            made[logical_id] = {"Type": f"{_PREFIX}{event}", "Properties": dict(sections[event])}
    return made


def _makes_api(resource: Mapping[str, Any], event: str, member: str) -> bool:
    if resource["Type"] != f"{_PREFIX}Function":
        return False
    events = events_of(resource.get("Properties") or {})
    return any(kind == event and member not in settings for _, kind, settings in events)


def _not_ignored(logical_id: str, ignored: Any, given: Mapping[str, Any]) -> Mapping[str, Any]:
    if ignored is None:
        return given
    if ignored == "*":
        return {}
    path: Steps = ("Resources", logical_id, "IgnoreGlobals")
    if not isinstance(ignored, list):
        message = f"Resource {logical_id} has invalid resource attribute 'IgnoreGlobals'."
        raise Fault(path, message, 'write "*" or a list of properties of Globals')
    for name in ignored:
        if not isinstance(name, str) or name not in given:
            message = (
                f"Resource {logical_id} has invalid resource attribute 'IgnoreGlobals' on item '{name}'."
            )
            raise Fault(path, message, "name properties that Globals give")
    return {name: value for name, value in given.items() if name not in ignored}


class _Merged:
    """Merges, and notes from where to where things went."""

    def __init__(self) -> None:
        self.moved: dict[Steps, Steps] = {}

    def merge(self, given: Any, own: Any, source: Steps, target: Steps) -> Any:
        if _is_mapping(given) and _is_mapping(own):
            made = {}
            for key in (*given, *(key for key in own if key not in given)):
                if key not in given:
                    made[key] = own[key]
                elif key not in own:
                    made[key] = given[key]
                    self.moved[*target, key] = (*source, key)
                else:
                    made[key] = self.merge(given[key], own[key], (*source, key), (*target, key))
            return made
        if isinstance(given, list) and isinstance(own, list) and target[-1] not in _REPLACED:
            self.moved.update({(*target, index): (*source, index) for index in range(len(given))})
            # Own items have another number now; the line of their list is near enough.
            self.moved.update({(*target, len(given) + index): target for index in range(len(own))})
            return [*given, *own]
        return own


def _is_mapping(value: Any) -> bool:
    """An intrinsic function stands for a value, which nothing can be merged into."""
    if not isinstance(value, dict):
        return False
    if len(value) != 1:
        return True
    (name,) = value
    return not (name in ("Ref", "Condition") or str(name).startswith("Fn::"))
