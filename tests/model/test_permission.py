"""Permissions: the exact statements that AWS stores and shows, and the exact words of what it refuses."""

from __future__ import annotations

import json

import pytest

from lambdacli.model.errors import (
    InvalidParameterValueException,
    PolicyLengthExceededException,
    PreconditionFailedException,
    RequestError,
    ResourceConflictException,
    ResourceNotFoundException,
)
from lambdacli.model.permission import (
    LayerPermission,
    Permission,
    add_statement,
    function_statement,
    layer_statement,
    refuse_latest,
    remove_statement,
    require_policy_revision,
    statement_text,
    whole_policy,
)
from lambdacli.model.policy import AccessRequest, decide
from lambdacli.model.policy_document import PolicyKind, parse_policy
from lambdacli.model.principals import service_caller

FN = "arn:aws:lambda:eu-west-1:111111111111:function:orders"
LAYER = "arn:aws:lambda:eu-west-1:111111111111:layer:tools:3"
INVOKE = "lambda:InvokeFunction"
START = '{"Sid":"s","Effect":"Allow","Principal":'
END = f'"Action":"lambda:InvokeFunction","Resource":"{FN}"'
INVALID_PRINCIPAL = "The provided principal was invalid. Please check the principal and try again."


def permission(principal="s3.amazonaws.com", action=INVOKE, **members):
    return Permission("s", action, principal, **members)


STATEMENTS = [
    ("a service", permission(), f'{START}{{"Service":"s3.amazonaws.com"}},{END}}}'),
    ("an account", permission("222222222222"), f'{START}{{"AWS":"arn:aws:iam::222222222222:root"}},{END}}}'),
    (
        "a role",
        permission("arn:aws:iam::222222222222:role/a/b"),
        f'{START}{{"AWS":"arn:aws:iam::222222222222:role/a/b"}},{END}}}',
    ),
    (
        "a session",
        permission("arn:aws:sts::222222222222:assumed-role/b/c"),
        f'{START}{{"AWS":"arn:aws:sts::222222222222:assumed-role/b/c"}},{END}}}',
    ),
    ("everyone", permission("*"), f'{START}"*",{END}}}'),
    (
        "a bucket",
        permission(source_arn="arn:aws:s3:::pictures"),
        f'{START}{{"Service":"s3.amazonaws.com"}},{END},'
        '"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::pictures"}}}',
    ),
    (
        "a bucket and its account",
        permission(source_arn="arn:aws:s3:::pictures", source_account="111111111111"),
        f'{START}{{"Service":"s3.amazonaws.com"}},{END},"Condition":{{"StringEquals":{{"AWS:SourceAccount":'
        '"111111111111"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::pictures"}}}',
    ),
    (
        "a skill",
        permission("alexa-appkit.amazon.com", event_source_token="amzn1.ask.skill.1"),
        f'{START}{{"Service":"alexa-appkit.amazon.com"}},{END},'
        '"Condition":{"StringEquals":{"lambda:EventSourceToken":"amzn1.ask.skill.1"}}}',
    ),
    (
        "an organization",
        permission("*", principal_org_id="o-abcdefghij"),
        f'{START}"*",{END},"Condition":{{"StringEquals":{{"aws:PrincipalOrgID":"o-abcdefghij"}}}}}}',
    ),
    (
        "through a URL only",
        permission("*", invoked_via_function_url=True),
        f'{START}"*",{END},"Condition":{{"Bool":{{"lambda:InvokedViaFunctionUrl":"true"}}}}}}',
    ),
    (
        "a URL without auth",
        permission("*", "lambda:InvokeFunctionUrl", function_url_auth_type="NONE"),
        f'{START}"*","Action":"lambda:InvokeFunctionUrl","Resource":"{FN}",'
        '"Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}}',
    ),
]


@pytest.mark.parametrize(
    ("asked", "text"), [row[1:] for row in STATEMENTS], ids=[row[0] for row in STATEMENTS]
)
def test_a_permission_becomes_the_statement_that_aws_stores(asked, text):
    assert statement_text(function_statement(asked, FN)) == text


def test_the_resource_carries_the_qualifier_and_an_account_its_partition():
    china = "arn:aws-cn:lambda:cn-north-1:111111111111:function:orders:live"
    statement = function_statement(permission("222222222222"), china)
    assert statement["Resource"] == china
    assert statement["Principal"] == {"AWS": "arn:aws-cn:iam::222222222222:root"}


