"""A serverless.yml becomes the resources that the Serverless Framework makes, each at its own line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lambdacli.project.cloudformation.template import Surroundings, Template, TemplateError
from lambdacli.project.foreign.reading import read_template
from lambdacli.project.foreign.serverless import ServerlessOptions, load
from lambdacli.project.foreign.serverless_names import identifier_of, path_identifier, plain_identifier

HEAD = """\
service: shop
provider:
  name: aws
  runtime: python3.12
"""


def load_text(
    folder: Path,
    text: str,
    surroundings: Surroundings | None = None,
    options: ServerlessOptions | None = None,
) -> Template:
    file = folder / "serverless.yml"
    file.write_text(text)
    return load(file, surroundings or Surroundings(), options or ServerlessOptions())[0]


def with_event(event: str, more: str = "") -> str:
    """`event` stands below one function's events, from line 8 on."""
    indented = "".join(f"      {line}\n" for line in event.splitlines())
    function = "functions:\n  say-hello:\n    handler: src/hello.main\n    events:\n"
    auth = "  auth: {handler: src/auth.main}\n"
    return HEAD + function + indented + auth + more


def told(error: TemplateError) -> list[str]:
    return [problem.text(problem.file.parent) for problem in error.problems]


FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:shop-dev-say-hello"


# Functions


def test_a_function_has_the_frameworks_defaults_and_names(tmp_path: Path) -> None:
    template = load_text(tmp_path, HEAD + "functions:\n  say-hello:\n    handler: src/hello.main\n")
    function = template.resources["SayDashhelloLambdaFunction"]
    assert (template.stack, template.region, function.line) == ("shop-dev", "us-east-1", 6)
    assert function.metadata["lam:names"] == ["say-hello"]
    assert function.properties == {
        "FunctionName": "shop-dev-say-hello",
        "Handler": "src/hello.main",
        "Runtime": "python3.12",
        "Code": ".",
        "MemorySize": 1024,
        "Timeout": 6,
        "Role": "arn:aws:iam::000000000000:role/shop-dev-IamRoleLambdaExecution",
    }
    assert function.position_of("Properties.Handler") == 7
    assert function.position_of("Properties.Runtime") == 4


PROVIDER = """\
service: shop
provider:
  name: aws
  runtime: python3.12
  stage: ${opt:stage, 'test'}
  region: eu-west-1
  memorySize: 512
  timeout: 10
  architecture: arm64
  tags: {team: a, kept: yes}
  environment: {SHARED: 1, OVER: provider}
  tracing: {lambda: true}
  kmsKeyArn: arn:aws:kms:eu-west-1:000000000000:key/1
  vpc: {securityGroupIds: [sg-1], subnetIds: [subnet-1]}
  iam:
    role:
      name: worker
      statements: [{Effect: Allow, Action: "sqs:*", Resource: "*"}]
      managedPolicies: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
functions:
  plain: {handler: a.main}
  own:
    handler: b.main
    name: named-${sls:stage}
    runtime: nodejs22.x
    memorySize: 256
    timeout: 3
    architecture: x86_64
    description: does it
    environment: {OVER: function, OWN: !Ref Jobs}
    tags: {team: b}
    role: arn:aws:iam::000000000000:role/other
    ephemeralStorageSize: 1024
    reservedConcurrency: 2
    onError: !GetAtt Jobs.Arn
    fileSystemConfig: {arn: arn:x, localMountPath: /mnt/files}
    snapStart: true
resources:
  Resources:
    Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: "jobs-${sls:stage}"}}
"""


