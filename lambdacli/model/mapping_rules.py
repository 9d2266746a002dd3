"""What Lambda refuses in an event source mapping, and the values that follow from others. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from lambdacli.model.errors import InvalidParameterValueException
from lambdacli.model.mapping import (
    FOREVER,
    KAFKA,
    STREAMS,
    AccessConfiguration,
    EventSourceMapping,
    KafkaConsumer,
    Pollers,
    Source,
    SourceKind,
    defaults_for,
)
from lambdacli.model.patterns import InvalidPatternError, Pattern, parse_pattern

FILTERS_PER_MAPPING = 5
SLOW_FUNCTION_SECONDS = 14 * 60
"""Kafka, MQ and DocumentDB give up a function that takes longer."""

_SQS = frozenset({SourceKind.SQS})
_MQ = frozenset({SourceKind.MQ})
_DOCUMENTS = frozenset({SourceKind.DOCUMENT_DB})
_SELF_MANAGED = frozenset({SourceKind.SELF_MANAGED_KAFKA})
_POSITIONED = STREAMS | KAFKA | _DOCUMENTS

_KINDS_OF_MEMBER: Mapping[str, frozenset[SourceKind]] = {
    "StartingPosition": _POSITIONED,
    "StartingPositionTimestamp": _POSITIONED,
    "ParallelizationFactor": STREAMS,
    "TumblingWindowInSeconds": STREAMS,
    "MaximumRecordAgeInSeconds": STREAMS | KAFKA,
    "MaximumRetryAttempts": STREAMS | KAFKA,
    "BisectBatchOnFunctionError": STREAMS | KAFKA,
    "DestinationConfig": STREAMS | KAFKA,
    "FunctionResponseTypes": _SQS | STREAMS | KAFKA,
    "ScalingConfig": _SQS,
    "ProvisionedPollerConfig": _SQS | KAFKA,
    "FilterCriteria": frozenset(SourceKind) - _DOCUMENTS,
    "MetricsConfig": _SQS | STREAMS | KAFKA,
    "LoggingConfig": KAFKA,
    "Topics": KAFKA,
    "Queues": _MQ,
    "SourceAccessConfigurations": KAFKA | _MQ | _DOCUMENTS,
    "AmazonManagedKafkaEventSourceConfig": frozenset({SourceKind.MSK}),
    "SelfManagedKafkaEventSourceConfig": _SELF_MANAGED,
    "DocumentDBEventSourceConfig": _DOCUMENTS,
}
"""Members that only some kinds of sources have."""


def refuse_unsupported(kind: SourceKind, given: Collection[str]) -> None:
    """`given` are the members of the request that ask for something."""
    if kind is SourceKind.SQS and "StartingPosition" in given:
        raise InvalidParameterValueException("StartingPosition is not valid for SQS event sources.")
    for member, kinds in _KINDS_OF_MEMBER.items():
        if member in given and kind not in kinds:
            raise InvalidParameterValueException(
                f"Unsupported {member} parameter for given event source mapping type."
            )


def check(mapping: EventSourceMapping, now: datetime) -> None:
    """Raises for the first rule that the mapping as a whole breaks."""
    for refusals in _RULES:
        for refusal in refusals(mapping):
            raise InvalidParameterValueException(refusal)
    if mapping.starting_timestamp is not None and mapping.starting_timestamp > now:
        raise InvalidParameterValueException("StartingPositionTimestamp cannot be in the future.")


def check_timeout(kind: SourceKind, timeout_seconds: int) -> None:
    """Of the function that is to be invoked."""
    if kind in KAFKA | _MQ | _DOCUMENTS and timeout_seconds > SLOW_FUNCTION_SECONDS:
        raise InvalidParameterValueException(
            f"Function timeout: {timeout_seconds} seconds is greater than the maximum of "
            f"{SLOW_FUNCTION_SECONDS} seconds for given event source mapping type."
        )


def check_visibility(visibility_seconds: int, timeout_seconds: int) -> None:
    """Of a queue: its messages must be hidden for as long as the function may take."""
    if visibility_seconds < timeout_seconds:
        raise InvalidParameterValueException(
            f"Queue visibility timeout: {visibility_seconds} seconds is less than Function timeout: "
            f"{timeout_seconds} seconds"
        )


def missing_source(source: Source) -> InvalidParameterValueException:
    if source.kind is SourceKind.SQS:
        return InvalidParameterValueException(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            "SQS Error Message: The specified queue does not exist."
        )
    return InvalidParameterValueException(f"Stream not found: {source.arn}")


# Values that follow


def changed(mapping: EventSourceMapping, fields: Mapping[str, Any]) -> EventSourceMapping:
    """With these fields set, as an update does it; raises for what only a create may set."""
    fields = dict(fields)
    if fields.get("consumer") is not None and mapping.consumer is not None:
        fields["consumer"] = _changed_consumer(mapping.consumer, fields["consumer"])
    if "access" in fields and _virtual_hosts(fields["access"]) != _virtual_hosts(mapping.access):
        raise InvalidParameterValueException("VIRTUAL_HOST cannot be updated.")
    if mapping.source.kind in KAFKA and "pollers" in fields and fields["pollers"] is None:
        fields = dict.fromkeys(_PROVISIONED_ONLY) | fields
    return replace(mapping, **fields)


def _changed_consumer(before: KafkaConsumer, wanted: KafkaConsumer) -> KafkaConsumer:
    if wanted.group_id not in (None, before.group_id):
        raise InvalidParameterValueException("ConsumerGroupId cannot be updated.")
    if wanted.mode not in (None, before.mode or "Stream"):
        raise InvalidParameterValueException("ConsumptionMode cannot be updated.")
    return replace(before, schema_registry=wanted.schema_registry or before.schema_registry)


def completed(mapping: EventSourceMapping) -> EventSourceMapping:
    """With the values that follow from others, once those are known."""
    kind = mapping.source.kind
    response_types = mapping.response_types or defaults_for(kind).get("response_types")
    mapping = replace(mapping, response_types=response_types)
    if kind in KAFKA:
        consumer = mapping.consumer or KafkaConsumer()
        mapping = replace(mapping, consumer=replace(consumer, group_id=consumer.group_id or mapping.uuid))
    if mapping.documents is not None:
        whole = mapping.documents.full_document or "Default"
        mapping = replace(mapping, documents=replace(mapping.documents, full_document=whole))
    if mapping.pollers is None:
        return mapping
    mapping = replace(mapping, pollers=_completed_pollers(kind, mapping.pollers))
    return _with_failure_handling(mapping) if kind in KAFKA else mapping


_POLLERS_MAXIMUM_DEFAULT = 200


def _completed_pollers(kind: SourceKind, pollers: Pollers) -> Pollers:
    least, _ = _POLLER_BOUNDS[kind]
    return replace(
        pollers,
        minimum=pollers.minimum or least,
        maximum=pollers.maximum or max(_POLLERS_MAXIMUM_DEFAULT, pollers.minimum or least),
    )


_PROVISIONED_ONLY = ("max_record_age_seconds", "max_retries", "bisects_on_error", "response_types")
_RETRIES_WITH_DESTINATION = 10
"""What Kafka makes of «for ever», if there is a place for what fails."""


def _with_failure_handling(mapping: EventSourceMapping) -> EventSourceMapping:
    retries = mapping.max_retries
    if retries is None:
        retries = 0 if _reads_as_queue(mapping) else FOREVER
    if retries == FOREVER and mapping.failure_destination is not None:
        retries = _RETRIES_WITH_DESTINATION
    age = mapping.max_record_age_seconds
    return replace(
        mapping,
        max_retries=retries,
        max_record_age_seconds=FOREVER if age is None else age,
        bisects_on_error=bool(mapping.bisects_on_error),
        response_types=mapping.response_types or (),
    )


# Rules: each yields what it refuses. Where AWS's own words were never recorded, the next line says so.

Rule = Callable[[EventSourceMapping], Iterator[str]]


def _access(mapping: EventSourceMapping) -> Iterator[str]:
    kind = mapping.source.kind
    if kind in _SELF_MANAGED | _MQ | _DOCUMENTS and not mapping.access:
        yield "Required 'sourceAccessConfigurations' parameter is missing."
    # AWS's wording was never recorded.
    for each in mapping.access:
        if each.type not in _ACCESS_TYPES[kind]:
            yield f"Unsupported {each.type} access configuration for given event source mapping type."
        prefix = _URI_PREFIXES.get(each.type, "")
        if not each.uri.startswith(prefix) or not each.uri:
            yield f"Invalid URI of {each.type} access configuration: {each.uri}"
    if kind in _MQ | _DOCUMENTS and "BASIC_AUTH" not in {each.type for each in mapping.access}:
        yield "BASIC_AUTH access configuration is required for given event source mapping type."


_OAUTH = frozenset(
    {
        "OAUTHBEARER_AUTH",
        "OAUTHBEARER_SCOPE",
        "OAUTHBEARER_AUDIENCE",
        "OAUTHBEARER_LOGICAL_CLUSTER",
        "OAUTHBEARER_IDENTITY_POOL",
        "IAM_OAUTHBEARER_AUTH",
    }
)
_KAFKA_ACCESS = (
    frozenset(
        {
            "BASIC_AUTH",
            "SASL_SCRAM_256_AUTH",
            "SASL_SCRAM_512_AUTH",
            "CLIENT_CERTIFICATE_TLS_AUTH",
            "SERVER_ROOT_CA_CERTIFICATE",
            "IAM_AUTH",
            "VPC_SUBNET",
            "VPC_SECURITY_GROUP",
        }
    )
    | _OAUTH
)
_ACCESS_TYPES: Mapping[SourceKind, frozenset[str]] = {
    SourceKind.MSK: _KAFKA_ACCESS - {"VPC_SUBNET", "VPC_SECURITY_GROUP"},
    SourceKind.SELF_MANAGED_KAFKA: _KAFKA_ACCESS,
    SourceKind.MQ: frozenset({"BASIC_AUTH", "VIRTUAL_HOST"}),
    SourceKind.DOCUMENT_DB: frozenset({"BASIC_AUTH"}),
}
_URI_PREFIXES = {"VPC_SUBNET": "subnet:", "VPC_SECURITY_GROUP": "security_group:"}


def _virtual_hosts(access: Collection[AccessConfiguration]) -> set[str]:
    return {each.uri for each in access if each.type == "VIRTUAL_HOST"}


def _position(mapping: EventSourceMapping) -> Iterator[str]:
    position, kind = mapping.starting_position, mapping.source.kind
    if kind not in _POSITIONED:
        return
    if _reads_as_queue(mapping):
        # AWS's wording was never recorded.
        if position is not None or mapping.starting_timestamp is not None:
            yield "StartingPosition is not supported when ConsumptionMode is Queue."
        return
    if position is None:
        yield (
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null."
        )
    if position == "AT_TIMESTAMP" and kind is SourceKind.DYNAMODB:
        yield f"Unsupported starting position for arn type: {mapping.source.arn}"
    if position == "AT_TIMESTAMP" and mapping.starting_timestamp is None:
        yield "Need to specify a timestamp"
    if position != "AT_TIMESTAMP" and mapping.starting_timestamp is not None:
        # AWS's wording was never recorded.
        yield "StartingPositionTimestamp is only valid when StartingPosition is AT_TIMESTAMP."


def _place(mapping: EventSourceMapping) -> Iterator[str]:
    # AWS's wording was never recorded.
    kind = mapping.source.kind
    if kind in KAFKA and mapping.source.topic is None:
        yield "Required 'topics' parameter is missing."
    if kind in _MQ and mapping.source.queue is None:
        yield "Required 'queues' parameter is missing."
    if kind in _DOCUMENTS and (mapping.documents is None or mapping.documents.database is None):
        yield "Required 'databaseName' parameter is missing."


def _batching(mapping: EventSourceMapping) -> Iterator[str]:
    if mapping.source.is_fifo and mapping.batch_size > 10:
        yield "Maximum batch size must be between 1 and 10 inclusive"
    if mapping.source.is_fifo and mapping.window_seconds:
        yield "Batching window is not supported for FIFO queues"
    if mapping.source.kind is SourceKind.SQS and mapping.batch_size > 10 and not mapping.window_seconds:
        yield (
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
    if _reads_as_queue(mapping) and mapping.window_seconds is not None:
        # AWS's wording was never recorded.
        yield "MaximumBatchingWindowInSeconds is not supported when ConsumptionMode is Queue."


def _failures(mapping: EventSourceMapping) -> Iterator[str]:
    if mapping.max_record_age_seconds is not None and -1 < mapping.max_record_age_seconds < 60:
        yield ("MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)")
    # AWS's wording was never recorded.
    if mapping.tumbling_window_seconds and (mapping.parallelization or 1) > 1:
        yield "ParallelizationFactor greater than 1 is not supported with TumblingWindowInSeconds."
    if _reads_as_queue(mapping) and mapping.max_retries == FOREVER:
        yield "MaximumRetryAttempts -1 is not supported when ConsumptionMode is Queue."
    if mapping.source.kind in KAFKA and mapping.pollers is None:
        for field in _PROVISIONED_ONLY:
            if getattr(mapping, field) is not None:
                yield f"{_MEMBERS[field]} requires ProvisionedPollerConfig for Kafka event sources."
    if mapping.failure_destination is not None and not _can_take_failures(mapping):
        yield f"Unsupported OnFailure destination: {mapping.failure_destination}"


_MEMBERS = {
    "max_record_age_seconds": "MaximumRecordAgeInSeconds",
    "max_retries": "MaximumRetryAttempts",
    "bisects_on_error": "BisectBatchOnFunctionError",
    "response_types": "FunctionResponseTypes",
}


def _can_take_failures(mapping: EventSourceMapping) -> bool:
    destination = mapping.failure_destination or ""
    if destination.startswith("kafka://"):
        return mapping.source.kind in KAFKA
    return destination.split(":")[2] in ("sqs", "sns", "s3")


def _scaling(mapping: EventSourceMapping) -> Iterator[str]:
    pollers = mapping.pollers
    if pollers is None:
        return
    # AWS's wording was never recorded.
    if mapping.max_concurrency is not None:
        yield "MaximumConcurrency and ProvisionedPollerConfig cannot be used together."
    least, most = _POLLER_BOUNDS[mapping.source.kind]
    for member, value in (("minimumPollers", pollers.minimum), ("maximumPollers", pollers.maximum)):
        if value is not None and value < least:
            yield _out_of_bounds(member, value, "greater", least)
        if value is not None and value > most:
            yield _out_of_bounds(member, value, "less", most)
    if pollers.minimum is not None and pollers.maximum is not None and pollers.minimum > pollers.maximum:
        yield "MinimumPollers must be less than or equal to MaximumPollers."
    if pollers.group and mapping.source.kind not in KAFKA:
        yield "Unsupported PollerGroupName parameter for given event source mapping type."


_POLLER_BOUNDS = {
    SourceKind.SQS: (2, 10_000),
    SourceKind.MSK: (1, 2_000),
    SourceKind.SELF_MANAGED_KAFKA: (1, 2_000),
}


def _out_of_bounds(member: str, value: int, side: str, bound: int) -> str:
    return (
        f"1 validation error detected: Value '{value}' at 'provisionedPollerConfig.{member}' failed to "
        f"satisfy constraint: Member must have value {side} than or equal to {bound}"
    )


def _metrics(mapping: EventSourceMapping) -> Iterator[str]:
    for metric in mapping.metrics or ():
        if metric != "EventCount" and mapping.source.kind not in KAFKA:
            # AWS's wording was never recorded.
            yield f"Unsupported metric {metric} for given event source mapping type."


def _filters(mapping: EventSourceMapping) -> Iterator[str]:
    if len(mapping.filters) > FILTERS_PER_MAPPING:
        # AWS's wording was never recorded.
        yield f"Number of filters exceeds the limit of {FILTERS_PER_MAPPING}."
    for text in mapping.filters:
        if not is_filter(mapping.source.kind, text):
            yield "Invalid filter pattern definition."


def is_filter(kind: SourceKind, text: str) -> bool:
    """A stream's data is always JSON: a pattern that wants a text of it could never fit."""
    try:
        pattern = parse_pattern(text)
    except InvalidPatternError:
        return False
    return all(
        _wants_an_object(each, _STREAM_DATA.get(kind, "")) for each in (pattern, *pattern.alternatives)
    )


def _wants_an_object(pattern: Pattern, data: str) -> bool:
    return isinstance(pattern.fields.get(data, pattern), Pattern)


_STREAM_DATA = {SourceKind.KINESIS: "data", SourceKind.DYNAMODB: "dynamodb"}


def _reads_as_queue(mapping: EventSourceMapping) -> bool:
    return mapping.consumer is not None and mapping.consumer.is_queue


_RULES: tuple[Rule, ...] = (_access, _position, _place, _batching, _failures, _scaling, _metrics, _filters)
