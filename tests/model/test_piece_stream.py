"""Pieces on their way from a writer to a reader."""

from __future__ import annotations

import asyncio
import time

import pytest

from lambdacli.model.bandwidth import RATE_OF_LAMBDA, Bandwidth, Rate
from lambdacli.model.piece_stream import HELD_BYTES, PieceStream


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_piece_reaches_a_waiting_reader_alone_and_what_waited_comes_at_once() -> None:
    async def story() -> None:
        pieces = PieceStream()
        reading = asyncio.ensure_future(anext(pieces))
        await turns()
        pieces.write(b"a")
        assert await reading == [b"a"]
        pieces.write(b"b")
        pieces.write(b"")
        pieces.write(b"c")
        pieces.end()
        pieces.write(b"too late")
        assert [several async for several in pieces] == [[b"b", b"c"]]

    asyncio.run(story())


def test_the_end_wakes_a_reader() -> None:
    async def story() -> None:
        pieces = PieceStream()
        reading = asyncio.ensure_future(anext(pieces))
        await turns()
        pieces.end()
        with pytest.raises(StopAsyncIteration):
            await reading

    asyncio.run(story())


def test_a_writer_hears_once_that_there_is_room_again() -> None:
    async def story() -> None:
        pieces, told = PieceStream(), []
        pieces.on_room = lambda: told.append(pieces.is_full)
        pieces.write(bytes(HELD_BYTES - 1))
        assert not pieces.is_full
        pieces.write(b"x")
        assert pieces.is_full
        await anext(pieces)
        assert told == [False]
        pieces.write(b"y")
        await anext(pieces)
        assert told == [False]

    asyncio.run(story())


def test_a_reader_that_leaves_makes_room_for_ever() -> None:
    async def story() -> None:
        pieces, told = PieceStream(), []
        pieces.on_room = lambda: told.append("room")
        pieces.write(bytes(HELD_BYTES))
        await pieces.aclose()
        assert told == ["room"]
        pieces.write(bytes(HELD_BYTES))
        assert not pieces.is_full
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)

    asyncio.run(story())


def test_a_reader_that_is_cancelled_while_it_is_slowed_down_loses_nothing() -> None:
    async def story() -> None:
        bandwidth = Bandwidth(Rate(burst_bytes=1, bytes_per_second=100), time.monotonic())
        bandwidth.passed(100)
        pieces = PieceStream(bandwidth)
        pieces.write(b"first")
        pieces.end()
        reading = asyncio.ensure_future(anext(pieces))
        await turns()
        reading.cancel()
        await turns()
        assert reading.cancelled()
        bandwidth.passed(-1000)
        assert [several async for several in pieces] == [[b"first"]]

    asyncio.run(story())


# How fast


def test_the_first_bytes_pass_at_once_and_what_follows_at_its_rate() -> None:
    megabyte = 1024 * 1024
    bandwidth = Bandwidth(RATE_OF_LAMBDA, now=100.0)
    for _ in range(6):
        assert bandwidth.wait_seconds(100.0) == 0
        bandwidth.passed(megabyte)
    assert bandwidth.wait_seconds(100.0) == pytest.approx(0, abs=1e-6)
    assert bandwidth.wait_seconds(100.1) == 0
    bandwidth.passed(megabyte)
    assert bandwidth.wait_seconds(100.1) == pytest.approx(0.4, abs=1e-6)
    assert bandwidth.wait_seconds(100.5) == pytest.approx(0, abs=1e-6)


def test_a_stream_that_rests_gains_no_more_than_its_burst() -> None:
    bandwidth = Bandwidth(Rate(burst_bytes=10, bytes_per_second=5), now=0.0)
    bandwidth.passed(10)
    assert bandwidth.wait_seconds(1000.0) == 0
    bandwidth.passed(10)
    assert bandwidth.wait_seconds(1000.0) == pytest.approx(0.2)


def test_a_stream_flows_at_its_rate_in_real_time() -> None:
    async def story() -> float:
        loop = asyncio.get_running_loop()
        pieces = PieceStream(Bandwidth(Rate(burst_bytes=1000, bytes_per_second=10_000), loop.time()))
        begun = loop.time()
        for _ in range(4):
            pieces.write(bytes(1000))
            assert len(b"".join(await anext(pieces))) == 1000
        return loop.time() - begun

    assert 0.15 < asyncio.run(story()) < 2
