"""Sends one request many times over several connections that stay open, and times each answer."""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Iterator
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


def message_of(target: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"POST {target} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def exchanges(path: Path, message: bytes, count: int, callers: int) -> Iterator[Exchange]:
    """Each exchange as it ends. At most `callers` are under way at once; who leaves early cuts them."""
    with selectors.DefaultSelector() as selector:
        left = count
        opened = [_Caller(path, message) for _ in range(min(callers, count))]
        try:
            for caller in opened:
                caller.begin()
                selector.register(caller, selectors.EVENT_READ, caller)
            left -= len(opened)
            while selector.get_map():
                for key, _ in selector.select():
                    caller = key.data
                    done = caller.read()
                    if done is None:
                        continue
                    yield done
                    if left == 0:
                        selector.unregister(caller)
                        continue
                    left -= 1
                    if caller.is_closed:
                        selector.unregister(caller)
                        caller.close()
                        caller.connect()
                        selector.register(caller, selectors.EVENT_READ, caller)
                    caller.begin()
        finally:
            for caller in opened:
                caller.close()


class _Caller:
    """One connection, and the exchange that is under way on it."""

    def __init__(self, path: Path, message: bytes) -> None:
        self._path = path
        self._message = message
        self.connect()

    def connect(self) -> None:
        self.is_closed = False
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connection.connect(str(self._path))
        except OSError as error:
            self._connection.close()
            raise http.NotConnected(f"cannot connect to {self._path}: {error.strerror or error}") from error

    def fileno(self) -> int:
        return self._connection.fileno()

    def close(self) -> None:
        self._connection.close()

    def begin(self) -> None:
        self._received = bytearray()
        self._whole: int | None = None
        self._began = time.perf_counter()
        with contextlib.suppress(OSError):  # reading tells what became of it
            self._connection.sendall(self._message)

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
        )

    def _broken(self) -> Exchange:
        self._leave()
        return Exchange(time.perf_counter() - self._began, 0)

    def _leave(self) -> None:
        self.is_closed = True


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split(" ")[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}
