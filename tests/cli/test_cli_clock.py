"""`lam clock`: what the service's clock says, and how it is moved."""

from __future__ import annotations

import json

import pytest
from fake_service import Scripted, refusal

from lambdacli.cli.clock_text import clock_text, length
from lambdacli.cli.durations import seconds_of

MOVED = {
    "now": "2026-11-21T10:31:30.250+00:00",
    "real_now": "2026-11-21T09:00:00.250+00:00",
    "offset_seconds": 5490.0,
    "scale": 60.0,
}
REAL = {**MOVED, "now": MOVED["real_now"], "offset_seconds": 0.0, "scale": 1.0}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("2m", 120),
        ("1h30m", 5400),
        ("1w1d", 691_200),
        ("0s", 0),
        ("", None),
        ("2", None),
        ("m", None),
        ("2 m", None),
        ("-2m", None),
        ("2min", None),
        ("²s", None),
    ],
)
def test_a_length_of_time_is_numbers_with_units(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.5, "0.5 s"), (59, "59 s"), (60, "1 m"), (90.7, "1 m 30 s"), (5400, "1 h 30 m"), (180_000, "2 d 2 h")],
)
def test_a_length_of_time_is_told_in_its_units(seconds, text):
    assert length(seconds) == text


@pytest.mark.parametrize(
    ("clock", "text"),
    [
        ({}, ""),
        (REAL, ""),
        (MOVED, "1 h 31 m 30 s ahead of real time, 60 times as fast"),
        ({**MOVED, "scale": 1.0}, "1 h 31 m 30 s ahead of real time"),
        ({**REAL, "scale": 2.5}, "2.5 times as fast"),
    ],
)
def test_only_a_clock_that_was_moved_is_worth_a_line(clock, text):
    assert clock_text(clock) == text


def answer(service, method: str, route: str, document: dict) -> None:
    service.answers[method, f"/_lam/v1/{route}"] = Scripted(body=json.dumps(document).encode())


@pytest.mark.real
@pytest.mark.parametrize("words", [["clock"], ["clock", "show"]])
def test_the_noun_alone_shows_it(lam, service, words):
    answer(service, "GET", "clock", MOVED)
    result = lam(*words)
    assert (result.exit_code, result.out) == (
        0,
        "clock   2026-11-21 10:31:30 +0000\noffset  1 h 31 m 30 s ahead\nspeed   60 times as fast\n",
    )
    assert result.err.startswith("note: timeouts of functions")
    assert json.loads(lam(*words, "--json").out) == MOVED


@pytest.mark.real
def test_a_clock_that_shows_real_time_needs_no_note(lam, service):
    answer(service, "GET", "clock", REAL)
    result = lam("clock")
    assert result.out == "clock   2026-11-21 09:00:00 +0000\noffset  none\nspeed   as real time\n"
    assert result.err == ""


@pytest.mark.real
def test_it_is_moved_on_by_a_length_of_time(lam, service):
    answer(service, "POST", "clock/advance", {**MOVED, "fired": 3})
    result = lam("clock", "advance", "1h31m30s")
    assert (result.exit_code, result.err) == (0, "")
    assert json.loads(service.calls("/_lam/v1/clock/advance")[0].body) == {"seconds": 5490}
    assert json.loads(lam("clock", "advance", "2m", "--json").out)["fired"] == 3


@pytest.mark.real
@pytest.mark.parametrize("text", ["soon", "0s", "5"])
def test_what_is_no_length_of_time_is_wrong_usage(lam, service, text):
    result = lam("clock", "advance", text)
    assert (result.exit_code, result.err) == (
        2,
        f"error: {text} is no length of time\n\nhint: write 90s, 2m, 1h30m or 3d\n",
    )


@pytest.mark.real
def test_a_refused_move_is_told(lam, service):
    service.answers["POST", "/_lam/v1/clock/advance"] = refusal(400, "", "too far")
    result = lam("clock", "advance", "9d")
    assert (result.exit_code, result.err) == (
        1,
        "error: too far\n\nhint: `lam clock reset` sets it back to real time\n",
    )


@pytest.mark.real
def test_it_is_set_back(lam, service):
    answer(service, "POST", "clock/reset", REAL)
    assert lam("clock", "reset").out.splitlines()[1] == "offset  none"


@pytest.mark.real
def test_the_status_tells_of_a_moved_clock_only(lam, service):
    assert "clock" not in lam("status").out
    service.status["clock"] = MOVED
    assert "clock         1 h 31 m 30 s ahead of real time, 60 times as fast\n" in lam("status").out


@pytest.mark.real
def test_the_speed_is_an_option_of_the_start(lam, startable):
    assert lam("start", "--detach", "--time-scale", "60").exit_code == 0
    assert (startable.state_dir / "starts").read_text().endswith(" --time-scale 60\n")
