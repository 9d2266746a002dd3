"""Functions that stream what their event tells them to, and a gate at which they wait for the test."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Any

from tests.real.functions_house import House

SECONDS = 20.0

RUNTIME = '''#!/usr/bin/env python3
"""A runtime of its own: raw HTTP, each step of a response as the event has it."""
import base64, json, os, socket, sys, time

HOST, PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].rsplit(":", 1)
HOSTED = "Host: localhost\\r\\n"
PREFIX = "/2018-06-01/runtime/invocation/"


def connected():
    connection = socket.create_connection((HOST, int(PORT)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def answer_of(connection):
    data = b""
    while b"\\r\\n\\r\\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\\r\\n\\r\\n")
    lines = head.decode().split("\\r\\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    return int(lines[0].split()[1]), headers, body


def next_event():
    with connected() as connection:
        connection.sendall(f"GET {PREFIX}next HTTP/1.1\\r\\n{HOSTED}\\r\\n".encode())
        _, headers, body = answer_of(connection)
    return headers["lambda-runtime-aws-request-id"], json.loads(body)


def post(what, body):
    with connected() as connection:
        head = f"POST {PREFIX}{what} HTTP/1.1\\r\\n{HOSTED}Content-Length: {len(body)}\\r\\n\\r\\n"
        connection.sendall(head.encode() + body)
        return answer_of(connection)


class Stream:
    def __init__(self, request_id, content_type):
        self.connection = connected()
        self.sent = 0
        self.connection.sendall((
            f"POST {PREFIX}{request_id}/response HTTP/1.1\\r\\n{HOSTED}Transfer-Encoding: chunked\\r\\n"
            f"Lambda-Runtime-Function-Response-Mode: streaming\\r\\nContent-Type: {content_type}\\r\\n"
            "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\\r\\n\\r\\n"
        ).encode())

    def write(self, data):
        self.connection.sendall(b"%x\\r\\n%b\\r\\n" % (len(data), data))
        self.sent += len(data)

    def end(self, trailers=b""):
        self.connection.sendall(b"0\\r\\n" + trailers + b"\\r\\n")
        status, _, body = answer_of(self.connection)
        print("answered", status, body.decode().strip(), flush=True)
        self.connection.close()


def main():
    gate = None
    while True:
        request_id, event = next_event()
        if "answer" in event:
            post(request_id + "/response", json.dumps(event["answer"]).encode())
            continue
        if "error" in event:
            post(request_id + "/error", json.dumps(event["error"]).encode())
            continue
        stream = Stream(request_id, event.get("type", "text/plain"))
        for verb, *values in event["steps"]:
            if verb == "write":
                stream.write(values[0].encode())
            elif verb == "stamp":
                stream.write(b"%d\\n" % time.monotonic_ns())
            elif verb == "flood":
                count, size = values
                piece = bytes(size)
                for _ in range(count):
                    stream.write(piece)
            elif verb == "knock":
                gate = socket.create_connection(("127.0.0.1", values[0]))
            elif verb == "wait":
                gate.recv(1)
            elif verb == "tell":
                gate.sendall(b"%d\\n" % stream.sent)
            elif verb == "count":
                # Each piece that could be written is told at once.
                piece = bytes(values[1])
                for _ in range(values[0]):
                    stream.write(piece)
                    gate.sendall(b"%d\\n" % stream.sent)
            elif verb == "end":
                stream.end()
            elif verb == "fail":
                kind, body = values
                trailers = f"Lambda-Runtime-Function-Error-Type: {kind}\\r\\n"
                if body is not None:
                    told = base64.b64encode(json.dumps(body).encode()).decode()
                    trailers += f"Lambda-Runtime-Function-Error-Body: {told}\\r\\n"
                stream.end(trailers.encode())
            elif verb == "post":
                status, _, body = post(request_id + "/" + values[0], b"{}")
                print("posted", status, body.decode().strip(), flush=True)
            elif verb == "cut":
                stream.connection.close()
            elif verb == "sleep":
                time.sleep(values[0])
            elif verb == "exit":
                os._exit(values[0])


main()
'''

Event = dict[str, Any]


class Gate:
    """Where a function knocks: it waits for `open`, and tells numbers."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SECONDS)
        self.port: int = self._listener.getsockname()[1]
        self._connection: socket.socket | None = None
        self._heard = b""

    def _knocked(self) -> socket.socket:
        if self._connection is None:
            self._connection, _ = self._listener.accept()
            self._connection.settimeout(SECONDS)
        return self._connection

    def open(self) -> None:
        self._knocked().sendall(b"!")

    def told(self, within: float = SECONDS) -> int | None:
        """The next number, or None when none comes in time."""
        connection = self._knocked()
        connection.settimeout(within)
        try:
            while b"\n" not in self._heard:
                data = connection.recv(65536)
                assert data, "the function has left"
                self._heard += data
        except TimeoutError:
            return None
        finally:
            connection.settimeout(SECONDS)
        line, _, self._heard = self._heard.partition(b"\n")
        return int(line)

    def close(self) -> None:
        self._listener.close()
        if self._connection is not None:
            self._connection.close()


@contextlib.contextmanager
def gate() -> Iterator[Gate]:
    opened = Gate()
    try:
        yield opened
    finally:
        opened.close()


class Streaming:
    """One InvokeWithResponseStream through boto3, read at the test's own pace."""

    def __init__(self, house: House, name: str, event: Event, **more: Any) -> None:
        self._client = house.client()
        self.answer = self._client.invoke_with_response_stream(
            FunctionName=name, Payload=json.dumps(event).encode(), **more
        )
        self.events = self.answer["EventStream"]
        self._each = iter(self.events)
        self.request_id: str = self.answer["ResponseMetadata"]["RequestId"]

    def piece(self) -> bytes:
        """The next one; more than one write may have come together."""
        payload = next(self._each)["PayloadChunk"]["Payload"]
        assert isinstance(payload, bytes)
        return payload

    def rest(self) -> tuple[bytes, dict[str, str]]:
        """All further pieces, and how it completed."""
        pieces = []
        for event in self._each:
            if "InvokeComplete" in event:
                assert next(self._each, None) is None
                return b"".join(pieces), event["InvokeComplete"]
            pieces.append(event["PayloadChunk"]["Payload"])
        raise AssertionError("the stream did not complete")

    def leave(self) -> None:
        self.events.close()
        self._client.close()


@contextlib.contextmanager
def streaming(house: House, name: str, event: Event, **more: Any) -> Iterator[Streaming]:
    opened = Streaming(house, name, event, **more)
    try:
        yield opened
    finally:
        opened.leave()
