"""The steps that bring rules of EventBridge, which invoke functions by a schedule. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from lambdacli.model.comparing import changes
from lambdacli.model.deployment import (
    API_TAG,
    RULE_TARGET,
    Actual,
    ActualRule,
    Change,
    Members,
    Step,
    Wanted,
    WantedRule,
    rules_of_statements,
)

_SERVICE = "events"
_NOTHING = ActualRule()
_SETTINGS = ("ScheduleExpression", "State")
_TARGET_SETTINGS = ("Arn", "Input")


def steps_of_rule(wanted: WantedRule, there: ActualRule | None) -> Iterator[Step]:
    """After the functions: a rule leads nowhere before its function is there."""
    before = {} if there is None else {name: there.rule.get(name) for name in _SETTINGS}
    after: Members = {"ScheduleExpression": wanted.expression, "State": wanted.state}
    if before != after:
        new = {"Tags": [{"Key": API_TAG, "Value": wanted.function}]} if there is None else {}
        yield Step(
            f"rule {wanted.name}",
            _title(wanted, there),
            _SERVICE,
            "PutRule",
            {"Name": wanted.name, **after, **new},
            tuple(changes(before, after, f"schedule {wanted.name}")),
            function=wanted.function,
            is_destructive=_is_of_others(there),
        )
    yield from _target_steps(wanted, there)


def _title(wanted: WantedRule, there: ActualRule | None) -> str:
    if there is None:
        return f"create the schedule {wanted.name} of {wanted.function}"
    if _is_of_others(there):
        return f"take over the rule {wanted.name} of EventBridge, which leads elsewhere"
    return f"change the schedule {wanted.name} of {wanted.function}"


def _is_of_others(there: ActualRule | None) -> bool:
    return there is not None and bool(there.targets) and there.own_target is None


def _target_steps(wanted: WantedRule, there: ActualRule | None) -> Iterator[Step]:
    """What else the rule leads to is somebody else's."""
    target = (there or _NOTHING).own_target
    given = {} if wanted.input is None else {"Input": wanted.input}
    after = {"Id": RULE_TARGET, "Arn": wanted.target_arn, **given}
    if target == after:
        return
    before = {} if target is None else {name: target.get(name) for name in _TARGET_SETTINGS}
    yield Step(
        f"rule target {wanted.name}",
        f"lead the schedule {wanted.name} to {wanted.function}",
        _SERVICE,
        "PutTargets",
        {"Rule": wanted.name, "Targets": [after]},
        tuple(changes(before, {name: after.get(name) for name in _TARGET_SETTINGS}, "target")),
        function=wanted.function,
        is_destructive=_is_of_others(there),
    )


def steps_of_left_rules(wanted: Wanted, actual: Actual) -> Iterator[Step]:
    """Before the functions, whose policies alone tell of schedules that were taken out of the project."""
    named = {rule.name for rule in wanted.rules}
    for function in wanted.functions:
        there = actual.functions.get(function.name)
        if there is None or function.is_code_only or function.is_read_by_target:
            continue
        for name in rules_of_statements(there.statements):
            rule = actual.rules.get(name)
            if name not in named and rule is not None and _leads_to(function.name, rule):
                yield from _deletion(name, function.name, rule)


def _leads_to(function: str, rule: ActualRule) -> bool:
    """Or to nothing: its deletion was stopped half-way."""
    if rule.own_target is None:
        return not rule.targets
    return str(rule.own_target.get("Arn")).split(":")[6:7] == [function]


def _deletion(name: str, function: str, rule: ActualRule) -> Iterator[Step]:
    """A rule that leads elsewhere, too, stays."""
    told = (Change(f"schedule {name}", str(rule.rule.get("ScheduleExpression")), None),)
    if rule.own_target is not None:
        yield Step(
            f"rule target {name} deleted",
            f"end the schedule {name} of {function}",
            _SERVICE,
            "RemoveTargets",
            {"Rule": name, "Ids": [RULE_TARGET]},
            told,
            function=function,
            is_destructive=True,
        )
    if len(rule.targets) <= 1:
        yield Step(
            f"rule {name} deleted",
            f"delete the rule {name} of EventBridge",
            _SERVICE,
            "DeleteRule",
            {"Name": name},
            (Change("rule", name, None),),
            function=function,
            is_destructive=True,
        )
