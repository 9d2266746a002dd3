"""Calls in AWS's JSON protocols, to a server that answers what it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.credentials import Credentials
from lambdacli.model.delivery import Sender
from lambdacli.sources.base import SourceError
from lambdacli.sources.calls import Calls
from lambdacli.wire.handover import Upstream

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:orders"
SENDER = Sender(
    FunctionKey("111122223333", "eu-west-1", "f"), "arn:aws:iam::1:role/r", Credentials("AK", "SK", "ST")
)


def call(folder: Path, answer: bytes | None) -> tuple[Mapping[str, Any], str]:
    """What became of it, and what the server was sent. None: there is no server."""

    async def story() -> tuple[Mapping[str, Any], str]:
        asked = bytearray()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.extend(await reader.readuntil(b"\r\n\r\n"))
            asked.extend(await reader.read(100_000))
            writer.write(answer or b"")
            writer.close()

        async def find(service: str, account: str) -> Upstream:
            return Upstream(folder / "s", headers={"x-lam-account": account})

        calls = Calls(find)
        server = None if answer is None else await asyncio.start_unix_server(serve, str(folder / "s"))
        try:
            told = await calls.call("sqs", "ReceiveMessage", {"A": 1}, arn=QUEUE, sender=SENDER)
        finally:
            if server is not None:
                server.close()
        return told, asked.decode()

    return asyncio.run(story())


def http(status: str, body: bytes, *headers: str) -> bytes:
    fields = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(fields).encode() + b"\r\n\r\n" + body


def test_a_call_is_signed_and_its_members_come_back(tmp_path: Path) -> None:
    told, asked = call(tmp_path, http("200 OK", b'{"Messages": []}'))
    assert told == {"Messages": []}
    head, _, body = asked.partition("\r\n\r\n")
    assert head.startswith("POST / HTTP/1.1\r\n")
    assert json.loads(body) == {"A": 1}
    for line in (
        "X-Amz-Target: AmazonSQS.ReceiveMessage",
        "Content-Type: application/x-amz-json-1.0",
        "x-lam-account: 111122223333",
        "X-Amz-Security-Token: ST",
    ):
        assert line in head
    assert "Authorization: AWS4-HMAC-SHA256 Credential=AK/" in head
    assert "/eu-west-1/sqs/aws4_request" in head


@pytest.mark.parametrize(
    ("answer", "is_missing", "part"),
    [
        pytest.param(None, False, "nobody answers for SQS", id="nobody is there"),
        pytest.param(b"", False, "it closed without an answer", id="it closes"),
        pytest.param(b"SSH-2.0-x\r\n\r\n", False, "is not SQS", id="it speaks otherwise"),
        pytest.param(http("200 OK", b"<html>"), False, "answered 200, and no JSON", id="a web page"),
        pytest.param(
            http("200 OK", b"{}").replace(b"h: 2", b"h: 9"), False, "within its answer", id="half an answer"
        ),
        pytest.param(
            http("400 Bad Request", b'{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no."}'),
            True,
            f"{QUEUE} is not there: SQS at the neighbour services answered QueueDoesNotExist. Create it",
            id="there is no such queue",
        ),
        pytest.param(
            http(
                "400 Bad Request",
                b'{"__type": "x"}',
                "x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender",
            ),
            True,
            "AWS.SimpleQueueService.NonExistentQueue",
            id="nor by its older name",
        ),
        pytest.param(
            http("403 Forbidden", b'{"__type": "AccessDenied", "Message": "You may not."}'),
            False,
            f"{QUEUE} could not be read: SQS at the neighbour services answered AccessDenied: You may not",
            id="it is refused",
        ),
        pytest.param(http("500 Oops", b"{}"), False, "answered status 500", id="a fault without a name"),
    ],
)
def test_what_goes_wrong_is_told(tmp_path: Path, answer: bytes | None, is_missing: bool, part: str) -> None:
    with pytest.raises(SourceError) as caught:
        call(tmp_path, answer)
    assert part in str(caught.value)
    assert caught.value.is_missing is is_missing


def test_an_answer_in_chunks_is_one_answer(tmp_path: Path) -> None:
    chunked = (
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n3\r\n: 1\r\n1\r\n}\r\n0\r\n\r\n'
    )
    assert call(tmp_path, chunked)[0] == {"a": 1}
