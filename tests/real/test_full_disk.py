"""A disk that is full, as the kernel says it: nothing is accepted, nothing lost, and no stop waits for it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws_server import AwsServer, Behaviour, open_aws
from tests.real.house import DEADLINE_SECONDS, Project, opened, wait_until
from tests.real.toolchains import missing

pytestmark = pytest.mark.real

FULL = "database or disk is full"
REFUSED = (
    f"The event was not accepted: lam's database could not be written ({FULL}). Make room on the disk, and "
    "send it again."
)
NOT_WRITTEN = f"what became of an event is not written yet, and is written again: {FULL}"
GOOD = "arn:aws:sqs:us-east-1:000000000000:good"
CODE = """
import socket


def handler(event, context):
    with socket.create_connection(("127.0.0.1", event["port"]), 30) as gate:
        gate.recv(1)
    return event
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small one, for the state alone."""
    if os.getuid() != 0:
        missing("root, who may mount a small disk,")
    place = tmp_path / "project" / ".lam"
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.fixture
def aws() -> Iterator[AwsServer]:
    with open_aws(Behaviour(there={"good"})) as server:
        yield server


@pytest.fixture(params=["process", "full"])
def project(request: pytest.FixtureRequest, tmp_path: Path, disk: Path, aws: AwsServer) -> Iterator[Project]:
    """With each kind of durability: they write in different ways."""
    with opened(tmp_path) as project:
        project.write(
            "lam.yaml", f"durability: {request.param}\nservices: {{sqs: '{aws.address}'}}\nfunctions:\n"
        )
        project.function("work", CODE, "timeout: 60")
        project.function("never", CODE)
        project.expected_errors += [FULL, "No space left on device", "could not be written"]
        project.start()
        project.tell_of_successes("work", GOOD)
        yield project


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """Where the function knocks when it runs, and waits to be let go."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(DEADLINE_SECONDS)
        yield door


def sent(project: Project, name: str, door: socket.socket) -> tuple[int, bytes]:
    event = {"port": door.getsockname()[1]}
    return project.ask("POST", f"/2015-03-31/functions/{name}/invocations", event)


def let_go(door: socket.socket) -> None:
    knocking, _ = door.accept()
    with knocking:
        knocking.sendall(b".")


def fill(disk: Path) -> Path:
    """To the last byte."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(b"x" * size) == size:
                    pass
    return filler


def test_a_full_disk_accepts_nothing_and_what_was_decided_is_written_when_there_is_room(
    project: Project, disk: Path, aws: AwsServer, door: socket.socket
) -> None:
    assert sent(project, "work", door)[0] == 202
    knocking, _ = door.accept()
    filler = fill(disk)
    for name in ("work", "never"):  # one with events before, one without
        status, body = sent(project, name, door)
        assert (status, json.loads(body)) == (500, {"Type": "Service", "Message": REFUSED})
    assert project.log_text().count(f"was not accepted: {FULL}") == 2
    with knocking:
        knocking.sendall(b".")
    wait_until(lambda: NOT_WRITTEN in project.log_text(), "the log tells what is not written")
    assert not aws.taken
    filler.unlink()
    wait_until(lambda: len(aws.taken) == 1, "the decision is written, and its end told")
    assert "what became of events could be written now" in project.log_text()
    assert project.log_text().count(NOT_WRITTEN) == 1
    assert sent(project, "work", door)[0] == 202
    let_go(door)
    wait_until(lambda: len(aws.taken) == 2, "the next one is accepted and told")


def test_a_stop_does_not_wait_for_room_and_the_next_service_runs_the_event_again(
    project: Project, disk: Path, aws: AwsServer, door: socket.socket
) -> None:
    assert sent(project, "work", door)[0] == 202
    knocking, _ = door.accept()
    filler = fill(disk)
    with knocking:
        knocking.sendall(b".")
    wait_until(lambda: NOT_WRITTEN in project.log_text(), "the log tells what is not written")
    project.lam("stop")
    assert "what became of events could not be written (1)" in project.log_text()
    told = project.lam("start", "--detach", "--port", "0", code=1).stderr
    assert f"the disk of {project.state} is full: make room on it, and start again" in told
    assert "Traceback" not in told
    filler.unlink()
    project.start()
    let_go(door)
    wait_until(lambda: len(aws.taken) == 1, "it is executed, and its end told")
