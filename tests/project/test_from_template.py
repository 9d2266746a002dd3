"""Templates become what lam.yaml becomes; what is ignored is told, and what is wrong is refused."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import indent

import pytest

from lambdacli.model.build import BuildMethod, LayerBuild
from lambdacli.model.function import LocalLayer
from lambdacli.model.http_apis import ApiKind
from lambdacli.model.template_options import TemplateOptions
from lambdacli.project.declared import DeclaredKind
from lambdacli.project.loading import Surroundings, load_project
from lambdacli.project.records import ConfigError, FunctionSettings, Project, S3Code
from lambdacli.project.stack.declared import Step
from lambdacli.project.urls import DeclaredUrl

SAM = "Transform: AWS::Serverless-2016-10-31\nResources:\n"
HELLO = """
Hello:
  Type: AWS::Serverless::Function
  Properties:
    Handler: app.handler
    Runtime: python3.13
"""


def load(folder: Path, resources: str, around: Surroundings | None = None, head: str = SAM) -> Project:
    (folder / "template.yaml").write_text(head + indent(resources.strip("\n") + "\n", "  "))
    return load_project(folder / "template.yaml", around or Surroundings())


def function(folder: Path, properties: str, others: str = "") -> FunctionSettings:
    (found,) = load(folder, HELLO + indent(properties.strip("\n"), "    ") + "\n" + others).functions
    return found


def refusal(folder: Path, properties: str) -> str:
    with pytest.raises(ConfigError) as caught:
        function(folder, properties)
    return str(caught.value)


def findings(project: Project) -> dict[str, tuple[bool, str]]:
    return {each.subject: (each.is_used, each.text) for each in project.findings}


# Functions


def test_a_function_of_sam_has_lambdas_defaults(tmp_path):
    found = function(tmp_path, "")
    assert (found.name, found.runtime, found.handler) == ("Hello", "python3.13", "app.handler")
    assert (found.memory_mb, found.timeout_seconds, found.ephemeral_storage_mb) == (128, 3, 512)
    assert (found.code, found.variables, found.url) == (tmp_path, None, None)
    assert found.role == "arn:aws:iam::000000000000:role/HelloRole"


def test_its_settings_may_come_as_texts_of_parameters(tmp_path):
    head = "Parameters:\n  Size: {Type: Number, Default: 512}\n" + SAM
    (found,) = load(tmp_path, HELLO + "    MemorySize: !Ref Size\n    Timeout: 7\n", head=head).functions
    assert (found.memory_mb, found.timeout_seconds) == (512, 7)


def test_values_of_variables_become_texts_as_in_the_cloud(tmp_path):
    found = function(tmp_path, "Environment:\n  Variables: {FLAG: true, COUNT: 3, EMPTY: '', TEXT: x}")
    assert found.variables == {"FLAG": "true", "COUNT": "3", "EMPTY": "", "TEXT": "x"}


def test_functions_are_called_by_their_own_name_and_by_their_logical_id(tmp_path):
    project = load(tmp_path, HELLO + "    FunctionName: greeter\n")
    assert [each.name for each in project.functions] == ["greeter"]
    assert project.names == {"Hello": "greeter"}


@pytest.mark.parametrize(
    ("properties", "place"),
    [
        ("CodeUri: s3://bucket/a/key.zip", S3Code("bucket", "a/key.zip")),
        ("CodeUri: {Bucket: bucket, Key: key, Version: v}", S3Code("bucket", "key", "v")),
    ],
)
def test_code_may_lie_in_s3(tmp_path, properties, place):
    found = function(tmp_path, properties)
    assert found.template.stored_code == place


def test_code_of_lambdas_own_resource_may_lie_in_s3(tmp_path):
    text = """
Hello:
  Type: AWS::Lambda::Function
  Properties:
    Runtime: python3.13
    Handler: app.handler
    Role: arn:aws:iam::000000000000:role/r
    Code: {S3Bucket: bucket, S3Key: key, S3ObjectVersion: v}
