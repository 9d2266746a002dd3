"""A response that its runtime streams, from the Runtime API to who takes it, with nothing in between."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import pytest
from scripted import KEY, Stage, stage

from lambdacli.environments.fleet import Run
from lambdacli.environments.state import EnvironmentState
from lambdacli.model.outcome import Invocation, Outcome
from lambdacli.model.piece_stream import PieceStream

pytestmark = pytest.mark.real


def scene(folder: Path, play, **options: object) -> None:  # type: ignore[no-untyped-def]
    async def run() -> None:
        async with asyncio.timeout(20), stage(folder, **options) as on:  # type: ignore[arg-type]
            await play(on)

    asyncio.run(run())


class Sender:
    """A runtime's connection for one streamed response."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def begin(cls, on: Stage, request_id: str = "r1", more: str = "") -> Sender:
        host, _, port = on.launcher.runtime_api.rpartition(":")
        sender = cls(*await asyncio.open_connection(host, int(port)))
        on.clients.append(sender)  # type: ignore[arg-type]
        sender.writer.write(
            f"POST /2018-06-01/runtime/invocation/{request_id}/response HTTP/1.1\r\n"
            "Host: localhost\r\nTransfer-Encoding: chunked\r\n"
            f"Lambda-Runtime-Function-Response-Mode: streaming\r\n{more}\r\n".encode()
        )
        return sender

    def close(self) -> None:
        self.writer.close()

    def write(self, data: bytes) -> None:
        self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self, trailers: str = "") -> None:
        self.writer.write(f"0\r\n{trailers}\r\n".encode())

    async def status(self) -> int:
        head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1])


def invoked(on: Stage, request_id: str = "r1") -> Run:
    invocation = Invocation(request_id, KEY.arn, b"{}")
    run = Run(invocation, on.environment.placement, PieceStream())
    run.settled = on.environment.invoke(invocation, run.answer, run.begin)
    return run


async def rest_of(run: Run) -> tuple[bytes, Outcome]:
    assert run.pieces is not None
    payload = b"".join([b"".join(several) async for several in run.pieces])
    return payload, await run.answered


