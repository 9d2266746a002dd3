"""Code signing configs through the real boto3 client: their life, their functions, and what they refuse."""

from __future__ import annotations

import logging
import re

import pytest

from tests.api_house import ACCOUNT, REGION, zip_of

PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/p/1"
OTHER_PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/p/2"
MISSING = f"arn:aws:lambda:{REGION}:{ACCOUNT}:code-signing-config:csc-{'a' * 17}"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"


def create(client, **members):
    publishers = {"SigningProfileVersionArns": [PROFILE]}
    return client.create_code_signing_config(AllowedPublishers=publishers, **members)["CodeSigningConfig"]


def policy(name):
    return {"UntrustedArtifactOnDeployment": name}


def test_config_is_made_read_changed_and_deleted(house, refused):
    client = house.client
    created = create(client)
    config_id = created["CodeSigningConfigId"]
    assert re.fullmatch(r"csc-[a-z0-9]{17}", config_id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", created["LastModified"])
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:code-signing-config:{config_id}"
    assert created == {
        "CodeSigningConfigId": config_id,
        "CodeSigningConfigArn": arn,
        "Description": "",
        "AllowedPublishers": {"SigningProfileVersionArns": [PROFILE]},
        "CodeSigningPolicies": policy("Warn"),
        "LastModified": created["LastModified"],
    }
    assert client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == created
    updated = client.update_code_signing_config(
        CodeSigningConfigArn=arn,
        Description="d",
        AllowedPublishers={"SigningProfileVersionArns": [OTHER_PROFILE]},
        CodeSigningPolicies=policy("Enforce"),
    )["CodeSigningConfig"]
    assert updated == created | {
        "Description": "d",
        "AllowedPublishers": {"SigningProfileVersionArns": [OTHER_PROFILE]},
        "CodeSigningPolicies": policy("Enforce"),
        "LastModified": updated["LastModified"],
    }
    assert updated["LastModified"] > created["LastModified"]
    untouched = client.update_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]
    assert untouched == updated | {"LastModified": untouched["LastModified"]}
    deleted = client.delete_code_signing_config(CodeSigningConfigArn=arn)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused("get_code_signing_config", CodeSigningConfigArn=arn) == not_found(arn)


def test_create_answers_201(house):
    publishers = {"SigningProfileVersionArns": [PROFILE]}
    answer = house.client.create_code_signing_config(AllowedPublishers=publishers)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201


def not_found(arn):
    message = f"The Lambda code signing configuration {arn} can not be found."
    return ("ResourceNotFoundException", 404, message)


@pytest.mark.parametrize(
    "arn",
    [MISSING, MISSING.replace(REGION, "eu-west-1"), MISSING.replace(ACCOUNT, "111111111111")],
    ids=["unknown", "of another region", "of another account"],
)
@pytest.mark.parametrize(
    "operation",
    [
        "get_code_signing_config",
        "update_code_signing_config",
        "delete_code_signing_config",
        "list_functions_by_code_signing_config",
    ],
)
def test_config_that_is_not_there_is_named(refused, operation, arn):
    assert refused(operation, CodeSigningConfigArn=arn) == not_found(arn)


@pytest.mark.parametrize(
    ("count", "status"), [(0, 400), (1, 201), (20, 201), (21, 400)], ids=["none", "one", "twenty", "more"]
)
def test_one_to_twenty_publishers_are_allowed(house, count, status):
    publishers = {"SigningProfileVersionArns": [PROFILE] * count}
    try:
        answer = house.client.create_code_signing_config(AllowedPublishers=publishers)
    except house.client.exceptions.ClientError as error:
        answer = error.response
        assert answer["Error"]["Code"] == "ValidationException"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status


def test_too_many_tags_are_refused(refused):
    tags = {f"k{number}": "" for number in range(51)}
    publishers = {"SigningProfileVersionArns": [PROFILE]}
    assert refused("create_code_signing_config", AllowedPublishers=publishers, Tags=tags) == (
        "InvalidParameterValueException",
        400,
        "Number of tags exceeds resource tag limit.",
    )


def test_configs_are_listed_page_by_page(house):
    arns = {create(house.client)["CodeSigningConfigArn"] for _ in range(3)}
    pages = list(
        house.client.get_paginator("list_code_signing_configs").paginate(PaginationConfig={"PageSize": 2})
    )
    assert [len(page["CodeSigningConfigs"]) for page in pages] == [2, 1]
    listed = [each["CodeSigningConfigArn"] for page in pages for each in page["CodeSigningConfigs"]]
    assert set(listed) == arns
    assert len(house.client.list_code_signing_configs()["CodeSigningConfigs"]) == 3


# The config of a function


@pytest.fixture
def bound(house):
    """The function f with a config."""
    house.create("f")

    def bound(name):
        arn = create(house.client, CodeSigningPolicies=policy(name))["CodeSigningConfigArn"]
        house.client.put_function_code_signing_config(FunctionName="f", CodeSigningConfigArn=arn)
        return arn

    return bound


