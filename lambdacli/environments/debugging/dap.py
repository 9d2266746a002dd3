"""The Debug Adapter Protocol, as debugpy and rdbg speak it: does a breakpoint hold? Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

LARGEST_MESSAGE_BYTES = 64 * 1024 * 1024
_LONGEST_HEAD_BYTES = 16 * 1024

_GOES_ON = frozenset(
    {"continue", "next", "stepIn", "stepOut", "stepBack", "reverseContinue", "goto", "restart", "disconnect"}
)
"""Requests after which the function runs. Adapters need not tell that by an event of its own, and the next
breakpoint may be told of before the answer: the request itself counts, unless it is refused."""


class Messages:
    """Cuts one direction of the stream into messages. What is no such stream has none."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None
        """Of the message whose head has come."""
        self._is_readable = True

    def feed(self, piece: bytes) -> Iterator[dict[str, Any]]:
        if not self._is_readable:
            return
        self._buffer += piece
        while (body := self._next_body()) is not None:
            try:
                message = json.loads(body)
            except (ValueError, RecursionError):
                continue
            if isinstance(message, dict):
                yield message

    def _next_body(self) -> bytes | None:
        if self._length is None and not self._take_head():
            return None
        assert self._length is not None
        if len(self._buffer) < self._length:
            return None
        body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        self._length = None
        return body

    def _take_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n", 0, _LONGEST_HEAD_BYTES)
        if end >= 0:
            self._length = _length(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
        elif len(self._buffer) < _LONGEST_HEAD_BYTES:
            return False
        if self._length is None:
            self._is_readable, self._buffer = False, bytearray()
        return self._length is not None


def _length(head: bytes) -> int | None:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            length = int(value)
            return length if length <= LARGEST_MESSAGE_BYTES else None
    return None


def encoded(message: dict[str, Any]) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class AdapterWatch:
    greeting = b"Content-Length:"
    is_alone = True

    def __init__(self) -> None:
        self.is_attached = False
        self.is_held = False
        self._from_editor = Messages()
        self._from_adapter = Messages()
        self._last_number = 0
        self._last_request = 0
        self._released: set[object] = set()
        """Requests that are to end a hold, until they are answered."""
        self.is_parted = False
        self._has_left = False
        self._wants_restart = False
        self._is_over = False

    def heard_from_editor(self, piece: bytes) -> None:
        for message in self._from_editor.feed(piece):
            number, command = message.get("seq"), message.get("command")
            self._last_request = number if isinstance(number, int) else self._last_request + 1
            if command == "attach":
                arguments = message.get("arguments")
                self._wants_restart = isinstance(arguments, dict) and bool(arguments.get("restart"))
            if command in _GOES_ON and self.is_held:
                self.is_held = False
                self._released.add(number)
            self._has_left = self._has_left or command == "disconnect"

    def heard_from_debugger(self, piece: bytes) -> None:
        for message in self._from_adapter.feed(piece):
            number = message.get("seq")
            self._last_number = number if isinstance(number, int) else self._last_number + 1
            match message.get("type"):
                case "event":
                    self._happened(message.get("event"))
                case "response":
                    self._answered(message)

    def _happened(self, event: object) -> None:
        match event:
            case "stopped":
                self.is_held = True
            case "continued":
                self.is_held = False
            case "terminated":
                self.is_held, self._is_over = False, True

    def _answered(self, message: dict[str, Any]) -> None:
        request = message.get("request_seq")
        if message.get("command") == "disconnect":
            self.is_parted = True
        elif not message.get("success"):
            self.is_held = self.is_held or request in self._released
        elif message.get("command") == "configurationDone":
            self.is_attached = True
        self._released.discard(request)

    def parting(self) -> bytes:
        """An adapter may take a lost connection for the end of the program."""
        if self._has_left or not self._last_request:
            return b""
        self._has_left = True
        arguments = {"restart": False, "terminateDebuggee": False}
        request = {"type": "request", "command": "disconnect", "arguments": arguments}
        return encoded({"seq": self._last_request + 1, **request})

    def farewell(self) -> bytes:
        """The editor ends its session, and begins another one if its configuration says `restart`."""
        if self._is_over:
            return b""
        self._is_over = True
        body = {"restart": True} if self._wants_restart else {}
        return self._said({"type": "event", "event": "terminated", "body": body})

    def answer(self, piece: bytes) -> bytes:
        return b"".join(
            self._said(
                {
                    "type": "response",
                    "request_seq": message.get("seq"),
                    "command": message.get("command"),
                    "success": message.get("command") in ("disconnect", "terminate"),
                    **(
                        {}
                        if message.get("command") == "disconnect"
                        else {"message": "The function has ended."}
                    ),
                }
            )
            for message in self._from_editor.feed(piece)
            if message.get("type") == "request"
        )

    def _said(self, message: dict[str, Any]) -> bytes:
        self._last_number += 1
        return encoded({"seq": self._last_number, **message})
