"""An event source mapping that nothing polls is no secret: the log and `lam show` tell of it, and a restart
keeps it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from house import Project, opened

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
]

CLUSTER = "arn:aws:kafka:us-east-1:000000000000:cluster/orders/1"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as project:
        project.function("worker", "def handler(event, context):\n    return event\n")
        project.start()
        yield project


def notes(project: Project) -> list[str]:
    shown = json.loads(project.lam("show", "worker", "--json").stdout)
    return [note for note in shown["notes"] if "event source mapping" in note]


def test_mapping_is_told_of_until_it_is_deleted(project: Project) -> None:
    def client() -> Any:
        return boto3.client(
            "lambda",
            endpoint_url=f"http://127.0.0.1:{project.port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    assert notes(project) == []
    mapping = client().create_event_source_mapping(
        FunctionName="worker", EventSourceArn=CLUSTER, Topics=["orders"], StartingPosition="LATEST"
    )
    told = notes(project)
    assert len(told) == 1
    assert mapping["UUID"] in told[0]
    assert told[0] in project.log_text()
    project.lam("stop")
    project.start()
    assert notes(project) == told
    client().delete_event_source_mapping(UUID=mapping["UUID"])
    assert notes(project) == []
