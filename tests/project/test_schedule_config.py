"""Schedules of lam.yaml and of templates: what they become, what `lam validate` tells, what is refused."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambdacli.model.schedule import Origin, Schedule, Transformer, next_firing
from lambdacli.project.deployment import Destination, not_deployed
from lambdacli.project.loading import load_project
from lambdacli.project.policy_templates import Here
from lambdacli.project.records import ConfigError, Project

Load = Callable[[str], Project]


@pytest.fixture
def lam_yaml(tmp_path: Path) -> Load:
    def load(settings: str) -> Project:
        (tmp_path / "app.py").touch()
        head = "functions:\n  demo:\n    runtime: python3.13\n    handler: app.handler\n"
        file = tmp_path / "lam.yaml"
        file.write_text(head + textwrap.indent(textwrap.dedent(settings).strip() + "\n", "    "))
        return load_project(file)

    return load


def told(schedule: Schedule) -> tuple[object, ...]:
    return (schedule.name, schedule.arn.split(":")[2], schedule.text, schedule.zone_name, schedule.is_enabled)


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ("schedule: rate(5 minutes)", [("demo-schedule", "events", "rate(5 minutes)", "UTC", True)]),
        ("schedule: {rate: 5 minutes}", [("demo-schedule", "events", "rate(5 minutes)", "UTC", True)]),
        (
            "schedule: at(2030-01-01T09:00:00)",
            [("demo-schedule", "scheduler", "at(2030-01-01T09:00:00)", "UTC", True)],
        ),
        (
            "schedule: {at: 2030-01-01T09:00:00, name: once}",
            [("once", "scheduler", "at(2030-01-01T09:00:00)", "UTC", True)],
        ),
        (
            """
            schedule:
              - rate(1 hour)
              - cron: 0 8 ? * MON-FRI *
                timezone: Europe/Berlin
                enabled: false
              - cron: cron(* * * * ? *)
            """,
            [
                ("demo-schedule-1", "events", "rate(1 hour)", "UTC", True),
                ("demo-schedule-2", "scheduler", "cron(0 8 ? * MON-FRI *)", "Europe/Berlin", False),
                ("demo-schedule-3", "events", "cron(* * * * ? *)", "UTC", True),
            ],
        ),
    ],
)
def test_a_function_of_lam_yaml_has_schedules(lam_yaml: Load, settings: str, wanted: object) -> None:
    project = lam_yaml(settings)
    assert [told(each) for each in project.schedules] == wanted
    assert {each.function.name for each in project.schedules} == {"demo"}


@pytest.mark.parametrize(
    ("given", "constant"),
    [
        ("{a: 1, b: [x, true]}", '{"a": 1, "b": ["x", true]}'),
        ("'{\"a\": 1}'", '{"a": 1}'),
        ("hello", '"hello"'),
        ("7", "7"),
    ],
)
def test_an_input_is_json_however_it_is_written(lam_yaml: Load, given: str, constant: str) -> None:
    (schedule,) = lam_yaml(f"schedule: {{rate: 1 day, input: {given}}}").schedules
    assert schedule.input.constant == constant
    assert (schedule.origin, schedule.where, schedule.needs_permission) == (
        Origin.LAM_YAML,
        "lam.yaml:5",
        False,
    )


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            "schedule: rate(5 minute)",
            "lam.yaml:5:15: functions.demo.schedule: Parameter ScheduleExpression is not valid.; "
            "rate(5 minute) must be written rate(5 minutes)",
        ),
        ("schedule: {cron: 0 12 * * *}", "5:22: functions.demo.schedule.cron: Parameter ScheduleExpression"),
        ("schedule: [rate(1 day), rate(0 days)]", "functions.demo.schedule[1]: Parameter Sched"),
        ("schedule: {cron: 0 12 * * * *, timezone: UTC}", "Invalid Schedule Expression cron(0 12 * * * *)."),
        ("schedule: {rate: 1 day, timezone: Mars/Base}", "schedule.timezone: Mars/Base is no time zone"),
        ("schedule: {rate: 1 day, cron: 0 12 * * ? *}", "has both rate and cron"),
        ("schedule: {enabled: true}", "has neither rate, cron nor at"),
        ("schedule: {rate: 1 day, when: now}", "functions.demo.schedule.when: not a known key"),
        ("schedule: {rate: 1 day, name: a b}", "schedule.name: must be letters, digits"),
        ("schedule: {rate: 1 day, input: '{\"a\": }'}", "schedule.input: is no JSON"),
        ("schedule: {rate: 1 day, enabled: perhaps}", "schedule.enabled: must be"),
        ("schedule: [[rate(1 day)]]", "must be an expression or a mapping, not a list"),
        ("schedule:", "must be a text, not nothing"),
        (
            "schedule: [{rate: 1 day, name: a}, {rate: 2 days, name: a}]",
            "a schedule a is there already (lam.yaml:5)",
        ),
        ("schedules: rate(1 day)", "did you mean schedule?"),
    ],
)
def test_a_mistake_is_told_with_its_place(lam_yaml: Load, settings: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        lam_yaml(settings)
    assert problem in str(refused.value)


def test_defaults_have_no_schedule(tmp_path: Path) -> None:
    (tmp_path / "lam.yaml").write_text("defaults:\n  schedule: rate(1 day)\n")
    with pytest.raises(ConfigError, match="a schedule invokes one function"):
        load_project(tmp_path / "lam.yaml")


def test_a_plan_says_which_schedules_are_not_deployed(lam_yaml: Load) -> None:
    project = lam_yaml("schedule: [rate(1 day), {cron: 0 8 * * ? *, timezone: Europe/Berlin, name: tick}]")
    aws = Destination(Here("aws", "us-east-1", "123456789012"), makes_roles=True)
    (note,) = not_deployed(project.functions[0], project, aws)
    assert note.startswith("schedules with `at` or `timezone` are not deployed: tick;")
    first, second = not_deployed(project.functions[0], project, replace(aws, makes_roles=False))
    assert (first, second) == ("schedules are deployed to AWS only: demo-schedule-1", note)


# Templates of several tools


SERVERLESS = """
service: shop
provider: {name: aws, runtime: python3.13}
functions:
  clean:
    handler: app.handler
    events:
      - schedule: rate(10 minutes)
      - schedule:
          rate: [cron(0 8 * * ? *), rate(2 hours)]
          enabled: false
          input: {a: 1}
      - schedule: {method: scheduler, rate: [cron(0 9 * * ? *)], timezone: Europe/Paris}