"""
    project = load(tmp_path, text)
    assert project.functions[0].template.stored_code == S3Code("bucket", "key", "v")
    told = "is fetched from s3://bucket/key of the neighbour services"
    assert findings(project)["Hello.Properties.Code"] == (True, told)


def test_each_function_is_of_the_file_that_describes_it(tmp_path):
    (tmp_path / "lam.yaml").write_text(
        "template: infra.yaml\nfunctions:\n  own: {runtime: python3.13, handler: app.handler}\n"
    )
    (tmp_path / "infra.yaml").write_text(SAM + indent(HELLO.strip("\n") + "\n", "  "))
    assert load_project(tmp_path / "lam.yaml").files == {"own": "lam.yaml", "Hello": "infra.yaml"}


def test_variables_of_a_file_win_and_may_be_new(tmp_path):
    file = tmp_path / "env.json"
    file.write_text('{"Parameters": {"ALL": "1", "AA": "all"}, "Hello": {"AA": "mine", "NEW": "n"}}')
    around = Surroundings(TemplateOptions(env_vars=file))
    project = load(tmp_path, HELLO + "    Environment: {Variables: {AA: template, BB: b}}\n", around)
    assert project.functions[0].variables == {"AA": "mine", "BB": "b", "ALL": "1", "NEW": "n"}
    assert file in project.further_files


def test_a_name_in_that_file_that_no_function_has_is_told(tmp_path):
    (tmp_path / "env.json").write_text('{"Helo": {"AA": "1"}}')
    (tmp_path / "samconfig.toml").write_text('[default.local_invoke.parameters]\nenv_vars = "env.json"\n')
    (warning,) = load(tmp_path, HELLO).warnings
    assert (warning.key_path, warning.message) == ("Helo", "is in the file of --env-vars, but no function")


def test_samconfig_gives_region_stack_and_parameters(tmp_path):
    (tmp_path / "samconfig.toml").write_text(
        '[default.deploy.parameters]\nstack_name = "shop"\nregion = "eu-west-1"\n'
        'parameter_overrides = "Stage=prod"\n'
    )
    head = "Parameters:\n  Stage: {Type: String}\n" + SAM
    variables = "    Environment: {Variables: {STAGE: !Ref Stage, STACK: !Ref AWS::StackName}}\n"
    project = load(tmp_path, HELLO + variables, head=head)
    assert project.region == "eu-west-1"
    assert project.functions[0].variables == {"STAGE": "prod", "STACK": "shop"}


def test_lam_yaml_says_how_the_template_beside_it_is_run(tmp_path):
    (tmp_path / "lam.yaml").write_text(
        "region: eu-north-1\nimports: {net-Vpc: vpc-1}\nparameters: {Stage: dev}\n"
        "functions: {other: {runtime: python3.13, handler: a.b}}\n"
    )
    head = "Parameters:\n  Stage: {Type: String}\n" + SAM
    variables = "    Environment: {Variables: {STAGE: !Ref Stage, VPC: !ImportValue net-Vpc}}\n"
    project = load(tmp_path, HELLO + variables, head=head)
    assert (project.region, [each.name for each in project.functions]) == ("eu-north-1", ["Hello"])
    assert project.functions[0].variables == {"STAGE": "dev", "VPC": "vpc-1"}


def test_the_region_of_samconfig_counts_where_lam_yaml_says_none(tmp_path):
    load(tmp_path, HELLO)
    (tmp_path / "samconfig.toml").write_text('[default.global.parameters]\nregion = "eu-central-1"\n')
    lam_yaml = tmp_path / "lam.yaml"
    lam_yaml.write_text("template: template.yaml\n")
    assert load_project(lam_yaml).region == "eu-central-1"
    lam_yaml.write_text("template: template.yaml\nregion: us-east-1\n")
    assert load_project(lam_yaml).region == "us-east-1"


def test_imports_stand_for_parameters_and_secrets_that_nobody_put_there(tmp_path):
    (tmp_path / "lam.yaml").write_text(
        "imports: {'ssm:/db/host': here, 'secretsmanager:db': '{\"user\": \"me\"}'}\n"
    )
    variables = (
        "    Environment:\n      Variables:\n        HOST: '{{resolve:ssm:/db/host}}'\n"
        "        USER: '{{resolve:secretsmanager:db:SecretString:user}}'\n"
        "        OTHER: '{{resolve:ssm:/db/port}}'\n"
    )
    project = load(tmp_path, HELLO + variables)
    assert project.functions[0].variables == {
        "HOST": "here",
        "USER": "me",
        "OTHER": "{{resolve:ssm:/db/port}}",
    }


def test_lam_yaml_may_have_functions_beside_those_of_its_template(tmp_path):
    load(tmp_path, HELLO)
    lam_yaml = tmp_path / "lam.yaml"
    lam_yaml.write_text("template: template.yaml\nfunctions: {other: {runtime: python3.13, handler: a.b}}\n")
    assert [each.name for each in load_project(lam_yaml).functions] == ["other", "Hello"]


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        (
            "Timeout: 901",
            "template.yaml:8:7: Hello.Properties.Timeout: must be a number from 1 to 900, not 901",
        ),
        ("MemorySize: big", 'Hello.Properties.MemorySize: must be a number from 128 to 10240, not "big"'),
        ("CodeUri: gone/", "Hello.Properties.CodeUri: gone/ does not exist"),
        ("CodeUri: {Bucket: b}", "names no code; a folder, a .zip file, or bucket and key"),
        ("Architectures: [riscv]", "must be one of x86_64 and arm64, not riscv"),
        ("FunctionName: 'a b'", "a b is not a name that Lambda takes for a function"),
        ("Environment: {Variables: {AWS_REGION: x}}", "Variables.AWS_REGION: reserved"),
        ("Layers: [nonsense]", "Layers.0: nonsense is not the ARN of a layer"),
        ("FunctionUrlConfig: {AuthType: OPEN}", "AuthType: must be NONE or AWS_IAM, not OPEN"),
    ],
)
def test_what_the_cloud_would_refuse_is_refused_with_its_line(tmp_path, properties, told):
    assert told in refusal(tmp_path, properties)


def test_a_runtime_that_aws_creates_no_more_runs_as_the_nearest(tmp_path):
    project = load(tmp_path, HELLO.replace("python3.13", "python3.7"))
    assert project.functions[0].runtime == "python3.8"
    assert project.warnings[0].message == "AWS creates no function with python3.7 any more"


def test_code_that_stands_in_the_template_is_the_functions(tmp_path):
    assert function(tmp_path, "InlineCode: |\n  def handler(e, c): ...").template.inline_code == (
        "def handler(e, c): ...\n"
    )


def test_a_container_image_is_named_and_no_function(tmp_path):
    project = load(tmp_path, HELLO + "    PackageType: Image\n")
    assert project.functions == ()
    why = "it is a container image, which does not run here"
    assert findings(project)["Hello"] == (False, why)
    assert project.left_out == {"Hello": why}


def test_what_a_condition_leaves_out_is_told(tmp_path):
    head = "Conditions: {IsProd: !Equals [dev, prod]}\n" + SAM
    nightly = HELLO.replace("Hello", "Nightly").replace("  Properties", "  Condition: IsProd\n  Properties")
    project = load(tmp_path, HELLO + nightly, head=head)
    assert [each.name for each in project.functions] == ["Hello"]
    assert findings(project)["Nightly"] == (False, "its condition IsProd is false")
    assert project.left_out["Nightly"] == "its condition IsProd is false"


def test_a_lam_yaml_that_takes_the_functions_of_its_folder_away_is_told(tmp_path):
    load(tmp_path, HELLO)
    lam_yaml = tmp_path / "lam.yaml"
    lam_yaml.write_text("region: eu-west-1\n")
    (warning,) = load_project(lam_yaml).warnings
    assert (warning.message, warning.hint) == (
        "template.yaml beside it is not read, and here are no functions",
        "`template: template.yaml` takes its functions in",
    )
    lam_yaml.write_text("functions: {other: {runtime: python3.13, handler: a.b}}\n")
    assert warning not in load_project(lam_yaml).warnings


NOT_BUILT = LayerBuild(BuildMethod.NONE, "Shared")


@pytest.mark.parametrize(
    ("metadata", "build", "warnings"),
    [
        pytest.param("{}", NOT_BUILT, [], id="without a method the folder is the layer"),
        pytest.param(
            "{BuildMethod: python3.12, BuildArchitecture: arm64}",
            LayerBuild(BuildMethod.PYTHON, "Shared", "python3.12", "arm64"),
            [],
            id="a runtime is one that builds",
        ),
        pytest.param(
            "{BuildMethod: makefile}",
            LayerBuild(BuildMethod.MAKEFILE, "Shared", None, "x86_64"),
            [],
            id="a Makefile has a target for the logical id",
        ),
        pytest.param(
            "{BuildMethod: nodejs22.x, SkipBuild: true}", NOT_BUILT, [], id="a build may be skipped"
        ),
        pytest.param(
            "{BuildMethod: ruby3.4}",
            NOT_BUILT,
            ["is built by ruby3.4, and there is no build of it: its source is used"],
            id="what lam does not build is told",
        ),
    ],
)
def test_a_layer_of_the_template_is_its_folder_and_how_it_is_built(tmp_path, metadata, build, warnings):
    (tmp_path / "shared").mkdir()
    layer = "Shared:\n  Type: AWS::Serverless::LayerVersion\n  Properties: {ContentUri: shared}\n"
    named = HELLO + "    Layers: [!Ref Shared]\n" + layer + f"  Metadata: {metadata}\n"
    project = load(tmp_path, named)
    assert project.functions[0].layers == (LocalLayer(tmp_path / "shared", build=build),)
    assert [each.message for each in project.warnings] == warnings


def test_a_fresh_build_of_a_layer_counts_first(tmp_path):
    (tmp_path / "shared").mkdir()
    layer = "Shared:\n  Type: AWS::Serverless::LayerVersion\n  Properties: {ContentUri: shared}\n"
    named = HELLO + "    Layers: [!Ref Shared]\n" + layer + "  Metadata: {BuildMethod: python3.13}\n"
    load(tmp_path, named)
    built = tmp_path / ".aws-sam" / "build"
    (built / "Shared").mkdir(parents=True)
    (built / "template.yaml").write_text("Resources: {Shared: {Properties: {ContentUri: Shared}}}\n")
    (found,) = load(tmp_path, named).functions[0].layers
    os.utime(built / "template.yaml", (2e9, 2e9))
    (fresh,) = load(tmp_path, named).functions[0].layers
    assert isinstance(found, LocalLayer) and isinstance(fresh, LocalLayer)
    assert (found.path, fresh) == (tmp_path / "shared", LocalLayer(built / "Shared", build=NOT_BUILT))


def test_a_layer_of_another_account_is_told_and_left_out(tmp_path):
    arn = "arn:aws:lambda:us-east-1:123456789012:layer:tools:3"
    project = load(tmp_path, HELLO + f"    Layers: ['{arn}']\n")
    assert project.functions[0].layers == ()
    assert "functions run without it" in project.warnings[0].message
    assert "below `layers:`" in project.warnings[0].hint
    assert "a lam.yaml that is made for it says `template: template.yaml` as well" in project.warnings[0].hint


def test_a_layer_that_all_functions_name_is_told_once(tmp_path):
    named = HELLO + "    Layers: ['arn:aws:lambda:us-east-1:123456789012:layer:tools:3']\n"
    project = load(tmp_path, named + named.replace("Hello", "Other"))
    assert len(project.functions) == 2
    assert len(project.warnings) == 1


def test_a_url_of_its_own_is_taken_from_sam_and_from_cloudformation(tmp_path):
    assert function(tmp_path, "FunctionUrlConfig: {AuthType: AWS_IAM}").url == DeclaredUrl("AWS_IAM")
    url = """
