"""A function that computes gets its share of a processor; one that waits is not held up."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from lambdacli.environments.command import Command, Exit
from lambdacli.environments.process import Keeper
from lambdacli.environments.process_tree import ProcessTree
from lambdacli.environments.sandbox.guarded import GuardedSandbox
from lambdacli.environments.sandbox.portable import PortablePlace
from lambdacli.environments.sandbox.usage import TreeCpu

pytestmark = pytest.mark.real

SPINS = "while True: pass"
SPINS_IN_A_CHILD = "import os, time\nif os.fork() == 0:\n    while True: pass\ntime.sleep(300)"
MEMORY_MB = 442
"""A quarter of a processor."""


def used_share(tmp_path: Path, code: str, *, has_cpu_share: bool) -> float:
    """Of one processor, over a second in which an invocation runs."""

    async def run() -> float:
        keeper = Keeper()
        keeper.start()

        async def open_tree(output_fd: int) -> ProcessTree:
            return keeper.open(output_fd)

        place = PortablePlace(tmp_path / "tmp", open_tree, lambda: None)
        sandbox = GuardedSandbox(place, MEMORY_MB, has_cpu_share=has_cpu_share)
        exits: list[Exit] = []
        try:
            await sandbox.open("127.0.0.1:9001")
            command = Command((sys.executable, "-I", "-S", "-c", code), {}, Path("/"))
            await sandbox.start(command, exits.append)
            assert sandbox._tree is not None and sandbox._tree.guardian is not None
            gauge = TreeCpu(sandbox._tree.guardian)
            before, began = gauge.use().used_ns, time.monotonic()
            sandbox.watch(lambda what: None)
            await asyncio.sleep(1)  # what is measured is time itself
            used = (gauge.use().used_ns - before) / 1e9 / (time.monotonic() - began)
            sandbox.unwatch()
            assert exits == []
            return used
        finally:
            os.close(sandbox.output_fd())
            await sandbox.close()
            keeper.close()

    return asyncio.run(run())


@pytest.mark.parametrize("code", [SPINS, SPINS_IN_A_CHILD], ids=["itself", "a child"])
def test_who_computes_gets_his_share(tmp_path: Path, code: str) -> None:
    assert used_share(tmp_path, code, has_cpu_share=True) < 0.33


def test_without_a_share_all_there_is(tmp_path: Path) -> None:
    assert used_share(tmp_path, SPINS, has_cpu_share=False) > 0.33
