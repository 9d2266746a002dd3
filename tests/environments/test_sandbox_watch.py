"""The watch over memory and processes: when it looks, and what it does not miss."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from lambdacli.environments.command import Command, Exit
from lambdacli.environments.process import Keeper
from lambdacli.environments.process_tree import ProcessTree
from lambdacli.environments.sandbox import watch
from lambdacli.environments.sandbox.guarded import GuardedSandbox
from lambdacli.environments.sandbox.memory import TreeUse
from lambdacli.environments.sandbox.portable import PortablePlace
from lambdacli.environments.sandbox.watch import RunningTime, Watch, seconds_until_look

MB = 1024

# When to look


@pytest.mark.parametrize(
    ("free_mb", "free_tasks", "milliseconds"),
    [
        (128, 1023, 31.25),  # an empty environment of the smallest size
        (100, 1023, 24.4140625),
        (1024, 1023, 51.15),  # forking would be faster than allocating
        (10_240, 10**6, 250),
        (20, 1023, 10),
        (0, 1023, 10),
        (-50, 1023, 10),
        (1024, 0, 10),
    ],
)
def test_time_until_the_next_look(free_mb: int, free_tasks: int, milliseconds: float) -> None:
    assert seconds_until_look(free_mb * MB, free_tasks) == pytest.approx(milliseconds / 1000)


def test_only_time_in_which_it_runs_counts() -> None:
    running = RunningTime(0.025)
    running.begin(10.0)
    assert running.left(10.010) == pytest.approx(0.015)
    running.end(10.010)
    assert running.left(99.0) == pytest.approx(0.015)
    running.begin(100.0)
    running.begin(100.005)  # changes nothing
    assert running.left(100.010) == pytest.approx(0.005)
    running.renew(100.010, 0.020)
    assert running.left(100.015) == pytest.approx(0.015)


@dataclass
class FakeTimer:
    when: float
    callback: Callable[[], None]
    is_cancelled: bool = False

    def cancel(self) -> None:
        self.is_cancelled = True


@dataclass
class FakeLoop:
    now: float = 100.0
    timers: list[FakeTimer] = field(default_factory=list)
    timers_set: int = 0

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> FakeTimer:
        self.timers.append(FakeTimer(when, callback))
        self.timers_set += 1
        return self.timers[-1]

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [timer for timer in self.timers if timer.when <= end and not timer.is_cancelled]:
            timer = min(due, key=lambda timer: timer.when)
            self.timers.remove(timer)
            self.now = max(self.now, timer.when)
            timer.callback()
        self.now = end


class Stage:
    """A watch over an imagined tree of 28 MB, which the test changes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.use: TreeUse | None = TreeUse(28 * MB, 1, True)
        self.cpu_ns = 0
        self.main_peak_kb = 28 * MB
        self.looks: list[float] = []
        self.reads = 0
        self.breaches: list[str] = []
        self.loop = FakeLoop()
        monkeypatch.setattr(asyncio, "get_running_loop", lambda: self.loop)
        monkeypatch.setattr(watch, "tree_use", self._look)
        monkeypatch.setattr(watch, "process_cpu_ns", lambda pid: self.cpu_ns)
        monkeypatch.setattr(watch, "ProcessUse", lambda pid: self)
        self.watch = Watch(128 * MB)
        self.watch.attach(self.pid, 1)

    pid = 7

    def _look(self, root: int) -> TreeUse | None:
        self.looks.append(self.loop.now)
        return self.use

    def peak_kb(self) -> int:
        self.reads += 1
        return self.main_peak_kb

    def close(self) -> None:
        pass

    def run(self, seconds: float, is_working: bool = True) -> None:
        self.watch.begin(self.breaches.append)
        for _ in range(round(seconds / 0.001)):
            self.cpu_ns += 1_000_000 if is_working else 0
            self.loop.advance(0.001)
        self.watch.end()


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def test_a_short_invocation_costs_no_look(on: Stage) -> None:
    on.run(0.001)
    on.loop.advance(3600)
    assert on.looks == []
    assert on.loop.timers == []


