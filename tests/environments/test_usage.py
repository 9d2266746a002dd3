"""What processes and trees of processes use."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO

import psutil
import pytest

from lambdacli.environments.sandbox import by_psutil, memory
from lambdacli.environments.sandbox.member import Member
from lambdacli.environments.sandbox.memory import use_of
from lambdacli.environments.sandbox.tree import descendants
from lambdacli.environments.sandbox.usage import ProcessUse, TreeCpu, process_cpu_ns

pytestmark = pytest.mark.real

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps these figures")


@contextmanager
def running(code: str) -> Iterator[subprocess.Popen[str]]:
    """A program, which is the root; its children are the tree."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def step(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def touching(megabytes: int, children: int) -> str:
    return f"""
import os, sys, time
for _ in range({children}):
    if os.fork() == 0:
        piece = bytearray({megabytes} << 20)
        print("touched", flush=True)
        time.sleep(300)
sys.stdin.read()
"""


@pytest.mark.parametrize("walk", [descendants, by_psutil.descendants])
@pytest.mark.parametrize("children", [1, 3])
def test_use_of_a_tree(walk: Callable[[int], list[Member]], children: int) -> None:
    with running(touching(40, children)) as root:
        for _ in range(children):
            assert line(root) == "touched"
        use = use_of(walk(root.pid))
        assert use is not None
        assert (use.tasks, use.is_one_process) == (children, children == 1)
        assert 40 * children <= use.memory_kb / 1024 <= (40 + 15) * children


@pytest.mark.parametrize("walk", [descendants, by_psutil.descendants])
def test_a_tree_that_is_gone_uses_nothing(walk: Callable[[int], list[Member]]) -> None:
    assert use_of(walk(2**22 + 1)) is None


@ON_LINUX
def test_a_process_that_forbids_a_closer_look_counts_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, mode: str, buffering: int) -> FileIO:
        if path.endswith("smaps_rollup"):
            raise PermissionError(13, "Permission denied", path)
        return FileIO(path, mode)

    with running(touching(40, 2)) as root:
        assert [line(root), line(root)] == ["touched", "touched"]
        monkeypatch.setattr(memory, "open", refuse, raising=False)
        use = use_of(descendants(root.pid))
        assert use is not None
        assert use.memory_kb >= 80 * 1024


@ON_LINUX
def test_peak_of_a_process() -> None:
    code = """
import sys
piece = bytearray(60 << 20)
del piece
print("freed", flush=True)
sys.stdin.read()
"""
    with running(code) as process:
        assert line(process) == "freed"
        use = ProcessUse(process.pid)
        assert use.peak_kb() > 60 * 1024
        process.kill()
        process.wait()
        assert use.peak_kb() == 0
        use.close()
        use.close()
        assert use.peak_kb() == 0


@ON_LINUX
def test_a_process_cannot_name_itself_smaller() -> None:
    code = """
import ctypes, sys
piece = bytearray(60 << 20)
ctypes.CDLL(None).prctl(15, b"\\nVmHWM: 1 kB", 0, 0, 0)
print("named", flush=True)
sys.stdin.read()
"""
    with running(code) as process:
        assert line(process) == "named"
        use = ProcessUse(process.pid)
        assert use.peak_kb() > 60 * 1024
        use.close()


def test_who_is_gone_uses_nothing() -> None:
    use = ProcessUse(2**22 + 1)
    assert use.peak_kb() == 0
    use.close()
    assert process_cpu_ns(2**22 + 1) is None
    assert TreeCpu(2**22 + 1).use().used_ns == 0


SPINS_IN_A_THREAD = """
import sys, threading, time
def spin():
    while time.thread_time() < 0.2:
        pass
thread = threading.Thread(target=spin)
thread.start()
thread.join()
print(time.process_time_ns(), flush=True)
sys.stdin.read()
"""


def test_processor_time_includes_all_threads() -> None:
    with running(SPINS_IN_A_THREAD) as process:
        told = int(line(process))
        used = process_cpu_ns(process.pid)
        assert used is not None
        assert told - 20_000_000 <= used <= told + 50_000_000


SPINS_IN_CHILDREN = """
import os, sys, time
if os.fork() == 0:
    def spin():
        while time.process_time() < 0.1:
            pass
    if os.fork() == 0:
        spin()
        print("child", flush=True)
        sys.stdin.readline()
        os._exit(0)
    spin()
    os.wait()
    print("collected", flush=True)
    time.sleep(300)
time.sleep(300)
"""


def test_processor_time_of_a_tree_keeps_what_ended_children_used() -> None:
    with running(SPINS_IN_CHILDREN) as root:
        cpu = TreeCpu(root.pid)
        assert line(root) == "child"
        before = cpu.use()
        assert before.used_ns >= 100_000_000
        assert not before.is_one_process
        step(root)
        assert line(root) == "collected"
        after = cpu.use()
        assert after.used_ns >= max(before.used_ns, 180_000_000)
        assert after.is_one_process


def test_own_processor_time_grows() -> None:
    before = process_cpu_ns(os.getpid())
    deadline = time.monotonic() + 5
    while process_cpu_ns(os.getpid()) == before and time.monotonic() < deadline:
        pass
    assert before is not None
    assert (process_cpu_ns(os.getpid()) or 0) > before
