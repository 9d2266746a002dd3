"""Queues that functions read: real messages, sent by boto3, through the neighbour services."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.real.functions_house import House, open_house, wait_until
from tests.real.toolchains import missing

pytestmark = pytest.mark.real

ARN = "arn:aws:sqs:us-east-1:000000000000:"

PYTHON = """
import json
import boto3

def told(event, context):
    for record in event["Records"]:
        print("GOT", record["body"])
    print("EVENT", json.dumps(event))

def picky(event, context):
    told(event, context)
    failed = [each["messageId"] for each in event["Records"] if each["body"] == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}

def again(event, context):
    told(event, context)
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="loops")["QueueUrl"], MessageBody="again")
"""


def function(handler: str, **more: object) -> dict[str, object]:
    return {"handler": f"app.{handler}", "timeout": 5, **more}


FUNCTIONS = {
    "declared": function("told", sources=[{"source": f"{ARN}declared", "filters": [{"body": {"n": [1]}}]}]),
    "made": function("told"),
    "picky": function("picky", timeout=2, memory=512),
    "ordered": function("told", memory=512),
    "loops": function("again", timeout=20, memory=512),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if importlib.util.find_spec("moto") is None:
        missing("moto")
    with open_house(tmp_path_factory.mktemp("queues") / "p", FUNCTIONS, {"code/app.py": PYTHON}) as house:
        yield house


def queue(house: House, name: str, **attributes: str) -> str:
    return str(house.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def send(house: House, url: str, *bodies: str, **more: Any) -> None:
    for body in bodies:
        house.client("sqs").send_message(QueueUrl=url, MessageBody=body, **more)


def depth(house: House, url: str) -> tuple[int, int]:
    """How many wait, and how many are hidden."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = house.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(told[names[0]]), int(told[names[1]])


def got(house: House, name: str) -> list[str]:
    return [line.removeprefix("GOT ") for line in house.log(name).splitlines() if line.startswith("GOT ")]


def in_time(house: House, name: str) -> list[str]:
    """The same of all environments, as they ran."""
    folder = house.state / "logs" / "000000000000" / "us-east-1" / f"%2Faws%2Flambda%2F{name}"
    lines = [line for file in folder.glob("*.ndjson") for line in file.read_text().splitlines()]
    told = sorted(((each["t"], each["m"]) for each in map(json.loads, lines)), key=lambda each: int(each[0]))
    return [text.strip().removeprefix("GOT ") for _, text in told if text.startswith("GOT ")]


def wait_for_depth(house: House, url: str, wanted: tuple[int, int]) -> None:
    wait_until(lambda: depth(house, url) == wanted, f"{url} has {wanted} messages")


def source(house: House, name: str) -> Mapping[str, Any]:
    [found] = json.loads(house.lam("sources", name, "--json").stdout)["sources"]
    return dict(found)


def test_a_queue_of_lam_yaml_is_read_as_soon_as_it_is_there(house: House) -> None:
    assert "there is no such queue" in source(house, "declared")["problem"]
    assert "declared:" in house.lam("sources").stderr
    url = queue(house, "declared")
    send(house, url, '{"n": 1}', '{"n": 2}', '{"n": 1, "m": 3}')
    wait_until(lambda: len(got(house, "declared")) == 2, "both that fit have come")
    wait_for_depth(house, url, (0, 0))
    assert got(house, "declared") == ['{"n": 1}', '{"n": 1, "m": 3}']
    told = source(house, "declared")
    assert (told["state"], told["last_result"], told["problem"]) == ("Enabled", "OK", None)
    assert (told["polled"], told["filtered_out"], told["succeeded"], told["failed"]) == (3, 1, 2, 0)


