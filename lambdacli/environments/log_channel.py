"""What comes out of an environment's processes, cut into log events: plain lines and framed records, in
order.

stdout, stderr and the framed channel are one pipe, so that what was printed first comes first. A frame is
four bytes of type (0xa55a, the format, the level), four of length, eight of microseconds, then the text, all
big endian; its first byte cannot begin a character of UTF-8. Anything may print bytes that look like a frame:
what cannot be one is text."""

from __future__ import annotations

import array
import fcntl
import os
import termios
import time
from collections.abc import Callable

FRAME_MAGIC = b"\xa5\x5a\x00"
FRAME_FORMATS = (2, 3)
"""JSON and text: the two lowest bits of the fourth byte; the level stands above them."""
FRAME_HEAD_BYTES = 16
FRAME_BYTES = 8 * 1024 * 1024
"""A longer frame is none: its length would be waited for, and all that follows taken for its text."""
FRAME_CLOCK_SKEW_MS = 24 * 60 * 60 * 1000
"""A frame's own time counts if it is not further from now."""
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
        """Takes all that is there now: what was written before a response must be logged before it. What is
        written meanwhile is not waited for: a child may print without end."""
        there = array.array("i", [0])
        fcntl.ioctl(self._fd, termios.FIONREAD, there)
        left = there[0]
        while left > 0:
            try:
                piece = os.read(self._fd, min(left, PIECE_BYTES))
            except BlockingIOError:
                return
            if not piece:
                return
            left -= len(piece)
            self._buffer += piece
            self._cut()

    def end_line(self) -> None:
        """An invocation is over: a line without its newline is an event too. A frame that still lacks its end
        is left to come."""
        if not self._is_frame_coming():
            self.flush()

    def flush(self) -> None:
        """Nobody will write the rest of what has begun: it is an event as it is."""
        self._plain(bytes(self._buffer))
        self._buffer.clear()

    def close(self) -> None:
        """Takes the rest, an unfinished line too."""
        self.drain()
        self.flush()
        os.close(self._fd)

    def _cut(self) -> None:
        buffer = self._buffer
        while buffer:
            frame = 0
            if buffer.startswith(FRAME_MAGIC):
                if self._is_frame_coming():
                    if not self._cut_frame():
                        return
                    continue
                frame = 1  # looks like one, but is text
            newline = buffer.find(b"\n")
            frame = buffer.find(FRAME_MAGIC, frame, newline if newline >= 0 else len(buffer))
            if frame >= 0:
                end = frame
            elif newline >= 0:
                end = newline + 1
            elif len(buffer) >= EVENT_BYTES:
                end = _whole_characters(buffer, EVENT_BYTES)
            else:
                return
            self._plain(bytes(buffer[:end]))
            del buffer[:end]

    def _is_frame_coming(self) -> bool:
        """Whether the buffer begins with a frame, as far as can be seen yet."""
        buffer = self._buffer
        if not buffer or not FRAME_MAGIC.startswith(buffer[:3]):
            return False
        if len(buffer) > 3 and buffer[3] & 3 not in FRAME_FORMATS:
            return False
        return len(buffer) < 8 or int.from_bytes(buffer[4:8], "big") <= FRAME_BYTES

    def _cut_frame(self) -> bool:
        buffer = self._buffer
        if len(buffer) < FRAME_HEAD_BYTES:
            return False
        length = int.from_bytes(buffer[4:8], "big")
        end = FRAME_HEAD_BYTES + length
        if len(buffer) < end:
            return False
        timestamp_ms = int.from_bytes(buffer[8:16], "big") // 1000
        is_likely = abs(timestamp_ms - time.time() * 1000) < FRAME_CLOCK_SKEW_MS
        text = buffer[FRAME_HEAD_BYTES:end].decode(errors="replace")
        del buffer[:end]
        self._on_record(text, timestamp_ms if is_likely else None)
        return True

    def _plain(self, line: bytes) -> None:
        if line:
            self._on_record(line.decode(errors="replace"), None)


def _whole_characters(buffer: bytearray, end: int) -> int:
    """This place or one a little before: neither a character of UTF-8 nor a frame's beginning is cut."""
    for place in (end - 2, end - 1):
        # Behind a byte of its own kind, the magic's first byte belongs to a character.
        if buffer[place:end] == FRAME_MAGIC[: end - place] and buffer[place - 1] < 0x80:
            return place
    for place in range(end, end - 4, -1):
        if place < len(buffer) and buffer[place] & 0xC0 != 0x80:
            return place
    return end
