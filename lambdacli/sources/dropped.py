"""What a destination on failure is sent of records that are given up. Pure."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lambdacli.model.delivery import Message, service_of, timestamp
from lambdacli.model.mapping import EventSourceMapping, SourceKind
from lambdacli.sources.base import Record
from lambdacli.sources.batching import payload_of
from lambdacli.sources.stream_settle import Drop, GivenUp


def message_of(mapping: EventSourceMapping, shard: str, drop: Drop, now: datetime) -> Message:
    """A bucket gets the records too."""
    request_id = str(uuid.uuid4())
    record: dict[str, Any] = {
        "requestContext": {
            "requestId": request_id,
            "functionArn": mapping.function_arn,
            "condition": str(drop.condition),
            "approximateInvokeCount": drop.invokes,
        }
    }
    if drop.condition is not GivenUp.AGE:
        outcome = drop.outcome
        record["responseContext"] = {
            "statusCode": 200,
            "executedVersion": "$LATEST" if outcome is None else outcome.executed_version,
            "functionError": None if outcome is None else outcome.function_error,
        }
    name, precision = _BATCH_INFOS[mapping.source.kind]
    info = _batch_info(mapping.source.name, shard, drop.records, precision)
    record |= {"version": "1.0", "timestamp": timestamp(now), name: info}
    if service_of(mapping.failure_destination or "::::") == "s3":
        record["payload"] = json.loads(payload_of(drop.records))
    return Message(
        body=json.dumps(record).encode(),
        request_id=request_id,
        function_arn=mapping.function_arn,
        sent_at=now,
        folder=f"aws/lambda/{mapping.uuid}/{shard}",
    )


_BATCH_INFOS = {
    SourceKind.KINESIS: ("KinesisBatchInfo", "milliseconds"),
    SourceKind.DYNAMODB: ("DDBStreamBatchInfo", "seconds"),
}
"""What the source's own part is called, and how exactly it tells the time."""


def _batch_info(arn: str, shard: str, records: Sequence[Record], precision: str) -> dict[str, Any]:
    def moment(record: Record) -> str:
        at = datetime.fromtimestamp(record.arrived_at, UTC)
        return at.isoformat(timespec=precision).replace("+00:00", "Z")

    return {
        "shardId": shard,
        "startSequenceNumber": records[0].id,
        "endSequenceNumber": records[-1].id,
        "approximateArrivalOfFirstRecord": moment(records[0]),
        "approximateArrivalOfLastRecord": moment(records[-1]),
        "batchSize": len(records),
        "streamArn": arn,
    }
