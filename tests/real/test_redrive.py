"""`lam dlq` with a real service and the embedded SQS: what failed is sent to its function again."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.real.house import Project, is_alive, opened, wait_until

pytestmark = pytest.mark.real

pytest.importorskip("moto", reason="the extra `services` is not installed")

CODE = """
import os


def handler(event, context):
    if not os.path.exists("/var/task/mended") and not os.path.exists("mended"):
        raise ValueError("not mended")
    print("ran", event.get("n"))
    return event
"""
ARN = "arn:aws:sqs:us-east-1:000000000000:"


@pytest.fixture
def project(tmp_path):
    with opened(tmp_path) as project:
        project.function("work", CODE)
        project.function("other", CODE)
        project.start()
        client(project, "sqs").create_queue(QueueName="letters")
        yield project


def client(project: Project, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=project.record["endpoint"],
        region_name="us-east-1",
        aws_access_key_id="lam",
        aws_secret_access_key="lam",
        config=Config(retries={"total_max_attempts": 1}),
    )


def made(project: Project, name: str = "made", target: str = f"{ARN}letters") -> Any:
    """A function with a dead-letter target, and one attempt only."""
    lambda_ = client(project, "lambda")
    lambda_.create_function(
        FunctionName=name,
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Handler="app.handler",
        Role="arn:aws:iam::000000000000:role/r",
        Code={"S3Bucket": "hot-reload", "S3Key": str(project.folder / "work")},
        DeadLetterConfig={"TargetArn": target},
    )
    lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    return lambda_


def depth(project: Project, name: str = "letters") -> tuple[int, int]:
    sqs = client(project, "sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    waiting, hidden = (int(told[each]) for each in names)
    return waiting, hidden


def failed(project: Project, *payloads: object, name: str = "made") -> list[str]:
    """Request ids of events that ended in the queue."""
    before = depth(project)[0]
    lambda_ = client(project, "lambda")
    ids = []
    for payload in payloads:
        document = json.dumps(payload).encode()
        answer = lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=document)
        ids.append(answer["ResponseMetadata"]["RequestId"])
    wait_until(lambda: depth(project)[0] == before + len(payloads), "the dead letters come")
    return ids


def ended(project: Project, request_id: str) -> Any:
    def look() -> Any:
        event = json.loads(project.lam("queue", "show", request_id, "--json").stdout)
        return event if event["state"] == "finished" else None

    return wait_until(look, f"the end of {request_id}")


def redriven(project: Project, *words: str, code: int = 0) -> Any:
    return json.loads(project.lam("dlq", "redrive", "made", "--json", *words, code=code).stdout)


def test_dead_letters_are_shown_sent_again_and_gone(project):
    made(project)
    ids = failed(project, *({"n": number} for number in range(12)))
    shown = project.lam("dlq", "show", "made").stdout
    assert "waiting      12" in shown
    assert "200 not mended" in shown
    told = json.loads(project.lam("dlq", "show", "made", "--json", "--max", "100").stdout)
    assert sorted(each["request_id"] for each in told["messages"]) == sorted(ids)
    assert depth(project) == (12, 0)
    dry = project.lam("dlq", "redrive", "made", "--dry-run")
    assert "made: 12 would be sent again, 0 left in the queue" in dry.stderr
    assert depth(project) == (12, 0)
    (project.folder / "work" / "mended").touch()
    few = redriven(project, "--max", "2")
    assert len(few["sent"]) == 2
    assert depth(project) == (10, 0)
    rest = redriven(project)
    assert len(rest["sent"]) == 10
    assert depth(project) == (0, 0)
    sent = [*few["sent"], *rest["sent"]]
    assert sorted(each["was"] for each in sent) == sorted(ids)
    answers = [json.loads(ended(project, each["request_id"])["answer"])["n"] for each in sent]
    assert sorted(answers) == list(range(12))


def test_what_fails_again_meanwhile_is_not_sent_round_and_round(project):
    made(project)
    failed(project, {"n": 1}, {"n": 2})
    told = redriven(project)
    assert len(told["sent"]) == 2
    assert set(told["left"]) <= {"it was sent again just now, and failed again"}
    wait_until(lambda: depth(project) == (2, 0), "they are there again")


def test_records_of_a_destination_are_sent_again_by_their_payload(project):
    config = {"OnFailure": {"Destination": f"{ARN}letters"}}
    client(project, "lambda").put_function_event_invoke_config(
        FunctionName="work", MaximumRetryAttempts=0, DestinationConfig=config
    )
    client(project, "lambda").put_function_event_invoke_config(
        FunctionName="other", MaximumRetryAttempts=0, DestinationConfig=config
    )
    (was,) = failed(project, {"text": "ä", "big": 12345678901234567890}, name="work")
    failed(project, {}, name="other")
    sqs = client(project, "sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="letters")["QueueUrl"], MessageBody="hello")
    (project.folder / "work" / "mended").touch()
    words = ("dlq", "redrive", "work", "--from", "destination")
    told = json.loads(project.lam(*words, "--json").stdout)
    assert told["left"] == {"not a record of Lambda": 1, "it is of other:$LATEST": 1}
    [sent] = told["sent"]
    assert sent["was"] == was
    assert json.loads(ended(project, sent["request_id"])["payload"]) == {
        "text": "ä",
        "big": 12345678901234567890,
    }
    assert depth(project) == (2, 0)
    hint = project.lam("dlq", "redrive", "work", code=1).stderr
    assert "work has no dead-letter queue" in hint
    assert f"it has {ARN}letters: `--from destination` reads that" in hint


def test_of_a_queue_that_two_functions_share_only_their_own_letters_are_taken(project):
    made(project)
    made(project, "second")
    failed(project, {"of": "made"})
    failed(project, {"of": "second"}, name="second")
    sqs = client(project, "sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="letters")["QueueUrl"], MessageBody="{}")
    (project.folder / "work" / "mended").touch()
    done = project.lam("dlq", "redrive", "made")
    assert "made: 1 sent again as new events, 2 left in the queue" in done.stderr
    assert "1 × it is of second" in done.stderr
    assert "1 × whose it is is not known: the queue is that of second, too" in done.stderr
    assert "--shared sends them to made" in done.stderr
    assert depth(project) == (2, 0)
    assert len(redriven(project, "--shared")["sent"]) == 2


def test_what_is_no_event_stays_in_the_queue_and_does_not_stop_the_others(project):
    made(project)
    sqs = client(project, "sqs")
    url = sqs.get_queue_url(QueueName="letters")["QueueUrl"]
    for body in ("no json", '{"n": 1}'):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    (project.folder / "work" / "mended").touch()
    told = redriven(project, code=1)
    assert len(told["sent"]) == 1
    [why] = told["left"]
    assert why.startswith("InvalidRequestContentException: Could not parse request body into json")
    assert depth(project) == (1, 0)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (
            "arn:aws:sns:us-east-1:000000000000:news",
            "is a topic of SNS (arn:aws:sns:us-east-1:000000000000:news)",
        ),
        (f"{ARN}nowhere", f"there is no queue {ARN}nowhere at "),
    ],
    ids=["a topic", "a queue that is gone"],
)
def test_what_cannot_be_read_back_is_said_with_what_to_do(project, target, told):
    made(project, target=target)
    for verb in ("show", "redrive"):
        said = project.lam("dlq", verb, "made", code=1).stderr
        assert told in said
        assert "hint:" in said


def test_a_function_without_one_or_none_at_all_is_told(project):
    said = project.lam("dlq", "show", "work", code=1).stderr
    assert "work has no dead-letter queue" in said
    assert "--dead-letter-config" in said
    assert "a function of lam.yaml can have an OnFailure destination instead" in said
    assert "did you mean work?" in project.lam("dlq", "redrive", "wort", code=1).stderr
    said = project.lam("dlq", "show", "work", "--from", "destination", code=1).stderr
    assert "work has no OnFailure destination" in said


def test_a_queue_is_found_where_lam_yaml_says_and_an_address_without_sqs_is_told(project):
    made(project)
    yaml = project.folder / "lam.yaml"
    yaml.write_text("services: {sqs: 'http://127.0.0.1:9'}\n" + yaml.read_text())
    said = project.lam("dlq", "show", "made", code=1).stderr
    assert "nobody answers for SQS at http://127.0.0.1:9" in said
    assert "services: {sqs:" in said


def test_with_auth_the_keys_are_the_users_own(tmp_path):
    with opened(tmp_path) as project:
        project.function("work", CODE)
        keys = project.write("keys.yaml", "AKIAKNOWN:\n  secret: sesame\n  account: '000000000000'\n")
        yaml = project.folder / "lam.yaml"
        yaml.write_text(f"auth: true\nkeys: {keys}\n{yaml.read_text()}")
        project.start()
        own = {"AWS_ACCESS_KEY_ID": "AKIAKNOWN", "AWS_SECRET_ACCESS_KEY": "sesame"}
        named = {
            "endpoint_url": project.record["endpoint"],
            "region_name": "us-east-1",
            "aws_access_key_id": "AKIAKNOWN",
            "aws_secret_access_key": "sesame",
        }
        boto3.client("sqs", **named).create_queue(QueueName="letters")
        destination = {"OnFailure": {"Destination": f"{ARN}letters"}}
        boto3.client("lambda", **named).put_function_event_invoke_config(
            FunctionName="work", DestinationConfig=destination
        )
        words = ("dlq", "show", "work", "--from", "destination")
        assert "waiting      0" in project.lam(*words, more=own).stdout
        refused = project.lam(*words, more={**own, "AWS_ACCESS_KEY_ID": "AKIAUNKNOWN"}, code=1).stderr
        assert "SQS at" in refused


def test_a_redrive_whose_service_is_killed_loses_no_message(project):
    """Deleted is only what got its 202: every event is on disk or its message in the queue."""
    made(project)
    failed(project, *({"n": number} for number in range(40)))
    (project.folder / "work" / "mended").touch()
    redriving = project.begin("dlq", "redrive", "made")
    try:
        wait_until(lambda: ran(project), "some were sent")
        os.kill(project.service_pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(project.service_pid), "it is gone")
        said = redriving.communicate(timeout=60)[0]
    finally:
        redriving.kill()
    assert redriving.returncode == 1
    assert "error:" in said
    project.start()
    wait_until(lambda: not json.loads(project.lam("queue", "--json").stdout)["lanes"], "all have run")
    assert 0 < len(ran(project)) < 40
    assert len(ran(project)) + sum(depth(project)) >= 40


def ran(project: Project) -> set[str]:
    return {message for message in project.log_messages() if message.startswith("ran ")}
