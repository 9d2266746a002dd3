"""What is asked before a plan is made, and what is not."""

from __future__ import annotations

import pytest

from lambdacli.client.deploy.reading import read
from lambdacli.client.deploy.target import Refused
from lambdacli.model.deployment import Wanted, WantedFunction

WANTED = Wanted(
    (WantedFunction("demo", "live", mappings={}),), bucket="packages", bucket_owner="123456789012"
)
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"
MAPPING = {
    "UUID": "u-1",
    "EventSourceArn": QUEUE,
    "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:demo:live",
    "State": "Enabled",
}


class Account:
    """Has a mapping, whose function was deleted, and somebody else's bucket."""

    name, is_aws = "AWS", True

    def __init__(self) -> None:
        self.asked: list[str] = []

    def call(self, service, operation, parameters):
        self.asked.append(operation)
        if service == "s3":
            assert parameters["ExpectedBucketOwner"] == "123456789012"
            raise Refused(operation, "403", "Forbidden", 403)
        if operation == "ListEventSourceMappings":
            return {"EventSourceMappings": [MAPPING]}
        raise Refused(operation, "ResourceNotFoundException", "", 404)


def test_who_sends_no_large_package_needs_no_right_to_a_bucket():
    account = Account()
    assert not read(account, WANTED).has_bucket
    assert "HeadBucket" not in account.asked


def test_a_bucket_of_somebody_else_is_never_sent_code():
    with pytest.raises(Refused, match="the bucket packages is another account's"):
        read(Account(), WANTED, ["key"])


def test_a_mapping_outlives_its_function():
    actual = read(Account(), WANTED)
    assert actual.functions == {}
    assert [each.uuid for each in actual.left_mappings["demo"]] == ["u-1"]
