"""Requests that go on to another server: both ways as they come, framed either way, and every end told."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest
from rawclient import connected, echo, serving, until

from lambdacli.wire.handover import Upstream
from lambdacli.wire.http import Response

pytestmark = pytest.mark.real

PIECE = b"x" * 100_000


@asynccontextmanager
async def behind(answer):
    """Another server; `answer(reader, writer, head)` is called with each request's head."""
    tasks = set()

    async def take(reader, writer):
        tasks.add(asyncio.current_task())
        try:
            await answer(reader, writer, (await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def to(port, **more):
    async def find():
        return Upstream(("127.0.0.1", port), **more)

    return lambda request: find if request.path.startswith("/there") else None


async def whole(client):
    """Everything that comes until the end."""
    return await client.reader.read()


def test_a_request_goes_on_with_the_path_headers_and_body_it_came_with(run):
    heads = []

    async def answer(reader, writer, head):
        heads.append(head)
        body = await reader.readexactly(5)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n" + body[::-1])

    async def story():
        more = {"path_prefix": "/base", "headers": {"x-account": "1", "x-set": "by us"}}
        async with (
            behind(answer) as there,
            serving(echo, divert=to(there, **more)) as (_, port),
            connected(port) as client,
        ):
            await client.send(
                b"PUT /there%2Fa?q=%20 HTTP/1.1\r\nHost: bucket.localhost\r\nX-Set: by them\r\n"
                b"X-Own: caf\xe9\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"
            )
            return await whole(client)

    assert run(story()).endswith(b"\r\n\r\nolleh")
    assert heads == [
        "PUT /base/there%2Fa?q=%20 HTTP/1.1\r\nhost: bucket.localhost\r\nx-own: café\r\ncontent-length: 5\r\n"
        "x-account: 1\r\nx-set: by us\r\nconnection: close\r\n\r\n"
    ]


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_large_body_is_carried_while_it_comes_and_never_kept(run, is_chunked):
    pieces = 400  # 40 MB, far over the server's own limit

    async def answer(reader, writer, head):
        assert ("transfer-encoding: chunked" in head) == is_chunked
        count = 0
        if is_chunked:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                count += len(await reader.readexactly(size))
                await reader.readexactly(2)
        else:
            count = len(await reader.readexactly(pieces * len(PIECE)))
        writer.write(f"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{count}".encode())

    async def story():
        async with (
            behind(answer) as there,
            serving(echo, divert=to(there)) as (_, port),
            connected(port) as client,
        ):
            framing = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {pieces * len(PIECE)}"
            await client.send(f"PUT /there HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode())
            for _ in range(pieces):
                await client.send(b"%x\r\n%b\r\n" % (len(PIECE), PIECE) if is_chunked else PIECE)
            await client.send(b"0\r\n\r\n" if is_chunked else b"")
            return await whole(client)

    assert run(story()).endswith(b"40000000")


def test_the_sender_of_a_body_waits_while_the_other_server_is_slow(run):
    async def story():
        may_read = asyncio.Event()

        async def answer(reader, writer, head):
            await may_read.wait()
            body = await reader.readexactly(40_000_000)
            writer.write(f"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{len(body)}".encode())

        async with (
            behind(answer) as there,
            serving(echo, divert=to(there)) as (_, port),
            connected(port) as client,
        ):
            await client.send(b"PUT /there HTTP/1.1\r\nHost: x\r\nContent-Length: 40000000\r\n\r\n")
            sending = asyncio.ensure_future(client.send(b"x" * 40_000_000))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await asyncio.shield(sending)
            may_read.set()
            await sending
            return await whole(client)

    assert run(story()).endswith(b"40000000")


def test_a_large_answer_waits_for_a_client_that_is_slow_to_read(run):
    async def story():
        is_all_written = asyncio.Event()

        async def answer(reader, writer, head):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 40000000\r\nConnection: close\r\n\r\n")
            for _ in range(400):
                writer.write(PIECE)
                await writer.drain()
            is_all_written.set()

        async with (
            behind(answer) as there,
            serving(echo, divert=to(there)) as (_, port),
            connected(port) as client,
        ):
            await client.send(b"GET /there HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await is_all_written.wait()
            return len(await whole(client))

    assert run(story()) > 40_000_000


def test_who_waits_for_100_continue_gets_it_when_the_other_server_is_there(run):
    heads = []

    async def answer(reader, writer, head):
        heads.append(head)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + await reader.readexactly(2))

    async def story():
        async with (
            behind(answer) as there,
            serving(echo, divert=to(there)) as (_, port),
            connected(port) as client,
        ):
            await client.send(
                b"PUT /there HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            )
            assert (await client.answer()).status == 100
            await client.send(b"ok")
            return await whole(client)

    assert run(story()).endswith(b"\r\n\r\nok")
    assert "expect" not in heads[0]


def test_other_requests_of_a_connection_are_answered_here_and_before(run):
    async def answer(reader, writer, head):
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfrom there")

    async def story():
        async with (
            behind(answer) as there,
            serving(echo, divert=to(there)) as (_, port),
            connected(port) as client,
        ):
            here = b"POST /here HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1"
            await client.send(here + here + b"GET /there HTTP/1.1\r\nHost: x\r\n\r\n" + here)
            first, second = await client.answer(), await client.answer()
            return first.body, second.body, await whole(client)

    first, second, rest = run(story())
    assert first == second == b"POST /here? 1"
    assert rest == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfrom there"


def test_the_same_headers_lead_here_or_there_by_the_path(run):
    async def answer(reader, writer, head):
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfrom there")

    async def story():
        async with behind(answer) as there, serving(echo, divert=to(there)) as (_, port):
            answers = []
            for path in (b"/here", b"/there", b"/here"):
                async with connected(port) as client:
                    await client.send(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nX-Same: 1\r\n\r\n")
                    answers.append((await client.answer()).body)
            return answers

    assert run(story()) == [b"GET /here? ", b"from there", b"GET /here? "]


def test_an_answer_that_comes_before_the_body_is_read_reaches_the_client(run):
    async def answer(reader, writer, head):
        writer.write(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")

    async def story():
        async with (
            behind(answer) as there,
            serving(echo, divert=to(there)) as (_, port),
            connected(port) as client,
        ):
            await client.send(b"PUT /there HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
            return (await client.answer()).status

    assert run(story()) == 403


def test_a_server_that_is_not_there_or_says_nothing_is_a_502(run):
    async def nothing(reader, writer, head):
        pass

    async def story():
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port_of_nobody = closed.getsockname()[1]
        found = []
        async with behind(nothing) as silent:
            for there in (port_of_nobody, silent):
                async with serving(echo, divert=to(there)) as (_, port), connected(port) as client:
                    await client.send(b"PUT /there HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
                    found.append(await client.answer())
        return found

    refused, silent = run(story())
    assert refused.status == silent.status == 502
    assert b"cannot be reached" in refused.body
    assert b"closed without an answer" in silent.body


def test_a_refusal_is_the_answer_whatever_still_comes(run):
    async def refuse():
        return Response(501, {"Content-Type": "text/plain"}, b"not here")

    async def story():
        async with serving(echo, divert=lambda _: refuse) as (_, port), connected(port) as client:
            await client.send(b"PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nabc")
            answer = await client.answer()
            return answer.status, answer.body, answer.headers["Connection"]

    assert run(story()) == (501, b"not here", "close")


def test_the_other_server_hears_that_the_client_has_left(run):
    async def story():
        has_ended = asyncio.Event()

        async def answer(reader, writer, head):
            await reader.read()
            has_ended.set()

        async with behind(answer) as there, serving(echo, divert=to(there)) as (server, port):
            async with connected(port) as client:
                await client.send(b"PUT /there HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
                await until(lambda: "running" in repr(server))
                client.reset()
            await has_ended.wait()
            await until(lambda: "Connections []" in repr(server))

    run(story())


def test_a_stop_does_not_wait_long_for_another_server(run):
    async def story():
        async def answer(reader, writer, head):
            await reader.read()

        async with (
            behind(answer) as there,
            serving(echo, divert=to(there)) as (server, port),
            connected(port) as client,
        ):
            await client.send(b"GET /there HTTP/1.1\r\nHost: x\r\n\r\n")
            await until(lambda: "running" in repr(server))
            stopping = asyncio.ensure_future(server.stop(0))
            assert await client.is_closed_by_server()
            await stopping

    run(story())
