"""The port of one function's debugger, between editors and environments that are played here."""

from __future__ import annotations

import asyncio
import functools
import json
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from lambdacli.environments.debugging.dap import AdapterWatch, encoded
from lambdacli.environments.debugging.door import DebugDoor
from lambdacli.environments.debugging.held_time import HeldTime

pytestmark = pytest.mark.real

HELLO = encoded({"seq": 1, "type": "request", "command": "initialize"})
STOPPED = encoded({"seq": 1, "type": "event", "event": "stopped"})

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def in_loop(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(story)
    def test(**values: Any) -> None:
        asyncio.run(story(**values))

    return test


class Adapter:
    """A debugger that listens inside an environment."""

    def __init__(self) -> None:
        self.visits: asyncio.Queue[Streams] = asyncio.Queue()

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._came, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.visits.put((reader, writer))

    async def dial(self) -> socket.socket:
        dial = socket.socket()
        dial.setblocking(False)
        await asyncio.get_running_loop().sock_connect(dial, ("127.0.0.1", self.port))
        return dial

    def close(self) -> None:
        self._server.close()


@asynccontextmanager
async def opened(*, is_welcome: bool = True) -> AsyncIterator[tuple[DebugDoor, Adapter]]:
    door, adapter = DebugDoor("greet", AdapterWatch, lambda peer: is_welcome), Adapter()
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    await door.open(bound)
    await adapter.listen()
    try:
        async with asyncio.timeout(10):
            yield door, adapter
    finally:
        await door.close()
        adapter.close()


async def editor(door: DebugDoor, first: bytes = HELLO) -> Streams:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(first)
    return reader, writer


async def read_message(reader: asyncio.StreamReader) -> dict[str, object]:
    head = await reader.readuntil(b"\r\n\r\n")
    message: dict[str, object] = json.loads(await reader.readexactly(int(head.split(b":")[1])))
    return message


@in_loop
async def test_an_editor_that_comes_first_is_led_to_the_environment_that_comes_then() -> None:
    async with opened() as (door, adapter):
        reader, writer = await editor(door)
        debuggee = door.debuggee(adapter.dial, HeldTime(), waits=False)
        there_reader, there_writer = await adapter.visits.get()
        assert await there_reader.readexactly(len(HELLO)) == HELLO
        there_writer.write(STOPPED)
        assert (await read_message(reader))["event"] == "stopped"
        there_writer.close()
        assert (await read_message(reader))["event"] == "terminated"
        writer.close()
        debuggee.end()


@in_loop
async def test_time_is_held_while_a_breakpoint_is_and_goes_on_with_the_editors_leave() -> None:
    async with opened() as (door, adapter):
        time = HeldTime()
        debuggee = door.debuggee(adapter.dial, time, waits=False)
        reader, writer = await editor(door)
        there_reader, there_writer = await adapter.visits.get()
        there_writer.write(STOPPED)
        await read_message(reader)
        stood = time.now()
        assert time.now() == stood
        writer.close()
        await there_reader.readexactly(len(HELLO))
        assert (await read_message(there_reader))["command"] == "disconnect"
        assert time.now() > stood
        there_writer.close()
        debuggee.end()


@in_loop
async def test_the_next_editor_has_its_turn_when_the_last_one_was_excused() -> None:
    async with opened() as (door, adapter):
        debuggee = door.debuggee(adapter.dial, HeldTime(), waits=False)
        _, first = await editor(door)
        there_reader, there_writer = await adapter.visits.get()
        await there_reader.readexactly(len(HELLO))
        _, second = await editor(door)
        first.close()
        left = await read_message(there_reader)
        assert adapter.visits.empty()
        answer = {
            "seq": 2,
            "type": "response",
            "command": "disconnect",
            "request_seq": left["seq"],
            "success": True,
        }
        there_writer.write(encoded(answer))
        there_reader, there_writer_again = await adapter.visits.get()
        assert await there_reader.readexactly(len(HELLO)) == HELLO
        for writer in (second, there_writer, there_writer_again):
            writer.close()
        debuggee.end()


@pytest.mark.parametrize(
    ("first", "is_welcome"),
    [(b"POST / HTTP/1.1\r\n\r\n", True), (HELLO, False)],
    ids=["a web page", "another user"],
)
@in_loop
async def test_who_is_no_editor_of_this_user_is_shown_out(first: bytes, is_welcome: bool) -> None:
    async with opened(is_welcome=is_welcome) as (door, adapter):
        debuggee = door.debuggee(adapter.dial, HeldTime(), waits=False)
        reader, writer = await editor(door, first)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(1)
        assert adapter.visits.empty()
        writer.close()
        debuggee.end()


@in_loop
async def test_what_waits_for_an_editor_waits_no_longer_than_the_door_is_open() -> None:
    async with opened() as (door, adapter):
        time = HeldTime()
        debuggee = door.debuggee(adapter.dial, time, waits=True)
        waiting = asyncio.ensure_future(debuggee.wait_for_debugger())
        await door.close()
        await waiting
        stood = time.now()
        assert debuggee.is_gone and time.now() > stood
