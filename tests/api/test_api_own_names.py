"""Construct paths in requests: the function's own name goes on, everything else stays as it came."""

from __future__ import annotations

import pytest

from lambdacli.api.names import by_own_name
from lambdacli.wire.http import Request
from lambdacli.wire.messages import Peer

NAMES = {"Api/Hello": "Hello4", "short": "own-name"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/2015-03-31/functions/Api%2FHello/invocations", "/2015-03-31/functions/Hello4/invocations"),
        ("/2015-03-31/functions/Api%2fHello/invocations", "/2015-03-31/functions/Hello4/invocations"),
        ("/2015-03-31/functions/Api%2FOther/invocations", "/2015-03-31/functions/Api%2FOther/invocations"),
        ("/2015-03-31/functions/short/invocations", "/2015-03-31/functions/short/invocations"),
        ("/2017-03-31/tags/arn%3Aaws%3Alambda", "/2017-03-31/tags/arn%3Aaws%3Alambda"),
    ],
)
def test_a_path_with_a_construct_path_becomes(path: str, expected: str) -> None:
    request = Request("POST", path, "", {}, b"", Peer(is_unix=True))
    assert by_own_name(request, NAMES).path == expected
