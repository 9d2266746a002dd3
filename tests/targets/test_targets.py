"""Targets through a real client, against servers that speak as the services do, and such as fail."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from datetime import UTC, datetime

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.credentials import Credentials
from lambdacli.model.delivery import Attribute, Message, Sender, TargetError
from lambdacli.model.errors import (
    InvalidRequestContentException,
    ResourceNotFoundException,
    ServiceException,
)
from lambdacli.targets import Targets
from lambdacli.targets.calls import Patience
from lambdacli.targets.clients import CALLS_AT_ONCE
from tests.aws_server import Behaviour, open_aws

pytestmark = pytest.mark.real

ACCOUNT, REGION = "000000000000", "eu-central-1"
FUNCTION = FunctionKey(ACCOUNT, REGION, "orders")
FUNCTION_ARN = f"{FUNCTION.arn}:$LATEST"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:failed"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/failed"
BUCKET = "arn:aws:s3:::failed"
ALL = [QUEUE, TOPIC, BUS, BUCKET]
TRACE = "Root=1-67f6cc3c-2501b4910e004349426d8006;Parent=73146ee07a1ed731;Sampled=0;Lineage=1:037bed70:0"
AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
BODY = '{"text":"größer"}'
QUICK = Patience(connect_seconds=0.2, read_seconds=0.2, answer_seconds=5)


def sender(key="ASIALAMORDERS", function=FUNCTION):
    return Sender(function, ROLE, Credentials(key, "secret", "token"))


def message(**changes):
    members = {
        "body": BODY.encode(),
        "request_id": "11111111-2222-4333-8444-555555555555",
        "function_arn": FUNCTION_ARN,
        "sent_at": AT,
        "trace_header": TRACE,
    }
    return Message(**members | changes)


@contextlib.contextmanager
def opened(endpoint_of, accept=None, patience=None):
    targets = Targets(endpoint_of, accept or no_functions, patience or Patience())
    try:
        yield targets
    finally:
        targets.close()


async def no_functions(*_):
    raise AssertionError("no function is a target here")


def send(arn, endpoint, what=None, patience=None, by=None):
    with opened(lambda service: endpoint, patience=patience) as targets:
        asyncio.run(targets.send(arn, what or message(), by or sender()))


def failure(arn, endpoint, what=None, patience=None) -> TargetError:
    with pytest.raises(TargetError) as caught:
        send(arn, endpoint, what, patience)
    return caught.value


@pytest.fixture
def server():
    with open_aws(Behaviour({"failed"})) as server:
        yield server


# What arrives


@pytest.mark.parametrize("arn", ALL)
def test_the_body_arrives_signed_by_the_functions_role_and_with_its_chain(server, arn):
    send(arn, server.address)
    (taken,) = server.taken
    assert taken.body == BODY
    assert "Credential=ASIALAMORDERS/" in taken.headers["authorization"]
    assert f"/{REGION}/{arn.split(':')[2]}/aws4_request" in taken.headers["authorization"]
    assert taken.headers["x-amz-security-token"] == "token"
    assert taken.headers["x-amzn-trace-id"] == TRACE


@pytest.mark.parametrize("arn", [QUEUE, TOPIC])
def test_attributes_arrive_with_their_types(server, arn):
    attributes = {"RequestID": Attribute("String", "r"), "ErrorCode": Attribute("Number", "200")}
    send(arn, server.address, message(attributes=attributes, trace_header=None))
    assert server.taken[0].attributes == {"RequestID": ("String", "r"), "ErrorCode": ("Number", "200")}
    assert "x-amzn-trace-id" not in server.taken[0].headers


def test_a_queue_keeps_the_chain_with_the_message(server):
    send(QUEUE, server.address)
    assert server.taken[0].attributes == {"AWSTraceHeader": ("String", TRACE)}


def test_a_bus_gets_an_event_of_lambda(server):
    send(BUS, server.address, message(is_success=True))
    assert server.taken[0].entry == {
        "Source": "lambda",
        "DetailType": "Lambda Function Invocation Result - Success",
        "Resources": [BUS, FUNCTION_ARN],
        "Detail": BODY,
        "Time": pytest.approx(AT.timestamp()),
        "EventBusName": "failed",
        "TraceHeader": TRACE,
    }


def test_another_accounts_bus_is_called_by_its_arn():
    other = BUS.replace(ACCOUNT, "1" * 12)
    with open_aws(Behaviour({other})) as server:
        send(other, server.address)
        assert server.taken[0].place == other


def test_a_bucket_gets_an_object_and_a_second_try_writes_the_same(server):
    send(BUCKET, server.address)
    send(BUCKET, server.address)
    first, second = (taken.place for taken in server.taken)
    assert first == second
    assert first.startswith("failed/aws/lambda/async/orders/2026/01/02/2026-01-02T03.04.05-")
    assert server.taken[0].headers["content-type"] == "application/json"


def test_functions_of_other_roles_share_a_client_and_not_their_keys(server):
    async def send_all(targets):
        await asyncio.gather(*(targets.send(QUEUE, message(), sender(f"KEY{n}")) for n in range(20)))

    with opened(lambda service: server.address) as targets:
        asyncio.run(send_all(targets))
    keys = {taken.headers["authorization"].split("Credential=")[1].split("/")[0] for taken in server.taken}
    assert keys == {f"KEY{n}" for n in range(20)}


def test_a_function_gets_the_event_without_http():
    accepted = []

    async def accept(*given):
        accepted.append(given)

    targets = Targets(lambda service: None, accept)
    for arn in (f"{FUNCTION.arn}", f"{FUNCTION.arn}:live"):
        asyncio.run(targets.send(arn, message(), sender()))
    assert accepted == [(FUNCTION, None, BODY.encode(), TRACE), (FUNCTION, "live", BODY.encode(), TRACE)]


# What fails


@pytest.mark.parametrize(
    ("refusal", "is_final"),
    [
        (ResourceNotFoundException("Function not found: x"), False),
        (ServiceException("The event was not accepted: the disk is full"), False),
        (InvalidRequestContentException("Could not parse request body into json"), True),
    ],
)
def test_a_function_that_does_not_accept_is_told(refusal, is_final):
    async def refuse(*_):
        raise refusal

    with pytest.raises(TargetError, match=f"{refusal.code}: {refusal.message}") as caught:
        asyncio.run(Targets(lambda service: None, refuse).send(FUNCTION.arn, message(), sender()))
    assert caught.value.is_final is is_final


def test_an_arn_of_no_function_is_refused_for_good():
    async def accept(*_):
        raise AssertionError("nobody is asked")

    with pytest.raises(TargetError) as caught:
        asyncio.run(Targets(lambda service: None, accept).send("arn:aws:lambda:x:1:y", message(), sender()))
    assert caught.value.is_final


@pytest.mark.parametrize("arn", ALL)
def test_a_target_that_was_deleted_is_told(server, arn):
    send(arn, server.address)
    server.behaviour.there.clear()
    error = failure(arn, server.address)
    assert f"{arn} is not there" in error.message
    assert "Create it again" in error.message
    assert not error.is_final


@pytest.mark.parametrize(
    ("arn", "right"),
    list(zip(ALL, ["sqs:SendMessage", "sns:Publish", "events:PutEvents", "s3:PutObject"], strict=True)),
)
def test_a_role_that_may_not_is_told_which_right_it_needs(server, arn, right):
    server.behaviour.denied.add("failed")
    error = failure(arn, server.address)
    assert error.message.startswith(f"{ROLE} may not send to {arn}")
    assert error.message.endswith(f"Allow it {right}")
    assert error.is_final


@pytest.mark.parametrize(("code", "is_final"), [("InternalFailure", False), ("MalformedDetail", True)])
def test_an_entry_that_a_bus_does_not_take_is_no_success(server, code, is_final):
    server.behaviour.entry_error = code
    error = failure(BUS, server.address)
    assert f"{code}: not this one" in error.message
    assert error.is_final is is_final


@pytest.mark.parametrize(
    ("status", "code", "is_final"),
    [
        (400, "InvalidParameterValue", True),
        (400, "InvalidMessageContents", True),
        (400, "MissingParameter", True),
        (413, "RequestEntityTooLarge", True),
        (400, "RequestThrottled", False),
        (400, "OverLimit", False),
        (400, "KMS.DisabledException", False),
        (400, "UnrecognizedClientException", False),
        (500, "InternalError", False),
        (503, "ServiceUnavailable", False),
    ],
)
def test_a_refusal_is_final_if_the_same_message_can_never_be_taken(server, status, code, is_final):
    server.behaviour.says = (status, b'{"__type":"com.amazonaws.sqs#%s","message":"no"}' % code.encode())
    error = failure(QUEUE, server.address)
    assert code in error.message
    assert error.is_final is is_final


def test_what_the_client_itself_refuses_to_send_is_final(server):
    error = failure("arn:aws:s3:::no bucket", server.address)
    assert "could not be sent to" in error.message
    assert error.is_final


def test_keys_that_are_not_known_there_are_explained(server):
    body = b'{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"no"}'
    server.behaviour.says = (400, body)
    assert "keys of lam only" in failure(QUEUE, server.address).message


@pytest.mark.parametrize("arn", ALL)
def test_any_other_refusal_is_told_in_its_own_words(server, arn):
    server.behaviour.says = (500, b"")
    assert f"{arn} did not take it" in failure(arn, server.address).message


@pytest.mark.parametrize(("arn", "body"), [*((arn, b"<html>hello") for arn in ALL[:3]), (BUCKET, b"")])
def test_what_is_no_such_service_is_told(server, arn, body):
    server.behaviour.says = (200, body)
    assert "lam.yaml" in failure(arn, server.address).message


@pytest.mark.parametrize("arn", ALL)
def test_without_an_endpoint_it_is_told_what_to_do(arn):
    error = failure(arn, None)
    assert f"`services: {{{arn.split(':')[2]}: http://127.0.0.1:" in error.message
    assert "lambdacli[services]" in error.message


@pytest.mark.parametrize("arn", ALL)
def test_nobody_at_the_endpoint_is_told(arn):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
    error = failure(arn, endpoint)
    assert "nobody answers for" in error.message
    assert endpoint in error.message


def test_an_address_that_is_none_is_told():
    assert "could not be sent to" in failure(QUEUE, "nonsense").message


@pytest.mark.parametrize(
    ("arn", "size", "limit"),
    [(QUEUE, 1_048_577, 1_048_576), (TOPIC, 262_145, 262_144), (BUS, 1_048_500, 1_048_576)],
)
def test_a_message_that_is_too_large_is_not_sent(server, arn, size, limit):
    error = failure(arn, server.address, message(body=b"1" * size))
    assert f"at most {limit}" in error.message
    assert error.is_final
    assert server.taken == []


@pytest.mark.parametrize("arn", [f"{QUEUE}.fifo", f"{TOPIC}.fifo", "arn:aws:iam::1:role/x", "nonsense"])
def test_what_lambda_does_not_send_to_is_refused_for_good(arn):
    assert failure(arn, "http://127.0.0.1:1").is_final


# What hangs


@pytest.mark.parametrize("arn", ALL)
def test_a_target_that_hangs_is_given_up(arn):
    with open_aws(Behaviour({"failed"}, hangs=threading.Event())) as server:
        error = failure(arn, server.address, patience=QUICK)
        assert "did not answer in time" in error.message
        assert not error.is_final


def test_an_answer_in_drops_is_given_up_too():
    """Each drop comes in time, so the client itself would wait for ever."""
    with open_aws(Behaviour({"failed"}, drips=True)) as server:
        patience = Patience(connect_seconds=5, read_seconds=5, answer_seconds=0.5)
        assert "within 0.5 seconds" in failure(QUEUE, server.address, patience=patience).message


def test_what_found_no_place_before_others_that_hang_was_not_sent():
    async def send_all(targets):
        sends = (targets.send(QUEUE, message(), sender()) for _ in range(CALLS_AT_ONCE + 1))
        return [str(error) for error in await asyncio.gather(*sends, return_exceptions=True)]

    with open_aws(Behaviour({"failed"}, hangs=threading.Event())) as stuck:
        patience = Patience(connect_seconds=5, read_seconds=5, answer_seconds=0.5)
        with opened(lambda service: stuck.address, patience=patience) as targets:
            *sent, waited = asyncio.run(send_all(targets))
    assert all("did not answer within 0.5 seconds" in told for told in sent)
    assert f"answered none of {CALLS_AT_ONCE} others within 0.5 seconds: {QUEUE} was not sent to" in waited


def test_one_that_hangs_keeps_no_other_waiting(server):
    async def send_all(targets):
        hanging = [
            asyncio.create_task(targets.send(QUEUE, message(), sender())) for _ in range(CALLS_AT_ONCE + 5)
        ]
        await asyncio.to_thread(stuck.asked.wait)
        await targets.send(TOPIC, message(), sender())
        is_any_done = any(task.done() for task in hanging)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        return is_any_done

    with open_aws(Behaviour({"failed"}, hangs=threading.Event())) as stuck:
        addresses = {"sqs": stuck.address, "sns": server.address}
        with opened(addresses.get) as targets:
            assert asyncio.run(send_all(targets)) is False
    assert [taken.service for taken in server.taken] == ["sns"]


def test_the_loop_goes_on_and_ends_while_one_hangs():
    async def give_up(targets):
        task = asyncio.create_task(targets.send(QUEUE, message(), sender()))
        await asyncio.to_thread(stuck.asked.wait)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with open_aws(Behaviour({"failed"}, hangs=threading.Event())) as stuck:
        begun = time.monotonic()
        with opened(lambda service: stuck.address) as targets:
            asyncio.run(give_up(targets))
        assert time.monotonic() - begun < Patience().read_seconds
