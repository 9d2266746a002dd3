"""The Python runtime's own client: one write to the platform itself, one request at a time to others."""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from lambdacli.runtimes.bootstraps.python_bootstrap import payloads
from lambdacli.runtimes.bootstraps.python_bootstrap.runtime_api import Event, RuntimeApi

pytestmark = pytest.mark.real

EVENT = (
    b"Lambda-Runtime-Aws-Request-Id: r%d\r\nLambda-Runtime-Deadline-Ms: 5\r\n"
    b"Content-Type: application/json\r\n"
)
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n" + b'{"status":"OK"}\n'


def event(number: int, body: bytes = b"{}") -> bytes:
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (EVENT % number, len(body), body)


class Peer:
    """Who answers at the address; the story runs in a thread, and its failure is the test's."""

    def __init__(self, family: socket.AddressFamily = socket.AF_INET) -> None:
        self.listener = socket.socket(family)
        self.listener.bind(("127.0.0.1", 0) if family == socket.AF_INET else ("::1", 0))
        self.listener.listen()
        self.listener.settimeout(10)
        host, port = self.listener.getsockname()[:2]
        self.address = f"{host}:{port}" if family == socket.AF_INET else f"[{host}]:{port}"
        self.buffer = b""
        self.error: BaseException | None = None
        self.thread: threading.Thread | None = None

    def play(self, story: Callable[[], None]) -> None:
        def run() -> None:
            try:
                story()
            except BaseException as error:
                self.error = error

        self.thread = threading.Thread(target=run)
        self.thread.start()

    def accept(self) -> None:
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(10)

    def request(self) -> tuple[str, bytes]:
        """The next whole request: its line and body."""
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        found = re.search(rb"Content-Length: (\d+)", head)
        size = int(found[1]) if found else 0
        while len(self.buffer) < size:
            self._more()
        body, self.buffer = self.buffer[:size], self.buffer[size:]
        return head.split(b"\r\n")[0].decode(), body

    def _more(self) -> None:
        piece = self.connection.recv(65536)
        assert piece, "the client has left"
        self.buffer += piece

    def send(self, data: bytes, pieces: int = 1) -> None:
        size = max(1, len(data) // pieces)
        for at in range(0, len(data), size):
            self.connection.sendall(data[at : at + size])

    def end(self) -> None:
        assert self.thread is not None
        self.thread.join(15)
        self.listener.close()
        if hasattr(self, "connection"):
            self.connection.close()
        if self.error is not None:
            raise self.error


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.end()


def client_of(peer: Peer, *, is_direct: bool) -> RuntimeApi:
    os.environ["_LAM_RUNTIME_API"] = peer.address if is_direct else "127.64.0.1:9001"
    client = RuntimeApi(peer.address)
    assert "_LAM_RUNTIME_API" not in os.environ
    return client


NEXT = "GET /2018-06-01/runtime/invocation/next HTTP/1.1"


@pytest.mark.parametrize("size", [10, 200_000, 3_000_000])
def test_an_answer_and_the_next_question_are_one_write(peer: Peer, size: int) -> None:
    body = b'"' + b"x" * size + b'"'

    def story() -> None:
        peer.accept()
        assert peer.request()[0] == NEXT
        peer.send(event(1, body), pieces=7)
        # Both are there before the first is answered.
        assert peer.request() == ("POST /2018-06-01/runtime/invocation/r1/response HTTP/1.1", body)
        assert peer.request()[0] == NEXT
        peer.send(ACCEPTED + event(2), pieces=len(ACCEPTED + event(2)))
        peer.connection.close()

    peer.play(story)
    client = client_of(peer, is_direct=True)
    first = client.next()
    assert (first.request_id, bytes(first.body), first.deadline_ms) == ("r1", body, 5)
    client.post("invocation/r1/response", body)
    second = client.next()
    assert (second.request_id, bytes(second.body)) == ("r2", b"{}")
    client._connection.close()


def test_through_somebody_else_one_request_follows_the_other(peer: Peer) -> None:
    def story() -> None:
        peer.accept()
        assert peer.request()[0] == NEXT
        chunked = b"transfer-encoding: chunked\r\n\r\n3;x=1\r\n[1,\r\n2\r\n2]\r\n0\r\nTrailer: x\r\n\r\n"
        peer.send(
            b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n" + EVENT.lower() % 1 + chunked, pieces=50
        )
        assert peer.request() == ("POST /2018-06-01/runtime/invocation/r1/response HTTP/1.1", b"1")
        peer.connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            peer.connection.recv(1)
        peer.connection.settimeout(10)
        peer.send(b"HTTP/1.1 202 Accepted\r\nConnection: close\r\n\r\nto the end")
        peer.connection.close()
        peer.accept()
        assert peer.request()[0] == NEXT
        peer.send(event(2))

    peer.play(story)
    client = client_of(peer, is_direct=False)
    assert bytes(client.next().body) == b"[1,2]"
    client.post("invocation/r1/response", b"1")
    assert client.next().request_id == "r2"
    client._connection.close()


def test_a_platform_that_closes_between_the_two_is_asked_again(peer: Peer) -> None:
    def story() -> None:
        peer.accept()
        peer.request()
        peer.send(event(1))
        peer.request()
        peer.request()
        peer.send(b"HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        peer.connection.close()
        peer.accept()
        assert peer.request()[0] == NEXT
        peer.send(event(2))

    peer.play(story)
    client = client_of(peer, is_direct=True)
    client.next()
    client.post("invocation/r1/response", b"1")
    assert client.next().request_id == "r2"
    client._connection.close()


@pytest.mark.parametrize(("status", "is_fatal"), [(202, False), (413, False), (400, True), (500, True)])
def test_what_the_platform_says_to_an_answer_is_heard(peer: Peer, status: int, is_fatal: bool) -> None:
    def story() -> None:
        peer.accept()
        peer.request()
        peer.send(event(1))
        peer.request()
        peer.request()
        peer.send(b"HTTP/1.1 %d Word\r\nContent-Length: 3\r\n\r\nwhy" % status + event(2))

    peer.play(story)
    client = client_of(peer, is_direct=True)
    client.next()
    client.post("invocation/r1/response", b"1")
    if is_fatal:
        with pytest.raises(RuntimeError, match=rf"answered {status} to invocation/r1/response: why"):
            client.next()
    else:
        assert client.next().request_id == "r2"
    client._connection.close()


def test_an_init_error_is_posted_at_once(peer: Peer) -> None:
    def story() -> None:
        peer.accept()
        assert peer.request() == ("POST /2018-06-01/runtime/init/error HTTP/1.1", b"{}")
        peer.send(ACCEPTED)

    peer.play(story)
    client = client_of(peer, is_direct=True)
    client.post("init/error", b"{}", error_type="Runtime.X")
    client._connection.close()


def test_an_address_may_be_a_name_or_one_of_ipv6() -> None:
    try:
        peer = Peer(socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 on this machine")

    def story() -> None:
        peer.accept()
        peer.request()
        peer.send(event(1))

    peer.play(story)
    client = client_of(peer, is_direct=False)
    assert client.next().request_id == "r1"
    client._connection.close()
    peer.end()


def test_an_event_that_is_no_json_is_bytes() -> None:
    headers = {"lambda-runtime-aws-request-id": "r1", "content-type": "image/png"}
    assert type(Event(headers, bytearray(b"\x89")).body) is bytes


@pytest.mark.parametrize(
    ("value", "is_plain"),
    [
        ({"a": [1, 2.5, None, True, "é", ("x",)]}, True),
        ({"a": [sys.version_info]}, False),
        ([object()], False),
        (type("Text", (str,), {})("x"), False),
    ],
)
def test_only_the_plainest_values_are_taken_to_hold_no_named_tuple(value: object, is_plain: bool) -> None:
    assert payloads.is_plain(value) is is_plain
