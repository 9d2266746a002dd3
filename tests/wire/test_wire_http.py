"""The server as well-behaved clients meet it: framing, order, keep-alive, streams, stopping."""

from __future__ import annotations

import asyncio
import http.client
import logging
import os
import socket
import stat
import struct
import tempfile
from pathlib import Path

import pytest
from rawclient import RawClient, connected, echo, serving, until

from lambdacli.wire.http import HttpServer, Peer, Response

pytestmark = pytest.mark.real

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"


def test_request_reaches_the_handler_as_it_came(run):
    seen = []

    async def handler(request):
        seen.append(request)
        return Response(200)

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            await client.send(
                b"POST /a%2Fb/c?q=1%20&r HTTP/1.1\r\nHost: x\r\nX-Twice: 1\r\nx-twice: caf\xe9\r\n"
                b"Content-Length: 3\r\n\r\nabc"
            )
            await client.answer()
            own, server = client.writer.get_extra_info("sockname"), ("127.0.0.1", port)
            return own, server

    own, server = run(story())
    (request,) = seen
    assert (request.method, request.path, request.query) == ("POST", "/a%2Fb/c", "q=1%20&r")
    assert request.headers == {"host": "x", "x-twice": "1, café", "content-length": "3"}
    assert request.raw_headers == [
        (b"Host", b"x"),
        (b"X-Twice", b"1"),
        (b"x-twice", b"caf\xe9"),
        (b"Content-Length", b"3"),
    ]
    assert (request.body, request.is_body_too_large, request.http_version) == (b"abc", False, "1.1")
    assert request.peer == Peer(False, server, own)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("http://host:1/path?q", "/path", "q"),
        ("http://host", "/", ""),
        ("http://host?q=/", "/", "q=/"),
        ("HTTPS://host/a", "/a", ""),
        ("/a?u=http://b/c", "/a", "u=http://b/c"),
        ("/http://b", "/http://b", ""),
        ("/a?b?c", "/a", "b?c"),
    ],
)
def test_target_is_reduced_to_path_and_query(run, target, path, query):
    async def story():
        async with serving(echo) as (_, port), connected(port) as client:
            await client.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            return (await client.answer()).body

    assert run(story()) == f"GET {path}?{query} ".encode()


@pytest.mark.parametrize(
    ("version", "connection", "stays_open"),
    [
        ("1.1", None, True),
        ("1.1", "close", False),
        ("1.1", "keep-alive", True),
        ("1.0", None, False),
        ("1.0", "keep-alive", True),
    ],
)
def test_connection_stays_open_as_the_client_asks(run, version, connection, stays_open):
    field = f"Connection: {connection}\r\n" if connection else ""
    request = f"GET /a HTTP/{version}\r\nHost: x\r\n{field}\r\n".encode()

    async def story():
        async with serving(echo) as (_, port), connected(port) as client:
            await client.send(request)
            first = await client.answer()
            if not stays_open:
                assert first.headers["Connection"] == "close"
                assert await client.is_closed_by_server()
                return
            assert first.headers.get("Connection") == ("keep-alive" if version == "1.0" else None)
            await client.send(request)
            assert (await client.answer()).body == b"GET /a? "

    run(story())


def test_pipelined_requests_are_handled_one_by_one_and_answered_in_order(run):
    running = []
    most_at_once = 0

    async def handler(request):
        nonlocal most_at_once
        running.append(request)
        most_at_once = max(most_at_once, len(running))
        # The first take the longest: answered as they finish, they would come out the wrong way round.
        for _ in range(10 - int(request.body)):
            await asyncio.sleep(0)
        running.remove(request)
        return Response(200, {}, request.body)

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n%d"
            await client.send(b"".join(request % number for number in range(10)))
            return [(await client.answer()).body for _ in range(10)]

    assert run(story()) == [b"%d" % number for number in range(10)]
    assert most_at_once == 1


def test_who_pipelines_without_reading_is_held_back(run):
    """What one connection makes the server keep is bounded, both read and unsent."""
    handled = 0

    async def handler(request):
        nonlocal handled
        handled += 1
        return Response(200, {}, b"x" * 100_000)

    async def story():
        async with serving(handler) as (server, port), connected(port) as client:
            client.writer.transport.pause_reading()
            sender = asyncio.ensure_future(client.send(GET * 1_000_000))
            await until(lambda: "reading paused, writing paused" in repr(server))
            assert not sender.done()
            assert handled < 500
            sender.cancel()
            client.reset()

    run(story())


