"""A wrong template is refused in the cloud's words, with the line, and never mended in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdacli.project.loading import load_project
from lambdacli.project.records import ConfigError

SAM = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  A:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
"""
PLAIN = """\
Resources:
  A:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      Code: {ZipFile: 'x = 1'}
"""
ROLE = "      Role: arn:aws:iam::000000000000:role/r\n"


def failed(logical_id: str, what: str) -> str:
    return f"Properties validation failed for resource {logical_id} with message: #: {what}"


def invalid(what: str) -> str:
    return f"Resource with id [A] is invalid. {what}"


def event(settings: str) -> str:
    return f"{SAM}      Events: {{X: {settings}}}\n"


def beside(kind: str, properties: str) -> str:
    return f"{SAM}  L:\n    Type: AWS::Lambda::{kind}\n    Properties: {{{properties}}}\n"


OF_A = "FunctionName: !Ref A"
OF_EVENT = "Event with id [X] is invalid."


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        pytest.param(PLAIN, 4, failed("A", "required key [Role] not found"), id="no role"),
        pytest.param(
            PLAIN + ROLE + "      TimeoutSec: 3\n",
            9,
            failed("A", "extraneous key [TimeoutSec] is not permitted; do you mean Timeout?"),
            id="a property that Lambda's function does not have",
        ),
        pytest.param(
            SAM + "      Memory: 128\n",
            8,
            invalid("property Memory not defined for resource of type AWS::Serverless::Function"),
            id="a property that SAM's function does not have",
        ),
        pytest.param(
            SAM.replace("::Function", "::Functoin"),
            4,
            "[AWS::Serverless::Functoin]; do you mean AWS::Serverless::Function?",
            id="a type of SAM that is misspelt",
        ),
        pytest.param(
            PLAIN.replace("::Function", "::Fuction"),
            3,
            "Unrecognized resource types: [AWS::Lambda::Fuction]; do you mean AWS::Lambda::Function?",
            id="a type of Lambda that is misspelt",
        ),
        pytest.param(event("{Properties: {}}"), 8, f"{OF_EVENT} It has no Type", id="an event of no type"),
        pytest.param(event("{Type: SQSS}"), 8, f"{OF_EVENT} Its Type is SQSS", id="an event that is unknown"),
        pytest.param(
            event("{Type: SQS, Properties: {BatchSize: 1}}"),
            8,
            invalid(f"{OF_EVENT} Missing required property 'Queue'."),
            id="a queue that is not named",
        ),
        pytest.param(
            event("{Type: Kinesis, Properties: {Stream: 'arn:aws:kinesis:us-east-1:000000000000:stream/s'}}"),
            8,
            invalid(f"{OF_EVENT} Missing required property 'StartingPosition'."),
            id="a stream without a beginning",
        ),
        pytest.param(
            beside("Alias", f"{OF_A}, FunctionVersion: '1'"),
            10,
            failed("L", "required key [Name] not found"),
            id="an alias without a name",
        ),
        pytest.param(
            beside("Permission", f"{OF_A}, Action: 'lambda:InvokeFunction'"),
            10,
            failed("L", "required key [Principal] not found"),
            id="a permission for nobody",
        ),
        pytest.param(
            beside("EventSourceMapping", "EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:q'"),
            10,
            failed("L", "required key [FunctionName] not found"),
            id="a mapping to no function",
        ),
        pytest.param(
            beside("Url", "TargetFunctionArn: !Ref A"),
            10,
            failed("L", "required key [AuthType] not found"),
            id="a URL that does not say who may call",
        ),
        pytest.param(
            SAM + "    DeletionPolicy: Maybe\n",
            8,
            "Template format error: Unrecognized DeletionPolicy Maybe for resource A",
            id="a policy of deletion that there is not",
        ),
        pytest.param(
            SAM + "      Policies: [AWSLambdaExecute, {SQSPolerPolicy: {QueueName: q}}]\n",
            8,
            invalid(
                "Policy at index 1 in the 'Policies' property is not valid; do you mean SQSPollerPolicy?"
            ),
            id="a policy template that is misspelt",
        ),
        pytest.param(
            SAM + "      Policies: [{SQSPollerPolicy: {}}]\n",
            8,
            invalid(
                "Following required parameters of template 'SQSPollerPolicy' don't have values: ['QueueName']"
            ),
            id="a policy template without what it is for",
        ),
        pytest.param(
            SAM + "      Policies: [{SQSPollerPolicy: orders}]\n",
            8,
            invalid("Must specify valid parameter values for policy template 'SQSPollerPolicy'"),
            id="a policy template with a text for its parameters",
        ),
        *(
            pytest.param(
                f"Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties: {{BucketName: '{name}'}}\n",
                4,
                f"{fault}; it is {name}",
                id=f"the bucket {name}",
            )
            for name, fault in (
                ("Photos", "Bucket name should not contain uppercase characters"),
                ("ab", "Bucket name should be between 3 and 63 characters long"),
                ("my_photos", "Bucket name should only contain lowercase letters, digits, dots and hyphens"),
                ("-photos", "Bucket name should start with a letter or a digit"),
                ("photos-", "Bucket name should not end with '-' or '.'"),
                ("my..photos", "Bucket name should not contain two adjacent periods"),
                ("127.0.0.1", "Bucket name must not be formatted as an IP Address"),
            )
        ),
        pytest.param(
            SAM.replace("2016-10-31", "2020-01-01"),
            1,
            "No transform named AWS::Serverless-2020-01-01.",
            id="a transform that there is not",
        ),
    ],
)
def test_the_cloud_would_refuse_it_too(tmp_path: Path, text: str, line: int, problem: str) -> None:
    (tmp_path / "template.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_project(tmp_path / "template.yaml")
    (told,) = str(caught.value).splitlines()
    assert told.startswith(f"template.yaml:{line}:") and problem in told


def test_a_property_that_is_like_none_that_is_known_may_be_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(SAM + "      QuantumEntangled: true\n")
    project = load_project(tmp_path / "template.yaml")
    assert "A.Properties.QuantumEntangled" in {each.subject for each in project.findings if not each.is_used}


def test_what_has_no_value_here_is_not_missing(tmp_path: Path) -> None:
    permission = f"{OF_A}, Action: 'lambda:InvokeFunction', Principal: !GetAtt Odd.Name"
    odd = "  Odd: {Type: 'AWS::Odd::Thing'}\n"
    (tmp_path / "template.yaml").write_text(beside("Permission", permission) + odd)
    with pytest.raises(ConfigError) as caught:
        load_project(tmp_path / "template.yaml")
    assert "required key" not in str(caught.value)
