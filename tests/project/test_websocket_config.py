"""`websocket` and APIs of that type in lam.yaml: what they become, and every problem's whole text."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdacli.model.http_apis import ApiKind, Authorizer, AuthorizerKind, HttpApi, Route, RouteKey
from lambdacli.project.config import ConfigError, load_project

DEMO = """\
defaults: {runtime: python3.13, handler: app.handler}
functions:
  auth:
"""


@pytest.fixture
def project(tmp_path: Path):
    (tmp_path / "app.py").write_text("def handler(event, context): ...\n")

    def write(text: str) -> Path:
        file = tmp_path / "lam.yaml"
        file.write_text(DEMO + text)
        return file

    return write


def route(key: str, function: str = "chat", **more) -> Route:
    return Route(RouteKey("", key), function, **more)


def test_routes_alone_make_an_api_called_websocket(project):
    (api,) = load_project(project("  chat: {websocket: [$connect, $default, $disconnect, send]}\n")).apis
    assert api == HttpApi(
        "websocket",
        ApiKind.WEBSOCKET,
        "1.0",
        "dev",
        timeout_seconds=29,
        routes=tuple(map(route, ("$connect", "$default", "$disconnect", "send"))),
    )
    assert api.route_selection == "$request.body.action"
    assert [str(each.key) for each in api.routes] == ["$connect", "$default", "$disconnect", "send"]


def test_routes_go_to_the_only_api_of_their_type(project):
    file = project("  chat: {websocket: $default, http: GET /}\napis: {talk: {type: websocket}, shop: }\n")
    assert {api.name: [str(each.key) for each in api.routes] for api in load_project(file).apis} == {
        "talk": ["$default"],
        "shop": [],
        "default": ["GET /"],
    }


def test_everything_at_once(project):
    file = project("""\
  chat:
    websocket:
      - {route: $connect, api: talk, authorizer: mine}
      - {route: send message, api: talk, answer: true}
  other:
    websocket: {route: $default, api: talk}
apis:
  talk:
    type: websocket
    stage: prod
    stage_variables: {TABLE: people}
    timeout: 5s
    selection: ${request.body.kind}-${request.body.version}
    authorizers:
      mine: {type: request, function: auth, identity: [route.request.querystring.key, $request.header.X-Key]}
      asked: {type: request, function: auth}
