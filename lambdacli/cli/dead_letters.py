"""What a message of a dead-letter queue or of a destination tells, and whether it is sent again. Pure."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from lambdacli.client.sqs import QueueMessage

DEAD_LETTERS, DESTINATION = "dlq", "destination"


@dataclass(frozen=True, slots=True)
class Letter:
    """An event that came to its end without success."""

    request_id: str | None
    error: str
    payload: bytes | None
    """None: it is not in the message."""
    function_arn: str | None = None
    """With its qualifier; a dead letter does not tell."""
    is_success: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    why: str


def read(message: QueueMessage, source: str) -> Letter | Leave:
    return _dead_letter(message) if source == DEAD_LETTERS else _record(message)


def _dead_letter(message: QueueMessage) -> Letter | Leave:
    told = message.attributes
    if "RequestID" not in told and isinstance(_record(message), Letter):
        # Of a destination with the same queue: an event of its own it is not.
        return Leave("a destination's record, which `--from destination` reads")
    error = " ".join(told[name] for name in ("ErrorCode", "ErrorMessage") if told.get(name))
    return Letter(told.get("RequestID"), error, message.body)


def _record(message: QueueMessage) -> Letter | Leave:
    """The payload is taken out as the bytes that it is."""
    import msgspec

    not_one = Leave("not a record of Lambda")
    try:
        record = msgspec.json.decode(message.body, type=dict[str, msgspec.Raw])
        context = msgspec.json.decode(record["requestContext"])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return not_one
    if not isinstance(context, dict) or "functionArn" not in context:
        return not_one
    payload = record.get("requestPayload")
    condition = str(context.get("condition", ""))
    return Letter(
        request_id=str(context.get("requestId", "")) or None,
        error=" ".join([condition, *_error_message(record.get("responsePayload"))]),
        payload=None if payload is None else bytes(payload),
        function_arn=str(context["functionArn"]),
        is_success=condition == "Success",
    )


def _error_message(payload: object) -> list[str]:
    import msgspec

    try:
        answer = msgspec.json.decode(bytes(payload)) if isinstance(payload, msgspec.Raw) else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return [str(answer["errorMessage"])] if isinstance(answer, dict) and answer.get("errorMessage") else []


def why_left(letter: Letter, function_arn: str, sent: Container[str]) -> str | None:
    """None: it is to be sent again. `function_arn` has its qualifier; `sent` are request ids of events that
    this redrive made."""
    if letter.is_success:
        return "it tells of a success"
    if letter.function_arn is not None and letter.function_arn != function_arn:
        return f"it is of {name_in(letter.function_arn)}"
    if letter.request_id is not None and letter.request_id in sent:
        return "it was sent again just now, and failed again"
    if letter.payload is None:
        return "the event is not in the record: it was too large for it"
    return None


def name_in(function_arn: str) -> str:
    """Of a function, as people write it: with its version or alias."""
    return ":".join(function_arn.split(":")[6:])
