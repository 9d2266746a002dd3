"""Requests off the wire, as fronts see them; answers on their way back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lambdacli.triggers.http_request import Header, HttpAnswer, HttpRequest, read_request, response_of
from lambdacli.wire.messages import Peer, Request

AT = datetime(2026, 1, 1, tzinfo=UTC)


def read(
    path: str = "/", query: str = "", *raw_headers: tuple[bytes, bytes], body: bytes = b""
) -> HttpRequest:
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in raw_headers}
    peer = Peer(False, ("127.0.0.1", 4566), ("127.0.0.1", 50000))
    wire = Request("POST", path, query, headers, body, peer, raw_headers=raw_headers)
    return read_request(wire, path, "id", AT)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param((b"X-Name", b"caf\xc3\xa9"), [("X-Name", "café")], id="UTF-8"),
        pytest.param((b"X-Name", b"caf\xe9"), [("X-Name", "café")], id="Latin 1"),
        pytest.param((b"Connection", b"keep-alive"), [], id="of the connection"),
        pytest.param(
            (b"Transfer-Encoding", b"chunked"), [("content-length", "3")], id="a body in chunks has a length"
        ),
    ],
)
def test_headers_are_texts_in_the_order_and_the_writing_they_came_in(
    raw: tuple[bytes, bytes], expected: list[Header]
) -> None:
    assert read("/", "", raw, body=b"abc").headers == expected


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("", "", ("/", "")),
        ("/a%2Fb//c", "x=%20&y", ("/a%2Fb//c", "x=%20&y")),
        ("/caf\xc3\xa9", "q=\xff", ("/caf%C3%A9", "q=%FF")),
    ],
)
def test_what_was_not_escaped_is(path: str, query: str, expected: tuple[str, str]) -> None:
    found = read(path, query)
    assert (found.path, found.query) == expected


def test_headers_of_an_answer_are_sent_as_utf_8() -> None:
    response = response_of(HttpAnswer(200, [("X", "é€"), ("Set-Cookie", "a"), ("Set-Cookie", "b")], b"x"))
    assert [(name, value.encode("latin-1")) for name, value in response.further_headers] == [
        ("X", "é€".encode()),
        ("Set-Cookie", b"a"),
        ("Set-Cookie", b"b"),
    ]
