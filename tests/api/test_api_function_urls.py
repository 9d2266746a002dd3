"""Function URLs through the real boto3 client."""

from __future__ import annotations

import re

import pytest

from tests.api_house import ACCOUNT, REGION

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
CORS = {
    "AllowCredentials": True,
    "AllowHeaders": ["x-custom"],
    "AllowMethods": ["GET", "*"],
    "AllowOrigins": ["https://example.com"],
    "ExposeHeaders": [],
    "MaxAge": 0,
}


@pytest.fixture
def client(house):
    house.create("f", Publish=True)
    house.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    return house.client


def shown(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_url_is_made_read_changed_and_deleted(client, refused):
    created = client.create_function_url_config(FunctionName="f", AuthType="NONE")
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert re.fullmatch(
        rf"http://[0-9a-f]{{32}}\.lambda-url\.{REGION}\.localhost:4566/", created["FunctionUrl"]
    )
    assert re.fullmatch(r"2026-01-02T03:04:\d\d\.678\+0000", created["CreationTime"])
    assert shown(created) == {
        "FunctionUrl": created["FunctionUrl"],
        "FunctionArn": ARN,
        "AuthType": "NONE",
        "CreationTime": created["CreationTime"],
    }
    found = client.get_function_url_config(FunctionName="f")
    rest = {"InvokeMode": "BUFFERED", "LastModifiedTime": created["CreationTime"]}
    assert shown(found) == shown(created) | rest
    updated = client.update_function_url_config(
        FunctionName="f", AuthType="AWS_IAM", Cors=CORS, InvokeMode="RESPONSE_STREAM"
    )
    assert updated["LastModifiedTime"] > created["CreationTime"]
    changes = {"AuthType": "AWS_IAM", "Cors": CORS, "InvokeMode": "RESPONSE_STREAM"}
    assert shown(updated) == shown(found) | changes | {"LastModifiedTime": updated["LastModifiedTime"]}
    assert "Cors" not in client.update_function_url_config(FunctionName="f", Cors={})
    client.delete_function_url_config(FunctionName="f")
    expected = ("ResourceNotFoundException", 404, "The resource you requested does not exist.")
    for operation in ("get", "update", "delete"):
        assert refused(f"{operation}_function_url_config", FunctionName="f") == expected


def test_create_shows_the_mode_and_cors_that_were_given(client):
    created = client.create_function_url_config(
        FunctionName="f", AuthType="NONE", InvokeMode="BUFFERED", Cors={"MaxAge": 5}
    )
    assert (created["InvokeMode"], created["Cors"]) == ("BUFFERED", {"MaxAge": 5})


def test_alias_has_a_url_of_its_own_that_goes_with_it(client):
    of_function = client.create_function_url_config(FunctionName="f", AuthType="NONE")
    of_alias = client.create_function_url_config(FunctionName="f:live", AuthType="NONE")
    assert of_alias["FunctionArn"] == f"{ARN}:live"
    assert of_alias["FunctionUrl"] != of_function["FunctionUrl"]
    pages = client.get_paginator("list_function_url_configs").paginate(
        FunctionName="f", PaginationConfig={"PageSize": 1}
    )
    urls = [[each["FunctionUrl"] for each in page["FunctionUrlConfigs"]] for page in pages]
    assert urls == [[of_function["FunctionUrl"]], [of_alias["FunctionUrl"]]]
    client.delete_alias(FunctionName="f", Name="live")
    assert len(client.list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"]) == 1


NO_FUNCTION = ("ResourceNotFoundException", 404, "Function does not exist")
NO_URL = ("ResourceNotFoundException", 404, "The resource you requested does not exist.")


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("create_function_url_config", NO_FUNCTION),
        ("update_function_url_config", NO_FUNCTION),
        ("get_function_url_config", NO_URL),
        ("delete_function_url_config", NO_URL),
    ],
)
def test_missing_functions_and_aliases_are_told_in_the_words_of_aws(client, refused, operation, expected):
    members = {"AuthType": "NONE"} if operation.startswith("create") else {}
    assert refused(operation, FunctionName="g", **members) == expected
    assert refused(operation, FunctionName="f", Qualifier="v1", **members) == expected
    mismatch = "The derived qualifier from the function name does not match the specified qualifier."
    answer = refused(operation, FunctionName="f:other", Qualifier="live", **members)
    assert answer == ("InvalidParameterValueException", 400, mismatch)


def test_lists_of_missing_functions_are_refused(client, refused):
    assert refused("list_function_url_configs", FunctionName="g") == NO_FUNCTION


def test_second_url_and_url_of_a_version_are_refused(client, refused):
    client.create_function_url_config(FunctionName="f", AuthType="NONE")
    assert refused("create_function_url_config", FunctionName="f", AuthType="NONE") == (
        "ResourceConflictException",
        409,
        f"Failed to create function url config for [functionArn = {ARN}]. "
        "Error message:  FunctionUrlConfig exists for this Lambda function",
    )
    code, _, message = refused("create_function_url_config", FunctionName="f", Qualifier="1", AuthType="NONE")
    assert code == "ValidationException"
    assert message.endswith(r"Member must satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$)")
