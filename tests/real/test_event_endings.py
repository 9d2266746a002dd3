"""Who hears of an asynchronous event's end, from a whole service: queues outside, functions here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from functions_house import VERSION, House, open_house, wait_until

from tests.aws_server import AwsServer, Behaviour, Taken, open_aws

pytestmark = pytest.mark.real

QUEUES = {f"https://sqs.us-east-1.amazonaws.com/000000000000/{name}" for name in ("letters", "good", "bad")}
ARN = "arn:aws:sqs:us-east-1:000000000000:"
CODE = """
def handler(event, context):
    if event.get("fails"):
        raise ValueError("as it was told")
    print("heard of", event.get("requestContext", {}).get("condition"))
    return {"ran": event}
"""


@pytest.fixture
def aws() -> Iterator[AwsServer]:
    with open_aws(Behaviour(there={"letters", "good", "bad"})) as server:
        yield server


@pytest.fixture
def house(tmp_path: Path, aws: AwsServer) -> Iterator[House]:
    functions = {name: {"handler": "app.handler", "memory": 1024} for name in ("work", "hear")}
    settings = {"services": {"sqs": aws.address}}
    with open_house(tmp_path, functions, {"code/app.py": CODE}, settings) as house:
        yield house


def once(house: House, qualifier: str | None = None, **destinations: str) -> Any:
    """One attempt, no retry: nobody waits a minute for this."""
    config = {name: {"Destination": arn} for name, arn in destinations.items()}
    return house.client().put_function_event_invoke_config(
        FunctionName="work", MaximumRetryAttempts=0, DestinationConfig=config
    )


def sent(house: House, event: object) -> str:
    answer = house.client().invoke(
        FunctionName="work", InvocationType="Event", Payload=json.dumps(event).encode()
    )
    assert answer["StatusCode"] == 202
    request_id: str = answer["ResponseMetadata"]["RequestId"]
    return request_id


def first(aws: AwsServer) -> Taken:
    wait_until(lambda: bool(aws.taken), "a message comes")
    return aws.taken[0]


def test_destination_of_failures_gets_the_record(house: House, aws: AwsServer) -> None:
    once(house, OnSuccess=f"{ARN}good", OnFailure=f"{ARN}bad")
    request_id = sent(house, {"fails": True})
    message = first(aws)
    record = json.loads(message.body)
    assert message.place.endswith("bad")
    assert record["requestContext"]["requestId"] == request_id
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["requestPayload"] == {"fails": True}
    assert record["responsePayload"]["errorType"] == "ValueError"


def test_destination_of_successes_gets_the_answer(house: House, aws: AwsServer) -> None:
    once(house, OnSuccess=f"{ARN}good", OnFailure=f"{ARN}bad")
    sent(house, {"n": 1})
    message = first(aws)
    assert message.place.endswith("good")
    assert json.loads(message.body)["responsePayload"] == {"ran": {"n": 1}}


def test_function_as_destination_is_invoked_here(house: House) -> None:
    once(house, OnFailure="arn:aws:lambda:us-east-1:000000000000:function:hear")
    sent(house, {"fails": True})
    wait_until(lambda: "heard of RetriesExhausted" in house.log("hear"), "the other function hears of it")


def test_target_that_cannot_be_reached_is_told_in_the_log_and_loses_nothing(
    house: House, aws: AwsServer
) -> None:
    aws.behaviour.there.clear()
    once(house, OnFailure=f"{ARN}bad")
    request_id = sent(house, {"fails": True})
    wait_until(lambda: request_id in house.lam("queue", "show", request_id).stdout, "the event is kept")
    wait_until(
        lambda: "destination" in house.lam("queue", "show", request_id).stdout.lower(), "why it waits is told"
    )


def test_retry_story_takes_as_long_as_the_clock_is_moved(house: House, aws: AwsServer) -> None:
    """Fail, a minute, fail, two minutes, fail, dead letter; the waits to the second."""
    client = house.client()
    client.put_function_event_invoke_config(
        FunctionName="work", DestinationConfig={"OnFailure": {"Destination": f"{ARN}bad"}}
    )
    request_id = sent(house, {"fails": True})

    def attempts() -> int:
        return house.log("work").count("REPORT RequestId: " + request_id)

    wait_until(lambda: attempts() == 1, "the first attempt is over")
    for seconds, expected in ((58, 1), (3, 2), (117, 2), (4, 3)):
        done = house.lam("clock", "advance", f"{seconds}s")
        assert done.returncode == 0, done.stderr
        assert attempts() == expected, f"after another {seconds} s"
    record = json.loads(first(aws).body)
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestContext"]["condition"] == "RetriesExhausted"


def test_counters_of_events_are_shown(house: House, aws: AwsServer) -> None:
    once(house, OnFailure=f"{ARN}bad")
    sent(house, {"fails": True})
    first(aws)
    shown = json.loads(house.lam("metrics", "work", "--json").stdout)
    text = json.dumps(shown)
    assert "AsyncEventsReceived" in text
    assert "Errors" in text


def test_dead_letter_comes_to_a_queue_of_the_neighbour_services(tmp_path: Path) -> None:
    pytest.importorskip("moto", reason="the extra `services` is not installed")
    functions = {"work": {"handler": "app.handler", "memory": 1024}}
    with open_house(tmp_path, functions, {"code/app.py": CODE}) as house:
        sqs = house.client("sqs")
        url = sqs.create_queue(QueueName="letters")["QueueUrl"]
        client = house.client()
        client.create_function(
            FunctionName="made",
            Runtime=VERSION,
            Handler="app.handler",
            Role="arn:aws:iam::000000000000:role/r",
            Code={"S3Bucket": "hot-reload", "S3Key": str(house.folder / "code")},
            DeadLetterConfig={"TargetArn": f"{ARN}letters"},
        )
        client.put_function_event_invoke_config(FunctionName="made", MaximumRetryAttempts=0)
        answer = client.invoke(FunctionName="made", InvocationType="Event", Payload=b'{"fails": true}')
        found: list[Any] = []

        def has_come() -> bool:
            more = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=1)
            found.extend(more.get("Messages", ()))
            return bool(found)

        wait_until(has_come, "the dead letter comes")
        attributes = found[0]["MessageAttributes"]
        assert json.loads(found[0]["Body"]) == {"fails": True}
        assert attributes["RequestID"]["StringValue"] == answer["ResponseMetadata"]["RequestId"]
        assert attributes["ErrorMessage"]["StringValue"] == "as it was told"
