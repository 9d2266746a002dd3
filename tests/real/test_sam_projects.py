"""Projects that describe themselves by a SAM template run as they are; what the template has is there."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.api_house import zip_of
from tests.real.house import PYTHON_RUNTIME, Project, opened, wait_until
from tests.real.toolchains import missing, need, network_variables
from tests.s3_server import open_s3

pytestmark = pytest.mark.real

PROJECTS = Path(__file__).parents[1] / "sam_projects"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as project:
        project.variables |= network_variables()
        yield project


def client(project: Project, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=project.record["endpoint"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and ".lam" not in file.parts
    }


# As `sam init` lays projects out


@pytest.mark.parametrize(
    ("language", "program", "said"),
    [("python", "python3", "iniconfig"), ("nodejs", "npm", True), ("ruby", "ruby", "GET")],
)
def test_a_hello_world_runs_unchanged(project: Project, language: str, program: str, said: object) -> None:
    need(program)
    shutil.copytree(PROJECTS / language, project.folder, dirs_exist_ok=True)
    before = files_of(project.folder)
    answer = json.loads(project.lam("invoke", "HelloWorldFunction", "-e", "events/event.json").stdout)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"message": "hello world", "with": said}
    (api,) = project.status()["apis"]
    assert (api["name"], api["routes"][0]["route"]) == ("serverlessrestapi", "GET /hello")
    url = f"{project.record['endpoint']}/_api/serverlessrestapi/Prod/hello"
    assert url in project.lam("status").stdout
    with urlopen(url, timeout=20) as response:
        assert json.loads(response.read())["message"] == "hello world"
    assert files_of(project.folder) == before


def test_a_rest_api_answers_the_preflights_of_its_cors_by_itself(project: Project) -> None:
    event = "      Events: {Get: {Type: Api, Properties: {Path: /items, Method: get}}}\n"
    globals_ = "Globals: {Api: {Cors: \"'https://page.example'\"}}\nParameters:"
    project.write("template.yaml", HELLO.replace("Parameters:", globals_, 1) + event)
    project.write("samconfig.toml", '[default.deploy.parameters]\nparameter_overrides = "Stage=dev"\n')
    project.start()
    url = f"{project.record['endpoint']}/_api/serverlessrestapi/Prod/items"
    with urlopen(Request(url, method="OPTIONS"), timeout=20) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "https://page.example"
        assert response.headers["Access-Control-Allow-Methods"] == "GET,OPTIONS"
    (api,) = project.status()["apis"]
    assert [route["route"] for route in api["routes"]] == ["GET /items"]


# Names and options

HELLO = f"""
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {{Type: String}}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub greeter-${{Stage}}
      InlineCode: |
        import os
        def handler(event, context):
            print("EVENT")
            return {{"stage": os.environ["STAGE"], "more": os.environ.get("MORE"), "event": event}}
      Handler: index.handler
      Runtime: {PYTHON_RUNTIME}
      Environment: {{Variables: {{STAGE: !Ref Stage}}}}
