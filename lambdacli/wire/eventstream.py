"""AWS's encoding of event streams (application/vnd.amazon.eventstream): headers and a payload. Pure."""

from __future__ import annotations

import struct
from binascii import crc32
from collections.abc import Mapping, Sequence
from functools import lru_cache

CONTENT_TYPE = "application/vnd.amazon.eventstream"

_PRELUDE = struct.Struct(">II")
_CHECKSUM = struct.Struct(">I")
_STRING = 7
"""The type of a header's value; Lambda's messages have no other."""


def event(name: str, content_type: str, payload: Sequence[bytes]) -> Sequence[bytes]:
    """In parts, as the payload is."""
    return _message(_event_headers(name, content_type), payload)


def error(code: str, text: str) -> Sequence[bytes]:
    """The stream ends by a fault that no event of it stands for."""
    told = {":message-type": "error", ":error-code": code, ":error-message": text}
    return _message(_headers(told), ())


def _message(headers: bytes, payload: Sequence[bytes]) -> Sequence[bytes]:
    size = _PRELUDE.size + 8 + len(headers) + sum(map(len, payload))
    prelude = _PRELUDE.pack(size, len(headers))
    head = b"".join((prelude, _CHECKSUM.pack(crc32(prelude)), headers))
    checksum = crc32(head)
    for part in payload:
        checksum = crc32(part, checksum)
    return (head, *payload, _CHECKSUM.pack(checksum))


@lru_cache(maxsize=32)
def _event_headers(name: str, content_type: str) -> bytes:
    return _headers({":message-type": "event", ":event-type": name, ":content-type": content_type})


def _headers(fields: Mapping[str, str]) -> bytes:
    return b"".join(_header(name.encode(), value.encode()) for name, value in fields.items())


def _header(name: bytes, value: bytes) -> bytes:
    return struct.pack(f">B{len(name)}sBH", len(name), name, _STRING, len(value)) + value
