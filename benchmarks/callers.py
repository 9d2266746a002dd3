"""Callers of our own, for what wrk cannot do: one exact invocation at a time, and a thousand at once."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.target import Target

TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Caller:
    """One connection that is kept open; to a port, or to lam's socket."""

    def __init__(self, target: Target, unix_socket: Path | None = None) -> None:
        self._target = target
        self._connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=TIMEOUT_SECONDS)
        if unix_socket is not None:
            self._connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._connection.sock.settimeout(TIMEOUT_SECONDS)
            self._connection.sock.connect(str(unix_socket))
        else:
            self._connection.connect()
            assert self._connection.sock is not None
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        return self._exchange("POST", body, {"Content-Type": "application/json", **(headers or {})})

    def get(self) -> Answer:
        return self._exchange("GET", None, {})

    def _exchange(self, method: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        signed = {"Authorization": self._target.authorization, **headers}
        self._connection.request(method, self._target.path, body, signed)
        answer = self._connection.getresponse()
        said = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, said, answer.read())


async def crowd(target: Target, bodies: Sequence[bytes]) -> list[Answer | OSError]:
    """All at once, each on a connection of its own. A broken connection is an answer, too."""

    async def one(body: bytes) -> Answer | OSError:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
                try:
                    return await exchange(reader, writer, request(target, body))
                finally:
                    writer.close()
        except TimeoutError:
            return TimeoutError(f"no answer within {TIMEOUT_SECONDS:g} s")
        except (OSError, asyncio.IncompleteReadError) as error:
            return OSError(str(error))

    return await asyncio.gather(*(one(body) for body in bodies))


async def procession(target: Target, bodies: Iterable[bytes], callers: int) -> int:
    """Every body once, `callers` at a time on connections that stay. How many came back other than they
    went."""
    remaining = iter(bodies)
    wrong = 0

    async def caller() -> None:
        nonlocal wrong
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        try:
            for body in remaining:
                answer = await exchange(reader, writer, request(target, body))
                wrong += answer.status != 200 or is_other(body, answer.body)
        finally:
            writer.close()

    await asyncio.gather(*(caller() for _ in range(callers)))
    return wrong


def is_other(sent: bytes, received: bytes) -> bool:
    """Blanks between tokens are the serialiser's own; our payloads have none inside strings."""
    return received != sent and b"".join(received.split()) != b"".join(sent.split())


def request(target: Target, body: bytes) -> bytes:
    head = (
        f"POST {target.path} HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\nContent-Type: application/json\r\n"
        f"Authorization: {target.authorization}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes) -> Answer:
    writer.write(message)
    await writer.drain()
    status, headers = parse_head(await reader.readuntil(b"\r\n\r\n"))
    if "content-length" not in headers:
        raise OSError("the answer has no Content-Length")
    return Answer(status, headers, await reader.readexactly(int(headers["content-length"])))


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *rest = head.decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in rest if line)
    return int(first.split(" ", 2)[1]), {name.lower(): value.strip() for name, _, value in fields}
