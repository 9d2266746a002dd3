"""Streams that functions read: real records of Kinesis and of a table, through the neighbour services."""

from __future__ import annotations

import base64
import importlib.util
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.real.functions_house import House, open_house, wait_until
from tests.real.toolchains import missing

pytestmark = pytest.mark.real

CLICKS = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"
DEAD = "arn:aws:sqs:us-east-1:000000000000:dead"

PYTHON = """
import base64, json

def clicks(event, context):
    data = [base64.b64decode(each["kinesis"]["data"]).decode() for each in event["Records"]]
    print("GOT", json.dumps(data))
    if "bad" in data:
        raise ValueError("bad")

def changes(event, context):
    for each in event["Records"]:
        print("GOT", json.dumps([each["eventName"], each["dynamodb"].get("NewImage")]))
"""
FUNCTIONS = {
    "clicks": {
        "handler": "app.clicks",
        "sources": [
            {
                "source": CLICKS,
                "starting_position": "TRIM_HORIZON",
                "bisect": True,
                "retries": 0,
                "on_failure": DEAD,
            }
        ],
    },
    "changes": {"handler": "app.changes"},
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if importlib.util.find_spec("moto") is None:
        missing("moto")
    with open_house(tmp_path_factory.mktemp("streams") / "p", FUNCTIONS, {"code/app.py": PYTHON}) as house:
        yield house


def got(house: House, name: str) -> list[Any]:
    lines = [line for line in house.log(name).splitlines() if line.startswith("GOT ")]
    return [json.loads(line.removeprefix("GOT ")) for line in lines]


def test_bad_records_of_kinesis_are_found_by_halves_and_told_of(house: House) -> None:
    url = house.client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    kinesis = house.client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    records = [{"Data": data.encode(), "PartitionKey": "k"} for data in ("one", "two", "bad", "four")]
    kinesis.put_records(StreamName="clicks", Records=records)
    wait_until(lambda: ["four"] in got(house, "clicks"), "all of them are done")
    assert got(house, "clicks") == [
        ["one", "two", "bad", "four"],
        ["one", "two"],
        ["bad", "four"],
        ["bad"],
        ["four"],
    ]
    told: list[Any] = []

    def is_told() -> bool:
        told.extend(house.client("sqs").receive_message(QueueUrl=url).get("Messages", ()))
        return bool(told)

    wait_until(is_told, "the queue is told")
    record = json.loads(told[0]["Body"])
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["KinesisBatchInfo"]["batchSize"] == 1
    [mapping] = house.client().list_event_source_mappings(FunctionName="clicks")["EventSourceMappings"]
    assert (mapping["State"], mapping["LastProcessingResult"]) == ("Enabled", "OK")


def test_changes_of_a_table_are_read_on_where_they_were_left(house: House) -> None:
    tables, functions = house.client("dynamodb"), house.client()
    arn = tables.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]["LatestStreamArn"]
    uuid = functions.create_event_source_mapping(
        FunctionName="changes", EventSourceArn=arn, StartingPosition="TRIM_HORIZON"
    )["UUID"]
    tables.put_item(TableName="orders", Item={"id": {"S": "1"}, "raw": {"B": b"xy"}})
    wait_until(lambda: len(got(house, "changes")) == 1, "the new item is told")
    image = {"id": {"S": "1"}, "raw": {"B": base64.b64encode(b"xy").decode()}}
    assert got(house, "changes") == [["INSERT", image]]
    functions.update_event_source_mapping(UUID=uuid, Enabled=False)
    tables.delete_item(TableName="orders", Key={"id": {"S": "1"}})
    functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    wait_until(lambda: len(got(house, "changes")) == 2, "what happened meanwhile is told")
    assert got(house, "changes")[1] == ["REMOVE", None]
