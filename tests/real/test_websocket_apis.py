"""WebSocket APIs of lam.yaml, through the real service, with a real WebSocket client and boto3."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError
from house import PYTHON_RUNTIME, Project, opened, wait_until
from websockets.asyncio.client import ClientConnection as AsyncConnection
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

pytestmark = pytest.mark.real

CODE = '''\
import json, os, time

import boto3

def connect(event, context):
    query = event.get("queryStringParameters") or {}
    if "raise" in query:
        raise ValueError("broken on purpose")
    if "nonsense" in query:
        return "let me in"
    asked = event["headers"].get("Sec-WebSocket-Protocol", "")
    headers = {"Sec-WebSocket-Protocol": asked.split(",")[-1].strip()} if asked else {}
    print("CONNECT " + json.dumps(event))
    return {"statusCode": int(query.get("status", 200)), "headers": headers, "body": query.get("body", "")}

def echo(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}

def answer(event, context):
    """What the test has asked for."""
    asked = json.loads(event["body"])
    if "bytes" in asked:
        return {"statusCode": 200, "body": "x" * asked["bytes"]}
    return asked["result"]

def broken(event, context):
    raise ValueError("broken on purpose")

def slow(event, context):
    print("waiting")
    while not os.path.exists(os.path.join(os.path.dirname(__file__), "release")):
        time.sleep(0.01)
    return {"statusCode": 200, "body": "slow"}

def disconnect(event, context):
    print("DISCONNECT " + json.dumps(event))

def manage(event, context):
    """As users write it, but for the address."""
    about, asked = event["requestContext"], json.loads(event["body"])
    place = os.environ.get("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI") or (
        f"https://{about['domainName']}/{about['stage']}"
    )
    clients = boto3.client("apigatewaymanagementapi", endpoint_url=place)
    to = asked.get("to", about["connectionId"])
    try:
        if asked["do"] == "send":
            clients.post_to_connection(ConnectionId=to, Data=asked["data"].encode())
        elif asked["do"] == "close":
            clients.delete_connection(ConnectionId=to)
        else:
            status = clients.get_connection(ConnectionId=to)
            return {"statusCode": 200, "body": json.dumps(status, default=str)}
    except clients.exceptions.GoneException:
        return {"statusCode": 200, "body": "gone"}
    return {"statusCode": 200, "body": "done"}

def auth(event, context):
    print("AUTH " + json.dumps(event))
    token = event["queryStringParameters"]["token"]
    if token == "nobody":
        raise Exception("Unauthorized")
    statement = {"Action": "execute-api:Invoke", "Effect": token, "Resource": event["methodArn"]}
    return {
        "principalId": "eva",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"number": 5},
    }
'''

LAM_YAML = f"""
defaults: {{runtime: {PYTHON_RUNTIME}, code: src, timeout: 20s}}
apis:
  chat: {{type: websocket, stage_variables: {{TABLE: people}}}}
  plain: {{type: websocket, stage: prod, selection: $request.body.kind, timeout: 1s}}
  guarded:
    type: websocket
    authorizers:
      mine: {{type: request, function: auth, identity: [route.request.querystring.token]}}
functions:
  connect:
    handler: app.connect
    websocket: [{{route: $connect, api: chat}}, {{route: $connect, api: guarded, authorizer: mine}}]
  echo:
    handler: app.echo
    websocket:
      - {{route: $default, api: chat, answer: true}}
      - {{route: say it, api: chat, answer: true}}
      - {{route: echo, api: plain, answer: true}}
      - {{route: $default, api: guarded, answer: true}}
  silent: {{handler: app.echo, websocket: {{route: silent, api: chat}}}}
  answer: {{handler: app.answer, websocket: {{route: answer, api: chat, answer: true}}}}
  broken: {{handler: app.broken, websocket: {{route: broken, api: chat}}}}
  slow: {{handler: app.slow, websocket: {{route: slow, api: plain}}}}
  none: {{handler: app.echo, concurrency: 0, websocket: {{route: none, api: chat}}}}
  manage: {{handler: app.manage, websocket: {{route: manage, api: chat, answer: true}}}}
  disconnect: {{handler: app.disconnect, websocket: {{route: $disconnect, api: chat}}}}
  auth: {{handler: app.auth}}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with opened(tmp_path_factory.mktemp("sockets")) as project:
        project.write("src/app.py", CODE)
        project.write("lam.yaml", LAM_YAML)
        project.start()
        yield project


