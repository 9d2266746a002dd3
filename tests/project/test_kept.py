"""What builds left in the cache, and what of it goes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lambdacli.project.kept import (
    ALWAYS,
    ON_REQUEST,
    Bounds,
    Kept,
    all_kept,
    doomed,
    is_kept,
    prune,
)
from lambdacli.project.making import made_once
from tests.real.house import REPOSITORY

DAY = 86_400.0
NOW = 100 * DAY


def kept(name: str, size: int, days: float) -> Kept:
    return Kept(Path(name), size, NOW - days * DAY)


@pytest.mark.parametrize(
    ("total", "days", "going"),
    [
        pytest.param(100, 30, "", id="there is room, and nothing is old"),
        pytest.param(100, 6, "d", id="what was not used for long goes"),
        pytest.param(35, 30, "d", id="beyond the room the longest unused goes"),
        pytest.param(20, 30, "dc", id="until it is no more than that"),
        pytest.param(0, 30, "dcb", id="what was used within a day stays, whatever it measures"),
        pytest.param(0, 0, "dcb", id="however short the time is"),
    ],
)
def test_what_goes(total, days, going):
    there = (kept("a", 10, 0.5), kept("d", 10, 7), kept("b", 10, 2), kept("c", 10, 3))
    gone = doomed(there, Bounds(total, days * DAY), NOW)
    assert "".join(each.folder.name for each in gone) == going


def made(cache: Path, name: str, size: int, days: float) -> Path:
    """A folder that another process made and has left."""
    folder = cache / "go" / name
    folder.mkdir(parents=True)
    (folder / "bootstrap").write_bytes(bytes(size))
    folder.with_suffix(".used").write_text(str(size))
    folder.with_suffix(".lock").touch()
    used(folder, days)
    return folder


def used(folder: Path, days: float) -> None:
    at = time.time() - days * DAY
    os.utime(folder.with_suffix(".used"), (at, at))


def test_what_this_process_uses_is_never_removed(tmp_path):
    one, other = made(tmp_path, "one", 10, 90), made(tmp_path, "other", 20, 90)
    assert is_kept(one)
    used(one, 90)
    assert [each.folder for each in prune(tmp_path, ALWAYS)] == [other]
    assert one.is_dir() and not is_kept(other)
    assert [each.size_bytes for each in all_kept(tmp_path)] == [10]


@pytest.mark.real
def test_what_another_process_uses_is_never_removed(tmp_path):
    folder = made(tmp_path, "one", 10, 90)
    program = (
        "import sys; from pathlib import Path; from lambdacli.project.kept import is_kept\n"
        "print(is_kept(Path(sys.argv[1])), flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as user:
        assert user.stdin is not None and user.stdout is not None
        assert user.stdout.readline() == b"True\n"
        used(folder, 90)
        assert prune(tmp_path, ON_REQUEST) == () and folder.is_dir()
        user.stdin.close()
        user.wait(10)
    assert [each.folder for each in prune(tmp_path, ON_REQUEST)] == [folder]


def test_what_is_being_made_is_left_alone(tmp_path):
    target = tmp_path / "go" / "one"

    def make(partial: Path) -> None:
        (partial / "bootstrap").touch()
        assert all_kept(tmp_path) == () == prune(tmp_path, ON_REQUEST)

    assert made_once(target, make, "", "", lambda line: None).is_dir()


def test_what_is_made_makes_room_and_is_measured_once(tmp_path):
    old = made(tmp_path, "old", 10, 40)
    target = tmp_path / "python" / "new"
    made_once(target, lambda partial: (partial / "x").write_bytes(bytes(7)), "", "", lambda line: None)  # type: ignore[arg-type, return-value]
    assert not old.exists() and not old.with_suffix(".gone").exists()
    assert [(each.folder, each.size_bytes) for each in all_kept(tmp_path)] == [(target, 7)]


def test_what_was_removed_by_hand_is_made_again(tmp_path):
    target = tmp_path / "go" / "one"
    calls: list[Path] = []
    for _ in range(2):
        made_once(target, calls.append, "", "", lambda line: None)
        target.rmdir()
    assert len(calls) == 2


def test_folders_of_an_earlier_version_are_counted_too(tmp_path):
    folder = made(tmp_path, "one", 10, 0)
    folder.with_suffix(".used").unlink()
    assert [(each.folder, each.size_bytes) for each in all_kept(tmp_path)] == [(folder, 10)]