"""


def test_a_function_answers_to_its_own_name_and_to_its_logical_id(project: Project) -> None:
    project.write("template.yaml", HELLO)
    project.write("samconfig.toml", '[default.deploy.parameters]\nparameter_overrides = "Stage=dev"\n')
    (project.folder / "deep").mkdir()
    for name in ("Hello", "greeter-dev", f"{project.folder}/template.yaml::Hello"):
        done = project.lam("invoke", name, cwd=project.folder / "deep")
        assert json.loads(done.stdout)["stage"] == "dev"
    functions = client(project, "lambda")
    arn = functions.get_function_configuration(FunctionName="Hello")["FunctionArn"]
    assert arn.endswith(":function:greeter-dev")
    assert json.loads(project.lam("show", "Hello", "--json").stdout)["name"] == "greeter-dev"
    assert project.lam("logs", "Hello").stdout.count("EVENT") == 3


def test_what_is_said_beside_the_template_counts_until_the_service_stops(project: Project) -> None:
    project.write("template.yaml", HELLO)
    file = project.write("env.json", '{"Hello": {"MORE": "from the file", "STAGE": "laptop"}}')
    told = project.lam("invoke", "Hello", code=None)
    assert told.returncode != 0
    assert "Stage" in told.stderr
    project.expected_errors.append("Stage")
    done = project.lam("invoke", "Hello", "--parameter-overrides", "Stage=dev")
    assert json.loads(done.stdout)["stage"] == "dev"
    done = project.lam("invoke", "Hello", "--env-vars", str(file))
    assert json.loads(done.stdout) == {"stage": "laptop", "more": "from the file", "event": {}}
    file.write_text('{"Hello": {"MORE": "changed"}}')
    assert json.loads(project.lam("invoke", "Hello").stdout) == {
        "stage": "dev",
        "more": "changed",
        "event": {},
    }
    assert "no file gone.json" in project.lam("invoke", "Hello", "--env-vars", "gone.json", code=2).stderr


def test_two_templates_of_one_folder_run_beside_each_other(project: Project) -> None:
    project.write("template.yaml", HELLO.replace("greeter", "first"))
    project.write("other.yaml", HELLO.replace("greeter", "second"))
    stage = ("--parameter-overrides", "Stage=dev")
    try:
        project.lam("invoke", "Hello", *stage)
        project.lam("invoke", "Hello", "-t", "other.yaml", *stage)
        assert "first-dev" in project.lam("list").stdout
        assert "second-dev" in project.lam("list", more={"LAM_TEMPLATE": "other.yaml"}).stdout
    finally:
        project.lam("stop", "-t", "other.yaml")


# Changes of the template


def test_a_saved_template_counts_at_once_and_a_broken_one_leaves_all_as_it_was(project: Project) -> None:
    text = HELLO.replace("{Type: String}", "{Type: String, Default: dev}")
    project.write("template.yaml", text)
    project.start()
    assert project.invoke("Hello")["stage"] == "dev"
    project.write("template.yaml", text.replace("Default: dev", "Default: prod"))
    wait_until(lambda: project.status()["functions"] == 1, "the function is there")
    assert project.invoke("Hello")["stage"] == "prod"
    project.expected_errors.append("template.yaml")
    project.write("template.yaml", text.replace("!Ref Stage", "!Ref Nothing"))
    wait_until(lambda: project.status()["problems"], "the mistake is told")
    assert "template.yaml:" in project.status()["problems"][0]
    assert project.invoke("Hello")["stage"] == "prod"
    project.write("template.yaml", text)
    assert project.invoke("Hello")["stage"] == "dev"
    assert project.status()["problems"] == []
    listed = project.lam("list", "--json")
    assert [each["origin"] for each in json.loads(listed.stdout)["functions"]] == ["template.yaml"]


def test_code_that_lies_in_s3_is_fetched(project: Project) -> None:
    code = "def handler(event, context): return 'from afar'"
    with open_s3({("code", "k.zip", None): zip_of(**{"app.py": code})}) as s3:
        project.write("lam.yaml", f"template: template.yaml\nservices: {{s3: '{s3.address}'}}\n")
        text = f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Far:
    Type: AWS::Serverless::Function
    Properties: {{Runtime: {PYTHON_RUNTIME}, Handler: app.handler, CodeUri: s3://code/k.zip}}
"""
        project.write("template.yaml", text)
        project.start()
        assert project.invoke("Far") == "from afar"


# What a template has beside functions

