"""Policy documents: what is read from them, and what is refused with which words."""

from __future__ import annotations

import json
import random

import pytest

from lambdacli.model.policy import AccessRequest, decide, explain
from lambdacli.model.policy_conditions import Condition
from lambdacli.model.policy_document import (
    Effect,
    PolicyError,
    PolicyKind,
    PrincipalSelection,
    Selection,
    Statement,
    parse_policy,
)
from lambdacli.model.principals import PrincipalName, caller_from_arn

FN = "arn:aws:lambda:eu-west-1:111111111111:function:orders"
STATEMENT = {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": FN}


def document(*statements, **members):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **members})


def changed(**members):
    return {key: value for key, value in {**STATEMENT, **members}.items() if value is not None}


def test_a_document_is_read_into_records():
    text = document(
        {
            "Sid": "one",
            "Effect": "Deny",
            "NotPrincipal": {"AWS": ["111111111111"], "Service": "s3.amazonaws.com"},
            "NotAction": ["lambda:Get*", "lambda:List*"],
            "NotResource": FN,
            "Condition": {"Bool": {"aws:SecureTransport": False}, "NumericLessThan": {"aws:x": [1, 2.5]}},
        }
    )
    policy = parse_policy(text, PolicyKind.RESOURCE, "mine")
    assert (policy.name, policy.kind, policy.version) == ("mine", PolicyKind.RESOURCE, "2012-10-17")
    assert policy.statements == (
        Statement(
            effect=Effect.DENY,
            actions=Selection(("lambda:Get*", "lambda:List*"), is_negated=True),
            sid="one",
            principals=PrincipalSelection(
                (PrincipalName("AWS", "111111111111"), PrincipalName("Service", "s3.amazonaws.com")),
                is_negated=True,
            ),
            resources=Selection((FN,), is_negated=True),
            conditions=(
                Condition("Bool", "aws:SecureTransport", ("false",)),
                Condition("NumericLessThan", "aws:x", ("1", "2.5")),
            ),
        ),
    )


def test_a_single_statement_needs_no_list():
    policy = parse_policy(json.dumps({"Statement": STATEMENT}), PolicyKind.RESOURCE)
    assert len(policy.statements) == 1
    assert (policy.version, policy.has_variables, policy.name) == (
        "2008-10-17",
        False,
        "resource-based policy",
    )


def test_an_identity_policy_has_no_principal_and_a_trust_policy_no_resource():
    identity = parse_policy(document(changed(Principal=None)), PolicyKind.IDENTITY)
    assert identity.statements[0].principals is None
    trust = parse_policy(document(changed(Resource=None, Action="sts:AssumeRole")), PolicyKind.TRUST)
    assert trust.statements[0].resources is None


R, ID, TRUST = PolicyKind.RESOURCE, PolicyKind.IDENTITY, PolicyKind.TRUST

