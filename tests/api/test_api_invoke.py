"""Invoke: what reaches the invoker or the queue, what comes back, what is refused before."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace

import pytest

from lambdacli.model.errors import TooManyRequestsException
from lambdacli.model.function import State
from lambdacli.model.outcome import InvokeAnswer, Outcome
from lambdacli.wire.http import Peer
from tests.api_house import ACCOUNT, REGION

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
IPV = "InvalidParameterValueException"
TOO_LARGE = "RequestEntityTooLargeException"
BAD_CONTENT = "InvalidRequestContentException"
PATH = "/2015-03-31/functions/hello/invocations"
NEW_TRACE = r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0"


@pytest.fixture
def hello(house):
    house.create("hello")
    return house


def last(house):
    return house.invoker.invocations[-1][1]


def test_answer_of_a_waiting_caller(hello):
    hello.invoker.answer = InvokeAnswer(
        Outcome(b'{"errorMessage":"no"}', "$LATEST", function_error="Unhandled"), log_tail=b"START\nEND\n"
    )
    answer = hello.client.invoke(FunctionName="hello", Payload=b'{"a": 1}', LogType="Tail")
    assert answer["StatusCode"] == 200
    assert answer["Payload"].read() == b'{"errorMessage":"no"}'
    assert answer["FunctionError"] == "Unhandled"
    assert answer["ExecutedVersion"] == "$LATEST"
    assert base64.b64decode(answer["LogResult"]) == b"START\nEND\n"
    function, invocation, want_log_tail = hello.invoker.invocations[0]
    assert (function.name, want_log_tail, invocation.payload) == ("hello", True, b'{"a": 1}')
    assert invocation.request_id == answer["ResponseMetadata"]["RequestId"]
    assert invocation.client_context is None


def test_success_has_no_error_and_no_log_that_was_not_asked_for(hello):
    answer = hello.client.invoke(FunctionName="hello")
    assert not {"FunctionError", "LogResult"} & answer.keys()
    assert hello.invoker.invocations[0][2] is False


def test_missing_payload_is_an_empty_object(hello):
    hello.client.invoke(FunctionName="hello")
    assert last(hello).payload == b"{}"


def test_payload_bytes_are_passed_on_untouched(hello):
    payload = b' {"b" : 1.0, "a": "\\u00e9"}\n'
    hello.client.invoke(FunctionName="hello", Payload=payload)
    assert last(hello).payload == payload


@pytest.mark.parametrize(
    ("request_", "arn"),
    [
        ({"FunctionName": "hello"}, f"{ARN}:hello"),
        ({"FunctionName": "hello", "Qualifier": "$LATEST"}, f"{ARN}:hello:$LATEST"),
        ({"FunctionName": f"{ARN}:hello:$LATEST"}, f"{ARN}:hello:$LATEST"),
    ],
)
def test_invoked_arn_is_qualified_as_the_caller_wrote_it(hello, request_, arn):
    hello.client.invoke(**request_)
    assert last(hello).invoked_arn == arn


def test_client_context_is_decoded_to_one_line_that_any_header_can_carry(hello):
    context = base64.b64encode('{\n  "custom": {"a": "日本"}\n}\n'.encode()).decode()
    hello.client.invoke(FunctionName="hello", ClientContext=context)
    assert last(hello).client_context == '{"custom":{"a":"\\u65e5\\u672c"}}'


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("???", "Client context must be a valid Base64-encoded JSON object."),
        (base64.b64encode(b"[]").decode(), "Client context must be a valid Base64-encoded JSON object."),
        (base64.b64encode(b"{").decode(), "Client context must be a valid Base64-encoded JSON object."),
        ("A" * 3584, "Client context must be at most 3583 bytes of base64."),
    ],
)
def test_unreadable_client_context_is_refused(hello, refused, given, message):
    assert refused("invoke", FunctionName="hello", ClientContext=given) == (BAD_CONTENT, 400, message)


def test_event_is_accepted_and_answered_with_nothing(hello):
    context = base64.b64encode(b"{}").decode()
    answer = hello.client.invoke(
        FunctionName="hello", InvocationType="Event", Payload=b"[1]", ClientContext=context
    )
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert "ExecutedVersion" not in answer
    [(function, invocation)] = hello.events.accepted
    assert (function.name, invocation.payload, invocation.client_context) == ("hello", b"[1]", None)
    assert invocation.request_id == answer["ResponseMetadata"]["RequestId"]
    assert hello.invoker.invocations == []


def test_an_event_belongs_to_the_qualifier_it_was_sent_to(hello):
    for qualifier in ({}, {"Qualifier": "$LATEST"}):
        hello.client.invoke(FunctionName="hello", InvocationType="Event", **qualifier)
    assert hello.events.qualifiers == [None, "$LATEST"]


def test_dry_run_runs_nothing(hello):
    answer = hello.client.invoke(FunctionName="hello", InvocationType="DryRun")
    assert (answer["StatusCode"], answer["Payload"].read()) == (204, b"")
    assert hello.invoker.invocations == hello.events.accepted == []


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"FunctionName": "nope"}, f"Function not found: {ARN}:nope:$LATEST"),
        ({"FunctionName": "nope:$LATEST"}, f"Function not found: {ARN}:nope:$LATEST"),
        ({"FunctionName": "hello", "Qualifier": "alias"}, f"Function not found: {ARN}:hello:alias"),
        ({"FunctionName": "hello", "Qualifier": "$latest"}, f"Function not found: {ARN}:hello:$latest"),
        ({"FunctionName": ARN}, f"Function not found: {ARN}:function:$LATEST"),
        (
            {"FunctionName": f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:hello"},
            f"Functions from 'eu-central-1' are not reachable in this region ('{REGION}')",
        ),
    ],
)
def test_function_that_is_not_found(hello, refused, request_, message):
    assert refused("invoke", **request_) == ("ResourceNotFoundException", 404, message)


def test_function_that_is_not_active_is_a_conflict(hello, refused):
    hello.functions.put(replace(hello.functions.list_all()[0], state=State.FAILED))
    assert refused("invoke", FunctionName="hello") == (
        "ResourceConflictException",
        409,
        "The operation cannot be performed at this time. The function is currently in the "
        "following state: Failed",
    )


SOURCE = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: {}]"
UNREADABLE = "Could not parse request body into json: Could not parse payload into json: "


@pytest.mark.parametrize("kind", ["RequestResponse", "Event", "DryRun"])
def test_payload_that_is_no_json_is_refused(hello, refused, kind):
    assert refused("invoke", FunctionName="hello", InvocationType=kind, Payload=b'"\x87"') == (
        BAD_CONTENT,
        400,
        f"{UNREADABLE}Invalid UTF-8 start byte 0x87\n at {SOURCE.format(3)}",
    )


@pytest.mark.parametrize("payload", [b'"\\ud800"', b"1e999", b"[" * 900 + b"]" * 900])
def test_payload_that_only_strict_parsers_refuse_is_taken(hello, payload):
    hello.client.invoke(FunctionName="hello", Payload=payload)
    assert last(hello).payload == payload


@pytest.mark.parametrize(
    "payload",
    [b"{", b"[1,]", b"01", b'{"a":1}}', b"'a'", b"NaN", b'"\x01"', b'"\xff"', b'{"a" 1}', b"nul", b'"\\x"'],
)
def test_what_is_no_json_never_reaches_the_function(hello, refused, payload):
    assert refused("invoke", FunctionName="hello", Payload=payload)[:2] == (BAD_CONTENT, 400)
    assert hello.invoker.invocations == []


SYNC_LIMIT = "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
EVENT_LIMIT = "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"


def text_of(size):
    return b'"' + b"a" * (size - 2) + b'"'


def test_payloads_up_to_the_limits_are_taken(hello):
    hello.client.invoke(FunctionName="hello", Payload=text_of(6_291_456))
    hello.client.invoke(FunctionName="hello", InvocationType="Event", Payload=text_of(1_048_576))
    assert len(hello.invoker.invocations) == len(hello.events.accepted) == 1


@pytest.mark.parametrize(
    ("kind", "size", "message"),
    [("RequestResponse", 6_291_457, SYNC_LIMIT), ("Event", 1_048_577, EVENT_LIMIT)],
)
def test_payload_over_the_limit_is_refused(hello, refused, kind, size, message):
    refusal = refused("invoke", FunctionName="hello", InvocationType=kind, Payload=text_of(size))
    assert refusal == (TOO_LARGE, 413, message)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, SYNC_LIMIT),
        (
            {"x-amz-invocation-type": "Event", "content-length": "99999999"},
            "99999999 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
        ),
    ],
)
def test_body_that_the_door_threw_away_is_refused(hello, headers, message):
    response = hello.send("POST", PATH, headers=headers, is_body_too_large=True)
    assert response.status == 413
    assert json.loads(response.body)["message"] == message


@pytest.mark.parametrize("given", [{"TenantId": "t"}, {"DurableExecutionName": "d"}])
def test_what_no_function_here_can_do_is_refused(hello, refused, given):
    assert refused("invoke", FunctionName="hello", **given)[:2] == (IPV, 400)


def test_throttle_of_the_engine_reaches_the_caller(hello):
    hello.invoker.answer = TooManyRequestsException(
        "Rate Exceeded.", Reason="ReservedFunctionConcurrentInvocationLimitExceeded"
    )
    with pytest.raises(hello.client.exceptions.TooManyRequestsException) as caught:
        hello.client.invoke(FunctionName="hello")
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert caught.value.response["Error"]["Message"] == "Rate Exceeded."


# Headers


@pytest.mark.parametrize(
    ("given", "passed_on", "shown"),
    [
        (None, NEW_TRACE, r"root=1-[0-9a-f]{8}-[0-9a-f]{24};sampled=0"),
        ("Root=1-a-b;Parent=c;Sampled=1", "Root=1-a-b;Parent=c;Sampled=1", "root=1-a-b;sampled=1"),
        ("Root=1-a-b", "Root=1-a-b", "root=1-a-b;sampled=0"),
        ("Root=1-a-b;Lineage=2:0a1b2c3d:1", "Root=1-a-b;Lineage=2:0a1b2c3d:1", "root=1-a-b;sampled=0"),
        ("Lineage=x;sampled=1;Root=1-a-b;A=b", "Root=1-a-b;Sampled=1;A=b", "root=1-a-b;sampled=1"),
        ("Sampled=1", r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Sampled=1", r"root=1-[0-9a-f-]+;sampled=1"),
    ],
)
def test_trace_id_is_passed_on_or_made(hello, given, passed_on, shown):
    headers = {"x-amzn-trace-id": given} if given else {}
    response = hello.send("POST", PATH, headers=headers)
    assert re.fullmatch(passed_on, last(hello).trace_id)
    assert re.fullmatch(shown, response.headers["X-Amzn-Trace-Id"])


@pytest.mark.parametrize(
    ("is_unix", "expected"), [(True, "one two | ends with ?"), (False, None)], ids=["socket", "TCP"]
)
def test_notices_go_to_the_socket_only(hello, is_unix, expected):
    outcome = Outcome(b"1", "$LATEST", notices=("one\n two", "ends with \u2713"))
    hello.invoker.answer = InvokeAnswer(outcome)
    response = hello.send("POST", PATH, peer=Peer(is_unix=is_unix))
    assert response.headers.get("X-Lam-Notice") == expected


@pytest.mark.parametrize(
    ("is_unix", "value", "is_cold"), [(True, "1", True), (True, "0", False), (False, "1", False)]
)
@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
def test_a_cold_start_can_be_forced_over_the_socket_only(hello, is_unix, value, is_cold, kind):
    headers = {"x-lam-cold": value, "x-amz-invocation-type": kind}
    hello.send("POST", PATH, headers=headers, peer=Peer(is_unix=is_unix))
    accepted = hello.events.accepted if kind == "Event" else hello.invoker.invocations
    assert accepted[-1][1].wants_cold is is_cold


# InvokeAsync


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_invoke_async_accepts_an_event(hello):
    answer = hello.client.invoke_async(FunctionName="hello", InvokeArgs=b'{"a":1}')
    assert answer["Status"] == 202
    assert hello.events.accepted[0][1].payload == b'{"a":1}'


def test_invoke_async_takes_over_no_trace_but_a_chain(hello):
    path = "/2014-11-13/functions/hello/invoke-async/"
    for given, kept in (("Root=1-a-b", ""), ("Root=1-a-b;Lineage=2:0a1b2c3d:1", ";Lineage=2:0a1b2c3d:1")):
        hello.send("POST", path, headers={"x-amzn-trace-id": given}, body=b"{}")
        assert re.fullmatch(NEW_TRACE + kept, hello.events.accepted[-1][1].trace_id)


def test_invoke_async_refuses_what_invoke_refuses(hello, refused):
    assert refused("invoke_async", FunctionName="nope", InvokeArgs=b"{}")[1] == 404
    assert refused("invoke_async", FunctionName="hello", InvokeArgs=b"{")[0] == BAD_CONTENT
    assert refused("invoke_async", FunctionName="hello", InvokeArgs=text_of(262_145))[:2] == (TOO_LARGE, 413)