def test_pieces_come_before_the_end_and_the_log_before_the_pieces(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        run = invoked(on)
        await on.waiting
        on.box.print(b"before\n")
        sender = await Sender.begin(on, more="Content-Type: text/plain\r\n")
        assert (await run.begun).content_type == "text/plain"
        assert "before" in on.log()
        sender.write(b"one")
        assert run.pieces is not None
        assert await anext(run.pieces) == [b"one"]
        assert not run.answered.done()
        sender.write(b"two")
        sender.end()
        payload, outcome = await rest_of(run)
        assert (payload, outcome.payload, outcome.function_error) == (b"two", b"", None)
        assert await sender.status() == 202
        following = asyncio.ensure_future(client.next())
        settlement = await run.settled
        assert settlement.report.status is None
        assert on.environment.state is EnvironmentState.IDLE
        following.cancel()

    scene(tmp_path, play)


def test_a_runtime_may_ask_on_before_its_last_piece_was_read(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        run = invoked(on)
        await on.waiting
        sender = await Sender.begin(on)
        sender.write(b"one")
        await run.begun
        following = asyncio.ensure_future(client.next())
        while repr(on.environment).count("streaming") and on.environment.dialogue._waiter is None:
            await asyncio.sleep(0)
        assert not following.done()
        sender.end()
        assert (await rest_of(run))[0] == b"one"
        await run.settled
        assert on.environment.state is EnvironmentState.IDLE
        invoked(on, "r2")
        assert (await following).headers["lambda-runtime-aws-request-id"] == "r2"

    scene(tmp_path, play)


@pytest.mark.parametrize(
    ("body", "payload", "error_type"),
    [
        (b'{"errorType":"Other"}', b'{"errorType":"Other"}', "Mine"),
        (None, b"null", "Mine"),
    ],
    ids=["with a document", "without"],
)
def test_trailers_tell_an_error(tmp_path: Path, body: bytes | None, payload: bytes, error_type: str) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        run = invoked(on)
        await on.waiting
        sender = await Sender.begin(on)
        sender.write(b"one")
        trailers = "Lambda-Runtime-Function-Error-Type: Mine\r\n"
        if body is not None:
            trailers += f"Lambda-Runtime-Function-Error-Body: {base64.b64encode(body).decode()}\r\n"
        sender.end(trailers)
        streamed, outcome = await rest_of(run)
        assert (streamed, outcome.payload, outcome.error_type) == (b"one", payload, error_type)
        assert outcome.function_error == "Unhandled"
        following = asyncio.ensure_future(client.next())
        assert (await run.settled).report.status is None
        following.cancel()

    scene(tmp_path, play)


def test_a_stream_for_another_invocation_is_refused_and_read_away(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        await on.initialised()
        run = invoked(on)
        await on.waiting
        sender = await Sender.begin(on, "other")
        sender.write(b"one")
        sender.end()
        assert await sender.status() == 400
        assert not run.begun.done()

    scene(tmp_path, play)


def test_a_stream_that_comes_in_one_piece_is_one(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        run = invoked(on)
        await on.waiting
        headers = {"Lambda-Runtime-Function-Response-Mode": "streaming", "Content-Type": "text/css"}
        assert (await client.post("invocation/r1/response", b"whole", headers)).status == 202
        assert (await run.begun).content_type == "text/css"
        assert (await rest_of(run))[0] == b"whole"

    scene(tmp_path, play)


def test_who_wants_the_whole_gets_it_gathered(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        await on.initialised()
        invoking = on.invoke("r1")
        await on.waiting
        sender = await Sender.begin(on)
        for piece in (b"one,", b"two"):
            sender.write(piece)
        sender.end()
        assert (await invoking.answered()).payload == b"one,two"

    scene(tmp_path, play)


@pytest.mark.parametrize("asks_on", [True, False])
def test_a_cut_stream_of_a_living_runtime_is_truncated(tmp_path: Path, asks_on: bool) -> None:
    async def play(on: Stage) -> None:
        client = await on.initialised()
        run = invoked(on)
        await on.waiting
        sender = await Sender.begin(on)
        sender.write(b"one")
        await run.begun
        sender.writer.close()
        following = asyncio.ensure_future(client.next()) if asks_on else None
        payload, outcome = await rest_of(run)
        assert (payload, outcome.error_type) == (b"one", "Runtime.TruncatedResponse")
        following = following or asyncio.ensure_future(client.next())
        await run.settled
        assert on.environment.state is EnvironmentState.IDLE
        following.cancel()

    scene(tmp_path, play)


@pytest.mark.parametrize(
    ("happens", "error_type", "status"),
    [
        ("exit", "Runtime.TruncatedResponse", "error"),
        ("memory", "Runtime.OutOfMemory", "error"),
        ("timeout", "Sandbox.Timedout", "timeout"),
    ],
)
def test_what_ends_the_processes_ends_the_stream(
    tmp_path: Path, happens: str, error_type: str, status: str
) -> None:
    async def play(on: Stage) -> None:
        await on.initialised()
        run = invoked(on)
        await on.waiting
        sender = await Sender.begin(on)
        sender.write(b"one")
        assert run.pieces is not None
        assert await anext(run.pieces) == [b"one"]
        if happens == "exit":
            sender.writer.close()
            on.box.exit(3)
        elif happens == "memory":
            on.box.breach("memory")
        payload, outcome = await rest_of(run)
        assert (payload, outcome.error_type) == (b"", error_type)
        assert (await run.settled).report.status == status
        assert on.environment.state is EnvironmentState.RESET
        sender.writer.close()

    scene(tmp_path, play, timeout_seconds=1)


def test_a_reader_that_leaves_does_not_hold_the_runtime_up(tmp_path: Path) -> None:
    async def play(on: Stage) -> None:
        await on.initialised()
        run = invoked(on)
        await on.waiting
        sender = await Sender.begin(on)
        for _ in range(40):
            sender.write(bytes(500_000))
        draining = asyncio.ensure_future(sender.writer.drain())
        await run.begun
        assert run.pieces is not None
        while not run.pieces.is_full:
            await asyncio.sleep(0.001)
        assert not draining.done()
        await run.pieces.aclose()
        await draining
        sender.end()
        assert (await run.answered).function_error is None
        assert await sender.status() == 202

    scene(tmp_path, play)
