"""Event-invoke configs through the real boto3 client."""

from __future__ import annotations

import pytest

from tests.api_house import ACCOUNT, REGION

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed"
NO_DESTINATIONS = {"OnSuccess": {}, "OnFailure": {}}


@pytest.fixture
def client(house):
    """A function with version 1 and the alias live."""
    house.create("f", Publish=True)
    house.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    return house.client


def shown(answer):
    assert answer["LastModified"].year == 2026
    return {name: value for name, value in answer.items() if name not in ("ResponseMetadata", "LastModified")}


def test_put_replaces_everything_and_update_changes_what_is_given(client):
    put = client.put_function_event_invoke_config(
        FunctionName="f", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": QUEUE}}
    )
    failed = {"OnSuccess": {}, "OnFailure": {"Destination": QUEUE}}
    assert shown(put) == {
        "FunctionArn": f"{ARN}:$LATEST",
        "MaximumRetryAttempts": 0,
        "DestinationConfig": failed,
    }
    assert shown(client.get_function_event_invoke_config(FunctionName="f")) == shown(put)
    updated = client.update_function_event_invoke_config(
        FunctionName="f",
        MaximumEventAgeInSeconds=60,
        DestinationConfig={"OnSuccess": {"Destination": QUEUE}},
    )
    assert shown(updated) == shown(put) | {
        "MaximumEventAgeInSeconds": 60,
        "DestinationConfig": failed | {"OnSuccess": {"Destination": QUEUE}},
    }
    again = client.put_function_event_invoke_config(FunctionName="f", MaximumEventAgeInSeconds=120)
    assert shown(again) == {
        "FunctionArn": f"{ARN}:$LATEST",
        "MaximumEventAgeInSeconds": 120,
        "DestinationConfig": NO_DESTINATIONS,
    }


def test_empty_destination_takes_away_what_was_set(client):
    destination = {"OnFailure": {"Destination": QUEUE}}
    client.put_function_event_invoke_config(FunctionName="f", DestinationConfig=destination)
    updated = client.update_function_event_invoke_config(
        FunctionName="f", DestinationConfig={"OnFailure": {"Destination": ""}}
    )
    assert updated["DestinationConfig"] == NO_DESTINATIONS


def test_versions_and_aliases_have_their_own_and_the_list_pages(client):
    for number, name in enumerate(("f:1", f"{ARN}:live", "f")):
        client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=number)
    pages = list(
        client.get_paginator("list_function_event_invoke_configs").paginate(
            FunctionName="f", PaginationConfig={"PageSize": 2}
        )
    )
    assert [
        [(each["FunctionArn"], each["MaximumRetryAttempts"]) for each in page["FunctionEventInvokeConfigs"]]
        for page in pages
    ] == [[(f"{ARN}:$LATEST", 2), (f"{ARN}:1", 0)], [(f"{ARN}:live", 1)]]


def test_config_goes_when_it_is_deleted_and_with_its_alias(client, refused):
    for qualifier in ("$LATEST", "live"):
        client.put_function_event_invoke_config(FunctionName="f", Qualifier=qualifier, MaximumRetryAttempts=1)
    client.delete_function_event_invoke_config(FunctionName="f")
    client.delete_alias(FunctionName="f", Name="live")
    for qualifier in ("$LATEST", "live"):
        message = f"The function {ARN}:{qualifier} doesn't have an EventInvokeConfig"
        for operation in (
            "get_function_event_invoke_config",
            "delete_function_event_invoke_config",
        ):
            expected = ("ResourceNotFoundException", 404, message)
            assert refused(operation, FunctionName="f", Qualifier=qualifier) == expected
    assert client.list_function_event_invoke_configs(FunctionName="f")["FunctionEventInvokeConfigs"] == []


def on_success(destination):
    return {"DestinationConfig": {"OnSuccess": {"Destination": destination}}}


RETRY = {"MaximumRetryAttempts": 1}
NO_FUNCTION = ("ResourceNotFoundException", 404, "The function doesn't exist.")
NO_SETTING = "You must specify at least one of error handling or destination setting."
MISMATCH = "The derived qualifier from the function name does not match the specified qualifier."
IAM = f"arn:aws:iam:{REGION}:{ACCOUNT}:function:f"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (RETRY | {"FunctionName": "g"}, NO_FUNCTION),
        (RETRY | {"Qualifier": "missing"}, NO_FUNCTION),
        ({"FunctionName": "g"}, ("InvalidParameterValueException", 400, NO_SETTING)),
        (
            RETRY | {"FunctionName": "f:1", "Qualifier": "$LATEST"},
            ("InvalidParameterValueException", 400, MISMATCH),
        ),
        (
            on_success(f"{ARN[:-1]}missing"),
            ("InvalidParameterValueException", 400, f"The destination ARN {ARN[:-1]}missing is invalid."),
        ),
        (
            on_success(ARN),
            (
                "InvalidParameterValueException",
                400,
                "You can't specify the function as a destination for itself.",
            ),
        ),
        (
            on_success(IAM),
            (
                "InvalidParameterValueException",
                400,
                "The provided destination config DestinationConfig(onSuccess=OnSuccess("
                f"destination={IAM}), onFailure=null) is invalid.",
            ),
        ),
        (
            on_success("arn:aws:s3:::bucket"),
            (
                "InvalidParameterValueException",
                400,
                "The provided destination config DestinationConfig(onSuccess=OnSuccess("
                "destination=arn:aws:s3:::bucket), onFailure=null) is invalid.",
            ),
        ),
    ],
)
def test_put_is_refused_in_the_words_of_aws(client, refused, members, expected):
    assert refused("put_function_event_invoke_config", **{"FunctionName": "f"} | members) == expected


def test_update_tells_a_missing_function_from_a_missing_config(client, refused):
    operation = "update_function_event_invoke_config"
    assert refused(operation, FunctionName="g", **RETRY) == NO_FUNCTION
    message = f"The function {ARN}:live doesn't have an EventInvokeConfig"
    assert refused(operation, FunctionName=f"{ARN}:live", **RETRY) == (
        "ResourceNotFoundException",
        404,
        message,
    )
    assert refused("list_function_event_invoke_configs", FunctionName="g") == NO_FUNCTION


def test_failed_events_may_go_to_a_bucket_and_to_another_function(house, client):
    house.create("other")
    for destination in ("arn:aws:s3:::bucket", f"{ARN[:-1]}other"):
        config = {"OnFailure": {"Destination": destination}}
        put = client.put_function_event_invoke_config(FunctionName="f", DestinationConfig=config)
        assert put["DestinationConfig"]["OnFailure"]["Destination"] == destination


def test_nothing_of_it_is_without_effect(client, caplog):
    client.put_function_event_invoke_config(FunctionName="f", Qualifier="live", MaximumRetryAttempts=0)
    destinations = {"OnFailure": {"Destination": "arn:aws:s3:::bucket"}}
    client.put_function_event_invoke_config(
        FunctionName="f", Qualifier="live", DestinationConfig=destinations
    )
    assert caplog.text == ""
