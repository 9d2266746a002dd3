"""Which changes of settings reach the next invocation, and which leave warm environments alone."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from house import PYTHON_RUNTIME, Project, opened

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
]

STREAM = "def handler(event, context):\n    return context.log_stream_name\n"
QUEUE = "import os\n\ndef handler(event, context):\n    return os.environ.get('AWS_ENDPOINT_URL_SQS')\n"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as project:
        project.function("queue", QUEUE)
        project.start()
        yield project


def names(client: Any) -> list[str]:
    return [function["FunctionName"] for function in client.list_functions()["Functions"]]


def client_of(project: Project, region: str = "us-east-1") -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{project.port}",
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def test_functions_move_with_the_region(project: Project) -> None:
    yaml = project.folder / "lam.yaml"
    here, there = client_of(project), client_of(project, "eu-central-1")
    try:
        assert (names(here), names(there)) == (["queue"], [])
        yaml.write_text("region: eu-central-1\n" + yaml.read_text())
        assert (names(here), names(there)) == ([], ["queue"])
        arn = there.get_function(FunctionName="queue")["Configuration"]["FunctionArn"]
        assert arn == "arn:aws:lambda:eu-central-1:000000000000:function:queue"
        assert there.invoke(FunctionName="queue")["Payload"].read() == b"null"
    finally:
        here.close()
        there.close()


def test_services_lead_the_next_invocation(project: Project) -> None:
    yaml = project.folder / "lam.yaml"
    functions = yaml.read_text()
    assert project.invoke("queue") is None
    for port in (9324, 9325):
        yaml.write_text(f"services: {{sqs: 'http://127.0.0.1:{port}'}}\n{functions}")
        assert project.invoke("queue") == f"http://127.0.0.1:{port}"
    yaml.write_text(functions)
    assert project.invoke("queue") is None


CHANGES: dict[str, Callable[[Any, str], object]] = {
    "TagResource": lambda client, arn: client.tag_resource(Resource=arn, Tags={"team": "a"}),
    "PutFunctionConcurrency": lambda client, arn: client.put_function_concurrency(
        FunctionName=arn, ReservedConcurrentExecutions=5
    ),
    "DeleteFunctionConcurrency": lambda client, arn: client.delete_function_concurrency(FunctionName=arn),
}


def test_tags_and_concurrency_leave_a_warm_environment_warm(project: Project) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", STREAM)
    client = client_of(project)
    try:
        arn = client.create_function(
            FunctionName="made",
            Runtime=PYTHON_RUNTIME,
            Handler="app.handler",
            Role="arn:aws:iam::000000000000:role/lambda",
            Code={"ZipFile": package.getvalue()},
        )["FunctionArn"]
        stream = project.invoke("made")
        for name, change in CHANGES.items():
            change(client, arn)
            assert project.invoke("made") == stream, name
        client.update_function_configuration(FunctionName="made", Timeout=7)
        assert project.invoke("made") != stream, "what an environment is started with makes a new one"
    finally:
        client.close()
