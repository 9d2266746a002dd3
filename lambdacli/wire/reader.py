"""Bytes → requests: one connection's parser with its limits. Does no I/O."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import httptools

from lambdacli.wire.handover import Divert, Handover
from lambdacli.wire.inflow import Inflow
from lambdacli.wire.messages import Peer, Request, TakesPieces

_log = logging.getLogger("lam.wire")


_PLAIN_LINE = re.compile(
    rb"(GET|HEAD|POST|PUT|DELETE) (/[A-Za-z0-9/._~%:$&=+@,;!*()'-]*)(?:\?([A-Za-z0-9/._~%:$&=+@,;!*()'?-]*))?"
    rb" HTTP/1\.1\r\n"
)
_BLOCKS: dict[bytes, tuple[dict[str, str], int, list[tuple[bytes, bytes]]]] = {}
"""Header sections that the parser took, byte for byte, with what it made of them and the body's length:
whoever keeps a connection open sends the same one again and again."""
_BLOCKS_KEPT = 256
_LONGEST_BLOCK_KEPT = 2048
_DECIDING_HEADERS = frozenset({"connection", "expect", "transfer-encoding", "upgrade"})
"""Those that change how the connection goes on; a section with one of them is never remembered."""

_NAMES: dict[bytes, str] = {}
"""Header names as they came, in small letters: most requests bring the same ones."""
_NAMES_KEPT = 256


@dataclass(frozen=True, slots=True)
class Limits:
    max_body_bytes: int
    max_header_bytes: int
    header_timeout_seconds: float
    body_ceiling_bytes: float
    """So much of a body that is too large is read and thrown away, so that its sender hears the answer."""


class Reading(Enum):
    """Which part of a request the reader is in the middle of."""

    NOTHING = "nothing"
    HEAD = "head"
    BODY = "body"


class Refused(Exception):
    """What came is no request that the server takes; nothing after it can be read either."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class RequestReader:
    """Calls `take` with each request as it becomes complete; with one that is diverted, or whose body is
    handed on as it comes, as its head is."""

    def __init__(
        self,
        limits: Limits,
        peer: Peer,
        take: Callable[[Request | Handover], None],
        divert: Divert | None = None,
        takes_pieces: TakesPieces | None = None,
    ) -> None:
        self.reading = Reading.NOTHING
        self.is_done = False
        """No request will follow those taken: the client said so, or left, or was refused."""
        self.owes_continue = False
        """The client waits for `100 Continue` before it sends its body."""

        self._limits = limits
        self._peer = peer
        self._take = take
        self._divert = divert
        self._takes_pieces = takes_pieces
        self._handover: Handover | None = None
        self._inflow: Inflow | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._bytes_without_body = 0
        self._offer: tuple[str, list[tuple[bytes, bytes]]] | None = None
        """Of another protocol, with all headers among which it came."""
        self._unknown_block: bytes | None = None
        self._method = b""
        self._url = b""
        self._headers: dict[str, str] = {}
        self._raw_headers: list[tuple[bytes, bytes]] = []
        self._trailers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._body_bytes = 0

    def feed(self, data: bytes) -> None:
        """Raises Refused, after which, as after `is_done`, nothing more may be fed."""
        if self.reading is Reading.NOTHING:
            data = self._take_known(data)
            if not data:
                return
            self._unknown_block = _block_of(data)
        self._bytes_without_body += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError as error:
            # Whatever follows a last request is nobody's.
            if not self.is_done:
                self.is_done = True
                raise _refusal(error) from None
        # The parser itself keeps no limit: without this a head, or a body's trailers, could grow for ever.
        if self.reading is not Reading.NOTHING and self._bytes_without_body > self._limits.max_header_bytes:
            self.is_done = True
            raise Refused(431, "The request's header section is too large.")

    def _take_known(self, data: bytes) -> bytes:
        """Takes whole requests whose header section was parsed before; what is left is for the parser."""
        at, limits = 0, self._limits
        while (line := _PLAIN_LINE.match(data, at)) is not None:
            # The line's own end may be the first half of the empty line that ends a section without headers.
            end = data.find(b"\r\n\r\n", line.end() - 2) + 4
            known = _BLOCKS.get(data[line.end() : end])
            if known is None:
                break
            headers, length, raw_headers = known
            if self._divert is not None and not self._peer.is_unix and "authorization" not in headers:
                break  # where an unsigned request goes is not for its headers alone to say
            is_whole = end + length <= len(data)
            if not is_whole or length > limits.max_body_bytes or end - at > limits.max_header_bytes:
                break
            method, path, query = line.groups(b"")
            self._take(
                Request(
                    method.decode(),
                    path.decode(),
                    query.decode(),
                    headers,
                    data[end : end + length],
                    self._peer,
                    raw_headers=raw_headers,
                )
            )
            at = end + length
        return data[at:] if at else data

    def _learn(self) -> None:
        """Remembers the header section that was just parsed, if it came in one piece and decides nothing."""
        block, self._unknown_block = self._unknown_block, None
        if block is None or not _DECIDING_HEADERS.isdisjoint(self._headers):
            return
        if len(_BLOCKS) >= _BLOCKS_KEPT:
            _BLOCKS.clear()
        length = int(self._headers.get("content-length", 0))
        _BLOCKS[block] = (self._headers, length, self._raw_headers)

    def _parse(self, data: bytes) -> None:
        rest: bytes | memoryview = data
        while True:
            try:
                self._parser.feed_data(rest)
                return
            except httptools.HttpParserUpgrade as stop:
                # The parser takes what follows an upgrade's head for another protocol. We speak no other, and
                # clients that offer one (Java's offers HTTP/2) send their body all the same: parse the head
                # again without the offer.
                rest = memoryview(rest)[stop.args[0] :]
                self._parse_head_without_upgrade()

    def _parse_head_without_upgrade(self) -> None:
        version = self._parser.get_http_version().encode()
        self._offer = self._headers.pop("upgrade"), self._raw_headers
        kept = [field for field in self._raw_headers if field[0].lower() != b"upgrade"]
        fields = b"".join(b"%b: %b\r\n" % field for field in kept)
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(b"%b %b HTTP/%b\r\n%b\r\n" % (self._method, self._url, version, fields))

    # What the parser calls.

    def on_message_begin(self) -> None:
        self.reading = Reading.HEAD
        self._url = b""
        self._headers = {}
        self._raw_headers = []
        self._trailers = {}
        self._body = []
        self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes after the body is kept apart: it decides nothing that a header decides.
        fields = self._trailers
        if self.reading is Reading.HEAD:
            fields = self._headers
            self._raw_headers.append((name, value))
        key = _NAMES.get(name) or _name(name)
        text = value.decode("latin-1")
        if key in fields:
            text = f"{fields[key]}, {text}"
        fields[key] = text

    def on_headers_complete(self) -> None:
        self._method = self._parser.get_method()
        if self._method == b"CONNECT":
            raise Refused(400, "This server is no proxy.")
        if self._bytes_without_body > self._limits.max_header_bytes and self._is_head_too_large():
            raise Refused(431, "The request's header section is too large.")
        if self._is_upgrade():
            return
        if self._offer is not None:
            self._headers["upgrade"], self._raw_headers = self._offer
            self._offer = None
        self.reading = Reading.BODY
        self._bytes_without_body = 0
        if self._divert is not None and self._is_diverted(self._divert):
            return
        if self._takes_pieces is not None and self._takes_pieces(self._headers):
            self._let_in()
            return
        if self._unknown_block is not None:
            self._learn()
        if "expect" in self._headers:
            self._heed_expectation()

    def on_body(self, piece: bytes) -> None:
        self._bytes_without_body = 0
        if self._handover is not None:
            self._handover.feed(piece)
            return
        if self._inflow is not None:
            self._inflow.feed(piece)
            return
        self._body_bytes += len(piece)
        if self._body_bytes <= self._limits.max_body_bytes:
            self._body.append(piece)
            return
        self._body.clear()
        if self._body_bytes > self._limits.body_ceiling_bytes:
            raise Refused(413, "The request's body is far too large.")

    def on_message_complete(self) -> None:
        if self._is_upgrade():
            return
        self.reading = Reading.NOTHING
        self._bytes_without_body = 0
        self.owes_continue = False
        if self._handover is not None:
            # Its answer is the last: whoever it goes to says how it ends.
            self._handover.end()
            self.is_done = True
            return
        if not self._parser.should_keep_alive():
            self.is_done = True
        if self._inflow is not None:
            inflow, self._inflow = self._inflow, None
            inflow.end(self._trailers)
            return
        self._take(self._request(is_body_too_large=self._body_bytes > self._limits.max_body_bytes))

    def _is_diverted(self, divert: Divert) -> bool:
        head = self._request(is_body_too_large=False)
        route = divert(head)
        if route is None:
            return False
        self._unknown_block = None
        self._handover = Handover(head, route)
        self.owes_continue = self._headers.get("expect", "").lower() == "100-continue"
        self._take(self._handover)
        return True

    def _let_in(self) -> None:
        self._unknown_block = None
        self.owes_continue = self._headers.get("expect", "").lower() == "100-continue"
        self._inflow = Inflow()
        request = self._request(is_body_too_large=False)
        request.inflow = self._inflow
        self._take(request)

    def _is_upgrade(self) -> bool:
        return "upgrade" in self._headers and self._parser.should_upgrade()

    def _request(self, *, is_body_too_large: bool) -> Request:
        path, _, query = _origin_form(self._url.decode("latin-1")).partition("?")
        return Request(
            method=self._method.decode("latin-1"),
            path=path,
            query=query,
            headers=self._headers,
            body=b"" if is_body_too_large else b"".join(self._body),
            peer=self._peer,
            is_body_too_large=is_body_too_large,
            http_version=self._parser.get_http_version(),
            trailers=self._trailers,
            raw_headers=self._raw_headers,
        )

    def _heed_expectation(self) -> None:
        if self._headers["expect"].lower() != "100-continue" or self._parser.get_http_version() != "1.1":
            return
        if int(self._headers.get("content-length", 0)) <= self._limits.max_body_bytes:
            self.owes_continue = True
            return
        # The client asks before it sends: the answer is no, and its body is never read.
        self.is_done = True
        self._take(self._request(is_body_too_large=True))
        raise Refused(413, "The request's body is too large.")

    def _is_head_too_large(self) -> bool:
        fields = sum(len(name) + len(value) + 4 for name, value in self._headers.items())
        return len(self._method) + len(self._url) + 12 + fields > self._limits.max_header_bytes


