"""The moved clock of a real service: what it moves, and what it must not."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import UTC, datetime

import pytest

from lambdacli.client import local
from tests.real.house import Project, opened

pytestmark = pytest.mark.real

CODE = """
import time
def handler(event, context):
    print("here")
    return [time.time(), context.get_remaining_time_in_millis()]
"""


@pytest.fixture
def project(tmp_path):
    with opened(tmp_path) as project:
        project.function("demo", CODE, "timeout: 5")
        yield project


def clock(project: Project) -> dict:
    return json.loads(project.lam("clock", "--json").stdout)


def environments(project: Project) -> list:
    return json.loads(project.lam("envs", "demo", "--json").stdout)["environments"]


def test_environments_are_idle_for_as_long_as_the_clock_was_moved(project):
    project.start()
    project.invoke("demo")
    local.advance_clock(project.endpoint, 500)
    assert len(environments(project)) == 1
    local.advance_clock(project.endpoint, 130)
    deadline = time.monotonic() + 10
    while environments(project):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_functions_and_their_logs_have_real_time_and_the_service_stays(project):
    project.start()
    assert "clock" not in project.lam("status").stdout
    project.lam("clock", "advance", "3h")
    began = time.time()
    told, remaining_ms = project.invoke("demo")
    assert began <= told <= time.time()
    assert 0 < remaining_ms <= 5000
    lines = [json.loads(line) for line in project.lam("logs", "demo", "--json").stdout.splitlines()]
    assert all(began - 1 <= line["timestamp"] / 1000 <= time.time() for line in lines)
    assert "clock         3 h ahead of real time" in project.lam("status").stdout
    shown = datetime.fromisoformat(clock(project)["now"])
    assert 10_790 < (shown - datetime.now(UTC)).total_seconds() < 10_810


def test_the_offset_outlives_the_service_however_it_ends(project):
    project.start()
    project.lam("clock", "advance", "2m")
    os.kill(project.service_pid, signal.SIGKILL)
    assert clock(project)["offset_seconds"] == 120
    project.lam("clock", "advance", "1m")
    project.lam("stop")
    assert clock(project)["offset_seconds"] == 180
    project.lam("clock", "reset")
    project.lam("stop")
    assert clock(project)["offset_seconds"] == 0


def test_a_faster_clock_runs_away_from_real_time(project):
    project.start("--port", "0", "--time-scale", "1000")
    first = clock(project)
    assert first["scale"] == 1000
    deadline = time.monotonic() + 10
    while clock(project)["offset_seconds"] < first["offset_seconds"] + 100:
        assert time.monotonic() < deadline
    assert "1000 times as fast" in project.lam("status").stdout


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"seconds": 0}', b'{"seconds": -1}', b'{"seconds": 1e12}']
)
def test_what_is_no_step_is_refused(project, body):
    project.start()
    with pytest.raises(local.ApiError, match="`seconds` must be a number above 0"):
        local._own_call(project.endpoint, "POST", "/clock/advance", body=body)
