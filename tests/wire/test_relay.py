"""The relay: bytes both ways, ends told on, nothing left."""

from __future__ import annotations

import asyncio
import socket

import pytest

from lambdacli.wire.relay import Relay


async def listening() -> tuple[asyncio.Server, int]:
    """Answers each connection, after its end, with all that it said twice."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await reader.read()
        writer.write(said * 2)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def relayed(relay: Relay) -> int:
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    await relay.listen_socket(listener)
    return port


def run(work):
    return asyncio.run(asyncio.wait_for(work, 20))


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_what_is_said_arrives_and_so_does_its_end(size: int) -> None:
    async def work() -> bytes:
        server, port = await listening()
        relay = Relay("127.0.0.1", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", await relayed(relay))
        writer.write(b"x" * size)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        await relay.stop(5)
        server.close()
        return answer

    assert run(work()) == b"x" * size * 2


def test_where_nobody_listens_the_connection_is_cut() -> None:
    async def work() -> bytes:
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        relay = Relay("127.0.0.1", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", await relayed(relay))
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()
            await relay.stop(0)

    assert run(work()) == b""


def test_a_stop_cuts_what_is_still_carried() -> None:
    async def work() -> tuple[bytes, str]:
        server, port = await listening()
        relay = Relay("127.0.0.1", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", await relayed(relay))
        writer.write(b"never ends")
        await writer.drain()
        while "1 connections" not in repr(relay):
            await asyncio.sleep(0)
        await relay.stop(0)
        await relay.stop(0)
        try:
            said = await reader.read()
        except ConnectionResetError:
            said = b""
        writer.close()
        server.close()
        return said, repr(relay)

    said, left = run(work())
    assert said == b""
    assert "0 connections" in left
