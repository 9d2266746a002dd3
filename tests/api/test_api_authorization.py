"""What each operation needs: its right and its resource; and what the policies then say, through boto3."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lambdacli.api.authorization import resource_of
from lambdacli.model.identity import Identity
from lambdacli.model.policy import action_of
from lambdacli.model.policy_document import PolicyKind, policy_of
from lambdacli.model.principals import caller_from_arn
from tests.api_house import ACCOUNT, REGION, ROLE, zip_of

HERE = f"arn:aws:lambda:{REGION}:{ACCOUNT}"
USER = f"arn:aws:iam::{ACCOUNT}:user/dev"
FOREIGN_ROOT = "arn:aws:iam::222222222222:root"

RESOURCES = [
    ("Invoke", {"FunctionName": "f"}, "function:f"),
    ("Invoke", {"FunctionName": "f:live"}, "function:f:live"),
    ("Invoke", {"FunctionName": "f", "Qualifier": "1"}, "function:f:1"),
    ("Invoke", {"FunctionName": f"{HERE}:function:f:1"}, "function:f:1"),
    ("Invoke", {"FunctionName": f"{ACCOUNT}:f"}, "function:f"),
    ("CreateFunction", {"FunctionName": "f", "CodeSigningConfigArn": "x"}, "function:f"),
    ("GetAlias", {"FunctionName": "f", "Name": "live"}, "function:f"),
    ("PutFunctionCodeSigningConfig", {"FunctionName": "f", "CodeSigningConfigArn": "x"}, "function:f"),
    ("TagResource", {"Resource": f"{HERE}:function:f"}, "function:f"),
    ("PutResourcePolicy", {"ResourceArn": f"{HERE}:function:f:1"}, "function:f:1"),
    ("PublishLayerVersion", {"LayerName": "l"}, "layer:l"),
    ("GetLayerVersion", {"LayerName": "l", "VersionNumber": 3}, "layer:l:3"),
    ("GetLayerVersion", {"LayerName": f"{HERE}:layer:l", "VersionNumber": 3}, "layer:l:3"),
    ("GetLayerVersionByArn", {"Arn": f"{HERE}:layer:l:3"}, "layer:l:3"),
    ("GetEventSourceMapping", {"UUID": "u"}, "event-source-mapping:u"),
    ("UpdateEventSourceMapping", {"UUID": "u", "FunctionName": "f"}, "event-source-mapping:u"),
    (
        "GetCodeSigningConfig",
        {"CodeSigningConfigArn": f"{HERE}:code-signing-config:csc-1"},
        "code-signing-config:csc-1",
    ),
    ("GetCapacityProvider", {"CapacityProviderName": "p"}, "capacity-provider:p"),
]
ANYTHING = [
    ("ListFunctions", {}),
    ("GetAccountSettings", {}),
    ("ListLayers", {}),
    ("ListLayerVersions", {"LayerName": "l"}),
    ("CreateEventSourceMapping", {"FunctionName": "f", "EventSourceArn": "a"}),
    ("ListEventSourceMappings", {"FunctionName": "f"}),
    ("CreateCodeSigningConfig", {}),
]


@pytest.mark.parametrize(
    ("operation", "members", "resource"),
    [
        *((operation, members, f"{HERE}:{resource}") for operation, members, resource in RESOURCES),
        *((operation, members, "*") for operation, members in ANYTHING),
    ],
)
def test_an_operation_has_the_resource_that_iam_compares(operation, members, resource):
    assert resource_of(operation, members, ACCOUNT, REGION) == resource


def test_every_operation_has_a_right_and_a_resource(model):
    for operation in model.operations.values():
        shape = operation.input
        members = {} if shape is None else {name: f"{HERE}:function:f" for name in shape.required}
        assert action_of(operation.name).startswith("lambda:")
        resource = resource_of(operation.name, members, ACCOUNT, REGION)
        assert resource == "*" or resource.startswith(HERE), operation.name


# Through the whole API


@pytest.fixture
def client_of(house):
    """The client, whose requests are this caller's from now on."""
    plain = house.context

    def become(arn, *statements, policies=None):
        documents = [{"Statement": list(statements)}] if statements else policies or []
        caller = caller_from_arn(arn)
        read = tuple(policy_of(each, PolicyKind.IDENTITY, "mine") for each in documents)
        identity = Identity(caller, read)
        house.api._context_for = lambda request: replace(
            plain(request), identity=identity, account=caller.account
        )
        return house.client

    return become


