"""A small blocking HTTP/1.1 client over a unix socket or TCP. It sends every request exactly once.

Written on bare sockets because `http.client` and `urllib` cost more start-up time than a warm invoke."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lambdacli.client.escaping import escape as escape
from lambdacli.client.escaping import query_of as query_of

HEAD_BYTES_MAXIMUM = 1024 * 1024
_PIECE_BYTES = 64 * 1024


class HttpError(Exception):
    """A request that got no whole answer."""


class NotConnected(HttpError):
    """Nobody listens there: the request was not sent."""


class AnswerLost(HttpError):
    """The request may have been sent, but its answer did not arrive whole."""


class ReadTimedOut(AnswerLost):
    """The answer did not arrive in the time that the caller gave it."""


@dataclass(frozen=True, slots=True)
class UnixAddress:
    path: Path

    @property
    def host_header(self) -> str:
        return "localhost"

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class TcpAddress:
    host: str
    port: int
    path_prefix: str = ""
    is_tls: bool = False
    is_tls_verified: bool = True
    ca_bundle: str | None = None

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{'https' if self.is_tls else 'http'}://{self.host_header}{self.path_prefix}"


Address = UnixAddress | TcpAddress


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    """Path and query, already escaped."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    connect_timeout_seconds: float | None = 10.0
    read_timeout_seconds: float | None = None
    """The longest silence; None waits for ever."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    """Names in small letters; the values of a repeated header are joined by newlines."""
    body: bytes

    def header(self, name: str) -> str | None:
        return self.headers.get(name.lower())


def send(address: Address, request: Request) -> Response:
    """Sends the request once and reads the whole answer."""
    with open_answer(address, request) as answer:
        return Response(answer.status, answer.headers, b"".join(answer.pieces()))


@contextmanager
def open_answer(address: Address, request: Request) -> Iterator[Answer]:
    """Sends the request once; the answer's body is read as it comes."""
    message = _head_of(address, request) + request.body
    begun = _begun.pop(message, None)
    assert begun is not None or request.method == "GET" or not _begun, "what was sent is not sent again"
    if begun is not None:
        with begun.connection:
            begun.connection.settimeout(request.read_timeout_seconds)
            yield Answer(
                _Reader(begun.connection, str(address), begun.received, begun.failure), request.method
            )
        return
    connection = _connect(address, request.connect_timeout_seconds)
    with connection:
        connection.settimeout(request.read_timeout_seconds)
        try:
            connection.sendall(message)
        except TimeoutError as error:
            raise ReadTimedOut(f"{address} did not take the request in time") from error
        except OSError:
            # A server that refuses a large body answers first and then closes: the answer is worth reading,
            # and when there is none, reading says so.
            pass
        yield Answer(_Reader(connection, str(address)), request.method)


@dataclass(frozen=True, slots=True)
class _Begun:
    """An exchange whose request was sent already: what came back so far, and what then went wrong."""

    connection: socket.socket
    received: bytes
    failure: OSError | None


_begun: dict[bytes, _Begun] = {}


def take_over(message: bytes, descriptor: int, received: bytes, failure: OSError | None) -> None:
    """The next request of exactly these bytes is not sent: its answer is read from where it was sent."""
    _begun[message] = _Begun(socket.socket(fileno=descriptor), received, failure)


class Answer:
    """One response whose head was read; iterate `pieces` or `lines` for its body, once."""

    def __init__(self, reader: _Reader, method: str) -> None:
        self._reader = reader
        self.status, self.headers = _read_final_head(reader)
        self._has_body = method != "HEAD" and self.status not in (204, 304)

    def __repr__(self) -> str:
        return f"<Answer {self.status}>"

    def pieces(self) -> Iterator[bytes]:
        if not self._has_body:
            return
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            yield from self._chunks()
        elif "content-length" in self.headers:
            yield from self._counted(_decimal(self.headers["content-length"]))
        else:
            yield from self._reader.rest()

    def lines(self) -> Iterator[bytes]:
        """Each line without its end, as soon as it is whole."""
        pending = b""
        for piece in self.pieces():
            *whole, pending = (pending + piece).split(b"\n")
            yield from whole
        if pending:
            yield pending

    def _counted(self, length: int) -> Iterator[bytes]:
        while length:
            piece = self._reader.some(length)
            length -= len(piece)
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        while size := _hexadecimal(self._reader.line().split(b";")[0]):
            yield from self._counted(size)
            if self._reader.line():
                raise AnswerLost("the answer's chunks are malformed")
        while self._reader.line():
            pass  # trailers say nothing that we use


# Connecting and writing


