"""Schedule expressions, `rate(…)`, `cron(…)` and `at(…)`, and when they are due. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from lambdacli.model.record import record

if TYPE_CHECKING:
    from lambdacli.model.cron import Cron

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_RATE = re.compile(r"rate\(([0-9]{1,9}) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\((.*)\)", re.DOTALL)
_AT = re.compile(r"at\(([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})\)")


class ScheduleKind(StrEnum):
    RULE = "rule"
    """Of EventBridge: in UTC, at most once a minute, no end."""
    SCHEDULER = "scheduler"
    """EventBridge Scheduler, which has time zones, single times, windows and an end."""


@record
class Rate:
    period: timedelta


@record
class Once:
    """A wall time, wherever that hangs."""

    moment: datetime


Expression: TypeAlias = "Rate | Cron | Once"


class _BadExpressionError(ValueError):
    """What is wrong with an expression, in words that follow its name."""


class ScheduleExpressionError(ValueError):
    """`message` is the service's own; `why` says what it leaves out."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message, why)
        self.message = message
        self.why = why


def parse_expression(text: str, kind: ScheduleKind) -> Expression:
    """A ScheduleExpressionError for what the service would refuse."""
    try:
        return _parsed(text, kind)
    except _BadExpressionError as error:
        raise ScheduleExpressionError(_refusal(text, kind), str(error)) from None


def _parsed(text: str, kind: ScheduleKind) -> Expression:
    rate = _RATE.fullmatch(text)
    if rate is not None:
        value, is_plural = int(rate[1]), bool(rate[3])
        if not value:
            raise _BadExpressionError("has 0 as its value, which must be above 0")
        # Scheduler takes either for both.
        if kind is ScheduleKind.RULE and is_plural == (value == 1):
            right = rate[2] if value == 1 else f"{rate[2]}s"
            raise _BadExpressionError(f"must be written rate({value} {right})")
        try:
            return Rate(value * _UNITS[rate[2]])
        except OverflowError:
            raise _BadExpressionError("is longer than there are dates") from None
    cron = _CRON.fullmatch(text)
    if cron is not None:
        return _parsed_cron(cron[1])
    at = _AT.fullmatch(text)
    if at is not None and kind is ScheduleKind.SCHEDULER:
        try:
            return Once(datetime.fromisoformat(at[1]))
        except ValueError:
            raise _BadExpressionError("names no day and time that there is") from None
    if text.startswith("at("):
        if kind is ScheduleKind.RULE:
            raise _BadExpressionError("is for EventBridge Scheduler: a rule knows rate(…) and cron(…)")
        raise _BadExpressionError("must be written at(yyyy-mm-ddThh:mm:ss)")
    if text.startswith("rate("):
        raise _BadExpressionError("must be a number and minute(s), hour(s) or day(s), as rate(5 minutes)")
    kinds = "rate(…) or cron(…)" if kind is ScheduleKind.RULE else "rate(…), cron(…) or at(…)"
    raise _BadExpressionError(f"must be {kinds}")


def _parsed_cron(fields: str) -> Cron:
    # With the first there is: most projects have none.
    from lambdacli.model.cron import CronError, parse_cron

    try:
        return parse_cron(fields)
    except CronError as error:
        raise _BadExpressionError(str(error)) from None


def _refusal(text: str, kind: ScheduleKind) -> str:
    if kind is ScheduleKind.RULE:
        return "Parameter ScheduleExpression is not valid."
    return f"Invalid Schedule Expression {text}."


def due_times(
    expression: Expression, after: datetime, zone: tzinfo = UTC, begin: datetime | None = None
) -> Iterator[datetime]:
    """All that come after this moment, in UTC. A rate is counted from `begin`, and without one from the
    beginning of 1970: so it is due at the same times whenever it is looked at, and nothing must be kept."""
    match expression:
        case Rate(period):
            yield from _of_rate(period, after, begin)
        case Once(moment):
            due = _in_utc(moment, zone)
            if due is not None and due > after:
                yield due
        case cron:
            yield from _of_cron(cron, after, zone)


def _of_rate(period: timedelta, after: datetime, begin: datetime | None) -> Iterator[datetime]:
    first = begin or _EPOCH
    count = max(0, (after - first) // period + 1)
    while True:
        try:
            due = first + count * period
        except OverflowError:
            return
        yield due
        count += 1


def _of_cron(cron: Cron, after: datetime, zone: tzinfo) -> Iterator[datetime]:
    # A day earlier: clocks that are set back show the same time twice.
    wall = after.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0) - timedelta(days=1)
    for minute in cron.from_minute(wall):
        due = _in_utc(minute, zone)
        if due is not None and due > after:
            yield due


def _in_utc(wall: datetime, zone: tzinfo) -> datetime | None:
    """Of a time that clocks show twice, the first; None for one that they leave out."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    return moment if moment.astimezone(zone).replace(tzinfo=None, fold=0) == wall else None
