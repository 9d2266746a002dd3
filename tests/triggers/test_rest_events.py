"""Thirty routes of a REST API: requests, and the whole events of format 1.0 that they become."""

from __future__ import annotations

from typing import Any

import pytest
from api_calls import call_of, routes, v1_event

from lambdacli.model.http_apis import ApiKind, AuthorizerKind, HttpApi
from lambdacli.triggers.api_call import Authorization
from lambdacli.triggers.api_events import answer_for, event_for
from lambdacli.triggers.payload_v2 import UnusableAnswer
from lambdacli.triggers.routes import match, within_stage

ROUTES = (
    "GET /",
    "POST /",
    "GET /items",
    "POST /items",
    "ANY /items/{id}",
    "DELETE /items/{id}",
    "GET /items/{id}/parts",
    "GET /items/{id}/parts/{part}",
    "PUT /items/{id}/parts/{part}",
    "GET /items/new",
    "PATCH /items/new",
    "HEAD /health",
    "GET /health",
    "OPTIONS /health",
    "GET /users/{name}/{proxy+}",
    "ANY /files/{proxy+}",
    "GET /files/index.html",
    "GET /a/b/c/d/e/f",
    "GET /a/{x}/c/{y}",
    "GET /a/b/{x}/{y}",
    "POST /upload",
    "POST /form",
    "GET /v1.0/things",
    "GET /with-dash_and.dot",
    "GET /{tenant}/orders",
    "POST /{tenant}/orders/{order}",
    "ANY /any",
    "GET /any",
    "GET /deep/{a}/{b}/{c}/{d}",
    "GET /~tilde/@at",
)
API = HttpApi(
    "shop",
    ApiKind.REST,
    "1.0",
    "dev",
    binary_media_types=("image/*", "application/octet-stream"),
    routes=routes(*ROUTES),
)
JSON = [("Content-Type", "application/json")]
BROWSER = [("User-Agent", "curl/8"), ("Accept", "*/*")]

Row = tuple[str, str, dict[str, str] | None, list[tuple[str, str]], bytes, dict[str, Any]]


def row(
    line: str,
    resource: str,
    parameters: dict[str, str] | None = None,
    *,
    headers: list[tuple[str, str]] | None = None,
    sent: bytes = b"",
    **event: Any,
) -> Row:
    return line, resource, parameters, headers or [], sent, event


