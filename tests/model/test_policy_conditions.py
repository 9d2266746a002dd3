"""Every condition operator against contexts with one value, several, and none."""

from __future__ import annotations

import time

import pytest

from lambdacli.model.policy_conditions import Condition, holds, is_operator

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-12-31T23:59:59Z"
TOPIC = "arn:aws:sns:eu-west-1:111111111111:orders"

ONE_VALUE = [
    ("StringEquals", "blue", "blue", True),
    ("StringEquals", "blue", "Blue", False),
    ("StringEquals", ["red", "blue"], "blue", True),
    ("StringEquals", "b*", "blue", False),
    ("StringNotEquals", "blue", "red", True),
    ("StringNotEquals", ["red", "blue"], "red", False),
    ("StringEqualsIgnoreCase", "blue", "BLUE", True),
    ("StringNotEqualsIgnoreCase", "blue", "BLUE", False),
    ("StringLike", "b*e", "blue", True),
    ("StringLike", "b?e", "blue", False),
    ("StringLike", "B*", "blue", False),
    ("StringLike", "a.c", "abc", False),
    ("StringLike", "b${*}", "blue", False),
    ("StringLike", "b${*}", "b*", True),
    ("StringEquals", "b${*}", "b*", True),
    ("StringLike", "*\n*", "a\nb", True),
    ("StringNotLike", "b*", "blue", False),
    ("StringNotLike", "b*", "red", True),
    ("ArnEquals", TOPIC, TOPIC, True),
    ("ArnEquals", "arn:aws:sns:*:*:orders", TOPIC, True),
    ("ArnLike", "arn:aws:sns:*:111111111111:ord*", TOPIC, True),
    ("ArnLike", "arn:aws:sns:*:orders", TOPIC, False),
    ("ArnLike", "arn:aws:sqs:*:*:*", TOPIC, False),
    ("ArnLike", "arn:aws:logs:*:*:log-group:*", "arn:aws:logs:eu-west-1:111111111111:log-group:a:*", True),
    ("ArnLike", "*", TOPIC, True),
    ("ArnLike", "*:aws:sns:*:*:*", TOPIC, False),
    ("ArnLike", "arn:aws:sns:*:*:*", "arn:aws:sns", False),
    ("ArnLike", "arn:aws:sns:*:*:*", "no arn", False),
    ("ArnNotEquals", TOPIC, TOPIC, False),
    ("ArnNotLike", "arn:aws:sqs:*:*:*", TOPIC, True),
    ("NumericEquals", "10", "10.0", True),
    ("NumericNotEquals", "10", "10", False),
    ("NumericLessThan", "10", "9", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "10", "9", False),
    ("NumericGreaterThanEquals", "10", "10", True),
    ("NumericLessThan", "ten", "9", False),
    ("NumericEquals", "10", "ten", False),
    ("DateEquals", EARLY, "2026-01-01T01:00:00+01:00", True),
    ("DateNotEquals", EARLY, LATE, True),
    ("DateLessThan", LATE, EARLY, True),
    ("DateLessThanEquals", EARLY, EARLY, True),
    ("DateGreaterThan", LATE, EARLY, False),
    ("DateGreaterThanEquals", "1767225600", EARLY, True),
    ("DateGreaterThan", "2026-01-01", LATE, True),
    ("DateGreaterThan", "soon", LATE, False),
    ("Bool", "true", "true", True),
    ("Bool", "True", "true", True),
    ("Bool", "false", "true", False),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
    ("BinaryEquals", "QmluYXJ5", "qmluYXJ5", False),
    ("IpAddress", "10.1.0.0/16", "10.1.2.3", True),
    ("IpAddress", "10.1.2.3", "10.1.2.3", True),
    ("IpAddress", "10.1.2.9/16", "10.1.2.3", True),
    ("IpAddress", ["192.168.0.0/24", "2001:db8::/32"], "2001:db8::1", True),
    ("IpAddress", "10.1.0.0/16", "10.2.0.1", False),
    ("IpAddress", "10.1.0.0/16", "::1", False),
    ("IpAddress", "nowhere", "10.1.2.3", False),
    ("NotIpAddress", "10.1.0.0/16", "10.1.2.3", False),
    ("NotIpAddress", "10.1.0.0/16", "10.2.0.1", True),
    ("Null", "true", "here", False),
    ("Null", "false", "here", True),
    ("StringEqualsIfExists", "blue", "blue", True),
    ("StringEqualsIfExists", "blue", "red", False),
    ("SomethingElse", "blue", "blue", False),
]

