"""PublishVersion, ListVersionsByFunction and what a qualifier means elsewhere, through boto3."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from threading import Event

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import FolderCode, LocalLayer, Origin
from lambdacli.wire.http import Request
from tests.api_house import ACCOUNT, LOOPBACK, REGION, zip_of

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
KEY = FunctionKey(ACCOUNT, REGION, "f")
WRONG_REVISION = (
    "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
    "retrieve the latest Revision Id"
)


@pytest.fixture
def client(house):
    house.create("f", Description="first")
    return house.client


def publish(client, **members):
    return client.publish_version(FunctionName="f", **members)


def test_version_is_the_function_as_it_was(client):
    version = publish(client)
    client.update_function_configuration(FunctionName="f", MemorySize=512)
    shown = client.get_function_configuration(FunctionName="f", Qualifier="1")
    assert version["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (version["Version"], version["FunctionArn"]) == ("1", f"{ARN}:1")
    assert (shown["Version"], shown["MemorySize"], shown["Description"]) == ("1", 128, "first")
    assert shown["RevisionId"] == version["RevisionId"]
    assert shown["CodeSha256"] == version["CodeSha256"]


def test_nothing_new_gives_the_same_version_again(client):
    first = publish(client, Description="one")
    again = publish(client, Description="two")
    assert (again["Version"], again["RevisionId"], again["Description"]) == ("1", first["RevisionId"], "one")


@pytest.mark.parametrize(
    "change",
    [
        lambda client: client.update_function_configuration(FunctionName="f", Description="second"),
        lambda client: client.update_function_configuration(FunctionName="f", Timeout=9),
        lambda client: client.update_function_code(FunctionName="f", ZipFile=zip_of(**{"b.py": "1"})),
    ],
    ids=["description", "configuration", "code"],
)
def test_change_makes_another_version(client, change):
    publish(client)
    change(client)
    assert publish(client)["Version"] == "2"


def test_publishing_gives_latest_another_revision_and_the_same_build(house, client):
    before = house.functions.get(KEY)
    publish(client)
    after = house.functions.get(KEY)
    assert after.revision_id != before.revision_id
    assert after == replace(before, revision_id=after.revision_id)


def test_create_and_update_publish_in_one_step(house):
    created = house.create("f", Publish=True)
    updated = house.client.update_function_code(
        FunctionName="f", ZipFile=zip_of(**{"b.py": "1"}), Publish=True
    )
    # AWS shows the version's ARN in the one answer, and not in the other.
    assert (created["Version"], created["FunctionArn"], created["State"]) == ("1", ARN, "Pending")
    assert (updated["Version"], updated["FunctionArn"], updated["State"]) == ("2", f"{ARN}:2", "Pending")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"RevisionId": "wrong"}, ("PreconditionFailedException", 412, WRONG_REVISION)),
        (
            {"CodeSha256": "other"},
            (
                "InvalidParameterValueException",
                400,
                "CodeSHA256 (other) is different from current CodeSHA256 in $LATEST (SHA). Please try again "
                "with the CodeSHA256 in $LATEST.",
            ),
        ),
        ({"FunctionName": "g"}, ("ResourceNotFoundException", 404, f"Function not found: {ARN[:-1]}g")),
    ],
)
def test_what_does_not_fit_is_refused(client, refused, members, expected):
    code, status, text = refused("publish_version", **{"FunctionName": "f"} | members)
    current = client.get_function_configuration(FunctionName="f")["CodeSha256"]
    assert (code, status, text.replace(current, "SHA")) == expected


def test_hash_and_revision_that_fit_are_taken(client):
    current = client.get_function_configuration(FunctionName="f")
    assert (
        publish(client, RevisionId=current["RevisionId"], CodeSha256=current["CodeSha256"])["Version"] == "1"
    )


def test_list_has_latest_first_and_pages(client):
    for memory in (256, 512, 1024):
        publish(client)
        client.update_function_configuration(FunctionName="f", MemorySize=memory)
    pages = list(
        client.get_paginator("list_versions_by_function").paginate(
            FunctionName="f", PaginationConfig={"PageSize": 3}
        )
    )
    shown = [[each["FunctionArn"] for each in page["Versions"]] for page in pages]
    assert shown == [[f"{ARN}:$LATEST", f"{ARN}:1", f"{ARN}:2"], [f"{ARN}:3"]]
    assert not {"State", "LastUpdateStatus", "RuntimeVersionConfig"} & pages[0]["Versions"][1].keys()


def test_list_of_functions_can_show_all_versions(house, client):
    publish(client)
    house.create("g")
    pages = client.get_paginator("list_functions").paginate(
        FunctionVersion="ALL", PaginationConfig={"PageSize": 2}
    )
    shown = [each["FunctionArn"] for page in pages for each in page["Functions"]]
    assert shown == [f"{ARN}:$LATEST", f"{ARN}:1", f"{ARN[:-1]}g:$LATEST"]


@pytest.mark.parametrize("name", ["f", "function:f", f"{ACCOUNT}:function:f", ARN])
@pytest.mark.parametrize("is_inside", [True, False])
def test_version_is_found_by_every_form_of_its_name(client, name, is_inside):
    publish(client)
    members = {"FunctionName": f"{name}:1"} if is_inside else {"FunctionName": name, "Qualifier": "1"}
    assert client.get_function(**members)["Configuration"]["FunctionArn"] == f"{ARN}:1"


@pytest.mark.parametrize("qualifier", ["7", "live", "01", "$latest"])
def test_unknown_qualifier_is_not_found(client, refused, qualifier):
    expected = ("ResourceNotFoundException", 404, f"Function not found: {ARN}:{qualifier}")
    assert refused("get_function", FunctionName="f", Qualifier=qualifier) == expected


def test_tags_and_reservation_show_with_a_version_too(house):
    house.create("f", Tags={"k": "v"}, Publish=True)
    house.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=3)
    shown = house.client.get_function(FunctionName="f", Qualifier="1")
    assert shown["Tags"] == {"k": "v"}
    assert shown["Concurrency"] == {"ReservedConcurrentExecutions": 3}


def test_deleted_version_is_gone_and_its_number_too(client, refused):
    publish(client)
    client.delete_function(FunctionName="f", Qualifier="1")
    client.delete_function(FunctionName="f", Qualifier="1")
    assert refused("get_function", FunctionName="f", Qualifier="1")[1] == 404
    assert publish(client)["Version"] == "2"


@pytest.mark.parametrize("version", ["9223372036854775808", "01"])
def test_number_that_no_version_can_have_is_deleted_already(client, version):
    assert (
        client.delete_function(FunctionName="f", Qualifier=version)["ResponseMetadata"]["HTTPStatusCode"]
        == 204
    )


def test_marker_of_another_list_is_refused(house, client, refused):
    house.create("g")
    marker = client.list_functions(FunctionVersion="ALL", MaxItems=1)["NextMarker"]
    expected = ("InvalidParameterValueException", 400, "Invalid value for Marker")
    assert refused("list_versions_by_function", FunctionName="f", Marker=marker) == expected
    versions = client.list_versions_by_function
    publish(client)
    marker = versions(FunctionName="f", MaxItems=1)["NextMarker"]
    assert refused("list_functions", Marker=marker) == expected


def test_version_that_an_alias_names_stays(client, refused):
    publish(client)
    client.update_function_configuration(FunctionName="f", MemorySize=512)
    publish(client)
    client.create_alias(
        FunctionName="f",
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}},
    )
    client.create_alias(FunctionName="f", Name="beta", FunctionVersion="2")
    message = "Unable to delete version because the following aliases reference it: [beta, live]"
    expected = ("ResourceConflictException", 409, message)
    assert refused("delete_function", FunctionName="f", Qualifier="2") == expected


def test_folder_is_packed_as_it_is_when_it_is_published(house, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "app.py").write_text("one")
    house.create("f")
    house.functions.put(replace(house.functions.get(KEY), origin=Origin.PROJECT, code=FolderCode(folder)))
    latest = house.client.get_function_configuration(FunctionName="f")
    version = publish(house.client)
    (folder / "app.py").write_text("two")
    kept = house.functions.get(KEY, "1").code
    assert (house.code.folder(kept) / "app.py").read_text() == "one"
    assert version["CodeSha256"] == latest["CodeSha256"] == kept.sha256
    assert publish(house.client)["Version"] == "2"


def test_layers_of_the_project_are_packed_as_they_are_when_it_is_published(house, refused, tmp_path):
    folder, package = tmp_path / "layer", tmp_path / "layer.zip"
    folder.mkdir()
    (folder / "x").write_text("one")
    package.write_bytes(zip_of(y="one"))
    house.create("f")
    layers = (LocalLayer(folder), LocalLayer(package))
    house.functions.put(replace(house.functions.get(KEY), origin=Origin.PROJECT, layers=layers))
    assert publish(house.client)["Version"] == publish(house.client)["Version"] == "1"
    (folder / "x").write_text("two")
    package.write_bytes(zip_of(y="two"))
    kept = [house.code.folder(layer.frozen) for layer in house.functions.get(KEY, "1").layers]
    assert [(kept[0] / "x").read_text(), (kept[1] / "y").read_text()] == ["one", "one"]
    assert house.functions.get(KEY).layers == layers
    assert publish(house.client)["Version"] == "2"
    package.unlink()
    assert refused("publish_version", FunctionName="f") == (
        "InvalidParameterValueException",
        400,
        f"The layer {package} cannot be published: No such file or directory",
    )


def test_version_never_mixes_two_states_of_its_function(house, client, tmp_path, monkeypatch):
    (tmp_path / "app.py").write_text("x = 1")
    client.update_function_code(FunctionName="f", S3Bucket="hot-reload", S3Key=str(tmp_path))
    other = house.code.add(zip_of(**{"b.py": "1"}))
    pack, is_packing, has_changed = house.code.keep_folder, Event(), Event()

    def pack_while_it_changes(folder):
        is_packing.set()
        assert has_changed.wait(30)
        return pack(folder)

    async def change_it_meanwhile():
        request = Request("POST", "/2015-03-31/functions/f/versions", "", {}, b"{}", LOOPBACK)
        publishing = asyncio.ensure_future(house.answer(request))
        assert await asyncio.to_thread(is_packing.wait, 30)
        house.functions.put(replace(house.functions.get(KEY), code=other, memory_mb=512, revision_id="next"))
        has_changed.set()
        return json.loads((await publishing).body)

    monkeypatch.setattr(house.code, "keep_folder", pack_while_it_changes)
    version = asyncio.run(change_it_meanwhile())
    assert (version["CodeSha256"], version["MemorySize"]) == (other.sha256, 512)


def test_function_whose_folder_has_gone_cannot_be_published(house, refused, tmp_path):
    folder = tmp_path / "src"
    folder.mkdir()
    house.create("f", Code={"S3Bucket": "hot-reload", "S3Key": str(folder)})
    folder.rmdir()
    assert refused("publish_version", FunctionName="f") == (
        "InvalidParameterValueException",
        400,
        f"f cannot be published: the folder of its code, {folder}, is not there.",
    )