SHOP = f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: |
        import boto3, json, os
        def handler(event, context):
            print("EVENT " + json.dumps(event))
            if event != "look":
                return
            boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody="found")
            item = {{"id": {{"S": "1"}}}}
            boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item=item)
            boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key="k", Body=b"x")
            return boto3.client("ssm").get_parameter(Name=os.environ["PARAMETER"])["Parameter"]["Value"]
      Handler: index.handler
      Runtime: {PYTHON_RUNTIME}
      Timeout: 30
      AutoPublishAlias: live
      ReservedConcurrentExecutions: 7
      EventInvokeConfig: {{MaximumRetryAttempts: 0}}
      Environment:
        Variables:
          {{QUEUE: !Ref Jobs, TABLE: !Ref Items, BUCKET: shop-files, PARAMETER: !Ref Color, TOPIC: !Ref News}}
      Events:
        Jobs: {{Type: SQS, Properties: {{Queue: !GetAtt Jobs.Arn, BatchSize: 3}}}}
        Files: {{Type: S3, Properties: {{Bucket: !Ref Files, Events: 's3:ObjectCreated:*'}}}}
        News: {{Type: SNS, Properties: {{Topic: !Ref News}}}}
        Rule: {{Type: EventBridgeRule, Properties: {{Pattern: {{source: [shop]}}}}}}
  Jobs: {{Type: 'AWS::SQS::Queue', Properties: {{VisibilityTimeout: 60}}}}
  Items: {{Type: 'AWS::Serverless::SimpleTable'}}
  Files: {{Type: 'AWS::S3::Bucket', Properties: {{BucketName: shop-files}}}}
  News: {{Type: 'AWS::SNS::Topic'}}
  Color: {{Type: 'AWS::SSM::Parameter', Properties: {{Name: /shop/color, Type: String, Value: teal}}}}
  Login:
    Type: AWS::SecretsManager::Secret
    Properties: {{Name: login, SecretString: '{{"user": "me"}}'}}
  Reader:
    Type: AWS::Lambda::Permission
    Properties: {{Action: 'lambda:InvokeFunction', FunctionName: !Ref Worker, Principal: '111122223333'}}
