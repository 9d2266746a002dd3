"""`lam envs` and `lam doctor`: tables of what the service tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_service import Scripted

from lambdacli.cli.envs import age

pytestmark = pytest.mark.real

ENVIRONMENTS = [
    {
        "function": "demo",
        "state": "idle",
        "stream": "s1",
        "invocations": 12,
        "started_at": "2026-11-21T09:00:00+00:00",
        "age_seconds": 184.2,
        "reason": "first invocation of this code",
        "memory_mb": 16.25,
        "max_memory_mb": 18,
        "processes": 1,
        "process_id": 4711,
        "is_frozen": True,
        "walls": "linux",
        "start_kind": "forked",
    },
    {
        "function": "demo",
        "state": "reset",
        "stream": "s2",
        "invocations": 1,
        "started_at": "2026-11-21T09:00:00+00:00",
        "age_seconds": 0.0,
        "reason": "asked for by --cold",
        "memory_mb": 0.0,
        "max_memory_mb": 128,
        "processes": 0,
        "process_id": None,
        "is_frozen": False,
        "walls": "portable",
        "start_kind": "spawned",
    },
]


def answer(service, route: str, **document: object) -> None:
    service.answers["GET", f"/_lam/v1/{route}"] = Scripted(body=json.dumps(document).encode())


def test_environments_are_a_table(lam, service):
    answer(service, "environments", environments=ENVIRONMENTS)
    result = lam("envs")
    assert (result.exit_code, result.err) == (0, "")
    assert result.out == (
        "FUNCTION  STATE         AGE      INVOCATIONS  MEMORY   PEAK    PID   KIND               WHY\n"
        "demo      idle, frozen  3 m 4 s  12           16.2 MB  18 MB   4711  linux, forked      "
        "first invocation of this code\n"
        "demo      reset         0 s      1            0.0 MB   128 MB  -     portable, spawned  "
        "asked for by --cold\n"
    )
    assert json.loads(lam("envs", "--json").out) == {"environments": ENVIRONMENTS}


def test_those_of_one_function_are_asked_for(lam, service):
    answer(service, "environments", environments=ENVIRONMENTS)
    lam("envs", "demo")
    assert service.seen[-1].target == "/_lam/v1/environments?function=demo"


def test_no_environments_is_said(lam, service):
    service.function("demo")
    answer(service, "environments", environments=[])
    for words in (["envs"], ["envs", "demo"]):
        result = lam(*words)
        assert (result.exit_code, result.out) == (0, "")
        assert result.err == "no environments: the next invocation makes one\n"


def test_an_unknown_function_gets_the_nearest_name(lam, service):
    service.function("demo")
    answer(service, "environments", environments=[])
    result = lam("envs", "dmo")
    assert (result.exit_code, result.err) == (
        1,
        "error: there is no function dmo\n\nhint: did you mean demo?\n",
    )


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 m 0 s"),
        (3599, "59 m 59 s"),
        (3600, "1 h 0 m"),
        (90_061, "25 h 1 m"),
    ],
)
def test_ages_have_two_figures_at_most(seconds, told):
    assert age(seconds) == told


GRANTS = [
    {"name": "uv", "is_granted": True, "detail": "/bin/uv", "weakens": "", "remedy": ""},
    {
        "name": "open files",
        "is_granted": False,
        "detail": "256 at once",
        "weakens": "42 environments",
        "remedy": "ulimit",
    },
]


def test_doctor_tells_what_is_missing_what_is_weaker_and_how_to_get_it(lam, service):
    answer(service, "doctor", grants=GRANTS)
    result = lam("doctor")
    assert (result.exit_code, result.err) == (0, "")
    cache = f"{Path.home()}/.cache/lam"
    told = f"builds keep 0 of 5120 MB in {cache}: `lam build --prune`\n"
    assert result.out == (
        "ok       uv          /bin/uv\n"
        "missing  open files  256 at once\n"
        "                     without it: 42 environments\n"
        "                     to get it: ulimit\n"
        "\n"
        "1 missing; everything else is as it should be\n"
        f"{told}"
    )
    build_cache = {"folder": cache, "bytes": 0, "most_bytes": 5 * 1024**3}
    assert json.loads(lam("doctor", "--json").out) == {"grants": GRANTS, "build_cache": build_cache}
    answer(service, "doctor", grants=GRANTS[:1])
    assert lam("doctor").out.endswith(f"\nnothing is missing\n{told}")