def test_what_the_provider_says_holds_where_a_function_says_nothing(tmp_path: Path) -> None:
    template = load_text(tmp_path, PROVIDER)
    properties = template.resources["PlainLambdaFunction"].properties
    assert template.region == "eu-west-1"
    assert properties["FunctionName"] == "shop-test-plain"
    assert (properties["MemorySize"], properties["Timeout"], properties["Architectures"]) == (
        512,
        10,
        ["arm64"],
    )
    assert properties["Environment"] == {"Variables": {"SHARED": 1, "OVER": "provider"}}
    assert properties["VpcConfig"] == {"SecurityGroupIds": ["sg-1"], "SubnetIds": ["subnet-1"]}
    assert properties["TracingConfig"] == {"Mode": "Active"}
    assert properties["Role"] == "arn:aws:iam::000000000000:role/worker"
    role = template.resources["IamRoleLambdaExecution"].properties
    assert role["Policies"][0]["PolicyDocument"]["Statement"][1]["Action"] == "sqs:*"
    assert role["ManagedPolicyArns"] == ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]


def test_what_a_function_says_comes_before_the_provider(tmp_path: Path) -> None:
    around = Surroundings(overrides={"stage": "prod"})
    properties = load_text(tmp_path, PROVIDER, around).resources["OwnLambdaFunction"].properties
    assert properties["FunctionName"] == "named-prod"
    assert (properties["Runtime"], properties["MemorySize"], properties["Timeout"]) == ("nodejs22.x", 256, 3)
    assert properties["Environment"]["Variables"] == {
        "SHARED": 1,
        "OVER": "function",
        "OWN": "http://127.0.0.1:4566/000000000000/jobs-prod",
    }
    assert {"Key": "team", "Value": "b"} in properties["Tags"]
    assert properties["Role"] == "arn:aws:iam::000000000000:role/other"
    assert properties["DeadLetterConfig"] == {"TargetArn": "arn:aws:sqs:eu-west-1:000000000000:jobs-prod"}
    assert properties["EphemeralStorage"] == {"Size": 1024}
    assert properties["ReservedConcurrentExecutions"] == 2
    assert properties["FileSystemConfigs"] == [{"Arn": "arn:x", "LocalMountPath": "/mnt/files"}]
    assert properties["SnapStart"] == {"ApplyOn": "PublishedVersions"}


def test_urls_destinations_and_provisioned_concurrency_are_resources_of_their_own(tmp_path: Path) -> None:
    text = """\
functions:
  hello:
    handler: a.main
    url: {cors: true, invokeMode: RESPONSE_STREAM}
    provisionedConcurrency: 2
    maximumRetryAttempts: 0
    maximumEventAge: 60
    destinations: {onSuccess: other, onFailure: "arn:aws:sqs:us-east-1:000000000000:failed"}
  other: {handler: b.main, url: {authorizer: aws_iam}}
"""
    resources = load_text(tmp_path, HEAD + text).resources
    target = "arn:aws:lambda:us-east-1:000000000000:function:shop-dev-hello:provisioned"
    assert resources["HelloLambdaFunctionUrl"].properties["TargetFunctionArn"] == target
    assert resources["HelloLambdaFunctionUrl"].properties["InvokeMode"] == "RESPONSE_STREAM"
    assert resources["HelloLambdaFunctionUrl"].properties["Cors"]["AllowOrigins"] == ["*"]
    assert resources["HelloLambdaPermissionFnUrl"].properties["FunctionUrlAuthType"] == "NONE"
    assert resources["OtherLambdaFunctionUrl"].properties["AuthType"] == "AWS_IAM"
    assert "OtherLambdaPermissionFnUrl" not in resources
    alias = resources["HelloProvConcLambdaAlias"].properties
    assert (alias["Name"], alias["ProvisionedConcurrencyConfig"]) == (
        "provisioned",
        {"ProvisionedConcurrentExecutions": 2},
    )
    config = resources["HelloLambdaEvConf"].properties
    assert config == {
        "FunctionName": "shop-dev-hello",
        "Qualifier": "provisioned",
        "DestinationConfig": {
            "OnSuccess": {"Destination": "arn:aws:lambda:us-east-1:000000000000:function:shop-dev-other"},
            "OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:failed"},
        },
        "MaximumRetryAttempts": 0,
        "MaximumEventAgeInSeconds": 60,
    }


