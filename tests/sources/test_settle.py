"""What becomes of a batch, by what came of its invocation."""

from __future__ import annotations

import pytest

from lambdacli.model.event import Refusal, RefusalKind
from lambdacli.model.outcome import Outcome
from lambdacli.sources.base import Record
from lambdacli.sources.settle import reported_failures, retry_after, settle_queue

BATCH = [Record(name, b"{}", {}) for name in "abc"]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param("", "", id="nothing at all is a success"),
        pytest.param("null", "", id="null is a success"),
        pytest.param("{}", "", id="an empty object is a success"),
        pytest.param('{"batchItemFailures": []}', "", id="an empty list is a success"),
        pytest.param('{"batchItemFailures": null}', "", id="a list of null is a success"),
        pytest.param('{"statusCode": 200}', "", id="other members say nothing"),
        pytest.param('{"batchItemFailures": [{"itemIdentifier": "b"}]}', "b", id="one is named"),
        pytest.param(
            '{"batchItemFailures": [{"itemIdentifier": "c"}, {"itemIdentifier": "a"}]}',
            "ac",
            id="two are named",
        ),
        pytest.param('{"batchItemFailures": [{"itemIdentifier": "z"}]}', None, id="an unknown one"),
        pytest.param(
            '{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "z"}]}',
            None,
            id="an unknown one among others",
        ),
        pytest.param('{"batchItemFailures": [{"itemIdentifier": ""}]}', None, id="an empty name"),
        pytest.param('{"batchItemFailures": [{"itemIdentifier": null}]}', None, id="a name of null"),
        pytest.param('{"batchItemFailures": [{"itemIdentifier": 1}]}', None, id="a number for a name"),
        pytest.param('{"batchItemFailures": [{"foo": "a"}]}', None, id="a wrong key"),
        pytest.param('{"batchItemFailures": ["a"]}', None, id="names without their key"),
        pytest.param('{"batchItemFailures": "a"}', None, id="a text instead of the list"),
        pytest.param('"ok"', None, id="a text"),
        pytest.param('""', None, id="an empty text, of a queue"),
        pytest.param("[]", None, id="a list"),
        pytest.param("{", None, id="no JSON"),
        pytest.param('{"batchItemFailures": [{"itemIdentifier": ["a"]}]}', None, id="a list for a name"),
        pytest.param('{"batchItemFailures": [{"itemIdentifier": {}}]}', None, id="an object for a name"),
        pytest.param("[" * 100_000 + "]" * 100_000, None, id="nested too deep for a reader"),
    ],
)
def test_reported_failures(payload: str, expected: str | None) -> None:
    assert reported_failures(payload.encode(), set("abc")) == (
        None if expected is None else frozenset(expected)
    )


def test_an_empty_text_is_a_success_for_streams() -> None:
    assert reported_failures(b'""', set("abc"), takes_empty_text=True) == frozenset()


def answered(payload: bytes = b"null", error: str | None = None) -> Outcome:
    return Outcome(payload, "$LATEST", function_error=error)


def refused(kind: RefusalKind) -> Refusal:
    return Refusal(kind, "Code", "message")


FAILS_B = b'{"batchItemFailures": [{"itemIdentifier": "b"}]}'


@pytest.mark.parametrize(
    ("result", "reports", "hidden_for", "done", "failed", "is_slowing", "retry_in"),
    [
        pytest.param(answered(), False, 30, "abc", "", False, None, id="a success is deleted"),
        pytest.param(answered(FAILS_B), False, 30, "abc", "", False, None, id="reports must be wanted"),
        pytest.param(answered(FAILS_B), True, 30, "ac", "b", False, None, id="what is reported stays"),
        pytest.param(answered(b"{"), True, 30, "", "abc", False, None, id="an odd answer fails all"),
        pytest.param(answered(error="Unhandled"), False, 30, "", "abc", True, None, id="a failure fails all"),
        pytest.param(
            answered(error="Unhandled"), True, 30, "", "abc", False, None, id="who reports is not slowed down"
        ),
        pytest.param(
            refused(RefusalKind.THROTTLED),
            False,
            30,
            "",
            "",
            True,
            1.0,
            id="a throttled batch is tried again",
        ),
        pytest.param(
            refused(RefusalKind.ZERO_RESERVED), False, 30, "", "", True, 1.0, id="closed functions throttle"
        ),
        pytest.param(
            refused(RefusalKind.SERVICE_ERROR), False, 30, "", "", True, 1.0, id="so with a fault of ours"
        ),
        pytest.param(
            refused(RefusalKind.THROTTLED),
            False,
            0.9,
            "",
            "abc",
            True,
            None,
            id="not when others may have it",
        ),
        pytest.param(refused(RefusalKind.LOOP), False, 30, "", "abc", True, None, id="a loop fails"),
        pytest.param(refused(RefusalKind.GONE), False, 30, "", "abc", True, None, id="a function that went"),
    ],
)
def test_settlement_of_a_queue(
    result: Outcome | Refusal,
    reports: bool,
    hidden_for: float,
    done: str,
    failed: str,
    is_slowing: bool,
    retry_in: float | None,
) -> None:
    settlement = settle_queue(BATCH, result, reports=reports, hidden_for=hidden_for)
    assert "".join(each.id for each in settlement.done) == done
    assert "".join(each.id for each in settlement.failed) == failed
    assert (settlement.is_slowing, settlement.retry_in) == (is_slowing, retry_in)


def test_waits_grow_to_a_minute() -> None:
    assert [retry_after(refusals) for refusals in (0, 1, 2, 5, 6, 1000)] == [1, 2, 4, 32, 60, 60]
