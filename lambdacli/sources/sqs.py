"""A queue of SQS as a source: its messages as events, received and deleted."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lambdacli.model.delivery import Sender
from lambdacli.sources.base import Record, SourceError
from lambdacli.sources.calls import Calls

logger = logging.getLogger("lam.sources")

AT_ONCE = 10
"""SQS gives and takes no more in one call."""
WAIT_SECONDS = 20
VISIBILITY_SECONDS = 30.0
"""SQS's own default."""


class Queue:
    def __init__(self, arn: str, calls: Calls, sender: Callable[[], Sender]) -> None:
        """`sender` is in whose name it is read, as that is by now."""
        self._arn = arn
        self._calls = calls
        self._sender = sender
        account, name = arn.split(":")[4:6]
        # Which server it is stands in the request's own address; of this only the end is read.
        self._url = f"http://localhost/{account}/{name}"

    def __repr__(self) -> str:
        return f"<Queue {self._arn}>"

    async def open(self) -> float:
        told = await self._call("GetQueueAttributes", {"AttributeNames": ["VisibilityTimeout"]})
        return float(told.get("Attributes", {}).get("VisibilityTimeout", VISIBILITY_SECONDS))

    async def receive(self, count: int, hidden_seconds: int | None) -> list[Record]:
        wanted: dict[str, Any] = {
            "MaxNumberOfMessages": min(AT_ONCE, count),
            "WaitTimeSeconds": WAIT_SECONDS,
            "MessageAttributeNames": ["All"],
            # Servers of before 2023 know the second name only.
            "MessageSystemAttributeNames": ["All"],
            "AttributeNames": ["All"],
        }
        if hidden_seconds is not None:
            wanted["VisibilityTimeout"] = hidden_seconds
        told = await self._call("ReceiveMessage", wanted, WAIT_SECONDS)
        return [record_of(message, self._arn) for message in told.get("Messages") or ()]

    async def delete(self, records: Sequence[Record]) -> None:
        await self._each("DeleteMessageBatch", records, {})

    async def put_back(self, records: Sequence[Record]) -> None:
        await self._each("ChangeMessageVisibilityBatch", records, {"VisibilityTimeout": 0})

    async def _each(self, operation: str, records: Sequence[Record], more: Mapping[str, int]) -> None:
        failed: list[str] = []
        for first in range(0, len(records), AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": record.handle, **more}
                for number, record in enumerate(records[first : first + AT_ONCE])
            ]
            told = await self._call(operation, {"Entries": entries})
            failed += [f"{each.get('Code')}: {each.get('Message', '')}" for each in told.get("Failed") or ()]
        if failed:
            logger.warning(
                "%s: %s did not take %d of %d messages (%s): they come again",
                self._arn,
                operation,
                len(failed),
                len(records),
                failed[0],
            )

    async def _call(
        self, operation: str, parameters: Mapping[str, Any], wait_seconds: float = 0.0
    ) -> Mapping[str, Any]:
        return await self._calls.call(
            "sqs",
            operation,
            {"QueueUrl": self._url, **parameters},
            arn=self._arn,
            sender=self._sender(),
            wait_seconds=wait_seconds,
        )


def record_of(message: Mapping[str, Any], arn: str) -> Record:
    """One message of ReceiveMessage as its function gets it."""
    try:
        attributes = {name: str(value) for name, value in (message.get("Attributes") or {}).items()}
        event: dict[str, Any] = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": attributes,
            "messageAttributes": {
                name: _attribute(value) for name, value in (message.get("MessageAttributes") or {}).items()
            },
        }
    except (KeyError, AttributeError, TypeError) as error:
        raise SourceError(f"what came from {arn} is no message of SQS ({error!r})") from error
    if message.get("MD5OfMessageAttributes"):
        event["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    event |= {
        "md5OfBody": message.get("MD5OfBody"),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }
    return Record(
        id=event["messageId"],
        text=json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"),
        fields=event,
        handle=event["receiptHandle"],
        group=attributes.get("MessageGroupId") if arn.endswith(".fifo") else None,
        trace_header=attributes.get("AWSTraceHeader"),
        arrived_at=_seconds(attributes.get("SentTimestamp")),
    )


def _attribute(told: Mapping[str, Any]) -> dict[str, Any]:
    """In the order in which AWS's events have them."""
    found: dict[str, Any] = {}
    if told.get("StringValue") is not None:
        found["stringValue"] = told["StringValue"]
    if told.get("BinaryValue") is not None:
        found["binaryValue"] = told["BinaryValue"]
    return {**found, "stringListValues": [], "binaryListValues": [], "dataType": told.get("DataType")}


def _seconds(milliseconds: str | None) -> float:
    return int(milliseconds) / 1000 if milliseconds is not None and milliseconds.isdigit() else 0.0
