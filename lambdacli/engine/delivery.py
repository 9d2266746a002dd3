"""Who hears of an event's ending, and what: dead letters and destination records. Pure."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum

import msgspec

from lambdacli.model.arn import LATEST
from lambdacli.model.delivery import Attribute, Message, is_too_large, timestamp
from lambdacli.model.event import Condition, Ending, Event
from lambdacli.model.event_invoke import EventInvokeConfig
from lambdacli.model.limits import DEAD_LETTER_ERROR_BYTES
from lambdacli.model.outcome import Outcome
from lambdacli.model.record import record

_VERSION = "1.0"
_FUNCTION_ERROR_STATUS = 200
_STATUSES = {
    "TooManyRequestsException": 429,
    "RecursiveInvocationException": 400,
    "ResourceNotFoundException": 404,
    "ServiceException": 500,
}
_THROTTLED = (429, "Rate Exceeded.")
_READ_OVER = msgspec.json.Decoder(msgspec.Raw)


class Role(StrEnum):
    """As what somebody hears of an ending."""

    DEAD_LETTER_QUEUE = "dead-letter queue"
    ON_SUCCESS = "destination on success"
    ON_FAILURE = "destination on failure"

    @property
    def metric(self) -> str:
        """Counted when it could not be told."""
        return "DeadLetterErrors" if self is Role.DEAD_LETTER_QUEUE else "DestinationDeliveryFailures"


@record
class Notice:
    """What one of those who are set to hear of an ending is sent."""

    role: Role
    arn: str
    message: Message

    def __str__(self) -> str:
        return f"{self.role} {self.arn}"


def notices(
    ending: Ending,
    dead_letter_target: str | None,
    config: EventInvokeConfig | None,
    trace_header: str | None = None,
) -> list[Notice]:
    """`trace_header` is the one that the function was given, for what is sent to go on with its chain."""
    if ending.condition is Condition.SUCCESS:
        arn = None if config is None else config.on_success
        return _records(Role.ON_SUCCESS, arn, ending, trace_header)
    found = _records(Role.ON_FAILURE, None if config is None else config.on_failure, ending, trace_header)
    if dead_letter_target is not None:
        letter = dead_letter_message(ending, trace_header)
        found.append(Notice(Role.DEAD_LETTER_QUEUE, dead_letter_target, letter))
    return found


def dead_letter_message(ending: Ending, trace_header: str | None = None) -> Message:
    """The event as it came; why it is here stands in the attributes."""
    status, error = _error(ending)
    attributes = {
        "RequestID": Attribute("String", ending.event.request_id),
        "ErrorCode": Attribute("Number", str(status)),
    }
    # An attribute without a value is refused by the services.
    if error:
        attributes["ErrorMessage"] = Attribute("String", error)
    return replace(_message(ending, ending.event.payload, trace_header), attributes=attributes)


def destination_message(ending: Ending, arn: str, trace_header: str | None = None) -> Message:
    """A record of a failure that is too large for its destination goes without the answer, and if that is not
    enough without the event. Lambda is documented to drop «the payload» where the destination is a topic; how
    the record then looks was never recorded. One of a success stays as it is: it cannot be delivered."""
    full = _message(ending, destination_record(ending), trace_header)
    if ending.condition is Condition.SUCCESS or not is_too_large(full, arn):
        return full
    without_answer = replace(full, body=destination_record(ending, with_answer=False))
    if not is_too_large(without_answer, arn):
        return without_answer
    return replace(full, body=destination_record(ending, with_answer=False, with_event=False))


def destination_record(ending: Ending, *, with_answer: bool = True, with_event: bool = True) -> bytes:
    """Event and answer are put in as the bytes that they are."""
    event, outcome = ending.event, ending.outcome
    context = {
        "requestId": event.request_id,
        "functionArn": _function_arn(event),
        "condition": ending.condition.value,
        "approximateInvokeCount": event.attempts,
    }
    members = {
        "version": _json(_VERSION),
        "timestamp": _json(timestamp(ending.ended_at)),
        "requestContext": _json(context),
    }
    if with_event:
        members["requestPayload"] = event.payload
    # Of an event whose code never ran there is nothing to tell.
    if outcome is not None:
        members["responseContext"] = _json(_response_context(outcome))
        if with_answer:
            members["responsePayload"] = _answer(outcome.payload)
    return b"{" + b",".join(b'"%s":%s' % (name.encode(), value) for name, value in members.items()) + b"}"


def _records(role: Role, arn: str | None, ending: Ending, trace_header: str | None) -> list[Notice]:
    if arn is None:
        return []
    return [Notice(role, arn, destination_message(ending, arn, trace_header))]


def _message(ending: Ending, body: bytes, trace_header: str | None) -> Message:
    return Message(
        body=body,
        request_id=ending.event.request_id,
        function_arn=_function_arn(ending.event),
        sent_at=ending.ended_at,
        is_success=ending.condition is Condition.SUCCESS,
        trace_header=trace_header,
    )


def _function_arn(event: Event) -> str:
    return event.function.qualified_arn(event.qualifier or LATEST)


def _response_context(outcome: Outcome) -> dict[str, object]:
    context: dict[str, object] = {
        "statusCode": _FUNCTION_ERROR_STATUS,
        "executedVersion": outcome.executed_version,
    }
    if outcome.function_error is not None:
        context["functionError"] = outcome.function_error
    return context


def _answer(payload: bytes) -> bytes:
    """A runtime may answer anything; what is no JSON stands in the record as text."""
    if not payload:
        return b"null"
    try:
        payload.decode()  # the reader does not look into strings
        _READ_OVER.decode(payload)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return _json(payload.decode(errors="replace"))
    return payload


def _error(ending: Ending) -> tuple[int, str]:
    """The status and the text of a dead letter."""
    if ending.outcome is not None:
        return _FUNCTION_ERROR_STATUS, _fitting(_error_message(ending.outcome.payload))
    if ending.refusal is None:
        return _THROTTLED
    return _STATUSES.get(ending.refusal.code, 500), _fitting(ending.refusal.message)


class _FunctionError(msgspec.Struct):
    message: object = msgspec.field(default=None, name="errorMessage")


_READ_ERROR = msgspec.json.Decoder(_FunctionError)


def _error_message(payload: bytes) -> str:
    try:
        message = _READ_ERROR.decode(payload).message
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return payload.decode(errors="replace")
    if message is None:
        return ""
    return message if isinstance(message, str) else json.dumps(message)


def _fitting(text: str) -> str:
    """SQS refuses characters that XML does not know, as the escape of a coloured message."""
    readable = "".join(
        character if _is_taken(ord(character)) else "\N{REPLACEMENT CHARACTER}"
        for character in text[:DEAD_LETTER_ERROR_BYTES]
    )
    return readable.encode(errors="replace")[:DEAD_LETTER_ERROR_BYTES].decode(errors="ignore")


def _is_taken(code: int) -> bool:
    return code in (0x9, 0xA, 0xD) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code > 0xFFFF


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
