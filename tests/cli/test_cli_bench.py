"""`lam bench`: what it sends, what it counts, what it prints."""

from __future__ import annotations

import json
import re

import pytest
from fake_service import Scripted

from lambdacli.cli.distribution import Bar, bars_of, distribution_of
from lambdacli.client import load

pytestmark = pytest.mark.real


@pytest.fixture
def demo(service):
    service.function("demo")
    service.invocation("demo", b"1", Connection="close", x_amzn_RequestId="r-1")
    report = (
        "REPORT RequestId: r-1\tDuration: 1.50 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 20 MB\tInit Duration: 90.25 ms\t\n"
    )
    other = report.replace("r-1", "r-2")
    lines = [
        json.dumps({"timestamp": 1, "function": "demo", "stream": "s", "message": text}).encode() + b"\n"
        for text in (report, other, "said REPORT RequestId: r-1\n")
    ]
    service.answers["GET", "/_lam/v1/logs"] = Scripted(body=lines)
    return service


def test_so_many_are_sent_and_told(lam, demo):
    result = lam("bench", "demo", "-n", "20", "-c", "4", "--payload", '{"a": 1}')
    assert (result.exit_code, result.err) == (0, "")
    assert {(call.method, call.body) for call in demo.calls()} == {("POST", b'{"a": 1}')}
    assert len(demo.calls()) == 20
    figures = re.sub(r"\d+\.\d\d(?=  | s|$)|\d+(?= requests/s)", "#", result.out, flags=re.MULTILINE)
    assert figures.startswith("demo: 20 invocations, 4 callers, # s, # requests/s, 0 errors\n\nMS ")
    lines = [re.split(r"  +", line) for line in figures.splitlines()]
    assert ["as the caller sees it", "20", "#", "#", "#", "#", "#", "#"] in lines
    assert ["Duration", "1", "#", "#", "#", "#", "#", "#"] in lines
    assert "█" in result.out


def test_as_json(lam, demo):
    told = json.loads(lam("bench", "demo", "-n", "3", "-c", "8", "--cold", "--json").out)
    assert {call.headers.get("x-lam-cold") for call in demo.calls()} == {"1"}
    assert (told["invocations"], told["callers"], told["cold"], told["errors"]) == (3, 3, True, {})
    assert told["caller_ms"]["count"] == 3
    assert told["duration_ms"]["p50"] == 1.5
    assert told["init_ms"] == {
        "count": 1,
        "min": 90.25,
        "p50": 90.25,
        "p90": 90.25,
        "p99": 90.25,
        "max": 90.25,
        "mean": 90.25,
    }


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (200, {"X-Amz-Function-Error": "Unhandled"}, "the function failed"),
        (429, {"x-amzn-ErrorType": "TooManyRequestsException"}, "TooManyRequestsException"),
        (500, {}, "HTTP 500"),
    ],
)
def test_failures_are_counted_and_make_the_exit_code(lam, demo, status, headers, error):
    path = "/2015-03-31/functions/demo/invocations"
    demo.answers["POST", path] = Scripted(status, b"{}", {"Connection": "close", **headers})
    result = lam("bench", "demo", "-n", "5", "-c", "2")
    assert result.exit_code == 1
    assert f"requests/s, 5 errors\n  5 × {error}\n" in result.out


def test_an_interrupt_prints_what_is_known_so_far(lam, demo, monkeypatch):
    exchanges = load.exchanges

    def interrupted(*arguments):
        for number, exchange in enumerate(exchanges(*arguments)):
            if number == 7:
                raise KeyboardInterrupt
            yield exchange

    monkeypatch.setattr(load, "exchanges", interrupted)
    result = lam("bench", "demo", "-n", "100", "-c", "2")
    assert result.exit_code == 130
    assert result.out.startswith("demo: 7 invocations, 2 callers")


def test_a_connection_that_breaks_is_a_failure_and_a_new_one_is_made(lam, demo):
    class Broken:
        def __iter__(self):
            yield b"half"
            raise BrokenPipeError

    path = "/2015-03-31/functions/demo/invocations"
    demo.answers["POST", path] = Scripted(200, Broken(), {"Content-Length": "10"})
    result = lam("bench", "demo", "-n", "3", "-c", "1")
    assert result.exit_code == 1
    assert "  3 × the connection broke\n" in result.out
    assert len(demo.calls()) == 3


def test_an_unknown_function_costs_nothing(lam, demo):
    result = lam("bench", "dmo")
    assert (result.exit_code, result.err) == (
        1,
        "error: there is no function dmo\n\nhint: did you mean demo?\n",
    )
    assert demo.calls() == []


# Figures


def test_percentiles_are_values_that_were_measured():
    figures = distribution_of([float(number) for number in range(1, 201)])
    assert figures is not None
    assert (figures.minimum, figures.p50, figures.p90, figures.p99, figures.maximum) == (
        1,
        100,
        180,
        198,
        200,
    )
    assert (figures.count, figures.mean) == (200, 100.5)
    one = distribution_of([5.0])
    assert one is not None
    assert (one.minimum, one.p50, one.p99, one.maximum, one.mean) == (5.0,) * 5
    assert distribution_of([]) is None


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([], []),
        ([2.0, 2.0], [Bar(2.0, False, 2)]),
        ([0.0, 1.0, 3.0, 4.0], [Bar(0.0, False, 2), Bar(2.0, False, 2)]),
        ([0.0] * 99 + [4.0] * 100 + [90.0], [Bar(0.0, False, 99), Bar(2.0, False, 100), Bar(4.0, True, 1)]),
        ([1.0] * 199 + [50.0], [Bar(1.0, False, 199), Bar(1.0, True, 1)]),
    ],
)
def test_bars_hold_every_value_once(values, bars):
    assert bars_of(values, bins=2) == bars
    assert sum(bar.count for bar in bars_of(values)) == len(values)