def _connect(address: Address, timeout_seconds: float | None) -> socket.socket:
    try:
        if isinstance(address, UnixAddress):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.settimeout(timeout_seconds)
                connection.connect(str(address.path))
            except BaseException:
                connection.close()
                raise
            return connection
        connection = socket.create_connection((address.host, address.port), timeout_seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _with_tls(connection, address) if address.is_tls else connection
    except TimeoutError as error:
        raise NotConnected(f"{address} did not accept the connection in time") from error
    except OSError as error:
        raise NotConnected(f"cannot connect to {address}: {error.strerror or error}") from error


def _with_tls(connection: socket.socket, address: TcpAddress) -> socket.socket:
    import ssl

    context = ssl.create_default_context(cafile=address.ca_bundle)
    if not address.is_tls_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        return context.wrap_socket(connection, server_hostname=address.host)
    except BaseException:
        connection.close()
        raise


def _head_of(address: Address, request: Request) -> bytes:
    prefix = address.path_prefix if isinstance(address, TcpAddress) else ""
    headers = {"Host": address.host_header, "Connection": "close", **request.headers}
    if request.body or request.method in ("POST", "PUT"):
        headers["Content-Length"] = str(len(request.body))
    lines = [f"{request.method} {prefix}{request.target} HTTP/1.1"]
    for name, value in headers.items():
        if "\r" in value or "\n" in value:
            raise ValueError(f"a line break in the header {name}")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode()


# Reading


class _Reader:
    """Bytes of one connection with a little look-ahead."""

    def __init__(
        self,
        connection: socket.socket,
        peer: str,
        received: bytes = b"",
        failure: OSError | None = None,
    ) -> None:
        self._connection = connection
        self._peer = peer
        self._buffer = received
        self._failure = failure

    def line(self) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > HEAD_BYTES_MAXIMUM:
                raise AnswerLost(f"{self._peer} does not speak HTTP")
            self._buffer += self._receive() or self._fail()
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.removesuffix(b"\r")

    def some(self, limit: int) -> bytes:
        if not self._buffer:
            self._buffer = self._receive() or self._fail()
        piece, self._buffer = self._buffer[:limit], self._buffer[limit:]
        return piece

    def rest(self) -> Iterator[bytes]:
        piece = self._buffer
        self._buffer = b""
        while piece or (piece := self._receive()):
            yield piece
            piece = b""

    def _receive(self) -> bytes:
        try:
            if self._failure is not None:
                raise self._failure
            return self._connection.recv(_PIECE_BYTES)
        except TimeoutError as error:
            raise ReadTimedOut(f"{self._peer} did not answer in time") from error
        except OSError as error:
            raise AnswerLost(f"the connection to {self._peer} broke: {error.strerror or error}") from error

    def _fail(self) -> bytes:
        raise AnswerLost(f"{self._peer} closed the connection before its answer was whole")


def _read_final_head(reader: _Reader) -> tuple[int, dict[str, str]]:
    while True:
        status, headers = _read_head(reader)
        if status >= 200:
            return status, headers


def _read_head(reader: _Reader) -> tuple[int, dict[str, str]]:
    version, _, rest = reader.line().partition(b" ")
    if not version.startswith(b"HTTP/1."):
        raise AnswerLost("the answer is not HTTP")
    headers: dict[str, str] = {}
    while line := reader.line():
        name, _, raw = line.partition(b":")
        key, value = name.decode("latin-1").strip().lower(), _text(raw.strip())
        headers[key] = f"{headers[key]}\n{value}" if key in headers else value
    return _decimal(rest[:3].decode("latin-1")), headers


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _decimal(text: str) -> int:
    if not text.isdecimal():
        raise AnswerLost(f"the answer is not HTTP: {text!r} where a number belongs")
    return int(text)


def _hexadecimal(text: bytes) -> int:
    try:
        return int(text, 16)
    except ValueError as error:
        raise AnswerLost("the answer's chunks are malformed") from error


# Addresses


def parse_url(url: str, *, is_tls_verified: bool = True, ca_bundle: str | None = None) -> TcpAddress:
    """`http://host:port/prefix` as an address; ValueError says what is wrong with it."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        raise ValueError(f"{url} does not begin with http:// or https://")
    authority, slash, path = rest.partition("/")
    is_tls = scheme.lower() == "https"
    if authority.startswith("["):
        host, _, port = authority[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = authority.partition(":")
    if not host:
        raise ValueError(f"{url} names no host")
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"{url}: {port} is not a port")
    prefix = (slash + path).rstrip("/")
    return TcpAddress(
        host=host,
        port=int(port) if port else (443 if is_tls else 80),
        path_prefix=prefix,
        is_tls=is_tls,
        is_tls_verified=is_tls_verified,
        ca_bundle=ca_bundle,
    )
