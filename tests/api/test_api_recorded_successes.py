"""What AWS was recorded to answer to good requests: statuses, members, defaults, revisions."""

from __future__ import annotations

import json
import re

import pytest
from botocore import xform_name

from lambdacli.api.built import BUILT
from tests.api_house import ACCOUNT, REGION, ROLE, zip_of
from tests.recorded_rows import ARN, LAYER, NAME, furnish

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s"
BEING_CREATED = "The function is being created."
STATES = {"State", "StateReason", "StateReasonCode", "LastUpdateStatus", "LastUpdateStatusReason"}
STATES |= {"LastUpdateStatusReasonCode"}


@pytest.fixture
def client(house):
    furnish(house)
    return house.client


def body(house):
    return json.loads(house.last_answer.body)


def states(configuration):
    return {name: value for name, value in configuration.items() if name in STATES}


def make_alias(client, name="live", version="1", **members):
    return client.create_alias(FunctionName=NAME, Name=name, FunctionVersion=version, **members)


# Statuses: one call of every operation

PUBLISHERS = {
    "SigningProfileVersionArns": [f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/p/abcdefghij"]
}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "s",
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": ARN,
        }
    ],
}
F = {"FunctionName": NAME}
V1 = {**F, "Qualifier": "1"}
GRANT = {"StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "*"}
PERMISSION = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
L1 = {"LayerName": "l", "VersionNumber": 1}
NEW = {
    "FunctionName": "new",
    "Runtime": "python3.13",
    "Handler": "app.handler",
    "Role": ROLE,
    "Code": {"ZipFile": zip_of()},
}

TOUR = [
    ("CreateFunction", 201, NEW),
    ("GetFunction", 200, F),
    ("GetFunctionConfiguration", 200, F),
    ("ListFunctions", 200, {}),
    ("UpdateFunctionCode", 200, {**F, "ZipFile": zip_of(**{"app.py": "x = 1"})}),
    ("UpdateFunctionConfiguration", 200, {**F, "Timeout": 9}),
    ("PublishVersion", 201, F),
    ("ListVersionsByFunction", 200, F),
    ("CreateAlias", 201, {**F, "Name": "live", "FunctionVersion": "1"}),
    ("GetAlias", 200, {**F, "Name": "live"}),
    ("UpdateAlias", 200, {**F, "Name": "live", "Description": "d"}),
    ("ListAliases", 200, F),
    ("DeleteAlias", 204, {**F, "Name": "live"}),
    ("DeleteAlias", 204, {**F, "Name": "live"}),
    ("AddPermission", 201, {**F, **PERMISSION}),
    ("GetPolicy", 200, F),
    ("RemovePermission", 204, {**F, "StatementId": "s"}),
    ("PutResourcePolicy", 200, {"ResourceArn": ARN, "Policy": json.dumps(POLICY)}),
    ("GetResourcePolicy", 200, {"ResourceArn": ARN}),
    ("DeleteResourcePolicy", 204, {"ResourceArn": ARN}),
    ("CreateFunctionUrlConfig", 201, {**F, "AuthType": "NONE"}),
    ("GetFunctionUrlConfig", 200, F),
    ("UpdateFunctionUrlConfig", 200, {**F, "InvokeMode": "RESPONSE_STREAM"}),
    ("ListFunctionUrlConfigs", 200, F),
    ("DeleteFunctionUrlConfig", 204, F),
    ("PutFunctionEventInvokeConfig", 200, {**F, "MaximumRetryAttempts": 0}),
    ("UpdateFunctionEventInvokeConfig", 200, {**F, "MaximumRetryAttempts": 1}),
    ("GetFunctionEventInvokeConfig", 200, F),
    ("ListFunctionEventInvokeConfigs", 200, F),
    ("DeleteFunctionEventInvokeConfig", 204, F),
    ("PutFunctionConcurrency", 200, {**F, "ReservedConcurrentExecutions": 3}),
    ("GetFunctionConcurrency", 200, F),
    ("PutProvisionedConcurrencyConfig", 202, {**V1, "ProvisionedConcurrentExecutions": 1}),
    ("GetProvisionedConcurrencyConfig", 200, V1),
    ("ListProvisionedConcurrencyConfigs", 200, F),
    ("DeleteProvisionedConcurrencyConfig", 204, V1),
    ("DeleteFunctionConcurrency", 204, F),
    ("PutFunctionRecursionConfig", 200, {**F, "RecursiveLoop": "Allow"}),
    ("GetFunctionRecursionConfig", 200, F),
    ("PutRuntimeManagementConfig", 200, {**F, "UpdateRuntimeOn": "Auto"}),
    ("GetRuntimeManagementConfig", 200, F),
    ("PutFunctionScalingConfig", 202, {**V1, "FunctionScalingConfig": {"MinExecutionEnvironments": 1}}),
    ("GetFunctionScalingConfig", 200, V1),
    ("TagResource", 204, {"Resource": ARN, "Tags": {"a": "b"}}),
    ("ListTags", 200, {"Resource": ARN}),
    ("UntagResource", 204, {"Resource": ARN, "TagKeys": ["a"]}),
    ("CreateEventSourceMapping", 202, {**F, "EventSourceArn": QUEUE}),
    ("GetEventSourceMapping", 200, {"UUID": "<UUID>"}),
    ("ListEventSourceMappings", 200, {}),
    ("UpdateEventSourceMapping", 202, {"UUID": "<UUID>", "Enabled": False}),
    ("DeleteEventSourceMapping", 202, {"UUID": "<UUID>"}),
    ("PublishLayerVersion", 201, {"LayerName": "l", "Content": NEW["Code"]}),
    ("GetLayerVersion", 200, L1),
    ("GetLayerVersionByArn", 200, {"Arn": f"{LAYER}:1"}),
    ("ListLayers", 200, {}),
    ("ListLayerVersions", 200, {"LayerName": "l"}),
    ("AddLayerVersionPermission", 201, {**L1, **GRANT}),
    ("GetLayerVersionPolicy", 200, L1),
    ("RemoveLayerVersionPermission", 204, {**L1, "StatementId": "s"}),
    ("DeleteLayerVersion", 204, L1),
    ("DeleteLayerVersion", 204, L1),
    ("CreateCodeSigningConfig", 201, {"AllowedPublishers": PUBLISHERS}),
    ("GetCodeSigningConfig", 200, {"CodeSigningConfigArn": "<CSC>"}),
    ("ListCodeSigningConfigs", 200, {}),
    ("UpdateCodeSigningConfig", 200, {"CodeSigningConfigArn": "<CSC>", "Description": "d"}),
    ("PutFunctionCodeSigningConfig", 200, {**F, "CodeSigningConfigArn": "<CSC>"}),
    ("GetFunctionCodeSigningConfig", 200, F),
    ("ListFunctionsByCodeSigningConfig", 200, {"CodeSigningConfigArn": "<CSC>"}),
    ("DeleteFunctionCodeSigningConfig", 204, F),
    ("DeleteCodeSigningConfig", 204, {"CodeSigningConfigArn": "<CSC>"}),
    ("GetAccountSettings", 200, {}),
    ("Invoke", 200, F),
    ("Invoke", 202, {**F, "InvocationType": "Event"}),
    ("Invoke", 204, {**F, "InvocationType": "DryRun"}),
    ("InvokeWithResponseStream", 200, F),
    ("InvokeWithResponseStream", 204, {**F, "InvocationType": "DryRun"}),
    ("InvokeAsync", 202, {**F, "InvokeArgs": b"{}"}),
    ("DeleteFunction", 204, V1),
    ("DeleteFunction", 204, V1),
    ("DeleteFunction", 204, F),
]


def test_every_operation_succeeds_with_its_recorded_status(house, client, model):
    learnt = {}
    for operation, status, members in TOUR:
        filled = {
            name: learnt.get(value, value) if isinstance(value, str) else value
            for name, value in members.items()
        }
        answer = getattr(client, xform_name(operation))(**filled)
        learnt["<UUID>"] = answer.get("UUID", learnt.get("<UUID>"))
        if "CodeSigningConfig" in answer:
            learnt["<CSC>"] = answer["CodeSigningConfig"]["CodeSigningConfigArn"]
        raw = house.last_answer
        assert (operation, raw.status) == (operation, status)
        assert status != 204 or raw.body == b"", operation
    assert {operation for operation, *_ in TOUR} == BUILT.keys()


# Functions

ALWAYS = {
    "Architectures": ["x86_64"],
    "EphemeralStorage": {"Size": 512},
    "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/new"},
    "PackageType": "Zip",
    "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
    "TracingConfig": {"Mode": "PassThrough"},
    "MemorySize": 128,
    "Timeout": 3,
    "Description": "",
    "Version": "$LATEST",
}
OF_CODE = {"CodeSha256", "CodeSize", "FunctionArn", "FunctionName", "Handler", "LastModified"}
OF_CODE |= {"RevisionId", "Role", "Runtime"}


