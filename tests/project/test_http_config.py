"""`apis` and `http` of lam.yaml: what they become, and every problem's whole text."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from lambdacli.model.function_url import Cors
from lambdacli.model.http_apis import ApiKind, Authorizer, AuthorizerKind, HttpApi, Route, RouteKey
from lambdacli.project.config import ConfigError, load_project

DEMO = """
defaults: {runtime: python3.13, handler: app.handler}
functions:
  auth:
"""


@pytest.fixture
def project(tmp_path: Path):
    (tmp_path / "app.py").write_text("def handler(event, context): ...\n")
    (tmp_path / "jwks.json").write_text('{"keys": []}')

    def write(text: str) -> Path:
        file = tmp_path / "lam.yaml"
        file.write_text(textwrap.dedent(DEMO).lstrip("\n") + text)
        return file

    return write


def problems_of(file: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_project(file)
    return str(caught.value).splitlines()


def test_a_route_alone_makes_the_default_api(project):
    (api,) = load_project(project("  items: {http: 'GET /items/{id}'}\n")).apis
    assert api == HttpApi("default", routes=(Route(RouteKey("GET", "/items/{id}"), "items"),))
    assert (api.kind, api.payload, api.stage, api.timeout_seconds) == (ApiKind.HTTP, "2.0", "$default", 30)


def test_without_routes_and_apis_there_is_none(project):
    assert load_project(project("")).apis == ()


def test_everything_at_once(project, tmp_path):
    file = project("""\
  items:
    http:
      - GET /items
      - {route: "ANY /{proxy+}", api: shop, authorizer: mine}
      - {route: $default, api: pets, authorizer: token, scopes: [read, write]}
  front:
    http: {route: "POST /", api: balancer}