@contextmanager
def client_of(project: Project, place: str = "chat/dev", **options: Any) -> Iterator[ClientConnection]:
    url = f"ws://127.0.0.1:{project.port}/_api/{place}"
    with connect(url, compression=None, open_timeout=30, **options) as client:
        yield client


def ask(client: ClientConnection, message: object) -> Any:
    client.send(message if isinstance(message, str) else json.dumps(message))
    return json.loads(client.recv(30))


def said(project: Project, word: str, connection_id: str = "") -> dict[str, Any]:
    """The event that a function has printed."""

    def find() -> dict[str, Any] | None:
        for line in project.log_messages():
            if line.startswith(f"{word} ") and connection_id in line:
                return json.loads(line.removeprefix(f"{word} "))
        return None

    return wait_until(find, f"{word} {connection_id}")


# The story of one connection


def test_a_connection_from_its_beginning_to_its_end(project):
    with client_of(project, "chat/dev?name=eva&name=ada&x=1", user_agent_header="tests/1") as client:
        event = ask(client, "hello")
        connection_id = event["requestContext"]["connectionId"]
        client.close(4000, "enough")
    begun, ended = said(project, "CONNECT", connection_id), said(project, "DISCONNECT", connection_id)
    host = f"chat.execute-api.us-east-1.localhost:{project.port}"
    context = event["requestContext"]
    common = {
        "extendedRequestId": context["requestId"],
        "requestTime": context["requestTime"],
        "messageDirection": "IN",
        "stage": "dev",
        "connectedAt": begun["requestContext"]["connectedAt"],
        "requestTimeEpoch": context["requestTimeEpoch"],
        "identity": {"userAgent": "tests/1", "sourceIp": "127.0.0.1"},
        "requestId": context["requestId"],
        "domainName": host,
        "connectionId": connection_id,
        "apiId": "chat",
    }
    assert event == {
        "stageVariables": {"TABLE": "people"},
        "requestContext": {
            "routeKey": "$default",
            "messageId": context["messageId"],
            "eventType": "MESSAGE",
            **common,
        },
        "body": "hello",
        "isBase64Encoded": False,
    }
    assert begun["queryStringParameters"] == {"name": "ada", "x": "1"}
    assert begun["multiValueQueryStringParameters"] == {"name": ["eva", "ada"], "x": ["1"]}
    assert begun["headers"]["Host"] == host
    assert begun["multiValueHeaders"]["Sec-WebSocket-Version"] == ["13"]
    assert begun["headers"]["X-Forwarded-For"] == "127.0.0.1"
    assert "Upgrade" not in begun["headers"]
    assert (begun["requestContext"]["routeKey"], begun["requestContext"]["eventType"]) == (
        "$connect",
        "CONNECT",
    )
    assert begun["isBase64Encoded"] is False and "body" not in begun
    empty = {"x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    assert ended["headers"] == {"Host": host, **empty}
    assert ended["requestContext"]["routeKey"] == "$disconnect"
    assert ended["requestContext"]["disconnectStatusCode"] == 4000
    assert ended["requestContext"]["disconnectReason"] == "enough"


def test_by_its_name_below_localhost_and_from_a_web_page(project):
    host = f"chat.execute-api.us-east-1.localhost:{project.port}"
    page = "http://page.example"
    with connect(
        f"ws://{host}/dev", sock=_socket(project.port), origin=page, additional_headers={"Cookie": "a=1"}
    ) as client:
        connection_id = ask(client, "hello")["requestContext"]["connectionId"]
    begun = said(project, "CONNECT", connection_id)
    assert begun["headers"]["Origin"] == page
    assert begun["headers"]["Host"] == host


def _socket(port: int) -> Any:
    import socket

    return socket.create_connection(("127.0.0.1", port))


@pytest.mark.parametrize(
    ("message", "route"),
    [
        ({"action": "say it"}, "say it"),
        ({"action": "unknown"}, "$default"),
        ({"action": "$connect"}, "$default"),
        ({"action": "$disconnect"}, "$default"),
        ({"action": "$default"}, "$default"),
        ({"action": 5}, "$default"),
        ({}, "$default"),
        ("", "$default"),
        ("[1", "$default"),
    ],
)
def test_which_route_takes_a_message(project, message, route):
    with client_of(project) as client:
        event = ask(client, message)
    assert event["requestContext"]["routeKey"] == route
    assert event["body"] == (message if isinstance(message, str) else json.dumps(message))


def test_another_selection_expression_without_a_default_route(project):
    with client_of(project, "plain/prod") as client:
        event = ask(client, {"kind": "echo"})
        assert event["requestContext"]["routeKey"] == "echo"
        assert "stageVariables" not in event
        told = ask(client, {"action": "echo"})
        assert told["message"] == "Forbidden"
        assert told["connectionId"] == event["requestContext"]["connectionId"]
        assert told["requestId"]
        assert ask(client, "no JSON")["message"] == "Forbidden"


def test_what_a_client_says_is_neither_a_line_of_the_log_nor_a_command_to_a_terminal(project):
    with client_of(project, "plain/prod") as client:
        assert ask(client, {"kind": "\x1b[2J\nforged"})["message"] == "Forbidden"
        assert ask(client, {"kind": "long" * 1000})["message"] == "Forbidden"
    selected = wait_until(lambda: re.findall(r"selects (.*long.*)", project.log_text()), "its line")
    assert selected == [f"'{'long' * 20}'…"]
    assert r"selects '\x1b[2J\nforged'" in project.log_text()


# Answers to messages


@pytest.mark.parametrize(
    ("result", "sent"),
    [
        ({"statusCode": 200, "body": "hello"}, "hello"),
        ({"statusCode": 500, "body": "a status is nobody's to see"}, "a status is nobody's to see"),
        ({"statusCode": 200, "body": "w6Q=", "isBase64Encoded": True}, "ä"),
        ({"statusCode": 200, "body": "//4=", "isBase64Encoded": True}, b"\xff\xfe"),
        ({"statusCode": 200, "body": "x" * 100_000}, "x" * 100_000),
    ],
    ids=["a text", "a bad status", "base64 of a text", "base64 of bytes", "more than a frame takes"],
)
def test_an_answer_goes_back_where_the_route_has_one(project, result, sent):
    with client_of(project) as client:
        client.send(
            [
                json.dumps({"action": "answer", "result": result})[at : at + 30_000]
                for at in range(0, 100_200, 30_000)
            ]
            if len(json.dumps(result)) > 30_000
            else json.dumps({"action": "answer", "result": result})
        )
        assert client.recv(30) == sent


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"action": "broken"}, "Internal server error"),
        ({"action": "none"}, "Internal server error"),
        ({"action": "answer", "result": "nonsense"}, "Internal server error"),
        ({"action": "answer", "result": {"body": "no status"}}, "Internal server error"),
        ({"action": "answer", "bytes": 128 * 1024 + 1}, "Internal server error"),
    ],
    ids=[
        "the function fails",
        "it is throttled",
        "its answer is no object",
        "its answer has no status",
        "its answer is longer than a message",
    ],
)
def test_a_message_that_came_to_nothing_is_told_so(project, message, told):
    with client_of(project) as client:
        connection_id = ask(client, "hello")["requestContext"]["connectionId"]
        answer = ask(client, message)
        assert answer == {"message": told, "connectionId": connection_id, "requestId": answer["requestId"]}