def test_new_function_is_pending_and_then_active(house, client):
    client.create_function(**NEW)
    created = body(house)
    assert states(created) == {
        "State": "Pending",
        "StateReason": BEING_CREATED,
        "StateReasonCode": "Creating",
    }
    client.get_function_configuration(FunctionName="new")
    shown = body(house)
    assert states(shown) == {"State": "Active", "LastUpdateStatus": "Successful"}
    assert shown["RevisionId"] != created["RevisionId"]


def test_configuration_shows_exactly_what_is_always_shown(house, client):
    client.create_function(**NEW)
    client.get_function_configuration(FunctionName="new")
    shown = body(house)
    assert shown.keys() == {*ALWAYS, *OF_CODE, "RuntimeVersionConfig", "State", "LastUpdateStatus"}
    assert {name: shown[name] for name in ALWAYS} == ALWAYS
    arn = shown["RuntimeVersionConfig"]["RuntimeVersionArn"]
    assert re.fullmatch(rf"arn:aws:lambda:{REGION}::runtime:[0-9a-f]{{64}}", arn)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", shown["LastModified"])


@pytest.mark.parametrize("change", ["code", "configuration"])
def test_update_is_in_progress_and_then_successful(house, client, change):
    before = client.get_function_configuration(**F)["RevisionId"]
    if change == "code":
        client.update_function_code(**F, ZipFile=zip_of(**{"app.py": "x = 2"}))
    else:
        client.update_function_configuration(**F, Timeout=9)
    updated = body(house)
    assert states(updated) == {
        "State": "Active",
        "LastUpdateStatus": "InProgress",
        "LastUpdateStatusReason": BEING_CREATED,
        "LastUpdateStatusReasonCode": "Creating",
    }
    client.get_function_configuration(**F)
    assert states(body(house)) == {"State": "Active", "LastUpdateStatus": "Successful"}
    assert len({before, updated["RevisionId"], body(house)["RevisionId"]}) == 3


