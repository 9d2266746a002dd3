"""The settings of a function that lead elsewhere, through the real boto3 client: kept, shown, taken away,
refused, and said to be without effect where they are."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from tests.api_house import ACCOUNT, REGION, ROLE, zip_of

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:lost"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:lost"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
ACCESS_POINT = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/fsap-0123456789abcdef0"
MOUNT = {"Arn": ACCESS_POINT, "LocalMountPath": "/mnt/data"}
VPC = {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
NO_VPC = {"SubnetIds": [], "SecurityGroupIds": []}
IPV = "InvalidParameterValueException"


def shown(house, member, name="f", **more):
    return house.client.get_function_configuration(FunctionName=name, **more).get(member)


@pytest.mark.parametrize(
    ("member", "given", "expected", "removal", "removed"),
    [
        ("DeadLetterConfig", {"TargetArn": QUEUE}, {"TargetArn": QUEUE}, {"TargetArn": ""}, None),
        ("DeadLetterConfig", {"TargetArn": TOPIC}, {"TargetArn": TOPIC}, {"TargetArn": ""}, None),
        (
            "TracingConfig",
            {"Mode": "Active"},
            {"Mode": "Active"},
            {"Mode": "PassThrough"},
            {"Mode": "PassThrough"},
        ),
        ("KMSKeyArn", KEY, KEY, "", None),
        (
            "SnapStart",
            {"ApplyOn": "PublishedVersions"},
            {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"},
            {"ApplyOn": "None"},
            {"ApplyOn": "None", "OptimizationStatus": "Off"},
        ),
        (
            "LoggingConfig",
            {"LogFormat": "JSON"},
            {
                "LogFormat": "JSON",
                "ApplicationLogLevel": "INFO",
                "SystemLogLevel": "INFO",
                "LogGroup": "/aws/lambda/f",
            },
            {"LogFormat": "Text"},
            {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"},
        ),
        (
            "LoggingConfig",
            {"LogGroup": "/shared/group"},
            {"LogFormat": "Text", "LogGroup": "/shared/group"},
            {"LogGroup": "/aws/lambda/f"},
            {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"},
        ),
    ],
)
class TestSetting:
    def test_is_kept_from_create_on_shown_and_taken_away(
        self, house, member, given, expected, removal, removed
    ):
        assert house.create("f", **{member: given})[member] == expected
        assert shown(house, member) == expected
        house.client.update_function_configuration(FunctionName="f", MemorySize=256)
        assert shown(house, member) == expected
        house.client.update_function_configuration(FunctionName="f", **{member: removal})
        assert shown(house, member) == removed

    def test_may_come_with_an_update(self, house, member, given, expected, removal, removed):
        house.create("f")
        assert shown(house, member) == removed
        answer = house.client.update_function_configuration(FunctionName="f", **{member: given})
        assert answer[member] == expected == shown(house, member)

    def test_is_frozen_in_a_version(self, house, member, given, expected, removal, removed):
        assert house.create("f", **{member: given}, Publish=True)[member] == expected
        house.client.update_function_configuration(FunctionName="f", **{member: removal})
        frozen = shown(house, member, Qualifier="1")
        if member == "SnapStart":
            assert frozen == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}
        else:
            assert frozen == expected


def test_vpc_is_shown_with_its_id_and_stays_as_an_empty_one(house):
    house.create("f")
    assert shown(house, "VpcConfig") is None
    house.client.update_function_configuration(FunctionName="f", VpcConfig=VPC)
    first = shown(house, "VpcConfig")
    assert first.pop("VpcId").startswith("vpc-")
    assert first == VPC | {"Ipv6AllowedForDualStack": False}
    house.client.update_function_configuration(
        FunctionName="f", VpcConfig=VPC | {"Ipv6AllowedForDualStack": True}
    )
    assert shown(house, "VpcConfig")["Ipv6AllowedForDualStack"] is True
    house.client.update_function_configuration(FunctionName="f", VpcConfig=NO_VPC)
    assert shown(house, "VpcConfig") == NO_VPC | {"Ipv6AllowedForDualStack": False, "VpcId": ""}


def test_file_system_is_kept_and_taken_away(house):
    house.create("f", VpcConfig=VPC, FileSystemConfigs=[MOUNT])
    assert shown(house, "FileSystemConfigs") == [MOUNT]
    house.client.update_function_configuration(FunctionName="f", FileSystemConfigs=[])
    assert shown(house, "FileSystemConfigs") is None


def test_what_is_not_given_of_the_logging_stays(house):
    house.create("f", LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "LogGroup": "/g"})
    house.client.update_function_configuration(FunctionName="f", LoggingConfig={"SystemLogLevel": "DEBUG"})
    assert shown(house, "LoggingConfig") == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "WARN",
        "SystemLogLevel": "DEBUG",
        "LogGroup": "/g",
    }
    house.client.update_function_configuration(FunctionName="f", LoggingConfig={"LogFormat": "Text"})
    assert shown(house, "LoggingConfig") == {"LogFormat": "Text", "LogGroup": "/g"}


SNAP_START = {"SnapStart": {"ApplyOn": "PublishedVersions"}}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"DeadLetterConfig": {"TargetArn": f"arn:aws:s3:{REGION}:{ACCOUNT}:b"}},
            f"The provided target ARN arn:aws:s3:{REGION}:{ACCOUNT}:b is invalid. Provide the ARN of an "
            "Amazon SQS queue or an Amazon SNS topic.",
        ),
        (
            {"DeadLetterConfig": {"TargetArn": f"{QUEUE}.fifo"}},
            f"The provided target ARN {QUEUE}.fifo is invalid. FIFO queues and topics are not supported.",
        ),
        (
            {"KMSKeyArn": f"arn:aws:s3:{REGION}:{ACCOUNT}:b"},
            f"The provided KMS key ARN arn:aws:s3:{REGION}:{ACCOUNT}:b is invalid.",
        ),
        (
            {"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": []}},
            "SubnetIds and SecurityIds must coexist or be both empty list.",
        ),
        (
            {"FileSystemConfigs": [MOUNT]},
            "Function must be configured to execute in a VPC to reference access points.",
        ),
        (
            SNAP_START | {"Runtime": "nodejs22.x"},
            "nodejs22.x is not supported for SnapStart enabled functions.",
        ),
        (
            SNAP_START | {"Runtime": "python3.11"},
            "python3.11 is not supported for SnapStart enabled functions.",
        ),
        (
            SNAP_START | {"FileSystemConfigs": [MOUNT], "VpcConfig": VPC},
            "FileSystemConfigs are not supported for SnapStart enabled functions.",
        ),
        (
            SNAP_START | {"EphemeralStorage": {"Size": 513}},
            "EphemeralStorage of more than 512 MB is not supported for SnapStart enabled functions.",
        ),
        (
            {"LoggingConfig": {"ApplicationLogLevel": "WARN"}},
            'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or '
            'change the LogFormat to "JSON" and try again.',
        ),
    ],
)
def test_setting_is_refused_at_create_and_at_update(house, refused, members, message):
    create = {
        "FunctionName": "f",
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Role": ROLE,
        "Code": {"ZipFile": zip_of()},
    }
    assert refused("create_function", **create | members) == (IPV, 400, message)
    assert house.functions.list_all() == []
    house.create("f")
    before = house.functions.list_all()
    assert refused("update_function_configuration", FunctionName="f", **members) == (IPV, 400, message)
    assert house.functions.list_all() == before


def test_vpc_cannot_go_while_a_file_system_needs_it(house, refused):
    house.create("f", VpcConfig=VPC, FileSystemConfigs=[MOUNT])
    refusal = refused("update_function_configuration", FunctionName="f", VpcConfig=NO_VPC)
    assert refusal[2] == "Function must be configured to execute in a VPC to reference access points."


def test_what_has_no_effect_is_told_once_when_it_is_set(house, caplog):
    with caplog.at_level(logging.WARNING, "lam.api"):
        house.create("f", TracingConfig={"Mode": "Active"})
        house.client.update_function_configuration(FunctionName="f", MemorySize=256)
        house.client.update_function_configuration(FunctionName="f", KMSKeyArn=KEY)
    assert [line.removeprefix("f: ").split(" has ")[0] for line in caplog.messages] == [
        "TracingConfig Active",
        "KMSKeyArn",
    ]


# Runtimes near their end


class StandingClock:
    def __init__(self, day):
        self._now = datetime.fromisoformat(day).replace(tzinfo=UTC)

    def now(self):
        return self._now

    def monotonic(self):
        return 0.0


NO_LONGER = (
    IPV,
    400,
    "The runtime parameter of python3.9 is no longer supported for creating or updating AWS Lambda "
    "functions. We recommend you use a supported runtime while creating or updating functions.",
)
CREATE = {
    "FunctionName": "f",
    "Runtime": "python3.9",
    "Handler": "app.handler",
    "Role": ROLE,
    "Code": {"ZipFile": zip_of()},
}


@pytest.mark.parametrize(
    ("day", "is_strict", "is_created", "is_updated"),
    [
        ("2027-07-28", True, True, True),
        ("2027-07-29", True, False, True),
        ("2027-08-31", True, False, False),
        ("2027-08-31", False, True, True),
    ],
)
def test_strict_refuses_by_date_what_aws_refuses(house, refused, day, is_strict, is_created, is_updated):
    house.create("there", Runtime="python3.9")
    house.clock, house.is_strict = StandingClock(day), is_strict
    updates = [
        ("update_function_configuration", {"FunctionName": "there", "Timeout": 9}),
        ("update_function_code", {"FunctionName": "there", "ZipFile": zip_of(**{"app.py": "new"})}),
        ("update_function_code", {"FunctionName": "there", "ZipFile": zip_of(), "DryRun": True}),
    ]
    attempts = [("create_function", CREATE, is_created), *((*update, is_updated) for update in updates)]
    for operation, members, is_allowed in attempts:
        if is_allowed:
            getattr(house.client, operation)(**members)
        else:
            assert refused(operation, **members) == NO_LONGER


def test_deprecated_runtime_is_told_when_it_is_chosen(house, caplog):
    house.clock = StandingClock("2026-11-01")
    with caplog.at_level(logging.WARNING, "lam.api"):
        house.create("f", Runtime="python3.9")
        house.client.update_function_configuration(FunctionName="f", Timeout=9)
    assert caplog.messages == [
        "f: python3.9 is deprecated since 2025-12-15; AWS creates no functions with it from 2027-07-29 on, "
        "and updates none from 2027-08-31 on"
    ]
