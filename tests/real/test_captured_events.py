"""`lam events`: what a function really got, kept over restarts and sent again."""

from __future__ import annotations

import json

import pytest

from tests.real.house import Project, opened

pytestmark = pytest.mark.real

CODE = """
def handler(event, context):
    if event.get("fails"):
        raise ValueError("no")
    return event
"""


@pytest.fixture
def project(tmp_path):
    with opened(tmp_path) as project:
        project.function("demo", CODE)
        yield project


def kept(project: Project, *words: str) -> list[dict]:
    return json.loads(project.lam("events", "list", *words, "--json").stdout)["events"]


def test_an_event_is_kept_shown_saved_and_sent_again_after_a_restart(project):
    project.start()
    project.invoke("demo", {"order": 1, "password": "hidden"})
    project.lam("invoke", "demo", "--payload", '{"fails": true}', code=1)
    project.invoke("demo", {"order": 2})
    project.lam("stop")
    project.start()
    assert [(each["error_type"], each["is_redacted"]) for each in kept(project)] == [
        (None, False),
        ("ValueError", False),
        (None, True),
    ]
    [failed] = kept(project, "demo", "--failed")
    assert json.loads(project.lam("events", "show", failed["request_id"][:8]).stdout) == {"fails": True}
    first = kept(project)[-1]["request_id"]
    again = project.lam("events", "send", first)
    assert json.loads(again.stdout) == {"order": 1, "password": "REDACTED"}
    assert "taken out" in again.stderr
    project.lam("events", "save", first, "kept.json")
    assert json.loads((project.folder / "kept.json").read_text())["order"] == 1
    assert "there already" in project.lam("events", "save", first, "kept.json", code=1).stderr


def test_invoke_sends_the_last_event_the_last_that_failed_and_any_by_its_id(project):
    project.start()
    nothing = project.lam("invoke", "demo", "--from-last", code=1)
    assert "no event is kept that demo got" in nothing.stderr
    project.lam("invoke", "demo", "--payload", '{"fails": 1, "order": 1}', code=1)
    project.invoke("demo", {"order": 2})
    second = kept(project)[0]["request_id"]
    assert json.loads(project.lam("invoke", "demo", "--from-last").stdout) == {"order": 2}
    failed = project.lam("invoke", "demo", "--from-last", "--failed", code=1)
    assert json.loads(failed.stdout)["errorType"] == "ValueError"
    assert json.loads(project.lam("invoke", "--replay", second[:10]).stdout) == {"order": 2}
    both = project.lam("invoke", "demo", "--from-last", "--payload", "{}", code=2)
    assert "--payload and --from-last exclude each other" in both.stderr
    assert "no event is kept" in project.lam("invoke", "--replay", "zzz", code=1).stderr


def test_lam_yaml_says_how_many_and_what_never(project):
    settings = (project.folder / "lam.yaml").read_text()
    project.write("lam.yaml", f"capture: {{events: 1, redact: [order]}}\n{settings}")
    project.start()
    project.invoke("demo", {"order": 1})
    project.invoke("demo", {"order": 2, "password": "seen"})
    [event] = kept(project)
    shown = json.loads(project.lam("events", "show", event["request_id"]).stdout)
    assert shown == {"order": "REDACTED", "password": "seen"}
    project.write("lam.yaml", f"capture: false\n{settings}")
    project.lam("list")
    project.invoke("demo", {"order": 3})
    assert [each["request_id"] for each in kept(project)] == [event["request_id"]]
