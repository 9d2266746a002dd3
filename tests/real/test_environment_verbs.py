"""`lam invoke --cold`, `lam envs`, `lam bench`, `lam doctor` against a real service."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from functions_house import open_house

pytestmark = pytest.mark.real

CODE = """
import time
runs = 0
def count(event, context):
    global runs
    runs += 1
    time.sleep(event.get("seconds", 0))
    return runs
def fail(event, context):
    raise ValueError("no")
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    functions = {name: {"handler": f"app.{name}", "timeout": 30} for name in ("count", "fail")}
    settings = {"max_environments": 40}
    folder = tmp_path_factory.mktemp("verbs") / "house"
    with open_house(folder, functions, {"code/app.py": CODE}, settings) as house:
        yield house


def environments(house, name="count"):
    told = house.lam("envs", name, "--json")
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)["environments"]


def test_a_forced_cold_start_runs_where_nothing_ran_even_eight_at_once(house):
    assert house.lam("invoke", "count", "--payload", "{}").stdout == "1"
    assert house.lam("invoke", "count", "--payload", "{}").stdout == "2"
    warm = environments(house)
    cold = house.lam("invoke", "count", "--cold", "--payload", "{}")
    assert cold.stdout == "1"
    assert "Init Duration" in cold.stderr
    with ThreadPoolExecutor(8) as callers:
        words = ("invoke", "count", "--cold", "--payload", '{"seconds": 0.1}')
        answers = list(callers.map(lambda _: house.lam(*words).stdout, range(8)))
    assert answers == ["1"] * 8
    after = environments(house)
    forced = after[len(warm) :]
    # Those that have run what they were made for give way to the next of their kind.
    assert 1 <= len(forced) <= 9
    assert {each["reason"] for each in forced} == {"asked for by --cold"}
    assert {each["invocations"] for each in forced} == {1}


def test_an_environment_tells_all_about_itself(house):
    house.lam("invoke", "count", "--payload", "{}")
    for each in environments(house):
        assert each["state"] == "idle"
        assert each["process_id"] in house.functions_processes()
        assert 1 < each["memory_mb"] <= each["max_memory_mb"] + 1 <= 129
        assert each["age_seconds"] >= 0
        assert (each["walls"] in ("portable", "linux"), each["start_kind"] in ("spawned", "forked")) == (
            True,
            True,
        )
    shown = house.lam("envs").stdout.splitlines()
    assert shown[0].split()[:3] == ["FUNCTION", "STATE", "AGE"]
    assert len(shown) == 1 + len(json.loads(house.lam("envs", "--json").stdout)["environments"])


def test_a_bench_tells_what_callers_and_reports_say(house):
    done = house.lam("bench", "count", "-n", "60", "-c", "3", "--payload", "{}", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["invocations"], told["callers"], told["errors"]) == (60, 3, {})
    assert told["caller_ms"]["count"] == told["duration_ms"]["count"] == 60
    assert told["caller_ms"]["min"] <= told["caller_ms"]["p50"] <= told["caller_ms"]["max"]
    assert told["requests_per_second"] > 1


def test_a_cold_bench_starts_an_environment_for_each(house):
    done = house.lam("bench", "count", "-n", "6", "-c", "3", "--cold", "--payload", "{}", "--json")
    told = json.loads(done.stdout)
    assert (told["invocations"], told["init_ms"]["count"]) == (6, 6)


def test_a_bench_of_a_failing_function_fails(house):
    done = house.lam("bench", "fail", "-n", "4", "-c", "2")
    assert done.returncode == 1
    assert "  4 × the function failed\n" in done.stdout
    assert re.search(r"^Duration +4 ", done.stdout, re.MULTILINE)


def test_doctor_answers_of_this_machine(house):
    grants = json.loads(house.lam("doctor", "--json").stdout)["grants"]
    assert {"python interpreters", "uv", "npm", "port", "state folder", "open files"} <= {
        grant["name"] for grant in grants
    }
    for grant in grants:
        assert grant["is_granted"] or (grant["weakens"] and grant["remedy"])
