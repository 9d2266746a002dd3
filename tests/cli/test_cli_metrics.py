"""`lam metrics`: what was counted, as lines of bars and as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from fake_service import Scripted

from lambdacli.cli.metrics import minutes_per_column, rows
from lambdacli.cli.render import sparkline

FIRST = 29_000_000


def iso(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).isoformat(timespec="minutes")


def point(metric: str, minute: int, total: float, count: int = 1, version: str = "$LATEST", **bounds) -> dict:
    return {
        "minute": iso(FIRST + minute),
        "version": version,
        "metric": metric,
        "sum": total,
        "count": count,
        "minimum": bounds.get("least", total),
        "maximum": bounds.get("most", total),
    }


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        ([], ""),
        ([0, 0], "__"),
        ([1, 2, 3, 4], ":=+#"),
        ([0, 1, 1000], "_.#"),
        ([5], "#"),
    ],
)
def test_the_highest_column_is_full_and_what_is_there_is_seen(columns, line):
    assert sparkline(columns, "_.:-=+*#") == line


@pytest.mark.parametrize(("minutes", "width"), [(1, 1), (60, 1), (61, 2), (1440, 24)])
def test_a_long_time_has_several_minutes_a_column(minutes, width):
    assert minutes_per_column(FIRST, FIRST + minutes - 1) == width


def test_each_metric_is_told_by_its_own_statistic():
    points = [
        point("Invocations", 0, 3, 3),
        point("Invocations", 1, 1, version="1"),
        point("Duration", 0, 30, 3, least=5, most=20),
        point("Duration", 1, 2),
        point("ConcurrentExecutions", 0, 6, 3, least=1, most=3),
        point("ConcurrentExecutions", 1, 1),
    ]
    assert rows(points, FIRST, FIRST + 1) == [
        ("Invocations", "4", [3.0, 1.0]),
        ("Errors", "0", [0.0, 0.0]),
        ("Throttles", "0", [0.0, 0.0]),
        ("Duration", "8.00 ms on average, 2.00 to 20.00", [10.0, 2.0]),
        ("ConcurrentExecutions", "3 at most", [3.0, 1.0]),
    ]


def test_what_was_counted_after_the_question_stands_in_the_last_column():
    assert rows([point("Invocations", 2, 1)], FIRST, FIRST + 1)[0] == ("Invocations", "1", [0.0, 1.0])


def tell(service, *points: dict, minutes: int = 60) -> dict:
    told = {
        "function": "demo",
        "since": iso(FIRST),
        "until": iso(FIRST + minutes - 1),
        "points": list(points),
    }
    service.answers["GET", "/_lam/v1/metrics"] = Scripted(body=json.dumps(told).encode())
    return told


@pytest.mark.real
def test_lines_of_bars(lam, service):
    service.function("demo")
    tell(service, point("Invocations", 0, 2), point("Invocations", 59, 4), point("Errors", 59, 1))
    result = lam("metrics", "demo")
    assert (result.exit_code, result.out) == (
        0,
        f"Invocations  ▅{'▁' * 58}█  6\nErrors       {'▁' * 59}█  1\nThrottles    {'▁' * 60}  0\n",
    )
    assert result.err == f"note: a column is a minute; the first is {iso(FIRST)[:16].replace('T', ' ')}\n"


@pytest.mark.real
def test_the_figures_are_json_and_one_versions_only_where_it_is_named(lam, service):
    service.function("demo")
    told = tell(service, point("Errors", 1, 2, version="1"), point("Errors", 2, 3, version="2"))
    assert json.loads(lam("metrics", "demo", "--json").out) == told
    only = json.loads(lam("metrics", "demo", "--qualifier", "2", "--json").out)
    assert only["points"] == told["points"][1:]
    other = lam("metrics", "demo", "--qualifier", "3")
    assert (other.exit_code, other.err) == (
        1,
        "error: nothing was counted of version 3\n\nhint: there is: 1, 2\n",
    )


@pytest.mark.real
def test_nothing_counted_is_said_and_an_unknown_function_gets_the_nearest_name(lam, service):
    service.function("demo")
    tell(service)
    assert lam("metrics", "demo").err == "nothing was counted in this time\n"
    result = lam("metrics", "dmo", "--since", "2h")
    assert (result.exit_code, result.err) == (
        1,
        "error: there is no function dmo, and no figures of one\n\nhint: did you mean demo?\n",
    )
