"""Event source mappings in the API's members: what a request sets, and how a mapping is shown. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lambdacli.model.errors import InvalidParameterValueException
from lambdacli.model.mapping import (
    STREAMS,
    AccessConfiguration,
    DocumentSelection,
    EventSourceMapping,
    KafkaConsumer,
    MappingState,
    Pollers,
    SchemaRegistry,
    Source,
    SourceKind,
    kind_of_source,
)

Members = Mapping[str, Any]

_SERVERS = "KAFKA_BOOTSTRAP_SERVERS"


def source_of(request: Members) -> Source:
    """What a create wants to be read."""
    arn = request.get("EventSourceArn")
    servers = request.get("SelfManagedEventSource", {}).get("Endpoints", {}).get(_SERVERS, ())
    kind = kind_of_source(arn) if arn else SourceKind.SELF_MANAGED_KAFKA if servers else None
    if kind is None or (arn and servers):
        raise InvalidParameterValueException("Unrecognized event source.")
    [topic] = request.get("Topics", [None])
    [queue] = request.get("Queues", [None])
    return Source(kind, arn or None, tuple(servers), topic, queue)


def given_members(request: Members) -> frozenset[str]:
    """Those that ask for something: an empty structure or list is what takes a setting away."""
    return frozenset(member for member, value in request.items() if not _is_empty(value))


def _is_empty(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(_is_empty(each) for each in value.values())
    return isinstance(value, (list, str)) and not value


# A request's members → fields


def fields_of(request: Members) -> dict[str, Any]:
    """The fields of a mapping that a request sets. Most empty members take their setting away."""
    return {
        field: read(request[member])
        for member, (field, read) in _FIELDS.items()
        if member in request and not (member in _STAY and _is_empty(request[member]))
    }


_STAY = frozenset(
    {
        "AmazonManagedKafkaEventSourceConfig",
        "SelfManagedKafkaEventSourceConfig",
        "DocumentDBEventSourceConfig",
    }
)


def _as_it_is(value: Any) -> Any:
    return value


def _text_or_none(value: str) -> str | None:
    return value or None


def _destination(value: Members) -> str | None:
    if not _is_empty(value.get("OnSuccess", {})):
        raise InvalidParameterValueException(
            "Unsupported DestinationConfig parameter for given event source mapping type."
        )
    return value.get("OnFailure", {}).get("Destination") or None


def _filters(value: Members) -> tuple[str, ...]:
    return tuple(each.get("Pattern", "") for each in value.get("Filters", ()))


def _pollers(value: Members) -> Pollers | None:
    if _is_empty(value):
        return None
    return Pollers(value.get("MinimumPollers"), value.get("MaximumPollers"), value.get("PollerGroupName"))


def _access(value: list[Members]) -> tuple[AccessConfiguration, ...]:
    return tuple(AccessConfiguration(each.get("Type", ""), each.get("URI", "")) for each in value)


def _consumer(value: Members) -> KafkaConsumer:
    registry = value.get("SchemaRegistryConfig")
    return KafkaConsumer(
        value.get("ConsumerGroupId"), _registry(registry) if registry else None, value.get("ConsumptionMode")
    )


def _registry(value: Members) -> SchemaRegistry:
    return SchemaRegistry(
        uri=value.get("SchemaRegistryURI"),
        record_format=value.get("EventRecordFormat"),
        access=_access(value.get("AccessConfigs", [])),
        validated=tuple(each.get("Attribute", "") for each in value.get("SchemaValidationConfigs", ())),
    )


def _documents(value: Members) -> DocumentSelection:
    return DocumentSelection(
        value.get("DatabaseName"), value.get("CollectionName"), value.get("FullDocument")
    )


_FIELDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "Enabled": ("is_enabled", _as_it_is),
    "BatchSize": ("batch_size", _as_it_is),
    "MaximumBatchingWindowInSeconds": ("window_seconds", _as_it_is),
    "StartingPosition": ("starting_position", _as_it_is),
    "StartingPositionTimestamp": ("starting_timestamp", _as_it_is),
    "ParallelizationFactor": ("parallelization", _as_it_is),
    "MaximumRecordAgeInSeconds": ("max_record_age_seconds", _as_it_is),
    "MaximumRetryAttempts": ("max_retries", _as_it_is),
    "BisectBatchOnFunctionError": ("bisects_on_error", _as_it_is),
    "TumblingWindowInSeconds": ("tumbling_window_seconds", _as_it_is),
    "FunctionResponseTypes": ("response_types", lambda value: tuple(value) or None),
    "DestinationConfig": ("failure_destination", _destination),
    "FilterCriteria": ("filters", _filters),
    "ScalingConfig": ("max_concurrency", lambda value: value.get("MaximumConcurrency")),
    "ProvisionedPollerConfig": ("pollers", _pollers),
    "MetricsConfig": ("metrics", lambda value: tuple(value.get("Metrics", ())) or None),
    "LoggingConfig": ("log_level", lambda value: value.get("SystemLogLevel")),
    "SourceAccessConfigurations": ("access", _access),
    "AmazonManagedKafkaEventSourceConfig": ("consumer", _consumer),
    "SelfManagedKafkaEventSourceConfig": ("consumer", _consumer),
    "DocumentDBEventSourceConfig": ("documents", _documents),
    "KMSKeyArn": ("kms_key_arn", _text_or_none),
}


# A mapping → the members of an answer


def shown(mapping: EventSourceMapping, state: MappingState | None = None) -> dict[str, Any]:
    """`state` is the one it passes through, in the answer to what changes it. What is None is left out."""
    return {
        "UUID": mapping.uuid,
        "EventSourceMappingArn": mapping.arn,
        "FunctionArn": mapping.function_arn,
        "LastModified": mapping.last_modified,
        "LastProcessingResult": mapping.last_result,
        "State": (state or mapping.state).value,
        "StateTransitionReason": mapping.transition_reason,
        **_source_shown(mapping.source),
        "BatchSize": mapping.batch_size,
        "MaximumBatchingWindowInSeconds": mapping.window_seconds,
        "StartingPosition": mapping.starting_position,
        "StartingPositionTimestamp": mapping.starting_timestamp,
        "ParallelizationFactor": mapping.parallelization,
        "MaximumRecordAgeInSeconds": mapping.max_record_age_seconds,
        "MaximumRetryAttempts": mapping.max_retries,
        "BisectBatchOnFunctionError": mapping.bisects_on_error,
        "TumblingWindowInSeconds": mapping.tumbling_window_seconds,
        "FunctionResponseTypes": mapping.response_types,
        "DestinationConfig": _destination_shown(mapping),
        "FilterCriteria": _unless_empty({"Filters": [{"Pattern": text} for text in mapping.filters]}),
        "ScalingConfig": _unless_empty({"MaximumConcurrency": mapping.max_concurrency}),
        "ProvisionedPollerConfig": mapping.pollers and _pollers_shown(mapping.pollers),
        "MetricsConfig": _unless_empty({"Metrics": mapping.metrics}),
        "LoggingConfig": _unless_empty({"SystemLogLevel": mapping.log_level}),
        "SourceAccessConfigurations": _access_shown(mapping.access) or None,
        **_consumer_shown(mapping),
        "DocumentDBEventSourceConfig": mapping.documents and _documents_shown(mapping.documents),
        "KMSKeyArn": mapping.kms_key_arn,
    }


def _unless_empty(value: Members) -> Members | None:
    return value if any(value.values()) else None


def _source_shown(source: Source) -> dict[str, Any]:
    return {
        "EventSourceArn": source.arn,
        "SelfManagedEventSource": {"Endpoints": {_SERVERS: source.servers}} if source.servers else None,
        "Topics": None if source.topic is None else [source.topic],
        "Queues": None if source.queue is None else [source.queue],
    }


def _destination_shown(mapping: EventSourceMapping) -> Members | None:
    if mapping.failure_destination is not None:
        return {"OnFailure": {"Destination": mapping.failure_destination}}
    return {"OnFailure": {}} if mapping.source.kind in STREAMS else None


def _pollers_shown(pollers: Pollers) -> Members:
    return {
        "MinimumPollers": pollers.minimum,
        "MaximumPollers": pollers.maximum,
        "PollerGroupName": pollers.group,
    }


def _access_shown(access: tuple[AccessConfiguration, ...]) -> list[Members]:
    return [{"Type": each.type, "URI": each.uri} for each in access]


def _consumer_shown(mapping: EventSourceMapping) -> dict[str, Any]:
    consumer = mapping.consumer
    if consumer is None:
        return {}
    members = {
        "ConsumerGroupId": consumer.group_id,
        "SchemaRegistryConfig": consumer.schema_registry and _registry_shown(consumer.schema_registry),
        "ConsumptionMode": consumer.mode,
    }
    is_msk = mapping.source.kind is SourceKind.MSK
    name = "AmazonManagedKafkaEventSourceConfig" if is_msk else "SelfManagedKafkaEventSourceConfig"
    return {name: members}


def _registry_shown(registry: SchemaRegistry) -> Members:
    return {
        "SchemaRegistryURI": registry.uri,
        "EventRecordFormat": registry.record_format,
        "AccessConfigs": _access_shown(registry.access) or None,
        "SchemaValidationConfigs": [{"Attribute": each} for each in registry.validated] or None,
    }


def _documents_shown(documents: DocumentSelection) -> Members:
    return {
        "DatabaseName": documents.database,
        "CollectionName": documents.collection,
        "FullDocument": documents.full_document,
    }
