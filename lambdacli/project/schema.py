"""The keys of lam.yaml: one table, which the reader, `lam validate` and the editors' JSON Schema share."""

from __future__ import annotations

import json
import sys

from lambdacli.model import limits
from lambdacli.model.function import Network
from lambdacli.model.limits import ACCOUNT_CONCURRENCY, UNRESERVED_CONCURRENCY_MINIMUM
from lambdacli.model.nearest import nearest
from lambdacli.model.record import record
from lambdacli.project.building import Building
from lambdacli.project.capturing import Capturing
from lambdacli.project.deploy_kinds import (
    Destinations,
    EventInvoke,
    Permissions,
    Policies,
    Retention,
    Sources,
    TargetArn,
)
from lambdacli.project.http_kinds import HTTP_ROUTES, WEBSOCKET_ROUTES, Apis
from lambdacli.project.kinds import (
    AccessPoints,
    AccountNumber,
    Choice,
    DebugSwitch,
    Endpoints,
    Flag,
    Group,
    JsonSchema,
    Kind,
    LayerSubstitutes,
    Number,
    PathList,
    PathText,
    RuntimeIdentifier,
    Tags,
    Text,
    Variables,
    megabytes,
    seconds,
)
from lambdacli.project.policies import IdentityPolicies, Roles
from lambdacli.project.schedule_kinds import ScheduleList
from lambdacli.project.texts import ANY_TEXTS
from lambdacli.project.urls import FunctionUrlSettings

FUNCTION_NAME_PATTERN = rf"[a-zA-Z0-9-_]{{1,{limits.FUNCTION_NAME_LENGTH}}}"
RESERVABLE_CONCURRENCY = ACCOUNT_CONCURRENCY - UNRESERVED_CONCURRENCY_MINIMUM

SERVICES = {
    "apigateway": "API_GATEWAY",
    "appconfigdata": "APPCONFIGDATA",
    "athena": "ATHENA",
    "cloudwatch": "CLOUDWATCH",
    "dynamodb": "DYNAMODB",
    "dynamodbstreams": "DYNAMODB_STREAMS",
    "events": "EVENTBRIDGE",
    "firehose": "FIREHOSE",
    "iam": "IAM",
    "kinesis": "KINESIS",
    "kms": "KMS",
    "logs": "CLOUDWATCH_LOGS",
    "s3": "S3",
    "scheduler": "SCHEDULER",
    "secretsmanager": "SECRETS_MANAGER",
    "sesv2": "SESV2",
    "sns": "SNS",
    "sqs": "SQS",
    "ssm": "SSM",
    "stepfunctions": "SFN",
    "sts": "STS",
}
"""Neighbours of Lambda by their usual names, and what AWS_ENDPOINT_URL_… calls them."""


@record
class Key:
    name: str
    kind: Kind
    default: object
    """What holds when the key is absent; None: nothing."""
    description: str
    example: object
    aliases: tuple[str, ...] = ()
    """What people coming from elsewhere write instead, in small letters."""


