"""Resource policies through the real boto3 client: statements, whole documents, and their refusals."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from tests.api_house import ACCOUNT, REGION

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
S3 = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
NO_SUCH_RESOURCE = ("ResourceNotFoundException", 404, "The resource you requested does not exist.")
NO_REVISION = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def client(house):
    """A function with version 1 and the alias live."""
    house.create("f", Publish=True)
    house.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    return house.client


def add(client, sid="s3", **members):
    return client.add_permission(**{"FunctionName": "f", "StatementId": sid, **S3, **members})


def policy_of(client, **members):
    return json.loads(client.get_policy(FunctionName="f", **members)["Policy"])


def statement(arn=ARN, sid="s3", **condition):
    made = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": arn,
    }
    return {**made, "Condition": condition} if condition else made


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_permission_is_added_shown_and_removed(client, refused):
    added = add(client, SourceArn="arn:aws:s3:::pictures", SourceAccount=ACCOUNT)
    expected = statement(
        StringEquals={"AWS:SourceAccount": ACCOUNT}, ArnLike={"AWS:SourceArn": "arn:aws:s3:::pictures"}
    )
    assert added["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert added["Statement"] == json.dumps(expected, separators=(",", ":"))
    assert policy_of(client) == {"Version": "2012-10-17", "Id": "default", "Statement": [expected]}
    removed = client.remove_permission(FunctionName="f", StatementId="s3")
    assert removed["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused("get_policy", FunctionName="f") == NO_SUCH_RESOURCE


def test_function_version_and_alias_have_policies_of_their_own(client, refused):
    add(client, "whole")
    add(client, "of-version", Qualifier="1")
    client.add_permission(FunctionName="f:live", StatementId="of-alias", **S3)
    assert policy_of(client)["Statement"] == [statement(sid="whole")]
    assert policy_of(client, Qualifier="1")["Statement"] == [statement(f"{ARN}:1", "of-version")]
    assert policy_of(client, Qualifier="live")["Statement"] == [statement(f"{ARN}:live", "of-alias")]
    house_changed = client.update_function_configuration(FunctionName="f", MemorySize=512)
    assert house_changed["ResponseMetadata"]["HTTPStatusCode"] == 200
    client.publish_version(FunctionName="f")
    assert refused("get_policy", FunctionName="f", Qualifier="2") == NO_SUCH_RESOURCE


def test_a_policy_goes_with_its_alias_its_version_and_its_function(house, client, refused):
    for qualifier in ({}, {"Qualifier": "1"}, {"Qualifier": "live"}):
        add(client, **qualifier)
    client.delete_alias(FunctionName="f", Name="live")
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    assert refused("get_policy", FunctionName="f", Qualifier="live") == NO_SUCH_RESOURCE
    client.delete_function(FunctionName="f")
    house.create("f", Publish=True)
    for qualifier in ({}, {"Qualifier": "1"}):
        assert refused("get_policy", FunctionName="f", **qualifier) == NO_SUCH_RESOURCE


def test_a_policy_has_a_revision_of_its_own(client, refused):
    before = client.get_function_configuration(FunctionName="f")["RevisionId"]
    add(client, "first")
    first = client.get_policy(FunctionName="f")["RevisionId"]
    assert str(UUID(first)) == first
    add(client, "second", RevisionId=first)
    stale = (
        "PreconditionFailedException",
        412,
        "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve "
        "the latest Revision Id",
    )
    request = {"FunctionName": "f", "StatementId": "third", **S3}
    assert refused("add_permission", **request, RevisionId=first) == stale
    assert refused("add_permission", **request, RevisionId=before) == stale
    assert refused("remove_permission", FunctionName="f", StatementId="first", RevisionId=first) == stale
    assert client.get_function_configuration(FunctionName="f")["RevisionId"] == before
    second = client.get_policy(FunctionName="f")["RevisionId"]
    client.remove_permission(FunctionName="f", StatementId="first", RevisionId=second)
    assert policy_of(client)["Statement"] == [statement(sid="second")]


@pytest.mark.parametrize(
    ("members", "code", "status", "message"),
    [
        (
            {"FunctionName": "f:live", "Qualifier": "42"},
            "InvalidParameterValueException",
            400,
            "The derived qualifier from the function name does not match the specified qualifier.",
        ),
        (
            {"FunctionName": "f:$LATEST", "Qualifier": "$LATEST"},
            "InvalidParameterValueException",
            400,
            "We currently do not support adding policies for $LATEST.",
        ),
        (
            {"Principal": "invalid.nonaws.com"},
            "InvalidParameterValueException",
            400,
            "The provided principal was invalid. Please check the principal and try again.",
        ),
        ({"FunctionName": "g"}, "ResourceNotFoundException", 404, f"Function not found: {ARN[:-1]}g"),
        (
            {"FunctionName": "f:missing"},
            "ResourceNotFoundException",
            404,
            f"Cannot find alias arn: {ARN}:missing",
        ),
        ({"Qualifier": "42"}, "ResourceNotFoundException", 404, f"Function not found: {ARN}:42"),
        (
            {"Qualifier": "with-$-but-missing"},
            "ResourceNotFoundException",
            404,
            f"Function not found: {ARN}:with-$-but-missing",
        ),
        (
            {"StatementId": "taken"},
            "ResourceConflictException",
            409,
            "The statement id (taken) provided already exists. Please provide a new statement id, or remove "
            "the existing statement.",
        ),
        (
            {"StatementId": "example.com"},
            "ValidationException",
            400,
            "1 validation error detected: Value 'example.com' at 'statementId' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)",
        ),
    ],
)
def test_add_is_refused_in_the_words_of_aws(client, refused, members, code, status, message):
    add(client, "taken")
    request = {"FunctionName": "f", "StatementId": "s3", **S3, **members}
    assert refused("add_permission", **request) == (code, status, message)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"FunctionName": "g"}, f"No policy found for: {ARN[:-1]}g"),
        ({"Qualifier": "missing"}, f"Cannot find alias arn: {ARN}:missing"),
        ({"Qualifier": "1"}, "No policy is associated with the given resource."),
        ({"StatementId": "other"}, "Statement other is not found in resource policy."),
    ],
)
def test_remove_is_refused_for_what_is_not_there(client, refused, members, message):
    add(client)
    request = {"FunctionName": "f", "StatementId": "s3", **members}
    assert refused("remove_permission", **request) == ("ResourceNotFoundException", 404, message)


@pytest.mark.parametrize("name", ["f", "g", "f:1", "f:77", "f:missing", "f:$LATEST"])
def test_get_has_one_answer_for_whatever_is_missing(client, refused, name):
    assert refused("get_policy", FunctionName=name) == NO_SUCH_RESOURCE


def test_policy_larger_than_20_kb_is_refused_and_leaves_the_former_one(client, refused):
    count = 0
    source = "arn:aws:s3:::" + "a" * 5000
    while count < 3:
        add(client, f"s{count}", SourceArn=source)
        count += 1
    request = {"FunctionName": "f", "StatementId": "last", **S3, "SourceArn": source}
    code, status, message = refused("add_permission", **request)
    assert (code, status) == ("PolicyLengthExceededException", 400)
    assert message.endswith("is bigger than the limit (20480).")
    assert len(policy_of(client)["Statement"]) == count


def test_function_of_lam_yaml_has_permissions_too(house, client):
    from dataclasses import replace

    from lambdacli.model.arn import FunctionKey
    from lambdacli.model.function import Origin

    key = FunctionKey(ACCOUNT, REGION, "f")
    function = house.functions.get(key)
    client.delete_function(FunctionName="f")
    project_function = replace(function, origin=Origin.PROJECT)
    house.functions.replace_project_functions(ACCOUNT, REGION, [project_function])
    add(client)
    # lam.yaml is read again: the function stays, and so does what was permitted.
    house.functions.replace_project_functions(ACCOUNT, REGION, [replace(project_function, memory_mb=512)])
    assert policy_of(client)["Statement"] == [statement()]


# The whole document


@pytest.mark.parametrize("arn", [ARN, f"{ARN}:1", f"{ARN}:live"])
def test_whole_document_replaces_what_was_added_statement_by_statement(client, refused, arn):
    qualifier = arn.removeprefix(ARN).strip(":")
    named = {"Qualifier": qualifier} if qualifier else {}
    add(client, **named)
    put = client.put_resource_policy(ResourceArn=arn, Policy=document(statement(arn, "mine")))
    got = client.get_resource_policy(ResourceArn=arn)
    assert json.loads(got["Policy"])["Statement"] == [statement(arn, "mine")]
    assert (put["Policy"], put["RevisionId"]) == (got["Policy"], got["RevisionId"])
    assert policy_of(client, **named) == json.loads(got["Policy"])
    add(client, "more", **named)
    sids = [each["Sid"] for each in policy_of(client, **named)["Statement"]]
    assert sids == ["mine", "more"]
    deleted = client.delete_resource_policy(ResourceArn=arn)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused("get_resource_policy", ResourceArn=arn) == NO_SUCH_RESOURCE
    assert refused("delete_resource_policy", ResourceArn=arn) == NO_SUCH_RESOURCE


def test_whole_document_heeds_the_revision(client, refused):
    first = client.put_resource_policy(ResourceArn=ARN, Policy=document(statement()))["RevisionId"]
    second = client.put_resource_policy(
        ResourceArn=ARN, Policy=document(statement(sid="other")), RevisionId=first
    )["RevisionId"]
    for operation, members in (
        ("put_resource_policy", {"Policy": document(statement())}),
        ("delete_resource_policy", {}),
    ):
        code, status, message = refused(operation, ResourceArn=ARN, RevisionId=first, **members)
        assert (code, status) == ("PreconditionFailedException", 412)
        assert "Call the GetResourcePolicy API" in message
    client.delete_resource_policy(ResourceArn=ARN, RevisionId=second)


@pytest.mark.parametrize(
    ("arn", "policy", "code", "status"),
    [
        (f"{ARN[:-1]}g", document(statement(f"{ARN[:-1]}g")), "ResourceNotFoundException", 404),
        (f"{ARN}:$LATEST", document(statement()), "InvalidParameterValueException", 400),
        (ARN, "{", "InvalidParameterValueException", 400),
        (ARN, document(statement(f"{ARN}x")), "InvalidParameterValueException", 400),
        (ARN, document(statement()).replace("Allow", "Perhaps"), "InvalidParameterValueException", 400),
        ("f", document(statement()), "ValidationException", 400),
        (ARN.replace(ACCOUNT, "1" * 12), document(statement()), "AccessDeniedException", 403),
        (
            f"arn:aws:lambda:{REGION}:{ACCOUNT}:runtime/python3.13",
            document(statement()),
            "ResourceNotFoundException",
            404,
        ),
    ],
)
def test_whole_document_is_refused_when_it_fits_nothing(client, refused, arn, policy, code, status):
    assert refused("put_resource_policy", ResourceArn=arn, Policy=policy)[:2] == (code, status)
    assert refused("get_resource_policy", ResourceArn=ARN) == NO_SUCH_RESOURCE
