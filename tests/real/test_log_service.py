"""The service as CloudWatch Logs: what a function printed, through boto3 and the AWS CLI."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.real.house import Project, opened
from tests.real.toolchains import aws_cli_2

pytestmark = pytest.mark.real

GROUP = "/aws/lambda/demo"
CODE = """
def handler(event, context):
    print("order", event)
    return event
"""


@pytest.fixture
def project(tmp_path):
    with opened(tmp_path) as project:
        project.function("demo", CODE)
        yield project


def client_of(project: Project, key: str = "test", secret: str = "test", service: str = "logs"):
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{project.port}",
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


def aws(project: Project, *words: str) -> dict:
    command = [
        sys.executable,
        "-m",
        "awscli",
        "--endpoint-url",
        f"http://127.0.0.1:{project.port}",
        "logs",
        *words,
    ]
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    done = subprocess.run(
        [*command, "--region", "us-east-1", "--output", "json"],
        env={**project.variables, **credentials},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else {}


def test_what_a_function_printed_is_found_by_boto3_and_the_aws_cli(project):
    project.start()
    project.invoke("demo", 1)
    project.invoke("demo", 2)
    logs = client_of(project)
    [group] = logs.describe_log_groups()["logGroups"]
    assert group["logGroupName"] == GROUP
    found = [
        event["message"].strip()
        for page in logs.get_paginator("filter_log_events").paginate(
            logGroupName=GROUP, filterPattern="order", PaginationConfig={"PageSize": 1}
        )
        for event in page["events"]
    ]
    assert found == ["order 1", "order 2"]
    cli = aws(project, "filter-log-events", "--log-group-name", GROUP, "--filter-pattern", "order")
    assert [event["message"].strip() for event in cli["events"]] == ["order 1", "order 2"]
    streams = aws(project, "describe-log-streams", "--log-group-name", GROUP)["logStreams"]
    name = streams[0]["logStreamName"]
    whole = aws(project, "get-log-events", "--log-group-name", GROUP, "--log-stream-name", name)
    assert sum(event["message"].startswith("START RequestId") for event in whole["events"]) == 2


def test_a_reader_who_polls_as_aws_logs_tail_does_sees_each_line_once(project):
    """It asks from the time of the last line on, and knows by their ids what it has had."""
    project.start()
    project.invoke("demo", 0)
    logs = client_of(project)
    start, seen, lines = 0, set(), []
    deadline = time.monotonic() + 20
    for number in range(1, 6):
        project.invoke("demo", number)
        while f"order {number}" not in lines:
            assert time.monotonic() < deadline
            for event in logs.filter_log_events(logGroupName=GROUP, startTime=start)["events"]:
                if event["eventId"] not in seen:
                    seen.add(event["eventId"])
                    lines.append(event["message"].strip())
                    start = max(start, event["timestamp"])
    assert [line for line in lines if line.startswith("order")] == [f"order {each}" for each in range(6)]


def test_aws_logs_tail_prints_what_was_there_and_follows(project):
    project.start()
    project.invoke("demo", 1)
    endpoint = ["--endpoint-url", f"http://127.0.0.1:{project.port}", "--region", "us-east-1"]
    command = [aws_cli_2(), *endpoint, "logs", "tail", GROUP, "--since", "5m", "--format", "short"]
    variables = {**project.variables, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    there = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
    assert there.returncode == 0, there.stderr
    assert [line.split()[1:] for line in there.stdout.splitlines() if "order" in line] == [["order", "1"]]
    follower = subprocess.Popen(
        [*command, "--follow"], env={**variables, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert follower.stdout is not None
        lines = (line for line in follower.stdout if "order" in line)
        assert next(lines).endswith("order 1\n")
        project.invoke("demo", 2)
        assert next(lines).endswith("order 2\n")
    finally:
        follower.kill()
        follower.communicate()


def test_others_put_their_events_beside_them(project):
    project.start()
    logs = client_of(project)
    logs.create_log_group(logGroupName="/mine")
    logs.create_log_stream(logGroupName="/mine", logStreamName="s")
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName="/mine", logStreamName="s", logEvents=[{"timestamp": now, "message": "hello"}]
    )
    assert aws(project, "filter-log-events", "--log-group-name", "/mine")["events"][0]["message"] == "hello"
    project.lam("stop")
    project.start()
    [event] = client_of(project).filter_log_events(logGroupName="/mine")["events"]
    assert (event["timestamp"], event["message"]) == (now, "hello")


def test_a_group_that_is_deleted_comes_back_with_the_next_invocation(project):
    project.start()
    project.invoke("demo", 1)
    logs = client_of(project)
    logs.delete_log_group(logGroupName=GROUP)
    project.invoke("demo", 2)
    events = logs.filter_log_events(logGroupName=GROUP, filterPattern="order")["events"]
    assert [event["message"].strip() for event in events] == ["order 2"]


RULES = """
auth: true
keys: keys.yaml
identities:
  arn:aws:iam::000000000000:user/reader:
    - Statement:
        Effect: Allow
        Action: logs:FilterLogEvents
        Resource: arn:aws:logs:*:*:log-group:/aws/lambda/demo:*
"""
KEYS = """
AKIAADMIN: {secret: of-admin, account: "000000000000"}
AKIAREADER: {secret: of-reader, arn: "arn:aws:iam::000000000000:user/reader"}
"""


def test_signatures_and_rights_are_checked(project):
    project.write("keys.yaml", KEYS)
    yaml = project.folder / "lam.yaml"
    yaml.write_text(yaml.read_text() + RULES)
    project.start()
    project.invoke("demo", 1)
    admin, reader = client_of(project, "AKIAADMIN", "of-admin"), client_of(project, "AKIAREADER", "of-reader")
    assert admin.describe_log_groups()["logGroups"]
    assert reader.filter_log_events(logGroupName=GROUP)["events"]
    refused = {
        "AccessDeniedException": lambda: reader.delete_log_group(logGroupName=GROUP),
        "InvalidSignatureException": client_of(project, "AKIAADMIN", "wrong").describe_log_groups,
        "UnrecognizedClientException": client_of(project).describe_log_groups,
    }
    for code, call in refused.items():
        with pytest.raises(ClientError) as error:
            call()
        assert error.value.response["Error"]["Code"] == code
    # A signature that was made for one service opens no other.
    assert client_of(project, "AKIAADMIN", "of-admin", "lambda").list_functions()["Functions"]
