"""The last real events of each function, from memory into their rows."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.captured import CapturedEvent, CaptureRules
from lambdacli.model.redaction import redact
from lambdacli.store.captured import CapturedEvents
from lambdacli.store.database import open_database
from lambdacli.telemetry import capture
from lambdacli.telemetry.capture import Capture

ONE, OTHER = (
    FunctionKey("000000000000", "us-east-1", "one"),
    FunctionKey("000000000000", "us-east-1", "other"),
)


def event(request_id: str, payload: bytes = b"{}", function: FunctionKey = ONE, error: str | None = None):
    return CapturedEvent(function, request_id, datetime.now(UTC), payload, "$LATEST", function.arn, error)


@pytest.fixture
def kept(tmp_path):
    with closing(open_database(tmp_path / "lam.db")) as connection:
        yield CapturedEvents(connection)


def told(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(story)
    def run(**fixtures: Any) -> None:
        asyncio.run(story(**fixtures))

    return run


def ids(kept: CapturedEvents, function: FunctionKey = ONE) -> list[str]:
    return [each.request_id for each in kept.of_function(function)]


@told
async def test_of_each_function_the_last_events_are_kept_newest_first(kept):
    keeper = Capture(kept.put, CaptureRules(events=3))
    for number in range(5):
        keeper.keep(event(f"r{number}"))
    keeper.keep(event("x", function=OTHER))
    keeper.flush()
    assert (ids(kept), ids(kept, OTHER)) == (["r4", "r3", "r2"], ["x"])
    keeper.keep(event("r5"))
    keeper.flush()
    assert ids(kept) == ["r5", "r4", "r3"]


@told
async def test_a_further_attempt_takes_the_place_of_the_one_before(kept):
    keeper = Capture(kept.put)
    keeper.keep(event("r1", error="Error"))
    keeper.flush()
    keeper.keep(event("r2"))
    keeper.keep(event("r1"))
    keeper.flush()
    assert [(each.request_id, each.is_failed) for each in kept.of_function(ONE)] == [
        ("r1", False),
        ("r2", False),
    ]


@told
async def test_secrets_are_taken_out_before_anything_is_written(kept):
    keeper = Capture(kept.put, CaptureRules(redactions=("pin",)))
    keeper.keep(event("r1", b'{"pin": 1}'))
    keeper.keep(event("r2", b'{"a": 1}'))
    keeper.flush()
    assert [(each.payload, each.is_redacted) for each in kept.of_function(ONE)] == [
        (b'{"a": 1}', False),
        (b'{"pin": "REDACTED"}', True),
    ]


@told
async def test_large_events_are_looked_through_beside_the_loop_and_stay_in_order(kept, monkeypatch):
    monkeypatch.setattr(capture, "WRITE_SECONDS", 0)
    monkeypatch.setattr(capture, "LARGE_BYTES", 20)
    threads, gate = set(), threading.Event()

    def slow(payload, patterns):
        threads.add(threading.get_ident())
        if len(payload) > 20:
            assert gate.wait(5)
        return redact(payload, patterns)

    monkeypatch.setattr(capture, "redact", slow)
    keeper = Capture(kept.put, CaptureRules(redactions=("pin",)))
    keeper.keep(event("r1", b'{"pin": "' + b"1" * 20 + b'"}'))
    async with asyncio.timeout(5):
        while not threads:
            await asyncio.sleep(0)
        keeper.keep(event("r2", b'{"pin": 2}'))
        gate.set()
        while len(ids(kept)) < 2:
            await asyncio.sleep(0)
    assert ids(kept) == ["r2", "r1"]
    assert {each.payload for each in kept.of_function(ONE)} == {b'{"pin": "REDACTED"}'}
    assert len(threads) == 2


@told
async def test_who_asks_for_what_came_before_waits_until_it_is_looked_through(kept, monkeypatch):
    monkeypatch.setattr(capture, "LARGE_BYTES", 20)
    keeper = Capture(kept.put, CaptureRules(redactions=("pin",)))
    keeper.keep(event("r1", b'{"pin": "' + b"1" * 20 + b'"}'))
    keeper.keep(event("r2", b'{"pin": 2}'))
    await keeper.settle()
    assert ids(kept) == ["r2", "r1"]
    assert all(each.is_redacted for each in kept.of_function(ONE))


@told
async def test_one_that_cannot_be_looked_into_does_not_stop_the_others(kept):
    keeper = Capture(kept.put)
    keeper.keep(event("r1", b'{"token":' + b'{"a":' * 600 + b"1" + b"}" * 601))
    keeper.keep(event("r2", b'{"token":' + b"[" * 600 + b"]" * 600 + b"}"))
    keeper.keep(event("r3", b'{"in":{"token":' + b"9" * 5000 + b"}}"))
    keeper.keep(event("r4"))
    keeper.flush()
    assert ids(kept) == ["r4", "r3", "r2", "r1"]


@told
async def test_nothing_is_kept_where_nothing_is_to_be_kept(kept):
    keeper = Capture(kept.put, CaptureRules(events=0))
    keeper.keep(event("r1"))
    keeper.flush()
    assert ids(kept) == []


@told
async def test_large_payloads_that_wait_take_only_so_much_memory(kept, monkeypatch):
    monkeypatch.setattr(capture, "UNWRITTEN_BYTES", 1000)
    keeper = Capture(kept.put, CaptureRules(events=100))
    for number in range(20):
        keeper.keep(event(f"r{number:02}", b" " * 100))
    keeper.flush()
    assert ids(kept) == [f"r{number:02}" for number in range(19, 9, -1)]


@told
async def test_what_could_not_be_written_is_written_with_what_follows(kept):
    is_full = True

    def write(events, count):
        if is_full:
            raise OSError("no space left")
        kept.put(events, count)

    keeper = Capture(write)
    keeper.keep(event("r1"))
    keeper.flush()
    is_full = False
    keeper.keep(event("r2"))
    keeper.flush()
    assert ids(kept) == ["r2", "r1"]


@told
async def test_events_are_written_by_themselves_a_moment_later(kept, monkeypatch):
    monkeypatch.setattr(capture, "WRITE_SECONDS", 0)
    Capture(kept.put).keep(event("r1"))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        while not ids(kept):
            await asyncio.sleep(0)


@told
async def test_an_event_is_found_by_the_beginning_of_its_id(kept):
    kept.put([event("abc-1"), event("abx-2"), event("abc-3", function=OTHER)], 10)
    assert [each.request_id for each in kept.by_id("abc")] == ["abc-1", "abc-3"]
    assert [each.request_id for each in kept.by_id("abx")] == ["abx-2"]
    assert kept.by_id("b") == []
    assert [each.request_id for each in kept.newest(2)] == ["abc-3", "abx-2"]
