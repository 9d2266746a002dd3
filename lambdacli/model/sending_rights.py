"""What a function's role needs to send to dead-letter queues and destinations, and to read sources. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lambdacli.model.arn import FunctionKey
from lambdacli.model.delivery import service_of
from lambdacli.model.policy import AccessRequest, decide
from lambdacli.model.policy_document import PolicyDocument, PolicyKind, policy_of
from lambdacli.model.principals import Caller, CallerKind
from lambdacli.model.role_trust import session_arn

RIGHTS = {
    "sqs": ("sqs:SendMessage",),
    "sns": ("sns:Publish",),
    "lambda": ("lambda:InvokeFunction",),
    "events": ("events:PutEvents",),
    "s3": ("s3:PutObject", "s3:ListBucket"),
}
"""By the service in the target's ARN."""

READING_RIGHTS = {
    "sqs": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "kinesis": (
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:DescribeStream",
        "kinesis:ListShards",
        "kinesis:ListStreams",
    ),
    "dynamodb": (
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:DescribeStream",
        "dynamodb:ListStreams",
    ),
}
"""By the service in the source's ARN."""

_EVERYTHING: dict[str, object] = {
    "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
}


def sender(role_arn: str, function: FunctionKey) -> Caller:
    return Caller(CallerKind.SESSION, session_arn(role_arn, function.name), role_arn.split(":")[4], role_arn)


def missing_right(
    caller: Caller,
    function: FunctionKey,
    target_arn: str,
    policies: Sequence[PolicyDocument],
    rights: Mapping[str, Sequence[str]] = RIGHTS,
) -> str | None:
    """The first action that the role's policies do not allow; None if they allow all.

    A queue's own policy does not help here, as AWS's support confirmed to users. That of another account's
    target has to allow as well; it is believed to."""
    account = target_arn.split(":")[4] or caller.account
    elsewhere = policy_of(_EVERYTHING, PolicyKind.RESOURCE, f"what account {account} allows")
    for action in rights.get(service_of(target_arn), ()):
        request = AccessRequest(
            caller,
            action,
            f"{target_arn}/*" if action == "s3:PutObject" else target_arn,
            {"lambda:SourceFunctionArn": function.arn},
            resource_account=account,
        )
        if not decide(request, () if account == caller.account else (elsewhere,), policies).is_allowed:
            return action.partition(":")[2]
    return None
