"""Every list, page by page, through the real boto3 client: nothing twice, nothing left out."""

from __future__ import annotations

import pytest

from tests.api_house import ACCOUNT, REGION, zip_of

F = {"FunctionName": "f"}
COUNT = 7
PUBLISHERS = {
    "SigningProfileVersionArns": [f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/p/abcdefghij"]
}

LISTS = [
    ("list_functions", "Functions", {}, 1 + COUNT),
    ("list_functions", "Functions", {"FunctionVersion": "ALL"}, 1 + 2 * COUNT),
    ("list_versions_by_function", "Versions", F, 1 + COUNT),
    ("list_aliases", "Aliases", F, COUNT),
    ("list_aliases", "Aliases", {**F, "FunctionVersion": "3"}, 1),
    ("list_function_url_configs", "FunctionUrlConfigs", F, 1 + COUNT),
    ("list_function_event_invoke_configs", "FunctionEventInvokeConfigs", F, COUNT),
    ("list_provisioned_concurrency_configs", "ProvisionedConcurrencyConfigs", F, COUNT),
    ("list_layers", "Layers", {}, 1 + COUNT),
    ("list_layers", "Layers", {"CompatibleRuntime": "python3.13"}, 1),
    ("list_layer_versions", "LayerVersions", {"LayerName": "l"}, COUNT),
    ("list_layer_versions", "LayerVersions", {"LayerName": "l", "CompatibleRuntime": "python3.13"}, COUNT),
    ("list_event_source_mappings", "EventSourceMappings", {}, COUNT),
    ("list_event_source_mappings", "EventSourceMappings", F, COUNT),
    ("list_code_signing_configs", "CodeSigningConfigs", {}, COUNT),
    ("list_functions_by_code_signing_config", "FunctionArns", {"CodeSigningConfigArn": "<arn>"}, COUNT),
]


@pytest.fixture
def config_arn(house):
    """Several of everything that is listed; gives the ARN of the config that functions are bound to."""
    client = house.client
    house.create("f")
    client.create_function_url_config(**F, AuthType="NONE")
    code = {"ZipFile": zip_of()}
    for number in range(1, COUNT + 1):
        client.update_function_configuration(**F, MemorySize=128 + number)
        client.publish_version(**F)
        client.create_alias(**F, Name=f"a{number}", FunctionVersion=str(number))
        client.create_function_url_config(**F, Qualifier=f"a{number}", AuthType="NONE")
        client.put_function_event_invoke_config(**F, Qualifier=str(number), MaximumRetryAttempts=1)
        client.put_provisioned_concurrency_config(
            **F, Qualifier=str(number), ProvisionedConcurrentExecutions=1
        )
        client.publish_layer_version(LayerName="l", Content=code, CompatibleRuntimes=["python3.13"])
        client.publish_layer_version(LayerName=f"l{number}", Content=code)
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q{number}"
        client.create_event_source_mapping(**F, EventSourceArn=queue)
        config = client.create_code_signing_config(AllowedPublishers=PUBLISHERS)["CodeSigningConfig"]
    arn = config["CodeSigningConfigArn"]
    for number in range(COUNT):
        house.create(f"g{number}", CodeSigningConfigArn=arn)
    return arn


def with_config(given, arn):
    return {name: arn if value == "<arn>" else value for name, value in given.items()}


def test_pages_of_every_list_are_the_list(house, config_arn):
    for operation, member, given, count in LISTS:
        asked = with_config(given, config_arn)
        whole = getattr(house.client, operation)(**asked)[member]
        assert (operation, given, len(whole)) == (operation, given, count)
        for size in (1, 3, count):
            pages = [
                page[member]
                for page in house.client.get_paginator(operation).paginate(
                    **asked, PaginationConfig={"PageSize": size}
                )
            ]
            assert [item for page in pages for item in page] == whole, (operation, given, size)
            assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
            assert 0 < len(pages[-1]) <= size


@pytest.mark.parametrize("size", [0, 10_001])
def test_pages_have_bounds(house, config_arn, refused, size):
    for operation, _, given, _ in LISTS:
        asked = with_config(given, config_arn)
        assert refused(operation, **asked, MaxItems=size)[:2] == ("ValidationException", 400)


def test_marker_of_no_list_is_refused(house, config_arn, refused):
    for operation, _, given, _ in LISTS:
        asked = with_config(given, config_arn)
        assert refused(operation, **asked, Marker="rubbish!")[:2] == ("InvalidParameterValueException", 400)
