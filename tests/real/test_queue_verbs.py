"""`lam queue`, `lam invoke --wait` and `lam chaos` with a real service and real functions."""

from __future__ import annotations

import json

import pytest

from tests.real.house import Project, opened, wait_until

pytestmark = pytest.mark.real

FAILS = "def handler(event, context):\n    raise ValueError('no')\n"
ECHO = "def handler(event, context):\n    print('ran')\n    return event\n"


@pytest.fixture
def project(tmp_path):
    with opened(tmp_path) as project:
        yield project


def sent(project: Project, name: str) -> str:
    """The request id of a new event."""
    said = project.lam("invoke", name, "--payload", '{"a": 1}', "--invocation-type", "Event").stderr
    return said.split("request ")[1].strip()


def event(project: Project, request_id: str):
    return json.loads(project.lam("queue", "show", request_id, "--json").stdout)


def test_a_failed_event_waits_in_the_open_and_is_retried_and_dropped_by_hand(project):
    project.function("fails", FAILS)
    project.start()
    assert "no event waits" in project.lam("queue").stderr
    request_id = sent(project, "fails")
    wait_until(lambda: event(project, request_id)["attempts_used"] == 1, "the first attempt")
    row = project.lam("queue").stdout.splitlines()[-1].split()
    assert row[:5] == ["fails", "-", "1", "0", "0"]
    shown = project.lam("queue", "show", request_id[:8]).stdout
    assert "attempt 1 failed: ValueError" in shown
    command = shown.splitlines()[-1].removeprefix("log").split()
    assert command == ["lam", "logs", "fails", "--filter", request_id]
    assert f"RequestId: {request_id}" in project.lam(*command[1:]).stdout
    project.lam("queue", "retry", request_id)
    wait_until(lambda: event(project, request_id)["attempts_used"] == 2, "the second attempt")
    streams = {each["log_stream"] for each in event(project, request_id)["attempts"]}
    assert all(streams)
    assert f"dropped event {request_id}" in project.lam("queue", "drop", request_id[:8]).stderr
    assert event(project, request_id)["condition"] == "Dropped"
    again = project.lam("queue", "drop", request_id, code=1).stderr
    assert f"event {request_id} does not wait: it is finished" in again
    for verb in ("show", "retry", "drop"):
        assert project.lam("queue", verb, "nothing", code=1).stderr == (
            "error: there is no event nothing, neither waiting nor in the history\n\n"
            "hint: `lam events` lists the last ones with their request ids\n"
        )


def test_what_waits_survives_a_stop_and_is_purged(project):
    project.function("fails", FAILS)
    project.start()
    ids = [sent(project, "fails") for _ in range(2)]
    for request_id in ids:
        wait_until(lambda id=request_id: event(project, id)["attempts_used"] == 1, "the first attempt")
    project.lam("stop")
    project.start()
    assert json.loads(project.lam("queue", "--json").stdout)["lanes"][0]["queued"] == 2
    unasked = project.lam("queue", "purge", "fails", code=1).stderr
    assert "this would take all that waits for fails out of the queue" in unasked and "--yes" in unasked
    assert "purged 2 events of fails" in project.lam("queue", "purge", "fails", "-y").stderr
    assert json.loads(project.lam("queue", "--json").stdout)["lanes"] == []
    assert "there is no function other" in project.lam("queue", "purge", "other", "-y", code=1).stderr


def test_an_event_is_followed_to_its_end(project):
    project.function("echo", ECHO)
    project.function("fails", FAILS, "concurrency: 0")
    project.start()
    done = project.lam("invoke", "echo", "--payload", '{"a": 1}', "--invocation-type", "Event", "--wait")
    assert json.loads(done.stdout) == {"a": 1}
    done = project.lam("invoke", "fails", "--invocation-type", "Event", "--wait", code=1)
    assert "the event ended without success: ZeroReservedConcurrency" in done.stderr
    assert "--wait follows an event" in project.lam("invoke", "echo", "--wait", code=2).stderr


def test_every_event_is_delivered_twice_while_chaos_says_so(project):
    project.function("echo", ECHO)
    project.start()
    project.lam("chaos", "duplicates", "on")
    assert "delivered twice" in project.lam("queue").stderr
    project.lam("invoke", "echo", "--invocation-type", "Event", "--wait")
    assert sum(message.strip() == "ran" for message in project.log_messages()) == 2
    project.lam("chaos", "duplicates", "off")
    project.lam("invoke", "echo", "--invocation-type", "Event", "--wait")
    assert sum(message.strip() == "ran" for message in project.log_messages()) == 3


def test_an_event_in_the_history_is_sent_again_as_a_new_one(project):
    project.function("echo", ECHO)
    project.start()
    first = sent(project, "echo")
    wait_until(lambda: event(project, first)["state"] == "finished", "its end")
    said = project.lam("queue", "retry", first).stderr
    assert f"event {first} had come to its end (Success): its payload is sent again as the new event" in said
    second = said.split()[-1]
    assert second != first
    wait_until(lambda: event(project, second)["state"] == "finished", "the end of the new one")
    assert json.loads(event(project, second)["answer"]) == {"a": 1}
    yaml = project.folder / "lam.yaml"
    yaml.write_text(yaml.read_text().replace("  echo:", "  other:"))
    project.lam("list")
    refused = project.lam("queue", "retry", first, code=1).stderr
    assert f"event {first} cannot be sent again: Function not found: " in refused


def test_a_history_that_lam_yaml_bounds_keeps_no_more(project):
    project.function("echo", ECHO)
    yaml = project.folder / "lam.yaml"
    project.start()
    first = sent(project, "echo")
    wait_until(lambda: event(project, first)["state"] == "finished", "its end")
    yaml.write_text("history: {days: 1}\n" + yaml.read_text())
    project.lam("clock", "advance", "2d")
    project.lam("list")
    # The clock moved, so the bound is looked at again with the next change of lam.yaml.
    yaml.write_text(yaml.read_text().replace("days: 1", "days: 2, events: 1000"))
    wait_until(
        lambda: "there is no event" in project.lam("queue", "show", first, code=None).stderr, "it goes"
    )


def test_a_purge_asks_at_a_terminal(project):
    project.function("fails", FAILS)
    project.start()
    request_id = sent(project, "fails")
    wait_until(lambda: event(project, request_id)["attempts_used"] == 1, "the first attempt")
    said = project.at_terminal("queue", "purge", "fails", answer="n\n", code=1)
    assert "take all that waits for fails out of the queue, for good? [y/N]" in said
    assert "nothing was changed" in said
    assert "purged 1 event" in project.at_terminal("queue", "purge", "fails", "--yes")
