"""Messages between the service and what it has started: four bytes of length, big endian, and that much JSON;
descriptors travel with the length. Two words that are sent at every invocation are four bytes in all."""

from __future__ import annotations

import array
import json
import os
import socket
from collections.abc import Sequence
from typing import Any

FREEZE = b"\xff\xff\xff\x01"
THAW = b"\xff\xff\xff\x02"
STANDBY_FD = 63
"""Where a runtime that prepares itself ahead says so, waits for its start, and tells what to prepare."""
MOST_DESCRIPTORS = 64
"""That travel with one message."""


def receive(connection: socket.socket) -> tuple[Any, list[int]]:
    """One message with its descriptors: a dict, FREEZE or THAW; (None, []) when the other end is gone."""
    try:
        head, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_SPACE(MOST_DESCRIPTORS * 4))
        descriptors = array.array("i")
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(payload[: len(payload) - len(payload) % descriptors.itemsize])
        head += receive_exactly(connection, 4 - len(head))
        if head in (FREEZE, THAW):
            return head, []
        return json.loads(receive_exactly(connection, int.from_bytes(head, "big"))), list(descriptors)
    except (ConnectionError, EOFError):
        return None, []


def receive_exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def tell(connection: socket.socket, message: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
    """Who is not there any more needs not be told."""
    data = json.dumps(message).encode()
    length = len(data).to_bytes(4, "big")
    try:
        if descriptors:
            rights = array.array("i", descriptors)
            connection.sendmsg([length], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
            connection.sendall(data)
        else:
            connection.sendall(length + data)
    except OSError:
        pass


def failure(event: str, error: Exception) -> dict[str, Any]:
    """A wall that could not be put up is told by its step; what an OSError has is its number."""
    number = getattr(error, "number", None) or getattr(error, "errno", None)
    text = os.strerror(number) if number else str(error)
    return {"event": event, "errno": number, "text": text, "step": getattr(error, "step", "")}
