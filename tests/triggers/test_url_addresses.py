"""Which function URL a request is for."""

from __future__ import annotations

import pytest

from lambdacli.triggers.url_sites import Address, address_of
from lambdacli.wire.messages import Peer, Request

OWN_HOST = "abc.lambda-url.eu-west-1.localhost:4566"


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        pytest.param(
            OWN_HOST, "/_url/other/a", Address("abc", "eu-west-1", "/_url/other/a"), id="its own host"
        ),
        pytest.param("localhost", "/_url/abc/a/b", Address("abc", None, "/a/b"), id="by the path"),
        pytest.param("localhost", "/_url/abc", Address("abc", None, "/"), id="nothing behind its id"),
        pytest.param("localhost", "/_url/abc//a", Address("abc", None, "//a"), id="two slashes behind it"),
        pytest.param("localhost", "/_url//abc", Address("", None, "/abc"), id="an empty id"),
        pytest.param("localhost", "/_url/", Address("", None, "/"), id="no id"),
        pytest.param("localhost", "/_url", Address("", None, "/"), id="not even a slash"),
    ],
)
def test_a_url_is_named_by_the_host_or_by_the_beginning_of_the_path(
    host: str, path: str, expected: Address
) -> None:
    peer = Peer(False, ("127.0.0.1", 4566), ("127.0.0.1", 50000))
    assert address_of(Request("GET", path, "", {"host": host}, b"", peer)) == expected
