"""The wire form of every operation, read from the model: route, parse, serialise. Names no operation."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from lambdacli.api.json_errors import explain
from lambdacli.api.shapes import Member, Model, Operation, Shape, load_model
from lambdacli.model.errors import RequestError, SerializationException
from lambdacli.wire.http import Response
from lambdacli.wire.messages import Pieces

__all__ = ["Model", "Operation", "load_model", "parse", "route", "serialise", "serialise_error"]

QueryPairs = list[tuple[str, str]]

# What the model does not know: status, and how the message member is spelled.
_UNMODELLED = {
    "ValidationException": (400, "message"),
    "SerializationException": (400, "Message"),
    "RequestEntityTooLargeException": (413, "message"),
    "AccessDeniedException": (403, "Message"),
    "MissingAuthenticationTokenException": (403, "message"),
    "IncompleteSignatureException": (403, "message"),
    "InvalidSignatureException": (403, "message"),
    "UnrecognizedClientException": (403, "message"),
    "UnknownOperationException": (404, "message"),
    "NotBuiltException": (501, "message"),
}

_INTEGER = re.compile(r"[+-]?\d{1,100}", re.ASCII)
"""Longer ones are out of range anyway, and Python refuses to read very long ones."""

_BITS = {"integer": 32, "long": 64}


# Route


def route(
    model: Model, method: str, raw_path: str, query: QueryPairs
) -> tuple[Operation, dict[str, str]] | None:
    """The operation behind a path, and its URI members, decoded: a slash inside one is `%2F` until here."""
    segments = raw_path.strip("/").split("/")
    for operation in model.routes.get((method, segments[0], len(segments)), ()):
        uri = _match(operation.segments, segments)
        if uri is not None and all(pair in query for pair in operation.literal_query):
            return operation, uri
    return None


def _match(template: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for expected, segment in zip(template, segments, strict=True):
        if expected.startswith("{") and segment:
            found[expected[1:-1]] = unquote(segment)
        elif expected != segment:
            return None
    return found


# Parse


def parse_query(query: str) -> QueryPairs:
    return parse_qsl(query, keep_blank_values=True) if query else []


def parse(
    operation: Operation, uri: Mapping[str, str], query: QueryPairs, headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    """The request as the members of the operation's input shape; absent ones are missing, not None."""
    shape = operation.input
    if shape is None:
        return {}
    found: dict[str, Any] = {}
    has_body_members = False
    for member in shape.members.values():
        if member.location is None:
            has_body_members = True
            continue
        value = _located(member, uri, query, headers)
        if value is not None:
            found[member.name] = value
    if shape.payload is not None:
        found.update(payload_members(shape, body))
    elif has_body_members:
        found.update(_structure_from_json(shape, _json_body(body)))
    return found


def _located(member: Member, uri: Mapping[str, str], query: QueryPairs, headers: Mapping[str, str]) -> Any:
    if member.location == "uri":
        return _from_text(member.shape, uri[member.wire_name])
    if member.location == "querystring":
        values = [value for name, value in query if name == member.wire_name]
        if not values:
            return None
        if member.shape.element is not None:
            return [_from_text(member.shape.element, value) for value in values]
        return _from_text(member.shape, values[-1])
    text = headers.get(member.wire_name.lower())
    return None if text is None else _from_text(member.shape, text)


def payload_members(shape: Shape, body: bytes) -> dict[str, Any]:
    """What the body says of a shape that has a payload member."""
    assert shape.payload is not None
    member = shape.members[shape.payload]
    if member.shape.type == "blob":
        return {member.name: body} if body or member.name in shape.required else {}
    return {member.name: _structure_from_json(member.shape, _json_body(body))} if body else {}


def _from_text(shape: Shape, text: str) -> Any:
    match shape.type:
        case "integer" | "long":
            if _INTEGER.fullmatch(text) is None or not _fits(shape, number := int(text)):
                raise SerializationException(f"'{text}' can not be converted to an {shape.type.capitalize()}")
            return number
        case "boolean":
            if text.lower() not in ("true", "false"):
                raise SerializationException(f"'{text}' can not be converted to a Boolean")
            return text.lower() == "true"
        case "timestamp":
            return _moment(text)
        case _:
            return text


