"""What is read from wrk, from answers and from logs, and what is sent."""

from __future__ import annotations

import json

import pytest

from benchmarks import payloads, wrk
from benchmarks.callers import is_other, parse_head, request
from benchmarks.lam import first_problem, init_duration_ms
from benchmarks.processes import pss_bytes
from benchmarks.target import Target, invocation_path

WRK = """\
Running 2s test @ http://127.0.0.1:41233/2015-03-31/functions/echo/invocations
  2 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     4.48ms    0.88ms  14.52ms   86.93%
Requests/sec:   1786.21
BENCHMARK {"requests": 3590, "seconds": 2.000000, "p50_us": 4310.000, "p99_us": 8120.000, "checked": 3588, \
"wrong": 8, "connect": 1, "read": 2, "write": 0, "timeout": 3}
"""


def test_the_line_that_wrk_ends_with() -> None:
    # Only right answers make the rate.
    assert wrk.parse(WRK) == wrk.Load(requests_per_second=1790.0, p50_ms=4.31, p99_ms=8.12, errors=14)


def test_a_run_without_that_line_is_no_figure() -> None:
    with pytest.raises(ValueError, match="no line of ours"):
        wrk.parse("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_payloads_have_their_size_and_differ() -> None:
    assert len(payloads.echo_payload()) == 1024
    several = {payloads.distinct_payload(number) for number in range(50)}
    assert len(several) == 50
    assert {len(payload) for payload in several} == {1024}
    assert all(json.loads(payload)["message"] for payload in several)


def test_the_large_document_is_about_a_megabyte_of_json() -> None:
    document = payloads.large_document()
    assert 1_000_000 <= len(document) < 1_010_000
    assert len({record["id"] for record in json.loads(document)}) == len(json.loads(document))


@pytest.mark.parametrize(
    ("received", "expected"),
    [(b'{"a":1}', False), (b'{"a": 1}', False), (b'{"a": 2}', True), (b"", True), (b'{"a": 1}}', True)],
)
def test_blanks_make_no_other_answer(received: bytes, expected: bool) -> None:
    assert is_other(b'{"a":1}', received) is expected


def test_a_signed_request_and_the_head_of_its_answer() -> None:
    target = Target(4566, invocation_path("echo"), "signed")
    assert request(target, b"{}") == (
        b"POST /2015-03-31/functions/echo/invocations HTTP/1.1\r\nHost: 127.0.0.1:4566\r\n"
        b"Content-Type: application/json\r\nAuthorization: signed\r\nContent-Length: 2\r\n\r\n{}"
    )
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amzn-RequestId:a:b\r\n\r\n"
    assert parse_head(head) == (200, {"content-length": "2", "x-amzn-requestid": "a:b"})


def test_the_init_duration_of_a_report() -> None:
    report = "REPORT RequestId: 1\tDuration: 1.18 ms\tMax Memory Used: 9 MB\tInit Duration: 51.92 ms\t\n"
    assert init_duration_ms(report) == 51.92
    assert init_duration_ms("REPORT RequestId: 1\tDuration: 1.18 ms\t\n") is None


def test_the_first_problem_is_told() -> None:
    assert first_problem("lam.yaml:6:5: unknown key\nlam.yaml:7:5: another\n", "error: 2 problems\n") == (
        "lam.yaml:6:5: unknown key"
    )
    assert first_problem("", "error: the port is taken\nhint: …\n") == "error: the port is taken"
    assert first_problem("", "") == "it said nothing"


def test_pss_of_a_rollup() -> None:
    assert (
        pss_bytes("00-ff ---p 00:00 0  [rollup]\nRss:  9000 kB\nPss:  2500 kB\nPss_Dirty:  1 kB\n") == 2560000
    )
    assert pss_bytes("") == 0
