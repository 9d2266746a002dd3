"""Layers through the real boto3 client: their versions, who may use them, and the functions that do."""

from __future__ import annotations

import base64
import hashlib
import json
import logging

import pytest

from lambdacli.model import limits
from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import FolderCode, PublishedLayer
from lambdacli.model.layer import LayerKey, Substitutions
from tests.api_house import ACCOUNT, REGION, zip_of

LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:tools"
OTHER = "123456789012"
FOREIGN = f"arn:aws:lambda:{REGION}:{OTHER}:layer:tools"
KEY = FunctionKey(ACCOUNT, REGION, "f")
INVALID = "InvalidParameterValueException"
MISSING = "ResourceNotFoundException"


def publish(house, name="tools", package=None, **members):
    content = {"ZipFile": package or zip_of(**{"python/tool.py": "x = 1"})}
    return house.client.publish_layer_version(LayerName=name, Content=content, **members)


def permit(house, statement="s1", **members):
    return house.client.add_layer_version_permission(
        **{
            "LayerName": "tools",
            "VersionNumber": 1,
            "StatementId": statement,
            "Action": "lambda:GetLayerVersion",
            "Principal": "*",
            **members,
        }
    )


def without_answer(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


# Versions


def test_version_is_published_and_read_in_every_way(house):
    package = zip_of(**{"python/tool.py": "x = 1"})
    made = publish(
        house,
        package=package,
        Description="d",
        LicenseInfo="MIT",
        CompatibleRuntimes=["python3.13"],
        CompatibleArchitectures=["x86_64"],
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    location = made["Content"].pop("Location")
    assert location.startswith("http://127.0.0.1:4566/_code/package/")
    made = without_answer(made)
    assert made == {
        "Content": {
            "CodeSha256": base64.b64encode(hashlib.sha256(package).digest()).decode(),
            "CodeSize": len(package),
        },
        "LayerArn": LAYER,
        "LayerVersionArn": f"{LAYER}:1",
        "Description": "d",
        "CreatedDate": "2026-01-02T03:04:06.678+0000",
        "Version": 1,
        "CompatibleRuntimes": ["python3.13"],
        "CompatibleArchitectures": ["x86_64"],
        "LicenseInfo": "MIT",
    }
    client = house.client
    for read in (
        client.get_layer_version(LayerName="tools", VersionNumber=1),
        client.get_layer_version(LayerName=LAYER, VersionNumber=1),
        client.get_layer_version_by_arn(Arn=f"{LAYER}:1"),
    ):
        # Each answer has an address of its own, signed at its time.
        assert read["Content"].pop("Location").partition("?")[0] == location.partition("?")[0]
        assert without_answer(read) == made
    listed = {name: value for name, value in made.items() if name not in ("Content", "LayerArn")}
    assert client.list_layer_versions(LayerName="tools")["LayerVersions"] == [listed]
    assert client.list_layers()["Layers"] == [
        {"LayerName": "tools", "LayerArn": LAYER, "LatestMatchingVersion": listed}
    ]


def test_what_was_not_given_is_not_shown(house):
    assert set(without_answer(publish(house))) == {
        "Content",
        "LayerArn",
        "LayerVersionArn",
        "Description",
        "CreatedDate",
        "Version",
    }


def test_numbers_go_on_after_everything_was_deleted(house):
    assert [publish(house)["Version"] for _ in range(2)] == [1, 2]
    for number in (1, 2, 2, 9):
        deleted = house.client.delete_layer_version(LayerName="tools", VersionNumber=number)
        assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert house.client.list_layers()["Layers"] == []
    assert house.client.list_layer_versions(LayerName="tools")["LayerVersions"] == []
    assert publish(house)["Version"] == 3


def test_versions_are_listed_newest_first_page_by_page_and_filtered(house):
    for runtime in ("python3.13", "ruby3.4", "python3.13"):
        publish(house, CompatibleRuntimes=[runtime], CompatibleArchitectures=["arm64"])
    paginator = house.client.get_paginator("list_layer_versions")
    pages = list(paginator.paginate(LayerName="tools", PaginationConfig={"PageSize": 2}))
    assert [[each["Version"] for each in page["LayerVersions"]] for page in pages] == [[3, 2], [1]]

    def versions(**filters):
        answer = house.client.list_layer_versions(LayerName="tools", **filters)
        return [each["Version"] for each in answer["LayerVersions"]]

    assert versions(CompatibleRuntime="python3.13") == [3, 1]
    assert versions(CompatibleRuntime="ruby3.4", CompatibleArchitecture="arm64") == [2]
    assert versions(CompatibleArchitecture="x86_64") == []
    newest = house.client.list_layers(CompatibleRuntime="ruby3.4")["Layers"]
    assert [each["LatestMatchingVersion"]["Version"] for each in newest] == [2]


def test_layers_are_listed_by_name_page_by_page(house):
    for name in ("c", "a", "b"):
        publish(house, name)
    pages = house.client.get_paginator("list_layers").paginate(PaginationConfig={"PageSize": 2})
    assert [[each["LayerName"] for each in page["Layers"]] for page in pages] == [["a", "b"], ["c"]]


GONE = "The resource you requested does not exist."
TOO_SMALL = "Layer Version Cannot be less than 1"


@pytest.mark.parametrize(
    ("operation", "members", "expected"),
    [
        ("get_layer_version", {"VersionNumber": 2}, (MISSING, 404, GONE)),
        ("get_layer_version", {"LayerName": "gone", "VersionNumber": 1}, (MISSING, 404, GONE)),
        ("get_layer_version", {"VersionNumber": 0}, (INVALID, 400, TOO_SMALL)),
        ("get_layer_version", {"VersionNumber": -1}, (INVALID, 400, TOO_SMALL)),
        ("delete_layer_version", {"VersionNumber": -1}, (INVALID, 400, TOO_SMALL)),
        (
            "get_layer_version_policy",
            {"VersionNumber": 1},
            (MISSING, 404, "No policy is associated with the given resource."),
        ),
        (
            "get_layer_version_policy",
            {"VersionNumber": 2},
            (MISSING, 404, f"Layer version {LAYER}:2 does not exist."),
        ),
        (
            "remove_layer_version_permission",
            {"VersionNumber": 2, "StatementId": "s"},
            (MISSING, 404, f"Layer version {LAYER}:2 does not exist."),
        ),
        (
            "add_layer_version_permission",
            {
                "VersionNumber": 2,
                "StatementId": "s",
                "Action": "lambda:GetLayerVersion",
                "Principal": "*",
            },
            (MISSING, 404, f"Layer version {LAYER}:2 does not exist."),
        ),
        (
            "list_layer_versions",
            {"Marker": "b25l"},
            (INVALID, 400, "Invalid value for Marker"),
        ),
        (
            "get_layer_version",
            {"LayerName": "arn:aws:lambda:eu-west-1:000000000000:layer:tools", "VersionNumber": 1},
            (MISSING, 404, "Layers from 'eu-west-1' are not reachable in this region ('us-east-1')"),
        ),
        (
            "delete_layer_version",
            {"LayerName": FOREIGN, "VersionNumber": 1},
            ("AccessDeniedException", 403, ""),
        ),
        (
            "publish_layer_version",
            {"Content": {}},
            (INVALID, 400, "Please provide a source for layer code."),
        ),
        (
            "publish_layer_version",
            {"Content": {"ZipFile": b"no zip"}},
            (
                INVALID,
                400,
                "Could not unzip uploaded file. Please check your file, then try to upload again.",
            ),
        ),
    ],
)
def test_refusal(house, refused, operation, members, expected):
    publish(house)
    code, status, message = refused(operation, **{"LayerName": "tools", **members})
    assert (code, status, message or "") == expected


def test_version_that_is_not_there_by_arn(house, refused):
    assert refused("get_layer_version_by_arn", Arn=f"{LAYER}:1") == (MISSING, 404, GONE)
    assert refused("get_layer_version_by_arn", Arn="arn:aws:lambda:::awslayer:AmazonLinux") == (
        MISSING,
        404,
        GONE,
    )


def test_unknown_runtime_is_refused_before_anything_is_kept(house, refused):
    code, status, message = refused(
        "publish_layer_version",
        LayerName="tools",
        Content={"ZipFile": zip_of()},
        CompatibleRuntimes=["python2"],
    )
    assert (code, status) == ("ValidationException", 400)
    assert "'[python2]' at 'compatibleRuntimes' failed to satisfy constraint" in message
    assert house.client.list_layers()["Layers"] == []


# Permissions


def test_permissions_come_and_go(house, refused):
    publish(house)
    added = permit(house, Principal=OTHER)
    assert added["ResponseMetadata"]["HTTPStatusCode"] == 201
    statement = {
        "Sid": "s1",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Action": "lambda:GetLayerVersion",
        "Resource": f"{LAYER}:1",
    }
    assert list(json.loads(added["Statement"]).items()) == list(statement.items())
    everyone = permit(house, "s2", OrganizationId="o-abcdefghij", RevisionId=added["RevisionId"])
    policy = house.client.get_layer_version_policy(LayerName="tools", VersionNumber=1)
    assert policy["RevisionId"] == everyone["RevisionId"]
    assert json.loads(policy["Policy"]) == {
        "Version": "2012-10-17",
        "Id": "default",
        "Statement": [
            statement,
            {
                **statement,
                "Sid": "s2",
                "Principal": "*",
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}},
            },
        ],
    }
    here = {"LayerName": "tools", "VersionNumber": 1}
    for sid in ("s1", "s2"):
        removed = house.client.remove_layer_version_permission(**here, StatementId=sid)
        assert removed["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused("get_layer_version_policy", **here)[:2] == (MISSING, 404)


@pytest.mark.parametrize(
    ("operation", "members", "expected"),
    [
        (
            "add_layer_version_permission",
            {"StatementId": "s1", "Action": "lambda:GetLayerVersion", "Principal": "*"},
            (
                "ResourceConflictException",
                409,
                "The statement id (s1) provided already exists. Please provide a new statement id, or remove "
                "the existing statement.",
            ),
        ),
        (
            "remove_layer_version_permission",
            {"StatementId": "doesnotexist"},
            (MISSING, 404, "Statement doesnotexist is not found in resource policy."),
        ),
        *(
            (
                operation,
                {**members, "RevisionId": "wrong"},
                (
                    "PreconditionFailedException",
                    412,
                    "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy "
                    "API to retrieve the latest Revision Id",
                ),
            )
            for operation, members in (
                (
                    "add_layer_version_permission",
                    {"StatementId": "s2", "Action": "lambda:GetLayerVersion", "Principal": "*"},
                ),
                ("remove_layer_version_permission", {"StatementId": "s1"}),
            )
        ),
    ],
)
def test_permission_refusal(house, refused, operation, members, expected):
    publish(house)
    permit(house)
    assert refused(operation, LayerName="tools", VersionNumber=1, **members) == expected


def not_authorised(arn, account=ACCOUNT):
    return (
        "AccessDeniedException",
        403,
        f"User: arn:aws:iam::{account}:root is not authorized to perform: lambda:GetLayerVersion on "
        f"resource: {arn} because no resource-based policy allows the lambda:GetLayerVersion action",
    )


@pytest.mark.parametrize(
    ("members", "is_allowed"),
    [
        ({}, True),
        ({"Principal": OTHER}, True),
        ({"Principal": "999999999999"}, False),
        ({"OrganizationId": "o-abcdefghij"}, False),
    ],
)
def test_another_account_uses_a_layer_when_its_policy_says_so(house, refused, members, is_allowed):
    publish(house)
    permit(house, **members)
    house.account = OTHER
    read = {"LayerName": LAYER, "VersionNumber": 1}
    if is_allowed:
        assert house.client.get_layer_version(**read)["LayerVersionArn"] == f"{LAYER}:1"
        assert house.create("f", Layers=[f"{LAYER}:1"])["Layers"][0]["Arn"] == f"{LAYER}:1"
    else:
        assert refused("get_layer_version", **read) == not_authorised(f"{LAYER}:1", OTHER)
        assert refused("get_layer_version_by_arn", Arn=f"{LAYER}:1") == not_authorised(f"{LAYER}:1", OTHER)


# Functions with layers


def configure(house, *arns):
    return house.client.update_function_configuration(FunctionName="f", Layers=list(arns))


def test_layers_are_shown_replaced_and_taken_away(house):
    sizes = [publish(house, name)["Content"]["CodeSize"] for name in ("tools", "more")]
    more = LAYER.replace("tools", "more")
    created = house.create("f", Layers=[f"{LAYER}:1", f"{more}:1"])
    shown = [{"Arn": f"{LAYER}:1", "CodeSize": sizes[0]}, {"Arn": f"{more}:1", "CodeSize": sizes[1]}]
    assert created["Layers"] == shown
    assert house.client.list_functions()["Functions"][0]["Layers"] == shown
    assert configure(house, f"{more}:1")["Layers"] == shown[1:]
    house.client.update_function_configuration(FunctionName="f", MemorySize=256)
    assert house.client.get_function_configuration(FunctionName="f")["Layers"] == shown[1:]
    assert "Layers" not in configure(house)


def test_function_keeps_a_layer_version_that_was_deleted(house):
    publish(house)
    house.create("f", Layers=[f"{LAYER}:1"])
    house.client.delete_layer_version(LayerName="tools", VersionNumber=1)
    house.client.update_function_configuration(FunctionName="f", MemorySize=256)
    assert house.client.get_function_configuration(FunctionName="f")["Layers"][0]["Arn"] == f"{LAYER}:1"
    house.code.collect_garbage([*house.functions.code_in_use(), *house.layers.code_in_use()])
    (layer,) = house.functions.get(KEY).layers
    assert (house.code.folder(layer.code) / "python" / "tool.py").read_text() == "x = 1"


def test_published_version_keeps_its_layers(house):
    for _ in range(2):
        publish(house)
    house.create("f", Layers=[f"{LAYER}:1"], Publish=True)
    configure(house, f"{LAYER}:2")
    assert house.client.publish_version(FunctionName="f")["Version"] == "2"

    def layers(version):
        found = house.client.get_function_configuration(FunctionName="f", Qualifier=version)["Layers"]
        return [layer["Arn"] for layer in found]

    assert [layers(version) for version in ("1", "2", "$LATEST")] == [[f"{LAYER}:{n}"] for n in (1, 2, 2)]


@pytest.mark.parametrize(
    ("arns", "message"),
    [
        ([f"{LAYER}:1"] * 6, "Cannot reference more than 5 layers."),
        (
            [LAYER.replace(REGION, "ap-southeast-1") + ":1"],
            "Layers are not in the same region as the function. "
            "Layers are expected to be in region us-east-1.",
        ),
        (
            [f"{LAYER}:1", f"{LAYER}:2", f"{LAYER}:3"],
            "Two different versions of the same layer are not allowed to be referenced in the same function. "
            f"{LAYER}:1 and {LAYER}:2 are versions of the same layer.",
        ),
        (
            [f"{LAYER}:1", f"{LAYER}:1"],
            "Two different versions of the same layer are not allowed to be referenced in the same function. "
            f"{LAYER}:1 and {LAYER}:1 are versions of the same layer.",
        ),
        ([f"{LAYER}:9"], f"Layer version {LAYER}:9 does not exist."),
        ([f"{LAYER}:{'9' * 30}"], None),
        ([f"{LAYER}gone:1"], f"Layer version {LAYER}gone:1 does not exist."),
    ],
)
def test_layers_that_no_function_may_have(house, refused, arns, message):
    publish(house)
    house.create("f")
    answers = [
        refused("update_function_configuration", FunctionName="f", Layers=arns),
        refused(
            "create_function",
            FunctionName="g",
            Runtime="python3.13",
            Handler="app.handler",
            Role=f"arn:aws:iam::{ACCOUNT}:role/r",
            Code={"ZipFile": zip_of()},
            Layers=arns,
        ),
    ]
    if message is not None:
        assert answers == [(INVALID, 400, message)] * 2
    assert house.functions.get(KEY).layers == ()
    assert house.client.list_functions()["Functions"][1:] == []


def large(kilobytes):
    return zip_of(zeros=bytes(kilobytes * 1000))


def test_code_and_layers_together_have_a_limit(house, refused, monkeypatch):
    monkeypatch.setattr(limits, "UNZIPPED_CODE_BYTES", 250_000)
    publish(house, package=large(150))
    publish(house, "more", package=large(120))
    more = LAYER.replace("tools", "more")
    house.create("f", Code={"ZipFile": large(120)})
    together = (
        INVALID,
        400,
        "Function code combined with layers exceeds the maximum allowed size of 250000 bytes. "
        "The actual size is 270000 bytes.",
    )
    update = "update_function_configuration"
    assert refused(update, FunctionName="f", Layers=[f"{LAYER}:1"]) == together
    assert refused(update, FunctionName="f", Layers=[f"{LAYER}:1", f"{more}:1"]) == (
        INVALID,
        400,
        "Layers consume more than the available size of 250000 bytes",
    )
    configure(house, f"{more}:1")
    package = {"ZipFile": large(150)}
    for dry in (True, False):
        assert refused("update_function_code", FunctionName="f", **package, DryRun=dry) == together


# Layers of other accounts


def test_layer_that_cannot_be_fetched_is_refused_and_the_log_says_what_to_do(house, refused, caplog):
    house.create("f")
    with caplog.at_level(logging.WARNING, "lam.api"):
        answer = refused("update_function_configuration", FunctionName="f", Layers=[f"{FOREIGN}:3"])
    assert answer == not_authorised(f"{FOREIGN}:3")
    assert [record.getMessage() for record in caplog.records] == [
        f"{FOREIGN}:3 is not here and cannot be fetched; `{FOREIGN}: ./a-folder` below `layers:` at the top "
        "level of lam.yaml stands for it"
    ]


def test_folder_zip_or_layer_stands_for_one_that_cannot_be_fetched(house, refused, tmp_path):
    publish(house)
    folder = tmp_path / "stand-in"
    folder.mkdir()
    (folder / "x").write_text("12345")
    package = tmp_path / "stand-in.zip"
    package.write_bytes(zip_of(x="1"))
    gone = tmp_path / "gone.zip"
    names = {"folder": folder, "zip": package, "own": LAYER, "missing": f"{LAYER}:8", "gone": gone}
    arn = {name: FOREIGN.replace("tools", name) for name in names}
    house.substitutions = Substitutions({arn[name]: place for name, place in names.items()})
    house.create("f", Layers=[f"{arn[name]}:1" for name in ("folder", "zip", "own")], Publish=True)
    latest, version = house.functions.get(KEY), house.functions.get(KEY, "1")
    assert [layer.arn for layer in latest.layers] == [f"{arn[name]}:1" for name in ("folder", "zip", "own")]
    assert latest.layers[0] == PublishedLayer(f"{arn['folder']}:1", FolderCode(folder), 5)
    own = house.layers.newest(LayerKey(ACCOUNT, REGION, "tools"))
    assert (latest.layers[2].code, latest.layers[2].size_bytes) == (own.code, own.code.size_bytes)
    # What was published does not follow the folder.
    (folder / "x").write_text("changed")
    assert (house.code.folder(version.layers[0].code) / "x").read_text() == "12345"
    assert version.layers[1:] == latest.layers[1:]
    update = "update_function_configuration"
    assert refused(update, FunctionName="f", Layers=[f"{arn['missing']}:1"]) == (
        INVALID,
        400,
        f"Layer version {LAYER}:8 does not exist.",
    )
    assert refused(update, FunctionName="f", Layers=[f"{arn['gone']}:1"]) == (
        INVALID,
        400,
        f"{gone}, which stands for {arn['gone']}:1 in lam.yaml, cannot be read: No such file or directory",
    )


def test_every_layer_version_counts_as_storage(house):
    size = publish(house)["Content"]["CodeSize"] + publish(house)["Content"]["CodeSize"]
    assert house.client.get_account_settings()["AccountUsage"]["TotalCodeSize"] == size
