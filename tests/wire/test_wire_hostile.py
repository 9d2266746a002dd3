"""What no well-behaved client sends: the server answers or closes, and goes on serving the others."""

from __future__ import annotations

import asyncio
import math
import random
import tracemalloc
from contextlib import suppress

import pytest
from rawclient import connected, echo, serving, until

from lambdacli.wire.http import Response

pytestmark = pytest.mark.real

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(189))


async def assert_serves(port):
    async with connected(port) as client:
        await client.send(GET)
        assert (await client.answer()).body == b"GET /a? "


@pytest.mark.parametrize(
    "garbage",
    [
        TLS_HELLO,
        b"\x00\x01\x02\xff" * 50,
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nNo colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_garbage_is_told_so_in_plain_text_and_the_connection_closed(run, garbage):
    async def story():
        async with serving(echo) as (_, port):
            async with connected(port) as client:
                await client.send(garbage)
                answer = await client.answer()
                assert (answer.status, answer.headers["Content-Type"]) == (400, "text/plain")
                assert answer.headers["Connection"] == "close"
                assert await client.is_closed_by_server()
            await assert_serves(port)

    run(story())


def test_refusal_is_heard_by_a_client_that_is_still_sending(run):
    async def story():
        async with serving(echo) as (_, port), connected(port) as client:
            await client.send(TLS_HELLO + b"x" * 5_000_000)
            assert (await client.answer()).status == 400

    run(story())


def test_requests_before_the_garbage_are_answered_first(run):
    release = asyncio.Event()

    async def handler(request):
        await release.wait()
        return await echo(request)

    async def story():
        async with serving(handler) as (server, port), connected(port) as client:
            await client.send(GET + GET + b"\x00garbage")
            await until(lambda: "2 waiting" in repr(server))
            release.set()
            assert [(await client.answer()).status for _ in range(3)] == [200, 200, 400]
            assert await client.is_closed_by_server()

    run(story())


def test_what_follows_a_last_request_is_nobodys(run):
    async def story():
        async with serving(echo) as (_, port), connected(port) as client:
            await client.send(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + GET)
            assert (await client.answer()).body == b"GET /a? "
            assert await client.is_closed_by_server()

    run(story())


@pytest.mark.parametrize(
    "head",
    [
        b"GET /a HTTP/1.1\r\nHost: x\r\nX-Long: %b\r\n\r\n" % (b"a" * 4000),
        b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * 4000),
        b"GET /a HTTP/1.1\r\nHost: x\r\n%b\r\n" % b"".join(b"X-%d: y\r\n" % n for n in range(500)),
        b"GET /a HTTP/1.1\r\nHost: x\r\nX-Endless: %b" % (b"a" * 4000),
        b"GET /a HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nX-Long: %b\r\n\r\n" % (b"a" * 4000),
    ],
)
@pytest.mark.parametrize("piece_size", [100, 100_000])
def test_header_section_over_the_limit_is_refused(run, head, piece_size):
    async def story():
        async with serving(echo, max_header_bytes=2000) as (_, port):
            async with connected(port) as client:
                for at in range(0, len(head), piece_size):
                    await client.send(head[at : at + piece_size])
                answer = await client.answer()
                assert (answer.status, answer.headers["Connection"]) == (431, "close")
                assert await client.is_closed_by_server()
            await assert_serves(port)

    run(story())


@pytest.mark.parametrize("endless", [b"0\r\nX-Endless: ", b"1;ext=", b"1\r\nx\r\n2;ext="])
def test_framing_of_a_body_may_not_grow_without_end(run, endless):
    async def story():
        async with serving(echo, max_header_bytes=2000) as (_, port), connected(port) as client:
            await client.send(b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + endless)
            await client.send(b"a" * 2_000_000)
            assert (await client.answer()).status == 431

    run(story())


def test_large_body_behind_a_small_head_is_no_large_header_section(run):
    async def story():
        async with serving(echo, max_header_bytes=200) as (_, port), connected(port) as client:
            body = b"x" * 5000
            await client.send(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n" + body)
            assert (await client.answer()).body == b"POST /a? " + body

    run(story())


def test_body_far_over_the_limit_is_cut(run):
    async def story():
        async with serving(echo, max_body_bytes=100) as (_, port):
            async with connected(port) as client:
                await client.send(
                    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 401
                )
                assert (await client.answer()).status == 413
                assert await client.is_closed_by_server()
            await assert_serves(port)

    run(story())


def test_slow_head_is_cut_but_neither_a_slow_body_nor_an_idle_connection(run):
    async def story():
        async with (
            serving(echo, header_timeout_seconds=0.1) as (_, port),
            connected(port) as idle,
            connected(port) as uploading,
            connected(port) as silent,
        ):
            await idle.send(GET)
            await idle.answer()
            await uploading.send(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo")
            async with connected(port) as slow:
                await slow.send(b"GET /a HTTP/1.1\r\nHost")
                answer = await slow.answer()
                assert (answer.status, answer.headers["Connection"]) == (408, "close")
                assert await slow.is_closed_by_server()
            # Who connects and says nothing is let go without a word.
            assert await silent.is_closed_by_server()
            await uploading.send(b"dy")
            assert (await uploading.answer()).body == b"POST /a? body"
            # An idle connection's next head has its own time.
            await idle.send(GET + b"GET ")
            assert (await idle.answer()).status == 200
            assert (await idle.answer()).status == 408

    run(story())


def test_a_server_without_a_time_for_heads_waits_for_ever(run):
    async def story():
        async with (
            serving(echo, header_timeout_seconds=0.1) as (_, port),
            serving(echo, header_timeout_seconds=math.inf) as (_, patient_port),
            connected(patient_port) as silent,
            connected(patient_port) as slow,
            connected(port) as clock,
        ):
            await slow.send(b"GET /a HTTP/1.1\r\nHost")
            assert await clock.is_closed_by_server()
            await silent.send(GET)
            assert (await silent.answer()).status == 200
            await slow.send(b": x\r\n\r\n")
            assert (await slow.answer()).status == 200

    run(story())


def test_head_behind_a_running_request_is_not_slow(run):
    release = asyncio.Event()

    async def handler(request):
        await release.wait()
        return await echo(request)

    async def story():
        async with (
            serving(handler, header_timeout_seconds=0.2) as (server, port),
            connected(port) as client,
            connected(port) as slow,
        ):
            await client.send(GET + b"GET /b")
            await until(lambda: "reading paused" in repr(server))
            assert await slow.is_closed_by_server()  # whose time began later, and is over
            release.set()
            assert (await client.answer()).status == 200
            await client.send(b" HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await client.answer()).body == b"GET /b? "

    run(story())


@pytest.mark.parametrize(
    "requests", [b"GET /a HTTP/1.0\r\n\r\n", GET + b"\x00garbage", GET + b"GET /b HTTP", GET + GET]
)
def test_request_that_runs_longer_than_a_head_may_take_is_not_cut(run, requests):
    release = asyncio.Event()

    async def handler(request):
        await release.wait()
        return await echo(request)

    async def story():
        async with (
            serving(handler, header_timeout_seconds=0.05) as (_, port),
            connected(port) as client,
        ):
            await client.send(requests)
            async with connected(port) as slow:
                assert await slow.is_closed_by_server()
            release.set()
            assert (await client.answer()).body == b"GET /a? "

    run(story())


VALID = [
    GET,
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;e=1\r\nde\r\n0\r\nT: 1\r\n\r\n",
    b"PUT /a?b=c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nupg",
    b"HEAD http://x/a HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /fail HTTP/1.1\r\nHost: x\r\n\r\n",
    b"DELETE /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
]


async def _stream():
    for number in range(3):
        await asyncio.sleep(0)
        yield b"%d" % number


async def _fuzzed_handler(request):
    if request.path == "/stream":
        return Response(200, {}, _stream())
    return await echo(request)


def _pieces(data, chance):
    cuts = sorted(chance.sample(range(len(data) + 1), min(len(data), chance.randrange(6))))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def _mutated(data, chance):
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(changed))
        match chance.randrange(5):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randrange(1, 9)]
            case 2:
                changed[at:at] = chance.randbytes(chance.randrange(1, 9))
            case 3:
                changed[at:at] = chance.choice([b"\r\n", b"\r\n\r\n", b"\n", b":", b" ", b"0", b"\x00"])
            case 4:
                changed[at:at] = changed[at : at + chance.randrange(1, 30)]
        if not changed:
            return GET
    return bytes(changed)


@pytest.mark.parametrize("seed", range(6))
def test_valid_requests_in_random_pieces_are_all_answered(run, seed):
    chance = random.Random(seed)

    async def story():
        async with serving(_fuzzed_handler) as (_, port):
            for _ in range(20):
                requests = [chance.choice(VALID) for _ in range(chance.randrange(1, 5))]
                async with connected(port) as client:
                    for piece in _pieces(b"".join(requests), chance):
                        await client.send(piece)
                        await asyncio.sleep(0)  # lets the server read this much on its own
                    for request in requests:
                        answer = await client.answer(is_head=request.startswith(b"HEAD"))
                        while answer.status == 100:
                            answer = await client.answer()
                        assert answer.status == 200

    run(story())


@pytest.mark.parametrize("seed", range(6))
def test_mutated_requests_are_answered_or_closed_and_hurt_nobody_else(run, seed, caplog):
    chance = random.Random(seed)

    async def story():
        async with serving(_fuzzed_handler, max_body_bytes=1000, max_header_bytes=2000) as (server, port):
            for _ in range(50):
                requests = [_mutated(chance.choice(VALID), chance) for _ in range(chance.randrange(1, 4))]
                async with connected(port) as client:
                    with suppress(OSError):  # the server may have closed already
                        for piece in _pieces(b"".join(requests), chance):
                            await client.send(piece)
                            await asyncio.sleep(0)
                        client.writer.write_eof()
                    # To the end: answered, refused or closed, but never left hanging.
                    await client.is_closed_by_server()
                await assert_serves(port)
            await until(lambda: "Connection " not in repr(server))

    run(story())
    assert caplog.records == []


class Later:
    """Calls back from within `set`, as no Future does."""

    def __init__(self):
        self._response = None
        self._tell = []

    def set(self, response):
        self._response = response
        for tell in self._tell:
            tell(self)

    def add_done_callback(self, tell):
        if self._response is not None:
            tell(self)
        else:
            self._tell.append(tell)

    def result(self):
        return self._response


def _handler_of_all_kinds(chance):
    """Answers at once, by a callback, by a future, from a task or as a stream; says which request it was."""

    def handler(request):
        response = Response(200, {"X-Number": request.headers["x-number"]}, request.body)
        loop = asyncio.get_running_loop()
        match chance.randrange(6):
            case 0:
                later = Later()
                loop.call_soon(later.set, response)
                return later
            case 1:
                later = Later()
                later.set(response)
                return later
            case 2:
                future = loop.create_future()
                loop.call_soon(future.set_result, response)
                return future
            case 3:
                return _from_a_task(response)
            case 4:
                response.body = _in_pieces(request.body)
                return response
        return response

    return handler


async def _from_a_task(response):
    await asyncio.sleep(0)
    return response


async def _in_pieces(body):
    yield body[:3]
    await asyncio.sleep(0)
    yield body[3:]


def _numbered(number, chance):
    body = chance.randbytes(chance.choice([0, 1, 7, 300, 70_000]))
    framing = b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    if chance.randrange(2):
        cut = chance.randrange(len(body) + 1)
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:cut], body[cut:]) if part)
        framing = b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    return b"POST /%d HTTP/1.1\r\nHost: x\r\nX-Number: %d\r\n%b" % (number, number, framing), body


