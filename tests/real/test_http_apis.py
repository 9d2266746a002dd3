"""HTTP APIs and load balancers of lam.yaml, through the real service, with a real HTTP client."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from house import PYTHON_RUNTIME, Project, opened, wait_until
from joserfc import jwt
from joserfc.jwk import RSAKey

pytestmark = pytest.mark.real

CODE = '''\
import base64, json, os, time

def echo(event, context):
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}

def answer(event, context):
    """What the test has asked for."""
    return json.loads(event["body"])

def broken(event, context):
    raise ValueError("broken on purpose")

def slow(event, context):
    print("waiting")
    while not os.path.exists(os.path.join(os.path.dirname(__file__), "release")):
        time.sleep(0.01)
    print("it ran on")
    return {"statusCode": 200}

def auth(event, context):
    token = event.get("authorizationToken") or event["identitySource"][0]
    print("asked for", token)
    if token == "nobody":
        raise Exception("Unauthorized")
    if token == "broken":
        raise Exception("broken on purpose")
    effect = "Deny" if token == "deny" else "Allow"
    resource = "arn:aws:execute-api:*:*:*/POST/*" if token == "other" else "*"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": "user-of-" + token,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"number": 5},
    }

def simple(event, context):
    return {"isAuthorized": event["identitySource"][0] == "yes", "context": {"list": [1, 2]}}
'''

RSA = RSAKey.generate_key(2048, {"kid": "one"})

LAM_YAML = f"""
defaults: {{runtime: {PYTHON_RUNTIME}, code: src}}
apis:
  default:
    cors: {{origins: ["http://page.example"], methods: [GET], headers: [x-a], max_age: 60}}
    authorizers:
      simple: {{type: request, function: simple, payload: 2.0, identity: [$request.header.x-key]}}
      token: {{type: jwt, issuer: "https://issuer.example", audience: app, keys: jwks.json}}
  shop:
    type: rest
    timeout: 1s
    stage_variables: {{TABLE: orders}}
    binary: [image/*]
    authorizers:
      mine: {{type: token, function: auth, cache: 300s}}
  old: {{payload: 1.0, stage: v1}}
  front: {{type: alb, multi_value_headers: true}}
functions:
  echo:
    handler: app.echo
    http:
      - GET /
      - ANY /items/{{id}}
      - GET /files/{{proxy+}}
      - {{route: GET /simple, authorizer: simple}}
      - {{route: GET /token, authorizer: token, scopes: [read]}}
      - {{route: "ANY /{{proxy+}}", api: shop}}
      - {{route: GET /mine, api: shop, authorizer: mine}}
      - {{route: GET /mine/other, api: shop, authorizer: mine}}
      - {{route: $default, api: old}}
      - {{route: "ANY /{{proxy+}}", api: front}}
  answer:
    handler: app.answer
    http: [POST /answer, {{route: POST /answer, api: shop}}, {{route: POST /answer, api: front}}]
  broken:
    handler: app.broken
    http: [GET /broken, {{route: GET /broken, api: shop}}, {{route: GET /broken, api: front}}]
  slow: {{handler: app.slow, timeout: 20s, http: {{route: GET /slow, api: shop}}}}
  none: {{handler: app.echo, concurrency: 0, http: [GET /none, {{route: GET /none, api: shop}}]}}
  auth: {{handler: app.auth}}
  simple: {{handler: app.simple}}
"""


class Client:
    """A browser of the service's APIs, by their path form or by their names."""

    def __init__(self, project: Project) -> None:
        self.port = project.port
        self.pool = urllib3.HTTPConnectionPool("127.0.0.1", self.port, maxsize=4, retries=False)

    def ask(self, line: str, body: bytes | None = None, **headers: str) -> urllib3.BaseHTTPResponse:
        method, _, target = line.partition(" ")
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.pool.request(method, target, body=body, headers=fields, redirect=False)

    def event(self, line: str, body: bytes | None = None, **headers: str) -> dict[str, Any]:
        answer = self.ask(line, body, **headers)
        assert answer.status == 200, answer.data
        return json.loads(answer.data)

    def result(self, line: str, result: object) -> urllib3.BaseHTTPResponse:
        """The answer that becomes of what the function returns."""
        return self.ask(line, json.dumps(result).encode(), content_type="application/json")

    def raw(self, text: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(text)
            received = b""
            while piece := connection.recv(65536):
                received += piece
        return received


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with opened(tmp_path_factory.mktemp("apis")) as project:
        project.write("src/app.py", CODE)
        project.write("jwks.json", json.dumps({"keys": [RSA.as_dict(private=False)]}))
        project.write("lam.yaml", LAM_YAML)
        project.start()
        yield project


@pytest.fixture(scope="module")
def client(project: Project) -> Iterator[Client]:
    client = Client(project)
    yield client
    client.pool.close()


# There and back


def test_the_default_api_needs_no_name_in_a_path(client):
    event = client.event("GET /_api/items/a%20b?x=1&x=2", x_a="1")
    assert event["routeKey"] == "ANY /items/{id}"
    assert event["rawPath"] == "/items/a b"
    assert event["pathParameters"] == {"id": "a b"}
    assert event["queryStringParameters"] == {"x": "1,2"}
    assert event["headers"]["host"] == f"default.execute-api.us-east-1.localhost:{client.port}"
    assert event["requestContext"]["stage"] == "$default"
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"


@pytest.mark.parametrize("place", ["/_api/default", "host"])
def test_an_api_is_reached_by_its_name_too(client, place):
    host = {"host": f"default.execute-api.us-east-1.localhost:{client.port}"} if place == "host" else {}
    event = client.event(f"GET {'' if host else place}/items/7", **host)
    assert event["rawPath"] == "/items/7"


def test_a_rest_api_with_its_stage(client):
    event = client.event("POST /_api/shop/dev/a%2Fb/c?x=%20", b"\xff\xd8", content_type="image/jpeg")
    assert (event["resource"], event["path"]) == ("/{proxy+}", "/a%2Fb/c")
    assert event["requestContext"]["path"] == "/dev/a%2Fb/c"
    assert event["pathParameters"] == {"proxy": "a/b/c"}
    assert event["stageVariables"] == {"TABLE": "orders"}
    assert (event["body"], event["isBase64Encoded"]) == (base64.b64encode(b"\xff\xd8").decode(), True)


def test_format_1_of_an_http_api(client):
    event = client.event("GET /_api/old/v1/any/thing")
    assert (event["version"], event["resource"], event["path"]) == ("1.0", "$default", "/v1/any/thing")


def test_a_load_balancer(client):
    event = client.event("GET /_alb/front/x?a=%20&a=2")
    assert event["path"] == "/x"
    assert event["multiValueQueryStringParameters"] == {"a": ["%20", "2"]}
    assert event["multiValueHeaders"]["x-forwarded-for"] == ["127.0.0.1"]
    assert event["requestContext"]["elb"]["targetGroupArn"].endswith(
        ":targetgroup/echo/" + event["requestContext"]["elb"]["targetGroupArn"].rpartition("/")[2]
    )


@pytest.mark.parametrize(
    ("line", "own"),
    [
        ("GET /_api/", {"apigw-requestid"}),
        ("GET /_api/shop/dev/x", {"x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id"}),
        ("GET /_alb/front/x", {"server"}),
    ],
)
def test_answers_carry_what_their_front_adds(client, line, own):
    names = {name.lower() for name in client.ask(line).headers}
    assert names == own | {"content-type", "content-length", "date", "connection"} & names | own
    assert own <= names


def test_the_request_ids_of_answer_and_event_are_the_same(client):
    answer = client.ask("GET /_api/")
    assert answer.headers["apigw-requestid"] == json.loads(answer.data)["requestContext"]["requestId"]
    answer = client.ask("GET /_api/shop/dev/x")
    context = json.loads(answer.data)["requestContext"]
    assert answer.headers["x-amzn-RequestId"] == context["requestId"]
    assert answer.headers["x-amz-apigw-id"] == context["extendedRequestId"]


def test_cookies_binary_bodies_and_repeated_headers(client):
    result = {
        "statusCode": 201,
        "headers": {"content-type": "image/png"},
        "cookies": ["a=1", "b=2"],
        "body": base64.b64encode(b"\x89PNG").decode(),
        "isBase64Encoded": True,
    }
    answer = client.result("POST /_api/answer", result)
    assert (answer.status, answer.data) == (201, b"\x89PNG")
    assert answer.headers.getlist("set-cookie") == ["a=1", "b=2"]
    result = {"statusCode": 200, "multiValueHeaders": {"X-A": ["1", "2"]}, "headers": {"Server": "mine"}}
    answer = client.result("POST /_api/shop/dev/answer", result)
    assert answer.headers.getlist("x-a") == ["1", "2"]
    assert answer.headers["x-amzn-Remapped-Server"] == "mine"


def test_a_rest_api_decodes_base64_for_who_asks_for_it(client):
    result = json.dumps({"statusCode": 200, "body": "AAE=", "isBase64Encoded": True}).encode()
    assert client.ask("POST /_api/shop/dev/answer", result, accept="image/png").data == b"\0\1"
    assert client.ask("POST /_api/shop/dev/answer", result, accept="text/html").data == b"AAE="


# What goes wrong


@pytest.mark.parametrize(
    ("line", "status", "body", "error_type"),
    [
        ("GET /_api/nothing", 404, b'{"message":"Not Found"}', None),
        ("DELETE /_api/", 404, b'{"message":"Not Found"}', None),
        ("GET /_api/old/v2/x", 404, b'{"message":"Not Found"}', None),
        (
            "GET /_api/shop/dev",
            403,
            b'{"message":"Missing Authentication Token"}',
            "MissingAuthenticationTokenException",
        ),
        ("GET /_api/shop/prod/x", 403, b'{"message":"Forbidden"}', "ForbiddenException"),
        ("GET /_api/broken", 500, b'{"message":"Internal Server Error"}', None),
        (
            "GET /_api/shop/dev/broken",
            502,
            b'{"message": "Internal server error"}',
            "InternalServerErrorException",
        ),
        ("GET /_api/none", 503, b'{"message":"Service Unavailable"}', None),
        (
            "GET /_api/shop/dev/none",
            500,
            b'{"message": "Internal server error"}',
            "InternalServerErrorException",
        ),
    ],
)
def test_a_refusal(client, line, status, body, error_type):
    answer = client.ask(line)
    assert (answer.status, answer.data) == (status, body)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers.get("x-amzn-ErrorType") == error_type


def test_a_load_balancer_refuses_with_a_page(client):
    answer = client.ask("GET /_alb/front/broken")
    assert answer.status == 502
    assert b"<h1>502 Bad Gateway</h1>" in answer.data
    assert client.ask("GET /_alb/front").status == 404


def test_an_unknown_api_is_told_with_those_that_are_there(client):
    host = f"nobody.execute-api.us-east-1.localhost:{client.port}"
    answer = client.ask("GET /x", host=host)
    assert answer.status == 404
    assert b"known: default, shop, old, front" in answer.data


@pytest.mark.parametrize(
    ("line", "result", "status", "reason"),
    [
        ("POST /_api/shop/dev/answer", {"body": "x"}, 502, "statusCode is missing; the answer has body"),
        ("POST /_api/shop/dev/answer", {"statusCode": 200, "body": {}}, 502, "body is {}, not a text"),
        ("POST /_api/answer", {"statusCode": "x"}, 500, "statusCode is 'x'"),
        (
            "POST /_alb/front/answer",
            "text",
            502,
            'must be an object with statusCode, headers and body, not "text"',
        ),
    ],
)
def test_the_log_says_what_was_wrong_with_an_answer(client, project, line, result, status, reason):
    assert client.result(line, result).status == status
    wait_until(lambda: reason in project.log_text(), reason)


def test_a_client_waits_as_long_as_its_api_does_and_the_function_runs_on(client, project):
    answer = client.ask("GET /_api/shop/dev/slow")
    assert (answer.status, answer.data) == (504, b'{"message": "Endpoint request timed out"}')
    assert not any("it ran on" in message for message in project.log_messages())
    project.write("src/release", "")
    wait_until(lambda: any("it ran on" in message for message in project.log_messages()), "its last line")


def test_too_much_is_refused(client):
    answer = client.ask("POST /_api/shop/dev/x", b"x" * (10 * 1024 * 1024 + 1))
    assert (answer.status, answer.data) == (
        413,
        b'{"message":"HTTP content length exceeded 10485760 bytes."}',
    )
    assert (
        client.ask("POST /_api/shop/dev/x", b"x" * (7 * 1024 * 1024)).data
        == b'{"message":"Request Too Long"}'
    )
    assert client.ask("POST /_api/items/1", b"x" * (7 * 1024 * 1024)).status == 413
    assert client.ask("POST /_alb/front/x", b"x" * (1024 * 1024 + 1)).status == 413
    assert client.ask("GET /_api/", x_long="x" * 10_240).status == 431


# Odd requests: whatever comes, there is an answer, and the log stays without a stack trace


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"GET /_api HTTP/1.1\r\n%b\r\n", 200),
        (b"GET /_api/ HTTP/1.0\r\n%b\r\n", 200),
        (b"GET /_api?x=1 HTTP/1.1\r\n%b\r\n", 200),
        (b"GET /_api//items/1 HTTP/1.1\r\n%b\r\n", 404),
        (b"GET /_api/items//1 HTTP/1.1\r\n%b\r\n", 404),
        (b"GET /_api/files//a//b HTTP/1.1\r\n%b\r\n", 200),
        (b"GET /_api/items/a%%2Fb HTTP/1.1\r\n%b\r\n", 200),
        (b"GET /_api/items/%%FF%%00 HTTP/1.1\r\n%b\r\n", 200),
        (b"GET /_api/items/%% HTTP/1.1\r\n%b\r\n", 200),
        (b"GET /_api/items/\xff\xfe HTTP/1.1\r\n%b\r\n", 400),
        (b"GET /_api/items/1?%%FF=%%FE HTTP/1.1\r\n%b\r\n", 200),
        (b"GET /_api/items/1?\xff HTTP/1.1\r\n%b\r\n", 400),
        (b"GET HTTP/1.1\r\n%b\r\n", 400),
        (b"GET /_api/items/1 HTTP/1.1\r\nX-Odd: \xff\xfe\r\n%b\r\n", 200),
        (b"GET /_api/items/1 HTTP/1.1\r\nX-Long: " + b"x" * 9_000 + b"\r\n%b\r\n", 200),
        (b"GET /_api/items/1 HTTP/1.1\r\nX-Long: " + b"x" * 10_300 + b"\r\n%b\r\n", 431),
        (b"HEAD /_api/items/1 HTTP/1.1\r\n%b\r\n", 200),
        (b"OPTIONS /_api/items/1 HTTP/1.1\r\n%b\r\n", 200),
        (b"OPTIONS /_api/none HTTP/1.1\r\n%b\r\n", 404),
        (
            b"POST /_api/items/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n%b\r\n"
            b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            200,
        ),
        (b"POST /_api/items/1 HTTP/1.1\r\nContent-Length: 3\r\n%b\r\n\xff\xfe\xfd", 200),
        (b"GET http://127.0.0.1/_api/items/1 HTTP/1.1\r\n%b\r\n", 200),
        (b"GET /_api/shop/dev//x HTTP/1.1\r\n%b\r\n", 200),
        (b"GET /_api/shop//dev/x HTTP/1.1\r\n%b\r\n", 403),
        (b"HEAD /_api/shop/dev/x HTTP/1.1\r\n%b\r\n", 200),
        (b"OPTIONS /_api/shop/dev/x HTTP/1.1\r\n%b\r\n", 200),
        (b"GET /_alb/front//x HTTP/1.1\r\n%b\r\n", 200),
        (b"GET /_alb/front/x?&&=&a HTTP/1.1\r\n%b\r\n", 200),
        (b"GET /_alb/front/x HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%b\r\n", 400),
    ],
    ids=lambda value: value.split(b" HTTP")[0].decode("latin-1") if isinstance(value, bytes) else "",
)
def test_an_odd_request_is_answered(client, project, request_text, status):
    received = client.raw(request_text % b"Host: 127.0.0.1\r\nConnection: close\r\n")
    head, _, body = received.partition(b"\r\n\r\n")
    assert int(head.split(b" ")[1]) == status, received[:500]
    if request_text.startswith(b"HEAD"):
        assert body == b""
    assert "Traceback" not in project.log_text()


@pytest.mark.parametrize(
    ("line", "name", "status"),
    [
        (b"OPTIONS *", b"default.execute-api", 400),
        (b"OPTIONS *", b"front.elb", 400),
        (b"GET /", b"default.execute-api", 200),
        (b"GET http://else.example/", b"default.execute-api", 200),
        (b"GET //", b"default.execute-api", 404),
        (b"GET /dev/x", b"shop.execute-api", 200),
        (b"GET /x", b"front.elb", 200),
    ],
)
def test_a_request_to_the_name_of_an_api(client, line, name, status):
    host = name + b".us-east-1.localhost:%d" % client.port
    received = client.raw(line + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
    assert int(received.split(b" ")[1]) == status, received[:500]


def test_a_chunked_body_arrives_whole(client):
    pieces = (piece for piece in (b"a" * 70_000, b"b"))
    answer = client.pool.request("POST", "/_api/items/1", body=pieces, headers={"content-type": "text/plain"})
    event = json.loads(answer.data)
    assert event["body"] == "a" * 70_000 + "b"
    assert event["headers"]["content-length"] == "70001"


# Pages


def test_a_preflight_is_answered_without_a_function(client, project):
    asked = {"origin": "http://page.example", "access_control_request_method": "GET"}
    answer = client.ask("OPTIONS /_api/items/1", **asked)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "http://page.example"
    assert answer.headers["access-control-allow-methods"] == "GET"
    assert answer.headers["access-control-max-age"] == "60"
    stranger = client.ask("OPTIONS /_api/items/1", **{**asked, "origin": "http://evil.example"})
    assert "access-control-allow-origin" not in stranger.headers


def test_answers_and_refusals_tell_a_page_that_it_may_read_them(client):
    for line, status in [("GET /_api/items/1", 200), ("GET /_api/nothing", 404)]:
        answer = client.ask(line, origin="http://page.example")
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == "http://page.example"


# Who may call


@pytest.mark.parametrize(
    ("token", "status", "body"),
    [
        (None, 401, b'{"message":"Unauthorized"}'),
        ("nobody", 401, b'{"message":"Unauthorized"}'),
        (
            "deny",
            403,
            b'{"Message":"User is not authorized to access this resource with an explicit deny"}',
        ),
        ("other", 403, b'{"Message":"User is not authorized to access this resource"}'),
        ("broken", 500, b'{"message":null}'),
    ],
)
def test_a_token_authorizer_refuses(client, token, status, body):
    answer = client.ask("GET /_api/shop/dev/mine", **({} if token is None else {"authorization": token}))
    assert (answer.status, answer.data) == (status, body)


def test_a_token_authorizer_lets_in_and_is_asked_once(client, project):
    for path in ("/mine", "/mine/other", "/mine"):
        event = client.event(f"GET /_api/shop/dev{path}", authorization="eva")
        told = event["requestContext"]["authorizer"]
        assert (told["principalId"], told["number"]) == ("user-of-eva", "5")
        assert isinstance(told["integrationLatency"], int)
    asked = [message for message in project.log_messages() if "asked for eva" in message]
    assert len(asked) == 1
    project.lam("clock", "advance", "301s")
    client.event("GET /_api/shop/dev/mine", authorization="eva")
    wait_until(
        lambda: len([each for each in project.log_messages() if "asked for eva" in each]) == 2,
        "a second time",
    )
    project.lam("clock", "reset")


def test_a_simple_answer(client):
    event = client.event("GET /_api/simple", x_key="yes")
    assert event["requestContext"]["authorizer"] == {"lambda": {"list": [1, 2]}}
    assert client.ask("GET /_api/simple", x_key="no").data == b'{"message":"Forbidden"}'
    assert client.ask("GET /_api/simple").data == b'{"message":"Unauthorized"}'


def signed(**claims: object) -> str:
    told = {
        "iss": "https://issuer.example",
        "aud": "app",
        "exp": int(time.time()) + 60,
        "scope": "read",
        **claims,
    }
    return "Bearer " + jwt.encode({"alg": "RS256", "kid": "one"}, told, RSA)


def test_a_token_against_the_key_set(client):
    event = client.event("GET /_api/token", authorization=signed(sub="eva"))
    told = event["requestContext"]["authorizer"]["jwt"]
    assert (told["claims"]["sub"], told["scopes"]) == ("eva", ["read"])
    answer = client.ask("GET /_api/token", authorization=signed(aud="stranger"))
    assert (answer.status, answer.data) == (401, b'{"message":"Unauthorized"}')
    challenge = answer.headers["www-authenticate"]
    assert 'error="invalid_token" error_description="the token does not have a valid audience"' in challenge
    assert client.ask("GET /_api/token", authorization=signed(scope="write")).status == 403
    assert client.ask("GET /_api/token").status == 401


# What is printed


def test_status_tells_the_routes_and_start_prints_them(project, client):
    text = project.lam("status").stdout
    lines = [" ".join(line.split()) for line in text.splitlines()]
    endpoint = f"http://127.0.0.1:{client.port}"
    assert f"default (http) ANY /items/{{id}} echo {endpoint}/_api/items/{{id}}" in lines
    assert f"shop (rest) GET /mine echo [mine] {endpoint}/_api/shop/dev/mine" in lines
    assert f"front (alb) ANY /{{proxy+}} echo {endpoint}/_alb/front/{{proxy+}}" in lines
    again = project.lam("start", "--detach").stderr
    assert "/_api/shop/dev/mine" in again


def test_the_log_has_a_line_for_every_request(client, project):
    client.event("GET /_api/items/logged?x=1")
    line = wait_until(
        lambda: [each for each in project.log_text().splitlines() if "/items/logged?x=1 200" in each],
        "the line",
    )[0]
    assert "echo GET /items/logged?x=1 200 " in line
    assert line.endswith((" ms cold", " ms warm"))
    client.ask("GET /_api/never-there")
    wait_until(lambda: "default GET /never-there 404" in project.log_text(), "the refused one")


def test_a_changed_lam_yaml_changes_the_routes(client, project: Project):
    assert client.ask("GET /_api/new").status == 404
    file: Path = project.folder / "lam.yaml"
    text = file.read_text()
    try:
        file.write_text(text.replace("      - GET /\n", "      - GET /\n      - GET /new\n"))
        assert client.event("GET /_api/new")["routeKey"] == "GET /new"
        wait_until(lambda: "default: GET /new leads to echo" in project.log_text(), "the change in the log")
    finally:
        file.write_text(text)
    assert client.ask("GET /_api/new").status == 404


def test_the_foreground_shows_routes_and_requests(tmp_path: Path):
    with opened(tmp_path) as project:
        project.function(
            "items", "def handler(event, context):\n    return {'id': 7}\n", "http: GET /items/{id}"
        )
        running = project.begin("start", "--port", "0")
        try:
            assert running.stdout is not None
            lines = iter(running.stdout.readline, "")
            route = next(line for line in lines if "GET /items/{id}" in line)
            url = route.split()[-1].replace("{id}", "7")
            answer = urllib3.request("GET", url, retries=False)
            assert (answer.status, answer.data) == (200, b'{"id": 7}')
            seen = next(line for line in lines if "GET /items/7" in line)
            assert "items GET /items/7 200 " in seen
            assert seen.rstrip().endswith(" ms cold")
        finally:
            running.terminate()
            running.communicate(timeout=20)