def test_update_that_changes_nothing_makes_a_new_revision(client):
    before = client.get_function_configuration(**F)
    client.update_function_configuration(**F, Timeout=before["Timeout"])
    assert client.get_function_configuration(**F)["RevisionId"] != before["RevisionId"]


def test_revision_of_latest_changes_with_a_published_version_and_not_with_an_alias(client):
    client.update_function_configuration(**F, Timeout=9)
    before = client.get_function_configuration(**F)["RevisionId"]
    version = client.publish_version(**F)
    after = client.get_function_configuration(**F)["RevisionId"]
    assert len({before, version["RevisionId"], after}) == 3
    make_alias(client)
    assert client.get_function_configuration(**F)["RevisionId"] == after
    again = client.get_function_configuration(**F, Qualifier=version["Version"])
    assert again["RevisionId"] == version["RevisionId"]


def test_created_with_a_version_names_it_but_not_in_its_arn(client):
    created = client.create_function(**NEW, Publish=True)
    assert (created["Version"], created["FunctionArn"]) == ("1", f"{ARN.removesuffix(NAME)}new")
    assert created["State"] == "Pending"


def test_code_published_at_once_names_the_version_in_its_arn(house, client):
    updated = client.update_function_code(**F, ZipFile=zip_of(**{"app.py": "x = 3"}), Publish=True)
    assert (updated["Version"], updated["FunctionArn"]) == ("3", f"{ARN}:3")
    assert (updated["State"], house.last_answer.status) == ("Pending", 200)


def test_publishing_without_a_change_gives_the_version_that_is_there(client):
    last = client.get_function_configuration(**F, Qualifier="2")
    again = client.publish_version(**F, Description="another")
    assert (again["Version"], again["RevisionId"]) == ("2", last["RevisionId"])


