"""Node.js's inspector: HTTP, then the DevTools protocol in a WebSocket. Does a breakpoint hold? Pure."""

from __future__ import annotations

import re

KEPT_BYTES = 512
"""Of each message: its method stands at the beginning, and a message may be a heap snapshot."""

_PAUSED, _RESUMED = b'{"method":"Debugger.paused"', b'{"method":"Debugger.resumed"'
_MAIN = b""
_OF_A_WORKER = re.compile(
    rb'\{"method":"NodeWorker\.receivedMessageFromWorker","params":\{"sessionId":"([^"]*)",'
    rb'"message":"\{\\"method\\":\\"Debugger\.(paused|resumed)\\"'
)
_WORKER_LEFT = re.compile(rb'\{"method":"NodeWorker\.detachedFromWorker","params":\{"sessionId":"([^"]*)"')
_READY = b"Runtime.runIfWaitingForDebugger"
_GOING_AWAY = b"\x88\x02\x03\xe9"
"""A frame that closes a WebSocket, with its code 1001."""


class MessageBeginnings:
    """Cuts one direction of a WebSocket into messages, of which it keeps the beginnings; no extensions."""

    def __init__(self) -> None:
        self._buffer = b""
        self._left = -1
        """Of the frame's payload; before a header -1."""
        self._mask = b""
        self._taken = 0
        self._is_last = False
        self._is_control = False
        self._kept = b""

    @property
    def is_between_frames(self) -> bool:
        return self._left < 0 and not self._buffer

    def feed(self, piece: bytes) -> list[bytes]:
        found: list[bytes] = []
        self._buffer += piece
        while self._left >= 0 or self._read_header():
            part, self._buffer = self._buffer[: self._left], self._buffer[self._left :]
            self._keep(part)
            self._left -= len(part)
            self._taken += len(part)
            if self._left > 0:
                break
            self._left = -1
            if self._is_last and not self._is_control:
                found.append(self._kept)
                self._kept = b""
        return found

    def _read_header(self) -> bool:
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        length, end = buffer[1] & 0x7F, 2
        if length >= 126:
            end += 2 if length == 126 else 8
            length = int.from_bytes(buffer[2:end], "big")
        mask_end = end + (4 if buffer[1] & 0x80 else 0)
        if len(buffer) < mask_end:
            return False
        self._mask, self._taken, self._left = buffer[end:mask_end], 0, length
        self._is_last, self._is_control = bool(buffer[0] & 0x80), bool(buffer[0] & 0x08)
        self._buffer = buffer[mask_end:]
        return True

    def _keep(self, part: bytes) -> None:
        room = KEPT_BYTES - len(self._kept)
        if self._is_control or room <= 0:
            return
        part = part[:room]
        if self._mask:
            part = bytes(byte ^ self._mask[(self._taken + index) % 4] for index, byte in enumerate(part))
        self._kept += part


class InspectorWatch:
    greeting = b"GET "
    is_alone = False
    is_parted = True
    """It needs no word but the end of the connection."""

    def __init__(self) -> None:
        self.is_attached = False
        self._held: set[bytes] = set()
        """The main thread and workers that are."""
        self._is_upgraded = False
        self._head = b""
        self._body_left = 0
        self._from_editor = MessageBeginnings()
        self._from_runtime = MessageBeginnings()

    @property
    def is_held(self) -> bool:
        return bool(self._held)

    def heard_from_editor(self, piece: bytes) -> None:
        if self._is_upgraded:
            for beginning in self._from_editor.feed(piece):
                self.is_attached = self.is_attached or _READY in beginning

    def heard_from_debugger(self, piece: bytes) -> None:
        while piece and not self._is_upgraded:
            piece = self._read_http(piece)
        for beginning in self._from_runtime.feed(piece):
            self._heard(beginning)

    def _read_http(self, piece: bytes) -> bytes:
        """Answers to plain requests, up to the one that makes it a WebSocket; what is left of the piece."""
        if self._body_left:
            skipped = min(self._body_left, len(piece))
            self._body_left -= skipped
            return piece[skipped:]
        head, end, rest = (self._head + piece).partition(b"\r\n\r\n")
        if not end:
            self._head += piece
            return b""
        self._head = b""
        self._is_upgraded = head.startswith(b"HTTP/1.1 101")
        length = re.search(rb"(?i)\r\ncontent-length:\s*(\d+)", head)
        self._body_left = int(length[1]) if length is not None and not self._is_upgraded else 0
        return rest

    def _heard(self, beginning: bytes) -> None:
        if beginning.startswith(_PAUSED):
            self._held.add(_MAIN)
        elif beginning.startswith(_RESUMED):
            self._held.discard(_MAIN)
        elif of_worker := _OF_A_WORKER.match(beginning):
            change = self._held.add if of_worker[2] == b"paused" else self._held.discard
            change(of_worker[1])
        elif left := _WORKER_LEFT.match(beginning):
            self._held.discard(left[1])

    def parting(self) -> bytes:
        return b""

    def farewell(self) -> bytes:
        is_whole = self._is_upgraded and self._from_runtime.is_between_frames
        return _GOING_AWAY if is_whole else b""

    def answer(self, piece: bytes) -> bytes:
        return b""
