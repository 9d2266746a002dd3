"""`lam permission`: what it asks of the Lambda API, and what it tells of a policy."""

from __future__ import annotations

import json

import pytest
from fake_service import Scripted, refusal

pytestmark = pytest.mark.real

FUNCTION = "/2015-03-31/functions/demo"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:demo"
STATEMENT = {
    "Sid": "s3",
    "Effect": "Allow",
    "Principal": {"Service": "s3.amazonaws.com"},
    "Action": "lambda:InvokeFunction",
    "Resource": ARN,
    "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::pictures"}},
}


@pytest.fixture
def policy(service):
    """Of the function demo, which is there."""
    document = {"Version": "2012-10-17", "Id": "default", "Statement": [STATEMENT]}
    answer = {"Policy": json.dumps(document), "RevisionId": "r1"}
    service.answers["GET", FUNCTION] = scripted({"Configuration": {"FunctionArn": ARN}})
    service.answers["GET", f"{FUNCTION}/policy"] = scripted(answer)
    return document


def scripted(members, status=200):
    return Scripted(status, json.dumps(members).encode())


def test_add_sends_what_was_given(lam, service):
    service.answers["POST", f"{FUNCTION}/policy"] = scripted({"Statement": "{}"}, 201)
    source = ["--source-arn", "arn:aws:s3:::pictures", "--source-account", "000000000000"]
    result = lam(
        "permission", "add", "demo", "--principal", "s3.amazonaws.com", *source, "--qualifier", "live"
    )
    assert (result.exit_code, result.out) == (0, "")
    assert result.err == "added s3-amazonaws-com to the policy of demo:live\n"
    (call,) = service.calls()
    assert call.target == f"{FUNCTION}/policy?Qualifier=live"
    assert json.loads(call.body) == {
        "StatementId": "s3-amazonaws-com",
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
        "SourceArn": "arn:aws:s3:::pictures",
        "SourceAccount": "000000000000",
    }


def test_remove_names_function_and_statement(lam, service):
    service.answers["DELETE", f"{FUNCTION}/policy/s3"] = Scripted(204)
    result = lam("permission", "remove", "demo", "s3")
    assert (result.exit_code, result.err) == (0, "removed s3 from the policy of demo\n")


def test_what_the_service_refuses_is_told(lam, service):
    message = "Statement s3 is not found in resource policy."
    service.answers["DELETE", f"{FUNCTION}/policy/s3"] = refusal(404, "ResourceNotFoundException", message)
    result = lam("permission", "remove", "demo", "s3")
    assert (result.exit_code, result.err) == (1, f"error: ResourceNotFoundException: {message}\n")


def test_list_is_a_table(lam, policy):
    result = lam("permission", "list", "demo")
    assert (result.exit_code, result.err) == (0, "")
    heading, row = (line.split() for line in result.out.splitlines())
    assert heading == ["STATEMENT", "EFFECT", "PRINCIPAL", "ACTION", "CONDITION"]
    condition = ["ArnLike", "AWS:SourceArn", "arn:aws:s3:::pictures"]
    assert row == ["s3", "Allow", "s3.amazonaws.com", "lambda:InvokeFunction", *condition]


def test_list_as_json_is_the_policy_and_its_revision(lam, policy):
    assert json.loads(lam("permission", "list", "demo", "--json").out) == {
        "policy": policy,
        "revision_id": "r1",
    }


def test_list_without_a_policy_says_who_may_invoke(lam, service, policy):
    service.answers["GET", f"{FUNCTION}/policy"] = refusal(404, "ResourceNotFoundException", "no")
    result = lam("permission", "list", "demo")
    assert (result.exit_code, result.out) == (0, "")
    assert result.err == "demo has no policy: only its own account may invoke it\n"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "answer", "reason"),
    [
        (["--source-arn", "arn:aws:s3:::pictures"], 0, "allowed", "a resource policy allows it"),
        (["--source-arn", "arn:aws:s3:::other"], 1, "denied", "s3.amazonaws.com needs a statement"),
        ([], 1, "denied", "s3.amazonaws.com needs a statement"),
    ],
)
def test_explain_tells_the_decision_and_every_statement(lam, policy, arguments, exit_code, answer, reason):
    result = lam("permission", "explain", "demo", "--principal", "s3.amazonaws.com", *arguments)
    assert (result.exit_code, result.err) == (exit_code, "")
    first, because, *statements = result.out.splitlines()
    assert first == f"{answer}: s3.amazonaws.com lambda:InvokeFunction {ARN}"
    assert reason in because
    assert f"the policy of {ARN}, statement s3 (Allow)" in statements[0]
    assert any("condition: ArnLike AWS:SourceArn" in line for line in statements)


def test_explain_asks_for_the_policy_of_the_qualifier(lam, service, policy):
    service.answers["GET", FUNCTION] = scripted({"Configuration": {"FunctionArn": f"{ARN}:live"}})
    result = lam("permission", "explain", "demo", "--principal", "s3.amazonaws.com", "--qualifier", "live")
    assert result.exit_code == 1
    assert result.out.startswith(f"denied: s3.amazonaws.com lambda:InvokeFunction {ARN}:live\n")
    assert service.calls()[-1].target == f"{FUNCTION}/policy?Qualifier=live"


def test_explain_of_an_unknown_principal_says_how_to_write_one(lam, service):
    result = lam("permission", "explain", "demo", "--principal", "s3")
    assert (result.exit_code, result.out) == (2, "")
    assert result.err.startswith(
        "error: --principal: s3 names no service, account, user or role: write it as"
    )


def test_unknown_function_gets_a_suggestion(lam, service):
    service.function("demo")
    service.answers["GET", "/2015-03-31/functions/dem"] = refusal(
        404, "ResourceNotFoundException", "Function not found: dem"
    )
    for verb in (["list", "dem"], ["explain", "dem", "--principal", "s3.amazonaws.com"]):
        result = lam("permission", *verb)
        assert result.err == "error: Function not found: dem\n\nhint: did you mean demo?\n"
