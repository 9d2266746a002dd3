"""Requests of any kind, many, to a running service: it refuses by name, lives, and keeps its state.

`make fuzz` sends many more than a run of all tests does."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.parsers import create_parser
from house import PYTHON_RUNTIME, Project, opened, wait_until
from hypothesis import HealthCheck, Phase, given, settings, strategies

from lambdacli.model import errors
from tests.requests_of_any_kind import (
    ACCOUNT,
    MODEL,
    SIGNED,
    Call,
    Garbage,
    Memory,
    Wire,
    anything,
    package,
    settled,
    wire_of,
)

pytestmark = [pytest.mark.real, pytest.mark.slow]

REQUESTS = int(os.environ.get("LAM_FUZZ_REQUESTS", "400"))
AT_ONCE = 4
"""Requests that are on their way together."""

RESTOCKED_EVERY = 50
"""Rounds after which the functions that requests are likely to name are made again, if they were deleted."""

SERVICE = botocore.session.get_session().get_service_model("lambda")
ERROR_NAMES = {name for name, kind in vars(errors).items() if isinstance(kind, type)} | {
    "InvalidRequestException"
}


class Sender:
    """Sends what was drawn, judges each answer, and keeps what was wrong with it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.memory = Memory()
        self.wrong: list[str] = []
        self.answers: Counter[str] = Counter()
        self._own = threading.local()
        self._connections: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    def send(self, drawn: Call | Wire | Garbage) -> None:
        if isinstance(drawn, Garbage):
            self._send_garbage(drawn)
            return
        if isinstance(drawn, Call):
            drawn = settled(drawn, self.memory)
        wire = wire_of(drawn) if isinstance(drawn, Call) else drawn
        status, headers, body = self._exchange(wire)
        complaint = self._complaint(wire, status, headers, body)
        if isinstance(drawn, Call) and status < 300:
            complaint = complaint or self._unreadable(drawn, status, headers, body)
            self.answers[f"{drawn.operation.name} was done"] += 1
            self.memory.succeeded(drawn)
        if complaint:
            self.wrong.append(f"{complaint}\n  {wire!r}\n  {status} {headers} {body[:500]!r}")

    def _exchange(self, wire: Wire) -> tuple[int, dict[str, str], bytes]:
        connection = self._connection()
        connection.putrequest(wire.method, wire.target)
        told = {**wire.headers, "Authorization": SIGNED, "Content-Length": str(len(wire.body))}
        for name, value in told.items():
            connection.putheader(name, re.sub(r"[\x00-\x1f\x7f]", " ", value).encode("utf-8"))
        connection.endheaders(wire.body)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return response.status, found, response.read()

    def _connection(self) -> http.client.HTTPConnection:
        """This thread's own; it opens itself again after an answer that closed it."""
        found: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if found is None:
            found = self._own.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            self._connections.append(found)
        return found

    def _complaint(self, wire: Wire, status: int, headers: dict[str, str], body: bytes) -> str:
        error = headers.get("x-amzn-errortype", "")
        self.answers[f"{status} {error}"] += 1
        if status >= 500 and (status, error) != (501, "NotBuiltException"):
            return "a failure of the service"
        if status < 400 or wire.method == "HEAD":
            return ""
        if error not in ERROR_NAMES:
            return "an error without a name of ours"
        told = json.loads(body)
        if not {"message", "Message"} & told.keys():
            return "an error without a message"
        return ""

    def _unreadable(self, call: Call, status: int, headers: dict[str, str], body: bytes) -> str:
        output = SERVICE.operation_model(call.operation.name).output_shape
        if output is None or any(
            member.shape.is_event_stream for member in call.operation.output.members.values()
        ):
            return ""
        answer = {"status_code": status, "headers": headers, "body": body}
        try:
            create_parser("rest-json").parse(answer, output)
        except Exception as error:
            return f"botocore cannot read it: {error!r}"
        if (
            body
            and headers.get("content-type") == "application/json"
            and call.operation.output.payload is None
        ):
            self.memory.learn(json.loads(body))
        return ""

    def _send_garbage(self, garbage: Garbage) -> None:
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), 60) as connection:
            try:
                connection.sendall(garbage.data)
                connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65536):
                    answer += piece
            except (ConnectionResetError, BrokenPipeError):
                pass  # it had heard enough
        for status, rest in re.findall(rb"HTTP/1\.[01] (5\d\d)(.{0,300})", answer, re.DOTALL):
            # 501 and 505: what HTTP itself has for methods, codings and versions that a server does not know.
            if status not in (b"501", b"505"):
                self.wrong.append(f"a failure of the service\n  {garbage!r}\n  {status!r} {rest!r}")
        self.answers["garbage"] += 1