Link:
  Type: AWS::Lambda::Url
  Properties: {TargetFunctionArn: !GetAtt Hello.Arn, AuthType: NONE, InvokeMode: RESPONSE_STREAM}
"""
    assert function(tmp_path, "", url).url == DeclaredUrl("NONE", "RESPONSE_STREAM")


def test_a_plain_function_is_the_same_function(tmp_path):
    plain = """
Hello:
  Type: AWS::Lambda::Function
  Properties:
    FunctionName: plain
    Code: .
    Handler: app.handler
    Runtime: nodejs22.x
    Role: arn:aws:iam::000000000000:role/mine
    DeadLetterConfig: {TargetArn: arn:aws:sqs:us-east-1:000000000000:dead}
    Tags: [{Key: team, Value: orders}]
"""
    (found,) = load(tmp_path, plain, head="Resources:\n").functions
    assert (found.name, found.role, found.tags) == (
        "plain",
        "arn:aws:iam::000000000000:role/mine",
        {"team": "orders"},
    )
    assert found.template.dead_letter_target == "arn:aws:sqs:us-east-1:000000000000:dead"


# Builds


def built(folder: Path) -> Path:
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text("")
    build = folder / ".aws-sam" / "build"
    (build / "Hello").mkdir(parents=True)
    (build / "template.yaml").write_text("Resources: {Hello: {Properties: {CodeUri: Hello}}}\n")
    return build / "Hello"


@pytest.mark.parametrize(
    ("source_age", "metadata", "is_build_used"),
    [
        (100, "", True),
        (-100, "", False),
        (-100, "  Metadata: {BuildMethod: makefile}\n", False),
    ],
    ids=["a fresh build", "an old build", "an old build, which lam makes anew"],
)
def test_what_sam_built_runs_while_it_is_fresh(tmp_path, source_age, metadata, is_build_used):
    build = built(tmp_path)
    text = HELLO + "    CodeUri: src\n" + metadata
    load(tmp_path, text)
    at = (build.parent / "template.yaml").stat().st_mtime - source_age
    for file in (tmp_path / "src" / "app.py", tmp_path / "template.yaml"):
        os.utime(file, (at, at))
    (found,) = load_project(tmp_path / "template.yaml").functions
    assert found.code == (build if is_build_used else tmp_path / "src")
    assert found.template.built_from == (tmp_path / "src" if is_build_used else None)
    assert found.build is not None
    assert found.build.method == ("none" if is_build_used else "makefile" if metadata else None)


@pytest.mark.parametrize(
    ("runtime", "told"),
    [
        (
            "python3.13",
            "START, END and REPORT stay lines of text, and SystemLogLevel leaves none out; "
            "what the function logs stays as it writes it, and is not left out by level",
        ),
        ("nodejs22.x", "START, END and REPORT stay lines of text, and SystemLogLevel leaves none out"),
    ],
)
def test_what_json_does_not_do_to_log_lines_is_told(tmp_path, runtime, told):
    head = "Globals: {Function: {LoggingConfig: {LogFormat: JSON}}}\n" + SAM
    found = findings(load(tmp_path, HELLO.replace("python3.13", runtime), head=head))
    assert found["Hello.Properties.LoggingConfig.LogFormat"] == (False, told)


# HTTP

EVENT = "Events:\n  Web:\n    Type: {}\n    Properties: {}"


def test_an_event_of_type_api_is_a_route_of_the_implicit_rest_api(tmp_path):
    project = load(tmp_path, HELLO + indent(EVENT.format("Api", "{Path: /hello, Method: get}"), "    "))
    (api,) = project.apis
    assert (api.name, api.kind, api.stage, api.payload) == ("serverlessrestapi", ApiKind.REST, "Prod", "1.0")
    assert [(str(route.key), route.function) for route in api.routes] == [("GET /hello", "Hello")]


@pytest.mark.parametrize(
    ("properties", "key"),
    [
        ("{Path: /items/{id}, Method: ANY}", None),
        ("{Path: '/items/{id}', Method: ANY}", "ANY /items/{id}"),
        ("{Path: '/{proxy+}', Method: post}", "POST /{proxy+}"),
    ],
)
def test_routes_of_an_http_api(tmp_path, properties, key):
    text = HELLO + indent(EVENT.format("HttpApi", properties), "    ")
    if key is None:
        with pytest.raises(ConfigError):
            load(tmp_path, text)
        return
    (api,) = load(tmp_path, text).apis
    assert (api.kind, api.stage, [str(route.key) for route in api.routes]) == (
        ApiKind.HTTP,
        "$default",
        [key],
    )


def test_an_http_event_without_a_path_is_the_default_route(tmp_path):
    (api,) = load(tmp_path, HELLO + "    Events: {All: {Type: HttpApi}}\n").apis
    assert str(api.routes[0].key) == "$default"


def test_an_api_of_its_own_has_stage_cors_and_authorizers(tmp_path):
    text = (
        HELLO
        + """
    Events:
      Web: {Type: HttpApi, Properties: {Path: /, Method: GET, ApiId: !Ref Shop}}