def test_an_answer_may_be_as_long_as_a_message(project):
    with client_of(project) as client:
        client.send(json.dumps({"action": "answer", "bytes": 128 * 1024}))
        assert client.recv(30) == "x" * 128 * 1024


def test_without_an_answer_nothing_comes_back(project):
    with client_of(project) as client:
        client.send(json.dumps({"action": "silent"}))
        assert ask(client, "hello")["body"] == "hello"


def test_who_waits_too_long_is_told_and_messages_do_not_wait_for_each_other(project):
    with client_of(project, "plain/prod") as client:
        client.send(json.dumps({"kind": "slow"}))
        assert ask(client, {"kind": "echo"})["requestContext"]["routeKey"] == "echo"
        assert json.loads(client.recv(30))["message"] == "Endpoint request timed out"
    project.write("src/release", "")
    wait_until(lambda: project.log_text().count("waited 1s for slow") == 1, "the log says so")


# Who is let in


@pytest.mark.parametrize(
    ("place", "status", "body"),
    [
        ("chat/dev?status=403&body=not+you", 403, b"not you"),
        ("chat/dev?status=302", 302, b""),
        ("chat/dev?raise=1", 502, b'"Internal server error"'),
        ("chat/dev?nonsense=1", 502, b'"Internal server error"'),
        ("chat/other", 403, b'"Forbidden"'),
        ("chat/dev/further", 403, b'"Forbidden"'),
        ("chat", 403, b'"Forbidden"'),
        ("nobody/dev", 404, b"known: chat, plain, guarded"),
        ("guarded/dev", 401, b'"Unauthorized"'),
        ("guarded/dev?token=nobody", 401, b'"Unauthorized"'),
        ("guarded/dev?token=Deny", 403, b"with an explicit deny"),
    ],
)
def test_who_is_not_let_in_gets_a_status(project, place, status, body):
    with pytest.raises(InvalidStatus) as refused, client_of(project, place):
        pass
    assert refused.value.response.status_code == status
    assert body in refused.value.response.body