REQUESTS = [
    row("GET /dev/", "/"),
    row("GET /dev", "/", path="/"),
    row("POST /dev/", "/", headers=JSON, sent=b'{"a":1}', body='{"a":1}'),
    row("GET /dev/items", "/items"),
    row("GET /dev/items/", "/items"),
    row("GET /dev/items?a=1&a=2&b", "/items", query={"a": ["1", "2"], "b": [""]}),
    row("GET /dev/items?q=%C3%A4+b%20c&x=%2F", "/items", query={"q": ["ä b c"], "x": ["/"]}),
    row("GET /dev/items?q=%FF", "/items", query={"q": ["\ufffd"]}),
    row("POST /dev/items", "/items", sent="ä".encode(), body="ä"),
    row("GET /dev/items/7", "/items/{id}", {"id": "7"}),
    row("POST /dev/items/7", "/items/{id}", {"id": "7"}),
    row("DELETE /dev/items/7", "/items/{id}", {"id": "7"}),
    row("GET /dev/items/a%2Fb", "/items/{id}", {"id": "a/b"}),
    row("GET /dev/items/a%20b", "/items/{id}", {"id": "a b"}),
    row("GET /dev/items/7/parts", "/items/{id}/parts", {"id": "7"}),
    row("GET /dev/items/7/parts/x", "/items/{id}/parts/{part}", {"id": "7", "part": "x"}),
    row("PUT /dev/items/7/parts/x", "/items/{id}/parts/{part}", {"id": "7", "part": "x"}),
    row("GET /dev/items/new", "/items/new"),
    row("PATCH /dev/items/new", "/items/new"),
    row("HEAD /dev/health", "/health"),
    row("GET /dev/health", "/health", headers=BROWSER, user_agent="curl/8"),
    row("OPTIONS /dev/health", "/health"),
    row("GET /dev/users/eva/a/b/c", "/users/{name}/{proxy+}", {"name": "eva", "proxy": "a/b/c"}),
    row("DELETE /dev/files/x", "/files/{proxy+}", {"proxy": "x"}),
    row("GET /dev/files/a//b", "/files/{proxy+}", {"proxy": "a//b"}),
    row("GET /dev/files/index.html", "/files/index.html"),
    row("GET /dev/a/b/c/d/e/f", "/a/b/c/d/e/f"),
    row("GET /dev/a/1/c/2", "/a/{x}/c/{y}", {"x": "1", "y": "2"}),
    row("GET /dev/a/b/c/2", "/a/b/{x}/{y}", {"x": "c", "y": "2"}),
    row(
        "POST /dev/upload",
        "/upload",
        headers=[("Content-Type", "image/png; x=y")],
        sent=b"\x89PNG\xff",
        body="iVBOR/8=",
        is_base64=True,
    ),
    row("POST /dev/upload", "/upload", sent=b"\xff", body="\ufffd"),
    row(
        "POST /dev/form",
        "/form",
        headers=[("content-type", "application/x-www-form-urlencoded")],
        sent=b"a=1&b=2",
        body="a=1&b=2",
    ),
    row("GET /dev/v1.0/things", "/v1.0/things"),
    row("GET /dev/with-dash_and.dot", "/with-dash_and.dot"),
    row("GET /dev/acme/orders", "/{tenant}/orders", {"tenant": "acme"}),
    row("POST /dev/acme/orders/5", "/{tenant}/orders/{order}", {"tenant": "acme", "order": "5"}),
    row("GET /dev/any", "/any"),
    row("LINK /dev/any", "/any"),
    row("GET /dev/deep/1/2/3/4", "/deep/{a}/{b}/{c}/{d}", {"a": "1", "b": "2", "c": "3", "d": "4"}),
    row("GET /dev/~tilde/%40at", "/~tilde/@at"),
]


@pytest.mark.parametrize(
    ("line", "resource", "parameters", "headers", "sent", "more"),
    REQUESTS,
    ids=[each[0] for each in REQUESTS],
)
def test_a_request_becomes_this_event(line, resource, parameters, headers, sent, more):
    event = event_for(call_of(API, line, headers, sent))
    assert event == v1_event(API, line, resource, parameters, headers=headers, **more)


def test_every_route_is_reached_by_one_of_these_requests():
    reached = {call_of(API, each[0]).route.key for each in REQUESTS}
    assert {str(route.key) for route in API.routes} == {str(key) for key in reached}


@pytest.mark.parametrize(
    "line",
    [
        "POST /dev/health",  # of the path's own methods none, and no other resource is looked for
        "GET /dev/nothing",
        "GET /dev//items",
        "GET /dev/files/",
        "GET /dev/files",
        "GET /dev/items//parts",
        "GET /dev/a/b/c/d/e/f/g",
    ],
)
def test_a_request_without_a_route(line):
    method, _, path = line.partition(" ")
    inner = within_stage(API, path)
    assert inner is not None
    assert match(API, method, inner) is None


@pytest.mark.parametrize("path", ["/", "/prod/items", "/devx/items", "/items"])
def test_a_path_of_another_stage(path):
    assert within_stage(API, path) is None


def test_repeated_headers_are_all_in_the_multi_value_map():
    headers = [("X-A", "1"), ("x-a", "2"), ("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-Port", "1")]
    event = event_for(call_of(API, "GET /dev/items", headers))
    assert event["headers"]["x-a"] == "2"
    assert event["multiValueHeaders"]["x-a"] == ["1", "2"]
    assert "X-A" not in event["headers"]
    assert event["headers"]["X-Forwarded-For"] == "10.0.0.1, 127.0.0.1"
    assert event["headers"]["X-Forwarded-Port"] == "4566"


def test_stage_variables_and_the_authorizers_context_as_texts():
    api = HttpApi("shop", ApiKind.REST, "1.0", "dev", {"TABLE": "orders"}, routes=routes("GET /"))
    given = Authorization(
        AuthorizerKind.TOKEN, "eva", {"admin": True, "count": 3, "share": 0.5, "name": "Eva"}, latency_ms=7
    )
    event = event_for(call_of(api, "GET /dev/", authorization=given))
    told = {
        "principalId": "eva",
        "admin": "true",
        "count": "3",
        "share": "0.5",
        "name": "Eva",
        "integrationLatency": 7,
    }
    assert event == v1_event(api, "GET /dev/", "/", authorizer=told)


