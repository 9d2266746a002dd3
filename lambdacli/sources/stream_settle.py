"""What becomes of a batch of a stream, by what came of its invocation: nothing is passed over. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from lambdacli.model.event import Refusal
from lambdacli.model.mapping import FOREVER, EventSourceMapping
from lambdacli.model.outcome import Outcome
from lambdacli.sources.base import Record
from lambdacli.sources.settle import REPORTS, reported_failures

_RETRY_FIRST_SECONDS = 0.25
_RETRY_LONGEST_SECONDS = 60.0


class GivenUp(StrEnum):
    RETRIES = "RetryAttemptsExhausted"
    AGE = "RecordAgeExceeded"


@dataclass(frozen=True, slots=True)
class StreamRules:
    max_retries: int = FOREVER
    max_age_seconds: int = FOREVER
    bisects: bool = False
    reports: bool = False


def rules_of(mapping: EventSourceMapping) -> StreamRules:
    retries, age = mapping.max_retries, mapping.max_record_age_seconds
    return StreamRules(
        FOREVER if retries is None else retries,
        FOREVER if age is None else age,
        bool(mapping.bisects_on_error),
        REPORTS in (mapping.response_types or ()),
    )


@dataclass(frozen=True, slots=True)
class Work:
    """Records that go to the function together, and how often they did."""

    records: tuple[Record, ...]
    invokes: int = 0
    retries: int = 0
    waits: int = 0
    """For how many retries and refusals it waited."""
    is_final: bool = False
    """It ends a tumbling window, and has no records."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Records that are given up."""

    records: tuple[Record, ...]
    condition: GivenUp
    invokes: int
    outcome: Outcome | None = None
    """Of the last invocation."""


@dataclass(frozen=True, slots=True)
class Step:
    done: tuple[Record, ...] = ()
    dropped: Drop | None = None
    rest: tuple[Work, ...] = ()
    """In their order."""
    retry_in: float = 0.0
    """Seconds until the rest goes on."""
    is_failure: bool = False
    """The function failed."""


def without_the_old(work: Work, rules: StreamRules, now: float) -> tuple[Drop | None, Work | None]:
    """Records that are too old are given up before the next try; the first ones are the oldest."""
    if rules.max_age_seconds == FOREVER:
        return None, work
    oldest = now - rules.max_age_seconds
    count = next(
        (number for number, each in enumerate(work.records) if each.arrived_at > oldest), len(work.records)
    )
    if not count:
        return None, work
    # A record that was too old from the beginning was recorded to count one invocation.
    drop = Drop(work.records[:count], GivenUp.AGE, max(1, work.invokes))
    left = work.records[count:]
    return drop, replace(work, records=left) if left else None


def settle_stream(work: Work, result: Outcome | Refusal, rules: StreamRules) -> Step:
    if isinstance(result, Refusal):
        # The code did not run: that is no retry.
        return Step(rest=(replace(work, waits=work.waits + 1),), retry_in=_wait(work))
    work = replace(work, invokes=work.invokes + 1)
    failed_at = _first_failure(work.records, result, rules)
    if failed_at is None:
        return Step(done=work.records)
    done, failed = work.records[:failed_at], work.records[failed_at:]
    step = _failed(replace(work, records=failed), result, rules, was_split=bool(done))
    return replace(step, done=done, is_failure=True)


def _first_failure(records: Sequence[Record], outcome: Outcome, rules: StreamRules) -> int | None:
    """None: nothing failed."""
    if outcome.function_error is not None:
        return 0
    if not rules.reports:
        return None
    ids = [record.id for record in records]
    failed = reported_failures(outcome.payload, set(ids), takes_empty_text=True)
    if failed is None:
        return 0
    return min((ids.index(each) for each in failed), default=None)


def _failed(work: Work, outcome: Outcome, rules: StreamRules, *, was_split: bool) -> Step:
    """Splitting uses up no retry."""
    if rules.bisects and was_split:
        return Step(rest=(replace(work, waits=work.waits + 1),), retry_in=_wait(work))
    if rules.bisects and len(work.records) > 1:
        middle = (len(work.records) + 1) // 2
        halves = (work.records[:middle], work.records[middle:])
        rest = tuple(replace(work, records=half, waits=work.waits + 1) for half in halves)
        return Step(rest=rest, retry_in=_wait(work))
    if rules.max_retries != FOREVER and work.retries >= rules.max_retries:
        return Step(dropped=Drop(work.records, GivenUp.RETRIES, work.invokes, outcome))
    again = replace(work, retries=work.retries + 1, waits=work.waits + 1)
    return Step(rest=(again,), retry_in=_wait(work))


def _wait(work: Work) -> float:
    """AWS's waits were never told; it was seen to try eight times within a minute."""
    return float(min(_RETRY_LONGEST_SECONDS, _RETRY_FIRST_SECONDS * 2.0 ** min(work.waits, 16)))
