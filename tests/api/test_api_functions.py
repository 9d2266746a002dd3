"""Functions through a real boto3 client: answers, defaults, refusals."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import FolderCode, Function, Origin
from lambdacli.model.runtime_names import LISTED_IN_ERRORS
from lambdacli.wire.http import Peer, Request
from tests.api_house import ACCOUNT, LOOPBACK, REGION, ROLE, zip_of

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
PACKAGE = zip_of()
IPV = "InvalidParameterValueException"
CREATE = {
    "FunctionName": "f",
    "Runtime": "python3.13",
    "Handler": "app.handler",
    "Role": ROLE,
    "Code": {"ZipFile": PACKAGE},
}
DERIVED = "The derived qualifier from the function name does not match the specified qualifier."


def bare(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_create_answers_pending_with_every_member_that_aws_shows(house):
    answer = house.create("hello")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    shown = bare(answer)
    assert len(shown.pop("RevisionId")) == 36
    version_arn = shown.pop("RuntimeVersionConfig")["RuntimeVersionArn"]
    assert version_arn.startswith(f"arn:aws:lambda:{REGION}::runtime:")
    assert shown == {
        "FunctionName": "hello",
        "FunctionArn": f"{ARN}:hello",
        "Runtime": "python3.13",
        "Role": ROLE,
        "Handler": "app.handler",
        "CodeSize": len(PACKAGE),
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "LastModified": "2026-01-02T03:04:06.678+0000",
        "CodeSha256": base64.b64encode(hashlib.sha256(PACKAGE).digest()).decode(),
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/hello"},
    }


def test_function_is_active_under_another_revision_right_after_create(house):
    created = house.create()
    house.client.get_waiter("function_active_v2").wait(FunctionName="hello")
    house.client.get_waiter("function_exists").wait(FunctionName="hello")
    shown = house.client.get_function_configuration(FunctionName="hello")
    assert (shown["State"], shown["LastUpdateStatus"]) == ("Active", "Successful")
    assert "StateReason" not in shown
    assert shown["RevisionId"] != created["RevisionId"]


def test_settings_given_at_create_are_kept(house):
    house.create(
        Description="d",
        Timeout=900,
        MemorySize=10240,
        EphemeralStorage={"Size": 10240},
        Architectures=["arm64"],
        Environment={"Variables": {"NAME": "é"}},
        Tags={"k": "v"},
    )
    shown = house.client.get_function(FunctionName="hello")
    assert shown["Tags"] == {"k": "v"}
    assert "Concurrency" not in shown
    configuration = shown["Configuration"]
    assert configuration["Environment"] == {"Variables": {"NAME": "é"}}
    assert configuration["Architectures"] == ["arm64"]
    assert (configuration["Timeout"], configuration["MemorySize"]) == (900, 10240)


def test_values_that_ask_for_nothing_are_accepted_even_if_the_feature_is_not_built(house):
    house.create(
        VpcConfig={"SubnetIds": [], "SecurityGroupIds": []},
        DeadLetterConfig={"TargetArn": ""},
        TracingConfig={"Mode": "PassThrough"},
        KMSKeyArn="",
        FileSystemConfigs=[],
        ImageConfig={},
        PackageType="Zip",
        SnapStart={"ApplyOn": "None"},
        LoggingConfig={"LogFormat": "Text", "LogGroup": "/aws/lambda/hello"},
        Layers=[],
        Publish=False,
    )


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"PackageType": "Image"}, "PackageType"),
        ({"ImageConfig": {"Command": ["run"]}}, "ImageConfig"),
        ({"TenancyConfig": {"TenantIsolationMode": "PER_TENANT"}}, "TenancyConfig"),
        ({"DurableConfig": {"ExecutionTimeout": 1}}, "DurableConfig"),
        ({"AcceleratorConfig": {"AcceleratorMemorySize": 1}}, "AcceleratorConfig"),
        ({"PublishTo": "LATEST_PUBLISHED"}, "PublishTo"),
        (
            {"Code": {"S3Bucket": "bucket", "S3Key": "key", "S3ObjectStorageMode": "REFERENCE"}},
            "S3ObjectStorageMode REFERENCE",
        ),
        ({"Code": {"ZipFile": PACKAGE, "SourceKMSKeyArn": "arn:aws:kms:::k"}}, "SourceKMSKeyArn"),
        (
            {
                "FileSystemConfigs": [
                    {
                        "Arn": f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/fsap-" + "a" * 17,
                        "LocalMountPath": "/mnt/data",
                        "S3FilesConfig": {"DirectS3Read": "ENABLED"},
                    }
                ]
            },
            "S3FilesConfig",
        ),
    ],
)
def test_feature_that_is_not_built_is_refused_by_name(house, refused, changes, named):
    assert refused("create_function", **CREATE | changes) == (
        "NotBuiltException",
        501,
        f"{named} is not built into lam yet: leave it out, or give its default.",
    )
    assert house.functions.list_all() == []


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        (
            {"Runtime": "PYTHON3.9"},
            (
                IPV,
                400,
                "Value PYTHON3.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum "
                "value set: "
                f"[{LISTED_IN_ERRORS}] or be a valid ARN",
            ),
        ),
        (
            {"Runtime": "python3.7"},
            (
                IPV,
                400,
                "The runtime parameter of python3.7 is no longer supported for creating or updating "
                "AWS Lambda "
                "functions. We recommend you use a supported runtime while creating or updating functions.",
            ),
        ),
        (
            {"FunctionName": "a" * 65},
            (
                IPV,
                400,
                f"1 validation error detected: Value '{'a' * 65}' at 'functionName' failed to satisfy "
                "constraint: Member must have length less than or equal to 64",
            ),
        ),
        (
            {"Timeout": 901},
            (
                IPV,
                400,
                "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member "
                "must have value less than or equal to 900",
            ),
        ),
        (
            {"Tags": {f"k{n}": "" for n in range(51)}},
            (IPV, 400, "Number of tags exceeds resource tag limit."),
        ),
        (
            {"Environment": {"Variables": {"LAMBDA_TASK_ROOT": "x", "AWS_REGION": "x", "OK": "x"}}},
            (
                IPV,
                400,
                "Lambda was unable to configure your environment variables because the environment variables "
                "you have provided contains reserved keys that are currently not supported for modification. "
                "Reserved keys used in this request: AWS_REGION, LAMBDA_TASK_ROOT",
            ),
        ),
        (
            {"Environment": {"Variables": {"SMALL_VAR": "ok", "LARGE_VAR": "x" * 4096}}},
            (
                IPV,
                400,
                "Lambda was unable to configure your environment variables because the environment variables "
                'you have provided exceeded the 4KB limit. String measured: {"SMALL_VAR":"ok","LARGE_VAR":"'
                + "x" * 4096
                + '"}',
            ),
        ),
        (
            {"Code": {"ZipFile": b"no zip"}},
            (
                IPV,
                400,
                "Could not unzip uploaded file. Please check your file, then try to upload again.",
            ),
        ),
        ({"Code": {}}, (IPV, 400, "Please provide a source for function code.")),
        (
            {"FunctionName": f"arn:aws:lambda:ap-southeast-1:{ACCOUNT}:function:f"},
            (
                "ResourceNotFoundException",
                404,
                f"Functions from 'ap-southeast-1' are not reachable in this region ('{REGION}')",
            ),
        ),
        (
            {"FunctionName": f"arn:aws:lambda:{REGION}:123456789012:function:f"},
            ("AccessDeniedException", 403, None),
        ),
        (
            {"LoggingConfig": {"LogFormat": "Text", "SystemLogLevel": "DEBUG"}},
            (
                IPV,
                400,
                'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your '
                "request "
                'or change the LogFormat to "JSON" and try again.',
            ),
        ),
    ],
)
def test_create_is_refused_in_awss_words(house, refused, changes, refusal):
    assert refused("create_function", **CREATE | changes) == refusal
    assert house.functions.list_all() == []


def test_runtime_and_handler_are_mandatory_for_packages(refused):
    request = {name: value for name, value in CREATE.items() if name != "Handler"}
    assert refused("create_function", **request)[2] == (
        "Runtime and Handler are mandatory parameters for functions created with deployment packages."
    )


def test_of_two_creates_at_once_one_wins(house):
    package = base64.b64encode(PACKAGE).decode()
    body = json.dumps(CREATE | {"Code": {"ZipFile": package}}).encode()
    request = Request("POST", "/2015-03-31/functions", "", {}, body, LOOPBACK)

    async def both():
        return await asyncio.gather(house.answer(request), house.answer(request))

    assert sorted(response.status for response in asyncio.run(both())) == [201, 409]


def test_second_create_of_a_name_is_a_conflict(house, refused):
    house.create("f")
    assert refused("create_function", **CREATE) == (
        "ResourceConflictException",
        409,
        "Function already exist: f",
    )


@pytest.mark.parametrize(
    "name", ["f", f"{ARN}:f", f"{ACCOUNT}:function:f", "function:f", f"{ARN}:f:some-alias"]
)
def test_create_takes_every_form_of_a_name(house, name):
    assert house.create(name)["FunctionArn"] == f"{ARN}:f"


def test_arn_without_a_name_names_a_function_called_function(house):
    assert house.create(ARN)["FunctionName"] == "function"


# Names of Get, Configuration and Delete


@pytest.mark.parametrize(
    ("name", "qualifier", "shown"),
    [
        ("f", None, f"{ARN}:f"),
        ("f", "$LATEST", f"{ARN}:f:$LATEST"),
        ("f:$LATEST", None, f"{ARN}:f:$LATEST"),
        (f"{ARN}:f:$LATEST", "$LATEST", f"{ARN}:f:$LATEST"),
        (f"{ACCOUNT}:function:f", None, f"{ARN}:f"),
        (f"{REGION}:{ACCOUNT}:function:f", None, f"{ARN}:f"),
    ],
)
def test_get_shows_exactly_the_qualifier_asked_for(house, name, qualifier, shown):
    house.create("f")
    request = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
    assert house.client.get_function(**request)["Configuration"]["FunctionArn"] == shown
    assert house.client.get_function_configuration(**request)["FunctionArn"] == shown


@pytest.mark.parametrize("operation", ["get_function", "get_function_configuration"])
@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        ({"FunctionName": "nope"}, f"Function not found: {ARN}:nope"),
        ({"FunctionName": "nope", "Qualifier": "$LATEST"}, f"Function not found: {ARN}:nope:$LATEST"),
        ({"FunctionName": "f", "Qualifier": "1221"}, f"Function not found: {ARN}:f:1221"),
        ({"FunctionName": "f", "Qualifier": "$latest"}, f"Function not found: {ARN}:f:$latest"),
        ({"FunctionName": f"{ARN}:f:alias"}, f"Function not found: {ARN}:f:alias"),
        ({"FunctionName": "a" * 65}, f"Function not found: {ARN}:{'a' * 65}"),
        ({"FunctionName": ARN}, f"Function not found: {ARN}:function"),
        (
            {"FunctionName": f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:f"},
            f"Functions from 'eu-central-1' are not reachable in this region ('{REGION}')",
        ),
    ],
)
def test_function_that_is_not_found(house, refused, operation, request_, refusal):
    house.create("f")
    assert refused(operation, **request_) == ("ResourceNotFoundException", 404, refusal)


@pytest.mark.parametrize(
    "operation", ["get_function", "get_function_configuration", "delete_function", "invoke"]
)
def test_two_different_qualifiers_are_refused_even_without_the_function(refused, operation):
    refusal = refused(operation, FunctionName=f"{ARN}:some-function:1", Qualifier="$LATEST")
    assert refusal == (IPV, 400, DERIVED)


def test_location_of_the_code_is_the_zip_itself_for_whoever_comes_by_the_socket(house):
    house.create()
    answer = house.send("GET", "/2015-03-31/functions/hello", peer=Peer(is_unix=True))
    code = json.loads(answer.body)["Code"]
    assert code["RepositoryType"] == "S3"
    assert Path(url2pathname(urlsplit(code["Location"]).path)).read_bytes() == PACKAGE


# Lists


def test_list_pages_by_fifty_and_leaves_states_out(house):
    for number in range(60):
        house.create(f"f{number:02}")
    first = house.client.list_functions(MaxItems=100)
    assert len(first["Functions"]) == 50
    second = house.client.list_functions(Marker=first["NextMarker"])
    assert "NextMarker" not in second
    names = [function["FunctionName"] for function in first["Functions"] + second["Functions"]]
    assert names == [f"f{number:02}" for number in range(60)]
    assert not {"State", "LastUpdateStatus", "RuntimeVersionConfig"} & first["Functions"][0].keys()
    pages = house.client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 7})
    assert sum(len(page["Functions"]) for page in pages) == 60


def test_marker_holds_its_place_when_functions_come_and_go(house):
    for name in ("a", "b", "c"):
        house.create(name)
    marker = house.client.list_functions(MaxItems=2)["NextMarker"]
    house.client.delete_function(FunctionName="b")
    house.create("bb")
    rest = house.client.list_functions(Marker=marker)["Functions"]
    assert [function["FunctionName"] for function in rest] == ["bb", "c"]


def test_marker_of_nobodys_making_is_refused(refused):
    assert refused("list_functions", Marker="?") == (IPV, 400, "Invalid value for Marker")


def test_list_of_all_versions_shows_qualified_arns(house):
    house.create("f")
    assert (
        house.client.list_functions(FunctionVersion="ALL")["Functions"][0]["FunctionArn"]
        == f"{ARN}:f:$LATEST"
    )


# Updates


def test_update_of_the_configuration_changes_only_what_is_given(house):
    house.create("f", Description="old", Environment={"Variables": {"AA": "1"}})
    answer = house.client.update_function_configuration(FunctionName="f", Timeout=10)
    assert (answer["State"], answer["LastUpdateStatus"]) == ("Active", "InProgress")
    assert answer["LastUpdateStatusReason"] == "The function is being created."
    assert answer["LastUpdateStatusReasonCode"] == "Creating"
    house.client.get_waiter("function_updated_v2").wait(FunctionName="f")
    shown = house.client.get_function_configuration(FunctionName="f")
    assert (shown["Timeout"], shown["Description"]) == (10, "old")
    assert shown["Environment"] == {"Variables": {"AA": "1"}}
    assert shown["LastUpdateStatus"] == "Successful"
    assert shown["RevisionId"] != answer["RevisionId"]


def test_environment_is_replaced_as_a_whole(house):
    house.create("f", Environment={"Variables": {"AA": "1", "BB": "2"}})
    house.client.update_function_configuration(FunctionName="f", Environment={"Variables": {"CC": "3"}})
    assert house.functions.list_all()[0].variables == {"CC": "3"}
    answer = house.client.update_function_configuration(FunctionName="f", Environment={"Variables": {}})
    assert answer["Environment"] == {"Variables": {}}


OTHER_PACKAGE = zip_of(**{"app.py": "other"})


def test_update_of_the_code_changes_hash_size_and_architecture(house):
    before = house.create("f")
    answer = house.client.update_function_code(
        FunctionName="f", ZipFile=OTHER_PACKAGE, Architectures=["arm64"]
    )
    assert answer["CodeSha256"] != before["CodeSha256"]
    assert (answer["CodeSize"], answer["LastUpdateStatus"]) == (len(OTHER_PACKAGE), "InProgress")
    assert answer["Architectures"] == ["arm64"]
    function = house.functions.list_all()[0]
    assert (house.code.folder(function.code) / "app.py").read_text() == "other"


def test_dry_run_of_a_code_update_changes_nothing(house):
    house.create("f")
    before = house.functions.list_all()
    answer = house.client.update_function_code(FunctionName="f", ZipFile=OTHER_PACKAGE, DryRun=True)
    assert answer["CodeSize"] == len(OTHER_PACKAGE)
    assert house.functions.list_all() == before


@pytest.mark.parametrize(
    ("operation", "change"),
    [("update_function_code", {"ZipFile": OTHER_PACKAGE}), ("update_function_configuration", {"Timeout": 9})],
)
class TestUpdates:
    def test_wrong_revision_is_refused_and_the_latest_is_taken(self, house, refused, operation, change):
        house.create("f")
        assert refused(operation, FunctionName="f", RevisionId="wrong", **change) == (
            "PreconditionFailedException",
            412,
            "The Revision Id provided does not match the latest Revision Id. Call the "
            "GetFunction/GetAlias API "
            "to retrieve the latest Revision Id",
        )
        latest = house.client.get_function_configuration(FunctionName="f")["RevisionId"]
        getattr(house.client, operation)(FunctionName="f", RevisionId=latest, **change)

    def test_missing_function_is_not_found(self, refused, operation, change):
        refusal = refused(operation, FunctionName="f", **change)
        assert refusal == ("ResourceNotFoundException", 404, f"Function not found: {ARN}:f")

    def test_function_of_lam_yaml_is_changed_there(self, house, refused, operation, change, tmp_path):
        house.functions.put(project_function(tmp_path))
        code, status, message = refused(operation, FunctionName="p", **change)
        assert (code, status) == ("ResourceConflictException", 409)
        assert "edit lam.yaml" in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"ImageUri": "image"},
            "Please don't provide ImageUri when updating a function with packageType Zip.",
        ),
        ({}, "Please provide a source for function code."),
    ],
)
def test_code_update_without_a_package_is_refused(house, refused, change, message):
    house.create("f")
    assert refused("update_function_code", FunctionName="f", **change) == (IPV, 400, message)


# Delete


def test_deleted_function_is_gone(house, refused):
    house.create("f")
    answer = house.client.delete_function(FunctionName="f")
    assert bare(answer) == {"StatusCode": 204}
    assert refused("get_function", FunctionName="f")[1] == 404


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        ({"FunctionName": "nope"}, ("ResourceNotFoundException", 404, f"Function not found: {ARN}:nope")),
        (
            {"FunctionName": "nope", "Qualifier": "1233"},
            ("ResourceNotFoundException", 404, f"Function not found: {ARN}:nope"),
        ),
        (
            {"FunctionName": "nope", "Qualifier": "$latest"},
            ("ResourceNotFoundException", 404, f"Function not found: {ARN}:nope"),
        ),
        (
            {"FunctionName": f"{ARN}:nope:$LATEST", "Qualifier": "$LATEST"},
            (IPV, 400, "$LATEST version cannot be deleted without deleting the function."),
        ),
        (
            {"FunctionName": "nope", "Qualifier": "q" * 65},
            (IPV, 400, "Deletion of aliases is not currently supported."),
        ),
    ],
)
def test_delete_is_refused(refused, request_, refusal):
    assert refused("delete_function", **request_) == refusal


def test_delete_of_a_version_that_does_not_exist_deletes_nothing(house):
    house.create("f")
    house.client.delete_function(FunctionName="f", Qualifier="7")
    assert len(house.functions.list_all()) == 1


# Functions of lam.yaml


def project_function(folder):
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src" / "app.py").write_text("x = 1")
    return Function(
        key=FunctionKey(ACCOUNT, REGION, "p"),
        runtime="python3.13",
        handler="app.handler",
        role=ROLE,
        code=FolderCode(folder / "src"),
        origin=Origin.PROJECT,
        revision_id="r",
        last_modified=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_folder_code_is_shown_with_the_hash_of_its_files(house, tmp_path):
    house.functions.put(project_function(tmp_path))
    shown = house.client.get_function(FunctionName="p")
    before = shown["Configuration"]["CodeSha256"]
    assert len(base64.b64decode(before)) == 32
    told = house.send("GET", "/2015-03-31/functions/p", peer=Peer(is_unix=True))
    assert json.loads(told.body)["Code"]["Location"] == (tmp_path / "src").as_uri()
    (tmp_path / "src" / "app.py").write_text("x = 22")
    listed = house.client.list_functions()["Functions"][0]
    assert listed["CodeSha256"] != before
    assert listed["CodeSize"] > 0


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("delete_function", {}),
        ("put_function_concurrency", {"ReservedConcurrentExecutions": 1}),
        ("delete_function_concurrency", {}),
    ],
)
def test_function_of_lam_yaml_is_not_changed_over_the_api(house, refused, tmp_path, operation, more):
    house.functions.put(project_function(tmp_path))
    assert refused(operation, FunctionName="p", **more)[:2] == ("ResourceConflictException", 409)
    assert house.functions.list_all() == [project_function(tmp_path)]


# Reserved concurrency


def test_reserved_concurrency_is_kept_shown_and_removed(house):
    house.create("f")
    assert bare(house.client.get_function_concurrency(FunctionName="f")) == {}
    put = house.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    assert bare(put) == {"ReservedConcurrentExecutions": 0}
    assert bare(house.client.get_function_concurrency(FunctionName="f")) == bare(put)
    assert house.client.get_function(FunctionName="f")["Concurrency"] == bare(put)
    house.client.delete_function_concurrency(FunctionName="f")
    assert house.functions.list_all()[0].reserved_concurrency is None


DECREASES = (
    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
    "below its minimum value of [100]."
)


@pytest.mark.parametrize(("wanted", "is_allowed"), [(700, True), (701, False), (1000, False), (1001, False)])
def test_a_hundred_must_stay_unreserved(house, refused, wanted, is_allowed):
    house.create("f")
    house.create("other")
    house.client.put_function_concurrency(FunctionName="other", ReservedConcurrentExecutions=200)
    request = {"FunctionName": "f", "ReservedConcurrentExecutions": wanted}
    if is_allowed:
        house.client.put_function_concurrency(**request)
    else:
        assert refused("put_function_concurrency", **request) == (IPV, 400, DECREASES)


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("nope", ("ResourceNotFoundException", 404, f"Function not found: {ARN}:nope:$LATEST")),
        (
            f"{ARN}:f:$LATEST",
            (
                IPV,
                400,
                "This operation is permitted on Lambda functions only. Aliases and versions do not "
                "support this "
                "operation. Please specify either a function name or an unqualified function ARN.",
            ),
        ),
    ],
)
def test_reserving_is_refused(refused, name, refusal):
    assert (
        refused("put_function_concurrency", FunctionName=name, ReservedConcurrentExecutions=5000) == refusal
    )


# Tags and account


def test_tags_are_merged_and_taken_away(house):
    house.create("f", Tags={"a": "1", "b": "2"})
    house.client.tag_resource(Resource=f"{ARN}:f", Tags={"b": "3", "c": "4"})
    assert house.client.list_tags(Resource=f"{ARN}:f")["Tags"] == {"a": "1", "b": "3", "c": "4"}
    house.client.untag_resource(Resource=f"{ARN}:f", TagKeys=["a", "c", "unknown"])
    assert house.client.list_tags(Resource=f"{ARN}:f")["Tags"] == {"b": "3"}


UUID = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("resource", "tags", "refusal"),
    [
        (f"{ARN}:nope", {"a": "1"}, ("ResourceNotFoundException", 404, f"Function not found: {ARN}:nope")),
        (
            f"{ARN}:f:1",
            {"a": "1"},
            (
                IPV,
                400,
                "Tags on function aliases and versions are not supported. Please specify a function ARN.",
            ),
        ),
        (f"{ARN}:f", {}, (IPV, 400, "An error occurred and the request cannot be processed.")),
        (
            f"{ARN}:f",
            {f"k{number}": "" for number in range(51)},
            (IPV, 400, "Number of tags exceeds resource tag limit."),
        ),
        (
            f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:{UUID}",
            {"a": "1"},
            (
                "ResourceNotFoundException",
                404,
                f"Event source mapping not found: "
                f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:{UUID}",
            ),
        ),
    ],
)
def test_tagging_is_refused(house, refused, resource, tags, refusal):
    house.create("f")
    assert refused("tag_resource", Resource=resource, Tags=tags) == refusal


def test_untagging_nothing_is_a_validation_error(refused):
    assert refused("untag_resource", Resource=f"{ARN}:f", TagKeys=[]) == (
        "ValidationException",
        400,
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: "
        "Member must not be null",
    )


def test_account_settings_count_what_is_there(house, tmp_path):
    house.create("f")
    house.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=40)
    house.functions.put(replace(project_function(tmp_path), reserved_concurrency=60))
    settings = house.client.get_account_settings()
    assert settings["AccountLimit"] == {
        "TotalCodeSize": 322122547200,
        "CodeSizeUnzipped": 262144000,
        "CodeSizeZipped": 52428800,
        "ConcurrentExecutions": 1000,
        "UnreservedConcurrentExecutions": 900,
    }
    assert settings["AccountUsage"] == {"TotalCodeSize": len(PACKAGE), "FunctionCount": 2}
