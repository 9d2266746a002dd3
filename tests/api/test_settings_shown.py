"""What `lam show` tells of settings made over the API, and of those that have no effect here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambdacli.api.control.settings_shown import SettingsShown
from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import Origin
from lambdacli.model.provisioned import INIT_FAILURE, Progress, ProvisioningStatus
from tests.api_house import ACCOUNT, REGION

KEY = FunctionKey(ACCOUNT, REGION, "f")
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed"
RUNTIME = f"arn:aws:lambda:{REGION}::runtime:{'0' * 64}"


@pytest.fixture
def shown(house):
    house.create("f", Publish=True)
    house.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    return lambda: SettingsShown(house.settings, house.provisioning, lambda: "http://127.0.0.1:4577").of(KEY)


def test_nothing_is_told_where_nothing_was_set(shown):
    assert (shown().sections, shown().notes) == ({}, [])


def test_every_setting_is_told_by_qualifier(house, shown):
    client = house.client
    client.put_function_event_invoke_config(
        FunctionName="f",
        MaximumRetryAttempts=0,
        MaximumEventAgeInSeconds=60,
        DestinationConfig={"OnFailure": {"Destination": QUEUE}},
    )
    created = client.create_function_url_config(FunctionName="f", Qualifier="live", AuthType="NONE")
    url = created["FunctionUrl"].replace(":4566/", ":4577/")
    client.put_runtime_management_config(
        FunctionName="f", Qualifier="1", UpdateRuntimeOn="Manual", RuntimeVersionArn=RUNTIME
    )
    client.put_function_recursion_config(FunctionName="f", RecursiveLoop="Terminate")
    client.put_function_scaling_config(
        FunctionName="f",
        Qualifier="1",
        FunctionScalingConfig={"MinExecutionEnvironments": 1, "MaxExecutionEnvironments": 2},
    )
    client.put_provisioned_concurrency_config(
        FunctionName="f", Qualifier="live", ProvisionedConcurrentExecutions=3
    )
    house.provisioning.answer = Progress(0, 0, ProvisioningStatus.FAILED, INIT_FAILURE)
    assert shown().sections == {
        "provisioned_concurrency": {"live": "0 of 3 FAILED FUNCTION_ERROR_INIT_FAILURE"},
        "event_invoke": {"$LATEST": f"0 retries, at most 60 s old, on failure {QUEUE}"},
        "function_url": {"live": f"{url} NONE BUFFERED"},
        "runtime_management": {"1": f"Manual {RUNTIME}"},
        "scaling": {"1": "at least 1, at most 2"},
        "recursive_loop": "Terminate",
    }
    assert [note.partition(" ha")[0].partition(" is ")[0] for note in shown().notes] == [
        "runtime management Manual of 1",
        "the scaling config of 1",
    ]


def test_functions_of_lam_yaml_have_settings_too(house, shown):
    house.functions.put(replace(house.functions.get(KEY), origin=Origin.PROJECT))
    house.client.create_function_url_config(FunctionName="f", AuthType="NONE")
    house.client.put_function_recursion_config(FunctionName="f", RecursiveLoop="Allow")
    assert list(shown().sections) == ["function_url", "recursive_loop"]
    # As another reading of lam.yaml stores it.
    house.functions.put(replace(house.functions.get(KEY), memory_mb=512))
    assert list(shown().sections) == ["function_url", "recursive_loop"]