TOP_LEVEL = (
    Key(
        "region",
        Text(
            pattern=r"(eusc-)?[a-z]{2}(-gov|-iso[a-z]?)?-[a-z]+-[0-9]", says="a region such as eu-central-1"
        ),
        "us-east-1",
        "The region that functions see and that their ARNs carry.",
        "eu-central-1",
    ),
    Key(
        "account",
        AccountNumber(),
        "000000000000",
        "The account that ARNs carry: 12 digits.",
        "123456789012",
        ("account_id", "accountid"),
    ),
    Key("port", Number(1, 65535), 4566, "The port of the local Lambda API; refused when it is taken.", 4566),
    Key(
        "services",
        Endpoints(tuple(SERVICES)),
        {},
        "Where functions find other AWS services: their SDKs are led to these addresses.",
        {"sqs": "http://127.0.0.1:9324", "dynamodb": "http://127.0.0.1:8000"},
        ("endpoints", "endpoint_urls"),
    ),
    Key(
        "layers",
        LayerSubstitutes(),
        {},
        "What stands for layers of other accounts, by their ARNs with a version or without: a folder, a .zip "
        "file, or a published layer.",
        {"arn:aws:lambda:us-east-1:123456789012:layer:tools": "layers/tools"},
        ("layer_substitutes", "substitutions"),
    ),
    Key(
        "max_environments",
        Number(1, limits.ACCOUNT_CONCURRENCY),
        None,
        "How many execution environments may live at once; the default follows from the machine.",
        20,
    ),
    Key(
        "account_concurrency",
        Number(1, limits.ACCOUNT_CONCURRENCY),
        limits.ACCOUNT_CONCURRENCY,
        "How many invocations the account may run at once; more are throttled, as on AWS.",
        10,
    ),
    Key(
        "idle_exit_minutes",
        Number(1, 7 * 24 * 60),
        30,
        "After how many idle minutes the background service ends.",
        60,
    ),
    Key(
        "file_systems",
        AccessPoints(),
        {},
        "Folders that stand for access points of EFS or S3 Files, by their ARNs; otherwise one below .lam.",
        {"arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0": "shared"},
        ("filesystems", "efs"),
    ),
    Key(
        "durability",
        Choice(("process", "full")),
        "process",
        "What an accepted event survives: any death of a process, or with `full` a power cut too.",
        "full",
    ),
    Key(
        "stream_bandwidth",
        Choice(("lambda", "unlimited")),
        "lambda",
        "How fast streamed responses flow: as on AWS, 2 MB per second after the first 6 MB, or as they come.",
        "unlimited",
    ),
    Key(
        "capture",
        Capturing(),
        None,
        "How many real events of each function are kept for `lam events`, and fields whose values never are.",
        {"events": 50, "redact": ["authorization", "*password*"]},
    ),
    Key(
        "history",
        Group(
            {
                "days": Number(1, 3650),
                "events": Number(1000, 100_000_000),
                "size": megabytes(1, 1024 * 1024),
            }
        ),
        {},
        "What is kept of asynchronous events that came to their end: for 7 days, 100,000 of them, and 256 MB "
        "of payloads and answers, if unsaid.",
        {"days": 30, "events": 1_000_000, "size": "2GB"},
    ),
    Key(
        "strict",
        Flag(),
        False,
        "Whether runtimes are refused by date as AWS refuses them; otherwise their end is only told.",
        True,
    ),
    Key(
        "template",
        PathText(),
        None,
        "A SAM or CloudFormation template whose functions belong to the project too.",
        "template.yaml",
    ),
    Key(
        "parameters",
        ANY_TEXTS,
        {},
        "Values of the template's parameters; `--parameter-overrides` wins over them.",
        {"Stage": "dev"},
        ("parameter_overrides",),
    ),
    Key(
        "imports",
        ANY_TEXTS,
        {},
        "What the template takes from elsewhere: exports of other stacks, and attributes of what is not made "
        "here.",
        {"network-VpcId": "vpc-0123456789abcdef0", "Database.Endpoint.Address": "127.0.0.1"},
        ("exports",),
    ),
    Key(
        "jwt_keys",
        ANY_TEXTS,
        {},
        "Files with the JSON Web Key Sets of issuers, by which JWT and Cognito authorizers of a template "
        "check tokens; one whose issuer is not here lets nobody in.",
        {"https://login.example.com/": "jwks.json"},
        ("jwks",),
    ),
    Key(
        "apis",
        Apis(),
        {},
        "HTTP APIs and load balancers that functions stand behind by their `http`; without a name, default.",
        {"shop": {"type": "rest", "stage": "dev"}},
        ("api", "http_apis"),
    ),
    Key(
        "roles",
        Roles(),
        {},
        "Execution roles, by name or ARN: their trust policy, and the policies attached to them.",
        {"orders": {"policies": ["AWSLambdaBasicExecutionRole"]}},
    ),
    Key(
        "auth",
        Flag(),
        False,
        "Whether the signature of every request over TCP is checked, as by `lam start --auth`.",
        True,
    ),
    Key(
        "keys",
        PathText(),
        None,
        "The file with the access keys that `auth` knows; LAM_KEYS wins over it.",
        "keys.yaml",
    ),
    Key(
        "identities",
        IdentityPolicies(),
        {},
        "With `auth`: the policies of users and roles, by name or ARN; who is not here may do everything.",
        {"arn:aws:iam::123456789012:user/dev": ["AWSLambda_ReadOnlyAccess"]},
    ),
)
"""The keys of the top level beside `functions` and `defaults`."""

