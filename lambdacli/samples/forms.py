"""What the functions of a template (`{"=name": argument}`) do with their filled argument. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus

from lambdacli.samples.paths import value_at


def text_of(value: Any) -> str:
    """As it stands within a text: texts as they are, everything else as JSON without blanks."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def bytes_of(value: Any) -> bytes:
    return value if isinstance(value, bytes) else text_of(value).encode("utf-8", "surrogateescape")


def _base64(value: Any) -> str:
    return base64.b64encode(bytes_of(value)).decode()


def _gzip(value: Any) -> str:
    """Stored, not deflated: what zlib makes differs with its version, and equal seeds give equal bytes."""
    content = bytes_of(value)
    stored = zlib.compressobj(0, zlib.DEFLATED, -zlib.MAX_WBITS)
    deflated = stored.compress(content) + stored.flush()
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    return _base64(head + deflated + struct.pack("<II", binascii.crc32(content), len(content) & 0xFFFFFFFF))


def _md5(value: Any) -> str:
    return hashlib.md5(bytes_of(value), usedforsecurity=False).hexdigest()


# Queries and headers


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query.removeprefix("?"), keep_blank_values=True)


def _query_last(query: str) -> dict[str, str] | None:
    return dict(_pairs(query)) or None


def _query_lists(query: str) -> dict[str, list[str]] | None:
    lists: dict[str, list[str]] = {}
    for name, value in _pairs(query):
        lists.setdefault(name, []).append(value)
    return lists or None


def _query_joined(query: str) -> dict[str, str] | None:
    return {name: ",".join(values) for name, values in (_query_lists(query) or {}).items()} or None


def _query_as_sent(query: str) -> dict[str, str]:
    """Names and values still encoded."""
    parts = [part.partition("=") for part in query.removeprefix("?").split("&") if part]
    return {name: value for name, _, value in parts}


def _query_as_sent_lists(query: str) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for part in filter(None, query.removeprefix("?").split("&")):
        name, _, value = part.partition("=")
        lists.setdefault(name, []).append(value)
    return lists


def _path_and_query(arguments: list[str]) -> str:
    path, query = arguments
    return f"{path}?{query}" if query else path


def _stage_path(arguments: list[str]) -> str:
    """Where a request's path begins with its stage."""
    stage, path = arguments
    return path if stage == "$default" else f"/{stage}{path}"


def _merge(maps: list[dict[str, Any]]) -> dict[str, Any]:
    """Names as headers have them: one that differs in its capitals only takes the other's place."""
    merged: dict[str, Any] = {}
    for each in maps:
        for name, value in (each or {}).items():
            same = next((other for other in merged if other.lower() == name.lower()), None)
            if same is not None:
                del merged[same]
            merged[name] = value
    return merged


