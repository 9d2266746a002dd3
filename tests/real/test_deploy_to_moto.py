"""A project deployed to moto as AWS: what is there is what was planned, whatever stopped a deployment."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import resource
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import ClassVar

import boto3
import pytest

from lambdacli.client.aws import Account, Aws
from lambdacli.client.deploy.applying import apply
from lambdacli.client.deploy.aws import AwsTarget
from lambdacli.client.deploy.reading import read
from lambdacli.package.archive import archive_of_text
from lambdacli.project.builders.workshop import Workshop
from lambdacli.project.config import load_project
from lambdacli.project.deployment import Destination, wanted_of
from lambdacli.project.packing import Packages
from lambdacli.project.plan import object_key, plan
from lambdacli.project.policy_templates import Here
from tests.moto_server import moto_server
from tests.real.house import PYTHON_RUNTIME, opened
from tests.real.toolchains import missing

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("moto-as-aws")]

ACCOUNT = "123456789012"
STEPS_OF_DEMO = 15
WRITING = ("Create", "Update", "Put", "Delete", "Add", "Remove", "Attach", "Publish", "Tag", "Untag")


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    if importlib.util.find_spec("moto") is None:
        missing("moto")
    with moto_server(tmp_path_factory.mktemp("moto") / "log") as address:
        yield address


@pytest.fixture
def aws(moto, monkeypatch):
    """What every SDK of this test, and every `lam`, takes for AWS."""
    variables = {
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    boto3.client("sqs", region_name="us-east-1").create_queue(QueueName="orders")
    return variables


@cache
def _clients(address: str) -> AwsTarget:
    """Making them takes longer than all that they are asked."""
    return AwsTarget(Aws(Account(region="us-east-1")))


@pytest.fixture
def project(tmp_path):
    with opened(tmp_path / "project") as project:
        yield project


class Moto:
    """As AwsTarget, where moto answers otherwise than AWS: it shows a mapping's alias as its version, and
    does not list an API's authorizers."""

    is_aws = True
    authorizers: ClassVar[list[dict[str, str]]] = []

    def __init__(self) -> None:
        self.aws = _clients(os.environ["AWS_ENDPOINT_URL"])
        self.called: list[tuple[str, dict]] = []

    @property
    def name(self) -> str:
        return "moto"

    def call(self, service, operation, parameters):
        self.called.append((operation, parameters))
        if operation == "GetAuthorizers":
            known = [each for each in self.authorizers if each["ApiId"] == parameters["ApiId"]]
            return {"Items": [self.aws.call(service, "GetAuthorizer", each) for each in known]}
        answer = self.aws.call(service, operation, parameters)
        if operation == "CreateAuthorizer":
            self.authorizers.append({"ApiId": parameters["ApiId"], "AuthorizerId": answer["AuthorizerId"]})
        if operation == "ListEventSourceMappings":
            for each in answer["EventSourceMappings"]:
                fields = each["FunctionArn"].split(":")
                if len(fields) > 7 and fields[7].isdigit():
                    each["FunctionArn"] = ":".join([*fields[:7], "live"])
        return answer

    @property
    def written(self) -> list[str]:
        return [operation for operation, _ in self.called if operation.startswith(WRITING)]

    @property
    def packages(self) -> int:
        return sum(
            "ZipFile" in str(parameters.keys()) or "Code" in parameters for _, parameters in self.called
        )


class Killed(BaseException):
    """The process ends here."""


class Killing(Moto):
    """Ends after so many calls that change something: done there, but nobody hears of it."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def call(self, service, operation, parameters):
        answer = super().call(service, operation, parameters)
        if operation.startswith(WRITING):
            self.left -= 1
            if self.left == 0:
                raise Killed
        return answer


def demo(folder: Path, name: str) -> Path:
    """A function with everything around it that moto can tell of."""
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src" / "app.py").write_text("def handler(event, context):\n    return 1\n")
    (folder / "layers" / f"of-{name}").mkdir(parents=True, exist_ok=True)
    (folder / "layers" / f"of-{name}" / "shared.txt").write_text(name)
    file = folder / "lam.yaml"
    file.write_text(
        f"""