def test_description_of_a_version_is_the_functions_or_its_own(client):
    client.update_function_configuration(**F, Description="of all")
    assert client.publish_version(**F)["Description"] == "of all"
    client.update_function_configuration(**F, Timeout=9)
    assert client.publish_version(**F, Description="its own")["Description"] == "its own"


@pytest.mark.parametrize("qualifier", [None, "$LATEST", "1", "live"])
def test_arn_carries_the_qualifier_that_was_asked_for(house, client, qualifier):
    make_alias(client)
    asked = {} if qualifier is None else {"Qualifier": qualifier}
    client.get_function(**F, **asked)
    shown = body(house)
    assert shown["Configuration"]["FunctionArn"] == (ARN if qualifier is None else f"{ARN}:{qualifier}")
    assert shown["Code"].keys() == {"Location", "RepositoryType"}
    assert shown["Code"]["RepositoryType"] == "S3"
    assert shown.keys() == {"Configuration", "Code"}


def test_tags_and_concurrency_are_shown_when_there_are_any(house, client):
    client.tag_resource(Resource=ARN, Tags={"a": "b"})
    client.put_function_concurrency(**F, ReservedConcurrentExecutions=0)
    assert body(house) == {"ReservedConcurrentExecutions": 0}
    client.get_function(**F)
    assert body(house)["Tags"] == {"a": "b"}
    assert body(house)["Concurrency"] == {"ReservedConcurrentExecutions": 0}


def test_items_of_lists_have_no_states_and_no_runtime_version(house, client):
    client.list_functions()
    assert all(not each.keys() & {*STATES, "RuntimeVersionConfig"} for each in body(house)["Functions"])
    assert body(house)["Functions"][0]["FunctionArn"] == ARN
    client.list_versions_by_function(**F)
    listed = body(house)["Versions"]
    assert [each["FunctionArn"] for each in listed] == [f"{ARN}:$LATEST", f"{ARN}:1", f"{ARN}:2"]
    assert all(not each.keys() & {*STATES, "RuntimeVersionConfig"} for each in listed)


def test_environment_layers_and_network_are_shown_as_they_were_set(house, client):
    client.update_function_configuration(
        **F,
        Environment={"Variables": {}},
        Layers=[f"{LAYER}:1"],
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    )
    assert body(house)["Environment"] == {"Variables": {}}
    assert [layer["Arn"] for layer in body(house)["Layers"]] == [f"{LAYER}:1"]
    client.update_function_configuration(**F, Layers=[], VpcConfig={"SubnetIds": [], "SecurityGroupIds": []})
    assert "Layers" not in body(house)
    assert body(house)["VpcConfig"] == {
        "Ipv6AllowedForDualStack": False,
        "SecurityGroupIds": [],
        "SubnetIds": [],
        "VpcId": "",
    }


