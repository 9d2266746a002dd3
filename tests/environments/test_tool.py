"""A program that is run to its end: its lines, its exit code, and that it never outlives who wanted it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from lambdacli.environments.command import Command
from lambdacli.environments.process import Keeper
from lambdacli.environments.process_tree import END_SECONDS
from lambdacli.environments.tool import run_to_end

pytestmark = pytest.mark.real

HANGING = "import os, time; print(os.getpid(), flush=True); time.sleep(1000)"


def play(story: Callable[[Keeper], Awaitable[None]]) -> None:
    async def run() -> None:
        with contextlib.closing(Keeper()) as keeper:
            keeper.start()
            async with asyncio.timeout(20):
                await story(keeper)

    asyncio.run(run())


def python(code: str) -> Command:
    return Command((sys.executable, "-I", "-c", code), {"PATH": os.defpath}, Path("/"))


def assert_gone(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(5)


async def hanging(keeper: Keeper) -> tuple[asyncio.Future[int], int]:
    """A program that never ends, once it runs, and its process id."""
    said: asyncio.Queue[str] = asyncio.Queue()
    running = asyncio.ensure_future(run_to_end(keeper, python(HANGING), said.put_nowait))
    return running, int(await said.get())


@pytest.mark.parametrize(
    ("end", "code"), [("sys.exit(0)", 0), ("sys.exit(3)", 3), ("os.kill(os.getpid(), 9)", 128 + 9)]
)
def test_lines_and_exit_code(end: str, code: int) -> None:
    async def story(keeper: Keeper) -> None:
        lines: list[str] = []
        program = "import os, sys; print('one', flush=True); print('two', file=sys.stderr, flush=True); "
        assert await run_to_end(keeper, python(program + end), lines.append) == code
        assert [line.rstrip("\n") for line in lines] == ["one", "two"]

    play(story)


def test_a_last_line_without_its_end_is_told_too() -> None:
    async def story(keeper: Keeper) -> None:
        lines: list[str] = []
        await run_to_end(keeper, python("print('x' * 100_000); print('half', end='')"), lines.append)
        assert [line.rstrip("\n") for line in lines] == ["x" * 100_000, "half"]

    play(story)


def test_cancelling_ends_the_program() -> None:
    async def story(keeper: Keeper) -> None:
        before = len(os.listdir("/dev/fd"))
        running, pid = await hanging(keeper)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert not psutil.pid_exists(pid)
        assert len(os.listdir("/dev/fd")) == before

    play(story)


@pytest.mark.parametrize("arguments", [("/bin/sleep", "1000"), ("/nowhere/sleep", "1000")])
def test_cancelling_before_it_has_started_leaves_nothing(
    arguments: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    async def story(keeper: Keeper) -> None:
        assert keeper.pid is not None
        running = asyncio.ensure_future(run_to_end(keeper, Command(arguments, {}, Path("/")), print))
        await asyncio.sleep(0)
        running.cancel()
        began = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert time.monotonic() - began < END_SECONDS / 2
        for guardian in psutil.Process(keeper.pid).children():
            assert_gone(guardian.pid)

    play(story)
    assert caplog.text == ""


def test_a_program_that_hangs_is_gone_when_the_keeper_is_closed() -> None:
    async def story(keeper: Keeper) -> None:
        running, pid = await hanging(keeper)
        keeper.close()
        assert_gone(pid)
        assert await running == 128 + signal.SIGKILL

    play(story)