Judge:
  Type: AWS::Serverless::Function
  Properties: {Handler: judge.handler, Runtime: python3.13}
Shop:
  Type: AWS::Serverless::HttpApi
  Properties:
    StageName: v1
    CorsConfiguration: {AllowOrigins: ['http://localhost:5173'], AllowMethods: [GET]}
    Auth:
      DefaultAuthorizer: Judging
      Authorizers:
        Judging:
          FunctionArn: !GetAtt Judge.Arn
          AuthorizerPayloadFormatVersion: 2.0
          Identity: {Headers: [X-Key], ReauthorizeEvery: 5}
"""
    )
    (api,) = load(tmp_path, text).apis
    assert (api.name, api.stage) == ("shop", "v1")
    assert api.cors is not None and api.cors.allow_origins == ("http://localhost:5173",)
    judging = api.authorizers["Judging"]
    assert (judging.function, judging.identity, judging.cache_seconds) == (
        "Judge",
        ("$request.header.X-Key",),
        5,
    )
    assert api.routes[0].authorizer == "Judging"


def test_api_gateways_own_resources_lead_to_functions_too(tmp_path):
    text = (
        HELLO
        + """
Rest: {Type: 'AWS::ApiGateway::RestApi', Properties: {Name: rest}}
Items:
  Type: AWS::ApiGateway::Resource
  Properties: {RestApiId: !Ref Rest, ParentId: !GetAtt Rest.RootResourceId, PathPart: items}
