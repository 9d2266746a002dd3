"""Bytes on their way from one who writes them to one who reads them, piece by piece."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from lambdacli.model.bandwidth import Bandwidth

HELD_BYTES = 256 * 1024
"""So much waits for a reader that is slow; then the writer should."""
_LOW_BYTES = HELD_BYTES // 4
"""When no more than this is left the writer is called back: not for each piece that leaves."""
_SMALL_BYTES = 16 * 1024
"""Pieces that wait leave together until they make this much. To copy larger ones costs more than it saves."""


class PieceStream:
    """The writer never waits here: it asks `is_full` after each piece, and hears of room by `on_room`.

    The reader iterates once. Small pieces that lay waiting reach it as one. A reader that leaves stops
    nobody: what is written after `aclose` is thrown away."""

    def __init__(self, bandwidth: Bandwidth | None = None) -> None:
        self.on_room: Callable[[], None] | None = None
        self._bandwidth = bandwidth
        self._held: deque[bytes] = deque()
        self._held_bytes = 0
        self._is_ended = False
        self._is_left = False
        self._waiter: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        state = [f"{self._held_bytes} bytes held"]
        state += ["ended"] if self._is_ended else []
        state += ["left by its reader"] if self._is_left else []
        return f"<PieceStream {', '.join(state)}>"

    # The writer

    @property
    def is_full(self) -> bool:
        return self._held_bytes >= HELD_BYTES

    def write(self, piece: bytes) -> None:
        if not piece or self._is_ended or self._is_left:
            return
        self._held.append(piece)
        self._held_bytes += len(piece)
        self._wake()

    def end(self) -> None:
        self._is_ended = True
        self._wake()

    # The reader

    def __aiter__(self) -> PieceStream:
        return self

    async def __anext__(self) -> bytes:
        while not self._held:
            if self._is_ended or self._is_left:
                raise StopAsyncIteration
            await self._something()
        if self._bandwidth is not None:
            while (seconds := self._bandwidth.wait_seconds(time.monotonic())) > 0:
                await asyncio.sleep(seconds)
        piece = self._taken()
        if self._bandwidth is not None:
            self._bandwidth.passed(len(piece))
        self._leave(self._held_bytes - len(piece))
        return piece

    async def aclose(self) -> None:
        self._is_left = True
        self._held.clear()
        self._leave(0)
        self._wake()

    async def _something(self) -> None:
        assert self._waiter is None, "one reader only"
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _taken(self) -> bytes:
        first = self._held.popleft()
        if not self._held or len(first) >= _SMALL_BYTES:
            return first
        together, size = [first], len(first)
        while self._held and size + len(self._held[0]) <= _SMALL_BYTES:
            together.append(self._held.popleft())
            size += len(together[-1])
        return b"".join(together)

    def _leave(self, held_bytes: int) -> None:
        was_low = self._held_bytes <= _LOW_BYTES
        self._held_bytes = held_bytes
        if not was_low and held_bytes <= _LOW_BYTES and self.on_room is not None:
            self.on_room()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
