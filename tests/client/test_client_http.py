"""The blocking HTTP client against scripted bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lambdacli.client import http
from lambdacli.client.http import AnswerLost, NotConnected, ReadTimedOut, Request, TcpAddress, UnixAddress

GET = Request("GET", "/x")


@contextmanager
def answering(*pieces: bytes, keeps_open: bool = False) -> Iterator[tuple[TcpAddress, list[bytes]]]:
    """One server that reads one request's head, sends the pieces and closes. Yields what it received."""
    listener = socket.create_server(("127.0.0.1", 0))
    received: list[bytes] = []
    is_over = threading.Event()

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                received.append(connection.recv(65536))
                for piece in pieces:
                    connection.sendall(piece)
                if keeps_open:
                    is_over.wait(10)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield TcpAddress("127.0.0.1", listener.getsockname()[1]), received
    finally:
        is_over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.real
@pytest.mark.parametrize(
    "pieces",
    [
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
        [b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 5\r\n\r", b"\nhel", b"lo"],
        [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\n\r\nhe", b"llo"],
        [b"HTTP/1.0 200 OK\n\nhello"],
    ],
)
def test_an_answer_is_read_however_it_is_framed(pieces):
    with answering(*pieces) as (address, received):
        response = http.send(address, GET)
    assert (response.status, response.body) == (200, b"hello")
    head = f"GET /x HTTP/1.1\r\nHost: {address.host_header}\r\nConnection: close\r\n\r\n"
    assert received == [head.encode()]


@pytest.mark.real
def test_a_204_has_no_body_even_when_the_connection_stays_open():
    with answering(b"HTTP/1.1 204 No Content\r\n\r\n", keeps_open=True) as (address, _):
        assert http.send(address, GET).body == b""


@pytest.mark.real
def test_repeated_headers_are_kept_apart_by_newlines():
    head = "HTTP/1.1 200 OK\r\nX-A: eins\r\nx-a: zwölf\r\nContent-Length: 0\r\n\r\n".encode()
    with answering(head) as (address, _):
        assert http.send(address, GET).header("X-A") == "eins\nzwölf"


@pytest.mark.real
def test_lines_come_before_the_answer_ends():
    pieces = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na\nb\n\r\n1\r\nc\r\n"]
    with answering(*pieces, keeps_open=True) as (address, _), http.open_answer(address, GET) as answer:
        lines = answer.lines()
        assert [next(lines), next(lines)] == [b"a", b"b"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", AnswerLost),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", AnswerLost),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello", AnswerLost),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello", AnswerLost),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", AnswerLost),
        (b"SSH-2.0-OpenSSH\r\n", AnswerLost),
    ],
)
def test_a_broken_answer_is_an_error_and_the_request_is_sent_once(answer, error):
    with answering(answer) as (address, received), pytest.raises(error):
        http.send(address, Request("POST", "/x", body=b"{}"))
    assert len(received) == 1


@pytest.mark.real
def test_silence_longer_than_the_read_timeout_is_an_error():
    with answering(keeps_open=True) as (address, received), pytest.raises(ReadTimedOut):
        http.send(address, Request("GET", "/x", read_timeout_seconds=0.05))
    assert len(received) == 1


@pytest.mark.real
def test_a_refusal_that_comes_while_the_body_is_sent_is_read():
    body = b"x" * 20_000_000
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(refusal)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 20):
                pass

    thread = threading.Thread(target=refuse)
    thread.start()
    with listener:
        address = TcpAddress("127.0.0.1", listener.getsockname()[1])
        assert http.send(address, Request("POST", "/x", body=body)).status == 413
        thread.join()


@pytest.mark.real
def test_nobody_there_means_not_sent(tmp_path):
    with pytest.raises(NotConnected, match="No such file or directory"):
        http.send(UnixAddress(tmp_path / "no.sock"), GET)
    with pytest.raises(NotConnected, match="Connection refused"):
        http.send(TcpAddress("127.0.0.1", 1), GET)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:4566", TcpAddress("127.0.0.1", 4566)),
        ("http://localhost", TcpAddress("localhost", 80)),
        ("HTTPS://lambda.example/", TcpAddress("lambda.example", 443, is_tls=True)),
        ("http://[::1]:4566/a/b/", TcpAddress("::1", 4566, path_prefix="/a/b")),
    ],
)
def test_a_url_becomes_an_address(url, address):
    assert http.parse_url(url) == address


@pytest.mark.parametrize(
    "url", ["localhost:4566", "ftp://x", "http://", "http://x:0", "http://x:99999", "http://x:port"]
)
def test_another_text_is_no_url(url):
    with pytest.raises(ValueError, match="//"):
        http.parse_url(url)


@pytest.mark.parametrize(
    ("address", "header", "text"),
    [
        (TcpAddress("localhost", 80), "localhost", "http://localhost"),
        (TcpAddress("localhost", 443, is_tls=True), "localhost", "https://localhost"),
        (TcpAddress("::1", 4566, "/p"), "[::1]:4566", "http://[::1]:4566/p"),
    ],
)
def test_the_host_header_leaves_out_the_usual_port(address, header, text):
    assert (address.host_header, str(address)) == (header, text)


def test_escaping_leaves_only_unreserved_letters():
    assert http.escape("a-._~9/:$ä") == "a-._~9%2F%3A%24%C3%A4"
    assert http.query_of({"a": 1, "b": None, "c": "x y"}) == "?a=1&c=x%20y"
    assert http.query_of({"b": None}) == ""


def test_a_line_break_cannot_enter_a_header():
    with pytest.raises(ValueError, match="X-A"):
        http._head_of(TcpAddress("h", 1), Request("GET", "/", {"X-A": "a\r\nX-B: b"}))