def _block_of(data: bytes) -> bytes | None:
    """The header section of a plain request that begins here, if all of it is here."""
    line = _PLAIN_LINE.match(data)
    end = -1 if line is None else data.find(b"\r\n\r\n", line.end() - 2)
    if line is None or end < 0 or end + 4 - line.end() > _LONGEST_BLOCK_KEPT:
        return None
    return data[line.end() : end + 4]


def _name(name: bytes) -> str:
    text = name.lower().decode("latin-1")
    if len(_NAMES) < _NAMES_KEPT and len(name) < 64:
        _NAMES[name] = text
    return text


def _refusal(error: httptools.HttpParserError) -> Refused:
    cause = error.__context__
    if isinstance(cause, Refused):
        return cause
    if cause is not None:
        _log.error("reading a request failed", exc_info=cause)
    return Refused(400, f"This is no HTTP/1.1 request: {error}. The server speaks plain HTTP, no TLS.")


def _origin_form(target: str) -> str:
    """`http://host/path?query`, as a client that believes in a proxy sends it, is `/path?query` to us."""
    if target.startswith("/") or "://" not in target:
        return target
    after_scheme = target.partition("://")[2]
    authority_length = len(after_scheme.partition("?")[0].partition("/")[0])
    origin_form = after_scheme[authority_length:]
    return origin_form if origin_form.startswith("/") else f"/{origin_form}"
