"""Builds are told from their first word to their end, and begun ahead when that is asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import ServiceException
from lambdacli.model.function import FolderCode, Function
from lambdacli.service.builds import Builds
from lambdacli.service.early_builds import EarlyBuilds
from tests.model.test_effects import PLAIN


def succeed(arguments: Sequence[str], folder: Path, variables: Mapping[str, str], take: object) -> int:
    return 0


class Watch:
    now = 0.0

    def read(self) -> float:
        return self.now


def test_a_build_is_told_while_it_lasts_and_after_it() -> None:
    watch = Watch()
    builds = Builds(watch.read)
    building = builds.of("demo", succeed)
    assert builds.told(None) == []
    building.progress("installing package.json")
    building.run(("/usr/bin/npm", "install"), Path(), {}, print)
    watch.now = 7.25
    running = {"function": "demo", "tool": "npm", "seconds": 7.2, "is_running": True}
    assert builds.told("demo") == [running]
    assert builds.told("another") == []
    building.end(is_done=True)
    watch.now = 60.0
    assert builds.told(None) == [{**running, "is_running": False}]


def test_of_a_failed_build_and_of_none_nothing_is_told() -> None:
    builds = Builds()
    failed, ready = builds.of("failed", succeed), builds.of("ready", succeed)
    failed.progress("installing package.json")
    failed.end(is_done=False)
    ready.end(is_done=True)
    assert builds.told(None) == []


@pytest.mark.parametrize(
    ("program", "told"),
    [("/usr/bin/npm", "npm"), ("go", "go"), ("/venv/bin/python3.13", None)],
)
def test_tools_are_told_as_a_person_knows_them(program: str, told: str | None) -> None:
    builds = Builds()
    building = builds.of("demo", succeed)
    building.run((program,), Path(), {}, print)
    assert builds.told("demo")[0]["tool"] == told


def test_empty_lines_of_installers_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "lam.placements")
    building = Builds().of("demo", succeed)
    for line in ("", "added 3 packages", ""):
        building.progress(line)
    assert [record.getMessage() for record in caplog.records] == ["demo: added 3 packages"]


def test_two_functions_are_built_ahead_at_once_and_a_failure_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("lambdacli.service.early_builds._GRACE_SECONDS", 0.01)
    functions = [_function(tmp_path, name) for name in ("a", "b", "c")]
    (tmp_path / "plain").mkdir()
    functions.append(_of(tmp_path / "plain", "plain"))
    running: list[str] = []

    async def story() -> None:
        go_on = asyncio.Event()

        async def place(function: Function) -> None:
            running.append(function.name)
            await go_on.wait()
            if function.name == "a":
                raise ServiceException("npm failed")

        early = EarlyBuilds(lambda: functions, place)
        assert await early.begin() == {"building": ["a", "b", "c"], "ready": 1, "of": 4}
        assert running == ["a", "b"]
        functions.clear()
        go_on.set()
        while (await early.begin())["building"]:
            await asyncio.sleep(0)
        await early.close()

    asyncio.run(story())
    assert running == ["a", "b", "c"]
    assert [record.getMessage() for record in caplog.records] == ["a: npm failed"]


def _function(folder: Path, name: str) -> Function:
    (folder / name).mkdir()
    (folder / name / "requirements.txt").write_text("requests\n")
    return _of(folder / name, name)


def _of(folder: Path, name: str) -> Function:
    key = FunctionKey(PLAIN.key.account, PLAIN.key.region, name)
    return replace(PLAIN, key=key, runtime="python3.13", code=FolderCode(folder))
