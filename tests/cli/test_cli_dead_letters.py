"""What `lam dlq` reads out of messages, and whether it sends them again."""

from __future__ import annotations

import json

import pytest

from lambdacli.cli.dead_letters import DEAD_LETTERS, DESTINATION, Leave, Letter, read, why_left
from lambdacli.cli.dlq import _with_owners
from lambdacli.cli.event_end import _told
from lambdacli.client.sqs import Address, QueueMessage, address_of

WORK = "arn:aws:lambda:us-east-1:000000000000:function:work"
LATEST = f"{WORK}:$LATEST"
QUEUE = "arn:aws:sqs:eu-central-1:111122223333:letters"


def message(body: bytes, **attributes: str) -> QueueMessage:
    return QueueMessage("m", "h", body, attributes)


def record(**members: object) -> bytes:
    context = {"requestId": "r1", "functionArn": LATEST, "condition": "RetriesExhausted"}
    return json.dumps({"version": "1.0", "requestContext": context, **members}).encode()


def test_a_dead_letter_is_the_event_itself_and_its_attributes_tell_why():
    told = {"RequestID": "r1", "ErrorCode": "200", "ErrorMessage": "no"}
    assert read(message(b'{"a": 1}', **told), DEAD_LETTERS) == Letter("r1", "200 no", b'{"a": 1}')
    assert read(message(b"{}"), DEAD_LETTERS) == Letter(None, "", b"{}")


def test_a_record_among_dead_letters_is_left_unless_it_is_the_event_that_failed():
    left = Leave("a destination's record, which `--from destination` reads")
    assert read(message(record(requestPayload=0)), DEAD_LETTERS) == left
    event = record(requestPayload=0)
    assert read(message(event, RequestID="r2"), DEAD_LETTERS) == Letter("r2", "", event)


def test_the_payload_of_a_record_stays_the_bytes_that_it_is():
    body = record(requestPayload=0, responsePayload={"errorMessage": "no"}).replace(
        b'"requestPayload": 0', b'"requestPayload": {"n": 1e400,  "t": "\\u00e4\xc3\xa4"}'
    )
    letter = read(message(body), DESTINATION)
    assert letter == Letter("r1", "RetriesExhausted no", b'{"n": 1e400,  "t": "\\u00e4\xc3\xa4"}', LATEST)


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"[]", b"{}", b'{"requestContext": 1}', b'{"requestContext": {}}', b"\xff"],
    ids=repr,
)
def test_what_is_no_record_is_left(body):
    assert read(message(body), DESTINATION) == Leave("not a record of Lambda")


@pytest.mark.parametrize(
    ("letter", "why"),
    [
        (Letter("r1", "", b"{}"), None),
        (Letter(None, "", b"{}"), None),
        (Letter("new", "", b"{}"), "it was sent again just now, and failed again"),
        (Letter("r1", "", b"{}", LATEST), None),
        (Letter("r1", "", b"{}", f"{WORK}:live"), "it is of work:live"),
        (Letter("r1", "", b"{}", LATEST, is_success=True), "it tells of a success"),
        (Letter("r1", "", None, LATEST), "the event is not in the record: it was too large for it"),
    ],
)
def test_what_is_sent_again_and_what_is_left(letter, why):
    assert why_left(letter, LATEST, {"new"}) == why


def test_functions_are_named_where_some_messages_are_anothers():
    rows = [("r1", "now", "no", "{}"), ("r2", "now", "no", "{}"), ("-", "now", "no record", "hello")]
    own, both = ["work", "work", None], ["work", "other", None]
    headings, same = _with_owners(rows, own, "work")
    assert "FUNCTION" not in headings and same == rows
    headings, named = _with_owners(rows, both, "work")
    assert headings[:2] == ("REQUEST ID", "FUNCTION")
    assert [row[:2] for row in named] == [("r1", "work"), ("r2", "other"), ("-", "-")]


def test_an_error_in_the_same_words_is_told_once():
    first = {"kind": "delivery", "error_type": "NoQueue", "error_message": "x", "next_due_at": None}
    again = {**first, "next_due_at": "2026-11-21T10:11:12Z"}
    other = {**first, "kind": "invocation"}
    fine = {**first, "error_type": None, "error_message": None}
    told = [_told(*pair) for pair in ((first, None), (again, first), (other, again), (fine, fine))]
    assert told == [
        "delivery: NoQueue x",
        "delivery: the same; again at 10:11:12",
        "invocation: NoQueue x",
        "delivery: ok",
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, Address(QUEUE, "http://127.0.0.1:4566", False)),
        ({"auth": True}, Address(QUEUE, "http://127.0.0.1:4566", True)),
        ({"services": {"s3": "http://x"}}, Address(QUEUE, "http://127.0.0.1:4566", False)),
        (
            {"auth": True, "services": {"sqs": "http://localhost:9324"}},
            Address(QUEUE, "http://localhost:9324", False),
        ),
        (
            {"services": {"sqs": "https://sqs.eu-central-1.amazonaws.com"}},
            Address(QUEUE, "https://sqs.eu-central-1.amazonaws.com", True),
        ),
    ],
    ids=["the service's own", "own with auth", "another service named", "an emulator", "AWS"],
)
def test_where_a_queue_is_reached_and_whose_keys_it_wants(status, expected):
    found = address_of(QUEUE, {"endpoint": "http://127.0.0.1:4566", **status})
    assert found == expected
    assert found.url == f"{expected.endpoint}/111122223333/letters"
    assert found.region == "eu-central-1"