@pytest.mark.parametrize("piece_size", [1, 7, 1000])
def test_chunked_upload_in_any_pieces_arrives_whole(run, piece_size):
    body = bytes(range(256)) * 40
    chunks = [body[at : at + 999] for at in range(0, len(body), 999)]
    message = b"POST /up HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    message += b"".join(b"%x;ext=1\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    message += b"0\r\nHost: trailers decide nothing\r\n\r\n"
    seen = []

    async def handler(request):
        seen.append(request)
        return Response(200)

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            for at in range(0, len(message), piece_size):
                await client.send(message[at : at + piece_size])
            await client.answer()

    run(story())
    assert seen[0].body == body
    assert seen[0].headers["host"] == "x"
    assert seen[0].trailers == {"host": "trailers decide nothing"}


def test_continue_is_said_before_the_body_comes(run):
    async def story():
        async with serving(echo) as (_, port), connected(port) as client:
            await client.send(
                b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-Continue\r\n\r\n"
            )
            assert (await client.answer()).status == 100
            await client.send(b"body")
            assert (await client.answer()).body == b"POST /a? body"

    run(story())


def test_continue_waits_for_the_response_before_it(run):
    release = asyncio.Event()

    async def handler(request):
        if request.path == "/slow":
            await release.wait()
        return await echo(request)

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            await client.send(
                b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
                b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
            )
            async with connected(port) as other:
                await other.send(GET)
                await other.answer()
            release.set()
            assert (await client.answer()).body == b"GET /slow? "
            assert (await client.answer()).status == 100
            await client.send(b"body")
            assert (await client.answer()).body == b"POST /b? body"

    run(story())


