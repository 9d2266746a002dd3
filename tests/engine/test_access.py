"""Who may invoke what, by the policies that a real store holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from lambdacli.engine.access import Access
from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import ArchiveCode, Function, Origin
from lambdacli.model.permission import Permission, ResourcePolicy, add_statement, function_statement
from lambdacli.model.policy import explain
from lambdacli.model.producer import Producer, caller_named
from lambdacli.store.database import open_database
from lambdacli.store.functions import FunctionStore
from lambdacli.store.kinds import RESOURCE_POLICY
from lambdacli.store.policies import policy_place
from lambdacli.store.settings import SettingStore

KEY = FunctionKey("111111111111", "eu-west-1", "orders")
BUCKET = "arn:aws:s3:::pictures"
RULE = "arn:aws:events:eu-west-1:111111111111:rule/nightly"


@pytest.fixture
def settings(tmp_path):
    connection = open_database(tmp_path / "state.db")
    function = Function(
        KEY,
        "python3.13",
        "app.handler",
        "arn:aws:iam::111111111111:role/lam",
        ArchiveCode("hash", 1),
        Origin.API,
        "revision",
        datetime.now(UTC),
    )
    FunctionStore(connection).put(function)
    yield SettingStore(connection)
    connection.close()


def permit(settings, qualifier=None, principal="s3.amazonaws.com", **members):
    permission = Permission("s", "lambda:InvokeFunction", principal, **members)
    text = add_statement(None, function_statement(permission, KEY.qualified_arn(qualifier)))
    settings.put(RESOURCE_POLICY, KEY, ResourcePolicy(text, "r"), policy_place(qualifier))


def from_service(name="s3", source_arn=BUCKET, source_account="111111111111", **members):
    return Producer(caller_named(f"{name}.amazonaws.com"), source_arn, source_account, **members)


@pytest.mark.parametrize(
    ("permitted", "called", "allowed"),
    [
        (None, None, True),
        ("live", "live", True),
        ("1", "1", True),
        (None, "1", False),
        (None, "live", False),
        ("live", None, False),
        ("live", "1", False),
        ("1", "live", False),
        (None, "$LATEST", False),
    ],
)
def test_only_the_policy_of_what_is_called_counts(settings, permitted, called, allowed):
    permit(settings, permitted)
    assert Access(settings).may_invoke(from_service(), KEY, called).is_allowed is allowed


def test_without_a_policy_nobody_may(settings):
    decision = Access(settings).may_invoke(from_service(), KEY)
    assert not decision.is_allowed
    assert explain(decision)[-1] == "  there is no policy"


@pytest.mark.parametrize(
    ("permission", "producer", "allowed"),
    [
        ({"source_arn": BUCKET}, from_service(), True),
        ({"source_arn": BUCKET}, from_service(source_arn=f"{BUCKET}-2"), False),
        ({"source_arn": BUCKET}, from_service(source_arn=None), False),
        ({"source_account": "111111111111"}, from_service(), True),
        ({"source_account": "111111111111"}, from_service(source_account="222222222222"), False),
        ({"source_account": "111111111111"}, from_service(source_account=None), False),
        (
            {"principal": "events.amazonaws.com", "source_account": "111111111111"},
            from_service("events", RULE, None),
            True,
        ),
        ({"principal": "events.amazonaws.com"}, from_service(), False),
        ({"event_source_token": "skill"}, from_service(event_source_token="skill"), True),
        ({"event_source_token": "skill"}, from_service(), False),
        ({"principal": "222222222222"}, Producer(caller_named("222222222222")), True),
        ({"principal": "*"}, from_service("sns"), True),
    ],
)
def test_what_the_producer_tells_of_its_source_is_compared(settings, permission, producer, allowed):
    permit(settings, **permission)
    assert Access(settings).may_invoke(producer, KEY).is_allowed is allowed


def test_latest_is_covered_by_a_wildcard_of_the_functions_own_policy(settings):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": f"{KEY.arn}*",
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    settings.put(RESOURCE_POLICY, KEY, ResourcePolicy(text, "r"))
    assert Access(settings).may_invoke(from_service(), KEY, "$LATEST").is_allowed


def test_a_change_counts_at_once(settings):
    access = Access(settings)
    permit(settings)
    assert access.may_invoke(from_service(), KEY).is_allowed
    settings.delete(RESOURCE_POLICY, KEY)
    assert not access.may_invoke(from_service(), KEY).is_allowed


@pytest.mark.parametrize("principal", ["", "s3", "arn:aws:s3:::b", "12345", "invalid.nonaws.com"])
def test_what_names_nobody_is_an_error(principal):
    with pytest.raises(ValueError, match="names no service"):
        caller_named(principal)