functions:
  {name}:
    runtime: {PYTHON_RUNTIME}
    handler: app.handler
    code: src
    layers: [layers/of-{name}]
    env: {{TABLE: orders, DB_PASSWORD: hunter2hunter2}}
    url: {{auth: AWS_IAM}}
    sources: [{{source: "arn:aws:sqs:us-east-1:000000000000:orders", batch_size: 5}}]
    event_invoke: {{retries: 1}}
    permissions:
      - {{id: bucket, principal: s3.amazonaws.com, source_arn: "arn:aws:s3:::uploads"}}
    policies: [AmazonS3ReadOnlyAccess]
    tags: {{team: orders}}
    concurrency: 5
    log_retention: 14
"""
    )
    return file


class Deployment:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.packages = Packages()
        project = load_project(file)
        self.packages.build(project.functions, Workshop(file.parent / "cache", print))
        destination = Destination(Here("aws", "us-east-1", ACCOUNT), makes_roles=True)
        self.wanted = wanted_of(
            project,
            project.functions,
            destination,
            self.packages.of_function,
            self.packages.of_layer,
        )

    def plan(self, target=None):
        return plan(self.wanted, read(target or Moto(), self.wanted), "moment")

    def run(self, target=None):
        target = target or Moto()
        return apply(self.plan(target), target, self.packages.contents)


def test_the_demo_is_there_as_planned(aws, tmp_path):
    deployment = Deployment(demo(tmp_path, "whole"))
    steps = deployment.plan()
    assert len(steps) == STEPS_OF_DEMO
    deployment.run()
    assert deployment.plan() == ()
    functions, iam = boto3.client("lambda"), boto3.client("iam")
    found = functions.get_function(FunctionName="whole")
    configuration = found["Configuration"]
    assert configuration["CodeSha256"] == deployment.wanted.functions[0].package.sha256
    assert configuration["Role"] == f"arn:aws:iam::{ACCOUNT}:role/whole-role"
    assert configuration["Environment"]["Variables"]["TABLE"] == "orders"
    assert [each["Arn"].split(":")[6] for each in configuration["Layers"]] == ["layers-of-whole"]
    assert found["Tags"] == {"team": "orders"}
    assert found["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    assert functions.get_alias(FunctionName="whole", Name="live")["FunctionVersion"] == "1"
    url = functions.get_function_url_config(FunctionName="whole", Qualifier="live")
    assert url["AuthType"] == "AWS_IAM"
    (mapping,) = functions.list_event_source_mappings(FunctionName="whole:live")["EventSourceMappings"]
    assert (mapping["BatchSize"], mapping["State"]) == (5, "Enabled")
    attached = iam.list_attached_role_policies(RoleName="whole-role")["AttachedPolicies"]
    assert {each["PolicyName"] for each in attached} == {
        "AWSLambdaBasicExecutionRole",
        "AmazonS3ReadOnlyAccess",
    }
    document = iam.get_role_policy(RoleName="whole-role", PolicyName="lam-us-east-1")["PolicyDocument"]
    assert document["Statement"][0]["Resource"] == [f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"]


@pytest.mark.parametrize("done", range(1, STEPS_OF_DEMO + 1))
def test_what_was_killed_after_a_step_is_finished_by_the_next_run(aws, tmp_path, done):
    """The call was done, its answer was not heard: the next one finds what is there, and makes the rest."""
    deployment = Deployment(demo(tmp_path, f"killed-{done}"))
    planned = [step.operation for step in deployment.plan()]
    with pytest.raises(Killed):
        deployment.run(Killing(after=done))
    second = Moto()
    deployment.run(second)
    assert second.written == planned[done:]
    assert deployment.plan() == ()
    versions = boto3.client("lambda").list_versions_by_function(FunctionName=f"killed-{done}")["Versions"]
    assert [each["Version"] for each in versions] == ["$LATEST", "1"]


def test_drift_made_by_hand_is_shown_and_repaired(aws, tmp_path):
    deployment = Deployment(demo(tmp_path, "drifting"))
    deployment.run()
    functions = boto3.client("lambda")
    functions.update_function_configuration(
        FunctionName="drifting", MemorySize=512, Environment={"Variables": {"TABLE": "mine"}}
    )
    functions.put_function_concurrency(FunctionName="drifting", ReservedConcurrentExecutions=9)
    functions.remove_permission(FunctionName="drifting", Qualifier="live", StatementId="bucket")
    functions.tag_resource(
        Resource=f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:drifting", Tags={"team": "x", "by": "hand"}
    )
    boto3.client("iam").delete_role_policy(RoleName="drifting-role", PolicyName="lam-us-east-1")
    steps = deployment.plan()
    told = {(change.what, change.before, change.after) for step in steps for change in step.changes}
    assert ("memory", "512", "128") in told
    assert ("env.TABLE", "mine", "orders") in told
    assert ("env.DB_PASSWORD", None, "••••••") in told
    assert ("concurrency", "9", "5") in told
    assert ("tag by", "hand", None) in told
    assert [step.by_hand for step in steps if step.operation == "UpdateFunctionConfiguration"] == [True]
    deployment.run()
    assert deployment.plan() == ()


def test_a_large_package_goes_by_way_of_s3(aws, tmp_path):
    deployment = Deployment(demo(tmp_path, "large"))
    small = deployment.wanted
    deployment.wanted = replace(small, direct_bytes=10)
    keys = [object_key(small.functions[0].package), object_key(small.functions[0].layers[0].package)]

    def planned():
        return plan(deployment.wanted, read(Moto(), deployment.wanted, keys), "moment")

    steps = planned()
    operations = [step.operation for step in steps]
    assert operations.count("CreateBucket") == 1 and operations.count("PutObject") == 2
    apply(steps, Moto(), deployment.packages.contents)
    assert planned() == ()
    configuration = boto3.client("lambda").get_function_configuration(FunctionName="large")
    assert configuration["CodeSha256"] == small.functions[0].package.sha256


def with_routes(folder: Path, name: str) -> Path:
    (folder / "app.py").write_text("def handler(event, context):\n    return 1\n")
    file = folder / "lam.yaml"
    file.write_text(
        f"""
