"""A serverless.yml and a cdk.out as teams have them: invoked by `lam` unchanged, and over HTTP."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3

from tests.cdk_app import write_app
from tests.real.house import DEADLINE_SECONDS, PYTHON_RUNTIME, Project, opened, wait_until
from tests.real.toolchains import missing

pytestmark = pytest.mark.real

SERVERLESS = f"""\
service: shop
frameworkVersion: '3'
plugins: [serverless-offline]
useDotenv: true
provider:
  name: aws
  runtime: {PYTHON_RUNTIME}
  stage: ${{opt:stage, 'dev'}}
  environment:
    GREETING: ${{env:GREETING}}
    LIMITS: ${{file(./limits.yml):${{sls:stage}}.size}}
    TABLE: !Ref OrdersTable
  httpApi:
    authorizers:
      decide: {{type: request, functionName: auth, enableSimpleResponses: true}}
functions:
  hello:
    handler: src/hello.main
    events:
      - httpApi: GET /hello/{{name}}
      - httpApi: {{method: GET, path: /closed, authorizer: {{name: decide}}}}
      - http: POST /orders
      - s3: photos
  auth: {{handler: src/hello.decide}}
resources:
  Resources:
    OrdersTable:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: orders-${{sls:stage}}
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]
        KeySchema: [{{AttributeName: id, KeyType: HASH}}]
"""

HELLO = """\
import json, os

def main(event, context):
    print("EVENT", json.dumps(event))
    told = {name: os.environ[name] for name in ("GREETING", "LIMITS", "TABLE")}
    told["name"] = context.function_name
    told["parameters"] = event.get("pathParameters")
    return {"statusCode": 200, "body": json.dumps(told)}

def decide(event, context):
    return {"isAuthorized": event["identitySource"] == ["yes"]}
