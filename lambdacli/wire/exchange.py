"""One request to another server, and its whole answer: over a connection of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httptools

from lambdacli.wire.handover import CONNECT_SECONDS, Upstream

_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """By names in small letters."""
    body: bytes


async def post(upstream: Upstream, headers: Mapping[str, str], body: bytes) -> Answer:
    """To its root. OSError if it cannot be reached or leaves; ValueError if what answers speaks no HTTP. The
    caller ends what takes too long."""
    async with asyncio.timeout(CONNECT_SECONDS):
        reader, writer = await _connect(upstream)
    try:
        writer.write(_head(upstream, headers, len(body)) + body)
        return await _answer(reader)
    finally:
        writer.transport.abort()


async def _connect(upstream: Upstream) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(upstream.address, Path):
        return await asyncio.open_unix_connection(str(upstream.address))
    return await asyncio.open_connection(*upstream.address, ssl=upstream.is_tls or None)


def _head(upstream: Upstream, headers: Mapping[str, str], length: int) -> bytes:
    told = {**headers, **upstream.headers, "Content-Length": str(length), "Connection": "close"}
    fields = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"POST {upstream.path_prefix or ''}/ HTTP/1.1\r\n{fields}\r\n".encode("latin-1")


async def _answer(reader: asyncio.StreamReader) -> Answer:
    gathered = _Gathered()
    parser = httptools.HttpResponseParser(gathered)
    while not gathered.is_complete:
        piece = await reader.read(_PIECE_BYTES)
        if not piece:
            break
        try:
            parser.feed_data(piece)
        except httptools.HttpParserError as error:
            raise ValueError(f"no answer of HTTP: {error}") from error
    if not gathered.is_headed:
        raise ConnectionResetError("it closed without an answer")
    if not gathered.is_complete and "content-length" in gathered.headers:
        raise ConnectionResetError("it closed within its answer")
    return Answer(parser.get_status_code(), gathered.headers, b"".join(gathered.pieces))


class _Gathered:
    """What the parser tells."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.is_headed = False
        self.is_complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.is_headed = True

    def on_body(self, piece: bytes) -> None:
        self.pieces.append(piece)

    def on_message_complete(self) -> None:
        self.is_complete = True
