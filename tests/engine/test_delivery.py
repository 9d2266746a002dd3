"""Dead letters and destination records, letter for letter."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lambdacli.engine.delivery import (
    Role,
    dead_letter_message,
    destination_message,
    destination_record,
    notices,
)
from lambdacli.model.arn import FunctionKey
from lambdacli.model.delivery import Attribute
from lambdacli.model.event import Condition, Ending, Event, Refusal, RefusalKind
from lambdacli.model.event_invoke import EventInvokeConfig
from lambdacli.model.outcome import Outcome

AT = datetime(2025, 11, 24, 23, 11, 12, 345_000, tzinfo=UTC)
ID = "11111111-2222-4333-8444-555555555555"
KEY = FunctionKey("000000000000", "us-east-1", "orders")
PAYLOAD = b'{ "order": 1.0 }'
ERROR = b'{"errorMessage":"Handler fails","errorType":"Exception","requestId":"r","stackTrace":["  line\\n"]}'
FAILED = Outcome(ERROR, "$LATEST", "Unhandled", "Exception")
QUEUE = "arn:aws:sqs:us-east-1:000000000000:failed"
TOPIC = "arn:aws:sns:us-east-1:000000000000:failed"
THROTTLED = Refusal(RefusalKind.THROTTLED, "TooManyRequestsException", "Rate Exceeded.")


def ending(condition=Condition.RETRIES_EXHAUSTED, attempts=3, qualifier=None, payload=PAYLOAD, **changes):
    event = Event(ID, KEY, qualifier, payload, AT, attempts=attempts)
    return Ending(event, condition, AT, **{"outcome": FAILED} | changes)


# Destination records


def test_record_of_a_failure():
    assert destination_record(ending()).decode() == (
        '{"version":"1.0","timestamp":"2025-11-24T23:11:12.345Z","requestContext":{"requestId":'
        '"11111111-2222-4333-8444-555555555555","functionArn":'
        '"arn:aws:lambda:us-east-1:000000000000:function:orders:$LATEST","condition":"RetriesExhausted",'
        '"approximateInvokeCount":3},"requestPayload":{ "order": 1.0 },"responseContext":{"statusCode":200,'
        '"executedVersion":"$LATEST","functionError":"Unhandled"},"responsePayload":{"errorMessage":'
        '"Handler fails","errorType":"Exception","requestId":"r","stackTrace":["  line\\n"]}}'
    )


def test_record_of_a_success():
    done = ending(Condition.SUCCESS, 1, "live", b"{}", outcome=Outcome(b"null", "7"))
    assert destination_record(done).decode() == (
        '{"version":"1.0","timestamp":"2025-11-24T23:11:12.345Z","requestContext":{"requestId":'
        '"11111111-2222-4333-8444-555555555555","functionArn":'
        '"arn:aws:lambda:us-east-1:000000000000:function:orders:live","condition":"Success",'
        '"approximateInvokeCount":1},"requestPayload":{},"responseContext":{"statusCode":200,'
        '"executedVersion":"7"},"responsePayload":null}'
    )


@pytest.mark.parametrize(
    ("condition", "refusal"),
    [
        (Condition.ZERO_RESERVED_CONCURRENCY, replace(THROTTLED, kind=RefusalKind.ZERO_RESERVED)),
        (Condition.EVENT_AGE_EXCEEDED, THROTTLED),
        (Condition.EVENT_AGE_EXCEEDED, None),
    ],
)
def test_record_of_an_event_whose_code_never_ran(condition, refusal):
    never_ran = ending(condition, 0, outcome=None, refusal=refusal)
    assert destination_record(never_ran).decode() == (
        '{"version":"1.0","timestamp":"2025-11-24T23:11:12.345Z","requestContext":{"requestId":'
        '"11111111-2222-4333-8444-555555555555","functionArn":'
        f'"arn:aws:lambda:us-east-1:000000000000:function:orders:$LATEST","condition":"{condition.value}",'
        '"approximateInvokeCount":0},"requestPayload":{ "order": 1.0 }}'
    )


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (b'{"a": 1.00}', '{"a": 1.00}'),
        ('"größer"'.encode(), '"größer"'),
        (b"", "null"),
        (b"no json", '"no json"'),
        (b'say "x"\x1b', '"say \\"x\\"\\u001b"'),
        (b'"\xff"', '"\\"\ufffd\\""'),
    ],
)
def test_an_answer_stays_as_it_is_and_what_is_no_json_becomes_text(answer, shown):
    record = destination_record(ending(outcome=Outcome(answer, "$LATEST")))
    assert record.endswith(b',"responsePayload":' + shown.encode() + b"}")
    json.loads(record)


def test_a_failure_too_large_for_its_destination_goes_without_the_answer_then_without_the_event():
    large = b'"' + b"1" * 200_000 + b'"'
    both = ending(payload=large, outcome=Outcome(large, "$LATEST", "Unhandled"))
    assert list(json.loads(destination_message(both, QUEUE).body)) == [
        "version",
        "timestamp",
        "requestContext",
        "requestPayload",
        "responseContext",
        "responsePayload",
    ]
    assert list(json.loads(destination_message(both, TOPIC).body))[3:] == [
        "requestPayload",
        "responseContext",
    ]
    larger = replace(both, event=replace(both.event, payload=b'"' + b"1" * 262_144 + b'"'))
    assert list(json.loads(destination_message(larger, TOPIC).body))[3:] == ["responseContext"]


def test_a_success_too_large_for_its_destination_stays_whole():
    large = b'"' + b"1" * 262_144 + b'"'
    done = ending(Condition.SUCCESS, outcome=Outcome(large, "$LATEST"))
    assert destination_message(done, TOPIC).body == destination_record(done)


# Dead letters


def letter(**changes):
    return dict(dead_letter_message(ending(**changes)).attributes)


def test_a_dead_letter_is_the_event_as_it_came():
    message = dead_letter_message(ending(), "Root=1-2-3")
    assert message.body == PAYLOAD
    assert message.trace_header == "Root=1-2-3"
    assert message.attributes == {
        "RequestID": Attribute("String", ID),
        "ErrorCode": Attribute("Number", "200"),
        "ErrorMessage": Attribute("String", "Handler fails"),
    }


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b'{"errorType":"E","errorMessage":"why"}', "why"),
        (b'{"errorMessage":{"code":1}}', '{"code": 1}'),
        (b'"a text"', '"a text"'),
        (b"no json", "no json"),
        (b'{"errorMessage":"\\u001b[31mred\\u0000"}', "\ufffd[31mred\ufffd"),
        (b'{"errorMessage":"' + b"x" * 2000 + b'"}', "x" * 1024),
        ('{"errorMessage":"x' + "ü" * 2000 + '"}', "x" + "ü" * 511),
    ],
)
def test_the_error_message_is_the_first_kilobyte_of_what_can_be_sent(payload, text):
    raw = payload if isinstance(payload, bytes) else payload.encode()
    assert letter(outcome=Outcome(raw, "1", "Unhandled"))["ErrorMessage"].value == text


@pytest.mark.parametrize("payload", [b'{"errorMessage":""}', b'{"errorMessage":null}', b"{}", b""])
def test_an_error_without_a_message_has_no_attribute_for_it(payload):
    assert list(letter(outcome=Outcome(payload, "1", "Unhandled"))) == ["RequestID", "ErrorCode"]


@pytest.mark.parametrize(
    ("refusal", "code", "text"),
    [
        (THROTTLED, "429", "Rate Exceeded."),
        (None, "429", "Rate Exceeded."),
        (Refusal(RefusalKind.SERVICE_ERROR, "ServiceException", "broken"), "500", "broken"),
        (Refusal(RefusalKind.LOOP, "RecursiveInvocationException", "loop"), "400", "loop"),
    ],
)
def test_a_dead_letter_of_an_event_whose_code_never_ran_tells_why(refusal, code, text):
    found = letter(outcome=None, refusal=refusal)
    assert (found["ErrorCode"].value, found["ErrorMessage"].value) == (code, text)


# Who hears


CONFIG = EventInvokeConfig(AT, on_success=QUEUE, on_failure=TOPIC)


@pytest.mark.parametrize(
    ("condition", "dead_letter_target", "config", "told"),
    [
        (Condition.SUCCESS, QUEUE, CONFIG, [(Role.ON_SUCCESS, QUEUE)]),
        (Condition.SUCCESS, QUEUE, None, []),
        (
            Condition.RETRIES_EXHAUSTED,
            QUEUE,
            CONFIG,
            [(Role.ON_FAILURE, TOPIC), (Role.DEAD_LETTER_QUEUE, QUEUE)],
        ),
        (Condition.EVENT_AGE_EXCEEDED, None, CONFIG, [(Role.ON_FAILURE, TOPIC)]),
        (Condition.ZERO_RESERVED_CONCURRENCY, QUEUE, None, [(Role.DEAD_LETTER_QUEUE, QUEUE)]),
        (Condition.RETRIES_EXHAUSTED, None, EventInvokeConfig(AT), []),
    ],
)
def test_destination_and_dead_letter_queue_are_both_told(condition, dead_letter_target, config, told):
    found = notices(ending(condition), dead_letter_target, config, "Root=1-2-3")
    assert [(each.role, each.arn) for each in found] == told
    assert {each.message.trace_header for each in found} <= {"Root=1-2-3"}
    assert {each.message.is_success for each in found} <= {condition is Condition.SUCCESS}


def test_each_role_has_its_metric():
    assert [role.metric for role in Role] == [
        "DeadLetterErrors",
        "DestinationDeliveryFailures",
        "DestinationDeliveryFailures",
    ]