""")
    (talk,) = load_project(file).apis
    sources = ("route.request.querystring.key", "$request.header.X-Key")
    assert talk == HttpApi(
        "talk",
        ApiKind.WEBSOCKET,
        "1.0",
        "prod",
        {"TABLE": "people"},
        timeout_seconds=5,
        authorizers={
            "mine": Authorizer("mine", AuthorizerKind.REQUEST, "auth", sources),
            "asked": Authorizer("asked", AuthorizerKind.REQUEST, "auth"),
        },
        routes=(
            route("$connect", authorizer="mine"),
            route("send message", answers=True),
            route("$default", "other"),
        ),
        route_selection="${request.body.kind}-${request.body.version}",
    )
    assert talk.host("eu-west-1") == "talk.execute-api.eu-west-1.localhost"
    assert talk.path_prefix == "/_api/talk/prod"


TALK = "\napis: {talk: {type: websocket, authorizers: {mine: {type: request, function: auth}}}}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "  a: {websocket: $open}",
            "lam.yaml:4:18: functions.a.websocket: $open is no route; "
            "with a $ begin only $connect, $disconnect and $default",
        ),
        (
            "  a: {websocket: [$connect, '']}",
            "lam.yaml:4:29: functions.a.websocket[1]: the route is empty; "
            "$connect, $disconnect, $default, or a word such as send",
        ),
        (
            "  a: {websocket: GET /chat}",
            'lam.yaml:4:18: functions.a.websocket: "GET /chat" is a route of an HTTP API; '
            "write it under `http`",
        ),
        (
            "  a: {websocket: }",
            "lam.yaml:4:18: functions.a.websocket: must be a route, not nothing; for example $connect",
        ),
        (
            "  a: {websocket: {answer: true}}",
            "lam.yaml:4:18: functions.a.websocket: has no route; for example `route: $connect`",
        ),
        (
            "  a: {websocket: {route: send, respond: true}}",
            "lam.yaml:4:32: functions.a.websocket.respond: unknown key; did you mean answer?",
        ),
        (
            "  a: {websocket: [send, send]}",
            "lam.yaml:4:25: functions.a.websocket[1]: send of the API websocket leads to a already (line 4); "
            "a request can have one route only",
        ),
        (
            "  a: {websocket: {route: send, api: tlk}}" + TALK,
            "lam.yaml:4:37: functions.a.websocket.api: no API is called tlk; did you mean talk?",
        ),
        (
            "  a: {websocket: {route: send, api: shop}}\napis: {shop: {type: rest}}",
            "lam.yaml:4:37: functions.a.websocket.api: the API shop is of type rest; "
            "its routes are those of the functions' `http`",
        ),
        (
            "  a: {http: {route: GET /, api: talk}}" + TALK,
            "lam.yaml:4:33: functions.a.http.api: the API talk is of type websocket; "
            "its routes are those of the functions' `websocket`",
        ),
        (
            "  a: {websocket: [{route: $default, api: two}, send]}\n"
            "apis: {one: {type: websocket}, two: {type: websocket}}",
            "lam.yaml:4:48: functions.a.websocket[1]: belongs to one of one, two: say to which; "
            "write `{route: send, api: one}`",
        ),
        (
            "  a: {http: GET /}\napis: {default: {type: websocket}}",
            "lam.yaml:4:13: functions.a.http: the API default is of type websocket; "
            "its routes are those of the functions' `websocket`",
        ),
        (
            "  a: {websocket: {route: $connect, authorizer: yours}}" + TALK,
            "lam.yaml:4:48: functions.a.websocket.authorizer: the API talk has no authorizer yours; "
            "known are mine",
        ),
        (
            "  a: {websocket: {route: send, authorizer: mine}}" + TALK,
            "lam.yaml:4:44: functions.a.websocket.authorizer: only $connect has an authorizer; "
            "what it says counts for all",
        ),
        (
            "  a: {websocket: {route: $disconnect, answer: true}}",
            "lam.yaml:4:47: functions.a.websocket.answer: $disconnect has nobody to answer to; "
            "only messages are answered",
        ),
        (
            "apis: {talk: {type: websocket, stage: $default}}",
            "apis.talk.stage: a WebSocket API's stage has a name; for example dev",
        ),
        (
            "apis: {talk: {type: websocket, payload: 2.0}}",
            "apis.talk.payload: is for type http, not websocket",
        ),
        (
            "apis: {talk: {type: websocket, cors: {origins: x}}}",
            "apis.talk.cors: is for type http, not websocket; the function of $connect sees the Origin, and "
            "decides",
        ),
        ("apis: {talk: {type: websocket, timeout: 30s}}", "a WebSocket API waits at most 29s"),
        (
            "apis: {talk: {selection: $request.body.a}}",
            "apis.talk.selection: is for type websocket, not http",
        ),
        (
            "apis: {talk: {type: websocket, selection: $request.header.a}}",
            "apis.talk.selection: $request.header.a asks for more than a message has: $request.header.a",
        ),
        (
            "apis: {talk: {type: websocket, route_selection_expression: $request.body.a}}",
            "apis.talk.route_selection_expression: unknown key; did you mean selection?",
        ),
        (
            "apis: {talk: {type: websocket, authorizers: {m: {type: token, function: auth}}}}",
            "apis.talk.authorizers.m.type: token is for type rest; use request or jwt",
        ),
        (
            "apis: {talk: {type: websocket, authorizers: {m: {type: request, function: auth, cache: 5s}}}}",
            "apis.talk.authorizers.m.cache: a WebSocket API asks its authorizers each time; leave it out",
        ),
    ],
)
def test_a_problem(project, text, problem):
    with pytest.raises(ConfigError) as caught:
        load_project(project(text))
    (told,) = str(caught.value).splitlines()
    assert problem in told


def test_routes_in_defaults_are_refused(tmp_path):
    file = tmp_path / "lam.yaml"
    file.write_text("defaults: {websocket: $connect}\n")
    with pytest.raises(ConfigError) as caught:
        load_project(file)
    told = "lam.yaml:1:23: defaults.websocket: a route leads to one function; write it there"
    assert str(caught.value) == told
