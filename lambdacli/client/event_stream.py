"""Reads AWS's event-stream encoding: messages of headers and a payload, as their bytes come."""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lambdacli.client.http import AnswerLost

_PRELUDE_BYTES, _CHECKSUM_BYTES = 12, 4
_MESSAGE_BYTES_MAXIMUM = 24 * 1024 * 1024
_STRING = 7


@dataclass(frozen=True, slots=True)
class Message:
    headers: dict[str, str]
    payload: bytes


def messages(pieces: Iterable[bytes]) -> Iterator[Message]:
    """Each message as soon as it is whole."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= _PRELUDE_BYTES:
            total, headers, checksum = struct.unpack_from(">III", held)
            if checksum != binascii.crc32(held[:8]) or total > _MESSAGE_BYTES_MAXIMUM:
                raise AnswerLost("the answer is no event stream")
            if len(held) < total:
                break
            yield _message(bytes(held[:total]), headers)
            del held[:total]
    if held:
        raise AnswerLost("the answer ended in the middle of a message")


def _message(data: bytes, headers_bytes: int) -> Message:
    end = len(data) - _CHECKSUM_BYTES
    if binascii.crc32(data[:end]) != int.from_bytes(data[end:], "big"):
        raise AnswerLost("a message of the answer was damaged on its way")
    start = _PRELUDE_BYTES + headers_bytes
    return Message(_headers(data[_PRELUDE_BYTES:start]), data[start:end])


def _headers(data: bytes) -> dict[str, str]:
    """Those whose value is a string; Lambda sends no others."""
    found, at = {}, 0
    while at < len(data):
        name_end = at + 1 + data[at]
        value_start = name_end + 3
        if data[name_end] != _STRING:
            raise AnswerLost("a message of the answer has a header of another type than text")
        value_end = value_start + int.from_bytes(data[name_end + 1 : value_start], "big")
        found[data[at + 1 : name_end].decode()] = data[value_start:value_end].decode()
        at = value_end
    return found