def test_a_plain_request_is_told_to_upgrade(project):
    answer = urllib3.request("GET", f"http://127.0.0.1:{project.port}/_api/chat/dev")
    assert (answer.status, answer.headers["Upgrade"]) == (426, "websocket")


def test_a_subprotocol_is_the_function_s_choice(project):
    with client_of(project, subprotocols=["v1", "v2"]) as client:
        assert client.subprotocol == "v2"


def test_an_authorizer_s_words_are_in_every_event(project):
    with client_of(project, "guarded/dev?token=Allow") as client:
        event = ask(client, "hello")
    given = event["requestContext"]["authorizer"]
    assert given == {"principalId": "eva", "integrationLatency": given["integrationLatency"], "number": "5"}
    asked = said(project, "AUTH", '"token": "Allow"')
    assert asked["type"] == "REQUEST"
    assert asked["methodArn"] == "arn:aws:execute-api:us-east-1:000000000000:guarded/dev/$connect"
    assert asked["requestContext"]["connectionId"] == event["requestContext"]["connectionId"]
    assert asked["headers"]["Upgrade"] == "websocket"
    assert asked["queryStringParameters"] == {"token": "Allow"}


# What functions ask of connections


def test_a_function_sends_to_its_client_and_others_asks_and_closes(project):
    with client_of(project) as one, client_of(project, user_agent_header="tests/2") as other:
        own = ask(one, "hello")["requestContext"]["connectionId"]
        its = ask(other, "hello")["requestContext"]["connectionId"]
        one.send(json.dumps({"action": "manage", "do": "send", "to": its, "data": "ä from the other"}))
        assert (one.recv(30), other.recv(30)) == ("done", "ä from the other")
        status = ask(one, {"action": "manage", "do": "get", "to": its})
        assert status["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "tests/2"}
        assert status["ConnectedAt"] < status["LastActiveAt"]
        one.send(json.dumps({"action": "manage", "do": "close", "to": its}))
        assert one.recv(30) == "done"
        with pytest.raises(ConnectionClosed) as closed:
            other.recv(30)
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "Connection Closed Normally")
        one.send(json.dumps({"action": "manage", "do": "send", "to": its, "data": "too late"}))
        assert one.recv(30) == "gone"
        one.send(json.dumps({"action": "manage", "do": "send", "to": own, "data": "x" * 32_000}))
        assert {one.recv(30), one.recv(30)} == {"done", "x" * 32_000}
    ended = said(project, "DISCONNECT", its)["requestContext"]
    assert (ended["disconnectStatusCode"], ended["disconnectReason"]) == (1000, "Connection Closed Normally")


