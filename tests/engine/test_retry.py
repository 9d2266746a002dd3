"""What becomes of an event after an attempt: the waits, the ages and the ends, with a frozen clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lambdacli.engine.retry import Finish, RetryAt, backoff_seconds, decide, expires_at, next_delivery
from lambdacli.model.arn import FunctionKey
from lambdacli.model.event import Condition, Ending, Event, Refusal, RefusalKind
from lambdacli.model.event_invoke import EventInvokeConfig
from lambdacli.model.outcome import Outcome

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EVENT = Event("r1", FunctionKey("000000000000", "us-east-1", "f"), None, b"{}", NOW)
GOOD = Outcome(b"1", "$LATEST")
BAD = Outcome(b"{}", "$LATEST", function_error="Unhandled", error_type="ValueError")
THROTTLED = Refusal(RefusalKind.THROTTLED, "TooManyRequestsException", "Rate Exceeded.")
BROKEN = Refusal(RefusalKind.SERVICE_ERROR, "ServiceException", "no packages")
ZERO = Refusal(RefusalKind.ZERO_RESERVED, "TooManyRequestsException", "Rate Exceeded.")
LOOP = Refusal(RefusalKind.LOOP, "RecursiveInvocationException", "stopped")
GONE = Refusal(RefusalKind.GONE, "ResourceNotFoundException", "Function not found")


def config(retries: int | None = None, age: int | None = None) -> EventInvokeConfig:
    return EventInvokeConfig(NOW, retries, age)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("said", "attempts", "result", "setting", "passed", "decision"),
    [
        ("a success ends it", 0, GOOD, None, 0, Finish(Condition.SUCCESS)),
        ("a late success ends it too", 2, GOOD, config(age=60), 90, Finish(Condition.SUCCESS)),
        ("the second attempt is a minute later", 0, BAD, None, 0, RetryAt(after(60), True)),
        ("the third attempt is two minutes later", 1, BAD, None, 61, RetryAt(after(181), True)),
        ("there is no fourth", 2, BAD, None, 182, Finish(Condition.RETRIES_EXHAUSTED)),
        ("one retry", 1, BAD, config(1), 61, Finish(Condition.RETRIES_EXHAUSTED)),
        ("no retry", 0, BAD, config(0), 1, Finish(Condition.RETRIES_EXHAUSTED)),
        ("only an age set leaves two retries", 1, BAD, config(age=600), 61, RetryAt(after(181), True)),
        (
            "with an age of 60 nothing is retried",
            0,
            BAD,
            config(age=60),
            0,
            Finish(Condition.EVENT_AGE_EXCEEDED),
        ),
        ("with an age of 61 something is", 0, BAD, config(age=61), 0.5, RetryAt(after(60.5), True)),
        ("with an age of 179 it is once", 1, BAD, config(age=179), 60, Finish(Condition.EVENT_AGE_EXCEEDED)),
        (
            "out of retries comes before too old",
            0,
            BAD,
            config(0, 60),
            0,
            Finish(Condition.RETRIES_EXHAUSTED),
        ),
        ("a throttle waits a second", 0, THROTTLED, None, 0, RetryAt(after(1), False)),
        ("a throttle does not count as an attempt", 2, THROTTLED, config(0), 0, RetryAt(after(1), False)),
        ("a fault of the platform waits as well", 0, BROKEN, None, 5, RetryAt(after(6), False)),
        ("its last look is at its end", 0, THROTTLED, config(age=60), 59.5, RetryAt(after(60), False)),
        ("then it is too old", 0, THROTTLED, config(age=60), 60, Finish(Condition.EVENT_AGE_EXCEEDED)),
        ("six hours if unsaid", 0, BROKEN, None, 21_600, Finish(Condition.EVENT_AGE_EXCEEDED)),
        ("nothing reserved ends it at once", 0, ZERO, None, 0, Finish(Condition.ZERO_RESERVED_CONCURRENCY)),
        ("a loop is not tried again", 0, LOOP, None, 0, Finish(Condition.RECURSIVE_INVOCATION)),
        ("what is gone runs no more", 1, GONE, None, 0, Finish(Condition.FUNCTION_DELETED)),
    ],
)
def test_decision(said, attempts, result, setting, passed, decision):
    assert decide(replace(EVENT, attempts=attempts), result, setting, after(passed)) == decision, said


def test_refusals_in_a_row_wait_from_one_second_to_five_minutes():
    waits = [backoff_seconds(times) for times in range(12)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert decide(replace(EVENT, refusals=500), THROTTLED, None, NOW) == RetryAt(after(300), False)


def test_an_event_is_six_hours_old_at_most_or_as_set():
    assert expires_at(EVENT, None) == after(21_600)
    assert expires_at(EVENT, config(age=61)) == after(61)


@pytest.mark.parametrize(
    ("said", "tries", "passed", "due"),
    [
        ("first after a second", 0, 0, 1),
        ("then ever later", 3, 10, 18),
        ("at most five minutes", 20, 1000, 1300),
        ("given up when an hour is over", 20, 3301, None),
    ],
)
def test_a_target_that_fails_is_told_again(said, tries, passed, due):
    ending = Ending(EVENT, Condition.SUCCESS, NOW, tries=tries)
    assert next_delivery(ending, after(passed)) == (None if due is None else after(due)), said
