"""What comes out of an environment's processes, cut into log events: plain lines and framed records, in
order.

stdout, stderr and the framed channel are one pipe, so that what was printed first comes first. A frame is
four bytes of type (0xa55a, the format, the level), four of length, eight of microseconds, then the text, all
big endian; its first byte cannot begin a character of UTF-8."""

from __future__ import annotations

import os
from collections.abc import Callable

FRAME_MAGIC = b"\xa5\x5a\x00"
FRAME_HEAD_BYTES = 16
EVENT_BYTES = 1024 * 1024
PIECE_BYTES = 256 * 1024

OnRecord = Callable[[str, int | None], None]
"""Gets the text of one event and, for a frame, its own timestamp in milliseconds."""


class LogChannel:
    """Reads the pipe without ever waiting."""

    def __init__(self, read_fd: int, on_record: OnRecord) -> None:
        os.set_blocking(read_fd, False)
        self._fd = read_fd
        self._on_record = on_record
        self._buffer = bytearray()

    def fileno(self) -> int:
        return self._fd

    def read(self) -> bool:
        """Takes one piece of what is there; False at the end of the pipe."""
        try:
            piece = os.read(self._fd, PIECE_BYTES)
        except BlockingIOError:
            return True
        if not piece:
            return False
        self._buffer += piece
        self._cut()
        return True

    def drain(self) -> None:
        """Takes all that is there now: what was written before a response must be logged before it."""
        while True:
            try:
                piece = os.read(self._fd, PIECE_BYTES)
            except BlockingIOError:
                return
            if not piece:
                return
            self._buffer += piece
            self._cut()

    def close(self) -> None:
        """Takes the rest, an unfinished line too."""
        self.drain()
        self._plain(bytes(self._buffer))
        self._buffer.clear()
        os.close(self._fd)

    def _cut(self) -> None:
        buffer = self._buffer
        while buffer:
            if buffer.startswith(FRAME_MAGIC):
                if not self._cut_frame():
                    return
                continue
            newline = buffer.find(b"\n")
            frame = buffer.find(FRAME_MAGIC, 0, newline if newline >= 0 else len(buffer))
            if frame >= 0:
                end = frame
            elif newline >= 0:
                end = newline + 1
            elif len(buffer) >= EVENT_BYTES:
                end = EVENT_BYTES
            else:
                return
            self._plain(bytes(buffer[:end]))
            del buffer[:end]

    def _cut_frame(self) -> bool:
        buffer = self._buffer
        if len(buffer) < FRAME_HEAD_BYTES:
            return False
        length = int.from_bytes(buffer[4:8], "big")
        end = FRAME_HEAD_BYTES + length
        if len(buffer) < end:
            return False
        microseconds = int.from_bytes(buffer[8:16], "big")
        self._on_record(buffer[FRAME_HEAD_BYTES:end].decode(errors="replace"), microseconds // 1000)
        del buffer[:end]
        return True

    def _plain(self, line: bytes) -> None:
        if line:
            self._on_record(line.decode(errors="replace"), None)
