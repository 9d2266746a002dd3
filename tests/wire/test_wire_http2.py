"""HTTP/2 with prior knowledge: what its clients ask is answered as if they had spoken HTTP/1.1."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from rawclient import serving as serving_any
from rawclient import until

from lambdacli.wire.http import Response

h2 = pytest.importorskip("h2")

from h2.config import H2Configuration  # noqa: E402
from h2.connection import H2Connection  # noqa: E402
from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset  # noqa: E402

pytestmark = pytest.mark.real


def serving(handler, **options):
    return serving_any(handler, divert=lambda request: None, **options)


class Client:
    """As small as a client can be."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.talk = H2Connection(
            H2Configuration(client_side=True, header_encoding="utf-8", validate_outbound_headers=False)
        )
        self.talk.initiate_connection()
        self.answers = {}
        self.ended = set()
        self.were_reset = set()

    async def ask(self, method, path, body=b"", *, is_whole=True, **headers):
        number = self.talk.get_next_available_stream_id()
        named = [(name.replace("_", "-"), value) for name, value in headers.items()]
        pseudo = [(":method", method), (":path", path), (":authority", "localhost"), (":scheme", "http")]
        self.answers[number] = [None, {}, bytearray()]
        self.talk.send_headers(number, [*pseudo, *named], end_stream=not body and is_whole)
        while body:
            size = min(self.talk.local_flow_control_window(number), self.talk.max_outbound_frame_size)
            if size == 0:
                await self.hear()
                continue
            piece, body = body[:size], body[size:]
            self.talk.send_data(number, piece, end_stream=not body and is_whole)
        await self.flush()
        return number

    async def flush(self):
        self.writer.write(self.talk.data_to_send())
        await self.writer.drain()

    async def hear(self, may_acknowledge=True):
        await self.flush()
        data = await self.reader.read(65536)
        if not data:
            raise EOFError
        for event in self.talk.receive_data(data):
            match event:
                case ResponseReceived():
                    fields = dict(event.headers)
                    self.answers[event.stream_id][:2] = [int(fields.pop(":status")), fields]
                case DataReceived():
                    self.answers[event.stream_id][2] += event.data
                    if may_acknowledge:
                        self.talk.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                case StreamEnded():
                    self.ended.add(event.stream_id)
                case StreamReset():
                    self.were_reset.add(event.stream_id)
        await self.flush()

    async def answer(self, number):
        while number not in self.ended:
            assert number not in self.were_reset
            await self.hear()
        status, headers, body = self.answers[number]
        return status, headers, bytes(body)


@asynccontextmanager
async def speaking(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def echo(request):
    body = f"{request.method} {request.path}?{request.query} {request.headers['host']} ".encode()
    return Response(200, {"Content-Type": "text/plain", "X-Own": "1"}, body + request.body)


def test_a_request_is_answered_as_if_it_were_of_http_1(run):
    async def story():
        async with serving(echo) as (_, port), speaking(port) as client:
            first = await client.ask("GET", "/a%2Fb?q=1")
            second = await client.ask("POST", "/c", b"body")
            third = await client.ask("POST", "/d", b"body", content_length="4")
            return [await client.answer(number) for number in (first, second, third)]

    first, second, third = run(story())
    told = {"content-type": "text/plain", "x-own": "1", "content-length": "25"}
    assert first == (200, told, b"GET /a%2Fb?q=1 localhost ")
    assert second[2] == b"POST /c? localhost body"
    assert third[2] == b"POST /d? localhost body"


def test_large_bodies_flow_both_ways(run):
    body = bytes(range(256)) * 12_000  # 3 MB: more than any window

    async def answer(request):
        return Response(200, {}, request.body)

    async def story():
        async with serving(answer, max_body_bytes=10_000_000) as (_, port), speaking(port) as client:
            return (await client.answer(await client.ask("POST", "/", body)))[2]

    assert run(story()) == body


def test_streams_wait_for_no_other(run):
    async def story():
        is_first_free = asyncio.Event()

        async def answer(request):
            if request.path == "/first":
                await is_first_free.wait()
            return Response(200, {}, request.path.encode())

        async with serving(answer) as (_, port), speaking(port) as client:
            first = await client.ask("GET", "/first")
            second = await client.ask("GET", "/second")
            assert (await client.answer(second))[2] == b"/second"
            is_first_free.set()
            assert (await client.answer(first))[2] == b"/first"

    run(story())


def test_who_says_goodbye_still_gets_what_was_asked(run):
    async def story():
        is_free = asyncio.Event()

        async def answer(request):
            await is_free.wait()
            return Response(200, {}, b"late")

        async with serving(answer) as (_, port), speaking(port) as client:
            number = await client.ask("GET", "/")
            client.writer.write(
                b"\0\0\10\7\0\0\0\0\0" + b"\0" * 8
            )  # GOAWAY, which h2 itself would take as final
            await client.writer.drain()
            is_free.set()
            assert (await client.answer(number))[2] == b"late"
            with pytest.raises(EOFError):
                await client.hear()

    run(story())


def test_a_stream_of_unknown_length_comes_as_it_is_made(run):
    async def story():
        may_end = asyncio.Event()

        async def pieces():
            yield b"one"
            await may_end.wait()
            yield b"two"

        async def answer(request):
            return Response(200, {}, pieces())

        async with serving(answer) as (_, port), speaking(port) as client:
            number = await client.ask("GET", "/")
            while client.answers[number][2] != b"one":
                await client.hear()
            may_end.set()
            return (await client.answer(number))[2]

    assert run(story()) == b"onetwo"


def test_the_maker_of_a_stream_waits_for_a_client_that_takes_nothing(run):
    async def story():
        made = 0

        async def pieces():
            nonlocal made
            while made < 100:
                made += 1
                yield b"x" * 100_000

        async def answer(request):
            return Response(200, {}, pieces())

        async with serving(answer) as (server, port), speaking(port) as client:
            number = await client.ask("GET", "/")
            while len(client.answers[number][2]) < 65_535:
                await client.hear(may_acknowledge=False)
            await until(lambda: "writing paused" in repr(server))
            assert made < 20
        await until(lambda: "Connections []" in repr(server))

    run(story())


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/a HTTP/1.1\r\nx: y", {}), ("/", {"x": "a\r\nb: c"}), ("no-slash", {}), ("/a b", {})],
)
def test_what_could_not_be_written_as_http_1_never_is(run, path, headers):
    seen = []

    async def answer(request):
        seen.append(request)
        return Response(200)

    async def story():
        async with serving(answer) as (_, port), speaking(port) as client:
            number = await client.ask("GET", path, **headers)
            with pytest.raises((EOFError, ConnectionError)):
                while number not in client.were_reset:
                    await client.hear()
                raise EOFError

    run(story())
    assert seen == []


def test_nonsense_after_the_preface_ends_the_connection(run):
    async def story():
        async with serving(echo) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100)
            while await reader.read(65536):
                pass
            writer.close()

    run(story())


def test_a_stop_lets_a_running_stream_end_and_closes_an_idle_client(run):
    async def story():
        is_free = asyncio.Event()

        async def answer(request):
            await is_free.wait()
            return Response(200, {}, b"done")

        async with serving(answer) as (server, port), speaking(port) as busy, speaking(port) as idle:
            await idle.flush()
            number = await busy.ask("GET", "/")
            await until(lambda: "running" in repr(server))
            stopping = asyncio.ensure_future(server.stop(10))
            with pytest.raises((EOFError, ConnectionError)):
                while True:
                    await idle.hear()
            is_free.set()
            assert (await busy.answer(number))[2] == b"done"
            await stopping

    run(story())