"""


@pytest.fixture(autouse=True)
def _moto_is_here() -> None:
    if importlib.util.find_spec("moto") is None:
        missing("moto")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as project:
        project.write("serverless.yml", SERVERLESS)
        project.write("limits.yml", "dev: {size: 3}\nprod: {size: 30}\n")
        project.write(".env", "GREETING=from the file\n")
        project.write("src/hello.py", HELLO)
        yield project


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as project:
        write_app(project.folder, PYTHON_RUNTIME)
        yield project


def client(project: Project, name: str) -> Any:
    return boto3.client(
        name,
        endpoint_url=project.record["endpoint"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def asked(project: Project, method: str, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
    url = f"http://127.0.0.1:{project.port}{path}"
    return urllib3.request(method, url, headers=headers, retries=False, timeout=DEADLINE_SECONDS)


def said(project: Project, *words: str, **more: str) -> Any:
    """The body of what a function answers."""
    answer = json.loads(project.lam("invoke", *words, more=more).stdout)
    return json.loads(answer["body"]) if "body" in answer else answer


# serverless.yml


def test_a_function_of_a_serverless_yml_is_invoked_by_its_short_and_by_its_own_name(service: Project) -> None:
    expected = {
        "GREETING": "from the file",
        "LIMITS": "3",
        "TABLE": "orders-dev",
        "name": "shop-dev-hello",
        "parameters": None,
    }
    assert said(service, "hello", "--payload", "{}") == expected
    assert said(service, "shop-dev-hello", "--payload", "{}") == expected


def test_its_apis_and_authorizers_answer_over_http(service: Project) -> None:
    service.start()
    answer = asked(service, "GET", "/_api/httpapi/hello/anna")
    assert (answer.status, answer.json()["parameters"]) == (200, {"name": "anna"})
    assert asked(service, "POST", "/_api/apigatewayrestapi/dev/orders").status == 200
    assert asked(service, "GET", "/_api/httpapi/closed", authorization="no").status in (401, 403)
    assert asked(service, "GET", "/_api/httpapi/closed", authorization="yes").status == 200


def test_its_resources_are_there_and_its_events_fire(service: Project) -> None:
    service.start()
    service.lam("invoke", "hello", "--payload", "{}")
    assert "orders-dev" in client(service, "dynamodb").list_tables()["TableNames"]
    client(service, "s3").put_object(Bucket="photos", Key="a.png", Body=b"x")
    wait_until(lambda: any("aws:s3" in text for text in service.log_messages()), "the bucket's event")


def test_another_stage_is_chosen_by_a_parameter(service: Project) -> None:
    service.lam("start", "--detach", "--port", "0", "--parameter-overrides", "stage=prod")
    told = said(service, "hello", "--payload", "{}")
    assert (told["name"], told["LIMITS"], told["TABLE"]) == ("shop-prod-hello", "30", "orders-prod")


def test_a_change_of_a_file_that_it_reads_is_taken_in(service: Project) -> None:
    assert said(service, "hello", "--payload", "{}")["LIMITS"] == "3"
    service.write("limits.yml", "dev: {size: 4}\n")
    assert said(service, "hello", "--payload", "{}")["LIMITS"] == "4"
    service.write(".env", "GREETING=another\n")
    assert said(service, "hello", "--payload", "{}")["GREETING"] == "another"


def test_the_environment_of_who_starts_it_comes_before_dotenv(service: Project) -> None:
    assert (
        said(service, "hello", "--payload", "{}", GREETING="from the shell")["GREETING"] == "from the shell"
    )


def test_a_mistake_in_it_is_told_with_its_line(service: Project) -> None:
    service.write("serverless.yml", SERVERLESS.replace("${env:GREETING}", "${env:NOBODY}"))
    told = service.lam("validate", code=None)
    assert told.returncode != 0
    assert "serverless.yml:10:5: provider.environment.GREETING: ${env:NOBODY} has no value" in told.stdout


def test_validate_says_what_is_not_run(service: Project) -> None:
    told = service.lam("validate")
    assert "the plugin serverless-offline is not run" in told.stdout + told.stderr


# cdk.out


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("Api/Hello", "Hello4"),
        ("Api/Hello/Resource", "Hello4"),
        ("Hello4", "Hello4"),
        ("Api/Told", "Told5"),
        ("Api/Inner/Hello", "ApiInnerNestedStack2Hello4"),
    ],
)
def test_a_function_of_a_cdk_out_is_invoked_by_its_path_and_by_its_logical_id(
    app: Project, name: str, function: str
) -> None:
    told = said(app, name, "--payload", '{"a": 1}')
    assert (told["name"], told["event"]) == (function, {"a": 1})


def test_its_table_is_there_under_the_name_that_the_function_was_given(app: Project) -> None:
    app.start()
    table = said(app, "Api/Hello", "--payload", "{}")["table"]
    assert client(app, "dynamodb").describe_table(TableName=table)["Table"]["TableStatus"] == "ACTIVE"


def test_one_stack_of_it_can_be_named(app: Project) -> None:
    stack = os.path.join("cdk.out", "Api.template.json")
    told = json.loads(app.lam("invoke", "-t", stack, "Api/Hello", "--payload", "{}").stdout)
    assert told["name"] == "Hello4"
    app.lam("stop", "-t", stack)


def test_what_is_synthesised_anew_is_taken_in(app: Project) -> None:
    assert said(app, "Api/Hello", "--payload", "{}")["name"] == "Hello4"
    template = app.folder / "cdk.out" / "Api.template.json"
    template.write_text(template.read_text().replace('"app.handler"', '"app.other"'))
    code = next((app.folder / "cdk.out").glob("asset.a*")) / "app.py"
    code.write_text(code.read_text() + "\ndef other(event, context):\n    return {'name': 'the other'}\n")
    assert said(app, "Api/Hello", "--payload", "{}") == {"name": "the other"}


def test_the_state_lies_beside_the_assembly_and_not_in_it(app: Project) -> None:
    said(app, "Api/Hello", "--payload", "{}")
    assert (app.folder / ".lam" / "service.json").exists()
    assert not (app.folder / "cdk.out" / ".lam").exists()
