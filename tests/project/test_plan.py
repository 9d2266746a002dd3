"""The steps of a deployment: what differs and nothing else, in their order, told from what to what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambdacli.model.comparing import stored_statement
from lambdacli.model.deployment import (
    Actual,
    ActualFunction,
    ActualLayer,
    ActualMapping,
    ActualRole,
    Answered,
    Contents,
    Package,
    Wanted,
    WantedFunction,
    WantedLayer,
    WantedRole,
)
from lambdacli.model.masking import MASK
from lambdacli.project.plan import object_key, plan

SHA = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="
OTHER_SHA = "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564="
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:demo"
ROLE = WantedRole(
    "demo-role", {"Statement": []}, ("arn:aws:iam::aws:policy/Basic",), {"Statement": [{"Sid": "A"}]}
)
BASE = WantedFunction(
    name="demo",
    alias="live",
    configuration={
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "Environment": {"Variables": {"TABLE": "orders", "DB_PASSWORD": "hunter2"}},
        "EphemeralStorage": {"Size": 512},
        "DeadLetterConfig": {"TargetArn": ""},
    },
    package=Package(SHA, 1000),
    role=ROLE,
    tags={"team": "a"},
    reserved=5,
    provisioned=2,
    url={"AuthType": "AWS_IAM", "InvokeMode": "BUFFERED"},
    statements={"bucket": {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}},
    event_invoke={"MaximumRetryAttempts": 1},
    mappings={QUEUE: {"BatchSize": 5}},
    retention_days=14,
)
ROLE_ARN = "arn:aws:iam::123456789012:role/demo-role"
CONFIGURATION = {
    **BASE.configuration,
    "FunctionArn": ARN,
    "Role": ROLE_ARN,
    "CodeSha256": SHA,
    "Architectures": ["x86_64"],
    "Version": "$LATEST",
}
THERE = ActualFunction(
    CONFIGURATION,
    tags={"team": "a", "aws:cloudformation:stack-name": "other"},
    reserved=5,
    alias_version="3",
    alias_configuration={**CONFIGURATION, "Version": "3", "FunctionArn": f"{ARN}:3"},
    provisioned=2,
    url={"AuthType": "AWS_IAM", "InvokeMode": "BUFFERED", "FunctionUrl": "https://x"},
    statements={"bucket": {"action": "lambda:InvokeFunction", "principal": "s3.amazonaws.com"}},
    event_invoke={"MaximumRetryAttempts": 1},
    mappings=(ActualMapping("u-1", QUEUE, "live", {"BatchSize": 5, "State": "Enabled"}),),
)
ACTUAL = Actual(
    functions={"demo": THERE},
    roles={"demo-role": ActualRole(ROLE_ARN, frozenset(ROLE.managed), ROLE.document)},
    retentions={"/aws/lambda/demo": 14},
)


def steps_of(function: WantedFunction = BASE, actual: Actual = ACTUAL, **more):
    return plan(Wanted((function,), **more), actual, "moment")


def operations(steps) -> list[str]:
    return [step.operation for step in steps]


def there(**changes) -> Actual:
    return replace(ACTUAL, functions={"demo": replace(THERE, **changes)})


def told(steps) -> list[tuple[str, str | None, str | None]]:
    return [(change.what, change.before, change.after) for step in steps for change in step.changes]


def test_everything_new_is_made_in_an_order_in_which_it_can_be():
    steps = steps_of(actual=Actual())
    assert operations(steps) == [
        "CreateRole",
        "AttachRolePolicy",
        "PutRolePolicy",
        "CreateFunction",
        "PutFunctionConcurrency",
        "CreateLogGroup",
        "PutRetentionPolicy",
        "PublishVersion",
        "CreateAlias",
        "AddPermission",
        "CreateFunctionUrlConfig",
        "PutFunctionEventInvokeConfig",
        "CreateEventSourceMapping",
        "PutProvisionedConcurrencyConfig",
    ]
    created = steps[3].parameters
    assert created["Role"] == Answered("role demo-role", "Role.Arn")
    assert created["Code"] == {"ZipFile": Contents(SHA)}
    assert "DeadLetterConfig" not in created
    assert steps[8].parameters["FunctionVersion"] == Answered("version demo", "Version")
    assert not any(step.is_destructive for step in steps)


def test_what_is_as_it_is_wanted_needs_no_step():
    assert steps_of() == ()


@pytest.mark.parametrize(
    ("change", "operation", "what"),
    [
        ({"Timeout": 9}, "UpdateFunctionConfiguration", ("timeout", "3", "9")),
        ({"MemorySize": 256}, "UpdateFunctionConfiguration", ("memory", "128", "256")),
        ({"Handler": "b.h"}, "UpdateFunctionConfiguration", ("handler", "app.handler", "b.h")),
        (
            {"DeadLetterConfig": {"TargetArn": QUEUE}},
            "UpdateFunctionConfiguration",
            ("dead_letter", None, QUEUE),
        ),
        (
            {"Environment": {"Variables": {"TABLE": "o2", "DB_PASSWORD": "hunter2"}}},
            "UpdateFunctionConfiguration",
            ("env.TABLE", "orders", "o2"),
        ),
        (
            {"Environment": {"Variables": {"TABLE": "orders", "DB_PASSWORD": "hunter3"}}},
            "UpdateFunctionConfiguration",
            ("env.DB_PASSWORD", MASK, MASK),
        ),
    ],
)
def test_a_changed_setting_is_sent_alone_and_becomes_a_version(change, operation, what):
    steps = steps_of(replace(BASE, configuration={**BASE.configuration, **change}))
    assert operations(steps) == [operation, "PublishVersion", "UpdateAlias"]
    assert set(steps[0].parameters) == {"FunctionName", *change}
    assert what in told(steps)


def test_no_output_of_a_plan_has_a_secret():
    for actual in (Actual(), there(configuration={**CONFIGURATION, "Environment": {"Variables": {}}})):
        assert "hunter2" not in str([step.changes for step in steps_of(actual=actual)])


def test_changed_code_is_the_only_package_that_is_sent():
    other = replace(BASE, name="other", role=ROLE_ARN, package=Package(OTHER_SHA, 1000))
    at_other = replace(THERE, configuration={**CONFIGURATION, "FunctionName": "other"})
    actual = replace(
        ACTUAL,
        functions={"demo": THERE, "other": at_other},
        retentions={"/aws/lambda/demo": 14, "/aws/lambda/other": 14},
    )
    steps = plan(Wanted((BASE, other)), actual)
    assert operations(steps) == ["UpdateFunctionCode", "PublishVersion", "UpdateAlias"]
    assert [step.function for step in steps if step.sends_package] == ["other"]


@pytest.mark.parametrize(
    ("function", "actual", "operation", "is_destructive"),
    [
        (replace(BASE, url=None), ACTUAL, "DeleteFunctionUrlConfig", True),
        (replace(BASE, mappings={}), ACTUAL, "DeleteEventSourceMapping", True),
        (replace(BASE, event_invoke=None), ACTUAL, "DeleteFunctionEventInvokeConfig", True),
        (replace(BASE, statements={}), ACTUAL, "RemovePermission", True),
        (replace(BASE, provisioned=None), ACTUAL, "DeleteProvisionedConcurrencyConfig", True),
        (replace(BASE, tags={}), ACTUAL, "UntagResource", True),
        (replace(BASE, role=replace(ROLE, document=None)), ACTUAL, "DeleteRolePolicy", True),
        (replace(BASE, reserved=None), ACTUAL, "DeleteFunctionConcurrency", False),
        (replace(BASE, reserved=7), ACTUAL, "PutFunctionConcurrency", False),
        (replace(BASE, retention_days=30), ACTUAL, "PutRetentionPolicy", False),
        (replace(BASE, tags={"team": "b"}), ACTUAL, "TagResource", False),
        (replace(BASE, url={"AuthType": "NONE"}), ACTUAL, "UpdateFunctionUrlConfig", False),
        (replace(BASE, mappings={QUEUE: {"BatchSize": 6}}), ACTUAL, "UpdateEventSourceMapping", False),
        (BASE, there(alias_weights={"2": 0.1}), "UpdateAlias", False),
        (BASE, there(provisioned=None), "PutProvisionedConcurrencyConfig", False),
    ],
)
def test_one_difference_is_one_step(function, actual, operation, is_destructive):
    (step,) = steps_of(function, actual)
    assert (step.operation, step.is_destructive) == (operation, is_destructive)
    assert step.changes


def test_what_lam_yaml_does_not_speak_of_stays():
    assert steps_of(replace(BASE, retention_days=None)) == ()
    roles = {"demo-role": ActualRole(ROLE_ARN, frozenset({*ROLE.managed, "arn:x"}), ROLE.document)}
    assert steps_of(actual=replace(ACTUAL, roles=roles)) == ()


def test_a_permission_that_says_something_else_is_replaced():
    actual = there(statements={"bucket": {"action": "lambda:InvokeFunction", "principal": "*"}})
    assert operations(steps_of(actual=actual)) == ["RemovePermission", "AddPermission"]
    assert not any(step.is_destructive for step in steps_of(actual=actual))


def test_a_mapping_to_another_version_is_led_to_the_alias():
    actual = there(mappings=(ActualMapping("u-1", QUEUE, None, {"BatchSize": 5, "State": "Enabled"}),))
    (step,) = steps_of(actual=actual)
    assert step.parameters == {"UUID": "u-1", "FunctionName": "demo:live"}


def test_of_two_mappings_of_a_source_the_one_to_the_alias_is_the_deployments():
    mappings = [
        ActualMapping("u-1", QUEUE, None, {"BatchSize": 7, "State": "Enabled"}),
        ActualMapping("u-2", QUEUE, "live", {"BatchSize": 5, "State": "Enabled"}),
    ]
    for order in (mappings, mappings[::-1]):
        assert steps_of(actual=there(mappings=tuple(order))) == ()


@pytest.mark.parametrize("principal", ["123456789012", "arn:aws:iam::123456789012:root"])
def test_an_account_may_be_named_in_two_ways(principal):
    function = replace(
        BASE, statements={"other": {"Action": "lambda:InvokeFunction", "Principal": principal}}
    )
    stored = stored_statement(
        {"Action": "lambda:InvokeFunction", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}
    )
    assert steps_of(function, there(statements={"other": stored})) == ()


def test_a_mapping_that_outlived_its_function_is_taken_again():
    actual = Actual(left_mappings={"demo": THERE.mappings})
    assert "CreateEventSourceMapping" not in operations(steps_of(actual=actual))


def test_a_disabled_mapping_is_enabled_again():
    actual = there(mappings=(ActualMapping("u-1", QUEUE, "live", {"BatchSize": 5, "State": "Disabled"}),))
    (step,) = steps_of(actual=actual)
    assert step.parameters == {"UUID": "u-1", "Enabled": True}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"alias_version": None, "alias_configuration": None}, ["PublishVersion", "CreateAlias"]),
        ({"alias_version": None, "alias_configuration": None, "same_version": "4"}, ["CreateAlias"]),
        ({"alias_configuration": {**CONFIGURATION, "CodeSha256": "old"}}, ["PublishVersion", "UpdateAlias"]),
        (
            {"alias_configuration": {**CONFIGURATION, "CodeSha256": "old"}, "same_version": "4"},
            ["UpdateAlias"],
        ),
        ({"alias_version": "$LATEST", "alias_configuration": None}, ["PublishVersion", "UpdateAlias"]),
    ],
)
def test_a_deployment_that_was_stopped_before_its_alias_is_finished(changes, wanted):
    function = replace(BASE, provisioned=2)
    assert operations(steps_of(function, there(**changes))) == wanted


def test_code_changed_by_hand_is_told_as_that():
    actual = there(configuration={**CONFIGURATION, "CodeSha256": OTHER_SHA, "MemorySize": 512})
    steps = steps_of(actual=actual)
    assert [step.by_hand for step in steps[:2]] == [True, True]


def test_what_lam_yaml_changed_is_not_told_as_by_hand():
    steps = steps_of(replace(BASE, package=Package(OTHER_SHA, 1)))
    assert [step.by_hand for step in steps] == [False, False, False]


LAYER = WantedLayer("layers-shared", Package(OTHER_SHA, 10))


def test_a_layer_is_published_once_and_used_by_all():
    second = replace(BASE, name="second", layers=(LAYER,))
    steps = plan(Wanted((replace(BASE, layers=(LAYER,)), second)), Actual())
    assert operations(steps).count("PublishLayerVersion") == 1
    assert [step.parameters["Layers"] for step in steps if step.operation == "CreateFunction"] == [
        [Answered(f"layer layers-shared {OTHER_SHA}", "LayerVersionArn")]
    ] * 2


def test_a_layer_that_is_there_is_not_published_again():
    arn = "arn:aws:lambda:us-east-1:123456789012:layer:layers-shared:7"
    configuration = {**CONFIGURATION, "Layers": [{"Arn": arn, "CodeSize": 10}]}
    actual = replace(
        there(configuration=configuration, alias_configuration=configuration),
        layers={"layers-shared": (ActualLayer(arn, OTHER_SHA),)},
    )
    assert steps_of(replace(BASE, layers=(LAYER,)), actual) == ()


def test_a_large_package_goes_by_way_of_a_bucket():
    actual = Actual()
    steps = steps_of(actual=actual, bucket="lam-packages", direct_bytes=999, bucket_owner="123456789012")
    assert operations(steps)[3:6] == ["CreateBucket", "PutObject", "CreateFunction"]
    assert steps[4].parameters["ExpectedBucketOwner"] == "123456789012"
    assert steps[5].parameters["Code"] == {"S3Bucket": "lam-packages", "S3Key": object_key(Package(SHA, 1))}
    again = replace(actual, has_bucket=True, objects=frozenset({object_key(Package(SHA, 1))}))
    assert "PutObject" not in operations(steps_of(actual=again, bucket="lam-packages", direct_bytes=999))


def test_only_code_is_brought_up_to_date_where_another_tool_deploys():
    function = WantedFunction("demo", "live", package=Package(OTHER_SHA, 1), is_code_only=True)
    assert operations(steps_of(function)) == ["UpdateFunctionCode"]
    assert operations(steps_of(function, Actual())) == []


def test_in_the_projects_own_service_a_deployment_is_a_version_and_its_alias():
    function = WantedFunction("demo", "live", is_read_by_target=True)
    actual = Actual(functions={"demo": ActualFunction(CONFIGURATION, alias_version="$LATEST")})
    assert operations(steps_of(function, actual)) == ["PublishVersion", "UpdateAlias"]
