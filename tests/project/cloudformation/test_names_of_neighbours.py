"""What Ref and GetAtt give is what the neighbour services call the resource when it is made with its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from lambdacli.project.cloudformation.template import Resource
from tests.project.cloudformation.loaded import load_template

moto = pytest.importorskip("moto")

TEMPLATE = """\
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Fifo: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  Topic: {Type: AWS::SNS::Topic}
  Table: {Type: AWS::DynamoDB::Table}
  Bucket: {Type: AWS::S3::Bucket}
  Role: {Type: AWS::IAM::Role, Properties: {Path: /service/}}
  Rule: {Type: AWS::Events::Rule}
  Bus: {Type: AWS::Events::EventBus}
  Stream: {Type: AWS::Kinesis::Stream}
  Parameter: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: x}}
  Secret: {Type: AWS::SecretsManager::Secret}
  Machine: {Type: AWS::StepFunctions::StateMachine}
"""
TRUST = '{"Version":"2012-10-17","Statement":[]}'
FLOW = '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}'

Make = Callable[[Callable[[str], Any], Resource], Any]


def table(client: Callable[[str], Any], resource: Resource) -> Any:
    made = client("dynamodb").create_table(
        TableName=resource.name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return made["TableDescription"]["TableArn"]


def queue(client: Callable[[str], Any], resource: Resource) -> Any:
    attributes = {"FifoQueue": "true"} if resource.name.endswith(".fifo") else {}
    url = client("sqs").create_queue(QueueName=resource.name, Attributes=attributes)["QueueUrl"]
    assert urlsplit(url).path == urlsplit(resource.reference).path
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return found["Attributes"]["QueueArn"]


def stream(client: Callable[[str], Any], resource: Resource) -> Any:
    client("kinesis").create_stream(StreamName=resource.name, ShardCount=1)
    found = client("kinesis").describe_stream(StreamName=resource.name)
    return found["StreamDescription"]["StreamARN"]


def bucket(client: Callable[[str], Any], resource: Resource) -> Any:
    client("s3").create_bucket(Bucket=resource.name)
    return f"arn:aws:s3:::{resource.name}"


def role(client: Callable[[str], Any], resource: Resource) -> Any:
    made = client("iam").create_role(RoleName=resource.name, Path="/service/", AssumeRolePolicyDocument=TRUST)
    return made["Role"]["Arn"]


def rule(client: Callable[[str], Any], resource: Resource) -> Any:
    return client("events").put_rule(Name=resource.name, ScheduleExpression="rate(1 day)")["RuleArn"]


def bus(client: Callable[[str], Any], resource: Resource) -> Any:
    return client("events").create_event_bus(Name=resource.name)["EventBusArn"]


def topic(client: Callable[[str], Any], resource: Resource) -> Any:
    arn = client("sns").create_topic(Name=resource.name)["TopicArn"]
    assert arn == resource.reference
    return arn


def machine(client: Callable[[str], Any], resource: Resource) -> Any:
    made = client("stepfunctions").create_state_machine(
        name=resource.name, definition=FLOW, roleArn="arn:aws:iam::123456789012:role/flow"
    )
    return made["stateMachineArn"]


CASES: list[tuple[str, str, Make]] = [
    ("Queue", "Arn", queue),
    ("Fifo", "Arn", queue),
    ("Topic", "TopicArn", topic),
    ("Table", "Arn", table),
    ("Bucket", "Arn", bucket),
    ("Role", "Arn", role),
    ("Rule", "Arn", rule),
    ("Bus", "Arn", bus),
    ("Stream", "Arn", stream),
    ("Machine", "Arn", machine),
]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with moto.mock_aws():
        yield lambda service: boto3.client(service, region_name="us-east-1")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("logical_id", "attribute", "make"), CASES, ids=[case[0] for case in CASES])
def test_arns_are_those_that_the_services_give(
    logical_id: str, attribute: str, make: Make, client: Callable[[str], Any], tmp_path: Path
) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE)
    template = load_template(file, account="123456789012", stack="shop")
    assert make(client, template.resources[logical_id]) == template.attribute(logical_id, attribute)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_parameters_and_secrets_are_found_by_what_ref_gives(
    client: Callable[[str], Any], tmp_path: Path
) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE)
    resources = load_template(file, account="123456789012", stack="shop").resources
    parameter, secret = resources["Parameter"], resources["Secret"]
    client("ssm").put_parameter(Name=parameter.name, Type="String", Value="x")
    assert client("ssm").get_parameter(Name=parameter.reference)["Parameter"]["Value"] == "x"
    client("secretsmanager").create_secret(Name=secret.name, SecretString="s")
    assert client("secretsmanager").get_secret_value(SecretId=secret.reference)["SecretString"] == "s"
