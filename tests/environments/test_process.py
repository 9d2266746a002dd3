"""The keeper and its guardians: every process is found and killed, whatever was done to them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from lambdacli.environments import process
from lambdacli.environments.process import Command, Exit, Keeper, ProcessTree, StartError
from lambdacli.environments.sandbox import portable
from lambdacli.environments.sandbox.memory import PeakGauge, TreeUse, _tree_use_by_psutil, tree_use
from lambdacli.environments.sandbox.portable import PortableSandbox
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
        pid = await tree.wait_started()
        child = int(await asyncio.to_thread(on.line))
        await tree.end()
        assert not psutil.pid_exists(pid)
        assert not psutil.pid_exists(child)
        assert [exit.signal_number for exit in on.exits] == [signal.SIGKILL]

    play(story)


def test_a_stopped_guardian_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "END_SECONDS", 0.2)

    async def story(on: Workshop) -> None:
        tree = on.run_python(SLEEPER_WITH_CHILD)
        pid = await tree.wait_started()
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
    monkeypatch.setattr(process, "END_SECONDS", 0.1)

    async def story(on: Workshop) -> None:
        assert on.keeper.pid is not None
        os.kill(on.keeper.pid, signal.SIGSTOP)
        try:
            tree = on.run_python("import time; time.sleep(300)")
            starting = asyncio.ensure_future(tree.wait_started())
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
        pid = await tree.wait_started()
        child = int(await asyncio.to_thread(on.line))
        killed = tree.guardian if victim == "guardian" else on.keeper.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        await gone(pid)
        await gone(child)
        await tree.end()
        assert [exit.signal_number for exit in on.exits] == [signal.SIGKILL]
        again = on.run_python("print('again', flush=True); import time; time.sleep(300)")
        await again.wait_started()
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
            await tree.wait_started()
        await tree.end()

    play(story)


# How much a tree uses


def touching(megabytes: int, children: int) -> str:
    return f"""
import os, time
for _ in range({children}):
    if os.fork() == 0:
        break
piece = bytearray({megabytes} * 1024 * 1024)
for at in range(0, len(piece), 4096):
    piece[at] = 1
print("touched", flush=True)
time.sleep(300)
"""


@pytest.mark.parametrize("measure", [tree_use, _tree_use_by_psutil])
@pytest.mark.parametrize("children", [0, 2])
def test_use_of_a_tree(measure: Callable[[int], TreeUse | None], children: int) -> None:
    async def story(on: Workshop) -> None:
        tree = on.run_python(touching(40, children))
        await tree.wait_started()
        for _ in range(children + 1):
            assert await asyncio.to_thread(on.line) == "touched"
        assert tree.guardian is not None
        use = measure(tree.guardian)
        assert use is not None
        assert use.processes == children + 1
        assert 40 * (children + 1) <= use.memory_kb / 1024 <= (40 + 15) * (children + 1)
        await tree.end()
        assert measure(tree.guardian) is None

    play(story)


def test_peak_of_who_is_gone() -> None:
    assert PeakGauge(2**22 + 1).kb() == 0
    own = PeakGauge(os.getpid())
    assert own.kb() > 1024 or sys.platform != "linux"
    own.close()
    assert own.kb() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_gauge_of_who_has_ended_tells_nothing() -> None:
    process = subprocess.Popen(["sleep", "60"])
    gauge = PeakGauge(process.pid)
    assert gauge.kb() > 0
    process.kill()
    process.wait()
    assert gauge.kb() == 0
    gauge.close()


def test_peak_of_an_environment_is_over_all_of_its_trees(tmp_path: Path) -> None:
    async def story(on: Workshop) -> None:
        sandbox = PortableSandbox(on.keeper, tmp_path / "tmp", 128)
        read_fd = sandbox.output_fd()
        peaks = []
        for megabytes in (60, 5):
            await sandbox.start(
                Command((sys.executable, "-I", "-c", touching(megabytes, 0)), {}, Path("/")), on.exits.append
            )
            assert (await asyncio.to_thread(os.read, read_fd, 100)) == b"touched\n"
            peaks.append(sandbox.max_memory_mb())
            assert not sandbox.is_over_memory()
            await sandbox.end_processes()
        assert 60 <= peaks[0] <= 80
        assert peaks[1] >= peaks[0]
        os.close(read_fd)
        await sandbox.close()
        assert not (tmp_path / "tmp").exists()

    play(story)


def test_memory_limit_is_noticed(tmp_path: Path) -> None:
    async def story(on: Workshop) -> None:
        sandbox = PortableSandbox(on.keeper, tmp_path / "tmp", 128)
        breach: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        await sandbox.start(
            Command((sys.executable, "-I", "-c", touching(200, 0)), {}, Path("/")), on.exits.append
        )
        sandbox.watch(breach.set_result)
        assert await breach == "memory"
        assert sandbox.is_over_memory()
        assert sandbox.max_memory_mb() == 128
        read_fd = sandbox.output_fd()
        await sandbox.close()
        os.close(read_fd)

    play(story)


def test_a_start_that_is_cancelled_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "END_SECONDS", 0.05)

    async def story(on: Workshop) -> None:
        sandbox = PortableSandbox(on.keeper, tmp_path / "tmp", 128)
        assert on.keeper.pid is not None
        keeper = psutil.Process(on.keeper.pid)
        # Held up, so that the cancellation comes before the process does.
        keeper.suspend()
        command = Command((sys.executable, "-I", "-c", "import time; time.sleep(300)"), {}, Path("/"))
        starting = asyncio.ensure_future(sandbox.start(command, on.exits.append))
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
        await tree.wait_started()
        async with asyncio.timeout(5):
            while len(keeper.children()) != 1:
                await asyncio.sleep(0.005)
        assert [child.pid for child in keeper.children()] == [tree.guardian]
        await tree.end()

    play(story)


# Limits


def test_limits_of_root_and_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    always = {"RLIMIT_NOFILE": (1024, 1024), "RLIMIT_CORE": (0, limits.CORE_BYTES)}
    assert portable._resource_limits() == always
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(portable, "_tasks_of_user", lambda: 300)
    ceiling = 300 + 4 * 1024
    assert portable._resource_limits() == {**always, "RLIMIT_NPROC": (ceiling, ceiling)}


def test_tasks_of_the_user_are_counted_once_for_many_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter([7, 8])
    moments = iter([100.0, 100.9, 101.1])
    monkeypatch.setattr(portable, "_count_tasks", lambda: next(counts))
    monkeypatch.setattr(portable, "_counted", None)
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    assert [portable._tasks_of_user() for _ in range(3)] == [7, 7, 8]


def test_own_tasks_are_counted() -> None:
    assert portable._count_tasks() >= 1
