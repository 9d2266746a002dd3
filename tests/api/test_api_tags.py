"""Tags: the same for functions, event source mappings and code signing configs."""

from __future__ import annotations

import pytest

from tests.api_house import ACCOUNT, REGION

PREFIX = f"arn:aws:lambda:{REGION}:{ACCOUNT}"
UUID = "11111111-2222-3333-4444-555555555555"
PUBLISHERS = {"SigningProfileVersionArns": [f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/p/1"]}


def made_function(house, **members):
    return house.create("f", **members)["FunctionArn"]


def made_mapping(house, **members):
    house.create("f")
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
    mapping = house.client.create_event_source_mapping(FunctionName="f", EventSourceArn=queue, **members)
    return mapping["EventSourceMappingArn"]


def made_code_signing_config(house, **members):
    answer = house.client.create_code_signing_config(AllowedPublishers=PUBLISHERS, **members)
    return answer["CodeSigningConfig"]["CodeSigningConfigArn"]


@pytest.fixture(params=[made_function, made_mapping, made_code_signing_config])
def made(request, house):
    return lambda **members: request.param(house, **members)


def test_tags_are_given_at_creation_merged_and_taken_away(house, made):
    resource = made(Tags={"a": "1", "b": "2"})
    tagged = house.client.tag_resource(Resource=resource, Tags={"b": "3", "c": "4"})
    assert tagged["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert house.client.list_tags(Resource=resource)["Tags"] == {"a": "1", "b": "3", "c": "4"}
    untagged = house.client.untag_resource(Resource=resource, TagKeys=["a", "c", "unknown"])
    assert untagged["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert house.client.list_tags(Resource=resource)["Tags"] == {"b": "3"}


def test_resource_without_tags_lists_none(house, made):
    assert house.client.list_tags(Resource=made())["Tags"] == {}


def test_fifty_tags_are_the_most(house, made, refused):
    resource = made(Tags={f"k{number}": "" for number in range(50)})
    house.client.tag_resource(Resource=resource, Tags={"k0": "again"})
    assert refused("tag_resource", Resource=resource, Tags={"one-more": ""}) == (
        "InvalidParameterValueException",
        400,
        "Number of tags exceeds resource tag limit.",
    )
    assert len(house.client.list_tags(Resource=resource)["Tags"]) == 50


def test_tagging_with_nothing_is_refused(made, refused):
    assert refused("tag_resource", Resource=made(), Tags={}) == (
        "InvalidParameterValueException",
        400,
        "An error occurred and the request cannot be processed.",
    )


@pytest.mark.parametrize(
    ("resource", "what"),
    [
        (f"{PREFIX}:function:nope", "Function"),
        (f"{PREFIX}:event-source-mapping:{UUID}", "Event source mapping"),
        (f"arn:aws:lambda:eu-west-1:{ACCOUNT}:event-source-mapping:{UUID}", "Event source mapping"),
        (f"{PREFIX}:code-signing-config:csc-{'a' * 17}", "Code signing config"),
        (f"{PREFIX}:capacity-provider:c", "Capacity provider"),
    ],
)
@pytest.mark.parametrize(
    ("operation", "members"),
    [("list_tags", {}), ("tag_resource", {"Tags": {"a": "1"}}), ("untag_resource", {"TagKeys": ["a"]})],
)
def test_resource_that_is_not_there_is_named(refused, resource, what, operation, members):
    expected = ("ResourceNotFoundException", 404, f"{what} not found: {resource}")
    assert refused(operation, Resource=resource, **members) == expected


def test_tags_of_a_mapping_survive_its_update_and_its_functions_end(house):
    resource = made_mapping(house, Tags={"a": "1"})
    house.client.update_event_source_mapping(UUID=resource.rpartition(":")[2], BatchSize=3)
    house.client.delete_function(FunctionName="f")
    assert house.client.list_tags(Resource=resource)["Tags"] == {"a": "1"}
