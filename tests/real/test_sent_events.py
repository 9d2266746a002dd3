"""Events that `lam event generate --send` made, as a real function gets them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.house import Project, opened, wait_until

pytestmark = pytest.mark.real

READS = """
import json

def handler(event, context):
    records = [json.loads(json.loads(record["body"])["Message"])["Records"][0] for record in event["Records"]]
    print("arn", event["Records"][0]["eventSourceARN"], context.invoked_function_arn)
    return [record["s3"]["object"]["key"] for record in records]
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as project:
        yield project


def test_a_made_event_reaches_the_function_as_aws_would_have_wrapped_it(project: Project) -> None:
    project.function("reads", READS)
    project.start()
    words = ("event", "generate", "s3", "put", "--via", "sns,sqs", "--key", "a b.txt", "--count", "3")
    answered = project.lam(*words, "--send", "reads")
    assert json.loads(answered.stdout) == ["a+b.txt"] * 3
    told = next(line for line in answered.stderr.splitlines() if line.startswith("arn "))
    queue, function = told.split()[1:]
    assert queue.split(":")[3:5] == function.split(":")[3:5]
    accepted = project.lam(*words, "--send", "reads", "--invocation-type", "Event").stderr
    assert accepted.startswith("202 accepted")
    request_id = accepted.split("request ")[1].strip()
    wait_until(
        lambda: (
            json.loads(project.lam("queue", "show", request_id, "--json").stdout)["condition"] == "Success"
        ),
        "the event's end",
    )
    refused = project.lam(*words, "--send", "readz", code=1).stderr
    assert "did you mean reads?" in refused