def test_short_invocations_share_a_look_however_far_apart_they_are(on: Stage) -> None:
    for _ in range(300):
        on.run(0.001)
        on.loop.advance(60)
    assert 5 <= len(on.looks) <= 12  # 31 ms before the first, 24 ms between the others


def test_invocations_in_a_row_share_a_timer(on: Stage) -> None:
    for _ in range(300):
        on.run(0.001)
    assert 10 <= len(on.looks) <= 12
    assert on.loop.timers_set <= 2 * len(on.looks) + 2


def test_who_waits_is_not_looked_at_again(on: Stage) -> None:
    on.run(0.100)
    seen = len(on.looks)
    on.run(10, is_working=False)
    assert len(on.looks) <= seen + 1
    on.run(0.100)
    assert len(on.looks) >= seen + 4


def test_several_processes_are_looked_at_though_the_main_one_waits(on: Stage) -> None:
    on.use = TreeUse(28 * MB, 2, False)
    on.run(1, is_working=False)
    assert len(on.looks) >= 35


def test_near_the_limit_it_looks_every_10_ms(on: Stage) -> None:
    on.use = TreeUse(120 * MB, 1, True)
    on.run(1)
    assert 90 <= len(on.looks) <= 100


@pytest.mark.parametrize(
    ("use", "breach"),
    [(TreeUse(129 * MB, 2, False), "memory"), (TreeUse(28 * MB, 1025, False), "processes")],
)
def test_a_breach_is_told_once(on: Stage, use: TreeUse, breach: str) -> None:
    on.use = use
    on.run(1)
    assert on.breaches == [breach]
    assert len(on.looks) == 1
    on.run(0.100)  # as nobody did anything about it
    assert on.breaches == [breach] * 2


def test_a_tree_that_is_gone_is_no_breach(on: Stage) -> None:
    on.use = None
    on.run(1)
    assert on.breaches == []
    on.watch.detach()
    on.run(1)
    assert on.loop.timers == [] or all(timer.is_cancelled for timer in on.loop.timers)


def test_a_tree_that_is_put_in_place_of_another_begins_anew(on: Stage) -> None:
    on.use = TreeUse(100 * MB, 3, False)
    on.run(0.100)
    on.watch.attach(on.pid, 2)
    on.use = TreeUse(20 * MB, 1, True)
    seen = len(on.looks)
    on.run(0.030)
    assert len(on.looks) == seen
    assert on.watch.max_memory_mb() == 100


def test_the_peak_is_read_once_when_answer_and_report_come_together(on: Stage) -> None:
    on.main_peak_kb = 60 * MB - 10
    assert not on.watch.is_over_memory()
    on.loop.advance(0.0005)
    assert (on.watch.max_memory_mb(), on.reads) == (60, 1)
    on.loop.advance(0.010)
    on.main_peak_kb = 70 * MB
    assert (on.watch.max_memory_mb(), on.reads) == (70, 2)


def test_above_the_limit_the_peak_is_the_limit(on: Stage) -> None:
    on.main_peak_kb = 500 * MB
    assert on.watch.is_over_memory()
    assert on.watch.max_memory_mb() == 128


# Real processes


@dataclass
class Room:
    keeper: Keeper
    sandbox: GuardedSandbox
    exits: list[Exit] = field(default_factory=list)

    async def start(self, code: str) -> None:
        command = Command((sys.executable, "-I", "-c", code), {"PATH": "/usr/bin:/bin"}, Path("/"))
        await self.sandbox.start(command, self.exits.append)

    async def line(self) -> str:
        data = await asyncio.to_thread(os.read, self.sandbox.output_fd(), 100)
        return data.decode().splitlines()[0]

    async def breach(self) -> str:
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.sandbox.watch(told.set_result)
        async with asyncio.timeout(20):
            return await told

    def processes(self) -> list[psutil.Process]:
        """The environment's own: not the guardian."""
        assert self.keeper.pid is not None
        return psutil.Process(self.keeper.pid).children(recursive=True)[1:]