@pytest.fixture
def project(tmp_path):
    with opened(tmp_path) as project:
        project.function("project-function", "def handler(event, context):\n    return event\n")
        project.start()
        yield project


def client_of(project: Project) -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=project.record["endpoint"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
    )


FUNCTION: dict[str, Any] = {
    "Runtime": PYTHON_RUNTIME,
    "Handler": "app.handler",
    "Role": f"arn:aws:iam::{ACCOUNT}:role/role",
    "Code": {"ZipFile": package()},
}


LESSONS = {
    "CreateFunction": {"FunctionName": "one", **FUNCTION},
    "UpdateFunctionCode": {"FunctionName": "one", **FUNCTION["Code"]},
}
"""Calls that would hardly be drawn by chance; they are repeated, with changes, from the beginning."""


def restock(client: Any) -> None:
    for name in ("one", "two"):
        try:
            client.create_function(FunctionName=name, **FUNCTION)
        except client.exceptions.ResourceConflictException:
            continue


def settled_state(client: Any) -> dict[str, Any]:
    """What the service holds as soon as nothing of it changes any more by itself."""
    states = [state_of(client)]

    def is_settled() -> bool:
        states.append(state_of(client))
        return states[-1] == states[-2]

    wait_until(is_settled, "the state settles")
    return states[-1]


def state_of(client: Any) -> dict[str, Any]:
    """All that can be asked for with nothing, and about each function with its name alone."""
    functions = {}
    for page in client.get_paginator("list_functions").paginate():
        for listed in page["Functions"]:
            name = listed["FunctionName"]
            assert name not in functions, f"{name} is listed twice"
            functions[name] = readings(client, FunctionName=name)
            assert (
                functions[name]["GetFunctionConfiguration"] == functions[name]["GetFunction"]["Configuration"]
            )
    return {"functions": functions, "all": readings(client)}


def readings(client: Any, **members: str) -> dict[str, Any]:
    """Every Get and List that wants just these members."""
    found = {}
    for operation in MODEL.operations.values():
        required = operation.input.required if operation.input else frozenset()
        if operation.method != "GET" or required != members.keys():
            continue
        try:
            answer = client._make_api_call(operation.name, members)
        except client.exceptions.ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            assert status < 500 or error.response["Error"]["Code"] == "NotBuiltException", error
            found[operation.name] = error.response["Error"]
        else:
            found[operation.name] = plain(answer)
    return found


def plain(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what is new in every answer: a place to load code from may be signed, for a while."""
    kept = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    if isinstance(kept.get("Code"), dict):
        kept["Code"] = {name: value for name, value in kept["Code"].items() if name != "Location"}
    return kept


def wherever_served(state: dict[str, Any], port: int) -> dict[str, Any]:
    """Function URLs name the port of the service, which is another one after a restart."""
    return json.loads(json.dumps(state, default=str).replace(f":{port}/", ":PORT/"))


def test_any_request_is_answered_and_the_state_outlives_them(project):
    pid = project.service_pid
    client = client_of(project)
    sender = Sender(project.port)
    for operation, members in LESSONS.items():
        sender.memory.succeeded(Call(MODEL.operations[operation], members))
    rounds = Counter()

    with ThreadPoolExecutor(AT_ONCE) as senders:

        @settings(
            max_examples=-(-REQUESTS // AT_ONCE),
            phases=[Phase.generate],
            derandomize=REQUESTS < 1000,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(strategies.lists(anything(), min_size=AT_ONCE, max_size=AT_ONCE))
        def send(drawn):
            if rounds["sent"] % RESTOCKED_EVERY == 0:
                restock(client)
            rounds["sent"] += 1
            if len(sender.wrong) < 10:
                list(senders.map(sender.send, drawn))

        send()

    sender.close()
    assert not sender.wrong, "\n".join(sender.wrong)
    assert project.service_pid == pid
    print(*(f"{count:6} {answer}" for answer, count in sender.answers.most_common()), sep="\n")
    restock(client)
    before = wherever_served(settled_state(client), project.port)
    client.close()
    assert {"one", "two", "project-function"} <= before["functions"].keys()

    project.lam("stop", "--now")
    project.start()

    client = client_of(project)
    assert wherever_served(settled_state(client), project.port) == before
    client.invoke(FunctionName="project-function")
    client.close()
