"""The least that can stream over HTTP: 10 MB in chunks of 64 KB to everybody who asks. `python -m … PORT`."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import cast

import uvloop

PIECES, PIECE_BYTES = 160, 64 * 1024
PIECE = b"%x\r\n%b\r\n" % (PIECE_BYTES, bytes(PIECE_BYTES))


class Stream(asyncio.Protocol):
    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._left = 0
        self._is_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        if not data.endswith(b"{}"):
            return
        self._transport.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        stamp = b"@%020d" % time.monotonic_ns()
        first = stamp + bytes(PIECE_BYTES - len(stamp))
        self._transport.write(b"%x\r\n%b\r\n" % (PIECE_BYTES, first))
        self._left = PIECES - 1
        self._go_on()

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        self._go_on()

    def _go_on(self) -> None:
        while self._left and not self._is_paused:
            self._left -= 1
            self._transport.write(PIECE)
            if not self._left:
                self._transport.write(b"0\r\n\r\n")


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Stream, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