def shown(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_function_gets_keeps_and_loses_its_config(house):
    client = house.client
    house.create("f")
    arn = create(client)["CodeSigningConfigArn"]
    assert shown(client.get_function_code_signing_config(FunctionName="f")) == {"FunctionName": "f"}
    put = client.put_function_code_signing_config(FunctionName=f"{FUNCTION}:f", CodeSigningConfigArn=arn)
    expected = {"CodeSigningConfigArn": arn, "FunctionName": "f"}
    assert shown(put) == expected
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 200
    client.update_function_configuration(FunctionName="f", MemorySize=512)
    assert shown(client.get_function_code_signing_config(FunctionName="f")) == expected
    for _ in range(2):
        deleted = client.delete_function_code_signing_config(FunctionName="f")
        assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert shown(client.get_function_code_signing_config(FunctionName="f")) == {"FunctionName": "f"}


@pytest.mark.parametrize("operation", ["get", "delete"])
def test_function_that_is_not_there_is_named(refused, operation):
    assert refused(f"{operation}_function_code_signing_config", FunctionName="nope") == (
        "ResourceNotFoundException",
        404,
        f"Function not found: {FUNCTION}:nope",
    )


def test_missing_config_is_told_before_a_missing_function(house, refused):
    expected = (
        "CodeSigningConfigNotFoundException",
        404,
        "The code signing configuration cannot be found. Check that the provided configuration is not "
        f"deleted: {MISSING}.",
    )
    house.create("f")
    for name in ("f", "nope"):
        put = refused("put_function_code_signing_config", FunctionName=name, CodeSigningConfigArn=MISSING)
        assert put == expected
    arn = create(house.client)["CodeSigningConfigArn"]
    assert refused("put_function_code_signing_config", FunctionName="nope", CodeSigningConfigArn=arn) == (
        "ResourceNotFoundException",
        404,
        f"Function not found: {FUNCTION}:nope",
    )


def test_functions_of_a_config_are_listed_and_keep_it_alive(house, refused):
    client = house.client
    arn, other = create(client)["CodeSigningConfigArn"], create(client)["CodeSigningConfigArn"]
    for name in ("c", "a", "b", "d"):
        house.create(name)
        client.put_function_code_signing_config(
            FunctionName=name, CodeSigningConfigArn=other if name == "d" else arn
        )
    pages = client.get_paginator("list_functions_by_code_signing_config").paginate(
        CodeSigningConfigArn=arn, PaginationConfig={"PageSize": 2}
    )
    assert [page["FunctionArns"] for page in pages] == [[f"{FUNCTION}:a", f"{FUNCTION}:b"], [f"{FUNCTION}:c"]]
    code, status, message = refused("delete_code_signing_config", CodeSigningConfigArn=arn)
    assert (code, status) == ("ResourceConflictException", 409)
    assert arn in message
    for name in ("a", "b", "c"):
        client.delete_function(FunctionName=name)
    assert client.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"] == []
    client.delete_code_signing_config(CodeSigningConfigArn=arn)


# What it does to code


@pytest.mark.parametrize(
    "members", [{}, {"DryRun": True}, {"Publish": True}], ids=["plain", "dry", "publish"]
)
def test_enforcing_config_refuses_code_that_is_not_signed(house, bound, refused, members):
    bound("Enforce")
    before = house.client.get_function_configuration(FunctionName="f")["CodeSha256"]
    package = zip_of(**{"app.py": "changed = True"})
    assert refused("update_function_code", FunctionName="f", ZipFile=package, **members) == (
        "CodeVerificationFailedException",
        400,
        "Lambda cannot deploy the function. The function or layer might be signed using a signature that the "
        "client is not configured to accept. Check the provided signature for f.",
    )
    assert house.client.get_function_configuration(FunctionName="f")["CodeSha256"] == before


def test_warning_config_lets_code_pass_and_says_so(house, bound, caplog):
    arn = bound("Warn")
    package = zip_of(**{"app.py": "changed = True"})
    with caplog.at_level(logging.WARNING, logger="lam.api"):
        house.client.update_function_code(FunctionName="f", ZipFile=package)
    config_id = arn.rpartition(":")[2]
    assert caplog.messages == [
        f"the code of f is not signed; its code signing config {config_id} only warns: deployed all the same"
    ]


def test_policy_counts_as_it_is_when_code_is_deployed(house, bound):
    arn = bound("Enforce")
    house.client.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies=policy("Warn"))
    house.client.update_function_code(FunctionName="f", ZipFile=zip_of())
    house.client.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies=policy("Enforce"))
    house.client.update_function_configuration(FunctionName="f", MemorySize=512)
    house.client.delete_function_code_signing_config(FunctionName="f")
    house.client.update_function_code(FunctionName="f", ZipFile=zip_of())
