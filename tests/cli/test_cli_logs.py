"""`lam logs`: what is asked of the service and how its lines look."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from fake_service import Scripted, refusal

from lambdacli.cli.errors import WrongUsage
from lambdacli.cli.log_text import log_style
from lambdacli.cli.logs import parse_since

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
LINES = [
    {"timestamp": NOW_MS + 7, "function": "demo-lambda", "stream": "s", "message": "START RequestId: r-1\n"},
    {"timestamp": NOW_MS + 8, "function": "demo-lambda", "stream": "s", "message": "[ERROR] boom"},
]


@pytest.fixture
def logged(service):
    service.answers["GET", "/_lam/v1/logs"] = Scripted(
        body=[json.dumps(line).encode() + b"\n" for line in LINES]
    )
    return service


@pytest.mark.real
def test_lines_of_one_function(lam, logged):
    result = lam("logs", "demo-lambda")
    assert (result.exit_code, result.err) == (0, "")
    assert result.out == (
        "2026-11-21 12:00:00.007  START RequestId: r-1\n2026-11-21 12:00:00.008  [ERROR] boom\n"
    )
    assert logged.seen[-1].target == "/_lam/v1/logs?function=demo-lambda&limit=100"


@pytest.mark.real
def test_lines_of_all_functions_name_theirs(lam, logged):
    assert lam("logs").out.splitlines()[1] == "2026-11-21 12:00:00.008 demo-lambda  [ERROR] boom"


@pytest.mark.real
def test_json_is_one_object_a_line(lam, logged):
    assert [json.loads(line) for line in lam("logs", "--json").out.splitlines()] == LINES


@pytest.mark.real
@pytest.mark.parametrize(
    "answer", [Scripted(body=[]), refusal(404, "ResourceNotFoundException", "Function not found")]
)
def test_logs_of_what_is_not_there_are_an_error(lam, service, answer):
    service.function("node")
    service.answers["GET", "/_lam/v1/logs"] = answer
    result = lam("logs", "nope")
    assert (result.exit_code, result.out) == (1, "")
    assert result.err.startswith("error: ") and "hint: did you mean node?" in result.err
    if answer.status == 200:
        silent = lam("logs", "node")
        assert (silent.exit_code, silent.out, silent.err) == (0, "", ""), "a function that never ran"


@pytest.mark.real
def test_every_option_reaches_the_service(lam, logged):
    lam(*["logs", "/aws/lambda/demo", "-f", "--since", "2026-11-21T12:00Z", "--filter"], "a b", "-n", "5")
    assert logged.seen[-1].target == (
        f"/_lam/v1/logs?function=demo&since_ms={NOW_MS}&filter=a%20b&limit=5&follow=1"
    )


def _cut_off():
    yield b'{"timestamp'
    raise BrokenPipeError


@pytest.mark.real
@pytest.mark.parametrize("body", [b"", _cut_off()], ids=["stopped", "killed"])
def test_following_ends_with_the_service_and_asks_nothing_more_of_it(lam, service, body):
    service.answers["GET", "/_lam/v1/logs"] = Scripted(body=body)
    result = lam("logs", "demo", "--follow")
    assert (result.exit_code, result.out, result.err) == (0, "", "note: the service has stopped\n")
    assert service.seen[-1].target.startswith("/_lam/v1/logs?")


@pytest.mark.real
def test_colour_only_when_it_is_asked_for(lam, logged):
    assert "\x1b[31m[ERROR] boom\x1b[0m" in lam("logs", "--color", "on").out
    assert "\x1b" not in lam("logs", "--color", "off").out


@pytest.mark.parametrize(
    ("text", "seconds_ago"),
    [("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86400), ("2026-11-21T11:59:00+00:00", 60)],
)
def test_a_time_is_written_as_an_age_or_a_date(text, seconds_ago):
    assert parse_since(text, NOW) == NOW_MS - seconds_ago * 1000


@pytest.mark.parametrize("text", ["soon", "10", "m", "10y", "-5m"])
def test_another_time_is_refused(text):
    with pytest.raises(WrongUsage):
        parse_since(text, NOW)


@pytest.mark.parametrize(
    ("message", "style"),
    [
        ("START RequestId: r", "dim"),
        ("END RequestId: r", "dim"),
        ("INIT_START Runtime Version: x", "dim"),
        ("REPORT RequestId: r", "cyan"),
        ("[ERROR] ValueError: boom", "red"),
        ("Traceback (most recent call last):", "red"),
        ("2026-11-21T12:00:00.000Z r Task timed out after 3.00 seconds", "red"),
        ("[WARNING] look", "yellow"),
        ("hello", None),
        ("", None),
    ],
)
def test_each_kind_of_line_has_its_colour(message, style):
    assert log_style(message) == style