def test_a_mapping_reads_when_it_is_enabled_and_shows_what_sqs_knows(house: House) -> None:
    client, url = house.client(), queue(house, "made")
    uuid = client.create_event_source_mapping(
        FunctionName="made", EventSourceArn=f"{ARN}made", BatchSize=5, Enabled=False
    )["UUID"]
    attributes = {"Author": {"DataType": "String", "StringValue": "John"}}
    send(house, url, "one", MessageAttributes=attributes)
    assert depth(house, url) == (1, 0)
    assert client.update_event_source_mapping(UUID=uuid, Enabled=True)["State"] == "Enabling"
    wait_for_depth(house, url, (0, 0))
    assert client.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    assert "LastProcessingResult" not in client.get_event_source_mapping(UUID=uuid)
    [line] = [line for line in house.log("made").splitlines() if line.startswith("EVENT ")]
    [record] = json.loads(line.removeprefix("EVENT "))["Records"]
    attribute = {"stringValue": "John", "stringListValues": [], "binaryListValues": [], "dataType": "String"}
    assert record["messageAttributes"] == {"Author": attribute}
    assert (record["body"], record["eventSource"], record["awsRegion"]) == ("one", "aws:sqs", "us-east-1")
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert client.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    send(house, url, "two")
    wait_for_depth(house, url, (1, 0))  # what was asked for before is put back
    assert client.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    assert got(house, "made") == ["one"]


def test_reported_failures_come_again_and_go_where_the_queue_says(house: House) -> None:
    house.invoke("picky", {"Records": []})  # its start is no part of its two seconds
    dead = queue(house, "dead")
    redrive = json.dumps({"deadLetterTargetArn": f"{ARN}dead", "maxReceiveCount": 2})
    url = queue(house, "picky", RedrivePolicy=redrive, VisibilityTimeout="2")
    house.client().create_event_source_mapping(
        FunctionName="picky", EventSourceArn=f"{ARN}picky", FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    entries = [{"Id": each, "MessageBody": each} for each in ("good", "bad", "fine")]
    house.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    wait_for_depth(house, dead, (1, 0))
    assert sorted(got(house, "picky")) == ["bad", "bad", "fine", "good"]
    [message] = house.client("sqs").receive_message(QueueUrl=dead)["Messages"]
    assert message["Body"] == "bad"


def test_groups_of_a_fifo_queue_stay_in_order(house: House) -> None:
    url = queue(house, "ordered.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    house.client().create_event_source_mapping(
        FunctionName="ordered", EventSourceArn=f"{ARN}ordered.fifo", BatchSize=3
    )
    bodies = [f"{group}{number}" for number in range(10) for group in "abc"]
    for body in bodies:
        send(house, url, body, MessageGroupId=body[0])
    wait_for_depth(house, url, (0, 0))
    seen = in_time(house, "ordered")
    for group in "abc":
        assert [each for each in seen if each[0] == group] == [each for each in bodies if each[0] == group]


def test_a_loop_through_a_queue_is_stopped(house: House) -> None:
    url = queue(house, "loops")
    house.client().create_event_source_mapping(FunctionName="loops", EventSourceArn=f"{ARN}loops")
    send(house, url, "first")
    wait_until(lambda: "recursive loop" in house.log("loops"), "the loop is stopped", 60)
    assert len(got(house, "loops")) == 16
    assert depth(house, url) == (0, 1)


@pytest.mark.parametrize(
    ("name", "visibility", "part"),
    [
        ("nowhere", None, "SQS Error Code: AWS.SimpleQueueService.NonExistentQueue."),
        ("hasty", "4", "Queue visibility timeout: 4 seconds is less than Function timeout: 5 seconds"),
    ],
)
def test_a_queue_that_cannot_be_read_is_refused(
    house: House, name: str, visibility: str | None, part: str
) -> None:
    if visibility is not None:
        queue(house, name, VisibilityTimeout=visibility)
    with pytest.raises(ClientError) as caught:
        house.client().create_event_source_mapping(FunctionName="made", EventSourceArn=ARN + name)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert part in caught.value.response["Error"]["Message"]
