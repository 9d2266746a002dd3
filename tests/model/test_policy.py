"""Who may do what: the decision over resource and identity policies, and how it explains itself."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import pytest

from lambdacli.model.errors import AccessDeniedException
from lambdacli.model.policy import (
    AccessRequest,
    Verdict,
    action_of,
    context_of,
    decide,
    denial_text,
    explain,
    require_allowed,
)
from lambdacli.model.policy_document import PolicyKind, parse_policy
from lambdacli.model.principals import ANONYMOUS, Caller, CallerKind, caller_from_arn, service_caller

FN = "arn:aws:lambda:eu-west-1:111111111111:function:orders"
BUCKET = "arn:aws:s3:::pictures"
ROOT = "arn:aws:iam::111111111111:root"
ALICE = "arn:aws:iam::111111111111:user/team/alice"
BOB = "arn:aws:iam::222222222222:user/bob"
ROLE = "arn:aws:iam::111111111111:role/service-role/worker"
SESSION = "arn:aws:sts::111111111111:assumed-role/worker/orders"
FOREIGN_ROLE = "arn:aws:iam::222222222222:role/worker"
FOREIGN_SESSION = "arn:aws:sts::222222222222:assumed-role/worker/run"

S3 = service_caller("s3.amazonaws.com")
INVOKE = "lambda:InvokeFunction"


def statement(effect="Allow", principal=None, action=INVOKE, resource=FN, sid="s", **elements):
    written = {"Sid": sid, "Effect": effect, "Principal": principal, "Action": action, "Resource": resource}
    return {key: value for key, value in {**written, **elements}.items() if value is not None}


def resource_policy(*statements, version="2012-10-17"):
    document = {"Version": version, "Id": "default", "Statement": list(statements)}
    return parse_policy(json.dumps(document), PolicyKind.RESOURCE, "the policy of orders")


def identity_policy(*statements):
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return parse_policy(json.dumps(document), PolicyKind.IDENTITY, "the policy invoker")


def request(caller, action=INVOKE, resource=FN, at=None, **context):
    return AccessRequest(caller, action, resource, context.get("context", {}), at)


def named(caller):
    return caller if isinstance(caller, Caller) else caller_from_arn(caller)


def federated(provider):
    return Caller(CallerKind.FEDERATED, provider)


CANONICAL = Caller(
    CallerKind.CANONICAL_USER, "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
)

# A resource policy with one Allow for everything, and who is asked.
PRINCIPALS = [
    ("a service that is named", {"Service": "s3.amazonaws.com"}, S3, True),
    ("a service among several", {"Service": ["sns.amazonaws.com", "s3.amazonaws.com"]}, S3, True),
    ("another service", {"Service": "sns.amazonaws.com"}, S3, False),
    ("a service is not an account", {"AWS": "111111111111"}, S3, False),
    ("a service's name is no name of an account's", {"AWS": "s3.amazonaws.com"}, S3, False),
    ("everyone includes services", "*", S3, True),
    ("every AWS principal includes services", {"AWS": "*"}, S3, True),
    (
        "a regional name covers the service in that region",
        {"Service": "logs.eu-west-1.amazonaws.com"},
        service_caller("logs.amazonaws.com"),
        True,
    ),
    (
        "the plain name covers the service in a region",
        {"Service": "logs.amazonaws.com"},
        service_caller("logs.eu-west-1.amazonaws.com"),
        True,
    ),
    (
        "a region's name does not cover another region",
        {"Service": "logs.us-east-1.amazonaws.com"},
        service_caller("logs.eu-west-1.amazonaws.com"),
        False,
    ),
    ("everyone includes callers without a signature", "*", ANONYMOUS, True),
    ("an account does not include callers without a signature", {"AWS": ROOT}, ANONYMOUS, False),
    ("a user of the same account by ARN", {"AWS": ALICE}, ALICE, True),
    ("another user", {"AWS": "arn:aws:iam::111111111111:user/carol"}, ALICE, False),
    ("user ARNs hold no wildcards", {"AWS": "arn:aws:iam::111111111111:user/*"}, ALICE, False),
    ("user ARNs are case-sensitive", {"AWS": ALICE.replace("alice", "Alice")}, ALICE, False),
    ("the account leaves it to its own policies", {"AWS": ROOT}, ALICE, False),
    ("the account by number leaves it too", {"AWS": "111111111111"}, ALICE, False),
    ("the root user is the account", {"AWS": "111111111111"}, ROOT, True),
    ("a session by its role", {"AWS": ROLE}, caller_from_arn(SESSION, ROLE), True),
    ("a session by its own ARN", {"AWS": SESSION}, SESSION, True),
    ("a session without a known path", {"AWS": ROLE.replace("service-role/", "")}, SESSION, True),
    ("another session of the role", {"AWS": SESSION + "2"}, SESSION, False),
    ("a role of the same name elsewhere", {"AWS": FOREIGN_ROLE}, SESSION, False),
    ("a user of another account lacks his own policy", {"AWS": BOB}, BOB, False),
    ("an identity provider", {"Federated": "accounts.google.com"}, federated("accounts.google.com"), True),
    ("another provider", {"Federated": "www.amazon.com"}, federated("accounts.google.com"), False),
    ("a canonical user", {"CanonicalUser": CANONICAL.name}, CANONICAL, True),
    ("a canonical user is no service", {"Service": CANONICAL.name}, CANONICAL, False),
]


@pytest.mark.parametrize(
    ("principal", "caller", "allowed"), [row[1:] for row in PRINCIPALS], ids=[row[0] for row in PRINCIPALS]
)
def test_a_resource_policy_names_its_principals(principal, caller, allowed):
    decision = decide(request(named(caller)), [resource_policy(statement(principal=principal))])
    assert decision.is_allowed is allowed, "\n".join(explain(decision))


EVERYTHING = statement(action="*", resource="*")
NOBODY_ELSE = {"AWS": [ALICE, ROOT]}

ACCOUNTS = [
    ("own account, neither policy", ALICE, [], [], Verdict.NO_IDENTITY_POLICY),
    ("own account, the identity policy alone", ALICE, [], [statement()], Verdict.ALLOWED),
    (
        "own account, the resource policy alone",
        ALICE,
        [statement(principal={"AWS": ALICE})],
        [],
        Verdict.ALLOWED,
    ),
    (
        "own account, both leave it to each other",
        ALICE,
        [statement(principal={"AWS": ROOT})],
        [],
        Verdict.NO_IDENTITY_POLICY,
    ),
    (
        "own account, the account may and the identity policy allows",
        ALICE,
        [statement(principal={"AWS": ROOT})],
        [statement()],
        Verdict.ALLOWED,
    ),
    ("own account, its root user needs no policy", ROOT, [], [], Verdict.ALLOWED),
    (
        "own account, its root user is denied by the resource policy",
        ROOT,
        [statement("Deny", {"AWS": ROOT})],
        [],
        Verdict.DENIED_BY_STATEMENT,
    ),
    ("other account, neither policy", BOB, [], [], Verdict.NO_RESOURCE_POLICY),
    ("other account, its identity policy alone", BOB, [], [EVERYTHING], Verdict.NO_RESOURCE_POLICY),
    (
        "other account, the resource policy alone",
        BOB,
        [statement(principal={"AWS": BOB})],
        [],
        Verdict.NO_IDENTITY_POLICY,
    ),
    ("other account, both by user", BOB, [statement(principal={"AWS": BOB})], [EVERYTHING], Verdict.ALLOWED),
    (
        "other account, both by account",
        BOB,
        [statement(principal={"AWS": "222222222222"})],
        [EVERYTHING],
        Verdict.ALLOWED,
    ),
    (
        "other account, both by role",
        FOREIGN_SESSION,
        [statement(principal={"AWS": FOREIGN_ROLE})],
        [EVERYTHING],
        Verdict.ALLOWED,
    ),
    (
        "other account, everyone and the identity policy",
        BOB,
        [statement(principal="*")],
        [EVERYTHING],
        Verdict.ALLOWED,
    ),
    (
        "other account, its root user has all of its side",
        "arn:aws:iam::222222222222:root",
        [statement(principal={"AWS": "222222222222"})],
        [],
        Verdict.ALLOWED,
    ),
    (
        "a deny of the identity policy beats the resource policy",
        ALICE,
        [statement(principal={"AWS": ALICE})],
        [statement("Deny", resource="*")],
        Verdict.DENIED_BY_STATEMENT,
    ),
    (
        "a deny of the resource policy beats the identity policy",
        ALICE,
        [statement("Deny", {"AWS": ROOT})],
        [EVERYTHING],
        Verdict.DENIED_BY_STATEMENT,
    ),
    (
        "a deny for another action does not count",
        ALICE,
        [statement("Deny", "*", action="lambda:GetFunction")],
        [EVERYTHING],
        Verdict.ALLOWED,
    ),
    ("a service without any policy", S3, [], [], Verdict.NO_RESOURCE_POLICY),
    ("nobody known without any policy", ANONYMOUS, [], [], Verdict.NO_RESOURCE_POLICY),
    (
        "NotPrincipal in a deny spares whose every name is listed",
        ALICE,
        [statement("Deny", NotPrincipal=NOBODY_ELSE)],
        [EVERYTHING],
        Verdict.ALLOWED,
    ),
    (
        "NotPrincipal in a deny without the account denies even the named user",
        ALICE,
        [statement("Deny", NotPrincipal={"AWS": ALICE})],
        [EVERYTHING],
        Verdict.DENIED_BY_STATEMENT,
    ),
    (
        "NotPrincipal in a deny takes the account's number",
        ALICE,
        [statement("Deny", NotPrincipal={"AWS": [ALICE, "111111111111"]})],
        [EVERYTHING],
        Verdict.ALLOWED,
    ),
    (
        "NotPrincipal in a deny wants a session and its role",
        SESSION,
        [statement("Deny", NotPrincipal={"AWS": [SESSION, ROOT]})],
        [EVERYTHING],
        Verdict.DENIED_BY_STATEMENT,
    ),
    (
        "NotPrincipal in a deny denies everybody else",
        "arn:aws:iam::111111111111:user/carol",
        [statement("Deny", NotPrincipal=NOBODY_ELSE)],
        [EVERYTHING],
        Verdict.DENIED_BY_STATEMENT,
    ),
    (
        "NotPrincipal in a deny spares the named service",
        S3,
        [statement("Deny", NotPrincipal={"Service": S3.name}), statement(principal="*", sid="all")],
        [],
        Verdict.ALLOWED,
    ),
    (
        "NotPrincipal in an allow leaves out the named account",
        ALICE,
        [statement(NotPrincipal={"AWS": ROOT})],
        [],
        Verdict.NO_IDENTITY_POLICY,
    ),
    (
        "NotPrincipal in an allow lets others in",
        S3,
        [statement(NotPrincipal={"AWS": ROOT})],
        [],
        Verdict.ALLOWED,
    ),
]


@pytest.mark.parametrize(
    ("caller", "resource", "identity", "verdict"),
    [row[1:] for row in ACCOUNTS],
    ids=[row[0] for row in ACCOUNTS],
)
def test_resource_and_identity_policies_together(caller, resource, identity, verdict):
    decision = decide(
        request(named(caller)),
        [resource_policy(*resource)] if resource else [],
        [identity_policy(*identity)] if identity else [],
    )
    assert decision.verdict is verdict, "\n".join(explain(decision))
    assert decision.is_allowed is (verdict is Verdict.ALLOWED)


ELEMENTS = [
    ("the action itself", {"action": INVOKE}, True),
    ("action names ignore case", {"action": "LAMBDA:invokefunction"}, True),
    ("a star within an action", {"action": "lambda:Invoke*"}, True),
    ("a question mark within an action", {"action": "lambda:InvokeFunctio?"}, True),
    ("a question mark stands for one character", {"action": "lambda:InvokeFunction?"}, False),
    ("every action of lambda", {"action": "lambda:*"}, True),
    ("every action", {"action": "*"}, True),
    ("one of several actions", {"action": ["lambda:GetFunction", INVOKE]}, True),
    ("another action", {"action": "lambda:InvokeFunctionUrl"}, False),
    ("no part of an action is enough", {"action": "lambda:Invoke"}, False),
    ("all but another action", {"action": None, "NotAction": "lambda:Get*"}, True),
    ("all but this action", {"action": None, "NotAction": ["lambda:Get*", "lambda:invoke*"]}, False),
    ("the ARN itself", {"resource": FN}, True),
    ("ARNs are case-sensitive", {"resource": FN.replace("orders", "Orders")}, False),
    ("a star behind the name", {"resource": FN + "*"}, True),
    ("only qualified ARNs", {"resource": FN + ":*"}, False),
    ("every resource", {"resource": "*"}, True),
    ("a star in each field", {"resource": "arn:*:lambda:*:*:function:orders"}, True),
    ("a star stays within its field", {"resource": "arn:aws:lambda:*:function:orders"}, False),
    ("fields left out are any", {"resource": "arn:aws:lambda"}, True),
    ("fields left out of another service", {"resource": "arn:aws:s3"}, False),
    ("one of several resources", {"resource": [BUCKET, FN]}, True),
    ("all but another resource", {"resource": None, "NotResource": BUCKET}, True),
    ("all but this resource", {"resource": None, "NotResource": "arn:aws:lambda:*:*:function:*"}, False),
    ("a variable in the resource", {"resource": "arn:aws:lambda:*:${aws:PrincipalAccount}:function:*"}, True),
    ("a variable of another value", {"resource": "arn:aws:lambda:*:*:function:${aws:username}"}, False),
    (
        "a variable that is not known",
        {"resource": "arn:aws:lambda:*:*:function:${aws:PrincipalTag/app}*"},
        False,
    ),
    (
        "a variable's default",
        {"resource": "arn:aws:lambda:*:*:function:${aws:PrincipalTag/app, 'orders'}"},
        True,
    ),
    ("a plain star is no wildcard", {"resource": "arn:aws:lambda:*:*:function:${*}"}, False),
]


@pytest.mark.parametrize(
    ("elements", "allowed"), [row[1:] for row in ELEMENTS], ids=[row[0] for row in ELEMENTS]
)
def test_actions_and_resources(elements, allowed):
    decision = decide(request(named(ALICE)), identity_policies=[identity_policy(statement(**elements))])
    assert decision.is_allowed is allowed, "\n".join(explain(decision))


QUALIFIERS = [
    ("unqualified, called unqualified", FN, FN, True),
    ("unqualified, called by version", FN, FN + ":1", False),
    ("by version, called unqualified", FN + ":1", FN, False),
    ("by version, called by version", FN + ":1", FN + ":1", True),
    ("by alias, called by another alias", FN + ":live", FN + ":test", False),
    ("any qualifier, called by alias", FN + ":*", FN + ":live", True),
    ("any qualifier, called unqualified", FN + ":*", FN, False),
    ("everything that begins so, called by alias", FN + "*", FN + ":live", True),
    ("everything that begins so, another function", FN + "*", FN + "-old", True),
]


@pytest.mark.parametrize(
    ("resource", "called", "allowed"), [row[1:] for row in QUALIFIERS], ids=[row[0] for row in QUALIFIERS]
)
def test_the_arn_of_the_call_is_compared_as_it_was_called(resource, called, allowed):
    policy = resource_policy(statement(principal={"Service": S3.name}, resource=resource))
    assert decide(request(S3, resource=called), [policy]).is_allowed is allowed


LIKE_BUCKET = {"ArnLike": {"AWS:SourceArn": BUCKET}}
BOTH = {"StringEquals": {"AWS:SourceAccount": "111111111111"}, "ArnLike": {"AWS:SourceArn": BUCKET}}
API = "arn:aws:execute-api:eu-west-1:111111111111:abc123"

PRODUCERS = [
    ("the bucket", S3, LIKE_BUCKET, {"aws:SourceArn": BUCKET}, True),
    ("another bucket", S3, LIKE_BUCKET, {"aws:SourceArn": BUCKET + "-2"}, False),
    ("no source at all", S3, LIKE_BUCKET, {}, False),
    ("bucket and account", S3, BOTH, {"aws:SourceArn": BUCKET, "aws:SourceAccount": "111111111111"}, True),
    (
        "the bucket was made anew elsewhere",
        S3,
        BOTH,
        {"aws:SourceArn": BUCKET, "aws:SourceAccount": "222222222222"},
        False,
    ),
    (
        "any method of an API",
        service_caller("apigateway.amazonaws.com"),
        {"ArnLike": {"AWS:SourceArn": API + "/*/*/*"}},
        {"aws:SourceArn": API + "/prod/GET/orders"},
        True,
    ),
    (
        "an API's authorizer is no method",
        service_caller("apigateway.amazonaws.com"),
        {"ArnLike": {"AWS:SourceArn": API + "/prod/*/*"}},
        {"aws:SourceArn": API + "/authorizers/x1"},
        False,
    ),
    (
        "the skill's token",
        service_caller("alexa-appkit.amazon.com"),
        {"StringEquals": {"lambda:EventSourceToken": "amzn1.ask.skill.1"}},
        {"lambda:EventSourceToken": "amzn1.ask.skill.1"},
        True,
    ),
    (
        "another skill's token",
        service_caller("alexa-appkit.amazon.com"),
        {"StringEquals": {"lambda:EventSourceToken": "amzn1.ask.skill.1"}},
        {"lambda:EventSourceToken": "amzn1.ask.skill.2"},
        False,
    ),
    (
        "a URL without auth",
        ANONYMOUS,
        {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
        {"lambda:FunctionUrlAuthType": "NONE"},
        True,
    ),
    (
        "a URL with auth",
        ANONYMOUS,
        {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
        {"lambda:FunctionUrlAuthType": "AWS_IAM"},
        False,
    ),
    (
        "through the URL",
        ANONYMOUS,
        {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
        {"lambda:InvokedViaFunctionUrl": True},
        True,
    ),
    ("not through the URL", ANONYMOUS, {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}, {}, False),
    (
        "the own organization",
        S3,
        {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}},
        {"aws:PrincipalOrgID": "o-abcdefghij"},
        True,
    ),
    (
        "another organization",
        S3,
        {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}},
        {"aws:PrincipalOrgID": "o-0000000000"},
        False,
    ),
    (
        "a service's own name",
        S3,
        {"StringEquals": {"aws:PrincipalServiceName": "s3.amazonaws.com"}},
        {},
        True,
    ),
    ("a service is one", S3, {"Bool": {"aws:PrincipalIsAWSService": "true"}}, {}, True),
    ("nobody known is no service", ANONYMOUS, {"Bool": {"aws:PrincipalIsAWSService": "true"}}, {}, False),
    ("the session's role", SESSION, {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/work*"}}, {}, True),
    ("the user's account", ALICE, {"StringEquals": {"aws:PrincipalAccount": "111111111111"}}, {}, True),
    ("the user's name", ALICE, {"StringEquals": {"aws:username": "alice"}}, {}, True),
    ("the resource's account", ALICE, {"StringEquals": {"aws:ResourceAccount": "111111111111"}}, {}, True),
    (
        "the caller's own account",
        ALICE,
        {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}},
        {},
        True,
    ),
    (
        "who one is cannot be claimed",
        ALICE,
        {"StringEquals": {"aws:username": "root"}},
        {"aws:UserName": "root"},
        False,
    ),
    (
        "every condition has to hold",
        S3,
        {"ArnLike": {"aws:SourceArn": BUCKET}, "Bool": {"aws:SecureTransport": "true"}},
        {"aws:SourceArn": BUCKET, "aws:SecureTransport": False},
        False,
    ),
]


@pytest.mark.parametrize(
    ("caller", "condition", "context", "allowed"),
    [row[1:] for row in PRODUCERS],
    ids=[row[0] for row in PRODUCERS],
)
def test_conditions_of_producers_and_callers(caller, condition, context, allowed):
    policy = resource_policy(statement(principal="*", Condition=condition))
    decision = decide(request(named(caller), context=context), [policy])
    assert decision.is_allowed is allowed, "\n".join(explain(decision))


def test_variables_are_plain_text_in_the_older_version():
    written = statement(principal="*", Condition={"StringEquals": {"aws:username": "${aws:username}"}})
    alice = request(named(ALICE))
    assert decide(alice, [resource_policy(written)]).is_allowed
    assert not decide(alice, [resource_policy(written, version="2008-10-17")]).is_allowed


def test_a_request_tells_its_time():
    at = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    context = context_of(request(S3, at=at))
    assert context["aws:currenttime"] == ("2026-11-21T12:30:00Z",)
    assert context["aws:epochtime"] == (str(int(at.timestamp())),)


def test_a_resource_without_an_account_is_of_the_account_that_is_given():
    everything = [identity_policy(EVERYTHING)]
    listing = AccessRequest(named(ALICE), "lambda:ListFunctions", "*", resource_account="111111111111")
    assert decide(listing, identity_policies=everything).is_allowed
    foreign = AccessRequest(named(ALICE), "lambda:ListFunctions", "*", resource_account="222222222222")
    assert decide(foreign, identity_policies=everything).verdict is Verdict.NO_RESOURCE_POLICY


def test_a_decision_names_the_statements_that_decided():
    policy = resource_policy(
        statement(principal={"Service": "sns.amazonaws.com"}, sid="topic"),
        statement(principal={"Service": "s3.amazonaws.com"}, sid="bucket"),
        statement(principal="*", sid="public"),
    )
    decision = decide(request(S3), [policy])
    assert [(finding.policy, finding.sid) for finding in decision.deciding] == [
        ("the policy of orders", "bucket"),
        ("the policy of orders", "public"),
    ]


def test_an_explanation_tells_of_every_statement_and_every_element():
    policy = resource_policy(
        statement(principal={"Service": "s3.amazonaws.com"}, sid="bucket", Condition=LIKE_BUCKET),
        statement("Deny", "*", action="lambda:Get*", sid="no-reading"),
    )
    decision = decide(request(S3, context={"aws:SourceArn": "arn:aws:s3:::other"}), [policy])
    assert explain(decision) == [
        f"denied: s3.amazonaws.com lambda:InvokeFunction {FN}",
        "  s3.amazonaws.com needs a statement of a resource policy; none applies",
        "  the policy of orders, statement bucket (Allow) does not apply",
        "    yes principal: s3.amazonaws.com is named by Service s3.amazonaws.com",
        "    yes action: lambda:InvokeFunction covers lambda:InvokeFunction",
        f"    yes resource: {FN} covers {FN}",
        "    no  condition: ArnLike AWS:SourceArn arn:aws:s3:::pictures; the request has arn:aws:s3:::other",
        "  the policy of orders, statement no-reading (Deny) does not apply",
        "    yes principal: s3.amazonaws.com is named by everyone",
        "    no  action: lambda:Get* does not cover lambda:InvokeFunction",
        f"    yes resource: {FN} covers {FN}",
    ]


def test_an_explanation_without_policies_says_so():
    assert explain(decide(request(ANONYMOUS)))[-1] == "  there is no policy"


DENIALS = [
    (ALICE, [], [], "because no identity-based policy allows the lambda:InvokeFunction action"),
    (BOB, [], [EVERYTHING], "because no resource-based policy allows the lambda:InvokeFunction action"),
    (S3, [], [], "because no resource-based policy allows the lambda:InvokeFunction action"),
    (ALICE, [statement("Deny", "*")], [], "with an explicit deny in a resource-based policy"),
    (ALICE, [], [statement("Deny")], "with an explicit deny in an identity-based policy"),
]


@pytest.mark.parametrize(
    ("caller", "resource", "identity", "reason"), DENIALS, ids=[row[3] for row in DENIALS]
)
def test_a_denial_is_worded_as_aws_words_it(caller, resource, identity, reason):
    policies = [resource_policy(*resource)] if resource else []
    identities = [identity_policy(*identity)] if identity else []
    decision = decide(request(named(caller)), policies, identities)
    expected = f"User: {named(caller).name} is not authorized to perform: {INVOKE} on resource: {FN} {reason}"
    assert denial_text(decision) == expected
    with pytest.raises(AccessDeniedException) as raised:
        require_allowed(decision)
    assert raised.value.message == expected


def test_an_allowed_request_passes():
    require_allowed(decide(request(named(ROOT))))


def test_a_decision_is_never_taken_for_a_truth_value():
    with pytest.raises(TypeError, match="is_allowed"):
        bool(decide(request(S3)))


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("Invoke", "lambda:InvokeFunction"),
        ("InvokeAsync", "lambda:InvokeFunction"),
        ("InvokeWithResponseStream", "lambda:InvokeFunction"),
        ("GetLayerVersionByArn", "lambda:GetLayerVersion"),
        ("CreateFunction", "lambda:CreateFunction"),
    ],
)
def test_the_right_that_an_operation_needs(operation, action):
    assert action_of(operation) == action


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::111111111111:group/developers",
        "arn:aws:sts::111111111111:assumed-role/worker",
        "arn:aws:iam::111111111111:assumed-role/worker/x",
        "arn:aws:iam::111111111111:user",
        "arn:aws:iam::111111111111:root/x",
        FN,
        "alice",
    ],
)
def test_what_is_no_caller_is_refused(arn):
    with pytest.raises(ValueError, match="is not the ARN of"):
        caller_from_arn(arn)


# --- rules that hold for all policies ---

CALLERS = [named(each) for each in (ALICE, BOB, ROOT, SESSION, FOREIGN_SESSION)] + [S3, ANONYMOUS]


def invented(random_source):
    """A statement of a resource policy and one of an identity policy may look like this."""
    element = random_source.choice
    condition = element(
        [
            None,
            LIKE_BUCKET,
            BOTH,
            {"StringNotEquals": {"aws:PrincipalAccount": "222222222222"}},
            {"Null": {"aws:SourceArn": "true"}},
        ]
    )
    principal_element = element(["Principal", "Principal", "NotPrincipal"])
    principal = element([{"AWS": ALICE}, {"AWS": [ROOT, BOB]}, {"AWS": "*"}, {"Service": "s3.amazonaws.com"}])
    action_element, resource_element = element(["Action", "NotAction"]), element(["Resource", "NotResource"])
    return {
        "Effect": element(["Allow", "Allow", "Deny"]),
        principal_element: principal,
        action_element: element(["*", INVOKE, "lambda:Get*", ["lambda:*Url", "s3:*"]]),
        resource_element: element(["*", FN, FN + ":*", FN + "*", BUCKET]),
        **({} if condition is None else {"Condition": condition}),
    }


def invented_case(seed):
    source = random.Random(seed)
    statements = [invented(source) for _ in range(source.randint(1, 5))]
    identities = [
        {key: value for key, value in invented(source).items() if "Principal" not in key}
        for _ in range(source.randint(0, 3))
    ]
    context = source.choice(
        [{}, {"aws:SourceArn": BUCKET}, {"aws:SourceArn": BUCKET, "aws:SourceAccount": "1" * 12}]
    )
    asked = request(source.choice(CALLERS), INVOKE, source.choice([FN, FN + ":1"]), context=context)
    return source, asked, statements, identities


def decided(asked, statements, identities):
    policies = [resource_policy(*statements)] if statements else []
    return decide(asked, policies, [identity_policy(*identities)] if identities else [])


@pytest.mark.parametrize("seed", range(400))
def test_rules_of_all_policies(seed):
    source, asked, statements, identities = invented_case(seed)
    before = decided(asked, statements, identities)

    shuffled = source.sample(statements, len(statements))
    assert decided(asked, shuffled, identities[::-1]).verdict is before.verdict, "order does not matter"

    deny = {**invented(source), "Effect": "Deny"}
    assert not (decided(asked, [*statements, deny], identities).is_allowed and not before.is_allowed)

    allow = {**invented(source), "Effect": "Allow"}
    assert decided(asked, [*statements, allow], identities).is_allowed or not before.is_allowed

    in_many = decide(
        asked, [resource_policy(each) for each in statements], [identity_policy(each) for each in identities]
    )
    assert in_many.verdict is before.verdict, "it does not matter in how many documents the statements stand"

    assert all(finding.applies for finding in before.deciding)


def test_many_stars_are_decided_quickly():
    """Each `*a` multiplies the ways to fail where a pattern is looked for naively: this would take years."""
    pattern = FN + "*a" * 200 + "b"
    asked = request(named(ALICE), resource=FN + "a" * 2000)
    assert not decide(asked, identity_policies=[identity_policy(statement(resource=pattern))]).is_allowed