def test_log_levels_come_and_go_with_the_format(client):
    log = client.update_function_configuration(**F, LoggingConfig={"LogFormat": "JSON"})["LoggingConfig"]
    assert log == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
        "LogGroup": "/aws/lambda/f",
    }
    log = client.update_function_configuration(**F, LoggingConfig={"LogFormat": "Text"})["LoggingConfig"]
    assert log == {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"}


def test_deleting_a_version_that_is_not_there_succeeds(client):
    assert client.delete_function(**F, Qualifier="9")["StatusCode"] == 204


# Settings


def test_no_reserved_concurrency_is_an_empty_answer(house, client):
    client.get_function_concurrency(**F)
    assert body(house) == {}


def test_alias_has_no_routing_unless_given(house, client):
    make_alias(client)
    shown = body(house)
    assert shown.keys() == {"AliasArn", "Name", "FunctionVersion", "Description", "RevisionId"}
    assert (shown["AliasArn"], shown["Description"]) == (f"{ARN}:live", "")
    make_alias(client, "latest", "$LATEST")
    updated = client.update_alias(**F, Name="live", Description="d")
    assert updated["RevisionId"] != shown["RevisionId"]


def test_event_invoke_config_is_replaced_by_put_and_merged_by_update(house, client):
    client.put_function_event_invoke_config(**F, MaximumRetryAttempts=1)
    shown = body(house)
    assert shown.pop("LastModified") > 1_000_000_000
    nowhere = {"OnFailure": {}, "OnSuccess": {}}
    assert shown == {
        "FunctionArn": f"{ARN}:$LATEST",
        "MaximumRetryAttempts": 1,
        "DestinationConfig": nowhere,
    }
    client.update_function_event_invoke_config(**F, MaximumEventAgeInSeconds=60)
    assert (body(house)["MaximumRetryAttempts"], body(house)["MaximumEventAgeInSeconds"]) == (1, 60)
    client.put_function_event_invoke_config(**F, MaximumEventAgeInSeconds=90)
    assert body(house).keys() == {
        "FunctionArn",
        "LastModified",
        "MaximumEventAgeInSeconds",
        "DestinationConfig",
    }


def test_provisioned_concurrency_begins_with_nothing_allocated(house, client):
    client.put_provisioned_concurrency_config(**V1, ProvisionedConcurrentExecutions=2)
    shown = body(house)
    assert re.fullmatch(r"\d{4}-.*\+0000", shown.pop("LastModified"))
    assert shown == {
        "AllocatedProvisionedConcurrentExecutions": 0,
        "AvailableProvisionedConcurrentExecutions": 0,
        "RequestedProvisionedConcurrentExecutions": 2,
        "Status": "IN_PROGRESS",
    }


def test_url_is_created_without_what_was_not_given(house, client):
    client.create_function_url_config(**F, AuthType="NONE")
    created = body(house)
    assert created.keys() == {"AuthType", "CreationTime", "FunctionArn", "FunctionUrl"}
    client.get_function_url_config(**F)
    assert body(house) == created | {
        "InvokeMode": "BUFFERED",
        "LastModifiedTime": created["CreationTime"],
    }
    client.delete_function_url_config(**F)
    client.create_function_url_config(**F, AuthType="NONE", InvokeMode="BUFFERED")
    assert body(house)["InvokeMode"] == "BUFFERED"


# Policies


@pytest.mark.parametrize(
    ("given", "principal", "condition"),
    [
        ({"Principal": "s3.amazonaws.com"}, {"Service": "s3.amazonaws.com"}, None),
        ({"Principal": "111111111111"}, {"AWS": "arn:aws:iam::111111111111:root"}, None),
        (
            {"Principal": "arn:aws:iam::111111111111:role/r"},
            {"AWS": "arn:aws:iam::111111111111:role/r"},
            None,
        ),
        ({"Principal": "*"}, "*", None),
        (
            {"Principal": "*", "SourceArn": "arn:aws:s3:::b", "SourceAccount": "111111111111"},
            "*",
            {
                "StringEquals": {"AWS:SourceAccount": "111111111111"},
                "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"},
            },
        ),
        (
            {"Principal": "*", "FunctionUrlAuthType": "NONE", "Action": "lambda:InvokeFunctionUrl"},
            "*",
            {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
        ),
        (
            {"Principal": "alexa-appkit.amazon.com", "EventSourceToken": "t"},
            {"Service": "alexa-appkit.amazon.com"},
            {"StringEquals": {"lambda:EventSourceToken": "t"}},
        ),
        (
            {"Principal": "*", "PrincipalOrgID": "o-1234567890"},
            "*",
            {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}},
        ),
    ],
)
def test_statement_is_a_text_in_the_recorded_order(client, given, principal, condition):
    members = {"StatementId": "s", "Action": "lambda:InvokeFunction", **given}
    statement = client.add_permission(**F, **members)["Statement"]
    expected = {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": principal,
        "Action": members["Action"],
        "Resource": ARN,
        **({} if condition is None else {"Condition": condition}),
    }
    assert json.dumps(json.loads(statement)) == json.dumps(expected)
    policy = client.get_policy(**F)
    assert policy["Policy"] == f'{{"Version":"2012-10-17","Id":"default","Statement":[{statement}]}}'


def test_policies_belong_to_their_qualifier(client):
    client.add_permission(**F, **PERMISSION)
    client.update_function_configuration(**F, Timeout=9)
    version = client.publish_version(**F)["Version"]
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_policy(**F, Qualifier=version)


# Mappings

ANSWERED = {"UUID", "LastModified", "EventSourceMappingArn"}