"""


def test_schedules_of_a_serverless_yml_fire(tmp_path: Path) -> None:
    (tmp_path / "serverless.yml").write_text(SERVERLESS)
    project = load_project(tmp_path / "serverless.yml")
    found = {each.text: each for each in project.schedules}
    assert {text: each.is_enabled for text, each in found.items()} == {
        "rate(10 minutes)": True,
        "cron(0 8 * * ? *)": False,
        "rate(2 hours)": False,
        "cron(0 9 * * ? *)": True,
    }
    assert {each.function.name for each in project.schedules} == {"shop-dev-clean"}
    assert found["rate(2 hours)"].input.constant == '{"a":1}'
    assert found["cron(0 9 * * ? *)"].zone_name == "Europe/Paris"


TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: python3.13
      Events:
        Often:
          Type: Schedule
          Properties:
            Schedule: rate(5 minutes)
            Input: '{"a": 1}'
            RetryPolicy: {MaximumRetryAttempts: 2}
        Off:
          Type: Schedule
          Properties: {Schedule: cron(0 8 * * ? *), Name: paused, State: DISABLED}
        Window:
          Type: ScheduleV2
          Properties:
            ScheduleExpression: rate(1 hour)
            ScheduleExpressionTimezone: Europe/Berlin
            StartDate: '2030-01-01T00:15:00Z'
            EndDate: '2030-01-02T00:00:00Z'
            GroupName: night
            FlexibleTimeWindow: {Mode: FLEXIBLE, MaximumWindowInMinutes: 15}
            DeadLetterConfig: {Arn: 'arn:aws:sqs:us-east-1:000000000000:dead'}
  Daily:
    Type: AWS::Events::Rule
    Properties:
      Name: daily
      ScheduleExpression: rate(1 day)
      Targets:
        - {Id: one, Arn: !GetAtt Hello.Arn, InputPath: $.time}
        - Id: two
          Arn: !Sub '${Hello.Arn}:live'
          InputTransformer: {InputPathsMap: {t: $.time}, InputTemplate: '{"at": <t>}'}
        - {Id: queue, Arn: 'arn:aws:sqs:us-east-1:000000000000:jobs'}
  Once:
    Type: AWS::Scheduler::Schedule
    Properties:
      Name: once
      ScheduleExpression: at(2030-01-01T09:00:00)
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target: {Arn: !GetAtt Hello.Arn, RoleArn: 'arn:aws:iam::000000000000:role/r'}
  ToQueue:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 day)
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target: {Arn: 'arn:aws:sqs:us-east-1:000000000000:jobs', RoleArn: 'arn:aws:iam::000000000000:role/r'}
"""


