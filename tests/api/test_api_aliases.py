"""Aliases through the real boto3 client: their life, their refusals, and where their invocations go."""

from __future__ import annotations

from collections import Counter

import pytest

from lambdacli.engine.routing import version_for
from lambdacli.model.alias import Alias
from lambdacli.model.arn import FunctionKey
from tests.api_house import ACCOUNT, REGION

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


@pytest.fixture
def client(house):
    """A function with the versions 1 and 2."""
    house.create("f", Publish=True)
    house.client.update_function_configuration(FunctionName="f", MemorySize=512)
    house.client.publish_version(FunctionName="f")
    return house.client


def weights(**shares):
    return {"AdditionalVersionWeights": {version.strip("v"): share for version, share in shares.items()}}


def create(client, name="live", version="1", **members):
    return client.create_alias(FunctionName="f", Name=name, FunctionVersion=version, **members)


def shown(answer):
    return {name: value for name, value in answer.items() if name not in ("ResponseMetadata", "RevisionId")}


def test_alias_is_made_read_changed_and_deleted(client, refused):
    created = create(client)
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert shown(created) == {
        "AliasArn": f"{ARN}:live",
        "Name": "live",
        "FunctionVersion": "1",
        "Description": "",
    }
    assert shown(client.get_alias(FunctionName="f", Name="live")) == shown(created)
    updated = client.update_alias(
        FunctionName="f", Name="live", Description="d", RoutingConfig=weights(v2=0.25)
    )
    assert shown(updated) == shown(created) | {"Description": "d", "RoutingConfig": weights(v2=0.25)}
    assert updated["RevisionId"] != created["RevisionId"]
    moved = client.update_alias(FunctionName="f", Name="live", FunctionVersion="2", RoutingConfig=weights())
    assert shown(moved) == shown(created) | {"Description": "d", "FunctionVersion": "2"}
    for _ in range(2):
        client.delete_alias(FunctionName="f", Name="live")
    expected = ("ResourceNotFoundException", 404, f"Cannot find alias arn: {ARN}:live")
    assert refused("get_alias", FunctionName="f", Name="live") == expected


@pytest.mark.parametrize(
    ("members", "code", "status", "message"),
    [
        (
            {"RoutingConfig": weights(v1=0.8, v2=0.2)},
            "InvalidParameterValueException",
            400,
            "Number of items in AdditionalVersionWeights cannot be greater than 1",
        ),
        (
            {"RoutingConfig": weights(v1=0.5)},
            "InvalidParameterValueException",
            400,
            "Invalid function version 1. Function version 1 is already included in routing configuration.",
        ),
        (
            {"FunctionVersion": "10", "RoutingConfig": weights(v2=0.5)},
            "ResourceNotFoundException",
            404,
            f"Function not found: {ARN}:10",
        ),
        (
            {"RoutingConfig": weights(v10=0.5)},
            "ResourceNotFoundException",
            404,
            f"Function not found: {ARN}:10",
        ),
        (
            {"FunctionVersion": "$LATEST", "RoutingConfig": weights(v1=0.5)},
            "InvalidParameterValueException",
            400,
            "$LATEST is not supported for an alias pointing to more than 1 version",
        ),
        (
            {"FunctionName": "g"},
            "ResourceNotFoundException",
            404,
            f"Function not found: {ARN[:-1]}g:1",
        ),
        ({"Name": "taken"}, "ResourceConflictException", 409, f"Alias already exists: {ARN}:taken"),
        (
            {"Name": "2024"},
            "ValidationException",
            400,
            "1 validation error detected: Value '2024' at 'name' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
        ),
    ],
)
def test_create_is_refused_in_the_words_of_aws(client, refused, members, code, status, message):
    create(client, "taken")
    request = {"FunctionName": "f", "Name": "live", "FunctionVersion": "1"} | members
    assert refused("create_alias", **request) == (code, status, message)


