"""Requests that are known by their header section are what the parser would make of them."""

from __future__ import annotations

import random

import pytest
from test_wire_hostile import VALID, _mutated, _pieces

from lambdacli.wire import reader as reader_module
from lambdacli.wire.messages import Peer
from lambdacli.wire.reader import Limits, Refused, RequestReader

MORE = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /a%20b?x=1&y=%2F HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /a? HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /a HTTP/1.0\r\nHost: x\r\n\r\n",
    b"get /a HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n" + b"b" * 2000,
    b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab",
    b"POST /a HTTP/1.1\r\nX: 1\r\nx: 2\r\nContent-Length: 2\r\n\r\nab",
]


class PlainReader(RequestReader):
    """Knows nothing from before."""

    def _take_known(self, data):
        return data


def read(kind, pieces, limits):
    taken = []
    reader = kind(limits, Peer(is_unix=True), taken.append)
    refused = None
    for piece in pieces:
        if reader.is_done:
            break
        try:
            reader.feed(piece)
        except Refused as error:
            refused = error.status
    return taken, refused, reader.is_done, reader.reading, reader.owes_continue


@pytest.fixture(autouse=True)
def known():
    reader_module._BLOCKS.clear()
    yield reader_module._BLOCKS
    reader_module._BLOCKS.clear()


@pytest.mark.parametrize("seed", range(20))
def test_both_ways_of_reading_agree(seed):
    chance = random.Random(seed)
    for _ in range(200):
        limits = Limits(chance.choice([3, 1000, 10_000]), chance.choice([600, 4000]), 30, 1e9)
        requests = [chance.choice(VALID + MORE) for _ in range(chance.randrange(1, 6))]
        requests = [_mutated(one, chance) if not chance.randrange(5) else one for one in requests]
        data = b"".join(requests)
        pieces = [piece for piece in (_pieces(data, chance) if chance.randrange(2) else [data]) if piece]
        assert read(RequestReader, pieces, limits) == read(PlainReader, pieces, limits), pieces


def test_what_was_parsed_once_is_known_and_forgotten_in_time(known, monkeypatch):
    monkeypatch.setattr(reader_module, "_BLOCKS_KEPT", 3)
    limits = Limits(1000, 1000, 30, 1e9)
    for number in range(10):
        request = b"GET /a HTTP/1.1\r\nX: %d\r\n\r\n" % number
        for _ in range(2):
            (taken,) = read(RequestReader, [request], limits)[0]
            assert taken.headers == {"x": str(number)}
        assert len(known) <= 3
    read(RequestReader, [b"GET /a HTTP/1.1\r\nX: %b\r\n\r\n" % (b"x" * 5000)], Limits(9, 9999, 30, 9))
    assert all(len(block) <= 2048 for block in known)


def test_a_section_that_decides_about_the_connection_is_never_remembered(known):
    limits = Limits(1000, 1000, 30, 1e9)
    for request in VALID + MORE:
        read(RequestReader, [request], limits)
    for block in known:
        assert not any(
            name in block.lower() for name in (b"connection", b"expect", b"transfer-encoding", b"upgrade")
        )