_managers: list[Any] = []


@pytest.fixture(autouse=True)
def closed_managers() -> Iterator[None]:
    yield
    while _managers:
        _managers.pop().close()


def management(endpoint: str, key: str = "test", secret: str = "test") -> Any:
    made = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )
    _managers.append(made)
    return made


@pytest.mark.parametrize("place", ["/_api/chat/dev", ""])
def test_the_management_endpoint_for_boto3(project, place):
    manager = management(f"http://127.0.0.1:{project.port}{place}")
    with client_of(project) as client:
        connection_id = ask(client, "hello")["requestContext"]["connectionId"]
        manager.post_to_connection(ConnectionId=connection_id, Data=b"hello")
        assert client.recv(30) == "hello"
        manager.post_to_connection(ConnectionId=connection_id, Data="ä" * 65_536)
        assert client.recv(30) == "ä" * 65_536
        with pytest.raises(manager.exceptions.PayloadTooLargeException):
            manager.post_to_connection(ConnectionId=connection_id, Data=b"x" * 131_073)
        status = manager.get_connection(ConnectionId=connection_id)
        assert status["ConnectedAt"] <= status["LastActiveAt"]
        manager.delete_connection(ConnectionId=connection_id)
        with pytest.raises(ConnectionClosed):
            client.recv(30)
    with pytest.raises(manager.exceptions.GoneException):
        manager.get_connection(ConnectionId=connection_id)
    with pytest.raises(ClientError, match="Invalid connectionId: nobody"):
        manager.get_connection(ConnectionId="nobody")


def test_a_connection_is_gone_to_another_api(project):
    with client_of(project) as client:
        connection_id = ask(client, "hello")["requestContext"]["connectionId"]
        manager = management(f"http://127.0.0.1:{project.port}/_api/plain/prod")
        with pytest.raises(manager.exceptions.GoneException):
            manager.get_connection(ConnectionId=connection_id)


@pytest.mark.parametrize("place", ["/_api/chat/dev", ""])
def test_who_does_not_sign_speaks_to_no_connection(project, place):
    with client_of(project) as client:
        connection_id = ask(client, "hello")["requestContext"]["connectionId"]
        url = f"http://127.0.0.1:{project.port}{place}/@connections/{connection_id}"
        answer = urllib3.request("POST", url, body=b"hello")
        assert answer.status == 403
        assert answer.json()["message"] == "Missing Authentication Token"
        scope = "test/20261121/us-east-1/execute-api/aws4_request"
        signed = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
            "X-Amz-Date": "20261121T000000Z",
        }
        assert urllib3.request("POST", url, body=b"signed", headers=signed).status == 200
        assert client.recv(30) == "signed"
        page = {**signed, "Origin": "http://page.example"}
        assert urllib3.request("POST", url, body=b"by a page", headers=page).status == 403


