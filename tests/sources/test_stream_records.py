"""Records of streams as events, and what a destination hears of those that are given up."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.delivery import object_key
from lambdacli.model.mapping import EventSourceMapping, Source, SourceKind
from lambdacli.model.outcome import Outcome
from lambdacli.sources import dynamodb, kinesis
from lambdacli.sources.base import SourceError
from lambdacli.sources.dropped import message_of
from lambdacli.sources.stream_settle import Drop, GivenUp

STREAM = "arn:aws:kinesis:eu-west-1:000000000000:stream/clicks"
TABLE = "arn:aws:dynamodb:eu-west-1:000000000000:table/t/stream/2026-01-01T00:00:00.000"
ROLE = "arn:aws:iam::000000000000:role/r"
CLICK = {
    "SequenceNumber": "495",
    "ApproximateArrivalTimestamp": 1545084650.987,
    "Data": "eyJhIjogMX0=",
    "PartitionKey": "k",
}
CHANGE: dict[str, Any] = {
    "eventID": "e",
    "eventName": "REMOVE",
    "eventVersion": "1.0",
    "awsRegion": "us-east-1",
    "dynamodb": {
        "ApproximateCreationDateTime": 1573691966.021,
        "Keys": {"id": {"S": "1"}},
        "SequenceNumber": "11",
        "SizeBytes": 4,
        "StreamViewType": "KEYS_ONLY",
    },
    "userIdentity": {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"},
}


def test_a_record_of_kinesis() -> None:
    record = kinesis.record_of(CLICK, STREAM, "shardId-0", ROLE)
    assert json.loads(record.text) == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "k",
            "sequenceNumber": "495",
            "data": "eyJhIjogMX0=",
            "approximateArrivalTimestamp": 1545084650.987,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": "shardId-0:495",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": ROLE,
        "awsRegion": "eu-west-1",
        "eventSourceARN": STREAM,
    }
    assert (record.id, record.group, record.fields["data"]) == ("495", "k", b'{"a": 1}')


def test_a_change_of_a_table() -> None:
    record = dynamodb.record_of(CHANGE, TABLE)
    told = json.loads(record.text)
    assert told == record.fields
    assert (told["eventVersion"], told["awsRegion"], told["eventSourceARN"]) == ("1.1", "eu-west-1", TABLE)
    assert told["dynamodb"]["ApproximateCreationDateTime"] == 1573691966
    assert told["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert (record.id, record.group) == ("11", '{"id": {"S": "1"}}')


@pytest.mark.parametrize("told", [{}, {"dynamodb": 1}, {"SequenceNumber": "1", "Data": "?"}])
def test_what_is_no_record_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(SourceError, match="is no record of"):
        kinesis.record_of(told, STREAM, "s", ROLE)
    with pytest.raises(SourceError, match="is no record of"):
        dynamodb.record_of(told, TABLE)


MAPPING = EventSourceMapping(
    uuid="u-1",
    function=FunctionKey("000000000000", "eu-west-1", "f"),
    qualifier="live",
    source=Source(SourceKind.KINESIS, STREAM),
    last_modified=datetime(2026, 1, 1, tzinfo=UTC),
    failure_destination="arn:aws:sqs:eu-west-1:000000000000:dead",
)
NOW = datetime(2019, 11, 14, 0, 38, 6, 21_000, tzinfo=UTC)


def told_of(mapping: EventSourceMapping, drop: Drop) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(message_of(mapping, "shardId-1", drop, NOW).body)
    body["requestContext"].pop("requestId")
    return body


def test_a_destination_hears_of_what_was_tried_too_often() -> None:
    one = kinesis.record_of(CLICK, STREAM, "shardId-1", ROLE)
    records = (one, replace(one, id="496", arrived_at=1545084651.5))
    outcome = Outcome(b"{}", "7", function_error="Unhandled")
    assert told_of(MAPPING, Drop(records, GivenUp.RETRIES, 2, outcome)) == {
        "requestContext": {
            "functionArn": "arn:aws:lambda:eu-west-1:000000000000:function:f:live",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 2,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "7", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2019-11-14T00:38:06.021Z",
        "KinesisBatchInfo": {
            "shardId": "shardId-1",
            "startSequenceNumber": "495",
            "endSequenceNumber": "496",
            "approximateArrivalOfFirstRecord": "2018-12-17T22:10:50.987Z",
            "approximateArrivalOfLastRecord": "2018-12-17T22:10:51.500Z",
            "batchSize": 2,
            "streamArn": STREAM,
        },
    }


def test_what_is_too_old_has_no_response_and_tables_tell_full_seconds() -> None:
    mapping = replace(MAPPING, source=Source(SourceKind.DYNAMODB, TABLE))
    told = told_of(mapping, Drop((dynamodb.record_of(CHANGE, TABLE),), GivenUp.AGE, 1))
    assert "responseContext" not in told
    assert told["DDBStreamBatchInfo"]["approximateArrivalOfFirstRecord"] == "2019-11-14T00:39:26Z"


def test_a_bucket_gets_the_records_too_in_a_folder_of_the_mapping() -> None:
    mapping = replace(MAPPING, failure_destination="arn:aws:s3:::failed")
    record = kinesis.record_of(CLICK, STREAM, "shardId-1", ROLE)
    message = message_of(mapping, "shardId-1", Drop((record,), GivenUp.AGE, 1), NOW)
    assert json.loads(message.body)["payload"] == {"Records": [json.loads(record.text)]}
    assert object_key(message).startswith("aws/lambda/u-1/shardId-1/2019/11/14/2019-11-14T00.38.06-")
