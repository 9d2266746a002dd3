"""The fast path against a real service: the same words as the ordinary verb's, in a fraction of its time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from functions_house import REPOSITORY, open_house

import lambdacli

pytestmark = pytest.mark.real

CODE = """
import sys
def echo(event, context):
    print("said", event)
    return event
def fail(event, context):
    raise ValueError("no")
def chatty(event, context):
    for number in range(500):
        print("line", number)
def leave(event, context):
    sys.exit(3)
"""

ORDINARY = "import sys; from lambdacli.cli.app import run; sys.exit(run(sys.argv[1:]))"
SCRIPT = Path(lambdacli.__file__).parent / "cli/console_script.py"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    names = ("echo", "fail", "chatty", "leave")
    functions = {name: {"handler": f"app.{name}"} for name in names}
    with open_house(tmp_path_factory.mktemp("fast") / "house", functions, {"code/app.py": CODE}) as house:
        yield house


WORDS = [
    ["invoke", "echo", "--payload", '{"a": "ü"}'],
    ["invoke", "echo", "--payload", '"' + "x" * 100_000 + '"'],
    ["invoke", "echo", "--payload", "{not json"],
    ["invoke", "fail"],
    ["invoke", "fail", "--exit-zero"],
    ["invoke", "chatty"],
    ["invoke", "leave"],
    ["invoke", "ecko"],
    ["invoke", "echo", "--project", "lam.yaml"],
    ["logs", "echo", "-n", "4"],
    ["logs", "--filter", "said", "-n", "3"],
    ["logs", "ecko"],
    ["status"],
]


@pytest.mark.parametrize("words", WORDS, ids=lambda words: " ".join(words)[:40])
def test_both_ways_tell_the_same(house, words):
    if words[0] == "invoke":
        house.lam(*words)  # both of the following meet it warm, or broken in the same way
    told = []
    for program in ([str(SCRIPT)], ["-c", ORDINARY]):
        done = house.run([sys.executable, *program, *words])
        told.append((done.returncode, _plain(done.stdout, words[0]), _plain(done.stderr, words[0])))
    assert told[0] == told[1]
    assert "a bug in lam" not in told[0][2]


def _plain(text: str, verb: str) -> str:
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<id>", text)
    text = re.sub(r"[\d.]+ ms|\d+ MB\t", "<figure>", text)
    return re.sub(r"for \d+ \w+|\d+ running|\d+ idle|\d+ reset|environments .*", "<now>", text)


def test_invoke_costs_little_more_than_python_itself(house, tmp_path):
    """The best of some rounds is what the program costs; the others tell what else the machine does."""
    environment = {**house.environment, "PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONPATH": str(REPOSITORY)}
    house.lam("invoke", "echo", "--payload", "{}")
    best = {"python": 9.9, "lam": 9.9}
    commands = {
        "python": [sys.executable, "-c", "pass"],
        "lam": [sys.executable, str(SCRIPT), "invoke", "echo", "--payload", "{}"],
    }
    for _ in range(60):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, cwd=house.folder, env=environment, capture_output=True, check=True)
            best[name] = min(best[name], time.perf_counter() - began)
        if best["lam"] <= 1.6 * best["python"]:
            return
    raise AssertionError(f"{best['lam'] / best['python']:.2f} times python -c pass")


def test_the_command_is_a_script_that_installers_can_use():
    assert SCRIPT.read_text().startswith("#!python\n")
    assert os.access(SCRIPT, os.X_OK)
