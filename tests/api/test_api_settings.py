"""Runtime management, recursion, scaling and the account's settings through the real boto3 client."""

from __future__ import annotations

import pytest

from tests.api_house import ACCOUNT, REGION

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
RUNTIME = f"arn:aws:lambda:{REGION}::runtime:{'0' * 64}"
NO_FUNCTION = ("ResourceNotFoundException", 404, f"Function not found: {ARN[:-1]}g")


@pytest.fixture
def client(house):
    house.create("f", Publish=True)
    return house.client


def shown(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


# Runtime management


def test_runtime_is_managed_per_version(client):
    latest = client.get_runtime_management_config(FunctionName="f")
    assert shown(latest) == {"UpdateRuntimeOn": "Auto", "FunctionArn": f"{ARN}:$LATEST"}
    manual = {"UpdateRuntimeOn": "Manual", "RuntimeVersionArn": RUNTIME}
    put = client.put_runtime_management_config(FunctionName="f", Qualifier="1", **manual)
    assert shown(put) == manual | {"FunctionArn": f"{ARN}:1"}
    assert shown(client.get_runtime_management_config(FunctionName="f", Qualifier="1")) == shown(put)
    assert shown(client.get_runtime_management_config(FunctionName="f")) == shown(latest)


def test_chosen_runtime_version_is_shown_in_the_configuration(client):
    before = client.get_function_configuration(FunctionName="f")["RuntimeVersionConfig"]
    for update_on, members, expected in (
        ("Manual", {"RuntimeVersionArn": RUNTIME}, {"RuntimeVersionArn": RUNTIME}),
        ("FunctionUpdate", {}, before),
    ):
        client.put_runtime_management_config(FunctionName="f", UpdateRuntimeOn=update_on, **members)
        assert client.get_function_configuration(FunctionName="f")["RuntimeVersionConfig"] == expected
        assert client.get_function(FunctionName="f")["Configuration"]["RuntimeVersionConfig"] == expected
    assert client.get_function_configuration(FunctionName="f:1")["RuntimeVersionConfig"] == before


@pytest.mark.parametrize(
    ("members", "code", "status"),
    [
        ({"UpdateRuntimeOn": "Manual"}, "InvalidParameterValueException", 400),
        ({"UpdateRuntimeOn": "Auto", "RuntimeVersionArn": RUNTIME}, "InvalidParameterValueException", 400),
        ({"UpdateRuntimeOn": "Never"}, "ValidationException", 400),
        ({"UpdateRuntimeOn": "Auto", "Qualifier": "7"}, "ResourceNotFoundException", 404),
    ],
)
def test_unfitting_runtime_management_is_refused(client, refused, members, code, status):
    assert refused("put_runtime_management_config", FunctionName="f", **members)[:2] == (code, status)


# Recursion


def test_loops_are_terminated_unless_they_are_allowed(client, refused, caplog):
    assert client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Terminate"
    for loop in ("Allow", "Terminate"):
        assert (
            client.put_function_recursion_config(FunctionName="f", RecursiveLoop=loop)["RecursiveLoop"]
            == loop
        )
        assert client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == loop
    assert "has no effect" not in caplog.text
    assert refused("get_function_recursion_config", FunctionName="g") == NO_FUNCTION
    assert refused("put_function_recursion_config", FunctionName="f", RecursiveLoop="Stop") == (
        "ValidationException",
        400,
        "1 validation error detected: Value 'Stop' at 'recursiveLoop' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Terminate, Allow]",
    )


# Scaling


def test_scaling_config_is_kept_per_version(client, refused):
    config = {"MinExecutionEnvironments": 1, "MaxExecutionEnvironments": 3}
    put = client.put_function_scaling_config(FunctionName="f", Qualifier="1", FunctionScalingConfig=config)
    assert (put["ResponseMetadata"]["HTTPStatusCode"], put["FunctionState"]) == (202, "Active")
    assert shown(client.get_function_scaling_config(FunctionName="f", Qualifier="1")) == {
        "FunctionArn": f"{ARN}:1",
        "AppliedFunctionScalingConfig": config,
        "RequestedFunctionScalingConfig": config,
    }
    client.put_function_scaling_config(FunctionName="f", Qualifier="1", FunctionScalingConfig={})
    emptied = client.get_function_scaling_config(FunctionName="f", Qualifier="1")
    assert shown(emptied) == {"FunctionArn": f"{ARN}:1"}
    too_low = {"MinExecutionEnvironments": 4, "MaxExecutionEnvironments": 3}
    request = {"FunctionName": "f", "Qualifier": "1", "FunctionScalingConfig": too_low}
    assert refused("put_function_scaling_config", **request)[0] == "InvalidParameterValueException"
    missing = f"Function not found: {ARN}:$LATEST.PUBLISHED"
    assert refused("get_function_scaling_config", FunctionName="f", Qualifier="$LATEST.PUBLISHED") == (
        "ResourceNotFoundException",
        404,
        missing,
    )


# The account


def test_account_tells_what_is_left_unreserved(house, client):
    house.account_concurrency = 500
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=50)
    house.create("g", Publish=True)
    client.put_provisioned_concurrency_config(
        FunctionName="g", Qualifier="1", ProvisionedConcurrentExecutions=7
    )
    client.put_provisioned_concurrency_config(
        FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=20
    )
    settings = client.get_account_settings()
    size = client.get_function_configuration(FunctionName="f")["CodeSize"]
    assert shown(settings) == {
        "AccountLimit": {
            "TotalCodeSize": 300 * 1024**3,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": 500,
            # What is provisioned within a reservation is reserved already.
            "UnreservedConcurrentExecutions": 500 - 50 - 7,
        },
        "AccountUsage": {"TotalCodeSize": settings["AccountUsage"]["TotalCodeSize"], "FunctionCount": 2},
    }
    assert settings["AccountUsage"]["TotalCodeSize"] >= size


@pytest.mark.parametrize(("account", "wanted", "minimum"), [(1000, 901, 100), (150, 51, 100), (10, 1, 10)])
def test_reservation_leaves_the_account_its_minimum(house, client, refused, account, wanted, minimum):
    house.account_concurrency = account
    assert refused("put_function_concurrency", FunctionName="f", ReservedConcurrentExecutions=wanted) == (
        "InvalidParameterValueException",
        400,
        "Specified ReservedConcurrentExecutions for function decreases account's "
        f"UnreservedConcurrentExecution below its minimum value of [{minimum}].",
    )
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=wanted - 1)
