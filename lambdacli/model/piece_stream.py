"""Bytes on their way from one who writes them to one who reads them, piece by piece."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from lambdacli.model.bandwidth import Bandwidth

HELD_BYTES = 256 * 1024
"""So much waits for a reader that is slow; then the writer should."""


class PieceStream:
    """The writer never waits here: it asks `is_full` after each piece, and hears of room by `on_room`.

    The reader iterates once: each time over all pieces that lay waiting. A reader that leaves stops nobody:
    what is written after `aclose` is thrown away."""

    def __init__(self, bandwidth: Bandwidth | None = None) -> None:
        self.on_room: Callable[[], None] | None = None
        self._bandwidth = bandwidth
        self._held: list[bytes] = []
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

    async def __anext__(self) -> Sequence[bytes]:
        while not self._held:
            if self._is_ended or self._is_left:
                raise StopAsyncIteration
            await self._something()
        if self._bandwidth is not None:
            while (seconds := self._bandwidth.wait_seconds(time.monotonic())) > 0:
                await asyncio.sleep(seconds)
        if self._bandwidth is not None:
            self._bandwidth.passed(self._held_bytes)
        return self._taken()

    async def aclose(self) -> None:
        self._is_left = True
        self._taken()
        self._wake()

    async def _something(self) -> None:
        assert self._waiter is None, "one reader only"
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _taken(self) -> Sequence[bytes]:
        taken, was_full = self._held, self.is_full
        self._held, self._held_bytes = [], 0
        if was_full and self.on_room is not None:
            self.on_room()
        return taken

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
