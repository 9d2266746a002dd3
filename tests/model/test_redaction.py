"""What is taken out of an event before it is kept."""

from __future__ import annotations

import base64
import json

import pytest

from lambdacli.model.captured import DEFAULT_REDACTIONS
from lambdacli.model.event_kind import kind_of
from lambdacli.model.redaction import WITHHELD, redact


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("event", "patterns", "kept"),
    [
        ({"Password": "x", "a": 1}, ["password"], {"Password": "REDACTED", "a": 1}),
        ({"dbPassword": {"deep": 1}}, ["*password*"], {"dbPassword": "REDACTED"}),
        ({"a": [{"key": 1}, {"key": 2}]}, ["a.key"], {"a": [{"key": "REDACTED"}, {"key": "REDACTED"}]}),
        ({"valid": 1, "id": 2}, ["id"], {"valid": 1, "id": "REDACTED"}),
        ({"token": None}, ["token"], {"token": None}),
        ({"in": {"X-K": 1}, "X-K": 2}, ["in.x-k"], {"in": {"X-K": "REDACTED"}, "X-K": 2}),
        ({"body": '{"pin": 4}'}, ["pin"], {"body": '{"pin": "REDACTED"}'}),
        (
            {"Sns": {"Message": '{"b": "{\\"pin\\": 1}"}'}},
            ["pin"],
            {"Sns": {"Message": '{"b": "{\\"pin\\": \\"REDACTED\\"}"}'}},
        ),
        ({"body": "{no json"}, ["pin"], {"body": "{no json"}),
        ([{"pin": 1}], ["pin"], [{"pin": "REDACTED"}]),
        ({"rawQueryString": "a=1&Pin=4&b"}, ["pin"], {"rawQueryString": "a=1&Pin=REDACTED&b"}),
        ({"body": "p%69n=4&a=pin"}, ["pin"], {"body": "p%69n=REDACTED&a=pin"}),
        ({"next": "https://x/?pin=4"}, ["*pin"], {"next": "https://x/?pin=REDACTED"}),
        ({"body": "pin="}, ["pin"], {"body": "pin="}),
        (
            {"isBase64Encoded": True, "body": base64_of("a=b&password=c")},
            ["*password*"],
            {"isBase64Encoded": True, "body": base64_of("a=b&password=REDACTED")},
        ),
        (
            {"isBase64Encoded": False, "body": base64_of("password=c")},
            ["*password*"],
            {"isBase64Encoded": False, "body": base64_of("password=c")},
        ),
        ({"isBase64Encoded": True, "body": "/9j/"}, ["pin"], {"isBase64Encoded": True, "body": "/9j/"}),
        ({"pin": 1}, ["p[aeiou]n"], {"pin": "REDACTED"}),
        ({"schlüssel": 1}, ["SCHLÜSSEL"], {"schlüssel": "REDACTED"}),
        ({"a": {"b": {"c": 1}}}, ["b.*"], {"a": {"b": {"c": "REDACTED"}}}),
        ({"Set-Cookie": 1}, ["cookie", "set-cookie"], {"Set-Cookie": "REDACTED"}),
        ({"a": 1}, ["cookie", "*"], {"a": "REDACTED"}),
        ({"a": "\n", "pin": 1}, ["pin"], {"a": "\n", "pin": "REDACTED"}),
    ],
)
def test_values_go_by_the_names_of_their_fields(event, patterns, kept):
    assert json.loads(redact(json.dumps(event).encode(), patterns)) == kept


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b'{"pin": 1, "a": ' + b'{"a":' * 600 + b"1" + b"}" * 601, id="nested deep"),
        pytest.param(b"[" * 100_000 + b'{"pin": 1}' + b"]" * 100_000, id="nested deeper"),
        pytest.param(b'{"pin": 1, "a": "' + b"[" * 100_000 + b'"}', id="a text nested deep"),
        pytest.param(b'{"pin": 1, "a": ' + b"9" * 5000 + b"}", id="a number too long"),
    ],
)
def test_what_cannot_be_looked_into_is_kept_back(payload):
    assert redact(payload, ["pin"]) == WITHHELD


def test_a_name_with_escapes_is_found():
    assert redact(b'{"\\u0070in": 1}', ["pin"]) == b'{"pin": "REDACTED"}'


@pytest.mark.parametrize("payload", [b'{"a":  1}', b"no json", b'"text"', b"", b"[" * 100_000])
def test_what_nothing_is_taken_out_of_stays_byte_for_byte(payload):
    assert redact(payload, ["pin"]) is payload


def test_credentials_of_a_request_are_taken_out_by_default():
    event = {"headers": {"Authorization": "Bearer x", "accept": "*/*"}, "cookies": ["a=b"]}
    kept = json.loads(redact(json.dumps(event).encode(), DEFAULT_REDACTIONS))
    assert kept == {"headers": {"Authorization": "REDACTED", "accept": "*/*"}, "cookies": "REDACTED"}


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"Records": [{"eventSource": "aws:sqs"}]}, "SQS"),
        ({"Records": [{"EventSource": "aws:sns"}]}, "SNS"),
        ({"Records": [{"cf": {}}]}, "CloudFront"),
        ({"Records": []}, "JSON"),
        ({"requestContext": {"elb": {}}}, "ALB"),
        ({"version": "2.0", "requestContext": {"http": {}, "domainName": "x.lambda-url.y"}}, "function URL"),
        ({"version": "2.0", "requestContext": {"http": {}, "domainName": "api"}}, "HTTP API"),
        ({"httpMethod": "GET", "requestContext": {}}, "REST API"),
        ({"requestContext": {"eventType": "MESSAGE", "connectionId": "c"}}, "WebSocket"),
        ({"detail-type": "x", "detail": {}}, "EventBridge"),
        ({"requestPayload": 1, "requestContext": {}}, "destination"),
        ([1], "JSON"),
    ],
)
def test_an_event_tells_by_its_form_who_made_it(event, kind):
    assert kind_of(json.dumps(event).encode()) == kind


def test_an_event_that_is_no_json_or_very_large_is_not_looked_into():
    assert kind_of(b"x") == "JSON"
    assert kind_of(b" " * 300_000) == "large"
