"""Authorizers, WebSocket APIs and load balancers that a template has as resources of API Gateway and ELB."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdacli.model.http_apis import ApiKind, AuthorizerKind, HttpApi
from lambdacli.project.loading import load_project
from lambdacli.project.records import Project

HEAD = """\
service: shop
provider:
  name: aws
  runtime: python3.12
  httpApi:
    authorizers:
      decide: {type: request, functionName: auth, resultTtlInSeconds: 9, identitySource: $request.header.X}
      token: {type: jwt, issuerUrl: "https://a.example", audience: [a], identitySource: $request.header.A}
functions:
  auth: {handler: app.auth}
  hello:
    handler: app.main
    events:
"""


def load(folder: Path, *events: str) -> Project:
    (folder / "serverless.yml").write_text(HEAD + "".join(f"      - {event}\n" for event in events))
    return load_project(folder / "serverless.yml")


def only_api(folder: Path, *events: str) -> HttpApi:
    (api,) = load(folder, *events).apis
    return api


@pytest.mark.parametrize(
    ("events", "names"),
    [
        (["httpApi: GET /a"], {"httpapi": ("shop", "dev-shop", "HttpApi")}),
        (["http: GET /a"], {"apigatewayrestapi": ("shop", "dev-shop", "ApiGatewayRestApi")}),
        (
            ["httpApi: GET /a", "http: GET /a"],
            {"httpapi": ("HttpApi",), "apigatewayrestapi": ("ApiGatewayRestApi",)},
        ),
    ],
)
def test_an_api_is_called_as_its_service_where_that_is_clear(
    tmp_path: Path, events: list[str], names: dict[str, tuple[str, ...]]
) -> None:
    assert {api.name: api.other_names for api in load(tmp_path, *events).apis} == names


def test_a_rest_authorizer_guards_the_methods_that_name_it(tmp_path: Path) -> None:
    api = only_api(
        tmp_path,
        "http: {path: open, method: get}",
        "http: {path: closed, method: get, authorizer: auth}",
    )
    assert [(str(route.key), route.authorizer) for route in api.routes] == [
        ("GET /open", None),
        ("GET /closed", "auth"),
    ]
    authorizer = api.authorizers["auth"]
    assert (authorizer.kind, authorizer.function) == (AuthorizerKind.TOKEN, "shop-dev-auth")
    assert (authorizer.identity, authorizer.cache_seconds) == (("$request.header.Authorization",), 300)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("method.request.header.X", ("$request.header.X",)),
        (
            "'method.request.header.X, method.request.querystring.q'",
            ("$request.header.X", "$request.querystring.q"),
        ),
        ("context.identity.sourceIp", ("context.identity.sourceIp",)),
    ],
)
def test_identity_sources_are_read_as_rest_apis_write_them(
    tmp_path: Path, written: str, expected: tuple[str, ...]
) -> None:
    authorizer = f"{{name: auth, type: request, identitySource: {written}}}"
    event = f"http: {{path: a, method: get, authorizer: {authorizer}}}"
    assert only_api(tmp_path, event).authorizers["auth"].identity == expected


def test_an_http_apis_request_authorizer_is_asked_and_a_jwt_one_wants_keys(tmp_path: Path) -> None:
    project = load(
        tmp_path,
        "httpApi: {path: /a, method: get, authorizer: {name: decide}}",
        "httpApi: {path: /b, method: get, authorizer: {name: token}}",
    )
    (api,) = project.apis
    assert [route.authorizer for route in api.routes] == ["decide", "token"]
    assert (api.authorizers["decide"].payload, api.authorizers["decide"].cache_seconds) == ("2.0", 9)
    told = {finding.subject: finding.text for finding in project.findings}
    assert (api.authorizers["token"].issuer, api.authorizers["token"].keys) == ("https://a.example", None)
    assert told["HttpApiAuthorizerToken.Properties"].startswith("nobody comes in: name the key set")


def test_signatures_and_api_keys_are_not_asked_for_and_that_is_told(tmp_path: Path) -> None:
    project = load(
        tmp_path,
        "http: {path: a, method: get, authorizer: aws_iam}",
        "http: {path: b, method: get, private: true}",
    )
    told = {finding.subject: finding.text for finding in project.findings}
    assert told["ApiGatewayMethodAGet.Properties.AuthorizationType"].startswith("signatures")
    assert told["ApiGatewayMethodBGet.Properties.ApiKeyRequired"].startswith("API keys")


def test_a_websocket_api_has_its_routes_and_its_authorizer(tmp_path: Path) -> None:
    api = only_api(
        tmp_path,
        "websocket: {route: $connect, authorizer: auth}",
        "websocket: {route: chat, routeResponseSelectionExpression: $default}",
    )
    assert (api.kind, api.stage, api.route_selection) == (ApiKind.WEBSOCKET, "dev", "$request.body.action")
    connect, chat = api.route("$connect"), api.route("chat")
    assert connect is not None and chat is not None
    assert (connect.authorizer, connect.answers, chat.answers) == ("auth", False, True)
    assert api.authorizers["auth"].identity == ("$request.header.Auth",)


def test_rules_of_a_listener_are_routes_of_a_load_balancer(tmp_path: Path) -> None:
    api = only_api(
        tmp_path,
        "alb: {listenerArn: 'arn:one', priority: 1, multiValueHeaders: true, conditions: {path: /x/*}}",
        "alb: {listenerArn: 'arn:one', priority: 2, conditions: {path: [/y, /y], method: [GET, POST]}}",
    )
    assert (api.name, api.kind, api.has_multi_value_headers) == ("alb", ApiKind.ALB, True)
    assert [str(route.key) for route in api.routes] == ["ANY /x/{proxy+}", "GET /y", "POST /y"]


def test_each_listener_is_a_load_balancer_of_its_own(tmp_path: Path) -> None:
    project = load(
        tmp_path,
        "alb: {listenerArn: 'arn:one', priority: 1, conditions: {path: '*'}}",
        "alb: {listenerArn: 'arn:two', priority: 1, conditions: {path: '/a*b'}}",
        "alb: {listenerArn: 'arn:two', priority: 2, conditions: {path: '/b', host: [a.example]}}",
    )
    assert [(api.name, [str(route.key) for route in api.routes]) for api in project.apis] == [
        ("alb", ["ANY /", "ANY /{proxy+}"]),
        ("alb2", ["ANY /b"]),
    ]
    told = [finding.text for finding in project.findings if not finding.is_used]
    assert "only paths and methods are looked at here" in told
    assert "/a*b is no path that can be a route here" in told