LAYERS = [
    (
        "an account",
        LayerPermission("s", "lambda:GetLayerVersion", "222222222222"),
        f'{START}{{"AWS":"arn:aws:iam::222222222222:root"}},"Action":"lambda:GetLayerVersion","Resource":"{LAYER}"}}',
    ),
    (
        "an account by its root",
        LayerPermission("s", "lambda:GetLayerVersion", "arn:aws:iam::222222222222:root"),
        f'{START}{{"AWS":"arn:aws:iam::222222222222:root"}},"Action":"lambda:GetLayerVersion","Resource":"{LAYER}"}}',
    ),
    (
        "an organization",
        LayerPermission("s", "lambda:GetLayerVersion", "*", "o-abcdefghij"),
        f'{START}"*","Action":"lambda:GetLayerVersion","Resource":"{LAYER}",'
        '"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}}',
    ),
]


@pytest.mark.parametrize(("asked", "text"), [row[1:] for row in LAYERS], ids=[row[0] for row in LAYERS])
def test_a_layer_permission_becomes_the_statement_that_aws_stores(asked, text):
    assert statement_text(layer_statement(asked, LAYER)) == text


INVALID_NAME = (
    "The provided input'{}'was invalid. Member must satisfy expression: [\\w+=,.@-]* Please check your input"
    " and try again."
)

PRINCIPALS = [
    ("no service of AWS", "invalid.nonaws.com", INVALID_PRINCIPAL),
    ("no service before the domain", "amazonaws.com", INVALID_PRINCIPAL),
    ("a plain name", "alice", INVALID_PRINCIPAL),
    ("digits of another script", "\u0661" * 12, INVALID_NAME.format("\u0661" * 12)),
    ("too few digits", "12345", INVALID_PRINCIPAL),
    ("a function", FN, INVALID_PRINCIPAL),
    ("a group", "arn:aws:iam::222222222222:group/developers", INVALID_PRINCIPAL),
    ("a role with a wildcard", "arn:aws:iam::222222222222:role/*", INVALID_PRINCIPAL),
    (
        "an ARN with a field missing",
        "arn:aws:iam:222222222222:role/worker",
        INVALID_NAME.format("arn:aws:iam:222222222222:role/worker"),
    ),
    ("a name with a slash", "a/b", INVALID_NAME.format("a/b")),
]


@pytest.mark.parametrize(
    ("principal", "message"), [row[1:] for row in PRINCIPALS], ids=[row[0] for row in PRINCIPALS]
)
def test_a_principal_that_cannot_be_one_is_refused(principal, message):
    with pytest.raises(InvalidParameterValueException) as raised:
        function_statement(permission(principal), FN)
    assert raised.value.message == message


@pytest.mark.parametrize("action", [INVOKE, "lambda:*", "*"])
def test_an_auth_type_belongs_to_the_action_of_urls(action):
    with pytest.raises(InvalidParameterValueException) as raised:
        function_statement(permission("*", action, function_url_auth_type="NONE"), FN)
    assert raised.value.message == "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"


def sid(name):
    return {**function_statement(permission(), FN), "Sid": name}


def test_statements_gather_in_a_default_policy_in_their_order():
    policy = add_statement(add_statement(None, sid("b")), sid("a"))
    start = '{"Version":"2012-10-17","Id":"default","Statement":['
    assert policy == f"{start}{statement_text(sid('b'))},{statement_text(sid('a'))}]}}"
    assert remove_statement(policy, "b") == f"{start}{statement_text(sid('a'))}]}}"


def test_with_its_last_statement_the_policy_goes():
    assert remove_statement(add_statement(None, sid("a")), "a") is None


def test_a_statement_joins_a_document_that_was_put_whole():
    alone = json.dumps({"Version": "2008-10-17", "Statement": sid("mine")})
    policy = add_statement(alone, sid("a"))
    assert json.loads(policy) == {"Version": "2008-10-17", "Statement": [sid("mine"), sid("a")]}


REFUSED_CHANGES = [
    (
        "a statement id that exists",
        lambda: add_statement(add_statement(None, sid("s3")), sid("s3")),
        ResourceConflictException,
        "The statement id (s3) provided already exists. Please provide a new statement id, or remove the"
        " existing statement.",
    ),
    (
        "to remove where there is no policy",
        lambda: remove_statement(None, "s3"),
        ResourceNotFoundException,
        "No policy is associated with the given resource.",
    ),
    (
        "to remove what is not there",
        lambda: remove_statement(add_statement(None, sid("s3")), "non-existent"),
        ResourceNotFoundException,
        "Statement non-existent is not found in resource policy.",
    ),
    (
        "the wrong revision",
        lambda: require_policy_revision("wrong", "right"),
        PreconditionFailedException,
        "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve"
        " the latest Revision Id",
    ),
    (
        "the wrong revision of a layer's policy",
        lambda: require_policy_revision("wrong", None, "GetLayerPolicy"),
        PreconditionFailedException,
        "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to"
        " retrieve the latest Revision Id",
    ),
    (
        "$LATEST",
        lambda: refuse_latest("$LATEST"),
        InvalidParameterValueException,
        "We currently do not support adding policies for $LATEST.",
    ),
]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [row[1:] for row in REFUSED_CHANGES],
    ids=[row[0] for row in REFUSED_CHANGES],
)
def test_a_change_that_is_refused(change, error, message):
    with pytest.raises(RequestError) as raised:
        change()
    assert type(raised.value) is error
    assert raised.value.message == message


