"""Carries bytes between whoever connects to a socket and an address that only this process can reach."""

from __future__ import annotations

import asyncio
import contextlib
import socket

PIECE_BYTES = 256 * 1024


class Relay:
    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._listeners: list[asyncio.AbstractServer] = []
        self._carrying: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Relay to {self._host}:{self._port}, {len(self._carrying)} connections>"

    async def listen_socket(self, sock: socket.socket) -> None:
        """Takes a bound socket, which from now on is the relay's to close."""
        sock.setblocking(False)
        self._listeners.append(await asyncio.start_server(self._begin, sock=sock))

    async def stop(self, grace_seconds: float) -> None:
        """May be called again. A connection ends when its two ends do, or when the grace is over."""
        while self._listeners:
            self._listeners.pop().close()
        if self._carrying and grace_seconds > 0:
            await asyncio.wait(self._carrying, timeout=grace_seconds)
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._carry(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(self._host, self._port)
        except OSError:
            writer.transport.abort()  # as it would be refused there
            return
        except BaseException:
            writer.transport.abort()
            raise
        try:
            await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))
        except OSError:
            pass  # one end is gone: so is the other
        finally:
            for each in (writer, there_writer):
                each.transport.abort()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """One direction, to its end, which is told on."""
    while piece := await source.read(PIECE_BYTES):
        target.write(piece)
        await target.drain()
    with contextlib.suppress(OSError, RuntimeError):
        target.write_eof()
