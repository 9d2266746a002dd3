"""The forms of messages at their targets, letter for letter."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from lambdacli.model.delivery import (
    Attribute,
    BusEntry,
    Message,
    bus_entry,
    is_first_in_first_out,
    is_too_large,
    object_key,
    service_of,
    size_at,
    timestamp,
)

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:orders:live"
BUS = "arn:aws:events:us-east-1:000000000000:event-bus/failed"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:failed"
TOPIC = "arn:aws:sns:us-east-1:000000000000:failed"
BUCKET = "arn:aws:s3:::failed"
AT = datetime(2025, 11, 24, 23, 11, 12, 345_678, tzinfo=UTC)
MESSAGE = Message(b'{"version":"1.0"}', "11111111-2222-4333-8444-555555555555", FUNCTION, AT)


@pytest.mark.parametrize(("is_success", "result"), [(True, "Success"), (False, "Failure")])
def test_a_bus_gets_an_event_of_lambda_about_the_bus_and_the_function(is_success, result):
    assert bus_entry(replace(MESSAGE, is_success=is_success), BUS) == BusEntry(
        source="lambda",
        detail_type=f"Lambda Function Invocation Result - {result}",
        resources=(BUS, FUNCTION),
        detail=b'{"version":"1.0"}',
        time=AT,
    )


def test_an_object_is_named_by_function_and_time_and_ends_in_a_random_looking_uuid():
    key = object_key(MESSAGE)
    uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert re.fullmatch(f"aws/lambda/async/orders/2025/11/24/2025-11-24T23\\.11\\.12-{uuid}", key)
    assert object_key(MESSAGE) == key


@pytest.mark.parametrize(
    "other",
    [
        replace(MESSAGE, request_id="other"),
        replace(MESSAGE, function_arn=FUNCTION.replace("live", "1")),
        replace(MESSAGE, sent_at=AT + timedelta(milliseconds=1)),
    ],
)
def test_another_message_is_another_object(other):
    assert object_key(other) != object_key(MESSAGE)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (AT, "2025-11-24T23:11:12.345Z"),
        (datetime(2025, 1, 2, tzinfo=UTC), "2025-01-02T00:00:00.000Z"),
        (datetime(2025, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2025-01-01T22:00:00.000Z"),
    ],
)
def test_times_are_in_utc_with_milliseconds(at, text):
    assert timestamp(at) == text


@pytest.mark.parametrize(
    ("arn", "service", "is_fifo"),
    [
        (QUEUE, "sqs", False),
        (f"{QUEUE}.fifo", "sqs", True),
        (f"{TOPIC}.fifo", "sns", True),
        (f"{BUCKET}.fifo", "s3", False),
        (FUNCTION, "lambda", False),
        ("kafka://topic", "", False),
        ("arn:aws:sqs", "", False),
    ],
)
def test_the_arn_tells_the_kind_of_target(arn, service, is_fifo):
    assert (service_of(arn), is_first_in_first_out(arn)) == (service, is_fifo)


def test_attributes_count_and_a_bus_counts_in_its_own_way():
    message = replace(MESSAGE, body=b"12345", attributes={"ab": Attribute("String", "ü")})
    assert size_at(message, QUEUE) == 5 + 2 + 6 + 2
    detail_type = "Lambda Function Invocation Result - Failure"
    assert size_at(message, BUS) == 14 + 5 + len("lambda") + len(detail_type) + len(BUS) + len(FUNCTION)


@pytest.mark.parametrize(
    ("arn", "limit"), [(QUEUE, 1_048_576), (TOPIC, 262_144), (FUNCTION, 1_048_576), (BUCKET, None)]
)
def test_each_target_has_its_limit(arn, limit):
    if limit is None:
        assert not is_too_large(replace(MESSAGE, body=b"1" * 10_000_000), arn)
        return
    assert not is_too_large(replace(MESSAGE, body=b"1" * limit), arn)
    assert is_too_large(replace(MESSAGE, body=b"1" * (limit + 1)), arn)
