"""Schedules of a real service: of a template, of lam.yaml, and made through boto3, by a moved clock."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.real.house import PYTHON_RUNTIME, Project, opened, wait_until
from tests.real.toolchains import missing

pytestmark = pytest.mark.real

RECORDER = """
import json
def handler(event, context):
    print("EVENT " + json.dumps(event))
"""

TEMPLATE = f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Ticker:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      Runtime: {PYTHON_RUNTIME}
      InlineCode: |
        import json
        def handler(event, context):
            print("EVENT " + json.dumps(event))
      Events:
        Hourly:
          Type: Schedule
          Properties: {{Name: hourly, Schedule: rate(1 hour)}}
        Nightly:
          Type: ScheduleV2
          Properties:
            Name: nightly
            ScheduleExpression: cron(30 * * * ? *)
            ScheduleExpressionTimezone: Europe/Berlin
            Input: '{{"at": "<aws.scheduler.scheduled-time>"}}'
        Never:
          Type: Schedule
          Properties: {{Schedule: rate(1 minute), Enabled: false}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as project:
        yield project


def events(project: Project) -> list[Any]:
    told = [text for text in project.log_messages() if text.startswith("EVENT ")]
    return [json.loads(text.removeprefix("EVENT ")) for text in told]


def test_a_templates_schedules_fire_while_the_clock_is_moved(project: Project) -> None:
    project.write("template.yaml", TEMPLATE)
    project.start()
    assert "2 of 3 schedules fire" in project.lam("start", "--detach").stderr
    project.lam("clock", "advance", "1h")
    found = sorted(events(project), key=lambda event: "source" in event)
    assert len(found) == 2
    by_scheduler, by_rule = found
    assert by_scheduler.keys() == {"at"}
    assert by_scheduler["at"][13:] == ":30:00Z"
    assert by_rule.pop("id")
    assert by_rule.pop("time")[13:] == ":00:00Z"
    assert by_rule == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:000000000000:rule/hourly"],
        "detail": {},
    }
    listed = project.lam("schedules").stdout
    assert "cron(30 * * * ? *) Europe/Berlin" in listed and "template.yaml:" in listed
    project.lam("schedules", "fire", "nightly")
    wait_until(lambda: len(events(project)) == 3, "the one that was fired by hand ran")
    assert "there is no schedule nobody" in project.lam("schedules", "fire", "nobody", code=1).stderr


def test_schedules_made_through_boto3_fire_until_they_are_removed(project: Project) -> None:
    if importlib.util.find_spec("moto") is None:
        missing("moto")
    project.function("recorder", RECORDER, 'schedule: {rate: 1 day, name: own, input: {from: "lam.yaml"}}')
    project.start()
    function = client(project, "lambda").get_function_configuration(FunctionName="recorder")["FunctionArn"]
    rules, scheduler = client(project, "events"), client(project, "scheduler")
    rule = rules.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")["RuleArn"]
    rules.put_targets(Rule="hourly", Targets=[{"Id": "1", "Arn": function, "Input": '{"from": "rule"}'}])
    target = {
        "Arn": function,
        "RoleArn": "arn:aws:iam::000000000000:role/any",
        "Input": '{"from": "scheduler"}',
    }
    scheduler.create_schedule(
        Name="soon",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )
    names = [each["name"] for each in json.loads(project.lam("schedules", "--json").stdout)["schedules"]]
    assert names == ["hourly", "own", "soon"]
    project.lam("clock", "advance", "1h")
    assert {"from": "scheduler"} in events(project)
    assert {"from": "rule"} not in events(project)
    assert "events.amazonaws.com may not invoke" in project.log_text()
    client(project, "lambda").add_permission(
        FunctionName="recorder",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    scheduler.delete_schedule(Name="soon")
    project.lam("clock", "advance", "1h")
    assert {"from": "rule"} in events(project)
    assert events(project).count({"from": "scheduler"}) == 1
    project.lam("clock", "advance", "1d")
    assert {"from": "lam.yaml"} in events(project)


def client(project: Project, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=project.record["endpoint"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
