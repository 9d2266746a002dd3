"""The opening handshake of a WebSocket: from an HTTP request to another protocol on its connection. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence

from lambdacli.wire.messages import Request, Response, Switch

_VERSION = "13"
_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What the protocol puts behind a client's key."""


def refuse_handshake(request: Request) -> Response | None:
    """None: it asks for a WebSocket, and as it should."""
    headers = request.headers
    if "websocket" not in _tokens(headers.get("upgrade", "")):
        return _refused(426, "This is a WebSocket's address; the request asks for no upgrade.")
    if headers.get("sec-websocket-version") != _VERSION:
        return _refused(426, f"Only version {_VERSION} of the WebSocket protocol is spoken here.")
    is_asked_well = request.method == "GET" and request.http_version == "1.1"
    if not is_asked_well or "upgrade" not in _tokens(headers.get("connection", "")):
        return _refused(400, "A WebSocket is asked for by GET over HTTP/1.1, with `Connection: Upgrade`.")
    if not _is_key(headers.get("sec-websocket-key", "")):
        return _refused(400, "Sec-WebSocket-Key must be 16 bytes in base64, once.")
    return None


def accept_handshake(request: Request, switch: Switch, subprotocol: str | None = None) -> Response:
    """Of a request that was not refused."""
    digest = hashlib.sha1(f"{request.headers['sec-websocket-key'].strip()}{_MAGIC}".encode()).digest()
    headers = {"Upgrade": "websocket", "Sec-WebSocket-Accept": base64.b64encode(digest).decode()}
    if subprotocol is not None:
        headers["Sec-WebSocket-Protocol"] = subprotocol
    return Response(101, headers, switch=switch)


def _tokens(value: str) -> Sequence[str]:
    return [token.strip().lower() for token in value.split(",")]


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.strip(), validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _refused(status: int, text: str) -> Response:
    told = {"Content-Type": "text/plain"}
    if status == 426:
        told |= {"Upgrade": "websocket", "Sec-WebSocket-Version": _VERSION}
    return Response(status, told, f"{text}\n".encode())