def test_update_is_refused_for_what_is_not_there_or_has_changed(client, refused):
    missing = ("ResourceNotFoundException", 404, f"Alias not found: {ARN}:live")
    assert refused("update_alias", FunctionName="f", Name="live") == missing
    create(client)
    assert refused("update_alias", FunctionName="f", Name="live", RevisionId="wrong")[:2] == (
        "PreconditionFailedException",
        412,
    )


def test_versions_of_unlike_roles_do_not_share_an_alias(client, refused):
    client.update_function_configuration(FunctionName="f", Role=f"arn:aws:iam::{ACCOUNT}:role/other")
    client.publish_version(FunctionName="f")
    code, status, message = refused(
        "create_alias", FunctionName="f", Name="live", FunctionVersion="1", RoutingConfig=weights(v3=0.5)
    )
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert "same execution role" in message


def test_list_is_sorted_pages_and_can_be_asked_for_one_version(client):
    for name, version in (("b", "1"), ("a", "2"), ("c", "2")):
        create(client, name, version)
    pages = client.get_paginator("list_aliases").paginate(FunctionName="f", PaginationConfig={"PageSize": 2})
    assert [[each["Name"] for each in page["Aliases"]] for page in pages] == [["a", "b"], ["c"]]
    of_second = client.list_aliases(FunctionName="f", FunctionVersion="2")["Aliases"]
    assert [each["Name"] for each in of_second] == ["a", "c"]


def test_configuration_of_an_alias_has_its_arn_and_its_version(client):
    create(client)
    shown = client.get_function_configuration(FunctionName="f", Qualifier="live")
    assert (shown["FunctionArn"], shown["Version"], shown["MemorySize"]) == (f"{ARN}:live", "1", 128)


def test_aliases_go_with_their_function(house, client, refused):
    create(client)
    client.delete_function(FunctionName="f")
    house.create("f", Publish=True)
    assert refused("get_alias", FunctionName="f", Name="live")[1] == 404


def test_alias_cannot_be_deleted_as_a_function(client, refused):
    create(client)
    message = "Deletion of aliases is not currently supported."
    expected = ("InvalidParameterValueException", 400, message)
    assert refused("delete_function", FunctionName="f", Qualifier="live") == expected


# Where invocations go


@pytest.mark.parametrize(
    ("shares", "chance", "version"),
    [
        ({}, 0.0, "1"),
        ({"2": 0.0}, 0.0, "1"),
        ({"2": 0.25}, 0.0, "2"),
        ({"2": 0.25}, 0.2499, "2"),
        ({"2": 0.25}, 0.25, "1"),
        ({"2": 1.0}, 0.9999, "2"),
    ],
)
def test_weight_is_the_share_of_the_second_version(shares, chance, version):
    assert (
        version_for(Alias(FunctionKey(ACCOUNT, REGION, "f"), "live", "1", weights=shares), chance) == version
    )


def test_invocations_of_an_alias_are_shared_out_by_weight(house, client):
    create(client, RoutingConfig=weights(v2=0.3))
    for _ in range(10_000):
        house.send("POST", "/2015-03-31/functions/f/invocations", "Qualifier=live", body=b"{}")
    run = Counter(function.version for function, *_ in house.invoker.invocations)
    assert sum(run.values()) == 10_000
    assert 0.28 <= run["2"] / 10_000 <= 0.32


def test_function_is_told_the_arn_of_its_alias(house, client):
    create(client, version="2")
    client.invoke(FunctionName="f:live")
    function, invocation, _ = house.invoker.invocations[-1]
    assert (function.version, invocation.invoked_arn) == ("2", f"{ARN}:live")


def test_missing_alias_is_named_when_it_is_invoked(client, refused):
    expected = ("ResourceNotFoundException", 404, f"Function not found: {ARN}:live")
    assert refused("invoke", FunctionName="f", Qualifier="live") == expected
