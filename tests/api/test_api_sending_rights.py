"""Dead-letter queues and destinations that a role may not reach, through the real boto3 client."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambdacli.model.identity import Identities
from lambdacli.model.identity import Role as KnownRole
from lambdacli.model.policy_document import PolicyKind, policy_of
from tests.api_house import ACCOUNT, REGION, ROLE

OTHER_ROLE = f"{ROLE}-2"
HERE = f"{REGION}:{ACCOUNT}"
QUEUE, TOPIC = f"arn:aws:sqs:{HERE}:failed", f"arn:aws:sns:{HERE}:failed"
BUS = f"arn:aws:events:{HERE}:event-bus/failed"
FUNCTION = f"arn:aws:lambda:{HERE}:function:g"
BUCKET = "arn:aws:s3:::failed"
CREATED = {"Runtime": "python3.13", "Handler": "a.b", "Code": {"ZipFile": b""}}


@pytest.fixture
def may(house):
    """Tells the service what the role may, in actions; of others nothing is told."""
    plain = house.context
    told = {}

    def context(request):
        return replace(plain(request), known_policies_of=Identities(told).known_policies_of)

    house.api._context_for = context

    def tell(*actions):
        allowed = {
            "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"} for action in actions]
        }
        told[ROLE] = KnownRole(policies=(policy_of(allowed, PolicyKind.IDENTITY),))

    return tell


def refusal(text):
    return ("InvalidParameterValueException", 400, text)


def of_letters(call):
    return refusal(f"The provided execution role does not have permissions to call {call}")


@pytest.mark.parametrize(
    ("target", "action", "call"),
    [(QUEUE, "sqs:SendMessage", "SendMessage on SQS"), (TOPIC, "sns:Publish", "Publish on SNS")],
)
def test_a_dead_letter_queue_that_the_role_may_not_reach_is_refused(
    house, refused, may, target, action, call
):
    letters = {"DeadLetterConfig": {"TargetArn": target}}
    may("logs:*")
    assert refused("create_function", FunctionName="f", Role=ROLE, **CREATED, **letters) == of_letters(call)
    house.create("f")
    assert refused("update_function_configuration", FunctionName="f", **letters) == of_letters(call)
    may(action)
    updated = house.client.update_function_configuration(FunctionName="f", **letters)
    assert updated["DeadLetterConfig"] == {"TargetArn": target}


def test_another_role_has_to_reach_the_queue_that_is_set(house, refused, may):
    may("logs:*")
    house.create("f", Role=OTHER_ROLE, DeadLetterConfig={"TargetArn": QUEUE})
    changed = refused("update_function_configuration", FunctionName="f", Role=ROLE)
    assert changed == of_letters("SendMessage on SQS")
    house.client.update_function_configuration(
        FunctionName="f", Role=ROLE, DeadLetterConfig={"TargetArn": ""}
    )


def test_a_function_that_came_to_lack_the_right_can_still_be_changed(house, may):
    may("sqs:*")
    house.create("f", DeadLetterConfig={"TargetArn": QUEUE})
    may("logs:*")
    house.client.update_function_configuration(FunctionName="f", MemorySize=512)


@pytest.mark.parametrize(
    ("event", "target", "right"),
    [
        ("OnSuccess", QUEUE, "sqs:SendMessage"),
        ("OnFailure", TOPIC, "sns:Publish"),
        ("OnSuccess", BUS, "events:PutEvents"),
        ("OnFailure", FUNCTION, "lambda:InvokeFunction"),
        ("OnFailure", BUCKET, "s3:PutObject"),
    ],
)
@pytest.mark.parametrize("operation", ["put", "update"])
def test_a_destination_that_the_role_may_not_reach_is_refused(
    house, refused, may, operation, event, target, right
):
    may("logs:*")
    house.create("f")
    house.create("g")
    house.client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
    name = f"{operation}_function_event_invoke_config"
    request = {"FunctionName": "f", "DestinationConfig": {event: {"Destination": target}}}
    call = right.split(":")[1]
    assert refused(name, **request) == refusal(
        f"The function's execution role does not have permissions to call {call} on {target}"
    )
    may(right, "s3:ListBucket")
    assert getattr(house.client, name)(**request)["DestinationConfig"][event] == {"Destination": target}


def test_the_role_of_the_version_counts_that_the_destination_is_for(house, refused, may):
    may("logs:*")
    house.create("f", Role=OTHER_ROLE, Publish=True)
    house.client.update_function_configuration(FunctionName="f", Role=ROLE)
    request = {"FunctionName": "f", "DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}
    house.client.put_function_event_invoke_config(**request, Qualifier="1")
    assert refused("put_function_event_invoke_config", **request)[0] == "InvalidParameterValueException"


def test_what_is_not_valid_is_told_before_the_right(house, refused, may):
    may("logs:*")
    house.create("f")
    iam = f"arn:aws:iam:{HERE}:function:f"
    request = {"FunctionName": "f", "DestinationConfig": {"OnSuccess": {"Destination": iam}}}
    assert "is invalid" in refused("put_function_event_invoke_config", **request)[2]
