"""Provisioned concurrency through the real boto3 client: what is kept, shown and refused."""

from __future__ import annotations

import pytest

from lambdacli.model.provisioned import Progress, ProvisioningStatus
from tests.api_house import ACCOUNT, REGION

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


@pytest.fixture
def client(house):
    """Versions 1 and 2; the alias live leads to 1."""
    house.create("f", Publish=True)
    house.client.update_function_configuration(FunctionName="f", MemorySize=512)
    house.client.publish_version(FunctionName="f")
    house.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    return house.client


def put(client, qualifier, count=1):
    return client.put_provisioned_concurrency_config(
        FunctionName="f", Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )


def shown(answer):
    return {name: value for name, value in answer.items() if name not in ("ResponseMetadata", "LastModified")}


def test_setting_is_shown_with_how_far_it_has_come(house, client):
    answer = put(client, "1", 3)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["LastModified"].endswith("+0000")
    assert shown(answer) == {
        "RequestedProvisionedConcurrentExecutions": 3,
        "AllocatedProvisionedConcurrentExecutions": 0,
        "AvailableProvisionedConcurrentExecutions": 0,
        "Status": "IN_PROGRESS",
    }
    house.provisioning.answer = Progress(0, 0, ProvisioningStatus.FAILED, "FUNCTION_ERROR_INIT_FAILURE")
    found = client.get_provisioned_concurrency_config(FunctionName="f", Qualifier="1")
    assert (found["Status"], found["StatusReason"]) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")
    assert found["LastModified"] == answer["LastModified"]


def test_settings_of_a_function_are_listed_in_pages(client):
    put(client, "live")
    put(client, "2")
    pages = client.get_paginator("list_provisioned_concurrency_configs").paginate(
        FunctionName="f", PaginationConfig={"PageSize": 1}
    )
    found = [[each["FunctionArn"] for each in page["ProvisionedConcurrencyConfigs"]] for page in pages]
    assert found == [[f"{ARN}:2"], [f"{ARN}:live"]]


def test_setting_goes_when_it_is_deleted_and_with_its_version(client, refused):
    put(client, "1")
    client.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="1")
    expected = (
        "ProvisionedConcurrencyConfigNotFoundException",
        404,
        "No Provisioned Concurrency Config found for this function",
    )
    assert refused("get_provisioned_concurrency_config", FunctionName="f", Qualifier="1") == expected
    put(client, "2")
    client.delete_function(FunctionName="f", Qualifier="2")
    answer = client.list_provisioned_concurrency_configs(FunctionName="f")
    assert answer["ProvisionedConcurrencyConfigs"] == []


NO_ALIAS = ("ResourceNotFoundException", 404, f"Cannot find alias arn: {ARN}:noalias")
NO_VERSION = ("ResourceNotFoundException", 404, f"Function not found: {ARN}:10")
UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
NEITHER = "The function resource provided must be an alias or a published version."


@pytest.mark.parametrize("operation", ["put", "get", "delete"])
def test_what_is_not_there_or_not_published_is_refused_in_the_words_of_aws(client, refused, operation):
    members = {"ProvisionedConcurrentExecutions": 1} if operation == "put" else {}

    def answer(qualifier, name="f"):
        return refused(
            f"{operation}_provisioned_concurrency_config", FunctionName=name, Qualifier=qualifier, **members
        )

    assert answer("noalias") == NO_ALIAS
    assert answer("10") == NO_VERSION
    assert answer("1", "g")[2] == f"Function not found: {ARN[:-1]}g:1"
    message = UNPUBLISHED if operation == "put" else NEITHER
    assert answer("$LATEST") == ("InvalidParameterValueException", 400, message)


def test_alias_of_the_unpublished_version_is_refused(client, refused):
    client.create_alias(FunctionName="f", Name="head", FunctionVersion="$LATEST")
    request = {"FunctionName": "f", "Qualifier": "head", "ProvisionedConcurrentExecutions": 1}
    assert refused("put_provisioned_concurrency_config", **request)[2] == UNPUBLISHED


ON_VERSION = (
    "ResourceConflictException",
    409,
    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
)
UNDER_ALIAS = ("ResourceConflictException", 409, "Version is pointed by a Provisioned Concurrency alias")


@pytest.mark.parametrize(
    ("first", "second", "expected"), [("1", "live", ON_VERSION), ("live", "1", UNDER_ALIAS)]
)
def test_version_is_provisioned_only_once(client, refused, first, second, expected):
    put(client, first)
    request = {"FunctionName": "f", "Qualifier": second, "ProvisionedConcurrentExecutions": 1}
    assert refused("put_provisioned_concurrency_config", **request) == expected
    assert put(client, first, 2)["RequestedProvisionedConcurrentExecutions"] == 2
    put(client, "2")


def test_second_version_of_an_alias_counts_too(client, refused):
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    client.update_alias(FunctionName="f", Name="live", RoutingConfig=weights)
    put(client, "2")
    request = {"FunctionName": "f", "Qualifier": "live", "ProvisionedConcurrentExecutions": 1}
    assert refused("put_provisioned_concurrency_config", **request) == ON_VERSION


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"FunctionVersion": "$LATEST"}, ("InvalidParameterValueException", 400, UNPUBLISHED)),
        ({"FunctionVersion": "2"}, ON_VERSION),
        ({"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.5}}}, ON_VERSION),
    ],
)
def test_alias_with_a_setting_moves_only_where_it_may_have_one(client, refused, members, expected):
    put(client, "2")
    put(client, "live")
    assert refused("update_alias", FunctionName="f", Name="live", **members) == expected
    assert client.get_alias(FunctionName="f", Name="live")["FunctionVersion"] == "1"
    client.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    client.update_alias(FunctionName="f", Name="live", **members)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            1001,
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
            "[1000].",
        ),
        (
            1000,
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            "below its minimum value of [100].",
        ),
    ],
)
def test_account_must_have_room(client, refused, wanted, message):
    request = {"FunctionName": "f", "Qualifier": "1", "ProvisionedConcurrentExecutions": wanted}
    answer = refused("put_provisioned_concurrency_config", **request)
    assert answer == ("InvalidParameterValueException", 400, message)


def test_provisioned_concurrency_fits_into_the_reservation(client, refused):
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=2)
    message = (
        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for "
        "function"
    )
    expected = ("InvalidParameterValueException", 400, message)
    request = {"FunctionName": "f", "Qualifier": "1", "ProvisionedConcurrentExecutions": 3}
    assert refused("put_provisioned_concurrency_config", **request) == expected
    put(client, "1", 1)
    put(client, "2", 1)
    request["ProvisionedConcurrentExecutions"] = 2
    assert refused("put_provisioned_concurrency_config", **request) == expected
    assert refused("put_function_concurrency", FunctionName="f", ReservedConcurrentExecutions=1) == (
        "InvalidParameterValueException",
        400,
        " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency "
        "[2].",
    )
