"""Every operation and every error of the model, through the real boto3 client, a socket and the API."""

from __future__ import annotations

import asyncio
import binascii
import http.client
import json
import struct
import threading
from types import SimpleNamespace

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from hypothesis import HealthCheck, given, settings

from lambdacli.api import dispatch
from lambdacli.api.dispatch import Api
from lambdacli.api.operations.context import new_id
from lambdacli.api.protocol import load_model
from lambdacli.model import errors
from lambdacli.wire.http import HttpServer
from tests.model_values import full

pytestmark = pytest.mark.real

MODEL = load_model()
INVENTED = settings(
    max_examples=4,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class Script:
    """Stands for every operation: keeps what it was asked, and answers or raises what it was told."""

    def __init__(self):
        self.asked = None
        self.answer = {}

    def function(self, context, request):
        self.asked = request
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Server:
    """The API behind its own HTTP server, on a loop in a thread."""

    def __init__(self, api):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.http = HttpServer(api.handle, max_body_bytes=10_000_000)
        self.port = self.run(self.http.listen_tcp("127.0.0.1", 0))

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def close(self):
        self.run(self.http.stop(0))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture(scope="module")
def script():
    return Script()


@pytest.fixture(scope="module")
def server(script):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatch, "function_of", lambda operation: script.function)
        api = Api(
            MODEL,
            lambda request: SimpleNamespace(http=request, request_id=new_id(), identity=None, other_names={}),
        )
        server = Server(api)
        yield server
        server.close()


@pytest.fixture(scope="module")
def client(server):
    client = boto3.client(
        "lambda",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{server.port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield client
    client.close()


def call(client, name, members):
    answer = getattr(client, xform_name(name))(**members)
    metadata = answer.pop("ResponseMetadata")
    return metadata["HTTPStatusCode"], answer


@pytest.mark.parametrize("name", MODEL.operations)
def test_what_the_client_sends_is_what_the_operation_is_asked(name, client, script):
    script.answer = {}

    @INVENTED
    @given(full(MODEL.operations[name].input))
    def send(members):
        script.asked = None
        answer = getattr(client, xform_name(name))(**members)
        for stream in (answer.get("Payload"), answer.get("EventStream")):
            if stream is not None:
                stream.close()
        assert script.asked == members

    send()


STREAMED = [
    name
    for name, operation in MODEL.operations.items()
    if operation.output and any(member.shape.is_event_stream for member in operation.output.members.values())
]


@pytest.mark.parametrize("name", [name for name in MODEL.operations if name not in STREAMED])
def test_what_the_operation_answers_is_what_the_client_sees(name, client, script, least_members):
    operation = MODEL.operations[name]
    if operation.output is None:
        script.answer = {}
        assert call(client, name, least_members(name)) == (operation.status, {})
        return

    @INVENTED
    @given(full(operation.output))
    def answer(members):
        script.answer = members
        status, seen = call(client, name, least_members(name))
        if hasattr(seen.get("Payload"), "read"):
            seen["Payload"] = seen["Payload"].read()
        assert seen == members
        in_line = [member for member in operation.output.members.values() if member.location == "statusCode"]
        assert status == (members[in_line[0].name] if in_line else operation.status)

    answer()


def test_streamed_events_are_what_the_client_sees(client, script, least_members):
    assert STREAMED == ["InvokeWithResponseStream"]
    script.answer = {
        "StatusCode": 200,
        "ExecutedVersion": "1",
        "EventStream": pieces(
            frame("PayloadChunk", b"one"),
            frame("PayloadChunk", b"two"),
            frame("InvokeComplete", b'{"ErrorCode": "E", "ErrorDetails": "why", "LogResult": "bG9n"}'),
        ),
    }
    _, answer = call(client, STREAMED[0], least_members(STREAMED[0]))
    assert list(answer.pop("EventStream")) == [
        {"PayloadChunk": {"Payload": b"one"}},
        {"PayloadChunk": {"Payload": b"two"}},
        {"InvokeComplete": {"ErrorCode": "E", "ErrorDetails": "why", "LogResult": "bG9n"}},
    ]
    assert answer.items() >= {"StatusCode": 200, "ExecutedVersion": "1"}.items()


async def pieces(*frames):
    for piece in frames:
        yield piece


def frame(kind, payload):
    """One message of AWS's event stream encoding."""
    headers = b""
    for name, value in {":message-type": "event", ":event-type": kind}.items():
        headers += (
            bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        )
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", binascii.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", binascii.crc32(message))


@pytest.fixture(scope="module")
def least_members():
    """The members that an operation wants at least."""
    found = {}

    def keep(name):
        if name not in found:
            shape = MODEL.operations[name].input

            @settings(INVENTED, max_examples=1)
            @given(full(shape))
            def draw(members):
                found[name] = {member: members[member] for member in shape.required}

            draw()
        return found[name]

    return keep


def error_of(code):
    further = {
        name: "17" if name == "retryAfterSeconds" else f"the {name}"
        for name in MODEL.errors[code].members
        if name not in ("Type", "message", "Message")
    }
    return getattr(errors, code)("what happened", **further)


@pytest.mark.parametrize("code", MODEL.errors)
def test_error_of_the_model_is_what_the_client_sees(code, client, script):
    script.answer = error_of(code)
    with pytest.raises(getattr(client.exceptions, code)) as caught:
        client.get_account_settings()
    response = caught.value.response
    status = MODEL.errors[code].status
    assert response["Error"] == {"Code": code, "Message": "what happened"}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    members = {name: response.get(name) for name in MODEL.errors[code].members}
    kind = "User" if status < 500 else "Service"
    told = {"Type": kind, "message": "what happened", "Message": "what happened"}
    assert members == {name: told.get(name, script.answer.members.get(name)) for name in members}


@pytest.mark.parametrize("code", MODEL.errors)
def test_error_of_the_model_spells_its_members_as_the_model_does(code, server, script):
    script.answer = error_of(code)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/2016-08-19/account-settings")
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    shape = MODEL.errors[code]
    in_body = {member.wire_name for member in shape.members.values() if member.location is None}
    assert body.keys() == in_body
    assert body[shape.message_member] == "what happened"
    assert response.headers["x-amzn-ErrorType"] == code


UNMODELLED = [kind for kind in errors.RequestError.__subclasses__() if kind.__name__ not in MODEL.errors]


@pytest.mark.parametrize("kind", UNMODELLED, ids=lambda kind: kind.__name__)
def test_error_outside_the_model_is_what_the_client_sees(kind, client, script):
    script.answer = kind("what happened")
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.get_account_settings()
    assert caught.value.response["Error"] == {"Code": kind.__name__, "Message": "what happened"}
