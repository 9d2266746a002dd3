"""The keeper and its guardians: every process is found and killed, whatever was done to them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import psutil
import pytest

from lambdacli.environments import process_tree
from lambdacli.environments.command import Command, Exit, StartError
from lambdacli.environments.process import Keeper
from lambdacli.environments.process_tree import ProcessTree
from lambdacli.environments.sandbox import portable
from lambdacli.environments.sandbox.guarded import GuardedSandbox
from lambdacli.environments.sandbox.portable import PortablePlace
from lambdacli.model import limits

pytestmark = pytest.mark.real


class Workshop:
    def __init__(self) -> None:
        self.keeper = Keeper()
        self.keeper.start()
        self.read_fd, self.write_fd = os.pipe()
        self.exits: list[Exit] = []

    def run(self, *arguments: str) -> ProcessTree:
        command = Command(arguments, {"PATH": "/usr/bin:/bin"}, Path("/"))
        return self.keeper.run(command, self.write_fd, self.exits.append)

    def run_python(self, code: str) -> ProcessTree:
        return self.run(sys.executable, "-I", "-c", code)

    def sandbox(self, temporary: Path) -> GuardedSandbox:
        async def open_tree(output_fd: int) -> ProcessTree:
            return self.keeper.open(output_fd)

        return GuardedSandbox(PortablePlace(temporary, open_tree, lambda: None), 128)

    def close(self) -> None:
        self.keeper.close()
        os.close(self.read_fd)
        os.close(self.write_fd)

    def line(self) -> str:
        """What the processes print next; they always do."""
        text = b""
        while not text.endswith(b"\n"):
            text += os.read(self.read_fd, 1)
        return text.decode().strip()


def play(story: Callable[[Workshop], Awaitable[None]]) -> None:
    async def run() -> None:
        workshop = Workshop()
        try:
            async with asyncio.timeout(20):
                await story(workshop)
        finally:
            workshop.close()

    asyncio.run(run())


async def started(tree: ProcessTree) -> int:
    await tree.started()
    assert tree.pid is not None
    return tree.pid


async def gone(pid: int) -> None:
    async with asyncio.timeout(5):
        while psutil.pid_exists(pid):
            await asyncio.sleep(0.005)


SLEEPER_WITH_CHILD = """
import os, time
child = os.fork()
if child:
    print(child, flush=True)
else:
    os.setsid()
time.sleep(300)
"""


def test_a_tree_ends_with_all_that_left_its_session() -> None:
    async def story(on: Workshop) -> None:
        tree = on.run_python(SLEEPER_WITH_CHILD)
        pid = await started(tree)
        child = int(await asyncio.to_thread(on.line))
        await tree.end()
        assert not psutil.pid_exists(pid)
        assert not psutil.pid_exists(child)
        assert [exit.signal_number for exit in on.exits] == [signal.SIGKILL]

    play(story)


def test_a_stopped_guardian_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_tree, "END_SECONDS", 0.2)

    async def story(on: Workshop) -> None:
        tree = on.run_python(SLEEPER_WITH_CHILD)
        pid = await started(tree)
        child = int(await asyncio.to_thread(on.line))
        assert tree.guardian is not None
        os.kill(tree.guardian, signal.SIGSTOP)
        await tree.end()
        await gone(pid)
        await gone(child)
        await gone(tree.guardian)
        assert len(on.exits) == 1

    play(story)


def test_a_stopped_keeper_holds_up_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_tree, "END_SECONDS", 0.1)

    async def story(on: Workshop) -> None:
        assert on.keeper.pid is not None
        os.kill(on.keeper.pid, signal.SIGSTOP)
        try:
            tree = on.run_python("import time; time.sleep(300)")
            starting = asyncio.ensure_future(tree.started())
            await tree.end()
            with pytest.raises(StartError):
                await starting
        finally:
            os.kill(on.keeper.pid, signal.SIGCONT)

    play(story)


@pytest.mark.parametrize("victim", ["guardian", "keeper"])
def test_killing_what_guards_a_tree_ends_it_and_the_next_starts(victim: str) -> None:
    async def story(on: Workshop) -> None:
        tree = on.run_python(SLEEPER_WITH_CHILD)
        pid = await started(tree)
        child = int(await asyncio.to_thread(on.line))
        killed = tree.guardian if victim == "guardian" else on.keeper.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        await gone(pid)
        await gone(child)
        await tree.end()
        assert [exit.signal_number for exit in on.exits] == [signal.SIGKILL]
        again = on.run_python("print('again', flush=True); import time; time.sleep(300)")
        await again.started()
        assert await asyncio.to_thread(on.line) == "again"
        await again.end()

    play(story)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("/nowhere/at/all",), "No such file or directory"),
        ((str(Path(__file__)),), "Permission denied"),
    ],
)
def test_what_cannot_be_executed_is_told(arguments: tuple[str, ...], text: str) -> None:
    async def story(on: Workshop) -> None:
        tree = on.run(*arguments)
        with pytest.raises(StartError, match=text):
            await tree.started()
        await tree.end()

    play(story)


def test_a_start_that_is_cancelled_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_tree, "END_SECONDS", 0.05)

    async def story(on: Workshop) -> None:
        sandbox = on.sandbox(tmp_path / "tmp")
        assert on.keeper.pid is not None
        keeper = psutil.Process(on.keeper.pid)
        # Held up, so that the cancellation comes before the process does.
        keeper.suspend()
        command = Command((sys.executable, "-I", "-c", "import time; time.sleep(300)"), {}, Path("/"))

        async def start() -> None:
            await sandbox.open("127.0.0.1:9001")
            await sandbox.start(command, on.exits.append)

        starting = asyncio.ensure_future(start())
        await asyncio.sleep(0)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        assert starting.cancelled()
        read_fd = sandbox.output_fd()
        await sandbox.close()
        os.close(read_fd)
        assert keeper.children(recursive=True) == []
        keeper.resume()
        # The next one comes after it: by then the keeper has seen both.
        tree = on.run_python("import time; print('next', flush=True); time.sleep(300)")
        await tree.started()
        async with asyncio.timeout(5):
            while len(keeper.children()) != 1:
                await asyncio.sleep(0.005)
        assert [child.pid for child in keeper.children()] == [tree.guardian]
        await tree.end()

    play(story)


# Limits


def _limits() -> Mapping[str, tuple[int, int]]:
    return PortablePlace(Path("/x"), None, None).limits()  # type: ignore[arg-type]


def test_limits_of_root_and_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    always = {"RLIMIT_NOFILE": (1024, 1024), "RLIMIT_CORE": (0, limits.CORE_BYTES)}
    assert _limits() == always
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(portable, "_tasks_of_user", lambda: 300)
    ceiling = 300 + 4 * 1024
    assert _limits() == {**always, "RLIMIT_NPROC": (ceiling, ceiling)}


def test_tasks_of_the_user_are_counted_once_for_many_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter([7, 8])
    moments = iter([100.0, 100.9, 101.1])
    monkeypatch.setattr(portable, "_count_tasks", lambda: next(counts))
    monkeypatch.setattr(portable, "_counted", None)
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    assert [portable._tasks_of_user() for _ in range(3)] == [7, 7, 8]


def test_own_tasks_are_counted() -> None:
    assert portable._count_tasks() >= 1