FUNCTION = (
    Key("runtime", RuntimeIdentifier(), None, "The Lambda runtime. Required.", "python3.13"),
    Key(
        "handler",
        Text(limits.HANDLER_LENGTH, r"[^\s]+", "a handler without blanks, such as app.handler"),
        None,
        "What is called: file.function. Required, except for provided.* (bootstrap).",
        "app.handler",
    ),
    Key(
        "code",
        PathText(),
        ".",
        "The folder or .zip file with the code, relative to lam.yaml.",
        "src/orders",
        ("codeuri", "code_uri", "path", "folder"),
    ),
    Key(
        "build",
        Building(),
        None,
        "How the code is made of its folder; otherwise the files there tell. `none`: it is sent as it is.",
        {"method": "esbuild", "entry_points": ["src/app.ts"], "arguments": ["--minify"]},
        ("build_method", "buildmethod", "metadata", "package"),
    ),
    Key(
        "description",
        Text(limits.DESCRIPTION_LENGTH),
        "",
        "A description of the function.",
        "Takes orders and stores them",
    ),
    Key(
        "memory",
        megabytes(limits.MEMORY_MB_MINIMUM, limits.MEMORY_MB_MAXIMUM),
        limits.MEMORY_MB_DEFAULT,
        "Memory in MB, or a text such as 512MB or 1GB.",
        "512MB",
        ("memorysize", "memory_size", "memory_mb"),
    ),
    Key(
        "timeout",
        seconds(limits.TIMEOUT_SECONDS_MINIMUM, limits.TIMEOUT_SECONDS_MAXIMUM),
        limits.TIMEOUT_SECONDS_DEFAULT,
        "Seconds an invocation may take, or a text such as 30s or 5m.",
        "30s",
        ("timeout_seconds",),
    ),
    Key(
        "env",
        Variables(),
        None,
        "Environment variables.",
        {"TABLE": "orders", "DEBUG": True},
        ("environment", "variables", "environment_variables"),
    ),
    Key(
        "env_file",
        PathList(is_single_allowed=True),
        (),
        "One or more .env files; `env` wins over them.",
        ".env",
        ("envfile", "env_files", "dotenv"),
    ),
    Key(
        "architecture",
        Choice(("x86_64", "arm64")),
        "x86_64",
        "The instruction set that the function declares.",
        "arm64",
        ("architectures",),
    ),
    Key(
        "ephemeral_storage",
        megabytes(limits.EPHEMERAL_STORAGE_MB_MINIMUM, limits.EPHEMERAL_STORAGE_MB_MAXIMUM),
        limits.EPHEMERAL_STORAGE_MB_DEFAULT,
        "Size of /tmp in MB, or a text such as 1GB.",
        "1GB",
        ("ephemeralstorage", "storage", "tmp"),
    ),
    Key(
        "layers",
        PathList(maximum=limits.LAYERS_PER_FUNCTION),
        (),
        "What makes /opt, in order: folders, .zip files, published layers (name, name:version, or an ARN).",
        ["layers/shared", "libraries:3"],
    ),
    Key(
        "concurrency",
        Number(0, RESERVABLE_CONCURRENCY),
        None,
        "Reserved concurrency: how many invocations may run at once; 0 lets none run.",
        5,
        ("reserved_concurrency", "reservedconcurrentexecutions", "reservedconcurrency"),
    ),
    Key("tags", Tags(), {}, "Tags of the function.", {"team": "orders"}),
    Key(
        "venv",
        PathText(),
        None,
        "A virtual environment whose packages a python function sees.",
        ".venv",
        ("virtualenv", "virtual_environment"),
    ),
    Key(
        "role",
        Text(
            pattern=r"arn:aws[a-zA-Z-]*:iam::[0-9]{12}:role/?[a-zA-Z0-9_+=,.@/-]+",
            says="the ARN of a role such as arn:aws:iam::123456789012:role/orders",
        ),
        None,
        "The execution role; without one, a role called lam of the project's account.",
        "arn:aws:iam::123456789012:role/orders",
    ),
    Key(
        "freeze",
        Flag(),
        True,
        "Whether an environment stands still between invocations, as on AWS.",
        False,
    ),
    Key(
        "preload",
        Flag(),
        True,
        "Whether environments are forked from a process that has third-party modules loaded; otherwise each "
        "is a fresh process.",
        False,
    ),
    Key(
        "cpu_share",
        Flag(),
        True,
        "Whether a function gets CPU time in proportion to its memory, as on AWS.",
        False,
        ("cpushare", "cpu"),
    ),
    Key(
        "debug",
        DebugSwitch(),
        None,
        "Whether a debugger can attach; as a mapping also at which port, and whether events wait for it.",
        {"port": 5678, "wait": True},
        ("debugger", "debugging", "inspect"),
    ),
    Key(
        "network",
        Choice(tuple(Network)),
        Network.HOST.value,
        "The machine's network, or one of the environment's own.",
        "isolated",
    ),
    Key(
        "http",
        HTTP_ROUTES,
        (),
        "Routes that lead to the function: `GET /items/{id}`, or a mapping that names api and authorizer.",
        ["GET /items/{id}", {"route": "ANY /{proxy+}", "api": "shop"}],
        ("route", "routes", "events", "httpapi", "http_api"),
    ),
    Key(
        "websocket",
        WEBSOCKET_ROUTES,
        (),
        "Routes of a WebSocket API that lead to the function: `$connect`, `$disconnect`, `$default`, words "
        "that messages select, or a mapping that says more.",
        ["$connect", {"route": "send", "answer": True}],
        ("websockets", "web_socket", "ws"),
    ),
    Key(
        "url",
        FunctionUrlSettings(),
        False,
        "Whether the function has a URL of its own; a mapping says who may call it, from which pages, and "
        "whether answers are streamed.",
        {"auth": "NONE", "cors": {"origins": ["http://localhost:5173"]}},
        ("function_url", "functionurl", "functionurlconfig", "function_url_config"),
    ),
    Key(
        "policies",
        Policies(),
        (),
        "What the function may do, where its role is made by `lam deploy`: names of managed policies, or "
        "documents. Not beside `role`.",
        ["AmazonSQSFullAccess", {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
    ),
    Key(
        "alias",
        Text(128, r"(?![0-9]+$)[a-zA-Z0-9-_]+", "a name such as live, not a number"),
        None,
        "The alias that callers use: `lam deploy` moves it. Until then it is the code as it is, locally.",
        "live",
        ("autopublishalias", "auto_publish_alias"),
    ),
    Key(
        "dead_letter",
        TargetArn(("sqs", "sns")),
        None,
        "The queue or topic for events that failed for good.",
        "arn:aws:sqs:us-east-1:000000000000:failed",
        ("dlq", "dead_letter_queue", "deadletterqueue", "deadletterconfig", "dead_letter_config"),
    ),
    Key(
        "event_invoke",
        EventInvoke(),
        None,
        "How often (0 to 2) and how long an asynchronous event is tried again.",
        {"retries": 1, "max_age": "30m"},
        ("eventinvokeconfig", "event_invoke_config"),
    ),
    Key(
        "destinations",
        Destinations(),
        None,
        "Who hears of an asynchronous event's end, by ARN.",
        {"on_failure": "arn:aws:sqs:us-east-1:000000000000:failed"},
        ("destination",),
    ),
    Key(
        "sources",
        Sources(),
        (),
        "Queues and streams that the function reads: ARNs, or mappings that say more.",
        [{"source": "arn:aws:sqs:us-east-1:000000000000:orders", "batch_size": 5}],
        ("source", "mappings", "event_source_mappings", "eventsourcemappings"),
    ),
    Key(
        "schedule",
        ScheduleList(),
        (),
        "When the function is invoked by itself: `rate(5 minutes)`, `cron(0 8 ? * MON-FRI *)`, "
        "`at(2030-01-01T09:00:00)`, or mappings that say more.",
        [{"cron": "0 8 ? * MON-FRI *", "timezone": "Europe/Berlin", "input": {"report": "daily"}}],
        ("schedules", "cron", "rate", "timer", "scheduleexpression"),
    ),
    Key(
        "permissions",
        Permissions(),
        (),
        "Who may invoke the function beside its own account: principals, or mappings that say more.",
        ["events.amazonaws.com", {"principal": "s3.amazonaws.com", "source_arn": "arn:aws:s3:::uploads"}],
        ("permission",),
    ),
    Key(
        "provisioned",
        Number(1, ACCOUNT_CONCURRENCY),
        None,
        "Provisioned concurrency of the alias, from its first deployment on.",
        2,
        ("provisioned_concurrency", "provisionedconcurrency", "provisionedconcurrencyconfig"),
    ),
    Key(
        "log_retention",
        Retention(),
        None,
        "For how many days the function's logs are kept.",
        14,
        ("logretention", "retention", "log_retention_days", "retentionindays"),
    ),
)
"""The keys of a function, and of `defaults`."""

TOP_LEVEL_NAMES = (*(key.name for key in TOP_LEVEL), "defaults", "functions")
FUNCTION_NAMES = tuple(key.name for key in FUNCTION)


def unknown_key_hint(name: str, *, is_top_level: bool) -> str:
    """The nearest right key for one that is not known here."""
    keys = TOP_LEVEL if is_top_level else FUNCTION
    here, elsewhere = (TOP_LEVEL_NAMES, FUNCTION_NAMES) if is_top_level else (FUNCTION_NAMES, TOP_LEVEL_NAMES)
    lowered = name.lower().replace("-", "_")
    if lowered in elsewhere:
        place = "a function or defaults" if is_top_level else "the top level"
        return f"{lowered} is a key of {place}"
    for key in keys:
        if lowered in key.aliases:
            return f"did you mean {key.name}?"
    near = nearest(lowered, here)
    return f"did you mean {near}?" if near else f"known are {', '.join(here)}"


def json_schema() -> JsonSchema:
    """The table as JSON Schema, for editors. It is a little wider than the reader: files are not looked at,
    and a text with a unit (`512MB`) is checked for its form only."""
    settings: JsonSchema = {
        "type": ["object", "null"],
        "properties": {key.name: _property(key) for key in FUNCTION},
        "additionalProperties": False,
    }
    functions: JsonSchema = {
        "type": ["object", "null"],
        "description": "The functions, by name.",
        "propertyNames": {"pattern": f"^{FUNCTION_NAME_PATTERN}$"},
        "additionalProperties": {"$ref": "#/$defs/settings"},
    }
    defaults: JsonSchema = {
        "$ref": "#/$defs/settings",
        "description": "Settings of every function that does not say otherwise.",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lam.yaml",
        "description": "A project of AWS Lambda functions.",
        "type": ["object", "null"],
        "properties": {
            **{key.name: _property(key) for key in TOP_LEVEL},
            "defaults": defaults,
            "functions": functions,
        },
        "additionalProperties": False,
        "$defs": {"settings": settings},
    }


def json_schema_text() -> str:
    return json.dumps(json_schema(), indent=2) + "\n"


def _property(key: Key) -> JsonSchema:
    schema = {"description": key.description, **key.kind.json_schema(), "examples": [key.example]}
    return schema if key.default is None else {**schema, "default": key.default}


if __name__ == "__main__":
    # python -m lambdacli.project.schema > lambdacli/project/lam.schema.json
    sys.stdout.write(json_schema_text())
