"""A schedule from the members of AWS's APIs, which templates have too. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from lambdacli.model.arn import FunctionKey
from lambdacli.model.schedule import (
    LONGEST_WINDOW_MINUTES,
    BadScheduleError,
    Origin,
    Schedule,
    TargetInput,
    Transformer,
    read_expression,
    zone_named,
)
from lambdacli.model.schedule_event import BadInputError, check_input
from lambdacli.model.schedule_expression import ScheduleKind


def schedule_of(
    kind: ScheduleKind,
    name: str,
    arn: str,
    called: tuple[FunctionKey, str | None],
    members: Mapping[str, Any],
    target: Mapping[str, Any],
    origin: Origin,
    where: str = "",
) -> Schedule:
    """`members` are those of the rule or schedule, `target` those of its target. A BadScheduleError tells the
    first that is wrong."""
    function, qualifier = called
    text = str(members.get("ScheduleExpression") or "")
    is_rule = kind is ScheduleKind.RULE
    return Schedule(
        name=name,
        kind=kind,
        arn=arn,
        function=function,
        qualifier=qualifier,
        text=text,
        expression=read_expression(text, kind),
        origin=origin,
        where=where,
        zone_name="UTC" if is_rule else zone_named(str(members.get("ScheduleExpressionTimezone") or "UTC")),
        begin=None if is_rule else _moment("StartDate", members),
        end=None if is_rule else _moment("EndDate", members),
        window_minutes=0 if is_rule else _window_minutes(members.get("FlexibleTimeWindow")),
        input=_input_of(target),
        is_enabled=members.get("State") != "DISABLED",
        needs_permission=is_rule and origin is not Origin.LAM_YAML,
    )


def _moment(member: str, members: Mapping[str, Any]) -> datetime | None:
    value = members.get(member)
    try:
        if value is None or isinstance(value, datetime):
            moment = value
        elif isinstance(value, int | float):
            moment = datetime.fromtimestamp(value, UTC)
        elif isinstance(value, date):
            moment = datetime(value.year, value.month, value.day)
        else:
            moment = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        message = f"must be a moment such as 2026-07-01T00:00:00Z, not {value}"
        raise BadScheduleError(member, message) from None
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _window_minutes(value: Any) -> int:
    if not isinstance(value, Mapping) or value.get("Mode", "OFF") == "OFF":
        return 0
    text = str(value.get("MaximumWindowInMinutes", ""))
    minutes = int(text) if text.isdigit() else 0
    if value["Mode"] != "FLEXIBLE" or not 1 <= minutes <= LONGEST_WINDOW_MINUTES:
        message = f"must be OFF, or FLEXIBLE with a MaximumWindowInMinutes from 1 to {LONGEST_WINDOW_MINUTES}"
        raise BadScheduleError("FlexibleTimeWindow", message)
    return minutes


def _input_of(target: Mapping[str, Any]) -> TargetInput:
    """At most one of the three: EventBridge refuses a target with more."""
    given = [name for name in ("Input", "InputPath", "InputTransformer") if target.get(name) is not None]
    if len(given) > 1:
        raise BadScheduleError(given[1], f"has no place beside {given[0]}: only one of the two can be")
    transformer = target.get("InputTransformer")
    told = TargetInput(
        constant=_text(target.get("Input")),
        path=_text(target.get("InputPath")),
        transformer=None if transformer is None else _transformer(transformer),
    )
    try:
        check_input(told)
    except BadInputError as error:
        raise BadScheduleError(given[0], str(error)) from None
    return told


def _transformer(value: Any) -> Transformer:
    if not isinstance(value, Mapping) or not isinstance(value.get("InputTemplate"), str):
        raise BadScheduleError("InputTransformer", "must be a mapping with an InputTemplate, which is a text")
    paths = value.get("InputPathsMap") or {}
    return Transformer(tuple((str(name), str(path)) for name, path in paths.items()), value["InputTemplate"])


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