def play(folder: Path, story: Callable[[Room], object], memory_mb: int = 128) -> None:
    async def run() -> None:
        with started_keeper() as keeper:

            async def open_tree(output_fd: int) -> ProcessTree:
                return keeper.open(output_fd)

            place = PortablePlace(folder / "tmp", open_tree, lambda: None)
            room = Room(keeper, GuardedSandbox(place, memory_mb))
            await room.sandbox.open("127.0.0.1:9001")
            try:
                await story(room)  # type: ignore[misc]
            finally:
                read_fd = room.sandbox.output_fd()
                await room.sandbox.close()
                os.close(read_fd)

    asyncio.run(run())


@contextmanager
def started_keeper() -> Iterator[Keeper]:
    keeper = Keeper()
    keeper.start()
    try:
        yield keeper
    finally:
        keeper.close()


def touching(megabytes: int, children: int = 0) -> str:
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


@pytest.mark.real
def test_peak_of_an_environment_is_over_all_of_its_trees(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        peaks = []
        for megabytes in (60, 5):
            await room.start(touching(megabytes))
            assert await room.line() == "touched"
            peaks.append(room.sandbox.max_memory_mb())
            assert not room.sandbox.is_over_memory()
            await room.sandbox.end_processes()
        assert 60 <= peaks[0] <= 80
        assert peaks[1] >= peaks[0]

    play(tmp_path, story)


@pytest.mark.real
def test_peak_includes_what_was_freed_again_without_any_look(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.start(
            "import time\nx = bytearray(60 << 20)\ndel x\nprint('freed', flush=True)\ntime.sleep(300)"
        )
        assert await room.line() == "freed"
        assert 60 <= room.sandbox.max_memory_mb() <= 80

    play(tmp_path, story)


@pytest.mark.real
@pytest.mark.parametrize("waits_first", [False, True])
def test_ten_times_the_memory_is_noticed_before_it_is_there(tmp_path: Path, waits_first: bool) -> None:
    code = f"""
import time
time.sleep({0.3 if waits_first else 0})
held = []
while len(held) < 1280:
    held.append(b"x" * (1 << 20))
time.sleep(300)
"""

    async def story(room: Room) -> None:
        await room.start(code)
        assert await room.breach() == "memory"
        (main,) = room.processes()
        assert main.memory_info().rss < 1000 * 1024 * 1024
        assert room.sandbox.is_over_memory()
        await room.sandbox.end_processes()
        assert room.sandbox.max_memory_mb() == 128

    play(tmp_path, story)


@pytest.mark.real
def test_memory_of_children_is_noticed_though_the_main_process_waits(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.start(
            "import os, time\n"
            "time.sleep(0.2)\n"
            "if os.fork() == 0:\n"
            "    os.setsid()\n"
            "    time.sleep(0.2)\n"
            "    held = [b'x' * (1 << 20) for _ in range(400)]\n"
            "time.sleep(300)\n"
        )
        assert await room.breach() == "memory"
        assert not room.sandbox.is_over_memory()  # it is not the main process
        assert room.sandbox.max_memory_mb() == 128

    play(tmp_path, story)


@pytest.mark.real
@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux knows processes that forbid to be looked into"
)
def test_processes_that_forbid_to_be_looked_into_count(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.start("import ctypes\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n" + touching(60, 2))
        assert await room.breach() == "memory"

    if os.geteuid() == 0:
        pytest.skip("nobody can forbid root anything")
    play(tmp_path, story)


@pytest.mark.real
def test_a_fork_bomb_is_noticed_and_ended(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.start(
            "import os, time\n"
            "for _ in range(1500):\n"
            "    if os.fork() == 0:\n"
            "        time.sleep(300)\n"
            "time.sleep(300)\n"
        )
        assert await room.breach() == "processes"
        await room.sandbox.end_processes()
        assert room.processes() == []

    play(tmp_path, story, memory_mb=10_240)
