"""Which records make a batch, and when it is due."""

from __future__ import annotations

import json

import pytest

from lambdacli.sources.base import Record
from lambdacli.sources.batching import BatchLimits, batch_of, due_in, is_full, payload_of


def record(name: str, group: str | None = None, length: int = 0) -> Record:
    return Record(name, json.dumps({"id": name, "pad": "x" * length}).encode(), {}, group=group)


def names(records: list[Record]) -> str:
    return "".join(each.id for each in records)


EMPTY = len(b'{"Records":[]}')
ONE = len(record("a").text)


@pytest.mark.parametrize(
    ("given", "limits", "busy", "batch", "left"),
    [
        pytest.param("", BatchLimits(10), "", "", "", id="nothing makes no batch"),
        pytest.param("abc", BatchLimits(10), "", "abc", "", id="all that fit go"),
        pytest.param("abc", BatchLimits(2), "", "ab", "c", id="the size is a limit"),
        pytest.param("abc", BatchLimits(10, 0, EMPTY + 2 * ONE + 1), "", "ab", "c", id="so are the bytes"),
        pytest.param("abc", BatchLimits(10, 0, EMPTY + 2 * ONE), "", "a", "bc", id="with their commas"),
        pytest.param("ab", BatchLimits(10, 0, 1), "", "a", "b", id="a record too large goes alone"),
        pytest.param("AaBb", BatchLimits(10), "a", "Bb", "Aa", id="a busy group waits"),
        pytest.param("AaBb", BatchLimits(10), "ab", "", "AaBb", id="all groups are busy"),
        pytest.param("AaBb", BatchLimits(1), "", "A", "aBb", id="what is left keeps its order"),
    ],
)
def test_next_batch(given: str, limits: BatchLimits, busy: str, batch: str, left: str) -> None:
    """The letter's small form is its group."""
    records = [record(each, each.lower()) for each in given]
    taken, others = batch_of(records, limits, set(busy))
    assert (names(taken), names(others)) == (batch, left)


@pytest.mark.parametrize(
    ("count", "limits", "age", "is_last", "expected"),
    [
        pytest.param(0, BatchLimits(10, 5), 9.0, False, None, id="nothing is never due"),
        pytest.param(1, BatchLimits(10), 0.0, False, 0.0, id="without a window it goes at once"),
        pytest.param(1, BatchLimits(10, 5), 1.0, False, 4.0, id="a window is waited for"),
        pytest.param(1, BatchLimits(10, 5), 6.0, False, 0.0, id="until it is over"),
        pytest.param(10, BatchLimits(10, 5), 0.0, False, 0.0, id="but not when the batch is full"),
        pytest.param(2, BatchLimits(10, 5, EMPTY + 2 * ONE), 0.0, False, 0.0, id="of bytes too"),
        pytest.param(1, BatchLimits(10, 5), 0.0, True, 0.0, id="nor when nothing more will come"),
    ],
)
def test_batch_is_due(
    count: int, limits: BatchLimits, age: float, is_last: bool, expected: float | None
) -> None:
    records = [record("a") for _ in range(count)]
    assert due_in(records, limits, 100.0, 100.0 + age, is_last=is_last) == expected


def test_payload_is_the_event_and_its_length_is_what_the_limit_counts() -> None:
    records = [record("a"), record("b")]
    payload = payload_of(records)
    assert [each["id"] for each in json.loads(payload)["Records"]] == ["a", "b"]
    assert is_full(records, BatchLimits(10, 0, len(payload)))
    assert not is_full(records, BatchLimits(10, 0, len(payload) + 1))
