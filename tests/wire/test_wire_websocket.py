"""WebSockets on real connections: what an ordinary client gets, and what becomes of a hostile one."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager

import pytest
from rawclient import connected, serving, until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from lambdacli.wire.connection import Connection
from lambdacli.wire.http import Response
from lambdacli.wire.websocket import MessageLimits, WebSocket
from lambdacli.wire.websocket_handshake import accept_handshake, refuse_handshake

pytestmark = pytest.mark.real

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
HEAD = (
    b"GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Echo:
    """Listens as a front would: sends back what it hears, or does what a test wants."""

    def __init__(self, room=10_000):
        self.room = room
        self.is_busy = False
        self.heard_times = 0
        self.texts = []
        self.ends = []
        self.leave = lambda: self.socket.close(1001, "Going away")

    def speak(self, transport, close):
        self.socket = WebSocket(transport, close, self, MessageLimits(32 * 1024, 128 * 1024))
        return self.socket

    def heard(self):
        self.heard_times += 1

    def took(self, text):
        self.texts.append(text)
        self.socket.send(text)
        return len(self.texts) < self.room

    def closed(self, code, reason):
        self.ends.append((code, reason))


class House:
    def __init__(self, server, port, listeners):
        self.server, self.port, self.listeners = server, port, listeners

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/chat"

    @property
    def listener(self):
        return self.listeners[-1]


@asynccontextmanager
async def house(make=Echo, before=None):
    listeners = []

    async def handle(request):
        if (refused := refuse_handshake(request)) is not None:
            return refused
        if before is not None:
            await before()
        listeners.append(make())
        return accept_handshake(request, listeners[-1].speak)

    async with serving(handle) as (server, port):
        yield House(server, port, listeners)


def frame(opcode, payload=b"", *, is_last=True, mask=b"\1\2\3\4", reserved=0):
    first = (0x80 if is_last else 0) | reserved | opcode
    size = len(payload)
    length = (
        bytes([size])
        if size < 126
        else b"\x7e" + struct.pack("!H", size)
        if size < 65_536
        else b"\x7f" + struct.pack("!Q", size)
    )
    head = bytes([first]) + (bytes([length[0] | 0x80]) + length[1:] if mask else length)
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)) if mask else payload
    return head + mask + masked


async def read_frame(client):
    first, second = await client.reader.readexactly(2)
    size = second & 0x7F
    if size == 126:
        (size,) = struct.unpack("!H", await client.reader.readexactly(2))
    elif size == 127:
        (size,) = struct.unpack("!Q", await client.reader.readexactly(8))
    return first & 0x0F, await client.reader.readexactly(size)


@asynccontextmanager
async def raw_socket(port):
    async with connected(port) as client:
        await client.send(HEAD)
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        assert head.count(b"\r\nConnection: Upgrade\r\n") == 1
        assert b"Content-Length" not in head and b"Extensions" not in head
        yield client


# Ordinary clients


def test_texts_of_all_sizes_come_back_in_their_order(run):
    sent = ["", "hello", "ä€😀" * 100, "x" * 126, "y" * 32_768]

    async def story():
        async with house() as here, connect(here.url) as client:
            for text in sent:
                await client.send(text)
            assert [await client.recv() for _ in sent] == sent
            assert await client.close() is None
            await until(lambda: here.listener.ends)
            assert here.listener.ends == [(1000, "")]

    run(story())


def test_a_message_in_fragments_is_one_message(run):
    async def story():
        async with house() as here, connect(here.url) as client:
            await client.send(["x" * 32_768] * 4)
            assert await client.recv() == "x" * 131_072

    run(story())


def test_a_ping_is_answered_and_counts_as_a_sign_of_life(run):
    async def story():
        async with house() as here, connect(here.url) as client:
            await (await client.ping())
            assert here.listener.heard_times == 1
            assert here.listener.texts == []

    run(story())


def test_the_server_closes_with_its_code_and_hears_the_client_agree(run):
    async def story():
        async with house() as here, connect(here.url) as client:
            here.listener.socket.close(1000, "Connection Closed Normally")
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "Connection Closed Normally")
            assert here.listener.ends == [(1000, "Connection Closed Normally")]
            here.listener.socket.send("nobody hears this")

    run(story())


def test_a_client_that_vanishes_is_told_as_an_abnormal_end(run):
    async def story():
        async with house() as here, raw_socket(here.port) as client:
            client.reset()
            await until(lambda: here.listener.ends)
            assert here.listener.ends == [(1006, "")]

    run(story())


def test_bytes_are_sent_as_a_binary_message(run):
    async def story():
        async with house() as here, connect(here.url) as client:
            here.listener.socket.send(b"\xff\0")
            assert await client.recv() == b"\xff\0"

    run(story())


# Clients that break a rule: what they send, and with what code they are closed

BROKEN = {
    "a frame over the limit": (frame(TEXT, b"x" * 32_769), 1009),
    "a message over the limit": (
        b"".join(frame(TEXT if n == 0 else 0, b"x" * 32_768, is_last=False) for n in range(5)),
        1009,
    ),
    "a frame that claims to be endless": (b"\x81\xff\x7f" + b"\xff" * 7 + b"\1\2\3\4" + b"x" * 40_000, 1009),
    "a binary message": (frame(BINARY, b"\0\1"), 1003),
    "a text that is no UTF-8": (frame(TEXT, b"\xff\xfe"), 1007),
    "a text that ends within a character": (frame(TEXT, "€".encode()[:2]), 1007),
    "no mask": (frame(TEXT, b"hello", mask=b""), 1002),
    "a reserved bit": (frame(TEXT, b"hello", reserved=0x40), 1002),
    "an opcode that is none": (frame(3, b"hello"), 1002),
    "a ping in fragments": (frame(PING, b"hello", is_last=False), 1002),
    "a ping that is too long": (frame(PING, b"x" * 126), 1002),
    "the rest of a message that never began": (frame(0, b"hello"), 1002),
    "a message within a message": (frame(TEXT, b"a", is_last=False) + frame(TEXT, b"b"), 1002),
    "a close frame of one byte": (frame(CLOSE, b"\x03"), 1002),
    "a close code that nobody may send": (frame(CLOSE, struct.pack("!H", 1006)), 1002),
    "a length that is longer than it need be": (b"\x81\xfe\x00\x05\1\2\3\4hello", 1002),
}


@pytest.mark.parametrize("name", BROKEN)
def test_who_breaks_a_rule_is_closed_with_its_code(run, name):
    sent, code = BROKEN[name]

    async def story():
        async with house() as here, raw_socket(here.port) as client:
            await client.send(sent)
            opcode, payload = await read_frame(client)
            assert (opcode, struct.unpack("!H", payload[:2])[0]) == (CLOSE, code)
            await client.send(frame(CLOSE, payload[:2]))
            assert await client.is_closed_by_server()
            assert [end[0] for end in here.listener.ends] == [code]
            assert here.listener.texts == []

    run(story())


def test_a_close_frame_without_a_code_is_answered_and_told_as_1005(run):
    async def story():
        async with house() as here, raw_socket(here.port) as client:
            await client.send(frame(CLOSE))
            assert (await read_frame(client))[0] == CLOSE
            assert await client.is_closed_by_server()
            assert here.listener.ends == [(1005, "")]

    run(story())


def test_a_client_that_does_not_agree_to_the_end_is_cut(run, monkeypatch):
    monkeypatch.setattr("lambdacli.wire.websocket._CLOSE_SECONDS", 0.05)

    async def story():
        async with house() as here, raw_socket(here.port) as client:
            here.listener.socket.close(1001, "Going away")
            assert (await read_frame(client))[0] == CLOSE
            await client.send(frame(TEXT, b"I did not hear that"))
            assert await client.is_closed_by_server()
            assert here.listener.texts == []

    run(story())


def test_who_speaks_before_the_handshake_is_answered_is_refused_and_told_as_lost(run):
    async def story():
        gate = asyncio.Event()
        async with house(before=gate.wait) as here, connected(here.port) as client:
            await client.send(HEAD)
            await client.send(frame(TEXT, b"too early"))
            await until(lambda: "1 waiting" in repr(here.server))
            gate.set()
            assert (await client.answer()).status == 400
            assert here.listener.ends == [(1006, "")]

    run(story())


def test_a_client_that_leaves_before_it_is_answered_is_told_as_lost(run):
    async def story():
        gate = asyncio.Event()
        async with house(before=gate.wait) as here:
            async with connected(here.port) as client:
                await client.send(HEAD)
                await until(lambda: "running" in repr(here.server))
                client.reset()
            await until(lambda: "lost" in repr(here.server))
            gate.set()
            await until(lambda: here.listeners and here.listener.ends)
            assert here.listener.ends == [(1006, "")]
            await until(lambda: "[]" in repr(here.server))

    run(story())


# Pressure


def test_a_listener_that_has_enough_holds_the_rest_back_and_loses_nothing(run):
    async def story():
        async with house(lambda: Echo(room=3)) as here, connect(here.url) as client:
            for number in range(50):
                await client.send(str(number))
            await until(lambda: len(here.listener.texts) == 3)
            here.listener.room = 10_000
            here.listener.socket.go_on()
            assert [await client.recv() for _ in range(50)] == [str(number) for number in range(50)]

    run(story())


def test_a_client_that_reads_nothing_clogs_its_connection_only(run):
    async def story():
        async with house() as here, raw_socket(here.port):
            socket = here.listener.socket
            for _ in range(1_000):
                socket.send("x" * 100_000)
                if socket.is_clogged:
                    break
            assert socket.is_clogged
            async with connect(here.url) as other:
                await other.send("hello")
                assert await other.recv() == "hello"

    run(story())


# The server's end


def test_a_stop_tells_each_client_and_waits_for_them(run):
    async def story():
        async with house() as here:
            clients = [await connect(here.url) for _ in range(5)]
            await until(lambda: len(here.listeners) == 5)
            await here.server.stop(5)
            for client in clients:
                with pytest.raises(ConnectionClosed) as closed:
                    await client.recv()
                assert closed.value.rcvd.code == 1001
            assert [listener.ends for listener in here.listeners] == [[(1001, "Going away")]] * 5

    run(story())


def test_a_connection_that_is_busy_is_not_cut_as_stuck(run, monkeypatch):
    monkeypatch.setattr("lambdacli.wire.http._STUCK_SECONDS", 0.01)
    asked = []
    ask = Connection.cut_if_stuck
    monkeypatch.setattr(Connection, "cut_if_stuck", lambda self: (asked.append(self), ask(self)))

    async def story():
        async with house() as here, connect(here.url) as client:
            await until(lambda: here.listeners)
            listener = here.listener
            listener.is_busy, listener.leave = True, lambda: None
            stopping = asyncio.create_task(here.server.stop(10))
            await until(lambda: len(asked) > 2)
            listener.socket.send("the answer")
            assert await client.recv() == "the answer"
            listener.is_busy = False
            listener.socket.close(1001, "Going away")
            with pytest.raises(ConnectionClosed):
                await client.recv()
            await stopping

    run(story())


def test_http_goes_on_beside_it(run):
    async def handle(request):
        return refuse_handshake(request) or Response(200)

    async def story():
        async with serving(handle) as (_, port), connected(port) as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await client.answer()).status == 426
            await client.send(HEAD)
            assert (await client.answer()).status == 200

    run(story())
