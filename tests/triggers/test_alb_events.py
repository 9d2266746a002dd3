"""Thirty routes of a load balancer: requests, and the whole events of both header modes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from api_calls import ACCOUNT, REGION, TRACE, call_of, routes

from lambdacli.model.http_apis import ApiKind, HttpApi
from lambdacli.triggers.alb import BODY_BYTES, target_group_arn
from lambdacli.triggers.api_events import answer_for, event_for
from lambdacli.triggers.payload_v2 import UnusableAnswer

ROUTES = (
    "GET /",
    "POST /",
    "GET /items",
    "POST /items",
    "ANY /items/{id}",
    "GET /items/{id}",
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
    "GET /pets/dog/1",
    "GET /pets/dog/{id}",
    "GET /pets/{proxy+}",
    "GET /a/{x}/c/{y}",
    "GET /a/b/{x}/{y}",
    "POST /upload",
    "POST /form",
    "POST /zipped",
    "GET /v1.0/things",
    "GET /{tenant}/orders",
    "POST /{tenant}/orders/{order}",
    "GET /~tilde/@at",
    "ANY /{proxy+}",
)
ALB = HttpApi("front", ApiKind.ALB, "alb", timeout_seconds=None, routes=routes(*ROUTES))
MULTI = replace(ALB, has_multi_value_headers=True)

Pairs = list[tuple[str, str]]


def event_of(
    line: str,
    route: str,
    headers: Pairs,
    query: Pairs,
    body: str = "",
    *,
    is_multi: bool,
    is_base64: bool = False,
) -> dict[str, Any]:
    method, _, target = line.partition(" ")
    told = [
        ("host", "api.localhost"),
        *((name.lower(), value) for name, value in headers),
        ("x-amzn-trace-id", TRACE),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-port", "4566"),
        ("x-forwarded-proto", "http"),
    ]
    event: dict[str, Any] = {
        "requestContext": {"elb": {"targetGroupArn": target_group_arn(call_of(ALB, line))}},
        "httpMethod": method,
        "path": target.partition("?")[0],
        "body": body,
        "isBase64Encoded": is_base64,
    }
    if is_multi:
        return event | {"multiValueHeaders": several(told), "multiValueQueryStringParameters": several(query)}
    return event | {"headers": dict(told), "queryStringParameters": dict(query)}


def several(pairs: Pairs) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


IMAGE = [("Content-Type", "image/png")]
GZIP = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
FORM = [("Content-Type", "application/x-www-form-urlencoded")]
TWICE = [("X-A", "1"), ("x-a", "2")]

# request, route, headers, body sent, query, body told, whether base64
REQUESTS: list[tuple[str, str, Pairs, bytes, Pairs, str, bool]] = [
    ("GET /", "GET /", [], b"", [], "", False),
    ("POST /", "POST /", [("Content-Type", "application/json")], b"{}", [], "{}", False),
    ("GET /items", "GET /items", TWICE, b"", [], "", False),
    ("GET /items?a=1&a=2&b", "GET /items", [], b"", [("a", "1"), ("a", "2"), ("b", "")], "", False),
    ("GET /items?q=%C3%A4+b%20c", "GET /items", [], b"", [("q", "%C3%A4+b%20c")], "", False),
    ("POST /items", "POST /items", [("Content-Type", "text/csv")], b"a,b", [], "a,b", False),
    ("GET /items/7", "GET /items/{id}", [], b"", [], "", False),
    ("DELETE /items/7", "ANY /items/{id}", [], b"", [], "", False),
    ("GET /items/a%2Fb", "GET /items/{id}", [], b"", [], "", False),
    ("GET /items/7/parts", "GET /items/{id}/parts", [], b"", [], "", False),
    ("GET /items/7/parts/x", "GET /items/{id}/parts/{part}", [], b"", [], "", False),
    ("PUT /items/7/parts/x", "PUT /items/{id}/parts/{part}", [], b"", [], "", False),
    ("GET /items/new", "GET /items/new", [], b"", [], "", False),
    ("PATCH /items/new", "PATCH /items/new", [], b"", [], "", False),
    ("HEAD /health", "HEAD /health", [], b"", [], "", False),
    ("GET /health", "GET /health", [("User-Agent", "curl/8")], b"", [], "", False),
    ("OPTIONS /health", "OPTIONS /health", [], b"", [], "", False),
    ("GET /users/eva/a/b", "GET /users/{name}/{proxy+}", [], b"", [], "", False),
    ("DELETE /files/x", "ANY /files/{proxy+}", [], b"", [], "", False),
    ("GET /files/index.html", "GET /files/index.html", [], b"", [], "", False),
    ("GET /pets/dog/1", "GET /pets/dog/1", [], b"", [], "", False),
    ("GET /pets/dog/2", "GET /pets/dog/{id}", [], b"", [], "", False),
    ("GET /pets/cat/1", "GET /pets/{proxy+}", [], b"", [], "", False),
    ("GET /a/1/c/2", "GET /a/{x}/c/{y}", [], b"", [], "", False),
    ("GET /a/b/c/2", "GET /a/b/{x}/{y}", [], b"", [], "", False),
    ("POST /upload", "POST /upload", IMAGE, b"\x89PNG\xff", [], "iVBOR/8=", True),
    ("POST /form", "POST /form", FORM, b"a=1", [], "YT0x", True),
    ("POST /zipped", "POST /zipped", GZIP, b"{}", [], "e30=", True),
    ("GET /v1.0/things", "GET /v1.0/things", [], b"", [], "", False),
    ("GET /acme/orders", "GET /{tenant}/orders", [], b"", [], "", False),
    ("POST /acme/orders/5", "POST /{tenant}/orders/{order}", [], b"", [], "", False),
    ("GET /~tilde/%40at", "GET /~tilde/@at", [], b"", [], "", False),
    ("GET //items?=x", "ANY /{proxy+}", [], b"", [("", "x")], "", False),
    ("GET /some/where/", "ANY /{proxy+}", [], b"", [], "", False),
]


@pytest.mark.parametrize("is_multi", [False, True], ids=["single values", "multiple values"])
@pytest.mark.parametrize("row", REQUESTS, ids=[each[0] for each in REQUESTS])
def test_a_request_becomes_this_event(row, is_multi):
    line, route, headers, sent, query, body, is_base64 = row
    call = call_of(MULTI if is_multi else ALB, line, headers, sent)
    assert str(call.route.key) == route
    expected = event_of(line, route, headers, query, body, is_multi=is_multi, is_base64=is_base64)
    assert event_for(call) == expected


def test_every_route_is_reached_by_one_of_these_requests():
    assert len(ALB.routes) == 30
    assert {str(route.key) for route in ALB.routes} == {each[1] for each in REQUESTS}


def test_each_function_is_a_target_group_of_its_own():
    one, other = (target_group_arn(call_of(ALB, line)) for line in ("GET /", "GET /items"))
    assert one != other
    assert one.startswith(f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/function-0/")


@pytest.mark.parametrize(
    ("is_multi", "payload", "status", "answered", "body"),
    [
        (False, b'{"statusCode":200,"statusDescription":"200 OK"}', 200, [], b""),
        (False, b'{"statusCode":200,"body":"x"}', 200, [("Content-Type", "application/octet-stream")], b"x"),
        (
            False,
            b'{"statusCode":200,"headers":{"Content-Type":"a/b"},"multiValueHeaders":{"X":["1"]},"body":"x"}',
            200,
            [("Content-Type", "a/b")],
            b"x",
        ),
        (
            True,
            b'{"statusCode":200,"headers":{"X":"1"},"multiValueHeaders":{"Content-Type":["a/b"],'
            b'"Set-Cookie":["a","b"]},"body":"AAE=","isBase64Encoded":true}',
            200,
            [("Content-Type", "a/b"), ("Set-Cookie", "a"), ("Set-Cookie", "b")],
            b"\0\1",
        ),
    ],
)
def test_a_result_becomes_this_answer(is_multi, payload, status, answered, body):
    answer = answer_for(call_of(MULTI if is_multi else ALB, "GET /"), payload)
    assert (answer.status, list(answer.headers), answer.body) == (status, answered, body)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'"x"', "must be an object"),
        (b"{}", "statusCode is missing"),
        (b'{"statusCode":200,"body":5}', "body is 5"),
        (b'{"statusCode":200,"body":"%d"}' % 0 + b" " * BODY_BYTES, "a load balancer takes 1048576"),
    ],
)
def test_an_unusable_result_says_why(payload, reason):
    with pytest.raises(UnusableAnswer) as caught:
        answer_for(call_of(ALB, "GET /"), payload)
    assert reason in str(caught.value)