Item:
  Type: AWS::ApiGateway::Resource
  Properties: {RestApiId: !Ref Rest, ParentId: !Ref Items, PathPart: '{id}'}
GetItem:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Rest
    ResourceId: !Ref Item
    HttpMethod: GET
    Integration:
      Type: AWS_PROXY
      Uri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Hello.Arn}/invocations
Stage:
  Type: AWS::ApiGateway::Stage
  Properties: {RestApiId: !Ref Rest, StageName: live}
"""
    )
    (api,) = load(tmp_path, text).apis
    assert (api.kind, api.stage) == (ApiKind.REST, "live")
    assert [(str(route.key), route.function) for route in api.routes] == [("GET /items/{id}", "Hello")]


# What Lambda's API and the neighbour services are asked for

EVERYTHING = (
    HELLO
    + """
    AutoPublishAlias: live
    EventInvokeConfig:
      MaximumRetryAttempts: '1'
      DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Dead.Arn}}
    Events:
      Work: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: '5'}}
      Up: {Type: S3, Properties: {Bucket: !Ref Files, Events: 's3:ObjectCreated:*'}}
      News: {Type: SNS, Properties: {Topic: !Ref Topic, FilterPolicy: {kind: [a]}}}
      Rule: {Type: EventBridgeRule, Properties: {Pattern: {source: [shop]}}}
      Night: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