def allow(action, resource="*", **condition):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def test_what_a_policy_allows_is_done_and_nothing_else(house, client_of, refused):
    house.create("f")
    client = client_of(USER, allow("lambda:GetFunction", f"{HERE}:function:f"))
    assert client.get_function(FunctionName="f")["Configuration"]["FunctionName"] == "f"
    assert refused("get_function", FunctionName="g") == (
        "AccessDeniedException",
        403,
        f"User: {USER} is not authorized to perform: lambda:GetFunction on resource: {HERE}:function:g "
        "because no identity-based policy allows the lambda:GetFunction action",
    )
    assert refused("list_functions")[1] == 403
    assert refused("invoke", FunctionName="f")[1] == 403
    assert house.invoker.invocations == []


def test_nothing_is_told_of_what_does_not_exist(client_of, refused):
    client_of(USER)
    assert refused("delete_function", FunctionName="missing")[0] == "AccessDeniedException"


def test_a_wrong_request_is_told_before_rights_are_asked(client_of, refused):
    client_of(USER)
    assert refused("get_function", FunctionName="*")[0] == "ValidationException"


def test_an_explicit_deny_of_the_functions_own_policy_wins(house, client_of, refused):
    house.create("f")
    document = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Deny",
            "Principal": {"AWS": USER},
            "Action": "lambda:InvokeFunction",
            "Resource": f"{HERE}:function:f",
        },
    }
    house.client.put_resource_policy(ResourceArn=f"{HERE}:function:f", Policy=json.dumps(document))
    client_of(USER, allow("*"))
    code, status, message = refused("invoke", FunctionName="f")
    assert (code, status) == ("AccessDeniedException", 403)
    assert message.endswith("with an explicit deny in a resource-based policy")


def test_another_account_is_let_in_by_the_functions_policy(house, client_of, refused):
    house.create("f")
    client = client_of(FOREIGN_ROOT)
    arn = f"{HERE}:function:f"
    assert refused("invoke", FunctionName=arn)[0] == "AccessDeniedException"
    client_of(f"arn:aws:iam::{ACCOUNT}:root").add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="222222222222"
    )
    client_of(FOREIGN_ROOT)
    assert client.invoke(FunctionName=arn)["StatusCode"] == 200
    assert house.invoker.invocations[-1][0].key.account == ACCOUNT
    # By its name alone it is the caller's own, who has none.
    assert refused("invoke", FunctionName="f")[0] == "ResourceNotFoundException"
    assert refused("get_function", FunctionName=arn)[0] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"StringEquals": {"lambda:Principal": "s3.amazonaws.com"}}, True),
        ({"StringEquals": {"lambda:Principal": "sns.amazonaws.com"}}, False),
        ({"StringEquals": {"aws:RequestedRegion": REGION}}, True),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"StringEquals": {"aws:username": "dev"}}, True),
    ],
)
def test_conditions_look_at_the_request(house, client_of, condition, allowed):
    house.create("f")
    client = client_of(USER, allow("lambda:AddPermission", **condition))
    request = {"FunctionName": "f", "StatementId": "s", "Principal": "s3.amazonaws.com"}
    if allowed:
        client.add_permission(**request, Action="lambda:InvokeFunction")
    else:
        with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
            client.add_permission(**request, Action="lambda:InvokeFunction")


# Roles


@pytest.mark.parametrize(
    ("service", "is_taken"), [("lambda.amazonaws.com", True), ("ec2.amazonaws.com", False)]
)
def test_a_role_whose_trust_is_known_must_trust_lambda(house, refused, service, is_taken):
    trust = policy_of(
        {"Statement": {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}},
        PolicyKind.TRUST,
    )
    plain = house.context
    other = f"{ROLE}-2"
    house.api._context_for = lambda request: replace(
        plain(request), trust_of=lambda arn: trust if arn == ROLE else None
    )
    house.create("other", Role=other)
    if is_taken:
        house.create("f")
        house.client.update_function_configuration(FunctionName="other", Role=ROLE)
        return
    expected = (
        "InvalidParameterValueException",
        400,
        "The role defined for the function cannot be assumed by Lambda.",
    )
    created = {"Runtime": "python3.13", "Handler": "a.b", "Code": {"ZipFile": b""}}
    assert refused("create_function", FunctionName="f", Role=ROLE, **created) == expected
    assert refused("update_function_configuration", FunctionName="other", Role=ROLE) == expected
    house.client.update_function_configuration(FunctionName="other", MemorySize=512)


def test_another_account_reads_the_layer_version_that_it_was_permitted(house, client_of, refused):
    for _ in range(2):
        house.client.publish_layer_version(LayerName="l", Content={"ZipFile": zip_of()})
    house.client.add_layer_version_permission(
        LayerName="l",
        VersionNumber=1,
        StatementId="s",
        Action="lambda:GetLayerVersion",
        Principal="222222222222",
    )
    client = client_of(FOREIGN_ROOT)
    assert client.get_layer_version_by_arn(Arn=f"{HERE}:layer:l:1")["Version"] == 1
    assert refused("get_layer_version_by_arn", Arn=f"{HERE}:layer:l:2")[:2] == ("AccessDeniedException", 403)
