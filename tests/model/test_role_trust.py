"""Execution roles: whether Lambda may take them on, and who a function then is."""

from __future__ import annotations

import json

import pytest

from lambdacli.model.errors import InvalidParameterValueException
from lambdacli.model.policy import explain
from lambdacli.model.policy_document import PolicyKind, parse_policy
from lambdacli.model.principals import caller_from_arn
from lambdacli.model.role_trust import decide_assumption, require_assumable, session_arn

ROLE = "arn:aws:iam::111111111111:role/service-role/worker"
FN = "arn:aws:lambda:eu-west-1:111111111111:function:orders"


def trust(*statements):
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return parse_policy(text, PolicyKind.TRUST, "the trust policy of worker")


def statement(effect="Allow", principal="lambda.amazonaws.com", action="sts:AssumeRole", **elements):
    return {"Effect": effect, "Principal": {"Service": principal}, "Action": action, **elements}


TRUSTS = [
    ("lambda is named", [statement()], True),
    (
        "lambda is named among others",
        [statement(principal=["edgelambda.amazonaws.com", "lambda.amazonaws.com"])],
        True,
    ),
    ("another service is named", [statement(principal="ec2.amazonaws.com")], False),
    ("another action is allowed", [statement(action="sts:AssumeRoleWithWebIdentity")], False),
    ("every action of sts is allowed", [statement(action="sts:*")], True),
    ("it is denied", [statement(), statement("Deny")], False),
    (
        "only for this function",
        [statement(Condition={"ArnLike": {"aws:SourceArn": FN}})],
        True,
    ),
    (
        "only for another function",
        [statement(Condition={"ArnLike": {"aws:SourceArn": FN + "-old"}})],
        False,
    ),
    (
        "only for this account",
        [statement(Condition={"StringEquals": {"aws:SourceAccount": "111111111111"}})],
        True,
    ),
    ("the account may, but not the service", [{**statement(), "Principal": {"AWS": "111111111111"}}], False),
]


@pytest.mark.parametrize(
    ("statements", "assumable"), [row[1:] for row in TRUSTS], ids=[row[0] for row in TRUSTS]
)
def test_lambda_assumes_a_role_that_trusts_it(statements, assumable):
    decision = decide_assumption(ROLE, trust(*statements), FN)
    assert decision.is_allowed is assumable, "\n".join(explain(decision))


def test_another_service_may_be_asked_about():
    decision = decide_assumption(ROLE, trust(statement()), service="edgelambda.amazonaws.com")
    assert not decision.is_allowed


def test_a_role_that_cannot_be_assumed_is_refused_in_aws_s_words():
    require_assumable(decide_assumption(ROLE, trust(statement())))
    with pytest.raises(InvalidParameterValueException) as raised:
        require_assumable(decide_assumption(ROLE, trust(statement("Deny"))))
    assert raised.value.message == "The role defined for the function cannot be assumed by Lambda."


def test_a_function_calls_as_its_role_s_session():
    arn = session_arn(ROLE, "orders")
    assert arn == "arn:aws:sts::111111111111:assumed-role/worker/orders"
    assert caller_from_arn(arn, ROLE).role_arn == ROLE
