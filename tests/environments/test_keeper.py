"""The keeper's own rules, run in a process of their own: they collect every child there is."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

import pytest

from lambdacli.environments.process import KEEPER

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="there is no subreaper elsewhere"),
]

ORPHAN_OF_AN_ORPHAN = f"""
import os, signal, socket, subprocess, sys
sys.path.insert(0, {str(KEEPER.parent)!r})
from keeper import loop, tree

tree.adopt_orphans()
ours, theirs = socket.socketpair()
keeper = loop.Loop(theirs, is_walled=False)
guardian = subprocess.Popen(["sleep", "1000"])
# An orphan that has come to the keeper ends by itself, and its own child comes only then.
orphan = subprocess.Popen(["sh", "-c", "sleep 1000 & echo $!"], stdout=subprocess.PIPE)
left = int(orphan.stdout.readline())
os.waitid(os.P_PID, orphan.pid, os.WEXITED | os.WNOWAIT)
keeper._children = {{guardian.pid}}
keeper._reap()
pid, status = os.waitpid(left, 0)
print(pid == left, os.WTERMSIG(status) == signal.SIGKILL, guardian.poll())
guardian.kill()
guardian.wait()
"""


def test_what_an_ended_orphan_leaves_is_killed_and_guardians_are_not() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ORPHAN_OF_AN_ORPHAN], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            said, _ = process.communicate(timeout=20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert said == "True True None\n"
