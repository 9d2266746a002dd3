"""Talks to a server byte by byte, as no well-behaved client library would."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from lambdacli.wire.http import HttpServer, Response


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class RawClient:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, is_head=False):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        assert len(headers) == len(head) - 3, f"a header came twice: {head}"
        return Answer(status, headers, await self._body(status, headers, is_head))

    async def _body(self, status, headers, is_head):
        if is_head or status in (100, 204, 304):
            return b""
        if headers.get("Transfer-Encoding") == "chunked":
            pieces = []
            while piece := await self.chunk():
                pieces.append(piece)
            return b"".join(pieces)
        if "Content-Length" in headers:
            return await self.reader.readexactly(int(headers["Content-Length"]))
        return await self.reader.read()

    async def chunk(self):
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        piece = await self.reader.readexactly(size)
        assert await self.reader.readexactly(2) == b"\r\n"
        return piece

    async def is_closed_by_server(self):
        try:
            return await self.reader.read() == b""
        except ConnectionResetError:
            return True

    def reset(self):
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def close(self):
        self.writer.close()
        with suppress(ConnectionResetError, BrokenPipeError):
            await self.writer.wait_closed()


@asynccontextmanager
async def connected(port):
    client = RawClient(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def serving(handler, **options):
    """A started server and its port; stops it when left."""
    server = HttpServer(handler, **{"max_body_bytes": 1_000_000, **options})
    port = await server.listen_tcp("127.0.0.1", 0)
    try:
        yield server, port
    finally:
        await server.stop(0)


async def echo(request):
    body = f"{request.method} {request.path}?{request.query} ".encode() + request.body
    return Response(200, {"Content-Type": "text/plain"}, body)


async def until(condition, seconds=10):
    """Waits for what another process, or the kernel, will bring about."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)
