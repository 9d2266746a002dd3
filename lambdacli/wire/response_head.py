"""A response's status line and headers as bytes, and how its body is framed. Pure."""

from __future__ import annotations

from http import HTTPStatus

from lambdacli.wire.messages import Request, Response

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_FRAMING_HEADERS = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})
_KNOWN_NAMES: set[str] = set()
"""Names that frame nothing: most responses have the same ones."""
_NAMES_KEPT = 256
_BODILESS_STATUSES = frozenset({204, 304})


def has_body(request: Request, response: Response) -> bool:
    return request.method != "HEAD" and response.status not in _BODILESS_STATUSES


def is_chunked(request: Request) -> bool:
    """How a stream is sent; to clients of HTTP/1.0 the end of the connection is the end of the stream."""
    return request.http_version == "1.1"


def response_head(request: Request, response: Response, *, is_last: bool) -> bytes:
    """Raises ValueError for a response that cannot be written safely."""
    is_old = request.http_version != "1.1"
    framing = ""
    if response.status in _BODILESS_STATUSES:
        pass
    elif isinstance(response.body, bytes):
        framing = f"Content-Length: {len(response.body)}\r\n"
    elif is_old:
        is_last = True
    else:
        framing = "Transfer-Encoding: chunked\r\n"
    if is_last:
        framing += "Connection: close\r\n"
    elif is_old:
        framing += "Connection: keep-alive\r\n"
    return f"{_fields(response)}{framing}\r\n".encode("latin-1")


def switching_head(response: Response) -> bytes:
    """Raises ValueError as `response_head` does. The rest of the connection is another protocol's."""
    return f"{_fields(response)}Connection: Upgrade\r\n\r\n".encode("latin-1")


def refusal(response: Response) -> bytes:
    """All of an answer to what never became a request: the connection's last."""
    assert isinstance(response.body, bytes)
    framing = f"Content-Length: {len(response.body)}\r\nConnection: close\r\n\r\n"
    return f"{_fields(response)}{framing}".encode("latin-1") + response.body


def _is_framing(name: str) -> bool:
    if name.lower() in _FRAMING_HEADERS:
        return True
    if len(_KNOWN_NAMES) < _NAMES_KEPT and len(name) < 64:
        _KNOWN_NAMES.add(name)
    return False


def _fields(response: Response) -> str:
    status = response.status
    if not 200 <= status <= 999 and response.switch is None:
        raise ValueError(f"{status} is no status of a response")
    lines = [
        f"{name}: {value}\r\n"
        for name, value in response.headers.items()
        if name in _KNOWN_NAMES or not _is_framing(name)
    ]
    if response.further_headers:
        lines += [
            f"{name}: {value}\r\n"
            for name, value in response.further_headers
            if name in _KNOWN_NAMES or not _is_framing(name)
        ]
    text = (_STATUS_LINES.get(status) or f"HTTP/1.1 {status} \r\n") + "".join(lines)
    # Headers may come from a function: a line break within one would forge further headers or a response.
    if text.count("\n") != len(lines) + 1 or text.count("\r") != len(lines) + 1:
        raise ValueError(f"a header holds a line break: {response.headers!r} {response.further_headers!r}")
    return text