def test_layers_and_packages_lie_where_the_file_says(tmp_path: Path) -> None:
    text = """\
package: {patterns: ["!tests/**"], exclude: [docs/**]}
layers:
  shared-code: {path: layers/shared, compatibleRuntimes: [python3.12]}
functions:
  hello: {handler: a.main, layers: [!Ref SharedDashcodeLambdaLayer]}
  packed: {handler: b.main, package: {artifact: build/packed.zip}}
  image: {image: "000000000000.dkr.ecr.us-east-1.amazonaws.com/shop:1"}
"""
    resources = load_text(tmp_path, HEAD + text).resources
    layer = resources["SharedDashcodeLambdaLayer"]
    assert (layer.properties["Content"], layer.properties["LayerName"]) == ("layers/shared", "shared-code")
    assert resources["HelloLambdaFunction"].properties["Layers"] == [layer.reference]
    assert resources["HelloLambdaFunction"].metadata["lam:patterns"][-2:] == ["!docs/**", "!tests/**"]
    assert resources["PackedLambdaFunction"].properties["Code"] == "build/packed.zip"
    image = resources["ImageLambdaFunction"].properties
    assert (image["PackageType"], list(image["Code"])) == ("Image", ["ImageUri"])


@pytest.mark.parametrize(
    ("service", "function", "expected", "remarks"),
    [
        pytest.param("{}", "{}", [], 0, id="nothing said"),
        pytest.param("{patterns: ['!a']}", "{patterns: ['!b']}", ["!a"], 1, id="packed as the service is"),
        pytest.param(
            "{individually: true, patterns: ['!a']}", "{patterns: [b]}", ["!a", "b"], 0, id="each by itself"
        ),
        pytest.param(
            "{patterns: ['!a']}", "{individually: true, patterns: [b]}", ["!a", "b"], 0, id="one only"
        ),
        pytest.param("{include: [b], exclude: [a]}", "{}", ["!a", "b"], 0, id="the older words"),
    ],
)
def test_the_patterns_of_a_function_count_where_it_is_packed_by_itself(
    tmp_path: Path, service: str, function: str, expected: list[str], remarks: int
) -> None:
    text = f"package: {service}\nfunctions:\n  hello: {{handler: a.main, package: {function}}}\n"
    template = load_text(tmp_path, HEAD + text)
    patterns = template.resources["HelloLambdaFunction"].metadata["lam:patterns"]
    assert [each for each in patterns if each.strip("!") in ("a", "b")] == expected
    assert len(template.problems) == remarks


@pytest.mark.parametrize(
    ("file", "head", "expected"),
    [
        ("src/hello.ts", "", "src/hello.ts"),
        ("src/hello.mts", "", "src/hello.mts"),
        ("src/hello.js", "", None),
        ("src/hello.js", "plugins: [serverless-esbuild]\n", "src/hello.js"),
        ("src/hello.js", "plugins: {modules: [serverless-webpack]}\n", "src/hello.js"),
        ("src/other.ts", "", None),
    ],
)
def test_typescript_and_what_a_bundler_makes_is_built(
    tmp_path: Path, file: str, head: str, expected: str | None
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / file).touch()
    text = (
        HEAD.replace("python3.12", "nodejs22.x")
        + head
        + "custom: {esbuild: {external: [pg], minify: true}}\n"
    )
    template = load_text(tmp_path, text + "functions: {hello: {handler: src/hello.main}}\n")
    metadata = template.resources["HelloLambdaFunction"].metadata
    if expected is None:
        assert "BuildMethod" not in metadata
    else:
        options = {"EntryPoints": [expected], "External": ["pg"], "Minify": True}
        assert (metadata["BuildMethod"], metadata["BuildProperties"]) == ("esbuild", options)


# Events: each a YAML item, the logical id of what it makes, and some of its properties


