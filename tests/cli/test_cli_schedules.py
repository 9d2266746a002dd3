"""`lam schedules`: the table of what fires when, and one fired by hand."""

from __future__ import annotations

import json

from fake_service import Scripted, refusal

TOLD = {
    "name": "morning",
    "kind": "scheduler",
    "arn": "arn:aws:scheduler:us-east-1:000000000000:schedule/default/morning",
    "function": "report",
    "qualifier": "live",
    "expression": "cron(0 8 ? * MON-FRI *)",
    "timezone": "Europe/Berlin",
    "window_minutes": 0,
    "enabled": True,
    "next": "2026-11-23T07:00:00+00:00",
    "last": None,
    "origin": "lam.yaml",
    "where": "lam.yaml:7",
}
RULE = {
    **TOLD,
    "name": "off",
    "timezone": "UTC",
    "enabled": False,
    "next": None,
    "qualifier": None,
    "origin": "neighbour services",
    "where": "",
}


def answer(service, method, path, document):
    service.answers[method, f"/_lam/v1/{path}"] = Scripted(200, json.dumps(document).encode())


def test_the_table_tells_when_each_is_due_here_and_in_utc(lam, service, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    answer(service, "GET", "schedules", {"schedules": [TOLD, RULE]})
    result = lam("schedules")
    assert result.exit_code == 0
    lines = [line.split() for line in result.out.splitlines()]
    assert lines[0][:3] == ["NAME", "FUNCTION", "EXPRESSION"]
    assert lines[1][:2] == ["morning", "report:live"]
    assert "cron(0 8 ? * MON-FRI *) Europe/Berlin" in result.out
    assert lines[1][-4:] == ["2026-11-23", "07:00:00", "yes", "lam.yaml:7"]
    assert lines[2][-5:] == ["-", "-", "no", "neighbour", "services"]


def test_without_any_it_says_how_to_have_one(lam, service):
    answer(service, "GET", "schedules", {"schedules": []})
    assert "`schedule: rate(5 minutes)`" in lam("schedules").err


def test_json_is_what_the_service_said(lam, service):
    answer(service, "GET", "schedules", {"schedules": [TOLD]})
    assert json.loads(lam("schedules", "--json").out) == {"schedules": [TOLD]}


def test_one_is_fired_by_name(lam, service):
    answer(service, "POST", "schedules/fire", {"request_ids": ["one", "two"]})
    result = lam("schedules", "fire", "morning")
    assert (result.exit_code, result.err.count("fired morning: event")) == (0, 2)
    assert json.loads(service.calls("/_lam/v1/schedules/fire")[0].body) == {"name": "morning"}


def test_a_name_that_is_none_is_told_with_where_the_names_are(lam, service):
    service.answers["POST", "/_lam/v1/schedules/fire"] = refusal(404, "", "there is no schedule x")
    result = lam("schedules", "fire", "x")
    assert result.exit_code == 1
    assert "there is no schedule x" in result.err and "`lam schedules` lists them" in result.err
