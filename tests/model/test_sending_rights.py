"""Which right a role lacks to send somewhere."""

from __future__ import annotations

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.policy_document import PolicyKind, policy_of
from lambdacli.model.sending_rights import missing_right, sender

ACCOUNT = "111111111111"
KEY = FunctionKey(ACCOUNT, "eu-west-1", "orders")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/worker"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:failed"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:failed"
BUS = f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/failed"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:failed"
BUCKET = "arn:aws:s3:::failed"
FOREIGN_QUEUE = QUEUE.replace(ACCOUNT, "2" * 12)


def statement(action, resource="*", effect="Allow", **condition):
    told = {"Effect": effect, "Action": action, "Resource": resource}
    return told | ({"Condition": condition} if condition else {})


def lacking(target, *statements):
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    policies = [policy_of(document, PolicyKind.IDENTITY)] if statements else []
    return missing_right(sender(ROLE, KEY), KEY, target, policies)


@pytest.mark.parametrize(
    ("target", "action"),
    [
        (QUEUE, "sqs:SendMessage"),
        (TOPIC, "sns:Publish"),
        (BUS, "events:PutEvents"),
        (FUNCTION, "lambda:InvokeFunction"),
        (FOREIGN_QUEUE, "sqs:SendMessage"),
    ],
)
def test_each_target_needs_its_right_on_itself(target, action):
    assert lacking(target, statement(action)) is None
    assert lacking(target, statement(action, target)) is None
    assert lacking(target) == action.split(":")[1]
    assert lacking(target, statement(action, f"{target}-other")) == action.split(":")[1]
    assert lacking(target, statement("*"), statement(action, effect="Deny")) == action.split(":")[1]


@pytest.mark.parametrize(
    ("statements", "missing"),
    [
        ([statement("s3:*")], None),
        ([statement("s3:PutObject", f"{BUCKET}/*"), statement("s3:ListBucket", BUCKET)], None),
        ([statement("s3:PutObject", f"{BUCKET}/*")], "ListBucket"),
        ([statement("s3:PutObject", BUCKET), statement("s3:ListBucket", BUCKET)], "PutObject"),
    ],
)
def test_a_bucket_needs_the_right_to_write_and_to_list(statements, missing):
    assert lacking(BUCKET, *statements) == missing


@pytest.mark.parametrize(("name", "missing"), [("orders", None), ("other", "SendMessage")])
def test_a_condition_may_ask_for_the_function(name, missing):
    arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{name}"
    allowed = statement("sqs:*", "*", ArnEquals={"lambda:SourceFunctionArn": arn})
    assert lacking(QUEUE, allowed) == missing