EVENTS: list[tuple[str, str, dict[str, Any]]] = [
    ("- http: GET /orders/{id}", "ApiGatewayMethodOrdersIdVarGet", {"HttpMethod": "GET"}),
    ("- http: {path: /, method: any}", "ApiGatewayMethodAny", {"HttpMethod": "ANY"}),
    ("- http: {path: a/b, method: post, private: true}", "ApiGatewayMethodABPost", {"ApiKeyRequired": True}),
    (
        "- http: {path: a, method: get, authorizer: auth}",
        "AuthApiGatewayAuthorizer",
        {"Type": "TOKEN", "IdentitySource": "method.request.header.Authorization"},
    ),
    (
        "- http: {path: a, method: get, authorizer: aws_iam}",
        "ApiGatewayMethodAGet",
        {"AuthorizationType": "AWS_IAM"},
    ),
    ("- http: {path: a, method: get, cors: true}", "ApiGatewayMethodAOptions", {"HttpMethod": "OPTIONS"}),
    ("- httpApi: GET /orders/{id}", "HttpApiRouteGetOrdersIdVar", {"RouteKey": "GET /orders/{id}"}),
    ("- httpApi: '*'", "HttpApiRouteDefault", {"RouteKey": "$default"}),
    ("- httpApi: {method: '*', path: /x}", "HttpApiRouteAnyX", {"RouteKey": "ANY /x"}),
    ("- httpApi: GET /x", "HttpApiIntegrationSayDashhello", {"PayloadFormatVersion": "2.0"}),
    ("- httpApi: GET /x", "HttpApi", {"Name": "dev-shop", "ProtocolType": "HTTP"}),
    ("- websocket: $connect", "SconnectWebsocketsRoute", {"RouteKey": "$connect"}),
    (
        "- websocket: {route: chat, authorizer: auth}",
        "AuthWebsocketsAuthorizer",
        {"IdentitySource": ["route.request.header.Auth"]},
    ),
    (
        "- schedule: rate(5 minutes)",
        "SayDashhelloEventsRuleSchedule1",
        {"ScheduleExpression": "rate(5 minutes)", "State": "ENABLED"},
    ),
    (
        "- schedule: {rate: ['rate(1 hour)', 'rate(2 hours)'], enabled: false, input: {a: 1}}",
        "SayDashhelloEventsRuleSchedule2",
        {
            "ScheduleExpression": "rate(2 hours)",
            "State": "DISABLED",
            "Targets": [{"Arn": FUNCTION, "Id": "say-helloSchedule", "Input": '{"a":1}'}],
        },
    ),
    (
        "- schedule: {rate: rate(1 hour), method: scheduler, timezone: Europe/Paris}",
        "SayDashhelloSchedulerSchedule1",
        {"ScheduleExpressionTimezone": "Europe/Paris"},
    ),
    (
        "- sqs: arn:aws:sqs:us-east-1:000000000000:jobs",
        "SayDashhelloEventSourceMappingSQSJobs",
        {"BatchSize": 10, "Enabled": True, "FunctionName": FUNCTION},
    ),
    (
        "- sqs: {arn: !GetAtt Jobs.Arn, batchSize: 3, maximumBatchingWindow: 0, maximumConcurrency: 5,\n"
        "    functionResponseType: ReportBatchItemFailures, filterPatterns: [{body: {a: [1]}}]}",
        "SayDashhelloEventSourceMappingSQSJobs",
        {
            "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:shop-dev-Jobs",
            "BatchSize": 3,
            "MaximumBatchingWindowInSeconds": 0,
            "ScalingConfig": {"MaximumConcurrency": 5},
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "FilterCriteria": {"Filters": [{"Pattern": '{"body":{"a":[1]}}'}]},
        },
    ),
    (
        "- stream: arn:aws:kinesis:us-east-1:000000000000:stream/clicks",
        "SayDashhelloEventSourceMappingKinesisClicks",
        {"StartingPosition": "TRIM_HORIZON", "BatchSize": 10},
    ),
    (
        "- stream: {type: dynamodb, arn: !GetAtt Orders.StreamArn, bisectBatchOnFunctionError: true,\n"
        "    destinations: {onFailure: 'arn:aws:sqs:us-east-1:000000000000:f'}, batchWindow: 2}",
        "SayDashhelloEventSourceMappingDynamodbOrders",
        {
            "BisectBatchOnFunctionError": True,
            "MaximumBatchingWindowInSeconds": 2,
            "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:f"}},
        },
    ),
    ("- sns: news", "SNSTopicNews", {"TopicName": "news"}),
    (
        "- sns: {arn: !Ref Topic, topicName: own, filterPolicy: {kind: [a]}}",
        "SayDashhelloSnsSubscriptionOwn",
        {"Endpoint": FUNCTION, "Protocol": "lambda", "FilterPolicy": {"kind": ["a"]}},
    ),
    (
        "- sns: arn:aws:sns:us-east-1:000000000000:other",
        "SayDashhelloSnsSubscriptionOther",
        {"TopicArn": "arn:aws:sns:us-east-1:000000000000:other"},
    ),
    (
        "- s3: photos",
        "S3BucketPhotos",
        {
            "BucketName": "photos",
            "NotificationConfiguration": {
                "LambdaConfigurations": [{"Event": "s3:ObjectCreated:*", "Function": FUNCTION}]
            },
        },
    ),
    (
        "- s3: {bucket: photos, event: 's3:ObjectRemoved:*', rules: [{prefix: a/}, {suffix: .png}]}",
        "S3BucketPhotos",
        {
            "NotificationConfiguration": {
                "LambdaConfigurations": [
                    {
                        "Event": "s3:ObjectRemoved:*",
                        "Function": FUNCTION,
                        "Filter": {
                            "S3Key": {
                                "Rules": [
                                    {"Name": "prefix", "Value": "a/"},
                                    {"Name": "suffix", "Value": ".png"},
                                ]
                            }
                        },
                    }
                ]
            },
        },
    ),
    (
        "- s3: {bucket: !Ref Files, existing: true}",
        "Files",
        {
            "BucketName": "files",
            "NotificationConfiguration": {
                "LambdaConfigurations": [{"Event": "s3:ObjectCreated:*", "Function": FUNCTION}]
            },
        },
    ),
    (
        "- eventBridge: {eventBus: orders, pattern: {source: [shop]}}",
        "Shopdevsayhellorule1EventBridgeRule",
        {"EventBusName": "orders", "EventPattern": {"source": ["shop"]}, "Name": "shop-dev-say-hello-rule-1"},
    ),
    (
        "- eventBridge: {eventBus: my-bus, schedule: rate(1 day)}",
        "MyDashbusEventBridgeEventBus",
        {"Name": "my-bus"},
    ),
    (
        "- cloudwatchEvent: {event: {source: [aws.ec2]}}",
        "SayDashhelloEventsRuleCloudWatchEvent1",
        {"EventPattern": {"source": ["aws.ec2"]}},
    ),
    (
        "- cloudwatchLog: /aws/lambda/x",
        "SayDashhelloLogsSubscriptionFilterCloudWatchLog1",
        {"LogGroupName": "/aws/lambda/x", "FilterPattern": ""},
    ),
    ("- iot: {sql: SELECT 1}", "SayDashhelloIotTopicRule1", {}),
    (
        "- cognitoUserPool: {pool: users, trigger: PreSignUp}",
        "CognitoUserPoolUsers",
        {"LambdaConfig": {"PreSignUp": FUNCTION}},
    ),
    (
        "- alb: {listenerArn: 'arn:l', priority: 3, conditions: {path: /x, method: [GET]}}",
        "SayDashhelloAlbListenerRule3",
        {
            "Priority": 3,
            "Conditions": [
                {"Field": "path-pattern", "Values": ["/x"]},
                {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
            ],
        },
    ),
    (
        "- msk: {arn: 'arn:aws:kafka:us-east-1:000000000000:cluster/c/1', topic: t}",
        "SayDashhelloEventSourceMappingMSKCT",
        {"Topics": ["t"]},
    ),
    (
        "- kafka: {bootstrapServers: ['a:9092'], topic: t,\n"
        "    accessConfigurations: {saslScram512Auth: 'arn:s'}}",
        "SayDashhelloEventSourceMappingKafkaT",
        {"SourceAccessConfigurations": [{"Type": "SASL_SCRAM_512_AUTH", "URI": "arn:s"}]},
    ),
    (
        "- rabbitmq: {arn: 'arn:b', queue: q, basicAuthArn: 'arn:s', virtualHost: v}",
        "SayDashhelloEventSourceMappingRabbitMQQ",
        {
            "SourceAccessConfigurations": [
                {"Type": "BASIC_AUTH", "URI": "arn:s"},
                {"Type": "VIRTUAL_HOST", "URI": "v"},
            ]
        },
    ),
    (
        "- activemq: {arn: 'arn:b', queue: q, basicAuthArn: 'arn:s'}",
        "SayDashhelloEventSourceMappingActiveMQQ",
        {},
    ),
    ("- alexaSkill", "SayDashhelloLambdaPermissionAlexaSkill1", {"Principal": "alexa-appkit.amazon.com"}),
]

