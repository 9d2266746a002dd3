"""Schedules of a template: events of SAM's functions, rules and schedules that lead to functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lambdacli.model.arn import FunctionKey, parse_function_reference
from lambdacli.model.schedule import BadScheduleError, Origin, Schedule, rule_arn, schedule_arn
from lambdacli.model.schedule_expression import ScheduleKind
from lambdacli.model.schedule_members import schedule_of
from lambdacli.project.cloudformation.template import Resource
from lambdacli.project.declared import Declared
from lambdacli.project.stack.around import SERVERLESS_FUNCTION, Around
from lambdacli.project.stack.settings import permission
from lambdacli.project.stack.values import Values, resource_ignored, resource_used

_WITHOUT_EFFECT = {
    "RetryPolicy": "the queue of events here takes each at once: there is nothing to try again",
    "DeadLetterConfig": "it gets what the queue of events does not take; here the log tells of it",
    "KmsKeyArn": "nothing is encrypted here",
    "ActionAfterCompletion": "a schedule of the template stays in it",
}
_MEMBERS = (
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "EndDate",
    "FlexibleTimeWindow",
    "State",
)
_INPUTS = ("Input", "InputPath", "InputTransformer")
_AS_IN_THE_API: Mapping[str, str] = {}
_DEFAULT_GROUP = "default"

_Called = tuple[FunctionKey, str | None]


@dataclass
class Scheduled:
    schedules: list[Schedule] = field(default_factory=list)
    permissions: list[Declared] = field(default_factory=list)


def schedules_of(around: Around) -> Scheduled:
    found = Scheduled()
    for resource in around.of_type(SERVERLESS_FUNCTION):
        for name, event in Values(resource, around.notes).each_below("Events"):
            kind = event.text("Type")
            told = event.below("Properties")
            if kind not in ("Schedule", "ScheduleV2"):
                continue
            if told is None:
                event.complain("Properties", "is missing")
            elif kind == "Schedule":
                _rule_event(resource, name, event, told, around, found)
            else:
                _scheduler_event(resource, name, event, told, around, found)
    for resource in around.of_type("AWS::Events::Rule"):
        _rule(resource, around, found)
    for resource in around.of_type("AWS::Scheduler::Schedule"):
        _schedule(resource, around, found)
    return found


# Events of functions


def _rule_event(
    resource: Resource, event_name: str, event: Values, told: Values, around: Around, found: Scheduled
) -> None:
    own_name = f"{resource.whole_id}{event_name}"
    name = told.text("Name") or own_name
    arn = rule_arn(around.account, around.region, name)
    members = {"ScheduleExpression": told.text("Schedule"), "State": _state(told)}
    schedule = _read(
        told,
        ScheduleKind.RULE,
        name,
        arn,
        _of(resource, around),
        members,
        told,
        {"ScheduleExpression": "Schedule"},
    )
    if schedule is not None:
        found.schedules.append(schedule)
        found.permissions.append(permission(event, own_name, resource.name, "events.amazonaws.com", arn))
        event.used("", _fires(schedule))


def _scheduler_event(
    resource: Resource, event_name: str, event: Values, told: Values, around: Around, found: Scheduled
) -> None:
    name = told.text("Name") or f"{resource.whole_id}{event_name}"
    group = told.text("GroupName") or _DEFAULT_GROUP
    arn = schedule_arn(around.account, around.region, name, group)
    schedule = _read(told, ScheduleKind.SCHEDULER, name, arn, _of(resource, around), _members(told), told)
    if schedule is not None:
        found.schedules.append(schedule)
        event.used("", _fires(schedule))


def _of(resource: Resource, around: Around) -> _Called:
    return FunctionKey(around.account, around.region, resource.name), None


# Resources of their own


def _rule(resource: Resource, around: Around, found: Scheduled) -> None:
    values = Values(resource, around.notes)
    if "ScheduleExpression" not in values:
        return
    bus = (values.text("EventBusName") or "default").rsplit("/", 1)[-1]
    if bus != "default":
        values.complain("EventBusName", "ScheduleExpression is supported only on the default event bus.")
    arn = rule_arn(around.account, around.region, resource.name)
    made: list[Schedule] = []
    for _, target in values.each_below("Targets"):
        called = _called(target, around)
        if called is None:
            continue
        schedule = _read(values, ScheduleKind.RULE, resource.name, arn, called, _members(values), target)
        made += [] if schedule is None else [schedule]
    _take(resource, made, around, found)


def _schedule(resource: Resource, around: Around, found: Scheduled) -> None:
    values = Values(resource, around.notes)
    target = values.below("Target")
    if target is None:
        values.complain("Target", "is missing")
        return
    called = _called(target, around)
    if called is None:
        resource_ignored(resource, around.notes, "only functions are invoked by schedules here")
        return
    group = values.text("GroupName") or _DEFAULT_GROUP
    arn = schedule_arn(around.account, around.region, resource.name, group)
    schedule = _read(values, ScheduleKind.SCHEDULER, resource.name, arn, called, _members(values), target)
    _take(resource, [] if schedule is None else [schedule], around, found)


def _take(resource: Resource, made: list[Schedule], around: Around, found: Scheduled) -> None:
    found.schedules += made
    for schedule in made:
        resource_used(resource, around.notes, _fires(schedule))


def _called(target: Values, around: Around) -> _Called | None:
    """None for what is no function."""
    arn = target.text("Arn")
    if arn is None:
        target.complain("Arn", "is missing")
        return None
    named = around.function_named(arn)
    if named is not None:
        resource, qualifier = named
        return FunctionKey(around.account, around.region, resource.name), qualifier
    reference = parse_function_reference(arn)
    if reference.account is None or reference.region is None or not arn.split(":")[4:5][0]:
        target.ignored("Arn", "only functions are invoked by schedules here")
        return None
    return FunctionKey(reference.account, reference.region, reference.name), reference.qualifier


# What all of them say


def _read(
    told: Values,
    kind: ScheduleKind,
    name: str,
    arn: str,
    called: _Called,
    members: Mapping[str, Any],
    target: Values,
    names: Mapping[str, str] = _AS_IN_THE_API,
) -> Schedule | None:
    """What is wrong is told where it stands; `names` are members that are called otherwise there."""
    for values in (told, target) if told is not target else (told,):
        for member, why in _WITHOUT_EFFECT.items():
            if member in values:
                values.ignored(member, why)
    inputs = {member: target.raw(member) for member in _INPUTS if member in target}
    where = f"{told.resource.place.file.name}:{told.line()}"
    try:
        return schedule_of(kind, name, arn, called, members, inputs, Origin.TEMPLATE, where)
    except BadScheduleError as error:
        place = target if error.member in _INPUTS else told
        place.complain(names.get(error.member, error.member), error.message, error.why)
        return None


def _members(values: Values) -> dict[str, Any]:
    return {member: values.raw(member) for member in _MEMBERS if member in values}


def _state(told: Values) -> str:
    return told.text("State") or ("DISABLED" if told.flag("Enabled") is False else "ENABLED")


def _fires(schedule: Schedule) -> str:
    if not schedule.is_enabled:
        return f"the schedule {schedule.name}, which is disabled"
    zone = "" if schedule.zone_name == "UTC" else f" ({schedule.zone_name})"
    return f"is fired by the schedule {schedule.name}: {schedule.text}{zone}"