apis:
  {name}:
    cors: {{origins: ["https://shop.example"], headers: [Content-Type]}}
    stage_variables: {{color: blue}}
    authorizers:
      users: {{type: jwt, issuer: "https://issuer.example", audience: shop, keys: keys.json}}
      guests: {{type: request, function: {name}-guard, payload: "2.0"}}
functions:
  {name}:
    runtime: {PYTHON_RUNTIME}
    handler: app.handler
    http:
      - {{route: "GET /items/{{id}}", api: {name}}}
      - {{route: POST /items, api: {name}, authorizer: users, scopes: [write]}}
      - {{route: "GET /secret/{{proxy+}}", api: {name}, authorizer: guests}}
  {name}-guard: {{runtime: {PYTHON_RUNTIME}, handler: app.handler}}
"""
    )
    (folder / "keys.json").write_text('{"keys": []}')
    return file


def test_an_http_api_is_deployed_whatever_stops_it_and_the_second_time_plans_nothing(aws, tmp_path):
    """Stopped after each call that changes something, and gone on with, until nothing is left."""
    deployment = Deployment(with_routes(tmp_path, "front"))
    runs = 0
    while deployment.plan():
        runs += 1
        with contextlib.suppress(Killed):
            deployment.run(Killing(after=1))
    assert runs > 10
    gateway = boto3.client("apigatewayv2")
    (api,) = [each for each in gateway.get_apis()["Items"] if each["Name"] == "front"]
    routes = gateway.get_routes(ApiId=api["ApiId"])["Items"]
    assert {each["RouteKey"]: each["AuthorizationType"] for each in routes} == {
        "GET /items/{id}": "NONE",
        "POST /items": "JWT",
        "GET /secret/{proxy+}": "CUSTOM",
    }
    (integration,) = gateway.get_integrations(ApiId=api["ApiId"])["Items"]
    assert integration["IntegrationUri"] == f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:front:live"
    stage = gateway.get_stage(ApiId=api["ApiId"], StageName="$default")
    assert (stage["AutoDeploy"], stage["StageVariables"]) == (True, {"color": "blue"})
    policy = boto3.client("lambda").get_policy(FunctionName="front-guard", Qualifier="live")["Policy"]
    assert f"execute-api:us-east-1:{ACCOUNT}:{api['ApiId']}/*/*" in policy


def test_an_http_api_that_was_changed_by_hand_is_shown_and_repaired(aws, tmp_path):
    deployment = Deployment(with_routes(tmp_path, "mended"))
    deployment.run()
    assert deployment.plan() == ()
    gateway = boto3.client("apigatewayv2")
    (api,) = [each["ApiId"] for each in gateway.get_apis()["Items"] if each["Name"] == "mended"]
    routes = {each["RouteKey"]: each["RouteId"] for each in gateway.get_routes(ApiId=api)["Items"]}
    gateway.delete_route(ApiId=api, RouteId=routes["GET /items/{id}"])
    gateway.update_route(ApiId=api, RouteId=routes["POST /items"], AuthorizationType="NONE")
    gateway.create_route(ApiId=api, RouteKey="GET /open")
    titles = {step.title: step.is_destructive for step in deployment.plan()}
    assert titles == {
        "add the route GET /items/{id} of the API mended": False,
        "change the route POST /items of the API mended": False,
        "delete the route GET /open of the API mended": True,
    }
    deployment.run()
    assert deployment.plan() == ()


def with_schedules(folder: Path, schedule: str) -> Path:
    (folder / "app.py").write_text("def handler(event, context):\n    return 1\n")
    file = folder / "lam.yaml"
    file.write_text(
        f"functions:\n  timed: {{runtime: {PYTHON_RUNTIME}, handler: app.handler, schedule: {schedule}}}\n"
    )
    return file


def test_schedules_are_deployed_changed_repaired_and_taken_away_whatever_stops_it(aws, tmp_path):
    both = "[rate(5 minutes), {cron: 0 8 * * ? *, name: morning, input: {a: 1}, enabled: false}]"
    first = Deployment(with_schedules(tmp_path, both))
    while first.plan():
        with contextlib.suppress(Killed):
            first.run(Killing(after=1))
    events = boto3.client("events")
    rule = events.describe_rule(Name="morning")
    assert (rule["ScheduleExpression"], rule["State"]) == ("cron(0 8 * * ? *)", "DISABLED")
    alias = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:timed:live"
    (target,) = events.list_targets_by_rule(Rule="morning")["Targets"]
    assert target == {"Id": "lam", "Arn": alias, "Input": '{"a": 1}'}
    policy = boto3.client("lambda").get_policy(FunctionName="timed", Qualifier="live")["Policy"]
    assert f"events:us-east-1:{ACCOUNT}:rule/timed-schedule-1" in policy

    events.enable_rule(Name="morning")
    events.remove_targets(Rule="timed-schedule-1", Ids=["lam"])
    titles = [step.title for step in first.plan()]
    assert titles == ["lead the schedule timed-schedule-1 to timed", "change the schedule morning of timed"]
    first.run()
    assert first.plan() == ()

    second = Deployment(with_schedules(tmp_path, "{cron: 0 9 * * ? *, name: morning}"))
    assert [step.operation for step in second.plan() if step.is_destructive][:2] == [
        "RemoveTargets",
        "DeleteRule",
    ]
    while second.plan():
        with contextlib.suppress(Killed):
            second.run(Killing(after=1))
    assert [each["Name"] for each in events.list_rules()["Rules"]] == ["morning"]
    assert events.list_targets_by_rule(Rule="morning")["Targets"] == [{"Id": "lam", "Arn": alias}]


# Through the command


def many(folder: Path, count: int) -> None:
    entries = []
    for number in range(count):
        (folder / f"f{number}").mkdir(exist_ok=True)
        (folder / f"f{number}" / "app.py").write_text(f"def handler(event, context):\n    return {number}\n")
        entries.append(
            f"  many-{number}: {{runtime: {PYTHON_RUNTIME}, handler: app.handler, code: f{number}}}\n"
        )
    (folder / "lam.yaml").write_text("functions:\n" + "".join(entries))


def test_a_second_deployment_of_20_functions_does_nothing_and_is_quick(aws, project):
    many(project.folder, 20)
    project.lam("deploy", "--to", "aws", more=aws)
    worked, durations = [], []
    for _ in range(3):
        begun, before = time.monotonic(), _seconds_of_children()
        told = project.lam("deploy", "--to", "aws", more=aws).stdout
        worked.append(_seconds_of_children() - before)
        durations.append(time.monotonic() - begun)
        assert "nothing to do: 20 functions" in told
    print(f"20 functions, nothing changed: {min(durations):.2f} s, of work {min(worked):.2f} s")
    # What moto takes on a busy machine is not the command's: the time counts that this one works.
    assert min(worked) < 1.5
    deployment = Deployment(project.folder / "lam.yaml")
    target = Moto()
    deployment.run(target)
    assert target.written == []


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_with_one_of_20_changed_one_package_is_sent(aws, tmp_path):
    many(tmp_path, 20)
    file = tmp_path / "lam.yaml"
    Deployment(file).run()
    (tmp_path / "f7" / "app.py").write_text("def handler(event, context):\n    return 'another'\n")
    target = Moto()
    Deployment(file).run(target)
    assert target.written == ["UpdateFunctionCode", "PublishVersion", "UpdateAlias"]
    assert target.packages == 1


def test_the_command_plans_deploys_tells_drift_and_goes_back(aws, project):
    project.function(
        "shop",
        "def handler(event, context):\n    return 1\n",
        "env: {API_KEY: hunter2hunter2}\nhttp: GET /\n",
    )
    planned = project.lam("deploy", "--plan", "--to", "aws", more=aws)
    assert "create function shop" in planned.stdout and "account 123456789012" in planned.stdout
    functions = boto3.client("lambda")
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function(FunctionName="shop")
    deployed = project.lam("deploy", "--to", "aws", "--region", "us-east-1", more=aws)
    assert "lam invoke shop:live --remote --region us-east-1" in deployed.stderr
    assert "API default  https://" in deployed.stdout
    assert "lam rollback --to aws --region us-east-1" in deployed.stderr
    project.write("shop/app.py", "def handler(event, context):\n    return 2\n")
    assert "code" in project.lam("drift", "--to", "aws", code=1, more=aws).stdout
    project.lam("deploy", "--to", "aws", more=aws)
    assert functions.get_alias(FunctionName="shop", Name="live")["FunctionVersion"] == "2"
    project.lam("rollback", "--yes", "--to", "aws", more=aws)
    assert functions.get_alias(FunctionName="shop", Name="live")["FunctionVersion"] == "1"
    drift = json.loads(project.lam("drift", "--to", "aws", "--json", code=1, more=aws).stdout)
    assert [row["changes"] for row in drift] == [[{"what": "alias live", "before": "1", "after": "2"}]]
    project.lam("deploy", "--to", "aws", more=aws)
    assert functions.get_alias(FunctionName="shop", Name="live")["FunctionVersion"] == "2"
    assert "nothing differs" in project.lam("drift", "--to", "aws", more=aws).stdout
    for output in (planned, deployed):
        assert "hunter2" not in output.stdout + output.stderr


def test_a_script_must_say_yes_to_what_cannot_be_undone(aws, project):
    project.function("gone", "def handler(event, context): ...\n", "url: {auth: AWS_IAM}\n")
    project.lam("deploy", "--to", "aws", more=aws)
    file = project.folder / "lam.yaml"
    file.write_text(file.read_text().replace("    url: {auth: AWS_IAM}\n", ""))
    refused = project.lam("deploy", "--to", "aws", code=1, more=aws)
    assert "delete the URL of gone:live" in refused.stderr and "--yes" in refused.stderr
    project.lam("deploy", "--to", "aws", "--yes", more=aws)
    assert "nothing to do" in project.lam("deploy", "--to", "aws", more=aws).stdout


def test_only_code_is_brought_up_to_date(aws, project):
    project.function("theirs", "def handler(event, context):\n    return 1\n")
    missing_function = project.lam("deploy", "--to", "aws", "--code-only", code=1, more=aws)
    assert "not there yet: theirs" in missing_function.stderr
    project.lam("deploy", "--to", "aws", more=aws)
    project.write("theirs/app.py", "def handler(event, context):\n    return 2\n")
    file = project.folder / "lam.yaml"
    file.write_text(file.read_text() + "    memory: 512\n")
    told = project.lam("deploy", "--to", "aws", "--code-only", more=aws)
    assert "1/1 update the code of theirs" in told.stderr
    assert "lam invoke theirs --remote" in told.stderr and "aliases stay as they are" in told.stderr
    configuration = boto3.client("lambda").get_function_configuration(FunctionName="theirs")
    assert configuration["MemorySize"] == 128


STACK = f"""
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: "sts:AssumeRole"}}]
  Orders:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: {PYTHON_RUNTIME}
      Handler: app.handler
      Role: !GetAtt Role.Arn
      MemorySize: 192
      Code: {{ZipFile: "def handler(event, context): return 0"}}
