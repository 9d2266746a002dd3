"""Our end of a socket to the keeper's processes: whole messages, and descriptors with them."""

from __future__ import annotations

import array
import asyncio
import contextlib
import json
import os
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Any

from lambdacli.environments.keeper.wire import MOST_DESCRIPTORS

IS_LINUX = sys.platform == "linux"
_CREDENTIALS = struct.Struct("3i")
_ANCILLARY_BYTES = socket.CMSG_SPACE(_CREDENTIALS.size) + socket.CMSG_SPACE(4 * MOST_DESCRIPTORS)
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)

Message = dict[str, object]


class KeeperSocket:
    """One connection: whole messages come in, whatever closes it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""
        self._loop = asyncio.get_running_loop()
        self.process: int | None = None
        """Who spoke last, as this machine numbers it: inside walls, processes know themselves by others."""
        self._descriptors: list[int] = []
        connection.setblocking(False)
        if IS_LINUX:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)

    def listen(self, on_message: Callable[[Message], None], on_close: Callable[[], None]) -> None:
        self._loop.add_reader(self._connection.fileno(), self._read, on_message, on_close)

    def send(self, data: bytes, descriptors: Sequence[int] = ()) -> None:
        """Who is gone is told nothing; that it is gone is heard elsewhere."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        with contextlib.suppress(OSError):
            if descriptors:
                # Descriptors travel with the first byte; whoever reads four bytes first gets them.
                self._connection.sendmsg([data], rights)
            else:
                self._connection.send(data)

    def tell(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        data = json.dumps(message).encode()
        self.send(len(data).to_bytes(4, "big") + data, descriptors)

    def take_descriptors(self) -> list[int]:
        """Those that came with the messages so far, and are now the taker's to close."""
        taken, self._descriptors = self._descriptors, []
        return taken

    def close(self) -> None:
        for descriptor in self.take_descriptors():
            os.close(descriptor)
        if self._connection.fileno() >= 0:
            self._loop.remove_reader(self._connection.fileno())
            self._connection.close()

    def _read(self, on_message: Callable[[Message], None], on_close: Callable[[], None]) -> None:
        try:
            data, ancillary, _, _ = self._connection.recvmsg(65536, _ANCILLARY_BYTES, _CLOSE_ON_EXEC)
        except BlockingIOError:
            return
        except ConnectionError:
            data, ancillary = b"", []
        if not data:
            self.close()
            on_close()
            return
        for level, kind, payload in ancillary:
            if IS_LINUX and level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                self.process = _CREDENTIALS.unpack(payload[: _CREDENTIALS.size])[0]
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                came = array.array("i", payload[: len(payload) - len(payload) % 4])
                self._descriptors.extend(came)
        self._buffer += data
        while len(self._buffer) >= 4:
            length = int.from_bytes(self._buffer[:4], "big")
            if len(self._buffer) < 4 + length:
                return
            message = json.loads(self._buffer[4 : 4 + length])
            self._buffer = self._buffer[4 + length :]
            on_message(message)


def settle(future: asyncio.Future[Any], error: Exception | None = None, *, result: object = None) -> None:
    """Once: who waited for it may have been cancelled, or may never wait."""
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
        future.exception()
    else:
        future.set_result(result)