@pytest.mark.parametrize("seed", range(8))
def test_pipelined_requests_get_one_answer_each_in_order_however_it_comes(run, seed):
    chance = random.Random(seed)

    async def story():
        handler = _handler_of_all_kinds(chance)
        async with serving(handler, max_body_bytes=100_000) as (server, port), connected(port) as client:
            for _ in range(5):
                requests = [_numbered(number, chance) for number in range(chance.randrange(1, 40))]
                data = b"".join(request for request, _ in requests)
                sending = asyncio.ensure_future(_send_in_pieces(client, data, chance))
                for number, (_, body) in enumerate(requests):
                    answer = await client.answer()
                    assert (answer.status, answer.headers["X-Number"]) == (200, str(number))
                    assert answer.body == body
                await sending
            assert "reading nothing" in repr(server)  # and not one answer more
            await client.send(b"GET /last HTTP/1.1\r\nHost: x\r\nX-Number: last\r\n\r\n")
            assert (await client.answer()).headers["X-Number"] == "last"

    run(story())


async def _send_in_pieces(client, data, chance):
    for piece in _pieces(data, chance):
        await client.send(piece)
        await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_requests_behind_good_ones_cost_the_good_ones_nothing(run, seed, caplog):
    chance = random.Random(seed)

    async def story():
        handler = _handler_of_all_kinds(chance)

        def careful(request):
            return handler(request) if "x-number" in request.headers else Response(200)

        async with serving(careful, max_body_bytes=100_000) as (server, port):
            for _ in range(30):
                good = [_numbered(number, chance) for number in range(chance.randrange(1, 4))]
                bad = _mutated(chance.choice(VALID), chance)
                async with connected(port) as client:
                    data = b"".join(request for request, _ in good)
                    with suppress(OSError):
                        await _send_in_pieces(client, data + bad, chance)
                        client.writer.write_eof()
                    for number, (_, body) in enumerate(good):
                        answer = await client.answer()
                        assert (answer.headers["X-Number"], answer.body) == (str(number), body)
                    await client.is_closed_by_server()
            await until(lambda: "Connection " not in repr(server))

    run(story())
    assert caplog.records == []


def test_a_thousand_requests_in_one_piece_fill_neither_stack_nor_memory(run):
    tracemalloc.start()

    async def story():
        responses = []

        def handler(request):
            later = Later()
            responses.append(later)
            if len(responses) % 2:
                later.set(Response(200, {}, b"x" * 1000))
            else:
                asyncio.get_running_loop().call_soon(later.set, Response(200))
            responses[:] = responses[-2:]
            return later

        async with serving(handler) as (server, port), connected(port) as client:
            before = tracemalloc.get_traced_memory()[0]
            flood = asyncio.ensure_future(client.send(GET * 200_000))
            await until(lambda: "writing paused" in repr(server))
            held = tracemalloc.get_traced_memory()[0] - before - len(GET) * 200_000
            assert held < 20_000_000
            flood.cancel()
            client.reset()
            await until(lambda: "Connection " not in repr(server))

    try:
        run(story())
    finally:
        tracemalloc.stop()
