"""Bodies that are handed on while they come."""

from __future__ import annotations

import asyncio

import pytest

from lambdacli.model.later import Later
from lambdacli.wire.http import Response
from tests.wire.rawclient import connected, echo, serving, until

HEAD = b"POST /up HTTP/1.1\r\nHost: x\r\nX-Pieces: 1\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"


def chunk(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


def wants_pieces(headers):
    return "x-pieces" in headers


class Taker:
    def __init__(self):
        self.taken = b""
        self.trailers = None
        self.was_cut = False
        self.inflow = None
        self.answer = Later()

    def take(self, piece):
        self.taken += piece

    def end(self, trailers):
        self.trailers = dict(trailers)
        self.answer.set_result(Response(200, {}, self.taken[-20:]))

    def cut(self):
        self.was_cut = True
        self.answer.set_result(Response(400))

    def handle(self, request):
        if request.inflow is None:
            return echo(request)
        self.inflow = request.inflow
        request.inflow.hand_to(self)
        return self.answer


def scene(run, play, handler=None):
    taker = Taker()

    async def story():
        async with (
            serving(handler or taker.handle, takes_pieces=wants_pieces) as (server, port),
            connected(port) as client,
        ):
            await play(taker, client, server)

    run(story())
    return taker


def test_a_body_is_there_before_its_end(run):
    async def play(taker, client, server):
        await client.send(CHUNKED + chunk(b"one,"))
        await until(lambda: taker.taken == b"one,")
        await client.send(chunk(b"two") + b"0\r\nX-Late: yes\r\n\r\n" + GET)
        assert (await client.answer()).body == b"one,two"
        assert taker.trailers == {"x-late": "yes"}
        # The connection goes on.
        assert (await client.answer()).body.startswith(b"GET /a?")

    scene(run, play)


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_body_in_any_pieces_arrives_whole(run, step):
    message = CHUNKED + b"".join(chunk(bytes([at]) * 99) for at in range(50)) + b"0\r\n\r\n"

    async def play(taker, client, server):
        for at in range(0, len(message), step):
            await client.send(message[at : at + step])
        assert (await client.answer()).body == bytes([49]) * 20
        assert taker.taken == b"".join(bytes([at]) * 99 for at in range(50))

    scene(run, play)


def test_a_body_with_a_length_is_handed_on_too_over_every_limit(run):
    async def play(taker, client, server):
        await client.send(HEAD + b"Content-Length: 3000000\r\n\r\n")
        await client.send(bytes(3_000_000))
        assert (await client.answer()).status == 200
        assert len(taker.taken) == 3_000_000

    scene(run, play)


def test_a_request_behind_another_waits_for_its_turn(run):
    async def play(taker, client, server):
        await client.send(GET + CHUNKED + chunk(b"one") + b"0\r\n\r\n" + GET)
        assert (await client.answer()).body.startswith(b"GET /a?")
        assert (await client.answer()).body == b"one"
        assert (await client.answer()).body.startswith(b"GET /a?")

    scene(run, play)


def test_a_taker_that_is_full_stops_the_sender(run):
    async def play(taker, client, server):
        await client.send(CHUNKED + chunk(b"one"))
        await until(lambda: taker.taken)
        taker.inflow.pause()
        sending = asyncio.ensure_future(client.send(chunk(bytes(50_000_000)) + b"0\r\n\r\n"))
        await until(lambda: "reading paused" in repr(server))
        assert not sending.done()
        assert len(taker.taken) < 1_000_000
        taker.inflow.resume()
        await sending
        assert (await client.answer()).status == 200
        assert len(taker.taken) == 50_000_003

    scene(run, play)


@pytest.mark.parametrize("how", ["reset", "half close", "no chunk"])
def test_a_body_that_breaks_off_is_cut(run, how):
    async def play(taker, client, server):
        await client.send(CHUNKED + chunk(b"one"))
        await until(lambda: taker.taken)
        if how == "reset":
            client.reset()
        elif how == "half close":
            client.writer.write_eof()
            assert (await client.answer()).status == 400
        else:
            await client.send(b"what?\r\n")
            assert (await client.answer()).status == 400
            assert await client.is_closed_by_server()
        await until(lambda: taker.was_cut)
        await until(lambda: "Connection " not in repr(server))

    taker = scene(run, play)
    assert (taker.taken, taker.trailers) == (b"one", None)


def test_a_response_before_the_end_waits_for_it(run):
    async def refuse(request):
        return Response(403, {}, b"no") if request.inflow is not None else await echo(request)

    async def play(taker, client, server):
        await client.send(CHUNKED + chunk(b"one"))
        answering = asyncio.ensure_future(client.answer())
        await client.send(chunk(bytes(3_000_000)))
        assert not answering.done()
        await client.send(b"0\r\n\r\n" + GET)
        assert (await answering).body == b"no"
        assert (await client.answer()).body.startswith(b"GET /a?")

    scene(run, play, refuse)


def test_continue_is_said_for_a_body_that_is_handed_on(run):
    async def play(taker, client, server):
        await client.send(HEAD + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert (await client.answer()).status == 100
        await client.send(b"one")
        assert (await client.answer()).body == b"one"

    scene(run, play)


def test_a_server_that_stops_cuts_what_still_comes(run):
    async def play(taker, client, server):
        await client.send(CHUNKED + chunk(b"one"))
        await until(lambda: taker.taken)
        await server.stop(0)
        assert taker.was_cut

    scene(run, play)
