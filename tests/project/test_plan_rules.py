"""The steps that bring schedules as rules of EventBridge: what differs, and nothing of somebody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambdacli.model.deployment import (
    Actual,
    ActualFunction,
    ActualRule,
    Wanted,
    WantedFunction,
    WantedRule,
)
from lambdacli.project.config import load_project
from lambdacli.project.deployed_rules import notes_of_schedules, wanted_rules, with_rule_statements
from lambdacli.project.plan_rules import steps_of_left_rules, steps_of_rule
from lambdacli.project.policy_templates import Here

HERE = Here("aws", "us-east-1", "123456789012")
ALIAS = "arn:aws:lambda:us-east-1:123456789012:function:tidy:live"
RULE = WantedRule("nightly", "tidy", ALIAS, "cron(0 2 * * ? *)", "ENABLED", '{"a": 1}')
OWN = {"Id": "lam", "Arn": ALIAS, "Input": '{"a": 1}'}
OTHER = {"Id": "theirs", "Arn": "arn:aws:sqs:us-east-1:123456789012:jobs"}
THERE = ActualRule({"ScheduleExpression": "cron(0 2 * * ? *)", "State": "ENABLED"}, (OWN,))


@pytest.mark.parametrize(
    ("wanted", "there", "planned"),
    [
        pytest.param(RULE, THERE, [], id="nothing differs"),
        pytest.param(RULE, None, ["PutRule", "PutTargets"], id="all is new"),
        pytest.param(RULE, replace(THERE, targets=()), ["PutTargets"], id="stopped after the first call"),
        pytest.param(replace(RULE, state="DISABLED"), THERE, ["PutRule"], id="it is disabled"),
        pytest.param(replace(RULE, expression="rate(1 day)"), THERE, ["PutRule"], id="it fires otherwise"),
        pytest.param(replace(RULE, input=None), THERE, ["PutTargets"], id="the event instead of an input"),
        pytest.param(RULE, replace(THERE, targets=(OWN, OTHER)), [], id="another target is somebody else's"),
    ],
)
def test_a_schedule_is_brought_to_what_is_wanted(wanted, there, planned):
    steps = list(steps_of_rule(wanted, there))
    assert [step.operation for step in steps] == planned
    assert not any(step.is_destructive for step in steps)


def test_a_rule_of_somebody_else_is_asked_about():
    rule, target = steps_of_rule(replace(RULE, state="DISABLED"), replace(THERE, targets=(OTHER,)))
    assert rule.title == "take over the rule nightly of EventBridge, which leads elsewhere"
    assert rule.is_destructive and target.is_destructive


STATEMENT = {
    "lam-schedule-nightly": {"aws:sourcearn": "arn:aws:events:us-east-1:123456789012:rule/nightly"},
    "by-hand": {"aws:sourcearn": "arn:aws:events:us-east-1:123456789012:rule/theirs"},
}


@pytest.mark.parametrize(
    ("rules", "there", "planned"),
    [
        pytest.param((), THERE, ["RemoveTargets", "DeleteRule"], id="it was taken out of the project"),
        pytest.param((RULE,), THERE, [], id="it is still wanted"),
        pytest.param((), None, [], id="it is gone"),
        pytest.param((), replace(THERE, targets=()), ["DeleteRule"], id="stopped after the first call"),
        pytest.param(
            (), replace(THERE, targets=(OWN, OTHER)), ["RemoveTargets"], id="it leads elsewhere too"
        ),
        pytest.param((), replace(THERE, targets=(OTHER,)), [], id="it is somebody else's by now"),
        pytest.param(
            (),
            replace(THERE, targets=({**OWN, "Arn": ALIAS.replace("tidy", "other")},)),
            [],
            id="it invokes another function by now",
        ),
    ],
)
def test_a_schedule_that_left_the_project_is_taken_away(rules, there, planned):
    actual = Actual(
        functions={"tidy": ActualFunction({}, statements=STATEMENT)},
        rules={"theirs": THERE, **({} if there is None else {"nightly": there})},
    )
    steps = list(steps_of_left_rules(Wanted((WantedFunction("tidy", "live"),), rules=rules), actual))
    assert [step.operation for step in steps] == planned
    assert all(step.is_destructive for step in steps)


def test_rates_and_crons_in_utc_become_rules_and_the_others_are_told(tmp_path):
    file = tmp_path / "lam.yaml"
    file.write_text(
        "functions:\n"
        "  tidy:\n    runtime: provided.al2023\n    schedule:\n"
        "      - {cron: 0 2 * * ? *, name: night.ly, input: {a: 1}}\n"
        "      - {cron: 0 8 * * ? *, timezone: Europe/Berlin}\n"
        "      - at(2031-01-01T00:00:00)\n"
        "  other: {runtime: provided.al2023, schedule: rate(1 hour)}\n"
    )
    project = load_project(file)
    tidy = WantedFunction("tidy", "live")
    (rule,) = wanted_rules(project, [tidy], HERE)
    assert rule == replace(RULE, name="night.ly")
    statements = with_rule_statements(tidy, [rule], HERE).statements
    assert statements == {
        "lam-schedule-night_ly": {
            "Action": "lambda:InvokeFunction",
            "Principal": "events.amazonaws.com",
            "SourceArn": "arn:aws:events:us-east-1:123456789012:rule/night.ly",
        }
    }
    (note,) = notes_of_schedules(project, "tidy", makes_rules=True)
    assert note.startswith(
        "schedules with `at` or `timezone` are not deployed: tidy-schedule-2, tidy-schedule-3;"
    )
    first, _ = notes_of_schedules(project, "tidy", makes_rules=False)
    assert first == "schedules are deployed to AWS only: night.ly"