def template(folder: Path, text: str) -> Project:
    (folder / "template.yaml").write_text(text)
    return load_project(folder / "template.yaml")


def test_a_templates_schedules_lead_to_its_functions(tmp_path: Path) -> None:
    project = template(tmp_path, TEMPLATE)
    by_name = {(each.name, each.qualifier): each for each in project.schedules}
    assert list(by_name) == [
        ("HelloOften", None),
        ("paused", None),
        ("HelloWindow", None),
        ("daily", None),
        ("daily", "live"),
        ("once", None),
    ]
    assert by_name["HelloOften", None].input.constant == '{"a": 1}'
    assert by_name["HelloOften", None].needs_permission
    assert not by_name["paused", None].is_enabled
    assert by_name["daily", None].input.path == "$.time"
    assert by_name["daily", "live"].input.transformer == Transformer((("t", "$.time"),), '{"at": <t>}')
    assert not by_name["once", None].needs_permission
    window = by_name["HelloWindow", None]
    assert window.arn == "arn:aws:scheduler:us-east-1:000000000000:schedule/night/HelloWindow"
    first = next_firing(window, datetime(2029, 1, 1, tzinfo=UTC))
    assert first is not None and first.due == datetime(2030, 1, 1, 0, 15, tzinfo=UTC)
    sources = [each.members.get("SourceArn") for each in project.declared]
    assert sources == [
        "arn:aws:events:us-east-1:000000000000:rule/" + each for each in ("HelloOften", "paused")
    ]
    assert project.neighbour_calls == ()


def test_validate_tells_what_fires_and_what_has_no_effect(tmp_path: Path) -> None:
    found = {each.subject: (each.is_used, each.text) for each in template(tmp_path, TEMPLATE).findings}
    events = "Hello.Properties.Events"
    assert found[f"{events}.Often"] == (True, "is fired by the schedule HelloOften: rate(5 minutes)")
    assert found[f"{events}.Off"] == (True, "the schedule paused, which is disabled")
    zone = "rate(1 hour) (Europe/Berlin)"
    assert found[f"{events}.Window"] == (True, f"is fired by the schedule HelloWindow: {zone}")
    assert found[f"{events}.Often.Properties.RetryPolicy"][0] is False
    assert found[f"{events}.Window.Properties.DeadLetterConfig"][0] is False
    assert found["Daily"] == (True, "is fired by the schedule daily: rate(1 day)")
    only_functions = (False, "only functions are invoked by schedules here")
    assert found["Daily.Properties.Targets.2.Arn"] == only_functions
    assert found["ToQueue"] == only_functions
    assert found["Once"][0] is True


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (
            "Schedule: rate(5 minutes)",
            "Schedule: rate(5 minute)",
            "template.yaml:13:13: Hello.Properties.Events.Often.Properties.Schedule: Parameter"
            " ScheduleExpression is not valid.",
        ),
        ("rate(1 hour)", "rate(x hour)", "Window.Properties.ScheduleExpression: Invalid Schedule Expression"),
        ("Europe/Berlin", "Europe/Bonn", "ScheduleExpressionTimezone: Europe/Bonn is no time zone"),
        ("'2030-01-01T00:15:00Z'", "tomorrow", "StartDate: must be a moment such as"),
        ("MaximumWindowInMinutes: 15", "MaximumWindowInMinutes: 1500", "FlexibleTimeWindow: must be OFF"),
        ("""Input: '{"a": 1}'""", "Input: hello", "Often.Properties.Input: must be JSON"),
        ("Name: daily", "EventBusName: own", "is supported only on the default event bus."),
        ("InputPath: $.time", "InputPath: time", "Targets.0.InputPath: the path time must begin with $"),
        ("InputPath: $.time", "InputPath: $.a, Input: '1'", "InputPath: has no place beside Input"),
    ],
)
def test_what_aws_would_refuse_is_refused_at_its_line(
    tmp_path: Path, before: str, after: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        template(tmp_path, TEMPLATE.replace(before, after))
    assert problem in str(refused.value)
