"""Thirty routes of an HTTP API: requests, and the whole events of both formats that they become."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from api_calls import call_of, routes, v1_event, v2_event

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
    "GET /items/{id}",
    "ANY /items/{id}",
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
    "GET /v1.0/things",
    "GET /{tenant}/orders",
    "POST /{tenant}/orders/{order}",
    "GET /slash/",
    "GET /~tilde/@at",
    "$default",
)
API = HttpApi("pets", routes=routes(*[route for route in ROUTES if route != "GET /slash/"], "GET /slash"))
OLD = replace(API, payload="1.0")
STAGED = replace(API, stage="dev", stage_variables={"TABLE": "pets"})
STAGED_OLD = replace(STAGED, payload="1.0")

Row = tuple[str, str, dict[str, str] | None, list[tuple[str, str]], bytes, dict[str, Any], dict[str, Any]]


def row(
    line: str,
    route_key: str,
    parameters: dict[str, str] | None = None,
    *,
    headers: list[tuple[str, str]] | None = None,
    sent: bytes = b"",
    new: dict[str, Any] | None = None,
    old: dict[str, Any] | None = None,
    **both: Any,
) -> Row:
    return line, route_key, parameters, headers or [], sent, {**both, **(new or {})}, {**both, **(old or {})}


JSON = [("Content-Type", "application/json; charset=utf-8")]
FORM = [("Content-Type", "application/x-www-form-urlencoded")]
QUERY = {"new": {"query": {"a": "1,2", "b": ""}}, "old": {"query": {"a": ["1", "2"], "b": [""]}}}

REQUESTS = [
    row("GET /", "GET /"),
    row(
        "POST /",
        "POST /",
        headers=JSON,
        sent=b'{"a":1}',
        body='{"a":1}',
        new={"headers": {"content-type": JSON[0][1]}},
        old={"headers": JSON},
    ),
    row("GET /items", "GET /items"),
    row("GET /items?a=1&a=2&b", "GET /items", **QUERY),
    row(
        "GET /items?q=%C3%A4+b%20c&x=%2F",
        "GET /items",
        new={"query": {"q": "ä b c", "x": "/"}},
        old={"query": {"q": ["ä b c"], "x": ["/"]}},
    ),
    row(
        "POST /items",
        "POST /items",
        headers=[("Content-Type", "text/plain")],
        sent="ä".encode(),
        body="ä",
        new={"headers": {"content-type": "text/plain"}},
        old={"headers": [("Content-Type", "text/plain")]},
    ),
    row("GET /items/7", "GET /items/{id}", {"id": "7"}),
    row("DELETE /items/7", "ANY /items/{id}", {"id": "7"}),
    row("GET /items/a%2Fb", "GET /items/{id}", {"id": "a/b"}),
    row("GET /items/a%20b", "GET /items/{id}", {"id": "a b"}),
    row("GET /items/7/parts", "GET /items/{id}/parts", {"id": "7"}),
    row("GET /items/7/parts/x", "GET /items/{id}/parts/{part}", {"id": "7", "part": "x"}),
    row("PUT /items/7/parts/x", "PUT /items/{id}/parts/{part}", {"id": "7", "part": "x"}),
    row("GET /items/new", "GET /items/new"),
    row("PATCH /items/new", "PATCH /items/new"),
    row("PUT /items/new", "ANY /items/{id}", {"id": "new"}),
    row("HEAD /health", "HEAD /health"),
    row("GET /health", "GET /health"),
    row("OPTIONS /health", "OPTIONS /health"),
    row("GET /users/eva/a/b/c", "GET /users/{name}/{proxy+}", {"name": "eva", "proxy": "a/b/c"}),
    row("DELETE /files/x", "ANY /files/{proxy+}", {"proxy": "x"}),
    row("GET /files/a//b/", "ANY /files/{proxy+}", {"proxy": "a//b/"}),
    row("GET /files/index.html", "GET /files/index.html"),
    row("POST /files/index.html", "ANY /files/{proxy+}", {"proxy": "index.html"}),
    row("GET /pets/dog/1", "GET /pets/dog/1"),
    row("GET /pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
    row("GET /pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
    row("GET /a/1/c/2", "GET /a/{x}/c/{y}", {"x": "1", "y": "2"}),
    row("GET /a/b/c/2", "GET /a/b/{x}/{y}", {"x": "c", "y": "2"}),
    row(
        "POST /upload",
        "POST /upload",
        headers=[("Content-Type", "image/png")],
        sent=b"\x89PNG\xff",
        body="iVBOR/8=",
        is_base64=True,
        new={"headers": {"content-type": "image/png"}},
        old={"headers": [("Content-Type", "image/png")]},
    ),
    row(
        "POST /form",
        "POST /form",
        headers=FORM,
        sent=b"a=1",
        body="YT0x",
        is_base64=True,
        new={"headers": {"content-type": FORM[0][1]}},
        old={"headers": FORM},
    ),
    row("GET /v1.0/things", "GET /v1.0/things"),
    row("GET /acme/orders", "GET /{tenant}/orders", {"tenant": "acme"}),
    row("POST /acme/orders/5", "POST /{tenant}/orders/{order}", {"tenant": "acme", "order": "5"}),
    row("GET /slash", "GET /slash"),
    row("GET /~tilde/%40at", "GET /~tilde/@at"),
    row("GET /slash/", "$default"),
    row("POST /health", "$default"),
    row("GET //items", "$default"),
    row("LINK /", "$default"),
    row(
        "GET /nothing/here",
        "$default",
        headers=[("X-A", "1"), ("X-A", "2"), ("User-Agent", "curl/8")],
        new={"headers": {"x-a": "1,2", "user-agent": "curl/8"}},
        old={"headers": [("X-A", "1"), ("X-A", "2"), ("User-Agent", "curl/8")], "user_agent": "curl/8"},
    ),
    row(
        "GET /pets/cookies",
        "GET /pets/{proxy+}",
        {"proxy": "cookies"},
        headers=[("Cookie", "a=1; b=2"), ("Cookie", "c=3")],
        new={"cookies": ["a=1", "b=2", "c=3"]},
        old={"headers": [("Cookie", "a=1; b=2"), ("Cookie", "c=3")]},
    ),
]
NAMES = ("line", "route_key", "parameters", "headers", "sent", "new", "old")
IDS = [f"{each[0]} to {each[1]}" for each in REQUESTS]


@pytest.mark.parametrize(NAMES, REQUESTS, ids=IDS)
def test_a_request_becomes_this_event_of_format_2(line, route_key, parameters, headers, sent, new, old):
    event = event_for(call_of(API, line, headers, sent))
    assert event == v2_event(API, line, route_key, parameters, **new)


@pytest.mark.parametrize(NAMES, REQUESTS, ids=IDS)
def test_a_request_becomes_this_event_of_format_1(line, route_key, parameters, headers, sent, new, old):
    event = event_for(call_of(OLD, line, headers, sent))
    assert event == v1_event(OLD, line, route_key.split(" ")[-1], parameters, **old)


@pytest.mark.parametrize(NAMES, REQUESTS, ids=IDS)
def test_a_stage_with_a_name_stands_before_the_path(line, route_key, parameters, headers, sent, new, old):
    staged = line.replace(" /", " /dev/", 1)
    call = call_of(STAGED, staged, headers, sent)
    assert event_for(call) == v2_event(STAGED, staged, route_key, parameters, **new)
    call = call_of(STAGED_OLD, staged, headers, sent)
    assert event_for(call) == v1_event(STAGED_OLD, staged, route_key.split(" ")[-1], parameters, **old)


def test_every_route_is_reached_by_one_of_these_requests():
    assert len(API.routes) == 30
    reached = {str(call_of(API, each[0]).route.key) for each in REQUESTS}
    assert {str(route.key) for route in API.routes} == reached


def test_without_a_default_route_a_request_may_have_none():
    api = HttpApi("x", routes=routes("GET /items", "ANY /files/{proxy+}"))
    for method, path in [("POST", "/items"), ("GET", "/"), ("GET", "/files"), ("GET", "/files/")]:
        assert match(api, method, path) is None, path
    assert within_stage(STAGED, "/items") is None


@pytest.mark.parametrize(
    ("given", "new", "old"),
    [
        (
            Authorization(AuthorizerKind.JWT, None, {"sub": "eva"}, ("a", "b")),
            {"jwt": {"claims": {"sub": "eva"}, "scopes": ["a", "b"]}},
            {"claims": {"sub": "eva"}, "scopes": ["a", "b"]},
        ),
        (
            Authorization(AuthorizerKind.JWT, None, {"sub": "eva"}),
            {"jwt": {"claims": {"sub": "eva"}, "scopes": None}},
            {"claims": {"sub": "eva"}, "scopes": None},
        ),
        (
            Authorization(AuthorizerKind.REQUEST, "eva", {"n": 1, "list": ["x"]}),
            {"lambda": {"n": 1, "list": ["x"]}},
            {"principalId": "eva", "n": "1", "list": '["x"]'},
        ),
        (Authorization(AuthorizerKind.REQUEST), {"lambda": None}, {}),
    ],
)
def test_what_an_authorizer_tells_is_in_the_context(given, new, old):
    event = event_for(call_of(API, "GET /", authorization=given))
    assert event == v2_event(API, "GET /", "GET /", authorizer=new)
    event = event_for(call_of(OLD, "GET /", authorization=given))
    assert event == v1_event(OLD, "GET /", "/", authorizer=old)


# Answers

TEXT = ("Content-Type", "text/plain;charset=UTF-8")


@pytest.mark.parametrize(
    ("payload", "status", "answered", "body"),
    [
        (b'{"statusCode":200,"body":"x"}', 200, [TEXT], b"x"),
        (b'{"hello":1}', 200, [("Content-Type", "application/json")], b'{"hello":1}'),
        (b"null", 200, [("Content-Type", "application/json")], b"null"),
        (
            b'{"statusCode":201,"headers":{"content-type":"a/b"},"cookies":["a=1","b=2"],"body":"AAE=",'
            b'"isBase64Encoded":true}',
            201,
            [("content-type", "a/b"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")],
            b"\0\1",
        ),
    ],
)
def test_a_result_of_format_2_becomes_this_answer(payload, status, answered, body):
    answer = answer_for(call_of(API, "GET /"), payload)
    assert (answer.status, list(answer.headers), answer.body) == (status, answered, body)


def test_a_result_of_format_1_is_decoded_whatever_the_client_accepts():
    answer = answer_for(call_of(OLD, "GET /"), b'{"statusCode":200,"body":"AAE=","isBase64Encoded":true}')
    assert (answer.status, list(answer.headers), answer.body) == (200, [TEXT], b"\0\1")


def test_format_1_needs_a_status_code_even_of_an_http_api():
    with pytest.raises(UnusableAnswer, match="statusCode is missing"):
        answer_for(call_of(OLD, "GET /"), b'{"hello":1}')
    assert OLD.kind is ApiKind.HTTP
