"""Requests and the whole events of format 2.0 that they become; results and the whole answers."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from lambdacli.triggers.http_request import HttpAnswer, HttpRequest
from lambdacli.triggers.payload_v2 import (
    Integration,
    UnusableAnswer,
    answer_of,
    encode,
    event_of,
    is_text,
)

AT = datetime(2020, 3, 12, 19, 3, 58, 390_000, UTC)
HOST = ("Host", "abc.lambda-url.eu-west-1.localhost:4566")
TRACE = "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e"

ALWAYS = {
    "host": HOST[1],
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-port": "4566",
    "x-forwarded-proto": "http",
    "x-amzn-trace-id": TRACE,
}


def request(
    method: str = "GET", path: str = "/", query: str = "", body: bytes = b"", **headers: str
) -> HttpRequest:
    fields = [HOST, *((name.replace("_", "-"), value) for name, value in headers.items())]
    return HttpRequest(method, path, query, fields, body, "127.0.0.1", "id-1", AT)


def function_url(path: str = "/", **more: Any) -> Integration:
    return Integration(
        **{
            "api_id": "abc",
            "domain_name": "abc.lambda-url.eu-west-1.localhost",
            "account_id": "anonymous",
            "raw_path": path,
            "trace_id": TRACE,
            "port": 4566,
            **more,
        }
    )


def event(method: str = "GET", path: str = "/", query: str = "", **more: Any) -> dict[str, Any]:
    headers = more.pop("headers", {})
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": ALWAYS | headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abc",
            "domainName": "abc.lambda-url.eu-west-1.localhost",
            "domainPrefix": "abc",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": "id-1",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1584039838390,
        },
        "isBase64Encoded": False,
        **more,
    }


REQUESTS = [
    pytest.param(request(), event(), id="nothing but a path"),
    pytest.param(
        request(path="/a/b", query="x=1", User_Agent="curl/8"),
        event(path="/a/b", query="x=1", headers={"user-agent": "curl/8"}, queryStringParameters={"x": "1"}),
        id="a query",
    ),
    pytest.param(
        request(path="/a%20b/%2F//c"), event(path="/a%20b/%2F//c"), id="escapes and double slashes stay"
    ),
    pytest.param(
        request(query="a=1&a=2&b&c=%20+%C3%A9&=x"),
        event(
            query="a=1&a=2&b&c=%20+%C3%A9&=x",
            queryStringParameters={"a": "1,2", "b": "", "c": "  é", "": "x"},
        ),
        id="repeated, empty, escaped and nameless parameters",
    ),
    pytest.param(
        request(query="x=%ff"), event(query="x=%ff", queryStringParameters={"x": "�"}), id="no UTF-8"
    ),
    pytest.param(request(query="&&"), event(query="&&"), id="a query without parameters"),
    pytest.param(
        HttpRequest(
            "GET", "/", "", [HOST, ("X-A", "1"), ("x-a", "2"), ("X-B", "b")], b"", "127.0.0.1", "id-1", AT
        ),
        event(headers={"x-a": "1,2", "x-b": "b"}),
        id="a header that comes twice",
    ),
    pytest.param(
        HttpRequest(
            "GET", "/", "", [HOST, ("Cookie", "a=1; b=2;"), ("cookie", "c=3")], b"", "127.0.0.1", "id-1", AT
        ),
        event(headers={"cookie": "a=1; b=2; c=3"}, cookies=["a=1", "b=2", "c=3"]),
        id="cookies, as a function URL tells them",
    ),
    pytest.param(
        request("POST", body=b'{"a":1}', Content_Type="application/json; charset=utf-8"),
        event(
            "POST",
            headers={"content-type": "application/json; charset=utf-8"},
            body='{"a":1}',
        ),
        id="a body of text",
    ),
    pytest.param(
        request("PUT", body=b"a=1&b=2", Content_Type="application/x-www-form-urlencoded"),
        event(
            "PUT",
            headers={"content-type": "application/x-www-form-urlencoded"},
            body="YT0xJmI9Mg==",
            isBase64Encoded=True,
        ),
        id="a form",
    ),
    pytest.param(
        request("PUT", body=b"\x00\xff"),
        event("PUT", body="AP8=", isBase64Encoded=True),
        id="bytes of no type",
    ),
    pytest.param(
        request("PUT", body=b"\xff", Content_Type="text/plain"),
        event("PUT", headers={"content-type": "text/plain"}, body="/w==", isBase64Encoded=True),
        id="what is called text, but is no UTF-8",
    ),
    pytest.param(
        request("PUT", body=b"ab", Content_Type="text/plain", Content_Encoding="gzip"),
        event(
            "PUT",
            headers={"content-type": "text/plain", "content-encoding": "gzip"},
            body="YWI=",
            isBase64Encoded=True,
        ),
        id="text that is packed",
    ),
    pytest.param(
        request(X_Forwarded_For="10.0.0.1", X_Forwarded_Proto="https", X_Forwarded_Port="1"),
        event(headers={"x-forwarded-for": "10.0.0.1, 127.0.0.1"}),
        id="a proxy before us",
    ),
    pytest.param(request("OPTIONS"), event("OPTIONS"), id="OPTIONS"),
    pytest.param(request("HEAD"), event("HEAD"), id="HEAD"),
]


@pytest.mark.parametrize(("given", "expected"), REQUESTS)
def test_a_request_to_a_function_url_becomes_this_event(given: HttpRequest, expected: dict[str, Any]) -> None:
    made = event_of(given, function_url(given.path))
    assert made == expected
    assert json.loads(encode(made)) == expected


def test_a_function_url_with_iam_tells_who_calls() -> None:
    authorizer = {"iam": {"accessKey": "AKIA", "accountId": "123456789012"}}
    made = event_of(request(), function_url(account_id="123456789012", authorizer=authorizer))
    assert made["requestContext"]["authorizer"] == authorizer
    assert made["requestContext"]["accountId"] == "123456789012"


def test_the_host_can_be_the_urls_own() -> None:
    made = event_of(request(), function_url(host="abc.lambda-url.eu-west-1.localhost"))
    assert made["headers"]["host"] == "abc.lambda-url.eu-west-1.localhost"


def test_an_http_api_tells_its_route_its_parameters_and_its_stage() -> None:
    given = request("GET", "/prod/items/7", Cookie="a=1")
    made = event_of(
        given,
        function_url(
            "/prod/items/7",
            api_id="api1",
            domain_name="api1.execute-api.eu-west-1.localhost",
            account_id="123456789012",
            route_key="GET /items/{id}",
            stage="prod",
            path_parameters={"id": "7"},
            stage_variables={"A": "b"},
            shows_cookie_header=False,
        ),
    )
    assert "cookie" not in made["headers"]
    assert made["cookies"] == ["a=1"]
    assert {name: made[name] for name in ("routeKey", "pathParameters", "stageVariables")} == {
        "routeKey": "GET /items/{id}",
        "pathParameters": {"id": "7"},
        "stageVariables": {"A": "b"},
    }
    context = made["requestContext"]
    assert (context["routeKey"], context["stage"]) == ("GET /items/{id}", "prod")
    assert (context["apiId"], context["domainPrefix"]) == ("api1", "api1")


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/html; charset=utf-8", True),
        ("TEXT/PLAIN", True),
        ("application/json", True),
        ("application/javascript", True),
        ("application/xml", True),
        ("application/vnd.api+json", True),
        ("image/svg+xml", True),
        ("application/octet-stream", False),
        ("multipart/form-data; boundary=x", False),
        ("application/jsonlines", False),
        ("", False),
    ],
)
def test_which_bodies_are_carried_as_text(content_type: str, expected: bool) -> None:
    assert is_text(content_type) is expected


JSON_TYPE = ("Content-Type", "application/json")

ANSWERS = [
    pytest.param('"hello"', HttpAnswer(200, [JSON_TYPE], b"hello"), id="a text goes without quotes"),
    pytest.param('"é\\n"', HttpAnswer(200, [JSON_TYPE], "é\n".encode()), id="a text with escapes"),
    pytest.param('{"a": 1}', HttpAnswer(200, [JSON_TYPE], b'{"a": 1}'), id="an object as it is"),
    pytest.param("[1,2]", HttpAnswer(200, [JSON_TYPE], b"[1,2]"), id="a list"),
    pytest.param("true", HttpAnswer(200, [JSON_TYPE], b"true"), id="a boolean"),
    pytest.param("null", HttpAnswer(200, [JSON_TYPE], b"null"), id="nothing"),
    pytest.param('{"statusCode": 204}', HttpAnswer(204, [JSON_TYPE]), id="a status alone"),
    pytest.param('{"statusCode": "404"}', HttpAnswer(404, [JSON_TYPE]), id="a status that is a text"),
    pytest.param(
        '{"statusCode": 201, "headers": {"content-type": "text/html", "X-N": 1, "X-B": true, "X-0": null},'
        ' "body": "<p>"}',
        HttpAnswer(201, [("content-type", "text/html"), ("X-N", "1"), ("X-B", "true")], b"<p>"),
        id="headers and a body",
    ),
    pytest.param(
        '{"statusCode": 200, "cookies": ["a=1; Path=/", "b=2"], "body": ""}',
        HttpAnswer(200, [JSON_TYPE, ("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2")]),
        id="each cookie is a header",
    ),
    pytest.param(
        json.dumps(
            {"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(b"\0\xff").decode()}
        ),
        HttpAnswer(200, [JSON_TYPE], b"\0\xff"),
        id="a binary body",
    ),
]


@pytest.mark.parametrize(("payload", "expected"), ANSWERS)
def test_a_result_becomes_this_answer(payload: str, expected: HttpAnswer) -> None:
    assert answer_of(payload.encode()) == expected


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("no json", "no JSON"),
        ("", "no JSON"),
        ('{"statusCode": null}', "statusCode is None"),
        ('{"statusCode": "ok"}', "statusCode is 'ok'"),
        ('{"statusCode": true}', "statusCode is True"),
        ('{"statusCode": 99}', "statusCode is 99"),
        ('{"statusCode": 101}', "statusCode is 101"),
        ('{"statusCode": 200.5}', "statusCode is 200.5"),
        ('{"statusCode": 200, "headers": []}', "headers is []"),
        ('{"statusCode": 200, "headers": {"a": ["b"]}}', "the header a is"),
        ('{"statusCode": 200, "headers": {"a b": "c"}}', "'a b' is no name of a header"),
        ('{"statusCode": 200, "headers": {"a": "b\\r\\nX: y"}}', "the header a holds a line break"),
        ('{"statusCode": 200, "cookies": "a=1"}', "cookies is 'a=1'"),
        ('{"statusCode": 200, "cookies": ["a\\n"]}', "a cookie holds a line break"),
        ('{"statusCode": 200, "body": {"a": 1}}', "body is {'a': 1}"),
        ('{"statusCode": 200, "body": "*", "isBase64Encoded": true}', "body is no base64"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_an_unusable_result_says_why(payload: str, reason: str) -> None:
    with pytest.raises(UnusableAnswer, match=re.escape(reason)):
        answer_of(payload.encode())
