"""InvokeWithResponseStream: the messages of its stream, as boto3 reads them."""

from __future__ import annotations

import asyncio
import base64

import pytest
from botocore.exceptions import EventStreamError

from lambdacli.model.errors import ServiceException, TooManyRequestsException
from lambdacli.model.outcome import InvokeAnswer, Outcome
from lambdacli.wire.http import Peer, Request

PATH = "/2021-11-15/functions/hello/response-streaming-invocations"


@pytest.fixture
def hello(house):
    house.create("hello")
    return house


def events_of(hello, **more):
    answer = hello.client.invoke_with_response_stream(FunctionName="hello", **more)
    return answer, list(answer["EventStream"])


def chunk(payload):
    return {"PayloadChunk": {"Payload": payload}}


def test_pieces_and_then_the_end(hello):
    hello.invoker.pieces = (b"one", b"two")
    hello.invoker.answer = InvokeAnswer(Outcome(b"", "7"), log_tail=b"START\nEND\n")
    answer, events = events_of(hello, Payload=b'{"a": 1}', LogType="Tail")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "7")
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    log = base64.b64encode(b"START\nEND\n").decode()
    assert events == [chunk(b"onetwo"), {"InvokeComplete": {"LogResult": log}}]
    _, invocation, _ = hello.invoker.invocations[0]
    assert invocation.payload == b'{"a": 1}'
    assert invocation.request_id == answer["ResponseMetadata"]["RequestId"]
    assert "x-amzn-trace-id" in answer["ResponseMetadata"]["HTTPHeaders"]


@pytest.mark.parametrize("pieces", [(), (b"one",)], ids=["before the first byte", "in mid-stream"])
def test_a_function_error_is_told_in_the_end(hello, pieces):
    document = b'{"errorMessage":"no"}'
    hello.invoker.pieces = pieces
    hello.invoker.answer = InvokeAnswer(Outcome(document, "$LATEST", "Unhandled", "Mine"))
    _, events = events_of(hello)
    complete = {"InvokeComplete": {"ErrorCode": "Mine", "ErrorDetails": document.decode()}}
    assert events == [*map(chunk, pieces), complete]


def test_an_error_without_a_type_is_unhandled(hello):
    hello.invoker.answer = InvokeAnswer(Outcome(b"\xff", "$LATEST", "Unhandled"))
    _, events = events_of(hello)
    assert events == [{"InvokeComplete": {"ErrorCode": "Unhandled", "ErrorDetails": "\ufffd"}}]


def test_a_stream_that_the_service_breaks_off_is_an_error_of_the_stream(hello):
    hello.invoker.pieces = (b"one",)
    hello.invoker.breaks_off = ServiceException("The service is stopping.")
    answer = hello.client.invoke_with_response_stream(FunctionName="hello")
    stream = iter(answer["EventStream"])
    assert next(stream) == chunk(b"one")
    with pytest.raises(EventStreamError, match=r"ServiceException.*The service is stopping"):
        next(stream)


def test_a_throttle_comes_before_the_stream(hello, refused):
    hello.invoker.answer = TooManyRequestsException(
        "Rate Exceeded.", Reason="ConcurrentInvocationLimitExceeded"
    )
    code, status, _ = refused("invoke_with_response_stream", FunctionName="hello")
    assert (code, status) == ("TooManyRequestsException", 429)


def test_notices_are_for_the_command_line_only(hello):
    hello.invoker.answer = InvokeAnswer(Outcome(b"1", "$LATEST", notices=("look here",)))
    assert "X-Lam-Notice" not in hello.send("POST", PATH).headers
    assert hello.send("POST", PATH, peer=Peer(is_unix=True)).headers["X-Lam-Notice"] == "look here"


def test_a_response_that_nobody_reads_is_closed(hello):
    hello.invoker.pieces = (b"one",)

    async def story():
        request = Request("POST", PATH, "", {}, b"", Peer(is_unix=True))
        response = await hello.api.handle(request)
        await response.body.aclose()
        return [b"".join(parts) async for parts in response.body]

    # Nothing but the end is left, and what is told there.
    assert [b"InvokeComplete" in message for message in asyncio.run(story())] == [True]