"""

SAM = f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties: {{Runtime: {PYTHON_RUNTIME}, Handler: app.handler, CodeUri: src/, MemorySize: 512}}
  Named:
    Type: AWS::Serverless::Function
    Properties: {{FunctionName: by-name, Runtime: {PYTHON_RUNTIME}, Handler: app.handler, CodeUri: src/}}
"""


def test_only_the_code_of_a_templates_functions_is_brought_to_where_its_stack_is(aws, project):
    """SAM made the stack that samconfig.toml names; what the template names itself is found by that name."""
    project.write("src/app.py", "def handler(event, context):\n    return 1\n")
    project.write("template.yaml", SAM)
    project.write("samconfig.toml", '[default.deploy.parameters]\nstack_name = "shop"\n')
    code_only = ("deploy", "--to", "aws", "--code-only")
    untouched = project.lam(*code_only, code=1, more=aws)
    assert "not there yet" in untouched.stderr and "`sam build && sam deploy`" in untouched.stderr
    stacks, functions = boto3.client("cloudformation"), boto3.client("lambda")
    stacks.create_stack(StackName="shop", TemplateBody=STACK, Capabilities=["CAPABILITY_IAM"])
    made = stacks.describe_stack_resource(StackName="shop", LogicalResourceId="Orders")
    name = made["StackResourceDetail"]["PhysicalResourceId"]
    role = functions.get_function_configuration(FunctionName=name)["Role"]
    functions.create_function(
        FunctionName="by-name", Role=role, Runtime=PYTHON_RUNTIME, Handler="app.handler",
        Code={"ZipFile": archive_of_text("app.py", "")},
    )  # fmt: skip
    told = project.lam(*code_only, more=aws)
    assert f"update the code of {name}" in told.stderr and "update the code of by-name" in told.stderr
    configuration = functions.get_function_configuration(FunctionName=name)
    assert configuration["MemorySize"] == 192
    sent = functions.get_function_configuration(FunctionName="by-name")["CodeSha256"]
    assert configuration["CodeSha256"] == sent
    assert "nothing to do" in project.lam(*code_only, more=aws).stdout
    wrong = project.lam(*code_only, "--stack", "shopp", code=1, more=aws)
    assert "there is no stack shopp" in wrong.stderr


def test_credentials_that_are_missing_are_told_before_anything_is_done(aws, project):
    project.function("shy", "def handler(event, context): ...\n")
    without = {name: value for name, value in aws.items() if "KEY" not in name}
    told = project.lam("deploy", "--to", "aws", code=1, more={**without, "AWS_EC2_METADATA_DISABLED": "true"})
    assert "there are no AWS credentials" in told.stderr and "aws configure" in told.stderr
