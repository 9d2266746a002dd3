"""A server that takes messages as SQS, SNS, EventBridge and S3 do, each in its own protocol."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Taken:
    """One message, as it was asked for."""

    service: str
    place: str
    body: str
    headers: dict[str, str]
    attributes: dict[str, tuple[str, str]] = field(default_factory=dict)
    entry: dict[str, Any] = field(default_factory=dict)
    at: float = field(default_factory=time.monotonic)


@dataclass
class Behaviour:
    """`there` names the queues, topics, buses and buckets; `denied` those that nobody may send to."""

    there: set[str]
    denied: set[str] = field(default_factory=set)
    hangs: threading.Event | None = None
    """Every answer waits for it."""
    drips: bool = False
    """After a head, byte for byte, for as long as somebody reads."""
    says: tuple[int, bytes] | None = None
    """Whatever is asked."""
    entry_error: str | None = None


class AwsServer(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviour = behaviour
        self.taken: list[Taken] = []
        self.closing = threading.Event()
        self.asked = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Who asked was killed, or waits no more: nobody is there to be told."""


class _Handler(BaseHTTPRequestHandler):
    server: AwsServer

    def do_POST(self) -> None:
        body = self._begin()
        if body is None:
            return
        kind = self.headers.get("X-Amz-Target", "")
        if kind == "AmazonSQS.SendMessage":
            self._sqs(json.loads(body))
        elif kind == "AWSEvents.PutEvents":
            self._events(json.loads(body))
        else:
            self._sns({name: values[0] for name, values in parse_qs(body.decode()).items()})

    def do_PUT(self) -> None:
        body = self._begin()
        if body is None:
            return
        bucket, _, key = unquote(urlsplit(self.path).path).lstrip("/").partition("/")
        refusal = self._refusal(bucket, "NoSuchBucket", "AccessDenied")
        if refusal is not None:
            self._answer(*refusal, f"<Error><Code>{refusal[1]}</Code><Message>no</Message></Error>".encode())
            return
        self._take("s3", f"{bucket}/{key}", body.decode())
        self._answer(200, "", b"", ETag='"e"')

    def _sqs(self, given: dict[str, Any]) -> None:
        queue = given["QueueUrl"].rpartition("/")[2]
        refusal = self._refusal(queue, "QueueDoesNotExist", "AccessDenied")
        if refusal is not None:
            told = {"__type": f"com.amazonaws.sqs#{refusal[1]}", "message": "no"}
            self._answer(*refusal, json.dumps(told).encode())
            return
        attributes = given.get("MessageAttributes", {}) | given.get("MessageSystemAttributes", {})
        self._take(
            "sqs",
            queue,
            given["MessageBody"],
            {name: (value["DataType"], value["StringValue"]) for name, value in attributes.items()},
        )
        self._answer(200, "", b'{"MessageId":"m","MD5OfMessageBody":"x"}')

    def _sns(self, given: dict[str, str]) -> None:
        topic = given["TopicArn"].rpartition(":")[2]
        refusal = self._refusal(topic, "NotFound", "AuthorizationError")
        if refusal is not None:
            told = f"<Error><Type>Sender</Type><Code>{refusal[1]}</Code><Message>no</Message></Error>"
            self._answer(*refusal, f"<ErrorResponse>{told}</ErrorResponse>".encode())
            return
        attributes, number = {}, 1
        while f"MessageAttributes.entry.{number}.Name" in given:
            prefix = f"MessageAttributes.entry.{number}"
            kind, value = given[f"{prefix}.Value.DataType"], given[f"{prefix}.Value.StringValue"]
            attributes[given[f"{prefix}.Name"]] = (kind, value)
            number += 1
        self._take("sns", topic, given["Message"], attributes)
        result = "<PublishResult><MessageId>m</MessageId></PublishResult>"
        self._answer(200, "", f"<PublishResponse>{result}</PublishResponse>".encode())

    def _events(self, given: dict[str, Any]) -> None:
        entry = given["Entries"][0]
        refusal = self._refusal(entry["EventBusName"], "ResourceNotFoundException", "AccessDeniedException")
        if refusal is not None:
            self._answer(*refusal, json.dumps({"__type": refusal[1], "message": "no"}).encode())
            return
        error = self.server.behaviour.entry_error
        if error is not None:
            failed = {"ErrorCode": error, "ErrorMessage": "not this one"}
            self._answer(200, "", json.dumps({"FailedEntryCount": 1, "Entries": [failed]}).encode())
            return
        self._take("events", entry["EventBusName"], entry["Detail"], entry=entry)
        self._answer(200, "", b'{"FailedEntryCount":0,"Entries":[{"EventId":"e"}]}')

    def _begin(self) -> bytes | None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        behaviour = self.server.behaviour
        self.server.asked.set()
        if behaviour.hangs is not None:
            behaviour.hangs.wait()
        if behaviour.drips:
            self._drip()
            return None
        if behaviour.says is not None:
            self._answer(behaviour.says[0], "", behaviour.says[1])
            return None
        return body

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.server.closing.wait(0.02):
                self.wfile.write(b" ")
        self.close_connection = True

    def _refusal(self, place: str, missing: str, denied: str) -> tuple[int, str] | None:
        if place in self.server.behaviour.denied:
            return 403, denied
        return None if place in self.server.behaviour.there else (404, missing)

    def _take(
        self,
        service: str,
        place: str,
        body: str,
        attributes: dict[str, tuple[str, str]] | None = None,
        entry: dict[str, Any] | None = None,
    ) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.taken.append(Taken(service, place, body, headers, attributes or {}, entry or {}))

    def _answer(self, status: int, _: str, body: bytes, **headers: str) -> None:
        with contextlib.suppress(OSError):
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None: ...


@contextlib.contextmanager
def open_aws(behaviour: Behaviour) -> Iterator[AwsServer]:
    with AwsServer(behaviour) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            if behaviour.hangs is not None:
                behaviour.hangs.set()
            server.shutdown()
            thread.join()
