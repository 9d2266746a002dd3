"""What the cloud refuses in a template's functions before it makes anything: names that it does not know, and
what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lambdacli.model.nearest import nearest
from lambdacli.project.cloudformation.template import Resource
from lambdacli.project.stack.around import LAMBDA_FUNCTION, SERVERLESS_FUNCTION, Around
from lambdacli.project.stack.values import Values

_TYPES = (
    "AWS::Lambda::Alias",
    "AWS::Lambda::CapacityProvider",
    "AWS::Lambda::CodeSigningConfig",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::Lambda::Version",
    "AWS::Serverless::Api",
    "AWS::Serverless::Application",
    "AWS::Serverless::CapacityProvider",
    "AWS::Serverless::Connector",
    "AWS::Serverless::Function",
    "AWS::Serverless::GraphQLApi",
    "AWS::Serverless::HttpApi",
    "AWS::Serverless::LayerVersion",
    "AWS::Serverless::SimpleTable",
    "AWS::Serverless::StateMachine",
    "AWS::Serverless::WebSocketApi",
)

_OF_BOTH = (
    "Architectures",
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "Description",
    "DurableConfig",
    "Environment",
    "EphemeralStorage",
    "FileSystemConfigs",
    "FunctionName",
    "FunctionScalingConfig",
    "Handler",
    "ImageConfig",
    "KmsKeyArn",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "PackageType",
    "PublishToLatestPublished",
    "RecursiveLoop",
    "ReservedConcurrentExecutions",
    "Role",
    "Runtime",
    "RuntimeManagementConfig",
    "SnapStart",
    "Tags",
    "TenancyConfig",
    "Timeout",
    "VpcConfig",
)
_OF_SAM = (
    "AssumeRolePolicyDocument",
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "AutoPublishCodeSha256",
    "CodeUri",
    "DeadLetterQueue",
    "DeploymentPreference",
    "EventInvokeConfig",
    "Events",
    "FunctionUrlConfig",
    "ImageUri",
    "InlineCode",
    "PermissionsBoundary",
    "Policies",
    "PropagateTags",
    "ProvisionedConcurrencyConfig",
    "RolePath",
    "SourceKMSKeyArn",
    "Tracing",
    "VersionDeletionPolicy",
    "VersionDescription",
)
_PROPERTIES: Mapping[str, frozenset[str]] = {
    LAMBDA_FUNCTION: frozenset((*_OF_BOTH, "Code", "DeadLetterConfig", "TracingConfig")),
    SERVERLESS_FUNCTION: frozenset((*_OF_BOTH, *_OF_SAM)),
}

_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "AWS::Lambda::Alias": ("FunctionName", "FunctionVersion", "Name"),
    "AWS::Lambda::EventInvokeConfig": ("FunctionName", "Qualifier"),
    "AWS::Lambda::EventSourceMapping": ("FunctionName",),
    "AWS::Lambda::Function": ("Role",),
    "AWS::Lambda::LayerVersion": ("Content",),
    "AWS::Lambda::Permission": ("Action", "FunctionName", "Principal"),
    "AWS::Lambda::Url": ("AuthType", "TargetFunctionArn"),
    "AWS::Lambda::Version": ("FunctionName",),
}

_REQUIRED_OF_EVENT: Mapping[str, tuple[str, ...]] = {
    "AlexaSkill": (),
    "Api": (),
    "CloudWatchEvent": (),
    "CloudWatchLogs": ("LogGroupName", "FilterPattern"),
    "Cognito": ("UserPool", "Trigger"),
    "DocumentDB": ("Cluster", "DatabaseName"),
    "DynamoDB": ("Stream", "StartingPosition"),
    "EventBridgeRule": (),
    "HttpApi": (),
    "IoTRule": ("Sql",),
    "Kinesis": ("Stream", "StartingPosition"),
    "MQ": ("Broker",),
    "MSK": ("Stream", "StartingPosition"),
    "S3": ("Bucket", "Events"),
    "SNS": (),
    "SQS": ("Queue",),
    "Schedule": (),
    "ScheduleV2": (),
    "SelfManagedKafka": (),
}
"""What is missing of the others is told where they are read."""


def complain_of_refused(around: Around) -> None:
    for resource in around.template.resources.values():
        _type(resource, around)
        _missing(resource, around)
        _unknown_properties(resource, around)
    for resource in around.of_type(SERVERLESS_FUNCTION):
        for name, event in Values(resource, around.notes).each_below("Events"):
            _event(resource, name, event, around)


def _type(resource: Resource, around: Around) -> None:
    """A type that is like none of them may be a new one."""
    if not resource.type.startswith(("AWS::Lambda::", "AWS::Serverless::")) or resource.type in _TYPES:
        return
    near = nearest(resource.type, _TYPES)
    if near is not None:
        message = f"Template format error: Unrecognized resource types: [{resource.type}]"
        Values(resource, around.notes, {}, "Type").complain("", message, f"do you mean {near}?")


def _missing(resource: Resource, around: Around) -> None:
    required = _REQUIRED.get(resource.type, ())
    for name in _lacking(resource, resource.properties, "Properties", required, around):
        message = f"{_invalid(resource)}: #: required key [{name}] not found"
        Values(resource, around.notes).complain("", message)


def _unknown_properties(resource: Resource, around: Around) -> None:
    """One that is like none that is known may be a new one: it has no effect here, and that is told."""
    known = _PROPERTIES.get(resource.type)
    for name in () if known is None else resource.properties.keys() - known:
        near = nearest(name, known or ())
        if near is None:
            continue
        if resource.type == SERVERLESS_FUNCTION:
            what = f"property {name} not defined for resource of type {resource.type}"
            message = f"Resource with id [{resource.logical_id}] is invalid. {what}"
        else:
            message = f"{_invalid(resource)}: #: extraneous key [{name}] is not permitted"
        Values(resource, around.notes).complain(name, message, f"do you mean {near}?")


def _invalid(resource: Resource) -> str:
    return f"Properties validation failed for resource {resource.logical_id} with message"


def _event(resource: Resource, name: str, event: Values, around: Around) -> None:
    kind = event.text("Type")
    beginning = f"Resource with id [{resource.logical_id}] is invalid. Event with id [{name}] is invalid."
    if kind is None or kind not in _REQUIRED_OF_EVENT:
        near = nearest(kind or "", _REQUIRED_OF_EVENT)
        hint = f"do you mean {near}?" if near else f"known are {', '.join(_REQUIRED_OF_EVENT)}"
        message = f"{beginning} Its Type is {kind}" if kind else f"{beginning} It has no Type"
        event.complain("Type", message, hint)
        return
    properties = event.values.get("Properties")
    told = properties if isinstance(properties, Mapping) else {}
    path = f"{event.path}.Properties"
    for missing in _lacking(resource, told, path, _REQUIRED_OF_EVENT[kind], around):
        event.complain("", f"{beginning} Missing required property '{missing}'.")


def _lacking(
    resource: Resource, given: Mapping[str, object], path: str, required: Iterable[str], around: Around
) -> list[str]:
    """What was written and only has no value on this machine is not missing."""
    begin = f"Resources.{resource.logical_id}.{path}"
    without_value = tuple(problem.key_path for problem in around.template.problems)
    return [
        name
        for name in required
        if given.get(name) is None
        and not any(each.startswith((f"{begin}.{name}", f"{begin}.Fn::")) for each in without_value)
    ]