Jobs: {Type: 'AWS::SQS::Queue', Properties: {VisibilityTimeout: 30}}
Dead: {Type: 'AWS::SQS::Queue'}
Files: {Type: 'AWS::S3::Bucket'}
Topic: {Type: 'AWS::SNS::Topic', Properties: {TopicName: news}}
Pool: {Type: 'AWS::Cognito::UserPool'}
"""
)


def test_settings_are_asked_for_in_the_words_of_lambdas_api(tmp_path):
    project = load(tmp_path, EVERYTHING)
    dead = "arn:aws:sqs:us-east-1:000000000000:" + next(
        call.parameters["QueueName"] for call in project.neighbour_calls if "Dead" in str(call.parameters)
    )
    told = {(each.kind, each.name): dict(each.members) for each in project.declared}
    assert told[DeclaredKind.ALIAS, "live"] == {}
    assert told[DeclaredKind.EVENT_INVOKE, "$LATEST"] == {
        "MaximumRetryAttempts": 1,
        "DestinationConfig": {"OnFailure": {"Destination": dead}},
    }
    assert told[DeclaredKind.MAPPING, "HelloWork"]["BatchSize"] == 5
    principals = [told[key]["Principal"] for key in told if key[0] is DeclaredKind.PERMISSION]
    of_events = ["events.amazonaws.com"] * 2
    assert sorted(principals) == [*of_events, "s3.amazonaws.com", "sns.amazonaws.com"]


def test_resources_are_made_before_what_leads_from_them_to_functions(tmp_path):
    calls = load(tmp_path, EVERYTHING).neighbour_calls
    made = [call.operation for call in calls if call.step is Step.MAKE]
    assert made == ["create_queue", "set_queue_attributes", "create_queue", "create_bucket", "create_topic"]
    connected = {call.operation: call.parameters for call in calls if call.step is Step.CONNECT}
    assert connected["subscribe"]["Attributes"] == {"FilterPolicy": '{"kind": ["a"]}'}
    (notified,) = connected["put_bucket_notification_configuration"]["NotificationConfiguration"][
        "LambdaFunctionConfigurations"
    ]
    assert notified["Events"] == ["s3:ObjectCreated:*"]
    assert connected["put_rule"]["EventPattern"] == '{"source": ["shop"]}'


def test_what_has_no_effect_is_told_with_its_reason(tmp_path):
    told = findings(load(tmp_path, EVERYTHING + "Alarm: {Type: 'AWS::CloudWatch::Alarm'}\n"))
    fired = "is fired by the schedule HelloNight: rate(1 day)"
    assert told["Hello.Properties.Events.Night"] == (True, fired)
    assert told["Pool"] == (False, "nothing here makes it")
    assert told["Alarm"] == (False, "nothing is watched here")
    assert told["Topic"] == (True, "the topic news of the neighbour services")


def test_every_resource_has_its_word(tmp_path):
    project = load(tmp_path, EVERYTHING)
    assert {"Hello", "Jobs", "Dead", "Files", "Topic", "Pool"} <= findings(project).keys()


def test_policies_count_where_all_of_them_are_known(tmp_path):
    statement = "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'sqs:*', Resource: '*'}]}"
    project = load(tmp_path, HELLO + f"    Policies: [AWSLambdaBasicExecutionRole, {statement}]\n")
    policies = project.identities.roles["HelloRole"].policies
    assert policies is not None and len(policies) == 3
    open_role = load(tmp_path, HELLO + "    Policies: [AmazonRekognitionFullAccess]\n")
    assert "HelloRole" not in open_role.identities.roles


def test_a_wrong_value_that_is_not_to_be_echoed_is_not_told(tmp_path):
    (tmp_path / "hello").mkdir()
    parameters = "Parameters:\n  Pin: {Type: String, NoEcho: true, Default: hunter2}\n"
    with pytest.raises(ConfigError, match="MemorySize: must be a number") as caught:
        load(tmp_path, HELLO + "    MemorySize: !Ref Pin\n", head=parameters + SAM)
    assert "hunter2" not in str(caught.value)


def test_a_value_that_only_the_service_can_ask_for_is_no_fault_of_the_template(tmp_path):
    found = load(
        tmp_path,
        HELLO + "    MemorySize: '{{resolve:ssm:/memory}}'\n    Layers: ['{{resolve:ssm:/layer}}']\n",
    )
    (function_read,) = found.functions
    assert (function_read.memory_mb, function_read.layers) == (128, ())
    told = [each.subject for each in found.findings if "when the service runs" in each.text]
    assert told == ["Hello.Properties.MemorySize", "Hello.Properties.Layers"]