def _json_body(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = explain(body) or error
        raise SerializationException(f"Could not parse request body into json: {reason}") from None
    if not isinstance(value, dict):
        raise SerializationException("Start of structure or map expected as the request body.")
    return value


def _structure_from_json(shape: Shape, value: dict[str, Any]) -> dict[str, Any]:
    return {
        member.name: _from_json(member.shape, value[member.wire_name])
        for member in shape.members.values()
        if member.location is None and value.get(member.wire_name) is not None
    }


def _from_json(shape: Shape, value: Any) -> Any:
    match shape.type:
        case "structure":
            _expect(isinstance(value, dict), value, "structure")
            return _structure_from_json(shape, value)
        case "list":
            _expect(isinstance(value, list), value, "list")
            assert shape.element is not None
            # A null stays: validation says that it must not be.
            return [None if item is None else _from_json(shape.element, item) for item in value]
        case "map":
            _expect(isinstance(value, dict), value, "map")
            assert shape.value is not None
            return {
                key: None if item is None else _from_json(shape.value, item) for key, item in value.items()
            }
        case "string":
            _expect(isinstance(value, str), value, "String")
            return value
        case "boolean":
            _expect(isinstance(value, bool), value, "Boolean")
            return value
        case "integer" | "long":
            # A fraction is cut off; the class that AWS names for a JSON number says as much.
            _expect(_is_number(value) and _fits(shape, value), value, shape.type.capitalize())
            return int(value)
        case "double" | "float":
            _expect(_is_number(value), value, shape.type.capitalize())
            return float(value)
        case "timestamp":
            _expect(_is_number(value) or isinstance(value, str), value, "Timestamp")
            return _moment(value) if isinstance(value, str) else _since_epoch(value)
        case "blob":
            _expect(isinstance(value, str), value, "Blob")
            return _blob(value)
    raise AssertionError(f"the model has a type that this module does not know: {shape.type}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _fits(shape: Shape, number: float) -> bool:
    bound = 1 << (_BITS[shape.type] - 1)
    return math.isfinite(number) and -bound <= int(number) < bound


_JSON_KINDS = {
    bool: "class java.lang.Boolean",
    str: "class java.lang.String",
    int: "class com.amazon.coral.value.json.numbers.TruncatingBigNumber",
    float: "class com.amazon.coral.value.json.numbers.TruncatingBigNumber",
}


def _expect(holds: bool, value: Any, wanted: str) -> None:
    """Refuses a JSON value of the wrong kind in the words of AWS's own deserialiser."""
    if holds:
        return
    if isinstance(value, dict):
        raise SerializationException("Start of structure or map found where not expected.")
    if isinstance(value, list):
        raise SerializationException("Start of list found where not expected")
    raise SerializationException(f"{_JSON_KINDS[type(value)]} can not be converted to an {wanted}")


def _blob(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SerializationException("Invalid base64 in a member that holds bytes") from None


def _moment(text: str) -> datetime:
    """ISO 8601, epoch seconds, or a date as HTTP headers write it."""
    try:
        seconds = float(text)
    except ValueError:
        pass
    else:
        return _since_epoch(seconds)
    from email.utils import parsedate_to_datetime  # a third of a megabyte that few requests need

    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
        except (ValueError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise SerializationException(f"'{text}' can not be converted to a Timestamp")


def _since_epoch(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise SerializationException(f"'{seconds}' can not be converted to a Timestamp") from None


# Serialise


def serialise(operation: Operation, result: Mapping[str, Any], request_id: str) -> Response:
    """An operation's result as it goes out. An event stream's payload is handed in already encoded."""
    headers = {"Content-Type": "application/json", "x-amzn-RequestId": request_id}
    response = Response(operation.status, headers)
    shape = operation.output
    if shape is None:
        return response
    content: dict[str, Any] = {}
    has_content = False
    for member in shape.members.values():
        value = result.get(member.name)
        if member.location == "statusCode":
            response.status = operation.status if value is None else value
        elif member.location == "header":
            if value is not None:
                headers[member.wire_name] = _to_text(member.shape, value)
        elif member.name == shape.payload:
            response.body = _payload_bytes(member.shape, value)
        else:
            has_content = True
            if value is not None:
                content[member.wire_name] = _to_json(member.shape, value)
    if has_content and response.status != 204:
        response.body = msgspec.json.encode(content)
    return response


def _payload_bytes(shape: Shape, value: Any) -> bytes | Pieces:
    if value is None:
        return b""
    if shape.type == "blob" or shape.is_event_stream:
        payload: bytes | Pieces = value
        return payload
    return msgspec.json.encode(_to_json(shape, value))


def _to_text(shape: Shape, value: Any) -> str:
    match shape.type:
        case "boolean":
            return str(value).lower()
        case "timestamp":
            from email.utils import format_datetime

            return format_datetime(value.astimezone(UTC), usegmt=True)
        case _:
            return str(value)


def _to_json(shape: Shape, value: Any) -> Any:
    match shape.type:
        case "structure":
            return {
                member.wire_name: _to_json(member.shape, value[member.name])
                for member in shape.members.values()
                if value.get(member.name) is not None
            }
        case "list":
            assert shape.element is not None
            return [_to_json(shape.element, item) for item in value]
        case "map":
            assert shape.value is not None
            return {key: _to_json(shape.value, item) for key, item in value.items()}
        case "timestamp":
            seconds: float = value.timestamp()
            return int(seconds) if seconds.is_integer() else seconds
        case "blob":
            return base64.b64encode(value).decode()
        case _:
            return value


# Errors


def serialise_error(model: Model, error: RequestError, request_id: str) -> Response:
    """An error's status, headers and body; `error.members` are its further modelled members by name."""
    shape = model.errors.get(error.code)
    if shape is not None:
        status, message_member, members = shape.status, shape.message_member, shape.members
    else:
        (status, message_member), members = _UNMODELLED[error.code], {}
    headers = {
        "Content-Type": "application/json",
        "x-amzn-RequestId": request_id,
        "x-amzn-ErrorType": error.code,
    }
    body: dict[str, Any] = {}
    for name, value in error.members.items():
        if members[name].location == "header":
            headers[members[name].wire_name] = value
        else:
            body[members[name].wire_name] = value
    if error.has_type:
        body["Type"] = "User" if status < 500 else "Service"
    body[message_member] = error.message
    return Response(status, headers, msgspec.json.encode(body))