REFUSED = [
    ("no JSON", R, "{", "This policy contains invalid Json"),
    ("nothing", R, "", "This policy contains invalid Json"),
    ("a number that Python does not read", R, "1" * 5000, "This policy contains invalid Json"),
    ("too deep", R, "[" * 100_000, "This policy contains invalid Json"),
    ("a list", R, "[]", "Syntax errors in policy: the policy must be an object"),
    (
        "a member twice",
        R,
        '{"Statement": [], "Statement": []}',
        "Syntax errors in policy: a member is written twice",
    ),
    (
        "an unknown element",
        R,
        document(STATEMENT, Rules=[]),
        "Syntax errors in policy: the policy has no element Rules",
    ),
    (
        "another version",
        R,
        document(STATEMENT, Version="2020"),
        "Version must be 2008-10-17 or 2012-10-17, not '2020'",
    ),
    ("an id that is no text", R, document(STATEMENT, Id=7), "Id must be a text"),
    ("no statement", R, "{}", "Statement is missing"),
    ("an empty list", R, document(), "Statement must hold at least one statement"),
    ("a text for a statement", R, document("x"), "Syntax errors in policy: statement 1 must be an object"),
    (
        "an unknown element of a statement",
        R,
        document(changed(Sid="a", Actions="*")),
        "Syntax errors in policy: statement 1 (a) has no element Actions",
    ),
    (
        "two statements of one Sid",
        R,
        document(changed(Sid="a"), changed(Sid="a")),
        "Statement IDs (SID) in a single policy must be unique.",
    ),
    ("a Sid that is no text", R, document(changed(Sid=1)), "statement 1: Sid must be a text"),
    ("no effect", R, document(changed(Effect=None)), "statement 1: Effect must be Allow or Deny"),
    ("a small effect", R, document(changed(Effect="allow")), "statement 1: Effect must be Allow or Deny"),
    (
        "a list of effects",
        R,
        document(changed(Effect=["Allow"])),
        "statement 1: Effect must be Allow or Deny",
    ),
    ("no principal", R, document(changed(Principal=None)), "statement 1: Missing required field Principal"),
    (
        "a principal in an identity policy",
        ID,
        document(STATEMENT),
        "statement 1: Policy document should not specify a principal.",
    ),
    (
        "both forms of a principal",
        R,
        document(changed(NotPrincipal="*")),
        "statement 1: Principal and NotPrincipal exclude each other",
    ),
    (
        "a principal without its type",
        R,
        document(changed(Principal="111111111111")),
        'statement 1: Principal must be "*" or an object of AWS, Service, Federated, CanonicalUser',
    ),
    (
        "an unknown type of principal",
        R,
        document(changed(Principal={"Group": "x"})),
        "statement 1: Principal knows no Group",
    ),
    (
        "a principal that is no text",
        R,
        document(changed(Principal={"AWS": 111111111111})),
        "statement 1: Principal must be a text or a list of texts",
    ),
    (
        "no principal in the list",
        R,
        document(changed(Principal={"AWS": []})),
        "statement 1: Principal must be a text or a list of texts",
    ),
    ("no action", R, document(changed(Action=None)), "statement 1: Missing required field Action"),
    (
        "an action without its service",
        R,
        document(changed(Action="InvokeFunction")),
        "statement 1: Action 'InvokeFunction' is not of the form service:Action",
    ),
    (
        "no resource",
        ID,
        document(changed(Principal=None, Resource=None)),
        "statement 1: Missing required field Resource",
    ),
    (
        "a resource that is no ARN",
        R,
        document(changed(Resource="orders")),
        'statement 1: Resource orders must be in ARN format or "*".',
    ),
    (
        "a resource in a trust policy",
        TRUST,
        document(STATEMENT),
        "statement 1: Has prohibited field Resource",
    ),
    (
        "an unknown operator",
        R,
        document(changed(Condition={"StringMatches": {"a": "b"}})),
        "statement 1: Invalid Condition type : StringMatches",
    ),
    (
        "an operator without keys",
        R,
        document(changed(Condition={"StringEquals": "x"})),
        "Syntax errors in policy: statement 1: Condition StringEquals must be an object",
    ),
    (
        "a condition's value that is an object",
        R,
        document(changed(Condition={"StringEquals": {"aws:x": {}}})),
        "statement 1: Condition aws:x must be a text or a list of texts",
    ),
]


@pytest.mark.parametrize(
    ("kind", "text", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_is_no_policy_is_refused_with_the_place_and_the_reason(kind, text, message):
    with pytest.raises(PolicyError) as raised:
        parse_policy(text, kind)
    assert str(raised.value) == message


ANYTHING = [
    None,
    True,
    -1,
    1e400,
    "",
    "*",
    "\ud800",
    "${",
    "${*}",
    "${a,'b'}",
    "arn:aws:iam::1:root",
    [],
    [[]],
    {},
    {"AWS": "*"},
]
CONDITIONS = [
    {operator: {"aws:SourceArn": value}}
    for operator in ("StringLike", "ArnLike", "DateEquals", "NumericEquals", "IpAddress", "Null", "Bool")
    for value in ("", "*", "0" * 400, "\ud800", "${aws:username}", ["1", True], [])
]


@pytest.mark.parametrize("seed", range(500))
def test_whatever_is_written_is_decided_or_refused(seed):
    """Documents with a few things changed, so that they come far."""
    source = random.Random(seed)
    written = {**STATEMENT, "Condition": source.choice(CONDITIONS)}
    for _ in range(source.randint(0, 2)):
        member = source.choice([*STATEMENT, "Sid", "NotAction", "NotPrincipal", "NotResource"])
        if source.random() < 0.3:
            written.pop(member, None)
        else:
            written[member] = source.choice(ANYTHING)
    try:
        policy = parse_policy(document(written), PolicyKind.RESOURCE)
    except PolicyError:
        return
    caller = caller_from_arn("arn:aws:iam::111111111111:user/alice")
    context = {"aws:SourceArn": source.choice(["", "*", "arn:", "2026-01-01", "1e999", "10.0.0.1"])}
    assert explain(decide(AccessRequest(caller, "lambda:InvokeFunction", FN, context), [policy]))
