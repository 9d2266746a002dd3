"""Which rights a function's configuration implies."""

from __future__ import annotations

import json

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.mapping import SourceKind
from lambdacli.model.policy_document import PolicyKind, policy_of
from lambdacli.model.sending_rights import missing_right, sender
from lambdacli.project.policy_templates import TEMPLATES, Here
from lambdacli.project.role_policy import (
    PolledSource,
    RoleNeeds,
    RolePolicyError,
    partition_of,
    role_policy,
)

ACCOUNT = "111111111111"
HERE = Here("aws", "eu-west-1", ACCOUNT)
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
VPC = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
XRAY = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"

QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs"
STREAM = f"arn:aws:kinesis:eu-west-1:{ACCOUNT}:stream/clicks"
CONSUMER = f"{STREAM}/consumer/lam:1700000000"
TABLE_STREAM = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders/stream/2026-01-01T00:00:00.000"
CLUSTER = f"arn:aws:kafka:eu-west-1:{ACCOUNT}:cluster/events/0000-1"
BROKER = f"arn:aws:mq:eu-west-1:{ACCOUNT}:broker:jobs:b-1"
DOCUMENTS = f"arn:aws:rds:eu-west-1:{ACCOUNT}:cluster:docs"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:broker-AbCdEf"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:failed"
BUS = f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/main"
BUCKET = "arn:aws:s3:::failures"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:next"
ACCESS_POINT = f"arn:aws:elasticfilesystem:eu-west-1:{ACCOUNT}:access-point/fsap-0123456789abcdef0"
S3_ACCESS_POINT = f"arn:aws:s3files:eu-west-1:{ACCOUNT}:file-system/fs-1/access-point/fsap-0123456789abcdef0"

INTERFACES = [
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
]


def allowed(**needs):
    """What the role's own policy allows, as (actions, resources) of each statement."""
    policy = role_policy(RoleNeeds(HERE, **needs))
    statements = (policy.document or {}).get("Statement", [])
    assert all(statement["Effect"] == "Allow" for statement in statements)
    return [(statement["Action"], statement["Resource"]) for statement in statements]


