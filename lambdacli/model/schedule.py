"""A schedule: which function it invokes, when, and with what. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from lambdacli.model.arn import FunctionKey
from lambdacli.model.record import record
from lambdacli.model.schedule_expression import (
    Expression,
    Once,
    ScheduleExpressionError,
    ScheduleKind,
    due_times,
    parse_expression,
)

LONGEST_WINDOW_MINUTES = 1440
LONGEST_NAME = 64


class Origin(StrEnum):
    """Who said that there is such a schedule."""

    LAM_YAML = "lam.yaml"
    TEMPLATE = "template"
    NEIGHBOURS = "neighbour services"


OF_PROJECT = (Origin.LAM_YAML, Origin.TEMPLATE)


@record
class Transformer:
    paths: tuple[tuple[str, str], ...]
    """Names, and where in the event their values are."""
    template: str


@record
class TargetInput:
    """What the function gets instead of the event; at most one is set."""

    constant: str | None = None
    path: str | None = None
    transformer: Transformer | None = None


THE_EVENT = TargetInput()


@record
class Schedule:
    name: str
    kind: ScheduleKind
    arn: str
    """Of the rule, or of the schedule."""
    function: FunctionKey
    qualifier: str | None
    text: str
    """The expression as it was written."""
    expression: Expression
    origin: Origin
    where: str = ""
    """File and line, for a person."""
    zone_name: str = "UTC"
    begin: datetime | None = None
    end: datetime | None = None
    window_minutes: int = 0
    input: TargetInput = field(default_factory=TargetInput)
    is_enabled: bool = True
    needs_permission: bool = True
    """Of the function's own policy. Scheduler comes with a role instead, lam.yaml with its owner's word."""

    @property
    def zone(self) -> tzinfo:
        if self.zone_name == "UTC":
            return UTC
        from zoneinfo import ZoneInfo  # large, and most schedules have no zone

        return ZoneInfo(self.zone_name)

    @property
    def target_arn(self) -> str:
        return self.function.qualified_arn(self.qualifier)


@record
class Firing:
    due: datetime
    """What the event tells."""
    at: datetime
    """Somewhere in the schedule's window."""


class BadScheduleError(ValueError):
    """`member` is what is wrong, as Scheduler's API calls it."""

    def __init__(self, member: str, message: str, why: str = "") -> None:
        super().__init__(member, message, why)
        self.member = member
        self.message = message
        self.why = why


class RefusedFiringError(Exception):
    """Why a function was not invoked, in words for a person."""


def read_expression(text: str, kind: ScheduleKind) -> Expression:
    try:
        return parse_expression(text, kind)
    except ScheduleExpressionError as error:
        raise BadScheduleError("ScheduleExpression", error.message, f"{text} {error.why}") from None


def zone_named(name: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{name} is no time zone that is known here"
        raise BadScheduleError("ScheduleExpressionTimezone", message, "write it as Europe/Berlin") from None
    return name


def rule_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:events:{region}:{account}:rule/{name}"


def schedule_arn(account: str, region: str, name: str, group: str = "default") -> str:
    return f"arn:aws:scheduler:{region}:{account}:schedule/{group}/{name}"


def firings(schedule: Schedule, after: datetime) -> Iterator[Firing]:
    """All that are to happen after this moment, in their order."""
    delay_limit = timedelta(minutes=schedule.window_minutes)
    is_once = isinstance(schedule.expression, Once)
    # One whose time has come may still have to happen.
    since = after - delay_limit
    if not is_once and schedule.begin is not None:
        since = max(since, schedule.begin - timedelta(microseconds=1))
    for due in due_times(schedule.expression, since, schedule.zone, schedule.begin):
        # For single times Scheduler ignores both.
        if not is_once and schedule.end is not None and due > schedule.end:
            return
        at = due + _delay(schedule, due)
        if at > after:
            yield Firing(due, at)


def next_firing(schedule: Schedule, after: datetime) -> Firing | None:
    """Within windows that overlap, what is due later may happen earlier."""
    found: Firing | None = None
    for each in firings(schedule, after):
        if found is not None and each.due > found.at:
            return found
        if found is None or each.at < found.at:
            found = each
        if not schedule.window_minutes:
            return found
    return found


def _delay(schedule: Schedule, due: datetime) -> timedelta:
    """The same for the same time of the same schedule, wherever and whenever it is asked for."""
    if not schedule.window_minutes:
        return timedelta()
    digest = hashlib.sha256(f"{schedule.arn} {due.isoformat()}".encode()).digest()
    return timedelta(microseconds=int.from_bytes(digest[:8]) % (schedule.window_minutes * 60_000_000))
