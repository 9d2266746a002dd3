"""One HTTP request and its answer, as every front in front of functions sees them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from lambdacli.model.record import record
from lambdacli.wire.messages import Pieces, Request, Response

Header = tuple[str, str]

_OF_ONE_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade", "expect"}
)
"""Said to the server, not to what stands behind it."""

_ASCII = "".join(map(chr, range(128)))


@record
class HttpRequest:
    """What each event format is made of."""

    method: str
    path: str
    """As it came, percent-escapes untouched, without the query."""
    query: str
    headers: Sequence[Header]
    """In their order, names as they were written, one for each time a header was sent."""
    body: bytes
    source_ip: str
    request_id: str
    received_at: datetime
    protocol: str = "HTTP/1.1"


@record
class HttpAnswer:
    status: int
    headers: Sequence[Header] = ()
    """A name may come more than once, as Set-Cookie does."""
    body: bytes | Pieces = b""


def read_request(request: Request, path: str, request_id: str, received_at: datetime) -> HttpRequest:
    """`path` is the part of the request's own that is the front's. A body that came in chunks has a length
    by now, and no other header tells of the connection."""
    headers = [
        (name.decode("latin-1"), _text(value))
        for name, value in request.raw_headers
        if name.lower().decode("latin-1") not in _OF_ONE_CONNECTION
    ]
    if "transfer-encoding" in request.headers:
        headers.append(("content-length", str(len(request.body))))
    peer = request.peer.remote
    return HttpRequest(
        request.method,
        _escaped(path) or "/",
        _escaped(request.query),
        headers,
        request.body,
        "127.0.0.1" if peer is None else peer[0],
        request_id,
        received_at,
        f"HTTP/{request.http_version}",
    )


def response_of(answer: HttpAnswer) -> Response:
    headers = [(_one_byte_each(name), _one_byte_each(value)) for name, value in answer.headers]
    return Response(answer.status, body=answer.body, further_headers=headers)


def _text(value: bytes) -> str:
    """Browsers send UTF-8, if they send more than ASCII; older programs Latin 1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _escaped(target: str) -> str:
    """What should have been percent-escaped by the client, and was not."""
    return target if target.isascii() else quote(target.encode("latin-1"), safe=_ASCII)


def _one_byte_each(text: str) -> str:
    return text if text.isascii() else text.encode(errors="replace").decode("latin-1")