RULES = """
auth: true
keys: keys.yaml
identities: {reader: [AWSLambda_ReadOnlyAccess]}
roles:
  mute: {policies: [AWSLambdaBasicExecutionRole]}
"""
MUTE = """\
  mute:
    handler: app.manage
    role: arn:aws:iam::000000000000:role/mute
    websocket: {route: mute, api: chat, answer: true}
"""
KEYS = """
AKIAADMIN: {secret: of-admin, account: "000000000000"}
AKIAREADER: {secret: of-reader, arn: "arn:aws:iam::000000000000:user/reader"}
"""


def test_with_auth_the_signature_and_the_right_are_checked(tmp_path):
    with opened(tmp_path) as project:
        project.write("keys.yaml", KEYS)
        project.write("src/app.py", CODE)
        project.write("lam.yaml", LAM_YAML + MUTE + RULES)
        project.start()
        place = f"http://127.0.0.1:{project.port}"
        with client_of(project) as client:
            connection_id = ask(client, "hello")["requestContext"]["connectionId"]
            management(place, "AKIAADMIN", "of-admin").post_to_connection(
                ConnectionId=connection_id, Data=b"hello"
            )
            assert client.recv(30) == "hello"
            # By its own session, whose role nothing is told of.
            client.send(json.dumps({"action": "manage", "do": "send", "data": "from within"}))
            assert {client.recv(30), client.recv(30)} == {"from within", "done"}
            for key, secret, told in (
                ("AKIAADMIN", "wrong", "SignatureDoesNotMatch|InvalidSignature"),
                ("AKIANOBODY", "of-nobody", "security token included in the request is invalid"),
                ("AKIAREADER", "of-reader", "not authorized to perform: execute-api:ManageConnections"),
            ):
                for where in ("", "/_api/chat/dev"):
                    manager = management(f"{place}{where}", key, secret)
                    with pytest.raises(ClientError, match=told):
                        manager.post_to_connection(ConnectionId=connection_id, Data=b"hello")
            client.send(json.dumps({"action": "mute", "do": "send", "data": "from within"}))
            assert json.loads(client.recv(30))["message"] == "Internal server error"
        wait_until(
            lambda: any(
                f"chat/dev/POST/@connections/{connection_id}" in line for line in project.log_messages()
            ),
            "the function was told which right it lacks",
        )


# Limits, and the end


def test_the_clock_ends_a_silent_connection_after_ten_minutes(project):
    with client_of(project) as client:
        connection_id = ask(client, "hello")["requestContext"]["connectionId"]
        project.lam("clock", "advance", "11m")
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(30)
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "Going away")
    ended = said(project, "DISCONNECT", connection_id)["requestContext"]
    assert (ended["disconnectStatusCode"], ended["disconnectReason"]) == (1001, "Going away")


def test_a_connection_that_speaks_lasts_two_hours(project):
    with client_of(project) as client:
        connection_id = ask(client, "hello")["requestContext"]["connectionId"]
        for _ in range(13):
            project.lam("clock", "advance", "9m")
            assert ask(client, "hello")["requestContext"]["connectionId"] == connection_id
        project.lam("clock", "advance", "9m")
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(30)
        assert closed.value.rcvd.code == 1001


def test_the_routes_are_shown(project):
    chat = next(api for api in project.status()["apis"] if api["name"] == "chat")
    assert chat["kind"] == "websocket"
    assert chat["url"] == f"ws://chat.execute-api.us-east-1.localhost:{project.port}/dev"
    assert {route["route"]: route["url"] for route in chat["routes"]}["$connect"] == (
        f"ws://127.0.0.1:{project.port}/_api/chat/dev"
    )


def test_the_log_has_a_line_for_each_connection_and_message(project):
    with pytest.raises(InvalidStatus), client_of(project, "chat/dev?status=418"):
        pass
    with client_of(project, "chat/dev?line=1") as client:
        ask(client, "hello")
    for line in ("GET /dev?status=418 418 ", "GET /dev?line=1 101 ", "MESSAGE $default answered "):
        wait_until(lambda line=line: line in project.log_text(), line)