def _lower_names(headers: dict[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in headers.items()}


def _edge_headers(headers: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    return {name.lower(): [{"key": name, "value": value}] for name, value in headers.items()}


# Attributes of messages


def _attribute(told: Any) -> tuple[str, Any]:
    """(type, value) of a plain value, or of one that has its type with it."""
    if isinstance(told, dict) and {"Type", "Value"} <= told.keys():
        return told["Type"], told["Value"]
    if isinstance(told, list):
        return "String.Array", text_of(told)
    if isinstance(told, int | float) and not isinstance(told, bool):
        return "Number", text_of(told)
    return "String", text_of(told)


def _sns_attributes(attributes: dict[str, Any]) -> dict[str, Any]:
    typed = {name: _attribute(told) for name, told in attributes.items()}
    return {name: {"Type": kind, "Value": value} for name, (kind, value) in typed.items()}


def _sqs_attributes(attributes: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, told in attributes.items():
        kind, value = _attribute(told)
        member = "binaryValue" if kind.startswith("Binary") else "stringValue"
        found[name] = {member: value, "stringListValues": [], "binaryListValues": [], "dataType": kind}
    return found


def _sqs_attributes_md5(attributes: dict[str, Any]) -> str | None:
    """The digest SQS tells of them, None without any."""
    if not attributes:
        return None
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        kind, value = _attribute(attributes[name])
        is_binary = kind.startswith("Binary")
        content = base64.b64decode(value) if is_binary else value.encode()
        for part in (name.encode(), kind.encode()):
            digest.update(struct.pack("!I", len(part)) + part)
        digest.update((b"\2" if is_binary else b"\1") + struct.pack("!I", len(content)) + content)
    return digest.hexdigest()


def _kafka_headers(headers: dict[str, Any]) -> list[dict[str, list[int]]]:
    return [{name: list(bytes_of(value))} for name, value in headers.items()]


def _rabbitmq_headers(headers: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"bytes": list(value.encode())} if isinstance(value, str) else value
        for name, value in headers.items()
    }


# DynamoDB


def _dynamodb(item: dict[str, Any]) -> dict[str, Any]:
    return {name: _attribute_value(value) for name, value in item.items()}


def _attribute_value(value: Any) -> dict[str, Any]:
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": text_of(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, list):
        return {"L": [_attribute_value(each) for each in value]}
    return {"M": _dynamodb(value)}


def _item_bytes(items: list[Any]) -> int:
    """Roughly what DynamoDB counts: names and values."""
    return sum(len(text_of(each)) for each in items if each)


# Everything else


def _pick(arguments: list[Any]) -> dict[str, Any]:
    found, names = arguments
    return {name: found[name] for name in names.split(",") if name in found}


def _compact(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not None and value != {}}


def _rename(arguments: list[Any]) -> dict[str, Any]:
    found, names = arguments
    return {names.get(name, name): value for name, value in found.items()}


def _lex_slots(slots: dict[str, str | None]) -> dict[str, Any]:
    return {
        name: None
        if value is None
        else {
            "shape": "Scalar",
            "value": {"originalValue": value, "resolvedValues": [value], "interpretedValue": value},
        }
        for name, value in slots.items()
    }


def _map(pairs: list[list[Any]]) -> dict[str, Any]:
    """A map whose keys are templates, too."""
    return {text_of(name): value for name, value in pairs}


FORMS: dict[str, Callable[[Any], Any]] = {
    "base64": _base64,
    "unbase64": base64.b64decode,
    "gzip": _gzip,
    "md5": _md5,
    "sha256": lambda value: hashlib.sha256(bytes_of(value)).hexdigest(),
    "json": text_of,
    "text": text_of,
    # As HTML forms do it, which is how S3 tells keys.
    "form_encoded": lambda value: quote_plus(value, safe="/"),
    "url_encoded": lambda value: quote(value, safe="/"),
    "joined": "".join,
    "equal": lambda arguments: arguments[0] == arguments[1],
    "padded": lambda arguments: f"{arguments[0]:0{arguments[1]}}",
    "sequencer": lambda digits: f"{int(digits):018X}",
    "length": lambda value: len(bytes_of(value)),
    "sum": sum,
    "query_last": _query_last,
    "query_lists": _query_lists,
    "query_joined": _query_joined,
    "query_or_empty": lambda query: _query_last(query) or {},
    "query_as_sent": _query_as_sent,
    "query_as_sent_lists": _query_as_sent_lists,
    "path_and_query": _path_and_query,
    "stage_path": _stage_path,
    "segments": lambda path: path.strip("/").split("/"),
    "lists": lambda found: {name: [value] for name, value in found.items()},
    "merge": _merge,
    "lower_names": _lower_names,
    "edge_headers": _edge_headers,
    "kafka_headers": _kafka_headers,
    "rabbitmq_headers": _rabbitmq_headers,
    "lex_slots": _lex_slots,
    "without_slash": lambda path: path.removeprefix("/"),
    "words": lambda value: value.split(",") if value else [],
    "sns_attributes": _sns_attributes,
    "sqs_attributes": _sqs_attributes,
    "sqs_attributes_md5": _sqs_attributes_md5,
    "dynamodb": _dynamodb,
    "item_bytes": _item_bytes,
    "pick": _pick,
    "compact": _compact,
    "rename": _rename,
    "map": _map,
    "nothing_if_empty": lambda value: value or None,
    "at": lambda arguments: value_at(arguments[0], arguments[1]),
}
