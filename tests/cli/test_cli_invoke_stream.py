"""`lam invoke --stream`: what is asked for, and what of the stream goes where."""

from __future__ import annotations

import base64
import json

import pytest
from fake_service import Scripted

from lambdacli.client.event_stream import messages
from lambdacli.client.http import AnswerLost
from lambdacli.wire import eventstream

pytestmark = pytest.mark.real

PATH = "/2021-11-15/functions/demo/response-streaming-invocations"
LOG = "START RequestId: r-1 Version: $LATEST\nEND RequestId: r-1\n"
ERROR = {"errorType": "ValueError", "errorMessage": "late"}


def piece(data: bytes) -> bytes:
    return b"".join(eventstream.event("PayloadChunk", "application/octet-stream", (data,)))


def complete(**told: str) -> bytes:
    return b"".join(eventstream.event("InvokeComplete", "application/json", (json.dumps(told).encode(),)))


def streamed(service, *frames: bytes) -> None:
    service.function("demo")
    headers = {"Content-Type": eventstream.CONTENT_TYPE, "X-Amz-Executed-Version": "$LATEST"}
    service.answers["POST", PATH] = Scripted(200, frames, headers)


def test_the_answer_goes_to_stdout_and_the_log_to_stderr(lam, service):
    streamed(
        service, piece(b"one,"), piece(b"two"), complete(LogResult=base64.b64encode(LOG.encode()).decode())
    )
    result = lam("invoke", "demo", "--stream", "--payload", '{"a": 1}')
    assert (result.exit_code, result.out, result.err) == (0, "one,two", LOG)
    (call,) = service.calls("/2021-11-15/")
    assert (call.target, call.body) == (PATH, b'{"a": 1}')
    assert call.headers["x-amz-log-type"] == "Tail"


def test_a_failure_in_mid_stream_exits_with_1_after_what_came(lam, service):
    streamed(service, piece(b"one,"), complete(ErrorCode="ValueError", ErrorDetails=json.dumps(ERROR)))
    result = lam("invoke", "demo", "--stream")
    assert (result.exit_code, result.out) == (1, "one,")
    assert result.err == "error: the function failed: ValueError: late\n"
    assert lam("invoke", "demo", "--stream", "--exit-zero").exit_code == 0


def test_with_a_file_the_stream_goes_there_and_aws_json_to_stdout(lam, service, project):
    streamed(service, piece(b"one,"), piece(b"two"), complete())
    result = lam("invoke", "demo", "--stream", "--payload", "{}", "out.txt")
    assert (project / "out.txt").read_bytes() == b"one,two"
    assert result.out == '{\n    "StatusCode": 200,\n    "ExecutedVersion": "$LATEST"\n}\n'


def test_a_stream_that_breaks_off_is_a_lost_answer(lam, service):
    streamed(service, piece(b"one,"))
    result = lam("invoke", "demo", "--stream")
    assert (result.exit_code, result.out) == (1, "one,")
    assert "the stream ended before the response was complete" in result.err
    assert "the call is not sent again" in result.err


def test_an_error_of_the_stream_is_told(lam, service):
    streamed(service, piece(b"one,"), b"".join(eventstream.error("ServiceException", "The service stops.")))
    result = lam("invoke", "demo", "--stream")
    assert result.exit_code == 1
    assert "ServiceException: The service stops." in result.err


def test_an_event_cannot_be_streamed(lam, service):
    result = lam("invoke", "demo", "--stream", "--invocation-type", "Event")
    assert result.exit_code == 2
    assert "an event has no answer that could be streamed" in result.err


# The encoding


@pytest.mark.parametrize("step", [1, 5, 10_000])
def test_messages_are_read_as_their_bytes_come(step):
    data = piece(b"one") + piece(bytes(5000)) + complete(ErrorCode="E")
    found = list(messages(data[at : at + step] for at in range(0, len(data), step)))
    assert [message.payload for message in found] == [b"one", bytes(5000), b'{"ErrorCode": "E"}']
    assert found[2].headers == {
        ":message-type": "event",
        ":event-type": "InvokeComplete",
        ":content-type": "application/json",
    }


@pytest.mark.parametrize(
    "data",
    [b"<html>no such thing</html>", piece(b"one")[:-1], piece(b"one")[:-1] + b"x"],
    ids=["another language", "cut", "damaged"],
)
def test_what_is_no_event_stream_is_a_lost_answer(data):
    with pytest.raises(AnswerLost):
        list(messages([data]))