@pytest.mark.parametrize(
    ("needs", "managed"),
    [
        ({}, {BASIC}),
        ({"is_in_vpc": True}, {VPC}),
        ({"is_traced": True}, {BASIC, XRAY}),
        ({"is_in_vpc": True, "is_traced": True}, {VPC, XRAY}),
        (
            {"policies": ("AmazonS3ReadOnlyAccess",)},
            {BASIC, "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},
        ),
        (
            {"policies": ("AWSLambdaRole",)},
            {BASIC, "arn:aws:iam::aws:policy/service-role/AWSLambdaRole"},
        ),
        (
            {"policies": (f"arn:aws:iam::{ACCOUNT}:policy/ours",)},
            {BASIC, f"arn:aws:iam::{ACCOUNT}:policy/ours"},
        ),
        ({"policies": ("AWSLambdaBasicExecutionRole",)}, {BASIC}),
    ],
    ids=[
        "every function writes its log",
        "in a VPC it makes interfaces, and writes its log",
        "traced, it sends segments",
        "in a VPC and traced",
        "a managed policy is named",
        "a managed policy below a path is named",
        "a policy of the account is named by its ARN",
        "what it has anyway is named again",
    ],
)
def test_managed_policies_follow_from_what_the_function_does(needs, managed):
    policy = role_policy(RoleNeeds(HERE, **needs))
    assert set(policy.managed) == managed
    assert len(policy.managed) == len(managed)
    assert policy.document is None and policy.document_text is None


@pytest.mark.parametrize(
    ("source", "statements"),
    [
        (
            PolledSource(SourceKind.SQS, QUEUE),
            [(["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], [QUEUE])],
        ),
        (
            PolledSource(SourceKind.KINESIS, STREAM),
            [
                (["kinesis:ListStreams"], ["*"]),
                (
                    [
                        "kinesis:DescribeStream",
                        "kinesis:DescribeStreamSummary",
                        "kinesis:GetRecords",
                        "kinesis:GetShardIterator",
                        "kinesis:ListShards",
                    ],
                    [STREAM],
                ),
            ],
        ),
        (
            PolledSource(SourceKind.KINESIS, CONSUMER),
            [
                (["kinesis:ListStreams"], ["*"]),
                (
                    [
                        "kinesis:DescribeStream",
                        "kinesis:DescribeStreamSummary",
                        "kinesis:GetRecords",
                        "kinesis:GetShardIterator",
                        "kinesis:ListShards",
                    ],
                    [STREAM],
                ),
                (["kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"], [CONSUMER]),
            ],
        ),
        (
            PolledSource(SourceKind.DYNAMODB, TABLE_STREAM),
            [
                (["dynamodb:ListStreams"], ["*"]),
                (
                    ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
                    [TABLE_STREAM],
                ),
            ],
        ),
        (
            PolledSource(SourceKind.MSK, CLUSTER, topic="clicks", consumer_group="lam"),
            [
                (
                    ["kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"],
                    [CLUSTER],
                ),
                (INTERFACES, ["*"]),
                (["kafka-cluster:Connect", "kafka-cluster:DescribeClusterDynamicConfiguration"], [CLUSTER]),
                (
                    ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"],
                    [f"arn:aws:kafka:eu-west-1:{ACCOUNT}:group/events/0000-1/lam"],
                ),
                (
                    ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"],
                    [f"arn:aws:kafka:eu-west-1:{ACCOUNT}:topic/events/0000-1/clicks"],
                ),
            ],
        ),
        (
            PolledSource(SourceKind.MSK, CLUSTER, secrets=(SECRET,)),
            [
                (
                    ["kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"],
                    [CLUSTER],
                ),
                (INTERFACES, ["*"]),
                (["secretsmanager:GetSecretValue"], [SECRET]),
            ],
        ),
        (PolledSource(SourceKind.SELF_MANAGED_KAFKA), []),
        (
            PolledSource(SourceKind.SELF_MANAGED_KAFKA, secrets=(SECRET,), is_in_vpc=True),
            [(INTERFACES, ["*"]), (["secretsmanager:GetSecretValue"], [SECRET])],
        ),
        (
            PolledSource(SourceKind.MQ, BROKER, secrets=(SECRET,)),
            [
                (["mq:DescribeBroker"], [BROKER]),
                (INTERFACES, ["*"]),
                (["secretsmanager:GetSecretValue"], [SECRET]),
            ],
        ),
        (
            PolledSource(SourceKind.DOCUMENT_DB, DOCUMENTS, secrets=(SECRET,)),
            [
                (["rds:DescribeDBClusters"], [DOCUMENTS]),
                (["rds:DescribeDBClusterParameters", "rds:DescribeDBSubnetGroups"], ["*"]),
                (INTERFACES, ["*"]),
                (["secretsmanager:GetSecretValue"], [SECRET]),
            ],
        ),
    ],
    ids=[
        "a queue",
        "a stream",
        "a stream by a consumer of its own",
        "a table's stream",
        "a Kafka cluster that asks IAM",
        "a Kafka cluster with a password",
        "Kafka elsewhere, open to all",
        "Kafka elsewhere, in a VPC and with a password",
        "a broker",
        "a document database",
    ],
)
def test_a_source_needs_what_its_poller_does(source, statements):
    assert allowed(sources=(source,)) == statements


def test_every_kind_of_source_is_known():
    for kind in SourceKind:
        role_policy(RoleNeeds(HERE, sources=(PolledSource(kind, "arn:aws:x:eu-west-1:1:y"),)))


@pytest.mark.parametrize("target", [QUEUE, TOPIC, BUS, BUCKET, FUNCTION])
@pytest.mark.parametrize("where", ["dead letters", "a destination", "failed batches"])
def test_what_is_sent_to_is_what_the_service_asks_the_role_for(target, where):
    needs = {
        "dead letters": {"dead_letter": target},
        "a destination": {"destinations": (target,)},
        "failed batches": {"sources": (PolledSource(SourceKind.SQS, QUEUE, failure_destination=target),)},
    }[where]
    policy = role_policy(RoleNeeds(HERE, **needs))
    key = FunctionKey(ACCOUNT, "eu-west-1", "orders")
    caller = sender(f"arn:aws:iam::{ACCOUNT}:role/orders", key)
    held = policy_of(dict(policy.document or {}), PolicyKind.IDENTITY)
    assert missing_right(caller, key, target, [held]) is None
    other = {QUEUE: TOPIC}.get(target, QUEUE)
    assert missing_right(caller, key, other + "2", [held]) is not None


def test_a_failed_batch_can_go_to_a_topic_of_the_cluster():
    source = PolledSource(SourceKind.MSK, CLUSTER, secrets=(SECRET,), failure_destination="kafka://dead")
    assert (
        ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData", "kafka-cluster:WriteDataIdempotently"],
        [f"arn:aws:kafka:eu-west-1:{ACCOUNT}:topic/events/0000-1/dead"],
    ) in allowed(sources=(source,))


def test_a_file_system_is_used_through_its_access_point_only():
    policy = role_policy(RoleNeeds(HERE, access_points=(ACCESS_POINT,), is_in_vpc=True))
    (statement,) = policy.document["Statement"]
    assert statement["Action"] == ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    assert statement["Resource"] == [f"arn:aws:elasticfilesystem:eu-west-1:{ACCOUNT}:file-system/*"]
    assert statement["Condition"] == {"StringEquals": {"elasticfilesystem:AccessPointArn": ACCESS_POINT}}


def test_an_access_point_that_names_its_file_system_needs_no_condition():
    assert allowed(access_points=(S3_ACCESS_POINT,)) == [
        (
            ["s3files:ClientMount", "s3files:ClientWrite"],
            [f"arn:aws:s3files:eu-west-1:{ACCOUNT}:file-system/fs-1"],
        )
    ]


def test_sources_of_a_kind_share_a_statement():
    other = f"{QUEUE}-2"
    assert allowed(sources=(PolledSource(SourceKind.SQS, other), PolledSource(SourceKind.SQS, QUEUE))) == [
        (["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], [QUEUE, other])
    ]


def test_the_same_needs_in_another_order_are_the_same_text():
    sources = (PolledSource(SourceKind.SQS, QUEUE), PolledSource(SourceKind.KINESIS, STREAM))
    one = RoleNeeds(HERE, sources=sources, destinations=(TOPIC, BUS))
    other = RoleNeeds(HERE, sources=sources[::-1], destinations=(BUS, TOPIC))
    assert role_policy(one).document_text == role_policy(other).document_text


STATEMENT = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}


@pytest.mark.parametrize(
    "given",
    [
        STATEMENT,
        {"Statement": STATEMENT},
        {"Statement": [STATEMENT]},
        {"Version": "2012-10-17", "Statement": [STATEMENT]},
    ],
    ids=["a statement", "a document of one", "a document with a list", "a document with its version"],
)
def test_policies_may_hold_documents(given):
    policy = role_policy(RoleNeeds(HERE, policies=(given,)))
    assert policy.document == {"Version": "2012-10-17", "Statement": [STATEMENT]}
    assert json.loads(policy.document_text or "") == policy.document


def test_policies_may_name_what_they_are_for():
    assert allowed(policies=({"SQSSendMessagePolicy": {"QueueName": "jobs"}},)) == [
        (["sqs:SendMessage"], [QUEUE])
    ]
    assert allowed(policies=({"SSMParameterReadPolicy": {"ParameterName": "/app/key"}},))[1][1] == [
        f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/app/key"
    ]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_makes_statements_that_are_policies(name):
    with pytest.raises(RolePolicyError) as caught:
        allowed(policies=({name: {}},))
    parameters = caught.value.message.partition(" takes ")[2].partition(", not")[0].split(", ")
    values = {each: "*" if each.endswith("Arn") else "x" for each in parameters}
    assert "${" not in str(allowed(policies=({name: values},)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("arn:aws:iam::1:role/x", "policies[0]: arn:aws:iam::1:role/x is not the ARN of a policy"),
        ("two words", "policies[0]: 'two words' is not the name of a managed policy"),
        ({"Effect": "Allow", "Action": "s3:*"}, "policies[0]: statement 1: Missing required field Resource"),
        (
            {"Statement": {**STATEMENT, "Principal": "*"}},
            "policies[0]: statement 1: Policy document should not specify a principal.",
        ),
        (
            {"SQSSendMessagePolicies": {"QueueName": "x"}},
            "policies[0]: SQSSendMessagePolicies is no set of rights that is known here; did you mean "
            "SQSSendMessagePolicy?",
        ),
        (
            {"SQSSendMessagePolicy": {"Queue": "x"}},
            "policies[0]: SQSSendMessagePolicy takes QueueName, not Queue",
        ),
        (
            {"SQSSendMessagePolicy": "jobs"},
            "policies[0]: SQSSendMessagePolicy must be a mapping of parameters to values",
        ),
        (
            {"Statement": [{**STATEMENT, "Sid": f"s{number}"} for number in range(200)]},
            "the rights of the function take 14328 characters, and a role holds 10240; put some into a "
            "managed policy and name that in `policies`",
        ),
    ],
    ids=[
        "an ARN of something else",
        "no name at all",
        "a statement that lacks something",
        "a principal, which the role itself is",
        "an unknown template",
        "a wrong parameter",
        "a template without parameters",
        "more than a role holds",
    ],
)
def test_a_wrong_policy_says_what_is_wrong(given, message):
    with pytest.raises(RolePolicyError) as caught:
        role_policy(RoleNeeds(HERE, policies=(given,)))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-central-1", "aws"),
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_managed_policies_lie_in_the_partition_of_the_region(region, partition):
    here = Here(partition_of(region), region, ACCOUNT)
    assert role_policy(RoleNeeds(here)).managed[0].startswith(f"arn:{partition}:iam::aws:policy/")
