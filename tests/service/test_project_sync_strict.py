"""Runtimes past their end in lam.yaml: told by default, refused by date when asked to be strict."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest

from lambdacli.service.project_sync import ProjectSync
from lambdacli.store.code import CodeStore
from lambdacli.store.database import open_database
from lambdacli.store.functions import FunctionStore
from lambdacli.store.layers import LayerStore
from lambdacli.store.settings import SettingStore
from tests.doubles import SteppingClock

YAML = """
strict: {strict}
functions:
  old: {{runtime: python3.9, handler: app.handler, timeout: {timeout}}}
"""


class ClockOf(SteppingClock):
    def __init__(self, day: str) -> None:
        self._now = datetime.fromisoformat(day).replace(tzinfo=UTC)


@pytest.fixture
def stores(tmp_path):
    connection = open_database(tmp_path / "state.db")
    yield FunctionStore(connection), LayerStore(connection), SettingStore(connection)
    connection.close()


@pytest.fixture
def functions(stores):
    return stores[0]


@pytest.fixture
def sync(tmp_path, stores):
    return partial(_sync, tmp_path, *stores)


def _sync(tmp_path, functions, layers, settings, day, *, is_strict=False, in_file="false", timeout=3):
    (tmp_path / "app.py").touch()
    file = tmp_path / "lam.yaml"
    file.write_text(YAML.format(strict=in_file, timeout=timeout))
    code = CodeStore(tmp_path / "code")
    clock = ClockOf(day)
    project = ProjectSync(
        file, functions, code, layers, settings, clock, clock, print, lambda: None, is_strict=is_strict
    )
    project.read()
    return project.problems


@pytest.mark.parametrize(
    ("day", "asked", "is_refused"),
    [
        ("2027-07-28", {"is_strict": True}, False),
        ("2027-07-29", {"is_strict": True}, True),
        ("2027-07-29", {"in_file": "true"}, True),
        ("2027-07-29", {}, False),
    ],
)
def test_new_function_is_refused_by_date(sync, functions, day, asked, is_refused):
    problems = sync(day, **asked)
    assert functions.count() == (0 if is_refused else 1)
    assert [problem.partition(" is ")[0] for problem in problems] == (
        ["lam.yaml: functions.old.runtime: python3.9"] if is_refused else []
    )


def test_deprecated_runtime_is_told_in_the_log_and_taken(sync, functions, caplog):
    assert sync("2026-01-01") == []
    [line] = caplog.messages
    assert line.startswith("old: python3.9 is deprecated since 2025-12-15")


def test_one_line_tells_of_all_functions_of_a_runtime_and_of_new_ones_alone(tmp_path, stores, caplog):
    (tmp_path / "app.py").touch()
    file, clock = tmp_path / "lam.yaml", ClockOf("2026-01-01")
    functions, layers, settings = stores
    code = CodeStore(tmp_path / "code")
    project = ProjectSync(file, functions, code, layers, settings, clock, clock, print, lambda: None)
    for names in (("a", "b"), ("a", "b", "c")):
        lines = [f"  {name}: {{runtime: python3.9, handler: app.handler}}" for name in names]
        file.write_text("\n".join(["functions:", *lines]))
        project.read()
    assert [message.partition(" is ")[0] for message in caplog.messages] == [
        "a, b: python3.9",
        "c: python3.9",
    ]


@pytest.mark.parametrize(("day", "timeout"), [("2027-08-30", 9), ("2027-08-31", 3)])
def test_function_that_is_there_is_changed_until_updates_are_blocked(sync, functions, day, timeout):
    sync("2027-01-01")
    sync(day, is_strict=True, timeout=9)
    assert functions.list_all()[0].timeout_seconds == timeout