apis:
  shop:
    type: rest
    stage: prod
    stage_variables: {TABLE: orders, COUNT: 5}
    timeout: 1m
    binary: [image/*, application/pdf]
    authorizers:
      mine: {type: token, function: auth}
      asked: {type: request, function: auth, identity: [method.request.querystring.key], cache: 0}
  pets:
    payload: 1.0
    cors: {origins: ["*"], methods: [GET, POST], headers: x-a, expose: [x-b], max_age: 300, credentials: true}
    authorizers:
      token: {type: jwt, issuer: https://issuer.example, audience: app, keys: jwks.json}
      asked: {type: request, function: auth, payload: 2.0, cache: 5m}
  balancer: {type: alb, multi_value_headers: true}
""")
    shop, pets, balancer, default = load_project(file).apis
    header = ("$request.header.Authorization",)
    assert shop == HttpApi(
        "shop",
        ApiKind.REST,
        "1.0",
        "prod",
        {"TABLE": "orders", "COUNT": "5"},
        None,
        60,
        ("image/*", "application/pdf"),
        authorizers={
            "mine": Authorizer("mine", AuthorizerKind.TOKEN, "auth", header, 300),
            "asked": Authorizer("asked", AuthorizerKind.REQUEST, "auth", ("method.request.querystring.key",)),
        },
        routes=(Route(RouteKey("ANY", "/{proxy+}"), "items", "mine"),),
    )
    assert pets == HttpApi(
        "pets",
        payload="1.0",
        cors=Cors(True, ("x-a",), ("GET", "POST"), ("*",), ("x-b",), 300),
        authorizers={
            "token": Authorizer(
                "token",
                AuthorizerKind.JWT,
                "",
                header,
                payload="2.0",
                issuer="https://issuer.example",
                audiences=("app",),
                keys=tmp_path / "jwks.json",
            ),
            "asked": Authorizer("asked", AuthorizerKind.REQUEST, "auth", header, 300, "2.0"),
        },
        routes=(Route(RouteKey("ANY", "$default"), "items", "token", ("read", "write")),),
    )
    assert (balancer.kind, balancer.has_multi_value_headers, balancer.timeout_seconds) == ("alb", True, None)
    assert [str(route.key) for route in balancer.routes] == ["POST /"]
    assert [str(route.key) for route in default.routes] == ["GET /items"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "  a: {http: /items}",
            'lam.yaml:4:13: functions.a.http: "/items" is no route; '
            "a method and a path, for example GET /items/{id}",
        ),
        (
            "  a: {http: [GET /, GTE /x]}",
            "lam.yaml:4:21: functions.a.http[1]: GTE is no method of a route; "
            "one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, ANY",
        ),
        (
            "  a: {http: 5}",
            'lam.yaml:4:13: functions.a.http: "5" is no route; '
            "a method and a path, for example GET /items/{id}",
        ),
        (
            "  a: {http: }",
            "lam.yaml:4:13: functions.a.http: must be a route, not nothing; for example GET /items/{id}",
        ),
        (
            "  a: {http: {api: shop}}",
            "lam.yaml:4:13: functions.a.http: has no route; for example `route: GET /items/{id}`",
        ),
        (
            "  a: {http: {route: GET /, auth: x}}",
            "lam.yaml:4:28: functions.a.http.auth: unknown key; did you mean authorizer?",
        ),
        (
            "  a: {http: {route: GET /, api: sop}}\napis: {shop: }",
            "lam.yaml:4:33: functions.a.http.api: no API is called sop; did you mean shop?",
        ),
        (
            "  a: {http: {route: GET /, api: shop}}",
            "lam.yaml:4:33: functions.a.http.api: no API is called shop; there is none",
        ),
        (
            "  a: {http: {route: GET /, authorizer: mine}}",
            "lam.yaml:4:40: functions.a.http.authorizer: the API default has no authorizer mine; "
            "there is none",
        ),
        (
            "  a: {http: GET /}\n  b: {http: GET /}",
            "lam.yaml:5:13: functions.b.http: GET / of the API default leads to a already (line 4); "
            "a request can have one route only",
        ),
        (
            "  a: {http: ['GET /{x}', 'GET /{y}']}",
            "lam.yaml:4:26: functions.a.http[1]: GET /{y} of the API default leads to a already (line 4); "
            "a request can have one route only",
        ),
        (
            "  a: {http: {route: $default, api: shop}}\napis: {shop: {type: rest}}",
            "lam.yaml:4:21: functions.a.http: $default is for type http, not rest; "
            "use ANY / and ANY /{proxy+}",
        ),
        (
            "  a: {http: {route: GET /, scopes: x}}",
            "lam.yaml:4:36: functions.a.http.scopes: are for routes with a jwt authorizer",
        ),
        (
            "apis: {shop: {type: soap}}",
            'apis.shop.type: must be rest or http or alb or websocket, not the text "soap"',
        ),
        ("apis: {shop: {paylod: 1.0}}", "apis.shop.paylod: unknown key; did you mean payload?"),
        ("apis: {shop: {stage_name: x}}", "apis.shop.stage_name: unknown key; did you mean stage?"),
        ("apis: {shop: {payload: 3}}", 'apis.shop.payload: must be "1.0" or "2.0", not the number 3'),
        (
            "apis: {shop: {type: rest, stage: $default}}",
            "apis.shop.stage: a REST API's stage has a name; for example dev",
        ),
        ("apis: {shop: {stage: a/b}}", "apis.shop.stage: must be a name of letters, digits, - and _"),
        ("apis: {Shop: }", "apis.Shop: the name must be lower-case letters, digits and hyphens"),
        ("apis: [shop]", "apis: must be a mapping, not a list"),
        (
            "apis: {shop: {type: rest, cors: {origins: '*'}}}",
            "apis.shop.cors: is for type http, not rest; a REST API's function answers OPTIONS itself",
        ),
        (
            "apis: {shop: {type: alb, timeout: 5s}}",
            "apis.shop.timeout: is for type http and type rest and type websocket, not alb; "
            "a load balancer waits as long as the function may run",
        ),
        ("apis: {shop: {timeout: 31s}}", "apis.shop.timeout: an HTTP API waits at most 30s"),
        ("apis: {shop: {binary: image/png}}", "apis.shop.binary: is for type rest, not http"),
        ("apis: {shop: {cors: {origin: x}}}", "apis.shop.cors.origin: unknown key; did you mean origins?"),
        (
            "apis: {shop: {authorizers: {m: {}}}}",
            "apis.shop.authorizers.m: has no type; token, request or jwt",
        ),
        (
            "apis: {shop: {authorizers: {m: {type: token, function: auth}}}}",
            "apis.shop.authorizers.m.type: token is for type rest; use request or jwt",
        ),
        (
            "apis: {shop: {authorizers: {m: {type: request, function: aut}}}}",
            "apis.shop.authorizers.m.function: no function is called aut; did you mean auth?",
        ),
        (
            "apis: {shop: {authorizers: {m: {type: request}}}}",
            "apis.shop.authorizers.m: has no function; an authorizer of type request needs it",
        ),
        (
            "apis: {shop: {authorizers: {m: {type: request, function: auth, identity: [header]}}}}",
            "apis.shop.authorizers.m.identity[0]: must be a source such as $request.header.Authorization",
        ),
        (
            "apis: {shop: {authorizers: {m: {type: jwt, issuer: x, audience: y, keys: no.json}}}}",
            "apis.shop.authorizers.m.keys: no.json does not exist",
        ),
        (
            "apis: {shop: {authorizers: {m: {type: jwt, audience: y, keys: jwks.json}}}}",
            "apis.shop.authorizers.m: has no issuer; an authorizer of type jwt needs it",
        ),
        (
            "apis: {shop: {authorizers: {m: {type: request, function: auth, keys: jwks.json}}}}",
            "apis.shop.authorizers.m.keys: is not for an authorizer of type request",
        ),
    ],
)
def test_a_problem(project, text, problem):
    (told,) = problems_of(project(text))
    assert problem in told


def test_routes_in_defaults_are_refused(tmp_path):
    file = tmp_path / "lam.yaml"
    file.write_text("defaults: {http: GET /}\n")
    (told,) = problems_of(file)
    assert told == "lam.yaml:1:18: defaults.http: a route leads to one function; write it there"
