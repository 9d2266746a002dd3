"""What a real service counts, and that it is there after its end."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.config import Config

from tests.real.house import Project, opened

pytestmark = pytest.mark.real

CODE = """
def handler(event, context):
    return 1 / event["by"]
"""


@pytest.fixture
def project(tmp_path):
    with opened(tmp_path) as project:
        project.function("demo", CODE)
        project.function("never", CODE, "concurrency: 0")
        project.start()
        yield project


def sums(project: Project, name: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for point in json.loads(project.lam("metrics", name, "--json").stdout)["points"]:
        assert point["version"] == "$LATEST"
        found[point["metric"]] = found.get(point["metric"], 0) + point["sum"]
    return found


def test_invocations_errors_and_throttles_are_counted_and_kept(project):
    for by in (1, 1, 0):
        project.invoke("demo", {"by": by})
    client = boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{project.port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(client.exceptions.TooManyRequestsException):
        client.invoke(FunctionName="never")
    project.lam("stop")  # whoever asks too early would miss an invocation that has not come to its REPORT
    counted = sums(project, "demo")
    assert 0 < counted.pop("Duration") < 60_000
    assert counted == {"Invocations": 3, "Errors": 1, "ConcurrentExecutions": 3}
    assert sums(project, "never") == {"Throttles": 1}
    shown = project.lam("metrics", "demo").stdout.splitlines()
    assert [line.split()[0] for line in shown] == [
        "Invocations",
        "Errors",
        "Throttles",
        "Duration",
        "ConcurrentExecutions",
    ]