NO_VALUE = [
    ("StringEquals", False),
    ("StringLike", False),
    ("ArnLike", False),
    ("NumericLessThan", False),
    ("DateLessThan", False),
    ("Bool", False),
    ("IpAddress", False),
    ("StringNotEquals", True),
    ("StringNotLike", True),
    ("ArnNotLike", True),
    ("NumericNotEquals", True),
    ("DateNotEquals", True),
    ("NotIpAddress", True),
    ("StringEqualsIfExists", True),
    ("BoolIfExists", True),
    ("ArnLikeIfExists", True),
    ("ForAnyValue:StringEquals", False),
    ("ForAnyValue:StringNotEquals", False),
    ("ForAnyValue:StringEqualsIfExists", True),
    ("ForAllValues:StringEquals", True),
    ("ForAllValues:StringNotEquals", True),
]

SEVERAL_VALUES = [
    ("ForAnyValue:StringEquals", ["blue"], ["red", "blue"], True),
    ("ForAnyValue:StringEquals", ["green"], ["red", "blue"], False),
    ("ForAnyValue:StringLike", ["b*"], ["red", "blue"], True),
    ("ForAnyValue:StringNotEquals", ["red"], ["red", "blue"], True),
    ("ForAnyValue:StringNotEquals", ["red", "blue"], ["red", "blue"], False),
    ("ForAllValues:StringEquals", ["red", "blue", "green"], ["red", "blue"], True),
    ("ForAllValues:StringEquals", ["red"], ["red", "blue"], False),
    ("ForAllValues:StringEquals", ["red"], [], True),
    ("ForAnyValue:StringEquals", ["red"], [], False),
    ("ForAllValues:StringNotLike", ["g*"], ["red", "blue"], True),
    ("ForAllValues:StringNotLike", ["b*"], ["red", "blue"], False),
    ("StringEquals", ["blue"], ["red", "blue"], True),
    ("StringNotEquals", ["blue"], ["red", "blue"], False),
]


def listed(value):
    return tuple(value) if isinstance(value, list) else (value,)


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "expected"),
    ONE_VALUE,
    ids=[f"{row[0]} {row[1]} of {row[2]!r}" for row in ONE_VALUE],
)
def test_a_key_with_one_value(operator, wanted, value, expected):
    condition = Condition(operator, "AWS:Key", listed(wanted))
    assert holds(condition, {"aws:key": (value,)}) is expected


@pytest.mark.parametrize(("operator", "expected"), NO_VALUE, ids=[row[0] for row in NO_VALUE])
def test_a_key_that_the_request_does_not_have(operator, expected):
    assert holds(Condition(operator, "aws:Key", ("1",)), {"aws:other": ("1",)}) is expected


@pytest.mark.parametrize(("wanted", "expected"), [("true", True), ("false", False), ("TRUE", True)])
def test_null_asks_whether_the_key_is_absent(wanted, expected):
    assert holds(Condition("Null", "aws:Key", (wanted,)), {}) is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "values", "expected"),
    SEVERAL_VALUES,
    ids=[f"{row[0]} {row[1]} of {row[2]}" for row in SEVERAL_VALUES],
)
def test_a_key_with_several_values(operator, wanted, values, expected):
    assert holds(Condition(operator, "aws:Key", listed(wanted)), {"aws:key": tuple(values)}) is expected


def test_a_variable_of_another_key_is_filled_in():
    condition = Condition("StringLike", "aws:Key", ("home/${aws:username}/*",))
    context = {"aws:key": ("home/alice/a.txt",), "aws:username": ("alice",)}
    assert holds(condition, context)
    assert not holds(condition, context | {"aws:username": ("bob",)})
    assert not holds(condition, context | {"aws:username": ("*",)}), "what is filled in is no pattern"
    assert not holds(condition, context | {"aws:username": ("alice", "bob")}), "which of them?"
    assert not holds(condition, context, has_variables=False)
    assert not holds(condition, {"aws:key": ("home//a.txt",)}), "an unknown variable matches nothing"


@pytest.fixture
def tokyo(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_date_without_a_zone_is_in_utc(tokyo):
    assert holds(Condition("DateEquals", "aws:Key", ("2026-01-01",)), {"aws:key": (EARLY,)})


def test_operators_are_known_by_name():
    known = ["Null", "StringEquals", "ForAnyValue:ArnLikeIfExists", "ForAllValues:NumericLessThanEquals"]
    assert all(is_operator(name) for name in known)
    unknown = [
        "",
        "stringequals",
        "NullIfExists",
        "ForAnyValue:Null",
        "IfExists",
        "ForAnyValue:",
        "StringMatches",
    ]
    assert not any(is_operator(name) for name in unknown)
