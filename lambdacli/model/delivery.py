"""What a dead-letter queue or a destination is sent, and its form at each kind of target. Pure."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime

from lambdacli.model import limits
from lambdacli.model.arn import FunctionKey
from lambdacli.model.credentials import Credentials
from lambdacli.model.record import record

BUS_SOURCE = "lambda"

LIMITS = {
    "sqs": limits.QUEUE_MESSAGE_BYTES,
    "sns": limits.TOPIC_MESSAGE_BYTES,
    "events": limits.BUS_ENTRY_BYTES,
    "lambda": limits.EVENT_REQUEST_BYTES,
}
"""Bytes of one message, by the service in a target's ARN. An object of S3 can be larger than any message."""


@record
class Sender:
    """The function that an event was for: what is sent, is sent in its role's name."""

    function: FunctionKey
    role_arn: str
    credentials: Credentials


@record
class Attribute:
    """An attribute of a queue's or a topic's message."""

    kind: str
    """`String` or `Number`."""
    value: str


@record
class Message:
    """One thing to send, in no target's form yet."""

    body: bytes
    request_id: str
    """Of the event."""
    function_arn: str
    """With its qualifier."""
    sent_at: datetime
    """The same on every try, as all of it."""
    is_success: bool = False
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    trace_header: str | None = None
    folder: str = ""
    """Of the object that a bucket gets; otherwise the one of events of this function."""


@record
class BusEntry:
    """A message as an event bus takes it."""

    source: str
    detail_type: str
    resources: tuple[str, ...]
    detail: bytes
    time: datetime

    @property
    def size(self) -> int:
        """As EventBridge counts it; the time is 14 bytes to it."""
        texts = (self.source, self.detail_type, *self.resources)
        return 14 + len(self.detail) + sum(len(text.encode()) for text in texts)


class TargetError(Exception):
    """It was not sent, or it is not known to be: what happened, and what to do.

    `is_final`: trying again cannot help."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.is_final = is_final


def service_of(arn: str) -> str:
    fields = arn.split(":", 5)
    return fields[2] if fields[0] == "arn" and len(fields) == 6 else ""


def is_first_in_first_out(arn: str) -> bool:
    """Lambda sends to no queue or topic of this kind."""
    return service_of(arn) in ("sqs", "sns") and arn.endswith(".fifo")


def bus_entry(message: Message, bus_arn: str) -> BusEntry:
    result = "Success" if message.is_success else "Failure"
    return BusEntry(
        BUS_SOURCE,
        f"Lambda Function Invocation Result - {result}",
        (bus_arn, message.function_arn),
        message.body,
        message.sent_at,
    )


def object_key(message: Message) -> str:
    """A second try of the same message writes the same object."""
    at = message.sent_at.astimezone(UTC)
    name = message.function_arn.split(":")[6]
    digest = hashlib.sha256(f"{message.function_arn} {message.request_id} {at.isoformat()}".encode()).digest()
    unique = uuid.UUID(bytes=digest[:16], version=4)
    folder = message.folder or f"aws/lambda/async/{name}"
    return f"{folder}/{at:%Y/%m/%d}/{at:%Y-%m-%dT%H.%M.%S}-{unique}"


def size_at(message: Message, arn: str) -> int:
    """The bytes that count for the limit of this target."""
    if service_of(arn) == "events":
        return bus_entry(message, arn).size
    attributes = (part for name, each in message.attributes.items() for part in (name, each.kind, each.value))
    return len(message.body) + sum(len(part.encode()) for part in attributes)


def is_too_large(message: Message, arn: str) -> bool:
    limit = LIMITS.get(service_of(arn))
    return limit is not None and size_at(message, arn) > limit


def timestamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
