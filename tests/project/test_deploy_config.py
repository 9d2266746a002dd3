"""The keys of lam.yaml that tell what stands around a function: what they become, and what is refused."""

from __future__ import annotations

import textwrap

import pytest

from lambdacli.model.deployment import Package, WantedFunction, WantedRole
from lambdacli.model.identity import Caller, CallerKind
from lambdacli.project.config import ConfigError, load_project
from lambdacli.project.declared import DeclaredEventInvoke, DeclaredMapping, DeclaredPermission, role_name
from lambdacli.project.deployment import Destination, wanted_of
from lambdacli.project.policy_templates import Here

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"


@pytest.fixture
def load(tmp_path):
    def load(settings: str):
        (tmp_path / "app.py").touch()
        head = "functions:\n  demo:\n    runtime: python3.13\n    handler: app.handler\n"
        file = tmp_path / "lam.yaml"
        file.write_text(head + textwrap.indent(textwrap.dedent(settings).strip() + "\n", "    "))
        return load_project(file)

    return load


@pytest.mark.parametrize(
    ("settings", "member", "wanted"),
    [
        ("alias: live", "alias", "live"),
        (f"dead_letter: {QUEUE}", "dead_letter", QUEUE),
        ("provisioned: 2", "provisioned_concurrency", 2),
        ("log_retention: 14", "log_retention_days", 14),
        ("event_invoke: {retries: 1, max_age: 1m}", "event_invoke", DeclaredEventInvoke(1, 60)),
        (
            f"event_invoke: {{retries: 1}}\ndestinations: {{on_success: {QUEUE}}}",
            "event_invoke",
            DeclaredEventInvoke(1, None, QUEUE),
        ),
        (f"sources: [{QUEUE}]", "mappings", (DeclaredMapping(QUEUE, {}),)),
        (
            f"sources: [{{source: {QUEUE}, window: 5s, max_concurrency: 3, filters: [{{a: {{n: [1]}}}}]}}]",
            "mappings",
            (
                DeclaredMapping(
                    QUEUE,
                    {
                        "MaximumBatchingWindowInSeconds": 5,
                        "ScalingConfig": {"MaximumConcurrency": 3},
                        "FilterCriteria": {"Filters": [{"Pattern": '{"a":{"n":[1]}}'}]},
                    },
                ),
            ),
        ),
        (
            "permissions: [{id: a, principal: s3.amazonaws.com}]",
            "permissions",
            (DeclaredPermission("a", {"Principal": "s3.amazonaws.com", "Action": "lambda:InvokeFunction"}),),
        ),
    ],
)
def test_a_key_becomes_a_setting(load, settings, member, wanted):
    (function,) = load(settings).functions
    assert getattr(function, member) == wanted


def test_a_stream_is_read_from_its_end_if_nothing_else_is_said(load):
    (function,) = load("sources: ['arn:aws:kinesis:us-east-1:000000000000:stream/clicks']").functions
    assert function.mappings[0].members == {"StartingPosition": "LATEST"}


def test_policies_give_the_function_a_role_that_has_just_those(load):
    project = load("policies: [{Effect: Allow, Action: 's3:GetObject', Resource: '*'}]")
    (function,) = project.functions
    assert function.role == "arn:aws:iam::000000000000:role/demo-role"
    assert function.is_role_given is False
    caller = Caller(CallerKind.ROLE, function.role, "000000000000")
    assert len(project.identities.known_policies_of(caller)) == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("alias: '7'", "demo.alias: must be a name such as live, not a number"),
        ("log_retention: 15", "CloudWatch keeps no logs for 15 days; did you mean 14?"),
        ("dead_letter: arn:aws:s3:::bucket", "dead_letter: arn:aws:s3:::bucket is of s3"),
        ("dead_letter: arn:aws:events:us-east-1:000000000000:event-bus/a", "sends there to sqs, sns only"),
        ("event_invoke: {retries: 3}", "event_invoke.retries: must be a number from 0 to 2"),
        ("event_invoke: {retry: 1}", "event_invoke.retry: not a known key; did you mean retries?"),
        ("sources: [{batch_size: 3}]", "sources[0]: has no source"),
        ("sources: ['arn:aws:sns:us-east-1:000000000000:t']", "sources[0]: arn:aws:sns"),
        (
            "sources: ['arn:aws:kafka:us-east-1:000000000000:cluster/c/1']",
            "the settings of MSK have no words here: CreateEventSourceMapping makes such a mapping",
        ),
        (f"sources: [{QUEUE}, {QUEUE}]", "is named twice"),
        (f"sources: [{{source: {QUEUE}, filters: ['no']}}]", "must be an event pattern"),
        ("permissions: [{action: 'lambda:InvokeFunction'}]", "permissions[0]: has no principal"),
        ("permissions: [{principal: 's3.amazonaws.com', action: 's3:Get'}]", "permissions[0].action"),
        ("role: arn:aws:iam::000000000000:role/a\npolicies: [X]", "policies: has no effect beside `role`"),
        ("policies: [{Statement: [{Effect: Maybe}]}]", "demo.policies[0]"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(load, settings, told):
    with pytest.raises(ConfigError) as caught:
        load(settings)
    assert told in str(caught.value)
    assert str(caught.value).startswith("lam.yaml:")


def test_a_roles_name_fits_whatever_the_function_is_called():
    assert role_name("demo") == "demo-role"
    assert len(role_name("x" * 64)) <= 64
    assert role_name("x" * 63 + "a") != role_name("x" * 63 + "b")


def deployed_to(project, region: str) -> WantedFunction:
    destination = Destination(Here("aws", region, "123456789012"), makes_roles=True)
    package = Package("sha", 1)
    found = wanted_of(project, project.functions, destination, lambda each: package, lambda *asked: package)
    (function,) = found.functions
    return function


def test_the_projects_own_account_becomes_the_one_that_is_deployed_to(load):
    function = deployed_to(
        load(
            f"""
            sources: [{QUEUE}]
            permissions:
            - {{id: a, principal: s3.amazonaws.com, source_account: "000000000000"}}
            - {{id: b, principal: "000000000000"}}
            policies: [{{Effect: Allow, Action: "sqs:*", Resource: [{QUEUE}, "arn:aws:s3:::uploads"]}}]
            """
        ),
        "eu-west-1",
    )
    there = "arn:aws:sqs:eu-west-1:123456789012:orders"
    assert list(function.mappings) == [there]
    assert (
        function.statements["a"]["SourceAccount"] == function.statements["b"]["Principal"] == "123456789012"
    )
    assert isinstance(function.role, WantedRole) and function.role.document is not None
    assert [there, "arn:aws:s3:::uploads"] in [
        statement["Resource"] for statement in function.role.document["Statement"]
    ]


def test_two_regions_share_a_role_and_neither_takes_the_others_rights(load):
    project = load(f"sources: [{QUEUE}]")
    first, second = (deployed_to(project, region).role for region in ("us-east-1", "eu-west-1"))
    assert isinstance(first, WantedRole) and isinstance(second, WantedRole)
    assert first.name == second.name and first.document != second.document
    assert first.document_name != second.document_name
