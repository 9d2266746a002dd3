"""Sends many requests over several connections that stay open, and times each answer."""

from __future__ import annotations

import contextlib
import itertools
import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lambdacli.client import http

_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Exchange:
    seconds: float
    status: int
    """0: the connection broke before the answer was whole."""
    request_id: str | None = None
    function_error: str | None = None
    error_type: str | None = None
    """AWS's name for why the request was refused."""
    number: int = 0
    """Of its message, from 0."""
    body: bytes = b""
    was_sent: bool = True
    """False: there was no connection for it any more."""


def message_of(target: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"POST {target} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def exchanges(path: Path, messages: Iterable[bytes], callers: int) -> Iterator[Exchange]:
    """Each exchange as it ends. At most `callers` are under way at once, and a message is taken only when it
    is sent; who leaves early cuts them."""
    with selectors.DefaultSelector() as selector:
        numbered = enumerate(messages)
        opened: list[_Caller] = []
        try:
            for number, message in itertools.islice(numbered, callers):
                opened.append(_Caller(path))
                yield from _begun(opened[-1], number, message)
                selector.register(opened[-1], selectors.EVENT_READ, opened[-1])
            while selector.get_map():
                for key, _ in selector.select():
                    caller = key.data
                    done = caller.read()
                    if done is None:
                        continue
                    yield done
                    following = next(numbered, None)
                    if following is None:
                        selector.unregister(caller)
                        continue
                    if not caller.is_connected:
                        selector.unregister(caller)
                        caller.close()
                        yield from _begun(caller, *following)
                        selector.register(caller, selectors.EVENT_READ, caller)
                    else:
                        caller.begin(*following)
        finally:
            for caller in opened:
                caller.close()


def _begun(caller: _Caller, number: int, message: bytes) -> Iterator[Exchange]:
    """On a new connection. Where there is none, that is told of the message before it is an error."""
    try:
        caller.connect()
    except http.NotConnected:
        yield Exchange(0.0, 0, number=number, was_sent=False)
        raise
    caller.begin(number, message)


class _Caller:
    """One connection, and the exchange that is under way on it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.is_connected = False

    def connect(self) -> None:
        self.close()
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connection.connect(str(self._path))
            self.is_connected = True
        except OSError as error:
            self.close()
            raise http.NotConnected(f"cannot connect to {self._path}: {error.strerror or error}") from error

    def fileno(self) -> int:
        return self._connection.fileno()

    def close(self) -> None:
        self._connection.close()

    def begin(self, number: int, message: bytes) -> None:
        self._number = number
        self._received = bytearray()
        self._whole: int | None = None
        self._began = time.perf_counter()
        with contextlib.suppress(OSError):  # reading tells what became of it
            self._connection.sendall(message)

    def read(self) -> Exchange | None:
        """The exchange when its answer is whole. Called when there is something to read."""
        try:
            piece = self._connection.recv(_PIECE_BYTES)
        except OSError:
            piece = b""
        if not piece:
            return self._broken()
        self._received += piece
        if self._whole is None:
            self._head_end = self._received.find(b"\r\n\r\n")
            if self._head_end < 0:
                return None
            self._status, self._headers = _head(bytes(self._received[: self._head_end]))
            self._whole = self._head_end + 4 + int(self._headers.get("content-length", "0"))
        if len(self._received) < self._whole:
            return None
        if self._headers.get("connection", "").lower() == "close":
            self._leave()
        return Exchange(
            time.perf_counter() - self._began,
            self._status,
            self._headers.get("x-amzn-requestid"),
            self._headers.get("x-amz-function-error"),
            self._headers.get("x-amzn-errortype"),
            self._number,
            bytes(self._received[self._head_end + 4 : self._whole]),
        )

    def _broken(self) -> Exchange:
        self._leave()
        return Exchange(time.perf_counter() - self._began, 0, number=self._number)

    def _leave(self) -> None:
        self.is_connected = False


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split(" ")[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}
