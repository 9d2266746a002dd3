"""A streamed response's head and body, however its bytes are cut."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from lambdacli.model.later import Later
from lambdacli.model.outcome import Outcome, StreamedAnswer
from lambdacli.model.piece_stream import PieceStream
from lambdacli.triggers.http_request import HttpAnswer
from lambdacli.triggers.payload_v2 import UnusableAnswer
from lambdacli.triggers.url_stream import INTEGRATION, StreamedBody, begin
from lambdacli.wire.messages import BrokenOff

PRELUDE = b'{"statusCode":201,"headers":{"x-a":"b"},"cookies":["c=1"]}' + b"\0" * 8
HEAD = HttpAnswer(201, [("Content-Type", "application/octet-stream"), ("x-a", "b"), ("Set-Cookie", "c=1")])


def later(outcome: Outcome) -> Later[Outcome]:
    found: Later[Outcome] = Later()
    found.set_result(outcome)
    return found


class Pieces(PieceStream):
    """One after the other, as a slow function writes them."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        super().__init__()
        self.left = list(pieces)
        self.is_closed = False

    async def __anext__(self) -> Sequence[bytes]:
        if not self.left:
            raise StopAsyncIteration
        return (self.left.pop(0),)

    async def aclose(self) -> None:
        self.is_closed = True


def streamed(
    pieces: Sequence[bytes], content_type: str | None = INTEGRATION, error: str | None = None
) -> StreamedAnswer:
    outcome = Outcome(b"", "$LATEST", function_error=error and "Unhandled", error_type=error)
    tail: Later[bytes] = Later()
    return StreamedAnswer(content_type, "$LATEST", (), Pieces(pieces), later(outcome), tail)


def whole(pieces: bytes | Sequence[bytes]) -> bytes:
    return pieces if isinstance(pieces, bytes) else b"".join(pieces)


async def told(answer: StreamedAnswer) -> tuple[HttpAnswer, bytes, list[Outcome | None]] | None:
    head = await begin(answer)
    if head is None:
        return None
    ends: list[Outcome | None] = []
    body = StreamedBody(head.first, answer, ends.append)
    return head.answer, b"".join([whole(each) async for each in body]), ends


@pytest.mark.parametrize("size", [1, 3, 8, 40, 1000])
def test_a_prelude_may_come_in_any_pieces(size: int) -> None:
    whole = PRELUDE + b"\0\0body\0" + b"\0" * 8
    answer = streamed([whole[at : at + size] for at in range(0, len(whole), size)])
    found = asyncio.run(told(answer))
    assert found is not None
    assert found[0] == HEAD
    assert found[1] == b"\0\0body\0" + b"\0" * 8
    assert [outcome is not None for outcome in found[2]] == [True]


def test_other_streams_are_the_body_from_their_first_byte() -> None:
    found = asyncio.run(told(streamed([b"{", b"}\0\0\0\0\0\0\0\0"], "text/event-stream")))
    assert found is not None
    assert found[:2] == (HttpAnswer(200, [("Content-Type", "text/event-stream")]), b"{}" + b"\0" * 8)


def test_an_empty_stream_is_an_empty_body() -> None:
    found = asyncio.run(told(streamed([], "text/plain")))
    assert found is not None
    assert found[:2] == (HttpAnswer(200, [("Content-Type", "text/plain")]), b"")


def test_a_result_that_is_not_streamed_is_the_body_as_it_is() -> None:
    found = asyncio.run(told(streamed([b'{"statusCode":404}'], None)))
    assert found is not None
    assert found[:2] == (HttpAnswer(200, [("Content-Type", "application/json")]), b'{"statusCode":404}')


@pytest.mark.parametrize(
    ("pieces", "content_type"),
    [([], None), ([], INTEGRATION), ([], "text/plain"), ([PRELUDE[:-1]], f"{INTEGRATION}; charset=utf-8")],
)
def test_a_function_that_fails_before_its_head_has_none(
    pieces: list[bytes], content_type: str | None
) -> None:
    assert asyncio.run(told(streamed(pieces, content_type, error="Error"))) is None


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ([b"no json" + b"\0" * 8], "prelude is no JSON"),
        ([b"[]" + b"\0" * 8], "not an object"),
        ([b'{"statusCode":1}' + b"\0" * 8], "statusCode is 1"),
        ([b'{"statusCode":200}'], "ended within its prelude"),
        ([b"x" * 600_000, b"x" * 600_000], "no prelude ends within"),
    ],
)
def test_an_unusable_prelude_says_why_and_lets_the_function_go(pieces: list[bytes], reason: str) -> None:
    answer = streamed(pieces)
    with pytest.raises(UnusableAnswer, match=reason):
        asyncio.run(told(answer))
    assert isinstance(answer.pieces, Pieces)
    assert answer.pieces.is_closed


def test_a_function_that_fails_later_cuts_the_response() -> None:
    with pytest.raises(BrokenOff, match="TypeError"):
        asyncio.run(told(streamed([PRELUDE, b"one,"], error="TypeError")))


def test_a_client_that_leaves_closes_the_stream_and_is_told_once() -> None:
    async def story() -> tuple[StreamedAnswer, list[Outcome | None]]:
        answer = streamed([PRELUDE, b"one"])
        head = await begin(answer)
        assert head is not None
        ends: list[Outcome | None] = []
        body = StreamedBody(head.first, answer, ends.append)
        await body.aclose()
        await body.aclose()
        return answer, ends

    answer, ends = asyncio.run(story())
    assert isinstance(answer.pieces, Pieces)
    assert (answer.pieces.is_closed, ends) == (True, [None])
