"""The opening handshake: which requests ask for a WebSocket as they should, and what they are answered."""

from __future__ import annotations

import pytest

from lambdacli.wire.messages import Peer, Request
from lambdacli.wire.websocket_handshake import accept_handshake, refuse_handshake

GOOD = {
    "host": "127.0.0.1",
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def asked(method="GET", http_version="1.1", **headers):
    told = {**GOOD, **{name.replace("_", "-"): value for name, value in headers.items()}}
    told = {name: value for name, value in told.items() if value is not None}
    return Request(method, "/", "", told, b"", Peer(is_unix=False), http_version=http_version)


@pytest.mark.parametrize(
    "headers",
    [{}, {"upgrade": "h2c, WebSocket"}, {"connection": "keep-alive, Upgrade"}],
    ids=["a browser's", "among other protocols", "with keep-alive, as Firefox says"],
)
def test_a_request_that_asks_as_it_should_is_not_refused(headers):
    assert refuse_handshake(asked(**headers)) is None


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (asked(upgrade=None), 426),
        (asked(upgrade="h2c"), 426),
        (asked(sec_websocket_version="8"), 426),
        (asked(sec_websocket_version=None), 426),
        (asked(method="POST"), 400),
        (asked(http_version="1.0"), 400),
        (asked(connection="keep-alive"), 400),
        (asked(sec_websocket_key=None), 400),
        (asked(sec_websocket_key="c2hvcnQ="), 400),
        (asked(sec_websocket_key="no base64 at all!"), 400),
        (asked(sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="), 400),
        (asked(sec_websocket_key="ä" * 24), 400),
    ],
    ids=[
        "a plain request",
        "another protocol",
        "an old version",
        "no version",
        "not GET",
        "HTTP/1.0",
        "no Connection: Upgrade",
        "no key",
        "a short key",
        "a key that is no base64",
        "two keys",
        "a key that is no ASCII",
    ],
)
def test_other_requests_are_told_what_is_missing(request_, status):
    refused = refuse_handshake(request_)

    assert refused.status == status
    assert refused.body.endswith(b"\n")
    assert ("Upgrade" in refused.headers) == (status == 426)
    assert refused.headers.get("Sec-WebSocket-Version") == ("13" if status == 426 else None)


def test_the_accepting_header_is_that_of_the_standards_own_example():
    accepted = accept_handshake(asked(), lambda transport, close: None)

    assert accepted.status == 101
    assert accepted.headers == {
        "Upgrade": "websocket",
        "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    }


def test_a_subprotocol_is_told_when_one_was_chosen():
    accepted = accept_handshake(asked(), lambda transport, close: None, "graphql-ws")

    assert accepted.headers["Sec-WebSocket-Protocol"] == "graphql-ws"
