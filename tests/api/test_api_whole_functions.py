"""A function with everything on it: what a next one of its name sees, and what lam.yaml keeps to itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from lambdacli.model.function import Origin
from tests.recorded_rows import ARN, CREATE, furnish

F = {"FunctionName": "f"}
PERMISSION = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "*"}
READS = [
    "get_policy",
    "get_function_url_config",
    "get_function_event_invoke_config",
    "list_aliases",
    "list_function_url_configs",
    "list_function_event_invoke_configs",
    "list_provisioned_concurrency_configs",
    "get_function_concurrency",
    "get_function_recursion_config",
    "get_runtime_management_config",
    "get_function_code_signing_config",
]


def everything_shown(client):
    """What each read answers, with errors as their texts."""
    shown = {"versions": [each["Version"] for each in client.list_versions_by_function(**F)["Versions"]]}
    shown["tags"] = client.list_tags(Resource=ARN)["Tags"]
    for read in READS:
        try:
            answer = getattr(client, read)(**F)
        except ClientError as error:
            shown[read] = error.response["Error"]["Message"]
        else:
            shown[read] = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    return shown


def put_everything_on(client):
    client.create_alias(**F, Name="live", FunctionVersion="1")
    for place in ({}, {"Qualifier": "live"}):
        client.add_permission(**F, **place, **PERMISSION)
        client.create_function_url_config(**F, **place, AuthType="NONE")
        client.put_function_event_invoke_config(**F, **place, MaximumRetryAttempts=0)
    client.put_provisioned_concurrency_config(**F, Qualifier="live", ProvisionedConcurrentExecutions=1)
    client.put_function_concurrency(**F, ReservedConcurrentExecutions=5)
    client.put_function_recursion_config(**F, RecursiveLoop="Allow")
    client.put_runtime_management_config(**F, UpdateRuntimeOn="FunctionUpdate")
    client.tag_resource(Resource=ARN, Tags={"a": "b"})


def test_next_function_of_the_name_has_nothing_of_the_former(house):
    house.create("f")
    fresh = everything_shown(house.client)
    house.client.delete_function(**F)
    furnish(house)
    put_everything_on(house.client)
    former = everything_shown(house.client)
    assert [name for name in fresh if name in former and fresh[name] == former[name]] == [
        "get_function_code_signing_config"
    ]
    house.client.delete_function(**F)
    house.create("f")
    assert everything_shown(house.client) == fresh
    assert house.client.publish_version(**F)["Version"] == "1"


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("update_function_code", {**F, **CREATE["Code"]}),
        ("update_function_configuration", {**F, "Timeout": 9}),
        ("put_function_concurrency", {**F, "ReservedConcurrentExecutions": 1}),
        ("delete_function_concurrency", F),
        ("tag_resource", {"Resource": ARN, "Tags": {"a": "b"}}),
        ("untag_resource", {"Resource": ARN, "TagKeys": ["a"]}),
        ("delete_function", F),
    ],
)
def test_what_lam_yaml_decides_is_refused_over_the_api(house, refused, operation, members):
    furnish(house)
    [latest] = [each for each in house.functions.list_all() if each.name == "f"]
    house.functions.put(replace(latest, origin=Origin.PROJECT))
    before = house.functions.get(latest.key)
    assert refused(operation, **members) == (
        "ResourceConflictException",
        409,
        "The function f is described in lam.yaml: edit lam.yaml instead, the change takes effect when it is "
        "saved.",
    )
    assert house.functions.get(latest.key) == before


def test_what_lam_yaml_leaves_open_is_set_over_the_api(house):
    furnish(house)
    client = house.client
    client.put_function_concurrency(**F, ReservedConcurrentExecutions=5)
    [latest] = [each for each in house.functions.list_all() if each.name == "f"]
    project = replace(latest, origin=Origin.PROJECT)
    house.functions.put(project)
    client.create_alias(**F, Name="live", FunctionVersion="1")
    client.add_permission(**F, Qualifier="live", **PERMISSION)
    client.put_function_event_invoke_config(**F, MaximumRetryAttempts=0)
    client.put_provisioned_concurrency_config(**F, Qualifier="live", ProvisionedConcurrentExecutions=1)
    edited = replace(project, timeout_seconds=77)
    place = project.key.account, project.key.region
    house.functions.replace_project_functions(*place, [edited])
    assert client.get_function_configuration(**F)["Timeout"] == 77
    assert client.get_policy(**F, Qualifier="live")["Policy"]
    assert client.get_function_event_invoke_config(**F)["MaximumRetryAttempts"] == 0
    assert client.publish_version(**F)["Version"] == "3"
    assert client.delete_function(**F, Qualifier="2")["StatusCode"] == 204
    house.functions.replace_project_functions(*place, [])
    house.create("f")
    assert client.list_aliases(**F)["Aliases"] == []
    assert client.publish_version(**F)["Version"] == "1"
