"""The schedules of lam.yaml as EventBridge is asked for them: rules, before aliases. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lambdacli.model.deployment import RULE_STATEMENT, WantedFunction, WantedRule
from lambdacli.model.schedule import Origin, Schedule
from lambdacli.model.schedule_expression import ScheduleKind
from lambdacli.project.policy_templates import Here
from lambdacli.project.records import Project


def wanted_rules(project: Project, functions: Sequence[WantedFunction], here: Here) -> Iterator[WantedRule]:
    """Of those that invoke one of these functions."""
    aliases = {each.name: each.alias for each in functions}
    for schedule in project.schedules:
        name = schedule.function.name
        if not _is_rule(schedule) or name not in aliases:
            continue
        yield WantedRule(
            name=schedule.name,
            function=name,
            target_arn=f"arn:{here.partition}:lambda:{here.region}:{here.account}:function:{name}:{aliases[name]}",
            expression=schedule.text,
            state="ENABLED" if schedule.is_enabled else "DISABLED",
            input=schedule.input.constant,
        )


def with_rule_statements(function: WantedFunction, rules: Sequence[WantedRule], here: Here) -> WantedFunction:
    """Each rule may invoke the function that it leads to."""
    place = f"arn:{here.partition}:events:{here.region}:{here.account}:rule"
    statements = {
        f"{RULE_STATEMENT}{rule.name.replace('.', '_')}": {
            "Action": "lambda:InvokeFunction",
            "Principal": "events.amazonaws.com",
            "SourceArn": f"{place}/{rule.name}",
        }
        for rule in rules
        if rule.function == function.name
    }
    return replace(function, statements={**function.statements, **statements}) if statements else function


def notes_of_schedules(project: Project, function: str, *, makes_rules: bool) -> Iterator[str]:
    """What of a function's schedules has its effect here only."""
    own = [each for each in project.schedules if each.function.name == function]
    rules = [each.name for each in own if _is_rule(each)]
    if rules and not makes_rules:
        yield f"schedules are deployed to AWS only: {', '.join(rules)}"
    others = [each.name for each in own if not _is_rule(each)]
    if others:
        yield (
            f"schedules with `at` or `timezone` are not deployed: {', '.join(others)}; EventBridge Scheduler "
            "needs a role for them: make them there, or write `cron` in UTC"
        )


def _is_rule(schedule: Schedule) -> bool:
    return schedule.kind is ScheduleKind.RULE and schedule.origin is Origin.LAM_YAML
