"""Which policies belong to a caller, and the managed ones by their names."""

from __future__ import annotations

import pytest

from lambdacli.model.identity import Identities, Role
from lambdacli.model.managed_policies import MANAGED_POLICIES, managed_policy
from lambdacli.model.policy import AccessRequest, decide
from lambdacli.model.policy_document import PolicyKind, policy_of
from lambdacli.model.principals import caller_from_arn

ACCOUNT = "111111111111"
FN = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:orders"
USER = f"arn:aws:iam::{ACCOUNT}:user/team/dev"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/worker"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/orders"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def policy(name):
    document = {"Statement": {"Effect": "Allow", "Action": "lambda:GetFunction", "Resource": "*"}}
    return policy_of(document, PolicyKind.IDENTITY, name)


def names(identities, caller):
    return [document.name for document in identities.policies_of(caller)]


@pytest.mark.parametrize(
    ("key", "caller", "is_meant"),
    [
        (USER, caller_from_arn(USER), True),
        ("dev", caller_from_arn(USER), True),
        ("team", caller_from_arn(USER), False),
        (ROLE, caller_from_arn(ROLE), True),
        ("worker", caller_from_arn(ROLE), True),
        (ROLE, caller_from_arn(SESSION, ROLE), True),
        (SESSION, caller_from_arn(SESSION, ROLE), True),
        ("worker", caller_from_arn(SESSION, ROLE), True),
        ("worker", caller_from_arn(SESSION), True),
        ("orders", caller_from_arn(SESSION, ROLE), False),
        ("arn:aws:iam::222222222222:role/service-role/worker", caller_from_arn(SESSION, ROLE), False),
        (ROOT, caller_from_arn(ROOT), True),
        (f"arn:aws:iam::{ACCOUNT}:root", caller_from_arn(USER), False),
    ],
)
def test_policies_are_attached_by_arn_or_name(key, caller, is_meant):
    found = names(Identities(attached={key: (policy("mine"),)}), caller)
    assert (found == ["mine"]) is is_meant


def test_policies_of_a_role_and_of_the_identity_count_together():
    identities = Identities({"worker": Role(policies=(policy("a"),))}, {ROLE: (policy("b"),)})
    assert sorted(names(identities, caller_from_arn(SESSION, ROLE))) == ["a", "b"]


@pytest.mark.parametrize(
    ("identities", "allowed"),
    [
        (Identities(), True),
        (Identities({"worker": Role()}), True),
        (Identities({"worker": Role(policies=())}), False),
        (Identities(attached={"worker": ()}), False),
        (Identities(attached={"other": ()}), True),
    ],
)
def test_who_is_not_told_of_may_do_everything_in_its_account(identities, allowed):
    caller = caller_from_arn(SESSION, ROLE)
    request = AccessRequest(caller, "lambda:DeleteFunction", FN)
    assert decide(request, (), identities.policies_of(caller)).is_allowed is allowed
    elsewhere = AccessRequest(caller, "lambda:DeleteFunction", FN.replace(ACCOUNT, "2" * 12))
    assert not decide(elsewhere, (), identities.policies_of(caller)).is_allowed


@pytest.mark.parametrize(
    ("roles", "is_known"),
    [
        ({}, False),
        ({"worker": Role()}, False),
        ({"worker": Role(trust=policy("t"))}, True),
        ({ROLE: Role(trust=policy("t"))}, True),
        ({"other": Role(trust=policy("t"))}, False),
    ],
)
def test_the_trust_of_a_role_is_known_by_arn_or_name(roles, is_known):
    assert (Identities(roles).trust_of(ROLE) is not None) is is_known


@pytest.mark.parametrize(
    ("name", "action", "resource", "allowed"),
    [
        ("AWSLambda_FullAccess", "lambda:DeleteFunction", FN, True),
        ("AWSLambda_ReadOnlyAccess", "lambda:GetFunction", FN, True),
        ("AWSLambda_ReadOnlyAccess", "lambda:ListFunctions", "*", True),
        ("AWSLambda_ReadOnlyAccess", "lambda:InvokeFunction", FN, False),
        ("AWSLambda_ReadOnlyAccess", "lambda:DeleteFunction", FN, False),
        ("AWSLambdaRole", "lambda:InvokeFunction", f"{FN}:live", True),
        ("AWSLambdaRole", "lambda:GetFunction", FN, False),
        ("AWSLambdaBasicExecutionRole", "logs:PutLogEvents", "*", True),
        ("AWSLambdaBasicExecutionRole", "lambda:InvokeFunction", FN, False),
        ("arn:aws:iam::aws:policy/service-role/AWSLambdaRole", "lambda:InvokeFunction", FN, True),
        ("arn:aws:iam::aws:policy/AWSLambda_FullAccess", "lambda:InvokeFunction", FN, True),
    ],
)
def test_managed_policies_allow_what_their_names_say(name, action, resource, allowed):
    request = AccessRequest(caller_from_arn(USER), action, resource, {}, None, ACCOUNT)
    document = managed_policy(name)
    assert document is not None
    assert decide(request, (), [document]).is_allowed is allowed


@pytest.mark.parametrize("name", ["", "Unknown", "arn:aws:iam::aws:policy/AWSLambdaRole", "AWSLambdaRole/x"])
def test_other_names_are_no_managed_policies(name):
    assert managed_policy(name) is None


@pytest.mark.parametrize("name", MANAGED_POLICIES)
def test_every_managed_policy_can_be_read(name):
    document = managed_policy(name)
    assert document is not None and document.name == f"the managed policy {name}"


@pytest.mark.parametrize(
    ("identities", "known"),
    [
        (Identities(), None),
        (Identities({"worker": Role()}), None),
        (Identities({"worker": Role(policies=())}), 0),
        (Identities({"worker": Role(policies=(policy("a"),))}, {ROLE: (policy("b"),)}), 2),
    ],
)
def test_nothing_told_is_not_the_same_as_no_policies(identities, known):
    found = identities.known_policies_of(caller_from_arn(SESSION, ROLE))
    assert (None if found is None else len(found)) == known