# Answers

ACCEPTS_IMAGES = [("Accept", "image/png, */*")]


@pytest.mark.parametrize(
    ("payload", "headers", "status", "answered", "body"),
    [
        (b'{"statusCode":200}', [], 200, [("Content-Type", "application/json")], b""),
        (b'{"statusCode":"201","body":"x"}', [], 201, [("Content-Type", "application/json")], b"x"),
        (
            b'{"statusCode":200,"body":null,"headers":null}',
            [],
            200,
            [("Content-Type", "application/json")],
            b"",
        ),
        (
            '{"statusCode":418,"headers":{"content-type":"text/html","X-N":1,"X-B":true},"body":"ä"}'.encode(),
            [],
            418,
            [("content-type", "text/html"), ("X-N", "1"), ("X-B", "true")],
            "ä".encode(),
        ),
        (
            b'{"statusCode":200,"headers":{"A":"1","Set-Cookie":"c=1","Content-Type":"t/x"},'
            b'"multiValueHeaders":{"set-cookie":["a=1","c=1"],"A":["2"]}}',
            [],
            200,
            [("A", "1"), ("Content-Type", "t/x"), ("set-cookie", "a=1"), ("set-cookie", "c=1"), ("A", "2")],
            b"",
        ),
        # base64 is decoded only for who asks for a binary type, and for its first one
        (
            b'{"statusCode":200,"headers":{"Content-Type":"image/png"},"body":"iVBO","isBase64Encoded":true}',
            ACCEPTS_IMAGES,
            200,
            [("Content-Type", "image/png")],
            b"\x89PN",
        ),
        (
            b'{"statusCode":200,"headers":{"Content-Type":"image/png"},"body":"iVBO","isBase64Encoded":true}',
            [("Accept", "text/html, image/png")],
            200,
            [("Content-Type", "image/png")],
            b"iVBO",
        ),
    ],
)
def test_a_result_becomes_this_answer(payload, headers, status, answered, body):
    answer = answer_for(call_of(API, "GET /dev/", headers), payload)
    assert (answer.status, list(answer.headers), answer.body) == (status, answered, body)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "no JSON"),
        (b'{"statusCode":200,"body":"\\ud800"}', "no JSON"),
        (b'"hello"', 'must be an object with statusCode, headers and body, not "hello"'),
        (b"null", "not null"),
        (b"[]", "not a list"),
        (b'{"body":"x"}', "statusCode is missing; the answer has body"),
        (b"{}", "statusCode is missing; the answer has nothing"),
        (b'{"statusCode":"OK"}', "statusCode is 'OK'"),
        (b'{"statusCode":true}', "statusCode is True"),
        (b'{"statusCode":99}', "statusCode is 99"),
        (b'{"statusCode":200,"body":{"a":1}}', "body is {'a': 1}, not a text"),
        (b'{"statusCode":200,"headers":[]}', "headers must be an object, not a list"),
        (b'{"statusCode":200,"headers":{"a":{}}}', "the header a is {}, not a text"),
        (b'{"statusCode":200,"headers":{"a":"x\\r\\ny"}}', "the header a holds a line break"),
        (b'{"statusCode":200,"multiValueHeaders":{"a":"x"}}', "multiValueHeaders.a must be a list"),
        (b'{"statusCode":200,"isBase64Encoded":"yes"}', "isBase64Encoded must be true or false"),
    ],
)
def test_an_unusable_result_says_why(payload, reason):
    with pytest.raises(UnusableAnswer) as caught:
        answer_for(call_of(API, "GET /dev/"), payload)
    assert reason in str(caught.value)


def test_a_body_that_is_no_base64_is_unusable_where_it_would_be_decoded():
    payload = b'{"statusCode":200,"body":"%","isBase64Encoded":true}'
    with pytest.raises(UnusableAnswer, match="no base64"):
        answer_for(call_of(API, "GET /dev/", ACCEPTS_IMAGES), payload)
