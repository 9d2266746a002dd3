"""An event source mapping: what it reads, whom it invokes, and with which settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any

from lambdacli.model.arn import LATEST, FunctionKey
from lambdacli.model.record import record

FOREVER = -1
"""Records are kept, or tried again, until they leave the source."""


class SourceKind(StrEnum):
    SQS = "SQS"
    KINESIS = "Kinesis"
    DYNAMODB = "DynamoDB streams"
    MSK = "MSK"
    SELF_MANAGED_KAFKA = "self-managed Kafka"
    MQ = "Amazon MQ"
    DOCUMENT_DB = "DocumentDB"


STREAMS = frozenset({SourceKind.KINESIS, SourceKind.DYNAMODB})
KAFKA = frozenset({SourceKind.MSK, SourceKind.SELF_MANAGED_KAFKA})
READ_KINDS = frozenset({SourceKind.SQS}) | STREAMS
"""What is read here; the other kinds are kept and shown."""

_ARNS = {
    SourceKind.SQS: re.compile(r"arn:[^:]+:sqs:[^:]*:\d*:[^:/]+"),
    SourceKind.KINESIS: re.compile(r"arn:[^:]+:kinesis:[^:]*:\d*:stream/[^/]+(/consumer/[^/]+)?"),
    SourceKind.DYNAMODB: re.compile(r"arn:[^:]+:dynamodb:[^:]*:\d*:table/[^/]+/stream/.+"),
    SourceKind.MSK: re.compile(r"arn:[^:]+:kafka:[^:]*:\d*:(cluster|vpc-connection)/.+"),
    SourceKind.MQ: re.compile(r"arn:[^:]+:mq:[^:]*:\d*:broker:.+"),
    SourceKind.DOCUMENT_DB: re.compile(r"arn:[^:]+:rds:[^:]*:\d*:cluster:.+"),
}


def kind_of_source(arn: str) -> SourceKind | None:
    """None: nothing that Lambda reads."""
    return next((kind for kind, form in _ARNS.items() if form.fullmatch(arn)), None)


class MappingState(StrEnum):
    CREATING = "Creating"
    ENABLING = "Enabling"
    ENABLED = "Enabled"
    DISABLING = "Disabling"
    DISABLED = "Disabled"
    UPDATING = "Updating"
    DELETING = "Deleting"


@record
class Source:
    """What is read. It stays what it is as long as the mapping lives."""

    kind: SourceKind
    arn: str | None = None
    """None for self-managed Kafka, which has servers instead."""
    servers: tuple[str, ...] = ()
    topic: str | None = None
    queue: str | None = None

    @property
    def is_fifo(self) -> bool:
        return self.kind is SourceKind.SQS and self.arn is not None and self.arn.endswith(".fifo")

    @property
    def name(self) -> str:
        return self.arn or ",".join(self.servers)

    def is_same(self, other: Source) -> bool:
        """Servers may be named in any order."""
        return (self.arn, set(self.servers), self.topic, self.queue) == (
            other.arn,
            set(other.servers),
            other.topic,
            other.queue,
        )


@record
class AccessConfiguration:
    """A secret, subnet, security group or virtual host that leads to the source."""

    type: str
    uri: str


@record
class SchemaRegistry:
    uri: str | None = None
    record_format: str | None = None
    access: tuple[AccessConfiguration, ...] = ()
    validated: tuple[str, ...] = ()
    """KEY, VALUE or both."""


@record
class KafkaConsumer:
    group_id: str | None = None
    schema_registry: SchemaRegistry | None = None
    mode: str | None = None
    """Stream or Queue, where it was chosen."""

    @property
    def is_queue(self) -> bool:
        return self.mode == "Queue"


@record
class DocumentSelection:
    """Which changes of a DocumentDB cluster are read."""

    database: str | None = None
    collection: str | None = None
    full_document: str | None = None


@record
class Pollers:
    """Provisioned mode."""

    minimum: int | None = None
    maximum: int | None = None
    group: str | None = None


@record
class EventSourceMapping:
    """None, in a setting: it does not exist for this kind of source, or was never set."""

    uuid: str
    function: FunctionKey
    qualifier: str | None
    """As it was written: it is part of the ARN that is shown and invoked."""
    source: Source
    last_modified: datetime
    is_enabled: bool = True
    last_result: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    batch_size: int = 100
    window_seconds: int | None = None
    """None: half a second, where that is the default; it cannot be set again."""
    starting_position: str | None = None
    starting_timestamp: datetime | None = None
    parallelization: int | None = None
    max_record_age_seconds: int | None = None
    max_retries: int | None = None
    bisects_on_error: bool | None = None
    tumbling_window_seconds: int | None = None
    response_types: tuple[str, ...] | None = None
    failure_destination: str | None = None
    filters: tuple[str, ...] = ()
    max_concurrency: int | None = None
    pollers: Pollers | None = None
    metrics: tuple[str, ...] | None = None
    log_level: str | None = None
    access: tuple[AccessConfiguration, ...] = ()
    consumer: KafkaConsumer | None = None
    documents: DocumentSelection | None = None
    kms_key_arn: str | None = None

    @property
    def arn(self) -> str:
        return (
            f"arn:aws:lambda:{self.function.region}:{self.function.account}:event-source-mapping:{self.uuid}"
        )

    @property
    def function_arn(self) -> str:
        return self.function.qualified_arn(self.qualifier)

    @property
    def state(self) -> MappingState:
        """Where it comes to rest."""
        return MappingState.ENABLED if self.is_enabled else MappingState.DISABLED

    @property
    def transition_reason(self) -> str:
        return "User action" if self.source.kind in STREAMS else "USER_INITIATED"

    def is_duplicate_of(self, other: EventSourceMapping) -> bool:
        """The same events would go to the same version twice."""
        return (
            self.uuid != other.uuid
            and self.function == other.function
            and (self.qualifier or LATEST) == (other.qualifier or LATEST)
            and self.source.is_same(other.source)
            and _watched(self) == _watched(other)
        )


def _watched(mapping: EventSourceMapping) -> tuple[str | None, str | None] | None:
    documents = mapping.documents
    return None if documents is None else (documents.database, documents.collection)


@record
class Checkpoint:
    """How far one shard of a stream was read."""

    life: str
    """Of the stream: one that was made again under its name has other records behind the same numbers."""
    sequence_number: str | None = None
    """Of the last record that is done; None: none yet."""
    is_finished: bool = False
    """The shard was closed, and all its records are done."""
    window_start: int | None = None
    """Of the tumbling window that is open, in seconds since 1970."""
    window_state: str | None = None
    """JSON, as the function gave it."""
    began_at: float | None = None
    """While none is done yet: since when records count, in seconds since 1970. None: all of them do."""


def state_while_created(mapping: EventSourceMapping) -> MappingState:
    return MappingState.CREATING if mapping.is_enabled else MappingState.DISABLED


def state_while_updated(before: EventSourceMapping, after: EventSourceMapping) -> MappingState:
    if before.is_enabled == after.is_enabled:
        return MappingState.UPDATING
    return MappingState.ENABLING if after.is_enabled else MappingState.DISABLING


# Defaults


def defaults_for(kind: SourceKind) -> Mapping[str, Any]:
    """The fields that a new mapping of this kind has without being told."""
    return _DEFAULTS[kind]


_NOTHING_YET = "No records processed"
_STREAM = {
    "batch_size": 100,
    "window_seconds": 0,
    "parallelization": 1,
    "max_record_age_seconds": FOREVER,
    "max_retries": FOREVER,
    "bisects_on_error": False,
    "tumbling_window_seconds": 0,
    "response_types": (),
    "last_result": _NOTHING_YET,
}
_HALF_A_SECOND = {"batch_size": 100, "window_seconds": None, "last_result": _NOTHING_YET}

_DEFAULTS: Mapping[SourceKind, Mapping[str, Any]] = {
    SourceKind.SQS: {"batch_size": 10, "window_seconds": 0, "response_types": ()},
    SourceKind.KINESIS: _STREAM,
    SourceKind.DYNAMODB: _STREAM,
    SourceKind.MSK: _HALF_A_SECOND,
    SourceKind.SELF_MANAGED_KAFKA: _HALF_A_SECOND,
    SourceKind.MQ: _HALF_A_SECOND,
    SourceKind.DOCUMENT_DB: _HALF_A_SECOND | {"documents": DocumentSelection()},
}