BESIDE = """\
resources:
  Resources:
    Jobs: {Type: AWS::SQS::Queue}
    Orders: {Type: AWS::DynamoDB::Table, Properties: {StreamSpecification: {StreamViewType: NEW_IMAGE}}}
    Topic: {Type: AWS::SNS::Topic}
    Files: {Type: AWS::S3::Bucket, Properties: {BucketName: files}}
"""


@pytest.mark.parametrize(("event", "logical_id", "some"), EVENTS, ids=[event for event, _, _ in EVENTS])
def test_an_event_becomes(tmp_path: Path, event: str, logical_id: str, some: dict[str, Any]) -> None:
    template = load_text(tmp_path, with_event(event, BESIDE))
    assert logical_id in template.resources, [*template.resources]
    resource = template.resources[logical_id]
    assert {key: resource.properties.get(key) for key in some} == some
    if logical_id != "Files":
        assert resource.line == 9


def test_the_role_may_read_what_the_functions_events_name(tmp_path: Path) -> None:
    stream = "- stream: {type: dynamodb, arn: !GetAtt Orders.StreamArn}"
    for event, actions in (
        ("- sqs: !GetAtt Jobs.Arn", "sqs:ReceiveMessage"),
        (stream, "dynamodb:GetRecords"),
    ):
        resources = load_text(tmp_path, with_event(event, BESIDE)).resources
        (policy,) = resources["IamRoleLambdaExecution"].properties["Policies"]
        (statement,) = [
            each
            for each in policy["PolicyDocument"]["Statement"]
            if each["Action"][0].startswith(actions[:4])
        ]
        assert actions in statement["Action"]
        assert len(statement["Resource"]) == 1


