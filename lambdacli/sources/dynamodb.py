"""The stream of a DynamoDB table as a source."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lambdacli.model.delivery import Sender
from lambdacli.sources.base import Page, Position, Record, Shard, Shards, SourceError
from lambdacli.sources.calls import Calls
from lambdacli.sources.kinesis import shard_of


class TableStream:
    interval_seconds = 0.25
    at_once = 1_000

    def __init__(self, arn: str, calls: Calls, sender: Callable[[], Sender]) -> None:
        self._arn = arn
        self._calls = calls
        self._sender = sender

    def __repr__(self) -> str:
        return f"<TableStream {self._arn}>"

    async def shards(self) -> Shards:
        shards: list[Shard] = []
        asked: dict[str, Any] = {"StreamArn": self._arn}
        while True:
            told = (await self._call("DescribeStream", asked)).get("StreamDescription") or {}
            shards += [shard_of(each) for each in told.get("Shards") or ()]
            last = told.get("LastEvaluatedShardId")
            if not last:
                return Shards(str(told.get("CreationRequestDateTime", "")), tuple(shards))
            asked["ExclusiveStartShardId"] = last

    async def iterator(self, shard: str, position: Position) -> str:
        asked = {"StreamArn": self._arn, "ShardId": shard, "ShardIteratorType": position.type}
        if position.sequence_number is not None:
            asked["SequenceNumber"] = position.sequence_number
        return str((await self._call("GetShardIterator", asked)).get("ShardIterator", ""))

    async def read(self, shard: str, iterator: str, count: int) -> Page:
        told = await self._call("GetRecords", {"ShardIterator": iterator, "Limit": min(self.at_once, count)})
        records = [record_of(each, self._arn) for each in told.get("Records") or ()]
        return Page(records, told.get("NextShardIterator"))

    async def _call(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._calls.call(
            "dynamodbstreams", operation, parameters, arn=self._arn, sender=self._sender()
        )


def record_of(told: Mapping[str, Any], arn: str) -> Record:
    try:
        change = dict(told["dynamodb"])
        created_at = float(change["ApproximateCreationDateTime"])
        change["ApproximateCreationDateTime"] = int(created_at)
        event: dict[str, Any] = {
            "eventID": told["eventID"],
            "eventName": told["eventName"],
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": arn.split(":")[3],
            "dynamodb": change,
            "eventSourceARN": arn,
        }
        sequence_number = str(change["SequenceNumber"])
    except (KeyError, TypeError, ValueError) as error:
        raise SourceError(f"what came from {arn} is no record of a table's stream ({error!r})") from error
    identity = told.get("userIdentity")
    if identity:
        # Of what a time to live deleted; the function gets the names in small letters.
        event["userIdentity"] = {name[:1].lower() + name[1:]: value for name, value in identity.items()}
    return Record(
        id=sequence_number,
        text=json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"),
        fields=event,
        group=json.dumps(change.get("Keys"), sort_keys=True),
        arrived_at=created_at,
    )
