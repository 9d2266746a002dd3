"""What editors speak with debuggers, as small as it can be: DAP, and DevTools over a WebSocket."""

from __future__ import annotations

import base64
import itertools
import json
import os
import socket
from collections.abc import Callable
from typing import Any

SECONDS = 20.0

Message = dict[str, Any]


class AdapterClient:
    """A debug session over TCP; what comes before what is waited for is remembered."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self._file = self.socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._unread: list[Message] = []

    def __enter__(self) -> AdapterClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def attach(self, breakpoints: dict[str, list[int]], **arguments: object) -> None:
        """All that an editor does until the function may run."""
        self.request("initialize", adapterID="test", clientID="test", pathFormat="path", linesStartAt1=True)
        attach = self.send("attach", justMyCode=False, **arguments)
        self.event("initialized")
        for path, lines in breakpoints.items():
            source = {"path": path, "name": os.path.basename(path)}
            wanted = [{"line": line} for line in lines]
            assert self.request("setBreakpoints", source=source, breakpoints=wanted)
        self.request("configurationDone")
        self.answer(attach)

    def send(self, command: str, **arguments: object) -> int:
        number = next(self._numbers)
        self._write({"seq": number, "type": "request", "command": command, "arguments": arguments})
        return number

    def request(self, command: str, **arguments: object) -> Message:
        return self.answer(self.send(command, **arguments))

    def answer(self, number: int) -> Message:
        found = self._wait(lambda each: each.get("request_seq") == number, f"the answer to {number}")
        assert found["success"], found
        body: Message = found.get("body") or {}
        return body

    def event(self, name: str) -> Message:
        found = self._wait(lambda each: each.get("event") == name, name)
        body: Message = found.get("body") or {}
        return body

    def is_at_end(self) -> bool:
        """The other side has closed the connection."""
        while self._read() is not None:
            pass
        return True

    def _wait(self, is_meant: Callable[[Message], bool], what: str) -> Message:
        for index, known in enumerate(self._unread):
            if is_meant(known):
                return self._unread.pop(index)
        while (message := self._read()) is not None:
            if is_meant(message):
                return message
            self._unread.append(message)
        raise AssertionError(f"the connection ended before {what}; there was {self._unread}")

    def _write(self, message: Message) -> None:
        body = json.dumps(message).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def _read(self) -> Message | None:
        length = 0
        while (line := self._file.readline()) not in (b"\r\n", b""):
            length = int(line.split(b":")[1])
        if not line:
            return None
        message: Message = json.loads(self._file.read(length))
        return message


class InspectorClient:
    """DevTools' protocol, from the list of targets on."""

    def __init__(self, port: int) -> None:
        target = _targets(port)[0]
        self.address: str = target["webSocketDebuggerUrl"]
        host, _, path = self.address.removeprefix("ws://").partition("/")
        self.socket = socket.create_connection((host.split(":")[0], int(host.split(":")[1])), SECONDS)
        self._file = self.socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._unread: list[Message] = []
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert b"101" in self._file.readline()
        while self._file.readline() != b"\r\n":
            pass

    def __enter__(self) -> InspectorClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()

    def request(self, method: str, **parameters: object) -> Message:
        number = next(self._numbers)
        body = json.dumps({"id": number, "method": method, "params": parameters}).encode()
        mask = os.urandom(4)
        length = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + len(body).to_bytes(2, "big")
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(body))
        self.socket.sendall(b"\x81" + length + mask + masked)
        found = self._wait(lambda each: each.get("id") == number, method)
        assert "result" in found, found
        result: Message = found["result"]
        return result

    def event(self, method: str) -> Message:
        parameters: Message = self._wait(lambda each: each.get("method") == method, method)["params"]
        return parameters

    def close_code(self) -> int:
        """Of the frame by which the other side ends it."""
        while True:
            kind, payload = self._frame()
            if kind == 8:
                return int.from_bytes(payload[:2], "big")

    def _wait(self, is_meant: Callable[[Message], bool], what: str) -> Message:
        for index, known in enumerate(self._unread):
            if is_meant(known):
                return self._unread.pop(index)
        while True:
            kind, payload = self._frame()
            assert kind == 1, f"the connection ended before {what}; there was {self._unread}"
            message: Message = json.loads(payload)
            if is_meant(message):
                return message
            self._unread.append(message)

    def _frame(self) -> tuple[int, bytes]:
        first, second = self._file.read(2)
        length = second & 0x7F
        if length >= 126:
            length = int.from_bytes(self._file.read(2 if length == 126 else 8), "big")
        return first & 0x0F, self._file.read(length)


def _targets(port: int) -> list[Message]:
    with (
        socket.create_connection(("127.0.0.1", port), SECONDS) as connection,
        connection.makefile("rb") as file,
    ):
        connection.sendall(f"GET /json/list HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        length = 0
        while (line := file.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        targets: list[Message] = json.loads(file.read(length))
        return targets
