"""What becomes of a batch of a stream: done, tried again, split, or given up."""

from __future__ import annotations

import pytest

from lambdacli.model.event import Refusal, RefusalKind
from lambdacli.model.outcome import Outcome
from lambdacli.sources.base import Record
from lambdacli.sources.stream_settle import Step, StreamRules, Work, settle_stream, without_the_old


def records(names: str) -> tuple[Record, ...]:
    """They arrived a second after each other, at 0, 1, 2 …"""
    return tuple(Record(name, b"{}", {}, arrived_at=float("abcdefgh".index(name))) for name in names)


def work(names: str = "abcd", **more: int) -> Work:
    return Work(records(names), **more)


def shown(step: Step) -> tuple[str, str, str, float]:
    """Done, given up, what is left (the batches apart), and when that goes on."""
    dropped = step.dropped.records if step.dropped is not None else ()
    left = "|".join("".join(each.id for each in batch.records) for batch in step.rest)
    return "".join(each.id for each in step.done), "".join(each.id for each in dropped), left, step.retry_in


OK = Outcome(b"null", "$LATEST")
FAILED = Outcome(b"{}", "$LATEST", function_error="Unhandled")
THROTTLED = Refusal(RefusalKind.THROTTLED, "TooManyRequestsException", "Rate Exceeded.")


def reports(*names: str) -> Outcome:
    items = ",".join(f'{{"itemIdentifier": "{name}"}}' for name in names)
    return Outcome(f'{{"batchItemFailures": [{items}]}}'.encode(), "$LATEST")


@pytest.mark.parametrize(
    ("given", "result", "rules", "expected"),
    [
        pytest.param(work(), OK, StreamRules(), ("abcd", "", "", 0), id="a success is done"),
        pytest.param(work(), FAILED, StreamRules(), ("", "", "abcd", 0.25), id="a failure is tried again"),
        pytest.param(work(waits=3), FAILED, StreamRules(), ("", "", "abcd", 2.0), id="later and later"),
        pytest.param(work(waits=99), FAILED, StreamRules(), ("", "", "abcd", 60.0), id="but within a minute"),
        pytest.param(work(), FAILED, StreamRules(0), ("", "abcd", "", 0), id="no retries"),
        pytest.param(work(retries=1), FAILED, StreamRules(2), ("", "", "abcd", 0.25), id="one retry left"),
        pytest.param(work(retries=2), FAILED, StreamRules(2), ("", "abcd", "", 0), id="all retries used"),
        pytest.param(
            work(retries=2), THROTTLED, StreamRules(2), ("", "", "abcd", 0.25), id="no throttle is one"
        ),
        pytest.param(
            work(), FAILED, StreamRules(0, bisects=True), ("", "", "ab|cd", 0.25), id="it is halved"
        ),
        pytest.param(
            work("abc"), FAILED, StreamRules(0, bisects=True), ("", "", "ab|c", 0.25), id="an odd one too"
        ),
        pytest.param(
            work("a"), FAILED, StreamRules(0, bisects=True), ("", "a", "", 0), id="down to one record"
        ),
        pytest.param(work(), reports("c"), StreamRules(), ("abcd", "", "", 0), id="reports must be wanted"),
        pytest.param(
            work(),
            reports("d", "c"),
            StreamRules(reports=True),
            ("ab", "", "cd", 0.25),
            id="the first counts",
        ),
        pytest.param(work(), reports(), StreamRules(reports=True), ("abcd", "", "", 0), id="nothing failed"),
        pytest.param(
            work(), reports("z"), StreamRules(reports=True), ("", "", "abcd", 0.25), id="an unknown one"
        ),
        pytest.param(
            work(), Outcome(b'""', "1"), StreamRules(reports=True), ("abcd", "", "", 0), id="an empty text"
        ),
        pytest.param(
            work(retries=1),
            reports("c"),
            StreamRules(1, reports=True),
            ("ab", "cd", "", 0),
            id="the rest is over",
        ),
        pytest.param(
            work(),
            reports("c"),
            StreamRules(0, bisects=True, reports=True),
            ("ab", "", "cd", 0.25),
            id="split where it failed",
        ),
    ],
)
def test_step(
    given: Work, result: Outcome | Refusal, rules: StreamRules, expected: tuple[str, str, str, float]
) -> None:
    assert shown(settle_stream(given, result, rules)) == expected


def test_retries_and_invocations_are_counted_and_splits_are_no_retries() -> None:
    [again] = settle_stream(work(), FAILED, StreamRules(5)).rest
    assert (again.invokes, again.retries) == (1, 1)
    halves = settle_stream(again, FAILED, StreamRules(5, bisects=True)).rest
    assert [(half.invokes, half.retries) for half in halves] == [(2, 1), (2, 1)]
    dropped = settle_stream(work("a", invokes=2, retries=2), FAILED, StreamRules(2)).dropped
    assert dropped is not None
    assert (dropped.invokes, str(dropped.condition)) == (3, "RetryAttemptsExhausted")


@pytest.mark.parametrize(
    ("max_age", "now", "old", "left"),
    [
        pytest.param(-1, 1e9, "", "abcd", id="for ever"),
        pytest.param(60, 59.0, "", "abcd", id="young enough"),
        pytest.param(60, 61.0, "ab", "cd", id="the first are too old"),
        pytest.param(60, 99.0, "abcd", "", id="all are"),
    ],
)
def test_old_records_are_given_up(max_age: int, now: float, old: str, left: str) -> None:
    drop, rest = without_the_old(work(), StreamRules(max_age_seconds=max_age), now)
    assert "".join(each.id for each in (drop.records if drop else ())) == old
    assert "".join(each.id for each in (rest.records if rest else ())) == left
    assert drop is None or (str(drop.condition), drop.invokes) == ("RecordAgeExceeded", 1)