def test_an_authorizer_of_an_http_api_is_the_providers(tmp_path: Path) -> None:
    text = with_event("- httpApi: {method: GET, path: /a, authorizer: {name: decide}}").replace(
        "  runtime: python3.12\n",
        "  runtime: python3.12\n"
        "  httpApi:\n    cors: {allowedOrigins: ['https://a.example'], allowCredentials: true}\n"
        "    authorizers:\n      decide: {type: request, functionName: auth, enableSimpleResponses: true}\n",
    )
    resources = load_text(tmp_path, text).resources
    authorizer = resources["HttpApiAuthorizerDecide"].properties
    assert authorizer["AuthorizerType"] == "REQUEST"
    assert "function:shop-dev-auth" in authorizer["AuthorizerUri"]
    assert resources["HttpApiRouteGetA"].properties["AuthorizationType"] == "CUSTOM"
    assert resources["HttpApi"].properties["CorsConfiguration"]["AllowOrigins"] == ["https://a.example"]


def test_functions_and_resources_may_be_lists_of_files(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("one:\n  handler: a.main\n")
    (tmp_path / "r.json").write_text('{"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}}')
    text = HEAD + (
        "functions:\n  - ${file(./a.yml)}\n  - two: {handler: b.main}\n"
        "resources:\n  - ${file(./r.json)}\n  - Outputs: {Queue: {Value: !Ref Jobs}}\n"
        "    extensions: {TwoLambdaFunction: {Properties: {Description: extended}}}\n"
    )
    template = load_text(tmp_path, text)
    one = template.resources["OneLambdaFunction"]
    assert (one.file.name, one.line) == ("a.yml", 1)
    assert template.resources["TwoLambdaFunction"].properties["Description"] == "extended"
    assert template.outputs["Queue"].value.endswith("/shop-dev-Jobs")


def test_the_files_that_were_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("one:\n  handler: a.main\n")
    (tmp_path / ".env.dev").write_text("NAME=dev\n")
    file = tmp_path / "serverless.yml"
    file.write_text(HEAD + "useDotenv: true\ncustom: {name: '${env:NAME}'}\nfunctions: ${file(./a.yml)}\n")
    _, files = load(file, Surroundings(), ServerlessOptions())
    assert [each.name for each in files] == ["serverless.yml", ".env.dev", "a.yml"]


@pytest.mark.parametrize(
    ("head", "files", "expected"),
    [
        ("useDotenv: true\n", {".env": "NAME=file"}, "file"),
        ("useDotenv: true\n", {".env": "NAME=file", ".env.dev": "NAME=stage"}, "stage"),
        ("frameworkVersion: '4'\n", {".env": "NAME=file"}, "file"),
        ("", {".env": "NAME=file"}, "fallback"),
    ],
)
def test_dotenv_files_count_where_the_framework_reads_them(
    tmp_path: Path, head: str, files: dict[str, str], expected: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    text = HEAD + head + "functions: {hello: {handler: a.main, description: \"${env:NAME, 'fallback'}\"}}\n"
    properties = load_text(tmp_path, text).resources["HelloLambdaFunction"].properties
    assert properties["Description"] == expected


def test_the_real_environment_comes_before_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NAME=file\n")
    text = HEAD + "useDotenv: true\nfunctions: {hello: {handler: a.main, description: '${env:NAME}'}}\n"
    template = load_text(tmp_path, text, options=ServerlessOptions({"NAME": "real"}))
    assert template.resources["HelloLambdaFunction"].properties["Description"] == "real"


def test_a_serverless_json_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "serverless.json"
    functions = {"hello": {"handler": "a.main"}}
    provider = {"name": "aws", "runtime": "python3.12"}
    file.write_text(json.dumps({"service": "shop", "provider": provider, "functions": functions}))
    template, _ = load(file, Surroundings(), ServerlessOptions())
    assert template.resources["HelloLambdaFunction"].properties["FunctionName"] == "shop-dev-hello"


# What is wrong, and what is left out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("provider: {name: aws}\n", "serverless.yml:1:1: service: has no name; for example `service: shop`"),
        (
            "service: shop\nprovider: google\n",
            "serverless.yml:2:1: provider: the provider is google; only `provider: name: aws` runs here",
        ),
        (
            HEAD + "functions:\n  hello: {memorySize: 512}\n",
            "serverless.yml:6:3: functions.hello: has neither handler nor image; "
            "for example `handler: app.handler`",
        ),
        (
            HEAD + "functions:\n  hello: app.main\n",
            "serverless.yml:6:3: functions.hello: must be a mapping; with `handler: file.function`",
        ),
        (
            with_event("- http: {path: a}"),
            "serverless.yml:9:9: functions.say-hello.events.0.http: needs a method and a path; "
            "for example `http: GET /items/{id}`",
        ),
        (
            with_event("- http: {path: a, method: get, authorizer: nobody}"),
            "serverless.yml:9:38: functions.say-hello.events.0.http.authorizer: nobody names no function of "
            "the service; functions are say-hello, auth",
        ),
        (
            with_event("- httpApi: {path: /a, method: get, authorizer: {name: nobody}}"),
            "serverless.yml:9:42: functions.say-hello.events.0.httpApi.authorizer: there is no authorizer "
            "nobody; write it below provider: httpApi: authorizers",
        ),
        (
            with_event("- sqs: {batchSize: 3}"),
            "serverless.yml:9:9: functions.say-hello.events.0.sqs: has no arn; "
            "name the ARN of what sends the events",
        ),
        (
            HEAD + "functions:\n  a: {handler: a.b, destinations: {onFailure: nobody}}\n",
            "serverless.yml:6:36: functions.a.destinations.onFailure: nobody is neither an ARN nor a "
            "function of the service; functions are a",
        ),
        (
            HEAD + "resources: {extensions: {Nothing: {Properties: {}}}}\n",
            "serverless.yml:5:26: resources.extensions.Nothing: there is no resource Nothing to be extended; "
            "write it below Resources",
        ),
        (
            HEAD + "functions:\n  hello: {handler: '${env:NOPE}'}\n",
            "serverless.yml:6:11: functions.hello.handler: ${env:NOPE} has no value; set NOPE in the "
            "environment, or write a fallback: ${env:NOPE, 'value'}",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(TemplateError) as caught:
        load_text(tmp_path, text)
    assert expected in told(caught.value)


def test_what_is_left_out_is_remarked_with_its_line(tmp_path: Path) -> None:
    text = HEAD + (
        "plugins: [serverless-offline, serverless-unheard-of]\n"
        "functionz: {}\n"
        "functions:\n  hello:\n    handler: a.main\n    memory: 512\n"
        "    events: [{shedul: rate(1 minute)}]\n"
    )
    remarks = [problem.text(tmp_path) for problem in load_text(tmp_path, text).problems]
    assert remarks == [
        "serverless.yml:6:1: functionz: is not known to lam; did you mean functions?",
        "serverless.yml:10:5: functions.hello.memory: is not known to lam; did you mean memorySize?",
        "serverless.yml:11:15: functions.hello.events.0.shedul: shedul is an event that lam does not know; "
        "did you mean schedule?",
        "serverless.yml:5:11: plugins.0: the plugin serverless-offline is not run; lam itself serves the "
        "functions and their APIs",
        "serverless.yml:5:31: plugins.1: the plugin serverless-unheard-of is not run",
    ]


# Names


@pytest.mark.parametrize(
    ("name", "expected"),
    [("hello", "Hello"), ("helloWorld", "HelloWorld"), ("hello-world_x", "HelloDashworldUnderscorex")],
)
def test_logical_ids_begin_with(name: str, expected: str) -> None:
    assert identifier_of(name) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("orders/{id}", "OrdersIdVar"),
        ("users/{userId}/some-thing_x/fooBar/v1.0", "UsersUseridVarSomeDashthingxFoobarV10"),
        ("{proxy+}", "ProxyVar"),
        ("", ""),
    ],
)
def test_paths_are_in_logical_ids_as(path: str, expected: str) -> None:
    assert path_identifier(path) == expected


def test_sources_are_in_logical_ids_without_their_signs() -> None:
    assert plain_identifier("my-queue_x.fifo") == "Myqueuexfifo"


@pytest.mark.parametrize(
    ("option", "overrides", "variable", "stage"),
    [
        pytest.param(None, {}, {}, "test", id="the file's own"),
        pytest.param(None, {}, {"LAM_STAGE": "prod"}, "prod", id="that of the environment"),
        pytest.param(None, {"stage": "qa"}, {"LAM_STAGE": "prod"}, "qa", id="an override wins over it"),
        pytest.param("beta", {"stage": "qa"}, {"LAM_STAGE": "prod"}, "beta", id="the option wins over all"),
    ],
)
def test_the_stage_is_said_in_three_places(
    tmp_path: Path, option: str | None, overrides: dict[str, str], variable: dict[str, str], stage: str
) -> None:
    file = tmp_path / "serverless.yml"
    file.write_text(HEAD + "  stage: ${opt:stage, 'test'}\nfunctions: {hello: {handler: a.main}}\n")
    template, _ = read_template(file, Surroundings(overrides=overrides), variable, option)
    assert template.stack == f"shop-{stage}"


def test_only_a_serverless_yml_has_stages(tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    file.write_text("Resources: {}\n")
    with pytest.raises(TemplateError) as error:
        read_template(file, Surroundings(), {}, "prod")
    assert told(error.value) == ["template.yaml:1:1: has no stages: a serverless.yml has; leave out --stage"]