def test_mapping_of_a_queue_shows_its_defaults(house, client):
    client.create_event_source_mapping(**F, EventSourceArn=QUEUE)
    shown = body(house)
    assert shown["EventSourceMappingArn"].endswith(f":event-source-mapping:{shown['UUID']}")
    assert {name: value for name, value in shown.items() if name not in ANSWERED} == {
        "BatchSize": 10,
        "EventSourceArn": QUEUE,
        "FunctionArn": ARN,
        "FunctionResponseTypes": [],
        "MaximumBatchingWindowInSeconds": 0,
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
    }


def test_mapping_of_a_stream_shows_its_defaults(house, client):
    client.create_event_source_mapping(**F, EventSourceArn=STREAM, StartingPosition="LATEST")
    assert {name: value for name, value in body(house).items() if name not in ANSWERED} == {
        "BatchSize": 100,
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": {"OnFailure": {}},
        "EventSourceArn": STREAM,
        "FunctionArn": ARN,
        "FunctionResponseTypes": [],
        "LastProcessingResult": "No records processed",
        "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": -1,
        "ParallelizationFactor": 1,
        "StartingPosition": "LATEST",
        "State": "Creating",
        "StateTransitionReason": "User action",
        "TumblingWindowInSeconds": 0,
    }


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("f", ARN),
        (ARN, ARN),
        (f"{ACCOUNT}:function:f:$LATEST", f"{ARN}:$LATEST"),
        ("f:1", f"{ARN}:1"),
    ],
)
def test_mapping_keeps_the_qualifier_as_it_was_written(client, name, shown):
    mapping = client.create_event_source_mapping(FunctionName=name, EventSourceArn=QUEUE)
    assert mapping["FunctionArn"] == shown


def test_mapping_that_is_not_enabled_is_disabled_at_once(client):
    mapping = client.create_event_source_mapping(**F, EventSourceArn=QUEUE, Enabled=False)
    assert mapping["State"] == "Disabled"
    client.delete_function(**F)
    assert client.get_event_source_mapping(UUID=mapping["UUID"])["State"] == "Disabled"
    assert client.delete_event_source_mapping(UUID=mapping["UUID"])["State"] == "Deleting"


# Layers, account


def test_numbers_of_layers_are_never_used_again(client):
    client.delete_layer_version(**L1)
    assert client.publish_layer_version(LayerName="l", Content=NEW["Code"])["Version"] == 2
    client.delete_layer_version(LayerName="l", VersionNumber=2)
    third = client.publish_layer_version(LayerName="l", Content=NEW["Code"])
    assert (third["Version"], "LicenseInfo" in third) == (3, False)
    client.publish_layer_version(LayerName="l", Content=NEW["Code"], LicenseInfo="MIT")
    listed = client.list_layer_versions(LayerName="l")["LayerVersions"]
    assert [each["Version"] for each in listed] == [4, 3]
    assert listed[0]["LicenseInfo"] == "MIT"


def test_layer_that_is_not_there_has_no_versions_and_may_be_deleted(house, client):
    client.list_layer_versions(LayerName="none")
    assert body(house) == {"LayerVersions": []}
    client.delete_layer_version(LayerName="none", VersionNumber=1)
    assert house.last_answer.status == 204


def test_account_is_shown_with_its_limits(house, client):
    client.get_account_settings()
    shown = body(house)
    usage = shown["AccountUsage"]
    assert shown["AccountLimit"] == {
        "CodeSizeUnzipped": 262144000,
        "CodeSizeZipped": 52428800,
        "ConcurrentExecutions": 1000,
        "TotalCodeSize": shown["AccountLimit"]["TotalCodeSize"],
        "UnreservedConcurrentExecutions": 1000,
    }
    assert usage["FunctionCount"] == 2
    client.publish_layer_version(LayerName="l", Content=NEW["Code"])
    client.get_account_settings()
    assert body(house)["AccountUsage"]["TotalCodeSize"] == usage["TotalCodeSize"] + len(zip_of())


# Invocations


def test_invocation_tells_the_version_that_answered(client):
    answer = client.invoke(**F)
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer


def test_event_and_dry_run_tell_nothing(house, client):
    for kind, status in (("Event", 202), ("DryRun", 204)):
        answer = client.invoke(**F, InvocationType=kind)
        assert answer["StatusCode"] == status
        assert "ExecutedVersion" not in answer
        assert house.last_answer.body == b""
