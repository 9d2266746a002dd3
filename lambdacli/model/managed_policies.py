"""AWS's managed policies that concern Lambda, by their names, as lam.yaml may write them. Data."""

from __future__ import annotations

from functools import cache

from lambdacli.model.policy_document import PolicyDocument, PolicyKind, policy_of

_LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
_LOOK_AROUND = (
    "cloudformation:DescribeStacks",
    "cloudformation:ListStackResources",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListMetrics",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "kms:ListAliases",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:ListRoles",
    "logs:DescribeLogGroups",
    "states:DescribeStateMachine",
    "states:ListStateMachines",
    "tag:GetResources",
    "xray:GetTraceSummaries",
    "xray:BatchGetTraces",
)
_READ_LOGS: dict[str, object] = {
    "Effect": "Allow",
    "Action": ["logs:DescribeLogStreams", "logs:GetLogEvents", "logs:FilterLogEvents"],
    "Resource": "arn:aws:logs:*:*:log-group:/aws/lambda/*",
}
_PASS_ROLE: dict[str, object] = {
    "Effect": "Allow",
    "Action": "iam:PassRole",
    "Resource": "*",
    "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
}


def _allow(*actions: str) -> dict[str, object]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


_STATEMENTS: dict[str, list[dict[str, object]]] = {
    "AdministratorAccess": [_allow("*")],
    "AWSLambda_FullAccess": [_allow("lambda:*", *_LOOK_AROUND), _PASS_ROLE, _READ_LOGS],
    "AWSLambda_ReadOnlyAccess": [_allow("lambda:Get*", "lambda:List*", *_LOOK_AROUND), _READ_LOGS],
    "AWSLambdaExecute": [
        _allow("logs:*"),
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::*"},
    ],
    "AWSXRayDaemonWriteAccess": [
        _allow(
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
        )
    ],
    "service-role/AWSLambdaRole": [_allow("lambda:InvokeFunction")],
    "service-role/AWSLambdaBasicExecutionRole": [_allow(*_LOGS)],
    "service-role/AWSLambdaVPCAccessExecutionRole": [_allow(*_LOGS, "ec2:DescribeSubnets", *_INTERFACES)],
    "service-role/AWSLambdaENIManagementAccess": [_allow(*_INTERFACES)],
    "service-role/AWSLambdaSQSQueueExecutionRole": [
        _allow("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", *_LOGS)
    ],
    "service-role/AWSLambdaKinesisExecutionRole": [
        _allow(
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:ListShards",
            "kinesis:ListStreams",
            "kinesis:SubscribeToShard",
            *_LOGS,
        )
    ],
    "service-role/AWSLambdaDynamoDBExecutionRole": [
        _allow(
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            *_LOGS,
        )
    ],
    "service-role/AWSLambdaMSKExecutionRole": [
        _allow(
            "kafka:DescribeCluster",
            "kafka:DescribeClusterV2",
            "kafka:GetBootstrapBrokers",
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeVpcs",
            "ec2:DescribeSubnets",
            "ec2:DescribeSecurityGroups",
            *_LOGS,
        )
    ],
    "service-role/AWSLambdaBasicDurableExecutionRolePolicy": [
        _allow(*_LOGS, "lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState")
    ],
}
"""By path and name, as they stand in the policies' ARNs."""

_PREFIX = "arn:aws:iam::aws:policy/"
_PATHS = {path.rsplit("/", 1)[-1]: path for path in _STATEMENTS}

MANAGED_POLICIES = tuple(sorted(_PATHS))


def managed_policy_path(name: str) -> str | None:
    """The path and name with which the policy's ARN ends; None for one that is not known here."""
    return _PATHS.get(name)


@cache
def managed_policy(name: str) -> PolicyDocument | None:
    """By its name or its ARN; None for one that is not known here."""
    path = name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else _PATHS.get(name, "")
    statements = _STATEMENTS.get(path)
    if statements is None:
        return None
    document: dict[str, object] = {"Version": "2012-10-17", "Statement": statements}
    return policy_of(document, PolicyKind.IDENTITY, f"the managed policy {path.rsplit('/', 1)[-1]}")
