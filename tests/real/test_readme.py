"""The README's tour, typed as written in a new folder: each command succeeds and prints what is said."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.functions_house import REPOSITORY, WALLS

pytestmark = [pytest.mark.real, pytest.mark.slow]

README = Path(__file__).parents[2] / "README.md"


def tour() -> list[tuple[str, list[str]]]:
    """Each command of the console blocks with the lines that follow it."""
    steps: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", README.read_text(), re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            elif steps and "$ " in block:
                steps[-1][1].append(line)
    return steps


def as_pattern(line: str) -> str:
    return "".join(".*" if part == "…" else re.escape(part) for part in re.split("(…)", line))


def test_every_command_of_the_tour_does_what_the_readme_says(tmp_path: Path) -> None:
    steps = tour()
    assert len(steps) > 12
    mark = "=== end of step ==="
    script = "".join(f"{command}\necho; echo '{mark}' $?\n" for command, _ in steps)
    # One folder for the tools, whatever shell the developer has set up; stderr and stdout in one stream.
    environment = {
        "HOME": str(tmp_path / "home"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(REPOSITORY),
        **WALLS,
    }
    (tmp_path / "home").mkdir()
    (tmp_path / "new").mkdir()
    try:
        done = subprocess.run(
            ["bash", "-c", f"exec 2>&1\n{script}"],
            cwd=tmp_path / "new",
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )
    finally:
        subprocess.run(
            ["lam", "stop", "--project", str(tmp_path / "new" / "demo-lambda")],
            env=environment,
            capture_output=True,
        )
    outputs = re.split(rf"\n{mark} (\d+)\n", done.stdout)
    found = list(zip(outputs[::2], outputs[1::2], strict=False))
    for (command, expected), (output, code) in zip(steps, found, strict=True):
        assert code == "0", f"{command}\n{output}"
        position = 0
        for line in expected:
            if not line.strip() or line == "…":
                continue
            match = re.compile(f"^{as_pattern(line)}$", re.MULTILINE).search(output, position)
            assert match, f"{command}\ndid not print: {line}\nbut:\n{output}"
            position = match.end()
