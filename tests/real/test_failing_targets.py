"""Targets that hang, fail, are gone or never take it: what is tried again, what is told; nothing is lost."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from lambdacli.engine.endings import OF_ONE_LANE
from tests.aws_server import AwsServer, Behaviour, Taken, open_aws
from tests.real.house import PYTHON_RUNTIME, Project, opened, wait_until

pytestmark = pytest.mark.real

QUEUE = "arn:aws:sqs:us-east-1:000000000000:"
TOPIC = "arn:aws:sns:us-east-1:000000000000:topic"
HEARER = "arn:aws:lambda:us-east-1:000000000000:function:hear"
ROLE = "arn:aws:iam::000000000000:role/r"
CODE = """
def handler(event, context):
    if "requestContext" in event or event.get("fails"):
        raise ValueError("as it was told")
    return {"text": "x" * event.get("answer_bytes", 0)}
"""


@pytest.fixture
def queues() -> Iterator[AwsServer]:
    with open_aws(Behaviour(there={"good", "bad", "letters"})) as server:
        yield server


@pytest.fixture
def topics() -> Iterator[AwsServer]:
    """Somewhere else."""
    with open_aws(Behaviour(there={"topic"})) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, queues: AwsServer, topics: AwsServer) -> Iterator[Project]:
    with opened(tmp_path) as project:
        services = f"services: {{sqs: '{queues.address}', sns: '{topics.address}'}}"
        project.write("lam.yaml", f"{services}\nfunctions:\n")
        for name in ("work", "other", "hear"):
            project.function(name, CODE)
        project.start()
        yield project


def client(project: Project) -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{project.port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def configure(project: Project, name: str, retries: int = 0, **destinations: str) -> None:
    client(project).put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=retries,
        DestinationConfig={kind: {"Destination": arn} for kind, arn in destinations.items()},
    )


def sent(project: Project, name: str, event: object) -> str:
    answer = client(project).invoke(
        FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode()
    )
    assert answer["StatusCode"] == 202
    request_id: str = answer["ResponseMetadata"]["RequestId"]
    return request_id


def shown(project: Project, request_id: str) -> dict[str, Any]:
    return dict(json.loads(project.lam("queue", "show", request_id, "--json").stdout))


def counted(project: Project, name: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for point in json.loads(project.lam("metrics", name, "--json").stdout)["points"]:
        found[point["metric"]] += point["sum"]
    return found


def who(message: Taken) -> str:
    request_id: str = json.loads(message.body)["requestContext"]["requestId"]
    return request_id


# A target that hangs


def test_neither_others_nor_a_stop_wait_for_a_target_that_hangs_and_the_next_service_tells_it(
    project: Project, queues: AwsServer, topics: AwsServer
) -> None:
    queues.behaviour.hangs = hanging = threading.Event()
    configure(project, "work", OnSuccess=f"{QUEUE}good")
    configure(project, "other", OnSuccess=TOPIC)
    stuck = [sent(project, "work", {}) for _ in range(OF_ONE_LANE + 4)]
    wait_until(queues.asked.is_set, "the queue is asked")
    other = sent(project, "other", {})
    wait_until(lambda: [who(message) for message in topics.taken] == [other], "others are told", 5)
    began = time.monotonic()
    project.lam("stop")
    assert time.monotonic() - began < 8
    assert f"ends of events were still being told ({OF_ONE_LANE}): they are told again" in project.log_text()
    queues.behaviour.hangs = None
    hanging.set()
    project.start()
    # The target has those that hung, too: it had read them.
    wait_until(lambda: len(queues.taken) == 2 * OF_ONE_LANE + 4, "all are told by the next service")
    assert {who(message) for message in queues.taken} == set(stuck)
    assert len(topics.taken) == 1


@pytest.mark.slow
def test_a_target_that_hangs_is_given_a_deadline_and_tried_again_by_the_clock(
    project: Project, queues: AwsServer
) -> None:
    queues.behaviour.hangs = hanging = threading.Event()
    configure(project, "work", OnSuccess=f"{QUEUE}good")
    request_id = sent(project, "work", {})
    wait_until(lambda: "did not answer in time" in project.log_text(), "it is given up for now", 30)
    assert f"the end of event {request_id} for work is told again at" in project.log_text()
    queues.behaviour.hangs = None
    hanging.set()
    project.lam("clock", "advance", "5m")
    wait_until(lambda: len(queues.taken) == 2, "it is told again")
    assert shown(project, request_id)["state"] == "finished"


# A function that is a destination, and fails


def test_a_destination_that_fails_has_retries_and_a_destination_of_its_own(
    project: Project, queues: AwsServer
) -> None:
    configure(project, "work", OnSuccess=HEARER)
    configure(project, "hear", retries=1, OnFailure=f"{QUEUE}bad")
    request_id = sent(project, "work", {"n": 1})
    wait_until(lambda: shown(project, request_id)["state"] == "finished", "the first event is at its end")
    assert shown(project, request_id)["delivery_error"] is None
    wait_until(lambda: "for hear failed (ValueError) and is tried again" in project.log_text(), "it fails")
    project.lam("clock", "advance", "61s")
    wait_until(lambda: bool(queues.taken), "its own destination hears of it")
    [message] = queues.taken
    record = json.loads(message.body)
    assert record["requestContext"]["functionArn"] == f"{HEARER}:$LATEST"
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["requestPayload"]["requestContext"]["requestId"] == request_id
    assert counted(project, "work")["DestinationDeliveryFailures"] == 0


# A queue that was deleted


def test_a_queue_that_is_made_again_gets_what_waited_for_it(project: Project, queues: AwsServer) -> None:
    queues.behaviour.there.discard("good")
    configure(project, "work", OnSuccess=f"{QUEUE}good")
    request_id = sent(project, "work", {})
    gone = f"{QUEUE}good is not there: SQS at {queues.address} answered QueueDoesNotExist"
    wait_until(lambda: gone in project.log_text(), "the log tells that it is gone")
    event = shown(project, request_id)
    assert event["state"] == "delivering"
    assert gone in event["attempts"][-1]["error_message"]
    project.lam("clock", "advance", "30m")
    assert not queues.taken
    queues.behaviour.there.add("good")
    project.lam("clock", "advance", "5m")
    wait_until(lambda: bool(queues.taken), "it is told")
    assert [who(message) for message in queues.taken] == [request_id]
    assert counted(project, "work")["DestinationDeliveryFailures"] == 0


def test_a_queue_that_stays_away_is_given_up_and_shown(project: Project, queues: AwsServer) -> None:
    queues.behaviour.there.clear()
    project.expected_errors.append("is given up")
    client(project).create_function(
        FunctionName="made",
        Runtime=PYTHON_RUNTIME,
        Handler="app.handler",
        Role=ROLE,
        Code={"S3Bucket": "hot-reload", "S3Key": str(project.folder / "work")},
        DeadLetterConfig={"TargetArn": f"{QUEUE}letters"},
    )
    configure(project, "made", OnFailure=f"{QUEUE}bad")
    request_id = sent(project, "made", {"fails": True})
    wait_until(lambda: "QueueDoesNotExist" in project.log_text(), "the log tells that they are gone")
    project.lam("clock", "advance", "61m")
    wait_until(lambda: shown(project, request_id)["state"] == "finished", "it is given up")
    for role, name in (("destination on failure", "bad"), ("dead-letter queue", "letters")):
        why = f"{role}: {QUEUE}{name} is not there"
        assert f"the end of event {request_id} for made is given up: {why}" in project.log_text()
        assert why in shown(project, request_id)["delivery_error"]
    assert "is not there" in project.lam("queue", "show", request_id).stdout
    found = counted(project, "made")
    assert (found["DestinationDeliveryFailures"], found["DeadLetterErrors"]) == (1, 1)


# What can never be taken


@pytest.mark.parametrize(
    ("event", "denied", "why"),
    [
        pytest.param({"answer_bytes": 1 << 20}, set(), "and it takes at most 1048576", id="too large"),
        pytest.param({}, {"good"}, f"may not send to {QUEUE}good", id="denied"),
    ],
)
def test_what_a_target_can_never_take_is_given_up_at_once(
    project: Project, queues: AwsServer, event: object, denied: set[str], why: str
) -> None:
    project.expected_errors.append("cannot be told")
    queues.behaviour.denied |= denied
    configure(project, "work", OnSuccess=f"{QUEUE}good")
    request_id = sent(project, "work", event)
    wait_until(lambda: shown(project, request_id)["state"] == "finished", "it is given up at once")
    assert why in shown(project, request_id)["delivery_error"]
    assert f"the end of event {request_id} for work cannot be told: destination on" in project.log_text()
    assert counted(project, "work")["DestinationDeliveryFailures"] == 1
    assert not queues.taken
