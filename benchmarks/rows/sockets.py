"""A thousand WebSocket connections: opened, echoing through functions, remembered, and told of the end."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks import lam, processes
from benchmarks.findings import Bar, Finding
from benchmarks.stage import Stage

T = TypeVar("T")

CROWD = 1000
AT_ONCE = 50
ROUNDS = 3
TOLD = 1001
FUNCTIONS = (
    lam.Function("talk", settings={"websocket": "[$connect, $disconnect, {route: $default, answer: true}]"}),
)


def run(stage: Stage) -> list[Finding]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with lam.project(FUNCTIONS) as service:
        return asyncio.run(_crowd(service))


async def _crowd(service: lam.Lam) -> list[Finding]:
    pid, turn = service.pid, asyncio.Semaphore(AT_ONCE)
    url = f"ws://127.0.0.1:{service.target('talk').port}/_api/websocket/dev"
    async with AsyncExitStack() as everybody:

        async def enter() -> ClientConnection:
            async with turn:
                return await everybody.enter_async_context(connect(url, compression=None, open_timeout=60))

        async def echo(client: ClientConnection, text: str) -> bool:
            async with turn:
                await client.send(text)
                return await client.recv() == text

        warm = [await enter() for _ in range(AT_ONCE)]
        await asyncio.gather(*(echo(client, "warm") for client in warm))
        before = processes.rss_mb(pid)
        opening, clients = await _timed(lambda: asyncio.gather(*(enter() for _ in range(CROWD))))
        wrong, echoing = 0, 0.0
        for number in range(ROUNDS):
            texts = [f"hello {number} {at}" for at in range(CROWD)]
            took, were_right = await _timed(partial(_all, echo, clients, texts))
            wrong, echoing = wrong + were_right.count(False), echoing + took
        kilobytes = (processes.rss_mb(pid) - before) * 1024 / CROWD
        os.kill(pid, signal.SIGTERM)
        ending, codes = await _timed(lambda: asyncio.gather(*map(_end, clients)))
    untold = sum(code != TOLD for code in codes)
    return [
        Finding(f"{CROWD:,} WebSockets opened, with $connect", "/s", CROWD / opening),
        Finding(f"  echoes through a function, {AT_ONCE} at once", "/s", ROUNDS * CROWD / echoing),
        Finding("  not right", "errors", wrong, Bar(0)),
        Finding("  each connection, RSS of the service", "KB", kilobytes),
        Finding("  until all are told of a stop", "s", ending),
        Finding("  not told", "clients", untold, Bar(0)),
    ]


async def _all(
    echo: Callable[[ClientConnection, str], Awaitable[bool]],
    clients: list[ClientConnection],
    texts: list[str],
) -> list[bool]:
    return await asyncio.gather(*map(echo, clients, texts))


async def _timed(work: Callable[[], Awaitable[T]]) -> tuple[float, T]:
    began = time.perf_counter()
    result = await work()
    return time.perf_counter() - began, result


async def _end(client: ClientConnection) -> int | None:
    try:
        await client.recv()
    except ConnectionClosed as closed:
        return None if closed.rcvd is None else closed.rcvd.code
    return None
