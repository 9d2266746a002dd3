"""A stream of Kinesis as a source. One that is read through a consumer of its own is read as any other."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from lambdacli.model.delivery import Sender
from lambdacli.sources.base import Page, Position, Record, Shard, Shards, SourceError
from lambdacli.sources.calls import Calls


class KinesisStream:
    interval_seconds = 1.0
    at_once = 10_000

    def __init__(self, arn: str, calls: Calls, sender: Callable[[], Sender]) -> None:
        self._arn = arn
        self._calls = calls
        self._sender = sender
        self._name = arn.split(":", 5)[5].split("/")[1]

    def __repr__(self) -> str:
        return f"<KinesisStream {self._arn}>"

    async def shards(self) -> Shards:
        told = await self._call("DescribeStreamSummary", {"StreamName": self._name})
        life = str(told.get("StreamDescriptionSummary", {}).get("StreamCreationTimestamp", ""))
        shards: list[Shard] = []
        asked: Mapping[str, Any] = {"StreamName": self._name}
        while asked:
            page = await self._call("ListShards", asked)
            shards += [shard_of(each) for each in page.get("Shards") or ()]
            asked = {"NextToken": page["NextToken"]} if page.get("NextToken") else {}
        return Shards(life, tuple(shards))

    async def iterator(self, shard: str, position: Position) -> str:
        asked: dict[str, Any] = {
            "StreamName": self._name,
            "ShardId": shard,
            "ShardIteratorType": position.type,
        }
        if position.sequence_number is not None:
            asked["StartingSequenceNumber"] = position.sequence_number
        if position.timestamp is not None:
            asked["Timestamp"] = position.timestamp
        return str((await self._call("GetShardIterator", asked)).get("ShardIterator", ""))

    async def read(self, shard: str, iterator: str, count: int) -> Page:
        told = await self._call("GetRecords", {"ShardIterator": iterator, "Limit": min(self.at_once, count)})
        role_arn = self._sender().role_arn
        records = [record_of(each, self._arn, shard, role_arn) for each in told.get("Records") or ()]
        is_at_end = not records and told.get("MillisBehindLatest") == 0
        return Page(records, told.get("NextShardIterator"), is_at_end)

    async def _call(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._calls.call("kinesis", operation, parameters, arn=self._arn, sender=self._sender())


def shard_of(told: Mapping[str, Any]) -> Shard:
    """Both services describe shards so."""
    parents = (told.get("ParentShardId"), told.get("AdjacentParentShardId"))
    return Shard(
        str(told["ShardId"]),
        tuple(str(each) for each in parents if each),
        bool((told.get("SequenceNumberRange") or {}).get("EndingSequenceNumber")),
    )


def record_of(told: Mapping[str, Any], arn: str, shard: str, role_arn: str) -> Record:
    try:
        sequence_number = str(told["SequenceNumber"])
        arrived_at = float(told["ApproximateArrivalTimestamp"])
        kinesis = {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": told["PartitionKey"],
            "sequenceNumber": sequence_number,
            "data": told["Data"],
            "approximateArrivalTimestamp": arrived_at,
        }
        data = base64.b64decode(told["Data"])
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise SourceError(f"what came from {arn} is no record of Kinesis ({error!r})") from error
    around = {
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{sequence_number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": role_arn,
        "awsRegion": arn.split(":")[3],
        "eventSourceARN": arn,
    }
    return Record(
        id=sequence_number,
        text=json.dumps({"kinesis": kinesis, **around}, separators=(",", ":")).encode(),
        fields={**kinesis, **around, "data": data},
        group=str(told["PartitionKey"]),
        arrived_at=arrived_at,
    )
