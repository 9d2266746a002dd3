"""What a template sets for functions by Lambda's API: aliases, what becomes of events, who may call, and
which queues and streams are read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lambdacli.model.effects import UNREAD_SOURCE
from lambdacli.model.mapping import READ_KINDS, kind_of_source
from lambdacli.project.cloudformation.template import Resource
from lambdacli.project.declared import Declared, DeclaredKind
from lambdacli.project.stack.around import SERVERLESS_FUNCTION, Around
from lambdacli.project.stack.values import Values, resource_ignored, resource_used, text_of

_SAM_SOURCES = {
    "SQS": "Queue",
    "Kinesis": "Stream",
    "DynamoDB": "Stream",
    "MSK": "Stream",
    "MQ": "Broker",
    "DocumentDB": "Cluster",
    "SelfManagedKafka": "",
}
"""Events of SAM that become event source mappings, and which member names the source."""

_NUMBERS = frozenset(
    {
        "BatchSize",
        "MaximumBatchingWindowInSeconds",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
        "ParallelizationFactor",
        "TumblingWindowInSeconds",
        "MaximumConcurrency",
        "MinimumPollers",
        "MaximumPollers",
        "StartingPositionTimestamp",
        "MaximumEventAgeInSeconds",
        "ProvisionedConcurrentExecutions",
    }
)
_FLAGS = frozenset({"Enabled", "BisectBatchOnFunctionError", "InvokedViaFunctionUrl"})
_NOT_LAMBDAS = frozenset({"DynamicPolicyName", "SecretsManagerKmsKeyId", "Type"})
"""Members that only SAM knows."""


def declared_of(around: Around) -> tuple[Declared, ...]:
    found = [
        *_of_serverless_functions(around),
        *_aliases(around),
        *_event_invoke_configs(around),
        *_permissions(around),
        *_mappings(around),
    ]
    order = list(DeclaredKind)
    return tuple(sorted(found, key=lambda each: order.index(each.kind)))


def permission(values: Values, name: str, function: str, principal: str, source_arn: str | None) -> Declared:
    """That a producer of the template may invoke the function."""
    members = {"Action": "lambda:InvokeFunction", "Principal": principal, "StatementId": name}
    if source_arn is not None:
        members["SourceArn"] = source_arn
    return _declared(DeclaredKind.PERMISSION, name, function, members, values)


# What stands with a function of SAM


def _of_serverless_functions(around: Around) -> Iterator[Declared]:
    for resource in around.of_type(SERVERLESS_FUNCTION):
        values = Values(resource, around.notes)
        alias = values.text("AutoPublishAlias")
        if alias is not None:
            values.used("AutoPublishAlias", "is published when the template is read; events go to $LATEST")
            yield _declared(DeclaredKind.ALIAS, alias, resource.name, {}, values, "AutoPublishAlias")
        yield from _event_invoke(values, resource.name, alias)
        provisioned = values.raw("ProvisionedConcurrencyConfig")
        if isinstance(provisioned, Mapping) and alias is not None:
            values.used("ProvisionedConcurrencyConfig", f"environments are kept ready for {alias}")
            members = {**_api_values(provisioned), "Qualifier": alias}
            yield _declared(DeclaredKind.PROVISIONED, alias, resource.name, members, values)
        for name, event in values.each_below("Events"):
            yield from _sam_mapping(resource, name, event, around)


def _event_invoke(values: Values, function: str, alias: str | None) -> Iterator[Declared]:
    config = values.below("EventInvokeConfig")
    if config is None:
        return
    members = _api_values(config.values)
    for name in ("OnSuccess", "OnFailure"):
        told = members.get("DestinationConfig", {}).get(name)
        if told is not None and "Destination" not in told:
            config.ignored(f"DestinationConfig.{name}", "name its Destination: lam makes none by itself")
            del members["DestinationConfig"][name]
    values.used("EventInvokeConfig", "counts for asynchronous events")
    qualifiers = [None] if alias is None else [None, alias]
    for qualifier in qualifiers:
        told = members if qualifier is None else {**members, "Qualifier": qualifier}
        yield _declared(DeclaredKind.EVENT_INVOKE, qualifier or "$LATEST", function, told, config)


def _sam_mapping(resource: Resource, name: str, event: Values, around: Around) -> Iterator[Declared]:
    kind = event.text("Type") or ""
    if kind not in _SAM_SOURCES:
        return
    told = event.below("Properties")
    if told is None:
        event.complain("", "has no Properties")
        return
    members = _api_values(told.values)
    source = members.pop(_SAM_SOURCES[kind], None)
    if source is not None:
        members["EventSourceArn"] = source
    _rename_sam_members(kind, members)
    yield _mapping(resource.whole_id + name, resource.name, members, event)


def _rename_sam_members(kind: str, members: dict[str, Any]) -> None:
    group = members.pop("ConsumerGroupId", None)
    kafka = {"MSK": "AmazonManagedKafkaEventSourceConfig"}.get(kind, "SelfManagedKafkaEventSourceConfig")
    told = {"ConsumerGroupId": group, "SchemaRegistryConfig": members.pop("SchemaRegistryConfig", None)}
    if any(value is not None for value in told.values()):
        members[kafka] = {key: value for key, value in told.items() if value is not None}
    servers = members.pop("KafkaBootstrapServers", None)
    if servers is not None:
        members["SelfManagedEventSource"] = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": servers}}
    documents = {name: members.pop(name, None) for name in ("DatabaseName", "CollectionName", "FullDocument")}
    if any(documents.values()):
        members["DocumentDBEventSourceConfig"] = {key: value for key, value in documents.items() if value}


# Resources of Lambda's own


def _aliases(around: Around) -> Iterator[Declared]:
    for resource in around.of_type("AWS::Lambda::Version"):
        if around.function_of(Values(resource, around.notes)) is not None:
            text = "is published when an alias of the template points to it"
            resource_used(resource, around.notes, text)
    for resource in around.of_type("AWS::Lambda::Alias"):
        values = Values(resource, around.notes)
        named, name = around.function_of(values), values.text("Name")
        if named is None:
            continue
        if name is None:
            resource_ignored(resource, around.notes, "it has no Name")
            continue
        if "RoutingConfig" in values:
            values.ignored("RoutingConfig", "the alias points to what was published last")
        resource_used(resource, around.notes, f"an alias of {named[0].name}, of what was published last")
        yield _declared(DeclaredKind.ALIAS, name, named[0].name, {}, values)
        provisioned = values.raw("ProvisionedConcurrencyConfig")
        if isinstance(provisioned, Mapping):
            members = {**_api_values(provisioned), "Qualifier": name}
            yield _declared(DeclaredKind.PROVISIONED, name, named[0].name, members, values)


def _event_invoke_configs(around: Around) -> Iterator[Declared]:
    for resource in around.of_type("AWS::Lambda::EventInvokeConfig"):
        values = Values(resource, around.notes)
        named = around.function_of(values)
        if named is None:
            continue
        members = _api_values(values.values)
        del members["FunctionName"]
        resource_used(resource, around.notes, f"what becomes of events of {named[0].name}")
        qualifier = str(members.get("Qualifier", "$LATEST"))
        yield _declared(DeclaredKind.EVENT_INVOKE, qualifier, named[0].name, members, values)


def _permissions(around: Around) -> Iterator[Declared]:
    for resource in around.of_type("AWS::Lambda::Permission"):
        values = Values(resource, around.notes)
        named = around.function_of(values)
        if named is None:
            continue
        function, qualifier = named
        members = {**_api_values(values.values), "StatementId": resource.whole_id}
        del members["FunctionName"]
        if qualifier is not None:
            members["Qualifier"] = qualifier
        resource_used(resource, around.notes, f"{members.get('Principal')} may call {function.name}")
        yield _declared(DeclaredKind.PERMISSION, resource.whole_id, function.name, members, values)


def _mappings(around: Around) -> Iterator[Declared]:
    for resource in around.of_type("AWS::Lambda::EventSourceMapping"):
        values = Values(resource, around.notes)
        named = around.function_of(values)
        if named is None:
            continue
        members = _api_values(values.values)
        del members["FunctionName"]
        tags = members.pop("Tags", None)
        if isinstance(tags, Sequence):
            members["Tags"] = {tag["Key"]: tag["Value"] for tag in tags}
        if named[1] is not None:
            members["Qualifier"] = named[1]
        yield _mapping(resource.whole_id, named[0].name, members, values)


def _mapping(name: str, function: str, members: dict[str, Any], values: Values) -> Declared:
    kind = kind_of_source(str(members.get("EventSourceArn", "")))
    if kind in READ_KINDS:
        values.used("", f"{function} reads {members['EventSourceArn']}")
    else:
        what = "an event source mapping" if kind is None else f"an event source mapping of {kind}"
        values.ignored("", f"{what}: {UNREAD_SOURCE}")
    return _declared(DeclaredKind.MAPPING, name, function, members, values)


# Members


def _declared(
    kind: DeclaredKind, name: str, function: str, members: Mapping[str, Any], values: Values, at: str = ""
) -> Declared:
    place = values.resource.place_of(f"{values.path}.{at}" if at else values.path)
    return Declared(kind, name, function, members, place.file, place.line, values.subject(at))


def _api_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """With the kinds that Lambda's API has: what comes from a parameter is always a text."""
    return {
        name: _api_value(name, value)
        for name, value in values.items()
        if value is not None and name not in _NOT_LAMBDAS
    } | _kept_types(values)


def _kept_types(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of source access configurations, which have a Type in the API too."""
    return {"Type": values["Type"]} if "Type" in values and "URI" in values else {}


def _api_value(name: str, value: Any) -> Any:
    text = text_of(value)
    if name in _NUMBERS and text is not None and text.lstrip("-").isdigit():
        return int(text)
    if name in _FLAGS and text is not None:
        return text.lower() == "true"
    if name == "Pattern" and isinstance(value, Mapping):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return _api_values(value)
    if isinstance(value, list | tuple):
        return [_api_values(each) if isinstance(each, Mapping) else each for each in value]
    return value
