"""What AWS refuses: tried again where that helps, told clearly where not. botocore's Stubber is AWS here."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import pytest
from botocore.stub import Stubber

from lambdacli.cli.deploying import explanation
from lambdacli.client.aws import Account, Aws
from lambdacli.client.deploy.applying import StepFailed, apply
from lambdacli.client.deploy.aws import AwsTarget
from lambdacli.client.deploy.patience import Waiting
from lambdacli.client.deploy.target import Refused
from lambdacli.model.deployment import Step

UPDATE = Step(
    "settings demo",
    "update the settings of demo",
    "lambda",
    "UpdateFunctionConfiguration",
    {"FunctionName": "demo", "MemorySize": 256},
    function="demo",
    changes_function=True,
)
READY = {"State": "Active", "LastUpdateStatus": "Successful"}
BUSY = {"State": "Active", "LastUpdateStatus": "InProgress"}
CONFLICT = (
    "The operation cannot be performed at this time. An update is in progress for resource: "
    "arn:aws:lambda:us-east-1:123456789012:function:demo"
)


class Time:
    """Passes only when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    @property
    def waiting(self) -> Waiting:
        return Waiting(lambda: self.seconds, self.sleep)


@pytest.fixture
def target(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return AwsTarget(Aws(Account(region="us-east-1")))


@contextmanager
def answering(target, *answers):
    """Each an answer to UpdateFunctionConfiguration or to a look at the function, or an error."""
    with Stubber(target.aws._client("lambda", 60.0, False)) as stubber:
        for answer in answers:
            if isinstance(answer, tuple):
                operation, code, message, status = answer
                stubber.add_client_error(operation, code, message, status)
            elif answer in (READY, BUSY):
                stubber.add_response("get_function_configuration", answer, {"FunctionName": "demo"})
            else:
                stubber.add_response("update_function_configuration", {}, dict(UPDATE.parameters))
        yield
        stubber.assert_no_pending_responses()


def refusal(code: str, message: str, status: int = 400) -> tuple[str, str, str, int]:
    return ("update_function_configuration", code, message, status)


def done(target, time: Time):
    return apply([UPDATE], target, lambda sha256: b"", waiting=time.waiting)


def test_throttled_calls_are_made_again_later_and_later(target):
    time = Time()
    throttled = refusal("TooManyRequestsException", "Rate exceeded", 429)
    with answering(target, throttled, throttled, throttled, "taken", READY):
        done(target, time)
    assert time.seconds == 0.5 + 1 + 2


def test_throttled_for_ever_says_so(target):
    throttled = refusal("TooManyRequestsException", "Rate exceeded", 429)
    with answering(target, *[throttled] * 9), pytest.raises(StepFailed) as caught:
        done(target, Time())
    message, hint = explanation(caught.value.refusal, "AWS us-east-1")
    assert message == "UpdateFunctionConfiguration: Rate exceeded (TooManyRequestsException)"
    assert hint == "AWS was asked too often; wait a minute"


@pytest.mark.parametrize(
    ("code", "message", "what_to_do"),
    [
        ("ExpiredTokenException", "The security token included in the request is expired", "aws sso login"),
        (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            "--profile",
        ),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", "clock"),
        ("AccessDeniedException", "User: x is not authorized to perform: lambda:U", "another --profile"),
    ],
)
def test_credentials_that_are_not_taken_are_told_with_what_to_do(target, code, message, what_to_do):
    with answering(target, refusal(code, message, 403)), pytest.raises(StepFailed) as caught:
        done(target, Time())
    told, hint = explanation(caught.value.refusal, "AWS")
    assert told == f"{code}: {message}"
    assert what_to_do in hint


def test_another_update_in_progress_is_waited_for(target):
    time = Time()
    conflict = refusal("ResourceConflictException", CONFLICT, 409)
    with answering(target, conflict, BUSY, BUSY, READY, "taken", READY):
        done(target, time)
    assert time.seconds > 0


def test_a_conflict_that_does_not_end_by_waiting_is_told(target):
    conflict = refusal("ResourceConflictException", "Function already exist: demo", 409)
    with answering(target, conflict), pytest.raises(StepFailed) as caught:
        done(target, Time())
    told, hint = explanation(caught.value.refusal, "AWS")
    assert told == "UpdateFunctionConfiguration: Function already exist: demo (ResourceConflictException)"
    assert "lam drift" in hint


def test_a_role_that_is_too_new_is_waited_for(target):
    time = Time()
    too_new = refusal(
        "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
    )
    with answering(target, too_new, too_new, "taken", READY):
        done(target, time)
    assert time.seconds == 4


def test_a_role_that_lambda_never_can_assume_is_told(target):
    too_new = refusal(
        "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
    )
    with answering(target, *[too_new] * 31), pytest.raises(StepFailed, match="cannot be assumed"):
        done(target, Time())


ROLE = Step("role r", "set the policy of role r", "iam", "PutRolePolicy", {})
MAP = Step("mapping demo q", "map q to demo", "lambda", "CreateEventSourceMapping", {}, function="demo")
LACKING = Refused(
    "CreateEventSourceMapping",
    "InvalidParameterValueException",
    "The provided execution role does not have permissions to call ReceiveMessage on SQS",
    400,
)
IN_USE = Refused(
    "UpdateEventSourceMapping", "ResourceInUseException", "Cannot update: it is being created", 400
)


class Refusing:
    """Refuses the first calls to the Lambda API that change something."""

    name, is_aws = "AWS", True

    def __init__(self, *refusals: Refused) -> None:
        self.refusals = list(refusals)

    def call(self, service, operation, parameters):
        if service == "lambda" and not operation.startswith("Get") and self.refusals:
            raise self.refusals.pop(0)
        return dict(READY)


def test_rights_that_were_only_just_given_are_waited_for():
    time = Time()
    apply([ROLE, MAP], Refusing(LACKING, LACKING), lambda sha256: b"", waiting=time.waiting)
    assert time.seconds == 4


def test_rights_that_nobody_just_gave_are_not_waited_for():
    time = Time()
    with pytest.raises(StepFailed, match="does not have permissions"):
        apply([MAP], Refusing(LACKING), lambda sha256: b"", waiting=time.waiting)
    assert time.seconds == 0


def test_a_mapping_that_is_being_made_is_waited_for():
    time = Time()
    update = replace(MAP, operation="UpdateEventSourceMapping")
    apply([update], Refusing(IN_USE, IN_USE), lambda sha256: b"", waiting=time.waiting)
    assert time.seconds > 0


def test_an_update_that_fails_is_told_with_its_reason(target):
    failed = {"State": "Active", "LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no such key"}
    with Stubber(target.aws._client("lambda", 60.0, False)) as stubber:
        stubber.add_response("update_function_configuration", {}, dict(UPDATE.parameters))
        stubber.add_response("get_function_configuration", failed, {"FunctionName": "demo"})
        with pytest.raises(StepFailed, match="demo was not changed: no such key"):
            done(target, Time())


def test_without_credentials_the_first_call_says_how_to_get_some(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(Refused) as caught:
        _ = AwsTarget(Aws(Account(region="us-east-1"))).account
    assert caught.value.message == "there are no AWS credentials"
    assert "aws configure" in explanation(caught.value, "AWS")[1]


def test_a_profile_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(Refused) as caught:
        _ = AwsTarget(Aws(Account("work", "us-east-1"))).account
    assert explanation(caught.value, "AWS")[0] == "The config profile (work) could not be found"


def test_an_aws_that_nobody_answers_for_is_told(target, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(Refused) as caught:
        _ = target.account
    message, hint = explanation(caught.value, "AWS")
    assert "nobody answers" in message and "http://127.0.0.1:1" in message
    assert hint == "AWS_ENDPOINT_URL leads there: is it running?"
