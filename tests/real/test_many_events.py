"""`lam invoke --events` with a real service: all of a file, several at once, to their ends."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.real.house import Project, is_alive, opened, wait_until

pytestmark = pytest.mark.real

CODE = """
import time


def handler(event, context):
    if event.get("fails"):
        raise ValueError("no")
    if "until" in event:
        import os
        while not os.path.exists(event["until"]):
            time.sleep(0.01)
    print("ran", event["n"])
    return event
"""


@pytest.fixture
def project(tmp_path):
    with opened(tmp_path) as project:
        project.function("work", CODE, "timeout: 60")
        yield project


def events(project: Project, *documents: object) -> None:
    project.write("events.jsonl", "".join(json.dumps(each) + "\n" for each in documents))


def ran(project: Project) -> list[int]:
    return sorted(int(m.split()[1]) for m in project.log_messages() if m.startswith("ran "))


def test_many_events_are_followed_to_their_ends(project):
    project.start()
    events(project, *({"n": number} for number in range(300)))
    words = ("invoke", "work", "--events", "events.jsonl", "--invocation-type", "Event", "--wait")
    said = project.lam(*words).stderr
    assert "work: 300 events, 300 accepted, 0 refused" in said
    assert "  300 × Success" in said
    assert ran(project) == list(range(300))
    told = json.loads(project.lam(*words, "--json").stdout)
    assert (told["ends"], told["gone"], told["waiting"]) == ({"Success": 300}, 0, 0)


def test_ends_without_success_are_told_by_condition(project):
    project.start()
    events(project, {"n": 1}, {"fails": True}, {"n": 2})
    following = project.begin(
        "invoke", "work", "--events", "events.jsonl", "--invocation-type", "Event", "--wait"
    )
    try:
        lane = wait_until(lambda: _waiting(project), "the failed one waits for its retry")
        assert lane == 1
        project.lam("clock", "advance", "5m")
        said = following.communicate(timeout=30)[0]
    finally:
        following.kill()
    assert following.returncode == 1
    assert "  2 × Success\n  1 × RetriesExhausted\n" in said


def _waiting(project: Project) -> int:
    """Those that wait while none runs."""
    lanes = json.loads(project.lam("queue", "--json").stdout)["lanes"]
    return sum(lane["queued"] for lane in lanes) if not any(lane["running"] for lane in lanes) else 0


def test_what_is_purged_is_not_waited_for(project):
    project.start()
    events(project, {"n": 1}, {"fails": True})
    following = project.begin(
        "invoke", "work", "--events", "events.jsonl", "--invocation-type", "Event", "--wait"
    )
    try:
        wait_until(lambda: _waiting(project) == 1, "the failed one waits for its retry")
        project.lam("queue", "purge", "work", "-y")
        said = following.communicate(timeout=30)[0]
    finally:
        following.kill()
    assert following.returncode == 1
    assert "  1 × purged, or not in the history any more" in said


def test_of_a_service_that_is_killed_all_that_was_not_accepted_is_kept(project):
    project.start()
    count = 30
    events(project, *({"n": number, "until": "flag"} for number in range(count)))
    words = ("--events", "events.jsonl", "--parallel", "2", "--unsent", "left.jsonl")
    sending = project.begin("invoke", "work", *words)
    try:
        wait_until(lambda: _running(project) == 2, "two run")
        os.kill(project.service_pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(project.service_pid), "it is gone")
        said = sending.communicate(timeout=30)[0]
    finally:
        sending.kill()
    assert sending.returncode == 1
    assert "× the answer is lost: they may have been accepted" in said
    assert "× not sent: " in said
    left = [json.loads(line)["n"] for line in (project.folder / "left.jsonl").read_text().splitlines()]
    assert sorted(left) == list(range(count))


def test_an_interrupt_lets_what_is_under_way_end_and_tells_what_was_not_sent(project):
    flag = project.folder / "work" / "flag"
    project.start()
    events(project, *({"n": number, "until": "flag"} for number in range(20)))
    words = ("--events", "events.jsonl", "--parallel", "2", "--unsent", "left.jsonl")
    sending = project.begin("invoke", "work", *words)
    try:
        wait_until(lambda: _running(project) == 2, "two run")
        sending.send_signal(signal.SIGINT)
        assert sending.stdout is not None
        heard = ""
        while "stopping: answers that are under way are awaited" not in heard:
            heard = sending.stdout.readline()
            assert heard, "it ended without a word"
        flag.touch()
        said = sending.communicate(timeout=30)[0]
    finally:
        sending.kill()
    assert sending.returncode == 130
    assert "work: 2 of 20 events sent, 2 answered, 0 function errors, 0 refused" in said
    assert "  18 × not sent: interrupted" in said
    assert len((project.folder / "left.jsonl").read_text().splitlines()) == 18


def _running(project: Project) -> int:
    return int(json.loads(project.lam("status", "--json").stdout)["running_invocations"])


def test_at_a_terminal_a_bar_shows_how_far_it_is(project):
    project.start()
    events(project, *({"n": number} for number in range(10)))
    said = project.at_terminal("invoke", "work", "--events", "events.jsonl", "--invocation-type", "Event")
    assert "sending" in said
    assert "10/10" in said
    assert "work: 10 events, 10 accepted" in said
