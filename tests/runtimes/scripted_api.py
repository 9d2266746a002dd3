"""A Runtime API whose answers a test writes byte by byte, and a runtime process that talks to it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

SECONDS = 30.0
ACCEPTED = (
    b'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"status":"OK"}\n'
)


def event(body: bytes = b"{}", *, request_id: str = "id-1", frame: str = "length") -> bytes:
    """An answer to `next`: its body framed by its length, in chunks, or by the connection's end."""
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        f"Lambda-Runtime-Aws-Request-Id: {request_id}\r\n"
        "lambda-runtime-deadline-ms: 4102444800000\r\n"
        "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:f\r\n"
    )
    if frame == "chunks":
        middle = len(body) // 2
        pieces = [piece for piece in (body[:middle], body[middle:]) if piece]
        chunks = b"".join(b"%x;note=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        return head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\nTrailer: x\r\n\r\n"
    if frame == "end":
        return head.encode() + b"Connection: close\r\n\r\n" + body
    return head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


@dataclass
class Call:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class ScriptedApi:
    """`answers` are given to `next`, in order; an empty one closes the connection without a word."""

    answers: queue.SimpleQueue[bytes] = field(default_factory=queue.SimpleQueue)
    calls: queue.SimpleQueue[Call] = field(default_factory=queue.SimpleQueue)
    reads: list[bytes] = field(default_factory=list)
    """What came in one piece."""
    address: str = ""

    def post(self) -> Call:
        while (call := self.calls.get(timeout=SECONDS)).method == "GET":
            pass
        return call

    def asked(self) -> Call:
        while (call := self.calls.get(timeout=SECONDS)).method != "GET":
            pass
        return call

    def serve(self, listener: socket.socket) -> None:
        for number in range(1000):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connection, args=(connection, number), daemon=True).start()

    def _connection(self, connection: socket.socket, number: int) -> None:
        with connection, contextlib.suppress(OSError):
            file = _Noted(connection, self.reads)
            while (call := _read(file, number)) is not None:
                self.calls.put(call)
                answer = ACCEPTED if call.method == "POST" else self.answers.get()
                connection.sendall(answer)
                if not answer or b"Connection: close" in answer:
                    return


class _Noted:
    """Reads lines and bytes, and notes each piece as it came."""

    def __init__(self, connection: socket.socket, reads: list[bytes]) -> None:
        self._connection = connection
        self._reads = reads
        self._buffer = b""

    def line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            if not self._fill():
                return b""
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def exactly(self, size: int) -> bytes:
        while len(self._buffer) < size and self._fill():
            pass
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def _fill(self) -> bool:
        piece = self._connection.recv(1 << 20)
        if piece:
            self._reads.append(piece)
        self._buffer += piece
        return bool(piece)


def _read(file: _Noted, number: int) -> Call | None:
    first = file.line().decode()
    if not first:
        return None
    method, path, _ = first.split(" ")
    headers = {}
    while line := file.line().decode("latin-1"):
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while size := int(file.line(), 16):
            body += file.exactly(size)
            file.line()
        while line := file.line().decode("latin-1"):
            name, _, value = line.partition(":")
            headers["trailer " + name.lower()] = value.strip()
    else:
        body = file.exactly(int(headers.get("content-length", "0")))
    return Call(method, path.removeprefix("/2018-06-01/runtime/"), headers, body, number)


@contextlib.contextmanager
def scripted_api() -> Iterator[ScriptedApi]:
    api = ScriptedApi()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        api.address = f"127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=api.serve, args=(listener,), daemon=True)
        thread.start()
        yield api
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(SECONDS)


@contextlib.contextmanager
def running(
    command: Sequence[str],
    api: ScriptedApi,
    task_root: Path,
    places: Mapping[str, object],
    variables: Mapping[str, str],
    descriptors: tuple[int, ...] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """A runtime in a folder, with the variables that a bootstrap cannot be without."""
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "LAMBDA_TASK_ROOT": str(task_root),
        "_LAM_PLACES": json.dumps(places),
        **variables,
    }
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=task_root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=descriptors,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        _close(process.stdout)
        api.answers.put(b"")


def _close(stream: IO[bytes] | None) -> None:
    if stream is not None:
        stream.close()
