"""`kill -9` between and within random writes: what was acknowledged is there, and nothing is half made."""

from __future__ import annotations

import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.real.house import Project, is_alive, opened, wait_until
from tests.real.random_writes import Writer, seen, state_in

pytestmark = pytest.mark.real

ROUNDS = int(os.environ.get("LAM_CRASH_ROUNDS", "4"))
WRITES = int(os.environ.get("LAM_CRASH_WRITES", "200"))
WRITERS = 4


def test_every_acknowledged_write_survives_and_none_is_half_made(tmp_path):
    seed = int(os.environ.get("LAM_CRASH_SEED", "0")) or random.randrange(1, 1 << 32)
    print(f"LAM_CRASH_SEED={seed}")
    chance = random.Random(seed)
    with opened(tmp_path) as project:
        project.write("lam.yaml", "functions: {}\n")
        writers = [Writer(number, chance.getrandbits(32)) for number in range(WRITERS)]
        for _ in range(ROUNDS):
            _write_until_killed(project, writers, chance)
            project.start()
            for writer in writers:
                _compare(project.port, writer, project.state / "code")


def _write_until_killed(project: Project, writers: list[Writer], chance: random.Random) -> None:
    if not (project.state / "service.json").exists():
        project.start()
    before = sum(writer.acknowledged for writer in writers)
    port, pid = project.port, project.service_pid
    with ThreadPoolExecutor(WRITERS) as pool:
        running = [pool.submit(writer.run, port, WRITES // WRITERS) for writer in writers]
        wanted = before + chance.randrange(WRITES * 9 // 10)
        wait_until(
            lambda: (
                sum(writer.acknowledged for writer in writers) >= wanted
                or all(future.done() for future in running)
            ),
            "writes are acknowledged",
            60,
        )
        os.kill(pid, signal.SIGKILL)
        for future in running:
            future.result()
    wait_until(lambda: not is_alive(pid), "the service is gone")


def _compare(port: int, writer: Writer, packages: Path) -> None:
    for name, told in writer.states.items():
        found = state_in(port, name, packages)
        possible = [seen(told)]
        if writer.pending is not None and writer.pending[0] == name:
            possible.append(seen(writer.pending[1]))
        assert found in possible, f"{name}\nfound {found}\nnot {possible}"
        if found != possible[0]:
            assert writer.pending is not None
            writer.states[name] = writer.pending[1]
    writer.pending = None
