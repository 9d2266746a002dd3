"""Who may call a function's URL, as a table over policies."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lambdacli.model.identity import Identity
from lambdacli.model.policy_document import PolicyDocument, PolicyKind, policy_of
from lambdacli.model.principals import caller_from_arn
from lambdacli.triggers.url_access import Signer, authorizer_of, decide_call, public_policy

AT = datetime(2026, 1, 1, tzinfo=UTC)
ARN = "arn:aws:lambda:us-east-1:123456789012:function:site"
USER = "arn:aws:iam::123456789012:user/team/dev"
OTHER = "arn:aws:iam::999999999999:user/stranger"


def allow(
    action: str, principal: object = "*", effect: str = "Allow", **condition: object
) -> dict[str, object]:
    statement = {"Effect": effect, "Principal": principal, "Action": action, "Resource": ARN}
    return statement | ({"Condition": condition} if condition else {})


def resource(*statements: dict[str, object]) -> list[PolicyDocument]:
    return [policy_of({"Statement": list(statements)}, PolicyKind.RESOURCE, "policy")]


def signer(arn: str = USER, *rights: str) -> Signer:
    caller = caller_from_arn(arn)
    statement = {"Effect": "Allow", "Action": list(rights), "Resource": "*"}
    policies = (policy_of({"Statement": statement}, PolicyKind.IDENTITY, "own"),) if rights else ()
    return Signer(Identity(caller, policies), "AKIA", caller.account or "")


PUBLIC_URL = allow("lambda:InvokeFunctionUrl", StringEquals={"lambda:FunctionUrlAuthType": "NONE"})
PUBLIC_INVOKE = allow("lambda:InvokeFunction", Bool={"lambda:InvokedViaFunctionUrl": "true"})
FOR_USERS = allow("lambda:InvokeFunctionUrl", StringEquals={"lambda:FunctionUrlAuthType": "AWS_IAM"})
BOTH = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")


@pytest.mark.parametrize(
    ("auth_type", "who", "policies", "expected"),
    [
        pytest.param("NONE", None, [], False, id="nobody without a policy"),
        pytest.param(
            "NONE", None, resource(PUBLIC_URL, PUBLIC_INVOKE), True, id="everybody by two statements"
        ),
        pytest.param("NONE", None, resource(PUBLIC_URL), False, id="the URL's right alone is not enough"),
        pytest.param("NONE", None, resource(PUBLIC_INVOKE), False, id="nor is the function's"),
        pytest.param("NONE", None, resource(FOR_USERS, PUBLIC_INVOKE), False, id="a right for another kind"),
        pytest.param("NONE", None, [public_policy(ARN)], True, id="what lam.yaml gives"),
        pytest.param(
            "NONE",
            None,
            [public_policy(ARN), *resource(allow("lambda:InvokeFunctionUrl", effect="Deny"))],
            False,
            id="a denial wins over lam.yaml",
        ),
        pytest.param("AWS_IAM", signer(USER, *BOTH), [], True, id="a user with both rights"),
        pytest.param("AWS_IAM", signer(USER, BOTH[0]), [], False, id="a user with one of them"),
        pytest.param("AWS_IAM", signer(USER), [], False, id="a user without rights"),
        pytest.param("AWS_IAM", signer(USER), [public_policy(ARN)], False, id="not everybody's any more"),
        pytest.param("AWS_IAM", signer(OTHER, *BOTH), [], False, id="another account's user"),
        pytest.param(
            "AWS_IAM",
            signer(OTHER, *BOTH),
            resource(FOR_USERS, PUBLIC_INVOKE),
            True,
            id="another account's user, whom both accounts let in",
        ),
    ],
)
def test_who_may_call(
    auth_type: str, who: Signer | None, policies: list[PolicyDocument], expected: bool
) -> None:
    assert decide_call(ARN, auth_type, who, policies, AT).is_allowed is expected


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:iam::123456789012:root", "123456789012"),
        (USER, "dev"),
        ("arn:aws:sts::123456789012:assumed-role/orders/session", "orders:session"),
    ],
)
def test_the_event_tells_who_called(arn: str, expected: str) -> None:
    assert authorizer_of(signer(arn)) == {
        "iam": {
            "accessKey": "AKIA",
            "accountId": "123456789012",
            "callerId": expected,
            "cognitoIdentity": None,
            "principalOrgId": None,
            "userArn": arn,
            "userId": expected,
        }
    }
