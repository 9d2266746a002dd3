"""Calls to other services in AWS's JSON protocols, in the name of a function's role: no thread waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambdacli.model.delivery import Sender
from lambdacli.sources.base import SourceError
from lambdacli.wire.exchange import Answer, post
from lambdacli.wire.handover import Upstream

ANSWER_SECONDS = 20.0
"""So long an answer may take, beside what was asked to be waited for."""


@dataclass(frozen=True, slots=True)
class _Protocol:
    name: str
    target: str
    version: str
    signed_for: str


_PROTOCOLS = {
    "sqs": _Protocol("SQS", "AmazonSQS", "1.0", "sqs"),
    "kinesis": _Protocol("Kinesis", "Kinesis_20131202", "1.1", "kinesis"),
    "dynamodbstreams": _Protocol("DynamoDB Streams", "DynamoDBStreams_20120810", "1.0", "dynamodb"),
}

Find = Callable[[str, str], Awaitable[Upstream]]
"""Where a service, by its name in lam.yaml, is reached for an account. SourceError: nowhere."""

_MISSING = ("QueueDoesNotExist", "NonExistentQueue", "ResourceNotFoundException")


class Calls:
    def __init__(self, find: Find) -> None:
        self._find = find

    async def call(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        arn: str,
        sender: Sender,
        wait_seconds: float = 0.0,
    ) -> Mapping[str, Any]:
        """The members of the answer. SourceError for everything else; `arn` is what it is about."""
        protocol = _PROTOCOLS[service]
        region, account = arn.split(":")[3:5]
        found = await self._find(service, account)
        where = f"{protocol.name} at {_address(found)}"
        body = json.dumps(parameters).encode()
        headers = _signed(protocol, f"{protocol.target}.{operation}", region, found, sender, body)
        try:
            async with asyncio.timeout(ANSWER_SECONDS + wait_seconds):
                answer = await post(found, headers, body)
        except TimeoutError as error:
            raise SourceError(f"{where} did not answer in time") from error
        except OSError as error:
            raise SourceError(f"nobody answers for {where} ({error}): is it running there?") from error
        except ValueError as error:
            raise SourceError(
                f"what answers at {_address(found)} is not {protocol.name} ({error})"
            ) from error
        return _members(answer, arn, where)


def _signed(
    protocol: _Protocol, target: str, region: str, found: Upstream, sender: Sender, body: bytes
) -> dict[str, str]:
    # Some megabytes that only those pay who read something.
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    host = _host(found)
    headers = {
        "Host": host,
        "Content-Type": f"application/x-amz-json-{protocol.version}",
        "X-Amz-Target": target,
    }
    scheme = "https" if found.is_tls else "http"
    request = AWSRequest("POST", f"{scheme}://{host}{found.path_prefix}/", headers=headers, data=body)
    own = sender.credentials
    keys = Credentials(own.access_key_id, own.secret_access_key, own.session_token)
    SigV4Auth(keys, protocol.signed_for, region).add_auth(request)
    return dict(request.headers.items())


def _members(answer: Answer, arn: str, where: str) -> Mapping[str, Any]:
    try:
        told = json.loads(answer.body or b"{}")
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise SourceError(f"{where} answered {answer.status}, and no JSON")
    if answer.status < 300:
        return told
    code = str(told.get("__type", "")).rpartition("#")[2] or f"status {answer.status}"
    code = answer.headers.get("x-amzn-query-error", "").partition(";")[0] or code
    message = str(told.get("message") or told.get("Message") or "").rstrip(".")
    if code.endswith(_MISSING):
        message = f"{arn} is not there: {where} answered {code}. Create it, or delete the mapping"
        raise SourceError(message, code, is_missing=True)
    raise SourceError(f"{arn} could not be read: {where} answered {code}: {message}", code)


def _host(found: Upstream) -> str:
    if isinstance(found.address, Path):
        return "localhost"
    host, port = found.address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _address(found: Upstream) -> str:
    if isinstance(found.address, Path):
        return "the neighbour services"
    return f"{'https' if found.is_tls else 'http'}://{_host(found)}"