def test_what_runs_when_the_service_stops_still_answers(tmp_path):
    with opened(tmp_path) as project:
        project.write("src/app.py", CODE)
        project.write(
            "lam.yaml",
            LAM_YAML.replace("{route: slow, api: plain}", "{route: slow, api: chat, answer: true}"),
        )
        project.start()
        with client_of(project) as client, client_of(project) as other:
            client.send(json.dumps({"action": "slow"}))
            wait_until(lambda: "waiting\n" in project.log_messages(), "the function runs")
            os.kill(project.service_pid, signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as closed:
                other.recv(30)
            assert closed.value.rcvd.code == 1001
            project.write("src/release", "")
            assert client.recv(30) == "slow"
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(30)
            assert closed.value.rcvd.code == 1001
        project.assert_all_gone()
        ends = [line for line in project.log_messages() if line.startswith("DISCONNECT ")]
        assert len(ends) == 2


def test_who_cuts_the_service_still_says_so(tmp_path):
    with opened(tmp_path) as project:
        project.write("src/app.py", CODE)
        project.write("lam.yaml", LAM_YAML)
        project.start()
        with client_of(project) as client:
            ask(client, "hello")
            project.lam("stop", "--now")
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(30)
            assert closed.value.rcvd.code == 1001


def test_another_host_s_name_opens_no_connection(project):
    place = "ws://page.example/_api/chat/dev"
    with pytest.raises(InvalidStatus) as refused, connect(place, sock=_socket(project.port)):
        pass
    assert refused.value.response.status_code == 403
    assert b"not this machine's loopback" in refused.value.response.body


def test_an_api_that_is_gone_closes_its_connections(tmp_path):
    with opened(tmp_path) as project:
        project.function(
            "chat", "def handler(event, context):\n    return {'statusCode': 200}\n", "websocket: $default"
        )
        project.start()
        with client_of(project, "websocket/dev") as client:
            yaml = project.folder / "lam.yaml"
            yaml.write_text(yaml.read_text().replace("    websocket: $default\n", ""))
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(30)
            assert closed.value.rcvd.code == 1001


CROWD_CODE = """\
def handler(event, context):
    kind = event["requestContext"]["eventType"]
    if kind == "DISCONNECT":
        print("GONE", event["requestContext"]["disconnectStatusCode"])
    return {"statusCode": 200, "body": event.get("body", "")}
"""


def test_a_crowd_echoes_through_functions_and_hears_of_the_end(tmp_path):
    number = 1_000
    with _many_files(2 * number), opened(tmp_path) as project:
        project.function(
            "chat", CROWD_CODE, "websocket: [$connect, $disconnect, {route: $default, answer: true}]"
        )
        project.start()
        ends = asyncio.run(crowd(project, number))
        assert ends == {1001: number}
        project.assert_all_gone()
        assert project.log_messages().count("GONE 1001\n") == number


@contextmanager
def _many_files(wanted: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"a process may open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def crowd(project: Project, number: int) -> Counter[int]:
    """Each is connected, echoes, and is told when the service stops: the codes that they heard."""
    url = f"ws://127.0.0.1:{project.port}/_api/websocket/dev"
    turn = asyncio.Semaphore(50)

    async def enter() -> AsyncConnection:
        async with turn:
            return await everybody.enter_async_context(connect_async(url, compression=None, open_timeout=60))

    async def echo(client: AsyncConnection, text: str) -> None:
        async with turn:
            await client.send(text)
            assert await client.recv() == text

    async def end(client: AsyncConnection) -> int:
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        return closed.value.rcvd.code

    async with asyncio.timeout(60), AsyncExitStack() as everybody:
        clients = await asyncio.gather(*(enter() for _ in range(number)))
        await asyncio.gather(*(echo(client, f"hello {at}") for at, client in enumerate(clients)))
        os.kill(project.service_pid, signal.SIGTERM)
        return Counter(await asyncio.gather(*map(end, clients)))