def test_what_needs_no_refusal_passes():
    require_policy_revision(None, "right")
    require_policy_revision("right", "right")
    refuse_latest(None)
    refuse_latest("live")


def test_a_policy_may_be_as_long_as_the_limit_and_not_longer():
    policy = add_statement(None, sid("first"))
    one_more = len(add_statement(policy, sid("s"))) - len(policy) - 1
    policy = add_statement(policy, {**sid("s"), "Resource": FN + "x" * (20_480 - len(policy) - one_more - 1)})
    assert len(policy) == 20_480
    with pytest.raises(PolicyLengthExceededException) as raised:
        add_statement(policy, sid("t"))
    expected = len(policy) + 1 + len(statement_text(sid("t")))
    assert raised.value.message == f"The final policy size ({expected}) is bigger than the limit (20480)."


# --- whole documents ---


def whole(**members):
    statement = {"Sid": "a", "Effect": "Allow", "Principal": "*", "Action": INVOKE, "Resource": FN, **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


def test_a_whole_document_is_kept_in_its_order_without_blanks():
    assert whole_policy(whole(), FN) == (
        '{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":"*",'
        f'"Action":"lambda:InvokeFunction","Resource":"{FN}"}}]}}'
    )


@pytest.mark.parametrize(
    "members",
    [
        {"Effect": "Deny", "Principal": {"AWS": ["222222222222", "arn:aws:iam::222222222222:role/x"]}},
        {
            "Principal": {"Service": "events.amazonaws.com"},
            "Condition": {"Bool": {"aws:SecureTransport": True}},
        },
        {"Principal": {"Federated": "accounts.google.com"}},
        {"Principal": {"AWS": "*"}, "Action": ["lambda:*", "s3:GetObject"]},
        {"Action": "*", "Resource": "*"},
        {"Resource": FN + ":*"},
        {"Resource": "arn:aws:lambda:*:*:function:ord*"},
    ],
)
def test_a_whole_document_may_say_all_that_iam_can_say(members):
    assert json.loads(whole_policy(whole(**members), FN)) == json.loads(whole(**members))


REFUSED_DOCUMENTS = [
    ("no JSON", "no", "This policy contains invalid Json"),
    ("no effect", whole(Effect="May"), "statement 1 (a): Effect must be Allow or Deny"),
    ("a service that cannot be one", whole(Principal={"Service": "nonaws.com"}), INVALID_PRINCIPAL),
    ("a principal that cannot be one", whole(Principal={"AWS": "alice"}), INVALID_PRINCIPAL),
    (
        "another service's action",
        whole(Action="s3:GetObject"),
        "Action does not apply to any resource(s) in statement: statement a names no action of lambda",
    ),
    (
        "another function",
        whole(Resource=FN + "-old"),
        f"Policy has invalid resource: statement a does not cover {FN} or a qualifier of it",
    ),
]


@pytest.mark.parametrize(
    ("text", "message"), [row[1:] for row in REFUSED_DOCUMENTS], ids=[row[0] for row in REFUSED_DOCUMENTS]
)
def test_a_whole_document_that_is_refused(text, message):
    with pytest.raises(InvalidParameterValueException) as raised:
        whole_policy(text, FN)
    assert raised.value.message == message


def test_a_whole_document_has_the_limit_of_all_policies():
    rest = len(whole_policy(whole(Sid=""), FN))
    longest = "s" * (20_480 - rest)
    assert len(whole_policy(whole(Sid=longest), FN)) == 20_480
    with pytest.raises(PolicyLengthExceededException) as raised:
        whole_policy(whole(Sid=longest + "s"), FN)
    assert raised.value.message == "The final policy size (20481) is bigger than the limit (20480)."


def test_what_is_added_is_what_the_decision_finds():
    policy = add_statement(None, function_statement(permission(source_arn="arn:aws:s3:::pictures"), FN))
    document = parse_policy(policy, PolicyKind.RESOURCE, "default")

    def may(bucket):
        context = {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}
        return decide(AccessRequest(service_caller("s3.amazonaws.com"), INVOKE, FN, context), [document])

    assert may("pictures").is_allowed
    assert not may("videos").is_allowed
