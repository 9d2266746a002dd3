"""Tumbling windows: which records are of which, what the function gets, and what it has to give."""

from __future__ import annotations

import json

import pytest

from lambdacli.model.outcome import Outcome
from lambdacli.sources.base import Record
from lambdacli.sources.tumbling import STATE_BYTES, Window, by_window, windowed_payload, with_state


def test_windows_begin_at_multiples_of_their_length() -> None:
    records = [Record(str(at), b"{}", {}, arrived_at=at) for at in (29.9, 30.0, 59.9, 61.0)]
    found = [(start, [each.id for each in group]) for start, group in by_window(records, 30)]
    assert found == [(0, ["29.9"]), (30, ["30.0", "59.9"]), (60, ["61.0"])]


def test_the_event_has_the_window_beside_its_records() -> None:
    window = Window(1_573_691_940, 60, '{"n":1}')
    event = json.loads(windowed_payload([Record("a", b'{"a":1}', {})], window, "s-1", "arn", is_final=False))
    assert event == {
        "Records": [{"a": 1}],
        "state": {"n": 1},
        "window": {"start": "2019-11-14T00:39:00Z", "end": "2019-11-14T00:40:00Z"},
        "shardId": "s-1",
        "eventSourceARN": "arn",
        "isFinalInvokeForWindow": False,
        "isWindowTerminatedEarly": False,
    }


@pytest.mark.parametrize("size", [STATE_BYTES - 10, STATE_BYTES + 10])
def test_a_state_that_is_too_large_ends_its_window_early(size: int) -> None:
    window = Window(0, 60, json.dumps({"x": "y" * (size - 9)}))
    event = json.loads(windowed_payload([], window, "s", "arn", is_final=True))
    assert (event["Records"], event["isFinalInvokeForWindow"]) == ([], True)
    assert event["isWindowTerminatedEarly"] is (size > STATE_BYTES)


@pytest.mark.parametrize(
    ("payload", "error", "state"),
    [
        pytest.param('{"state": {"n": 2}}', None, '{"n":2}', id="a state"),
        pytest.param('{"state": {}, "batchItemFailures": []}', None, "{}", id="an empty one"),
        pytest.param("null", "Unhandled", "{}", id="nothing"),
        pytest.param('{"n": 2}', "Unhandled", "{}", id="no state"),
        pytest.param('{"state": 2}', "Unhandled", "{}", id="a number instead"),
        pytest.param("{", "Unhandled", "{}", id="no JSON"),
        pytest.param("[" * 100_000 + "]" * 100_000, "Unhandled", "{}", id="nested too deep"),
        pytest.param('{"state": {"n": "\\ud800é"}}', None, '{"n":"\\ud800\\u00e9"}', id="half a character"),
    ],
)
def test_a_function_must_give_its_state(payload: str, error: str | None, state: str) -> None:
    window, outcome = with_state(Window(0, 60), Outcome(payload.encode(), "1"))
    assert (outcome.function_error, window.state) == (error, state)


def test_what_failed_keeps_the_state_from_before() -> None:
    failed = Outcome(b'{"state": {"n": 2}}', "1", function_error="Unhandled")
    assert with_state(Window(0, 60, '{"n":1}'), failed) == (Window(0, 60, '{"n":1}'), failed)