"""


@pytest.fixture
def shop(project: Project) -> Project:
    if importlib.util.find_spec("moto") is None:
        missing("moto")
    project.write("template.yaml", SHOP)
    project.start()
    return project


def events(project: Project) -> list[Any]:
    texts = [text for text in project.log_messages() if text.startswith("EVENT ")]
    return [json.loads(text.removeprefix("EVENT ")) for text in texts]


def test_functions_find_the_resources_of_their_template(shop: Project) -> None:
    # Already when `lam start --detach` comes back.
    assert [bucket["Name"] for bucket in client(shop, "s3").list_buckets()["Buckets"]] == ["shop-files"]
    assert shop.invoke("Worker", "look") == "teal"
    variables = client(shop, "lambda").get_function_configuration(FunctionName="Worker")["Environment"]
    queue = variables["Variables"]["QUEUE"]
    assert queue.startswith(shop.record["endpoint"])
    wait_until(
        lambda: any(_bodies(event) == ["found"] for event in events(shop)), "the queue told of the job"
    )
    assert client(shop, "secretsmanager").get_secret_value(SecretId="login")["SecretString"] == (
        '{"user": "me"}'
    )
    wait_until(lambda: any("s3" in str(event) for event in events(shop)), "the bucket told of the object")
    assert shop.log_text().count("template.yaml: made ") == 1


def _bodies(event: Any) -> list[str]:
    return [each["body"] for each in event["Records"] if "body" in each] if "Records" in event else []


def test_topics_and_rules_of_the_template_fire(shop: Project) -> None:
    topic = client(shop, "lambda").get_function_configuration(FunctionName="Worker")["Environment"][
        "Variables"
    ]["TOPIC"]
    client(shop, "sns").publish(TopicArn=topic, Message="hello")
    entry = {"Source": "shop", "DetailType": "sold", "Detail": '{"id": 1}'}
    client(shop, "events").put_events(Entries=[entry])
    wait_until(lambda: len(events(shop)) >= 2, "both were told")
    found = events(shop)
    assert any("Sns" in str(event) for event in found)
    assert any(event.get("detail") == {"id": 1} for event in found)


def test_settings_of_the_template_are_those_of_lambdas_api(shop: Project) -> None:
    functions = client(shop, "lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName="Worker")["EventSourceMappings"]
    assert (mapping["BatchSize"], mapping["State"]) == (3, "Enabled")
    assert functions.get_alias(FunctionName="Worker", Name="live")["FunctionVersion"] == "1"
    config = functions.get_function_event_invoke_config(FunctionName="Worker", Qualifier="live")
    assert config["MaximumRetryAttempts"] == 0
    assert functions.get_function_concurrency(FunctionName="Worker")["ReservedConcurrentExecutions"] == 7
    statements = json.loads(functions.get_policy(FunctionName="Worker")["Policy"])["Statement"]
    assert {each["Sid"] for each in statements} == {"Reader", "WorkerFiles", "WorkerNews", "WorkerRule"}
    answer = functions.invoke(FunctionName="Worker:live", Payload=b"1")
    assert answer["ExecutedVersion"] == "1"


def test_what_leaves_the_template_is_taken_away_and_what_was_made_by_hand_stays(shop: Project) -> None:
    functions = client(shop, "lambda")
    shop.invoke("Worker", 1)
    (before,) = functions.list_event_source_mappings(FunctionName="Worker")["EventSourceMappings"]
    functions.add_permission(
        FunctionName="Worker",
        StatementId="own",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
    )
    shop.write("template.yaml", SHOP.replace("BatchSize: 3", "BatchSize: 4"))
    (changed,) = functions.list_event_source_mappings(FunctionName="Worker")["EventSourceMappings"]
    assert (changed["BatchSize"], changed["UUID"]) == (4, before["UUID"])
    without = SHOP[: SHOP.index("  Reader:")].replace("      AutoPublishAlias: live\n", "")
    lines = [line for line in without.splitlines() if not line.strip().startswith("Jobs: {Type: SQS")]
    shop.write("template.yaml", "\n".join(lines) + "\n")
    assert functions.list_event_source_mappings(FunctionName="Worker")["EventSourceMappings"] == []
    with pytest.raises(ClientError, match="ResourceNotFound"):
        functions.get_alias(FunctionName="Worker", Name="live")
    statements = json.loads(functions.get_policy(FunctionName="Worker")["Policy"])["Statement"]
    assert {each["Sid"] for each in statements} == {"WorkerFiles", "WorkerNews", "WorkerRule", "own"}


def test_all_of_it_is_there_again_after_a_stop(shop: Project) -> None:
    functions = client(shop, "lambda")
    (before,) = functions.list_event_source_mappings(FunctionName="Worker")["EventSourceMappings"]
    port = shop.port  # part of the queue's URL, and so of the function
    shop.lam("stop")
    shop.start("--port", str(port))
    assert shop.invoke("Worker", "look") == "teal"
    functions = client(shop, "lambda")
    (after,) = functions.list_event_source_mappings(FunctionName="Worker")["EventSourceMappings"]
    assert after["UUID"] == before["UUID"]
    assert functions.get_alias(FunctionName="Worker", Name="live")["FunctionVersion"] == "1"
    assert shop.status()["problems"] == []


def test_a_parameter_and_a_member_of_a_secret_come_into_a_variable(shop: Project) -> None:
    secret = "{{resolve:secretsmanager:login:SecretString:user}}"
    text = SHOP.replace("TOPIC: !Ref News", f"TOPIC: '{{{{resolve:ssm:/shop/color}}}} {secret}'")
    shop.write("template.yaml", text)
    functions = client(shop, "lambda")
    found = functions.get_function_configuration(FunctionName="Worker")["Environment"]["Variables"]
    assert found["TOPIC"] == "teal me"


def test_a_value_that_the_parameter_store_lacks_is_told_until_it_is_there(shop: Project) -> None:
    shop.expected_errors.append("/shop/size")
    shop.write("template.yaml", SHOP.replace("TOPIC: !Ref News", "TOPIC: '{{resolve:ssm:/shop/size}}'"))
    wait_until(lambda: "/shop/size" in str(shop.status()["problems"]), "it is told")
    client(shop, "ssm").put_parameter(Name="/shop/size", Type="String", Value="large")
    functions = client(shop, "lambda")

    def topic() -> str:
        found = functions.get_function_configuration(FunctionName="Worker")["Environment"]["Variables"]
        return str(found["TOPIC"])

    wait_until(lambda: topic() == "large", "it is found")
    assert shop.status()["problems"] == []


def test_without_the_neighbour_services_it_is_said_what_is_missing(project: Project) -> None:
    hidden = project.write("hidden/moto.py", "raise ImportError('not here')").parent
    project.write("template.yaml", SHOP.replace("Worker:live", "Worker"))
    project.variables["PYTHONPATH"] += os.pathsep + str(hidden)
    project.write("hidden/sitecustomize.py", HIDE_MOTO)
    project.start()
    assert project.invoke("Worker", 1) is None
    assert "cannot be made without the neighbour services: pip install 'lambdacli[services]'" in (
        project.log_text()
    )


HIDE_MOTO = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "moto" else found(name, *more)
"""