def test_too_large_body_is_refused_before_it_is_sent_if_the_client_asks(run):
    async def handler(request):
        return Response(413 if request.is_body_too_large else 200)

    async def story():
        async with serving(handler, max_body_bytes=10) as (_, port), connected(port) as client:
            await client.send(
                b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n"
            )
            answer = await client.answer()
            assert (answer.status, answer.headers["Connection"]) == (413, "close")
            assert await client.is_closed_by_server()

    run(story())


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize(("size", "is_too_large"), [(1000, False), (1001, True), (3999, True)])
def test_body_over_the_limit_is_read_to_its_end_and_told_to_the_handler(run, size, is_too_large, is_chunked):
    async def handler(request):
        assert len(request.body) == (0 if is_too_large else size)
        return Response(413 if request.is_body_too_large else 200)

    async def story():
        async with serving(handler, max_body_bytes=1000) as (_, port), connected(port) as client:
            if is_chunked:
                await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                await client.send(b"".join(b"1\r\nx\r\n" for _ in range(size)) + b"0\r\n\r\n")
            else:
                await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
                await client.send(b"x" * size)
            assert (await client.answer()).status == (413 if is_too_large else 200)
            # The connection is still good for the next one.
            await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
            await client.send(b"x" * size)
            assert (await client.answer()).status == (413 if is_too_large else 200)

    run(story())


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("rest", [b"", b"GET /second HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_offer_to_upgrade_is_answered_as_an_ordinary_request(run, method, rest):
    """Java's client offers HTTP/2 with every first request, and sends its body with it."""
    body = b"event" if method == "POST" else b""
    seen = []
    raw_headers = []

    async def handler(request):
        seen.append(request.headers.get("upgrade"))
        raw_headers.append([name for name, _ in request.raw_headers])
        return await echo(request)

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            await client.send(
                f"{method} /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                f"Content-Length: {len(body)}\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n".encode()
                + body
                + rest
            )
            assert (await client.answer()).body == f"{method} /a? ".encode() + body
            if rest:
                assert (await client.answer()).body == b"GET /second? "

    run(story())
    assert seen == (["h2c", None] if rest else ["h2c"])
    assert raw_headers[0] == [b"Host", b"Connection", b"Content-Length", b"Upgrade", b"HTTP2-Settings"]


async def _two_pieces():
    yield b"one "
    yield b""
    yield b"two"


def test_stream_is_sent_in_chunks_and_the_connection_goes_on(run):
    async def handler(request):
        return Response(200, {"X-Case": "kept"}, _two_pieces())

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            for _ in range(2):
                await client.send(GET)
                answer = await client.answer()
                assert answer.body == b"one two"
                assert answer.headers == {"X-Case": "kept", "Transfer-Encoding": "chunked"}

    run(story())


def test_pieces_of_any_size_alone_or_together_stand_in_their_order(run):
    several = [b"6" * 40_000, b"", b"seven", b"8" * 16 * 1024]
    many = [b"%d" % number for number in range(5000)]
    pieces = [b"one ", b"2" * 16 * 1024, b"three", b"4" * 300_000, several, [], [b""], many, (b"end",)]
    whole = b"".join(piece if isinstance(piece, bytes) else b"".join(piece) for piece in pieces)

    async def stream():
        for piece in pieces:
            yield piece

    async def handler(request):
        return Response(200, {}, stream())

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            for _ in range(2):
                await client.send(GET)
                assert (await client.answer()).body == whole

    run(story())


def test_stream_to_an_old_client_ends_with_the_connection(run):
    async def handler(request):
        return Response(200, {}, _two_pieces())

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            await client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            answer = await client.answer()
            assert (answer.body, answer.headers) == (b"one two", {"Connection": "close"})

    run(story())


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_responses_without_body_are_framed_right(run, method, status, is_stream):
    async def handler(request):
        return Response(status, {}, _two_pieces() if is_stream else b"four")

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            for _ in range(2):
                await client.send(f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                headers = (await client.answer(is_head=True)).headers
                if status != 200:
                    assert headers == {}
                elif is_stream:
                    assert headers == {"Transfer-Encoding": "chunked"}
                else:
                    assert headers == {"Content-Length": "4"}

    run(story())


def test_framing_headers_of_the_handler_are_replaced_by_ours(run):
    async def handler(request):
        given = {"content-length": "99", "Transfer-Encoding": "gzip", "connection": "upgrade", "X-A": "b"}
        return Response(299, given, b"four", close=True)

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            await client.send(GET)
            answer = await client.answer()
            assert answer == type(answer)(
                299, {"X-A": "b", "Content-Length": "4", "Connection": "close"}, b"four"
            )
            assert await client.is_closed_by_server()

    run(story())


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_header_can_be_sent_more_than_once(run, is_stream):
    async def handler(request):
        body = _two_pieces() if is_stream else b"one two"
        cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2; Path=/"), ("content-length", "99")]
        return Response(200, {"X-A": "b"}, body, further_headers=cookies)

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            await client.send(GET)
            head = await client.reader.readuntil(b"\r\n\r\n")
            assert b"\r\nX-A: b\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\n" in head
            assert b"99" not in head

    run(story())


def test_a_repeated_header_cannot_forge_another_one(run, caplog):
    async def handler(request):
        return Response(200, further_headers=[("Set-Cookie", "a=1\r\nX-Forged: yes")])

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            await client.send(GET)
            assert (await client.answer()).status == 500

    run(story())
    assert "holds a line break" in caplog.text


def test_pieces_of_a_stream_leave_as_they_come(run):
    pieces = asyncio.Queue()

    async def stream():
        while piece := await pieces.get():
            yield piece

    async def handler(request):
        return Response(200, {}, stream())

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            await client.send(GET)
            await client.reader.readuntil(b"\r\n\r\n")
            for piece in (b"a", b"bc", b"d" * 100_000):
                pieces.put_nowait(piece)
                assert await client.chunk() == piece
            pieces.put_nowait(b"")
            assert await client.chunk() == b""

    run(story())


def test_slow_reader_of_a_stream_holds_the_stream_back(run):
    sent = 0

    async def stream():
        nonlocal sent
        for _ in range(1000):
            sent += 100_000
            yield b"x" * 100_000

    async def handler(request):
        return Response(200, {}, stream())

    async def story():
        async with serving(handler) as (server, port), connected(port) as client:
            client.writer.transport.pause_reading()
            await client.send(GET)
            await until(lambda: "writing paused" in repr(server))
            assert sent < 20_000_000  # the kernel's own buffers, and little of ours
            client.writer.transport.resume_reading()
            assert len((await client.answer()).body) == 100_000_000

    run(story())


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("is_silent", [True, False])
def test_stream_is_closed_when_its_client_vanishes(run, how, is_silent):
    ends = []

    async def stream():
        try:
            yield b"first"
            if is_silent:
                await asyncio.Event().wait()
            while True:
                await asyncio.sleep(0)
                yield b"more" * 1000
        finally:
            ends.append("closed")

    async def handler(request):
        return Response(200, {}, stream())

    async def story():
        async with serving(handler) as (_, port):
            async with connected(port) as client:
                await client.send(GET)
                await client.reader.readuntil(b"first")
                if how == "reset":
                    client.reset()
            await until(lambda: ends)
            async with connected(port) as other:
                await other.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
                await other.answer(is_head=True)

    run(story())
    assert ends == ["closed"]


def test_stream_that_fails_ends_without_its_last_chunk(run, caplog):
    async def stream():
        yield b"first"
        raise RuntimeError("the function died")

    async def handler(request):
        return Response(200, {}, stream())

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            await client.send(GET)
            return await client.reader.read()

    assert run(story()).endswith(b"5\r\nfirst\r\n")
    assert "the function died" in caplog.text


@pytest.mark.parametrize("how", ["client finished", "lost"])
def test_client_that_leaves_does_not_stop_the_handler(run, how):
    steps = []
    release = asyncio.Event()

    async def handler(request):
        steps.append("started")
        await release.wait()
        steps.append("finished")
        return Response(200, {}, b"x" * 1_000_000)

    async def story():
        async with serving(handler) as (server, port):
            async with connected(port) as client:
                await client.send(GET)
                await until(lambda: steps)
                if how == "lost":
                    client.reset()
            await until(lambda: how in repr(server))
            release.set()
            await until(lambda: "Connection " not in repr(server))

    run(story())
    assert steps == ["started", "finished"]


def test_stream_that_nobody_waits_for_any_more_is_never_begun(run):
    release = asyncio.Event()
    closed = []

    class Stream:
        def __aiter__(self):
            return self

        async def __anext__(self):
            raise AssertionError("begun")

        async def aclose(self):
            closed.append(True)

    async def handler(request):
        await release.wait()
        return Response(200, {}, Stream())

    async def story():
        async with serving(handler) as (server, port):
            async with connected(port) as client:
                await client.send(GET)
                await until(lambda: "running" in repr(server))
                client.reset()
            await until(lambda: "lost" in repr(server))
            release.set()
            await until(lambda: closed)

    run(story())


def test_client_that_only_stops_sending_still_gets_its_answers(run):
    release = asyncio.Event()

    async def handler(request):
        await release.wait()
        return await echo(request)

    async def story():
        async with serving(handler) as (server, port), connected(port) as client:
            await client.send(GET + GET)
            client.writer.write_eof()
            await until(lambda: "1 waiting" in repr(server))
            release.set()
            assert (await client.answer()).headers.get("Connection") is None
            assert (await client.answer()).body == b"GET /a? "
            assert await client.is_closed_by_server()

    run(story())


class _Failure(Exception):
    pass


async def _raise(error):
    raise error


async def _wait_for_something_cancelled():
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


@pytest.mark.parametrize(
    "fail",
    [
        lambda: _raise(_Failure("boom")),
        lambda: _raise(OSError("boom")),
        _wait_for_something_cancelled,
        lambda: _return(Response(200, {"X-Name": "boom\r\nSet-Cookie: forged"})),
        lambda: _return(Response(200, {"X-Name": "boom \N{SNOWMAN}"})),
        lambda: _return(Response(101, {"X-Name": "boom"})),
    ],
)
def test_handler_that_fails_is_answered_500_and_logged(run, caplog, fail):
    async def handler(request):
        return await fail() if request.path == "/a" else Response(200)

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            await client.send(GET)
            answer = await client.answer()
            assert (answer.status, answer.body) == (500, b'{"message":"Internal Server Error"}')
            await client.send(b"GET /good HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await client.answer()).status == 200

    with caplog.at_level(logging.ERROR, "lam.wire"):
        run(story())
    (record,) = caplog.records
    assert record.name == "lam.wire"
    assert record.exc_info


async def _return(response):
    return response


def test_handler_that_returns_no_response_closes_the_connection(run, caplog):
    async def handler(request):
        return None

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            await client.send(GET)
            assert await client.is_closed_by_server()

    run(story())
    assert "sending the response failed" in caplog.text


def test_refused_connection_gets_the_refusal_whatever_it_sends(run):
    peers = []

    def accept(peer):
        peers.append(peer)
        return Response(403, {"X-Why": "stranger"}, b"go away")

    async def handler(request):
        raise AssertionError("a refused connection's request was handled")

    async def story():
        async with serving(handler, accept=accept) as (_, port), connected(port) as client:
            await client.send(
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + b"x" * 500_000
            )
            answer = await client.answer()
            assert (answer.status, answer.body) == (403, b"go away")
            assert await client.is_closed_by_server()

    run(story())
    assert len(peers) == 1


def test_connection_that_cannot_be_judged_is_refused(run, caplog):
    def accept(peer):
        raise _Failure("no netlink today")

    async def handler(request):
        raise AssertionError("an unjudged connection's request was handled")

    async def story():
        async with serving(handler, accept=accept) as (_, port), connected(port) as client:
            await client.send(GET)
            assert (await client.answer()).status == 500
            assert await client.is_closed_by_server()

    run(story())
    assert "no netlink today" in caplog.text


def test_refusing_a_client_that_has_left_already_harms_nobody(run):
    peers = []

    def accept(peer):
        peers.append(peer)
        return Response(403, {}, b"go away")

    async def story():
        async with serving(echo, accept=accept) as (_, port):
            for is_reset in (False, True):
                # Blocking calls: the server does not run before the client is gone.
                with socket.create_connection(("127.0.0.1", port)) as client:
                    client.sendall(GET)
                    if is_reset:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await until(lambda: len(peers) == 2)
            async with connected(port) as client:
                assert (await client.answer()).status == 403

    run(story())


def test_two_hundred_connections_are_served_at_once(run):
    arrived = 0
    all_here = asyncio.Event()

    async def handler(request):
        nonlocal arrived
        arrived += 1
        if arrived == 200:
            all_here.set()
        await all_here.wait()
        return await echo(request)

    async def one(port, number):
        async with connected(port) as client:
            await client.send(f"GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            return (await client.answer()).body

    async def story():
        async with serving(handler) as (_, port):
            return await asyncio.gather(*(one(port, number) for number in range(200)))

    assert run(story()) == [f"GET /{number}? ".encode() for number in range(200)]


def test_standard_clients_are_served(run):
    def call(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        bodies = []
        for number in range(3):
            connection.request("PUT", f"/{number}", body=b"x" * number)
            bodies.append(connection.getresponse().read())
        connection.close()
        return bodies

    async def story():
        async with serving(echo) as (_, port):
            return await asyncio.to_thread(call, port)

    assert run(story()) == [b"PUT /0? ", b"PUT /1? x", b"PUT /2? xx"]


# Listening.


@pytest.fixture
def short_folder():
    """pytest's own folders may exceed what a socket address can hold."""
    with tempfile.TemporaryDirectory(prefix="lam") as folder:
        yield Path(folder)


async def _ask_unix(path):
    client = RawClient(*await asyncio.open_unix_connection(path))
    await client.send(GET)
    answer = await client.answer()
    await client.close()
    return answer.body


def test_unix_socket_is_private_and_gone_after_stop(run, short_folder):
    path = short_folder / "s"
    peers = []

    async def handler(request):
        peers.append(request.peer)
        return await echo(request)

    async def story():
        server = HttpServer(handler, max_body_bytes=10)
        await server.listen_unix(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert await _ask_unix(path) == b"GET /a? "
        await server.stop(1)
        assert not path.exists()

    run(story())
    assert peers == [Peer(True)]


def test_stale_socket_file_is_replaced_and_a_living_one_is_not(run, short_folder):
    path = short_folder / "s"
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()

    async def story():
        first, second = HttpServer(echo, max_body_bytes=10), HttpServer(echo, max_body_bytes=10)
        await first.listen_unix(path)
        with pytest.raises(OSError, match="in use"):
            await second.listen_unix(path)
        assert await _ask_unix(path) == b"GET /a? "
        await second.stop(0)
        assert await _ask_unix(path) == b"GET /a? "
        await first.stop(1)

    run(story())


def test_file_that_is_no_socket_is_left_alone(run, short_folder):
    path = short_folder / "s"
    path.write_text("precious")

    async def story():
        server = HttpServer(echo, max_body_bytes=10)
        with pytest.raises(OSError):
            await server.listen_unix(path)
        await server.stop(0)

    run(story())
    assert path.read_text() == "precious"


def test_stop_leaves_the_socket_file_of_a_successor(run, short_folder):
    path = short_folder / "s"

    async def story():
        first, second = HttpServer(echo, max_body_bytes=10), HttpServer(echo, max_body_bytes=10)
        await first.listen_unix(path)
        path.rename(short_folder / "moved")
        await second.listen_unix(path)
        await first.stop(0)
        assert await _ask_unix(path) == b"GET /a? "
        await second.stop(0)

    run(story())


def test_socket_that_was_bound_elsewhere_is_served_and_closed(run):
    async def story():
        sock = socket.create_server(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        server = HttpServer(echo, max_body_bytes=10)
        await server.listen_socket(sock)
        async with connected(port) as client:
            await client.send(GET)
            assert (await client.answer()).status == 200
        await server.stop(1)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    run(story())


def test_taken_port_is_an_error(run):
    async def story():
        async with serving(echo) as (_, port):
            other = HttpServer(echo, max_body_bytes=10)
            with pytest.raises(OSError):
                await other.listen_tcp("127.0.0.1", port)
            await other.stop(0)

    run(story())


# Stopping.


def test_stop_lets_a_running_request_finish_and_closes_idle_connections(run):
    release = asyncio.Event()

    async def handler(request):
        if request.path == "/slow":
            await release.wait()
        return await echo(request)

    async def story():
        async with serving(handler) as (server, port), connected(port) as idle, connected(port) as busy:
            await idle.send(GET)
            await idle.answer()
            await busy.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
            await until(lambda: "running" in repr(server))
            stopping = asyncio.ensure_future(server.stop(20))
            assert await idle.is_closed_by_server()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)
            assert not stopping.done()
            release.set()
            answer = await busy.answer()
            assert (answer.body, answer.headers["Connection"]) == (b"GET /slow? ", "close")
            # What was pipelined behind it was never begun: the client may safely send it again.
            assert await busy.is_closed_by_server()
            await busy.close()
            await stopping
            await server.stop(20)

    run(story())


def test_stop_waits_for_a_request_that_is_half_received(run):
    async def story():
        async with serving(echo) as (server, port), connected(port) as client:
            await client.send(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo")
            await until(lambda: "reading body" in repr(server))
            stopping = asyncio.ensure_future(server.stop(20))
            await asyncio.sleep(0)
            await client.send(b"dy")
            assert (await client.answer()).body == b"POST /a? body"
            await client.close()
            await stopping

    run(story())


@pytest.mark.parametrize("how", ["sends no more", "reads no answer", "reads no stream"])
def test_stop_does_not_wait_long_for_a_client_that_is_stuck(run, monkeypatch, how):
    monkeypatch.setattr("lambdacli.wire.http._STUCK_SECONDS", 0.05)
    release = asyncio.Event()

    async def endless():
        while True:
            yield b"x" * 100_000

    async def handler(request):
        if request.path == "/busy":
            await release.wait()
            return Response(200, {}, b"done")
        return Response(200, {}, endless() if how == "reads no stream" else b"x" * 50_000_000)

    async def story():
        async with serving(handler) as (server, port), connected(port) as busy:
            await busy.send(b"GET /busy HTTP/1.1\r\nHost: x\r\n\r\n")
            with socket.create_connection(("127.0.0.1", port)) as stuck:
                head = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
                stuck.sendall(head + (b"bo" if how == "sends no more" else b"body"))
                state = "reading body" if how == "sends no more" else "writing paused"
                await until(lambda: state in repr(server) and "running" in repr(server))
                stopping = asyncio.ensure_future(server.stop(1000))
                await until(lambda: repr(server).count("<Connection ") == 1)
                assert not stopping.done()
                release.set()
                assert (await busy.answer()).body == b"done"
                await busy.close()
                await stopping

    run(story())


@pytest.mark.parametrize("streams", [False, True])
def test_stop_cuts_what_outlasts_the_grace(run, streams):
    ends = []

    async def stream():
        try:
            yield b"first"
            await asyncio.Event().wait()
        finally:
            ends.append("stream")

    async def handler(request):
        if streams:
            return Response(200, {}, stream())
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("handler")

    async def story():
        async with serving(handler) as (server, port), connected(port) as client:
            await client.send(GET)
            if streams:
                await client.reader.readuntil(b"first")
            await until(lambda: "running" in repr(server))
            await server.stop(0.05)
            assert ends == ["stream" if streams else "handler"]
            assert "Connection " not in repr(server)
            assert await client.is_closed_by_server() or streams

    run(story())


def test_second_stop_without_grace_cuts_at_once(run):
    async def handler(request):
        await asyncio.Event().wait()

    async def story():
        async with serving(handler) as (server, port), connected(port) as client:
            await client.send(GET)
            await until(lambda: "running" in repr(server))
            patient = asyncio.ensure_future(server.stop(1000))
            await asyncio.sleep(0)
            await server.stop(0)
            await patient
            assert await client.is_closed_by_server()

    run(story())


def test_request_cut_before_its_first_step_leaves_nothing_behind(run):
    async def handler(request):
        raise AssertionError("never begun")

    async def story():
        server = HttpServer(handler, max_body_bytes=10)
        port = await server.listen_tcp("127.0.0.1", 0)
        async with connected(port) as client:
            await until(lambda: "reading" in repr(server))
            (connection,) = server._connections.all()
            connection.data_received(GET)
            connection.cut()
            assert await server._connections.are_gone_within(5)
            assert await client.is_closed_by_server()
        await server.stop(0)

    run(story())


def test_handler_that_ignores_its_cancellation_is_left_behind_with_a_word(run, caplog):
    release = asyncio.Event()

    async def handler(request):
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return Response(200)

    async def story():
        async with serving(handler) as (server, port), connected(port) as client:
            await client.send(GET)
            await until(lambda: "running" in repr(server))
            await server.stop(0)
            assert "outlived" in caplog.text
            release.set()
            await until(lambda: "Connection " not in repr(server))

    run(story())


def test_descriptors_are_not_leaked(run):
    async def serve_twenty():
        async with serving(echo) as (_, port):
            for _ in range(20):
                async with connected(port) as client:
                    await client.send(GET)
                    await client.answer()

    async def story():
        await serve_twenty()  # the loop opens some of its own at first use
        before = len(os.listdir("/dev/fd"))
        await serve_twenty()
        await until(lambda: len(os.listdir("/dev/fd")) <= before)

    run(story())


def test_a_response_that_may_wait_leaves_with_the_next_if_that_was_asked_for(run):
    release = asyncio.Event()

    async def slow():
        await release.wait()
        return Response(200, {}, b"slow")

    def handler(request):
        return slow() if request.path == "/slow" else Response(202, {}, b"soon", may_wait=True)

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            await client.send(b"POST /soon HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await client.answer()).body == b"soon"  # nothing else was asked for
            await client.send(b"POST /soon HTTP/1.1\r\n\r\nGET /slow HTTP/1.1\r\n\r\n")
            early = asyncio.ensure_future(client.answer())
            await asyncio.sleep(0.05)
            assert not early.done()
            release.set()
            assert (await early).body == b"soon"
            assert (await client.answer()).body == b"slow"

    run(story())


def test_a_response_that_waits_is_not_lost_when_the_next_never_comes(run):
    def handler(request):
        if request.path == "/soon":
            return Response(202, {}, b"soon", may_wait=True)
        return _return(None)  # no response at all

    async def story():
        async with serving(handler) as (_, port), connected(port) as client:
            await client.send(b"POST /soon HTTP/1.1\r\n\r\nGET /never HTTP/1.1\r\n\r\n")
            assert (await client.answer()).body == b"soon"
            assert await client.is_closed_by_server()
        async with serving(handler) as (_, port), connected(port) as client:
            await client.send(b"POST /soon HTTP/1.1\r\n\r\nno request at all\r\n\r\n")
            assert (await client.answer()).body == b"soon"
            assert (await client.answer()).status == 400

    run(story())
