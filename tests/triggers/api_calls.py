"""Requests to an API of many routes, and the whole events that they become."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from lambdacli.model.http_apis import HttpApi, Route, parse_route
from lambdacli.triggers.api_call import ApiCall, Authorization
from lambdacli.triggers.http_request import HttpRequest
from lambdacli.triggers.payload_v1 import resource_id
from lambdacli.triggers.routes import match, within_stage

AT = datetime(2020, 3, 4, 19, 15, 17, 500_000, UTC)
TRACE = "Root=1-5e5f8c95-cc56a7ed7db00d4da47e0001"
ACCOUNT = "123456789012"
REGION = "eu-west-1"
EXTENDED = "JKJaXmPLvHcESHA="

Headers = list[tuple[str, str]]


def routes(*texts: str) -> tuple[Route, ...]:
    return tuple(Route(parse_route(text), f"function-{number}") for number, text in enumerate(texts))


def request_of(
    line: str, headers: Headers | None = None, body: bytes = b"", host: str = "api.localhost"
) -> HttpRequest:
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    fields = [("Host", host), *(headers or [])]
    return HttpRequest(method, path, query, fields, body, "127.0.0.1", "request-1", AT)


def call_of(
    api: HttpApi,
    line: str,
    headers: Headers | None = None,
    body: bytes = b"",
    authorization: Authorization | None = None,
) -> ApiCall:
    request = request_of(line, headers, body)
    path = within_stage(api, request.path)
    assert path is not None, f"{line}: another stage"
    found = match(api, request.method, path)
    assert found is not None, f"{line}: no route"
    return ApiCall(
        api,
        found.route,
        found.parameters,
        request,
        path,
        account=ACCOUNT,
        region=REGION,
        port=4566,
        trace_id=TRACE,
        extended_request_id=EXTENDED,
        authorization=authorization,
    )


def v1_headers(headers: Headers, kind: str = "single") -> dict[str, Any]:
    pairs = [
        ("Host", "api.localhost"),
        *headers,
        ("X-Amzn-Trace-Id", TRACE),
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-Port", "4566"),
        ("X-Forwarded-Proto", "http"),
    ]
    if kind == "single":
        return dict(pairs)
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        several.setdefault(name, []).append(value)
    return several


def v1_event(
    api: HttpApi,
    line: str,
    resource: str,
    parameters: dict[str, str] | None = None,
    *,
    headers: Headers | None = None,
    query: dict[str, list[str]] | None = None,
    body: str | None = None,
    is_base64: bool = False,
    path: str | None = None,
    user_agent: str | None = None,
    authorizer: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Format 1.0 in full; what is not said is as it is for a bare GET."""
    is_rest = api.kind == "rest"
    method, _, target = line.partition(" ")
    written = target.partition("?")[0]
    full = written if is_rest else unquote(written)
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": api.name,
        "domainName": f"{api.name}.execute-api.eu-west-1.localhost",
        "domainPrefix": api.name,
        "extendedRequestId": EXTENDED,
        "httpMethod": method,
        "identity": {
            "accessKey": None,
            "accountId": None,
            "caller": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": "127.0.0.1",
            "user": None,
            "userAgent": user_agent,
            "userArn": None,
        },
        "path": full if path is None else f"/{api.stage}{path}",
        "protocol": "HTTP/1.1",
        "requestId": "request-1" if is_rest else EXTENDED,
        "requestTime": "04/Mar/2020:19:15:17 +0000",
        "requestTimeEpoch": 1583349317500,
        "resourceId": resource_id(resource) if is_rest else None,
        "resourcePath": resource,
        "stage": api.stage,
    }
    if authorizer is not None:
        context["authorizer"] = authorizer
    elif not is_rest:
        context["authorizer"] = {"claims": None, "scopes": None}
    return {
        **({} if is_rest else {"version": "1.0"}),
        "resource": resource,
        "path": _shown(api, full) if path is None else path,
        "httpMethod": method,
        "headers": v1_headers(headers or []),
        "multiValueHeaders": v1_headers(headers or [], "several"),
        "queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None,
        "multiValueQueryStringParameters": query,
        "pathParameters": parameters,
        "stageVariables": dict(api.stage_variables) or None,
        "requestContext": context,
        "body": body,
        "isBase64Encoded": is_base64,
    }


def _shown(api: HttpApi, path: str) -> str:
    return path.removeprefix(f"/{api.stage}") if api.kind == "rest" else path


def v2_event(
    api: HttpApi,
    line: str,
    route_key: str,
    parameters: dict[str, str] | None = None,
    *,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    cookies: list[str] | None = None,
    body: str | None = None,
    is_base64: bool = False,
    authorizer: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Format 2.0 in full."""
    method, _, target = line.partition(" ")
    written, _, raw_query = target.partition("?")
    path = unquote(written)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": raw_query,
        "headers": {
            "host": "api.localhost",
            **(headers or {}),
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "4566",
            "x-forwarded-proto": "http",
            "x-amzn-trace-id": TRACE,
        },
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": api.name,
            "domainName": f"{api.name}.execute-api.eu-west-1.localhost",
            "domainPrefix": api.name,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": (headers or {}).get("user-agent", ""),
            },
            "requestId": EXTENDED,
            "routeKey": route_key,
            "stage": api.stage,
            "time": "04/Mar/2020:19:15:17 +0000",
            "timeEpoch": 1583349317500,
        },
        "isBase64Encoded": is_base64,
    }
    further = {
        "queryStringParameters": query,
        "pathParameters": parameters,
        "stageVariables": dict(api.stage_variables) or None,
        "cookies": cookies,
        "body": body,
    }
    event |= {name: value for name, value in further.items() if value is not None}
    if authorizer is not None:
        event["requestContext"]["authorizer"] = authorizer
    return event
