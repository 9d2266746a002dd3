"""What becomes of an event after an attempt, and of one whose end could not be told. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from lambdacli.model.event import Condition, Ending, Event, Refusal, RefusalKind
from lambdacli.model.event_invoke import EventInvokeConfig
from lambdacli.model.outcome import Outcome
from lambdacli.model.record import record

RETRIES = 2
AGE_SECONDS = 21_600
WAITS_SECONDS = (60, 120)
"""Before the second and the third attempt."""
FIRST_BACKOFF_SECONDS = 1
LONGEST_BACKOFF_SECONDS = 300
DELIVERY_SECONDS = 3600
"""So long a target may be away. Lambda's own patience is not known."""


@record
class RetryAt:
    due_at: datetime
    uses_attempt: bool


@record
class Finish:
    condition: Condition


Decision = RetryAt | Finish


def decide(
    event: Event, result: Outcome | Refusal, config: EventInvokeConfig | None, now: datetime
) -> Decision:
    """`event` is as it was before this attempt."""
    if isinstance(result, Refusal):
        return _after_refusal(event, result, config, now)
    if result.function_error is None:
        return Finish(Condition.SUCCESS)
    if event.attempts >= _retries(config):
        return Finish(Condition.RETRIES_EXHAUSTED)
    due = now + timedelta(seconds=WAITS_SECONDS[event.attempts])
    # Lambda looks ahead: an event that would be too old for its next attempt is at its end now.
    if due >= expires_at(event, config):
        return Finish(Condition.EVENT_AGE_EXCEEDED)
    return RetryAt(due, uses_attempt=True)


def expires_at(event: Event, config: EventInvokeConfig | None) -> datetime:
    seconds = None if config is None else config.maximum_event_age_seconds
    return event.accepted_at + timedelta(seconds=AGE_SECONDS if seconds is None else seconds)


def backoff_seconds(times: int) -> int:
    """After so many in a row."""
    # The exponent is bounded, for 2**times of a long row would be a number of many digits.
    return min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS << min(times, 10))


def next_delivery(ending: Ending, now: datetime) -> datetime | None:
    """When to tell it again after one more failure; None: it is given up."""
    due = now + timedelta(seconds=backoff_seconds(ending.tries))
    return due if due <= ending.ended_at + timedelta(seconds=DELIVERY_SECONDS) else None


def _after_refusal(
    event: Event, refusal: Refusal, config: EventInvokeConfig | None, now: datetime
) -> Decision:
    if refusal.kind is RefusalKind.ZERO_RESERVED:
        return Finish(Condition.ZERO_RESERVED_CONCURRENCY)
    if refusal.kind is RefusalKind.LOOP:
        return Finish(Condition.RECURSIVE_INVOCATION)
    if refusal.kind is RefusalKind.GONE:
        return Finish(Condition.FUNCTION_DELETED)
    end = expires_at(event, config)
    if now >= end:
        return Finish(Condition.EVENT_AGE_EXCEEDED)
    # Nothing of its time is cut off: the last look is at its end.
    return RetryAt(min(now + timedelta(seconds=backoff_seconds(event.refusals)), end), uses_attempt=False)


def _retries(config: EventInvokeConfig | None) -> int:
    retries = None if config is None else config.maximum_retry_attempts
    return RETRIES if retries is None else retries
