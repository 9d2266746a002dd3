"""What a schedule does: when it fires within its begin, end and window, and what its function gets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.schedule import (
    THE_EVENT,
    BadScheduleError,
    Origin,
    Schedule,
    TargetInput,
    Transformer,
    firings,
    next_firing,
    read_expression,
    rule_arn,
    schedule_arn,
    zone_named,
)
from lambdacli.model.schedule_event import BadInputError, check_input, event_of
from lambdacli.model.schedule_expression import ScheduleKind

DEMO = FunctionKey("000000000000", "us-east-1", "demo")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def schedule(text: str, kind: ScheduleKind = ScheduleKind.SCHEDULER, **more: Any) -> Schedule:
    arn = (rule_arn if kind is ScheduleKind.RULE else schedule_arn)(DEMO.account, DEMO.region, "tick")
    expression = read_expression(text, kind)
    return Schedule("tick", kind, arn, DEMO, None, text, expression, Origin.LAM_YAML, **more)


def test_it_fires_at_its_times_and_not_after_its_end() -> None:
    hourly = schedule("rate(1 hour)", begin=NOON + timedelta(minutes=30), end=NOON + timedelta(hours=2.5))
    assert [each.at for each in firings(hourly, NOON)] == [
        NOON + timedelta(hours=each) for each in (0.5, 1.5, 2.5)
    ]
    assert next_firing(hourly, NOON + timedelta(hours=2.5)) is None


def test_begin_and_end_do_not_count_for_a_single_time() -> None:
    once = schedule("at(2026-03-01T13:00:00)", begin=NOON + timedelta(days=1), end=NOON - timedelta(days=1))
    found = next_firing(once, NOON)
    assert found is not None and found.at == NOON + timedelta(hours=1)
    assert next_firing(once, found.at) is None


def test_within_its_window_it_fires_at_the_same_moment_whenever_it_is_asked() -> None:
    window = schedule("cron(0 0/2 * * ? *)", window_minutes=30)
    found = list(islice(firings(window, NOON), 50))
    delays = [each.at - each.due for each in found]
    assert all(timedelta() <= each < timedelta(minutes=30) for each in delays)
    assert len(set(delays)) > 25
    for before, after in pairwise(found):
        assert next_firing(window, before.at) == after
        assert next_firing(window, after.at - timedelta(microseconds=1)) == after


def test_windows_that_overlap_fire_in_the_order_of_their_moments() -> None:
    window = schedule("rate(1 minute)", window_minutes=15)
    fired, moment = [], NOON
    for _ in range(60):
        found = next_firing(window, moment)
        assert found is not None and found.at > moment
        fired.append(found.due)
        moment = found.at
    assert len(set(fired)) == 60


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("rate(5 minute)", ScheduleKind.RULE, "Parameter ScheduleExpression is not valid."),
        ("rate(5 minutos)", ScheduleKind.SCHEDULER, "Invalid Schedule Expression rate(5 minutos)."),
    ],
)
def test_a_bad_expression_is_told_as_its_service_tells_it(
    text: str, kind: ScheduleKind, message: str
) -> None:
    with pytest.raises(BadScheduleError) as refused:
        read_expression(text, kind)
    assert (refused.value.member, refused.value.message) == ("ScheduleExpression", message)
    assert refused.value.why.startswith(text)


@pytest.mark.parametrize("name", ["Europe/Bonn", "", "../etc/passwd", "/etc/localtime"])
def test_a_zone_that_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(BadScheduleError, match="no time zone"):
        zone_named(name)


# What the function gets


def of_rule(told: TargetInput = THE_EVENT) -> Any:
    return json.loads(event_of(schedule("rate(1 hour)", ScheduleKind.RULE, input=told), NOON, "the-id"))


def test_a_rule_sends_a_scheduled_event() -> None:
    assert of_rule() == {
        "version": "0",
        "id": "the-id",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": "2026-03-01T12:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:000000000000:rule/tick"],
        "detail": {},
    }


def test_scheduler_without_input_sends_one_of_its_own() -> None:
    event = json.loads(event_of(schedule("rate(1 hour)"), NOON, "the-id"))
    assert (event["source"], event["detail"]) == ("aws.scheduler", "{}")
    assert event["resources"] == ["arn:aws:scheduler:us-east-1:000000000000:schedule/default/tick"]


def test_scheduler_fills_its_keywords_into_the_input() -> None:
    text = (
        '{"arn": "<aws.scheduler.schedule-arn>", "at": "<aws.scheduler.scheduled-time>",'
        ' "id": "<aws.scheduler.execution-id>", "try": <aws.scheduler.attempt-number>, "x": "<other>"}'
    )
    assert json.loads(event_of(schedule("rate(1 hour)", input=TargetInput(text)), NOON, "the-id")) == {
        "arn": "arn:aws:scheduler:us-east-1:000000000000:schedule/default/tick",
        "at": "2026-03-01T12:00:00Z",
        "id": "the-id",
        "try": 1,
        "x": "<other>",
    }


def test_a_constant_input_is_sent_as_it_is() -> None:
    told = schedule("rate(1 hour)", ScheduleKind.RULE, input=TargetInput('{ "a" :1 }'))
    assert event_of(told, NOON, "the-id") == b'{ "a" :1 }'


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.time", "2026-03-01T12:00:00Z"),
        ("$.detail", {}),
        ("$['detail-type']", "Scheduled Event"),
        ("$.detail-type", "Scheduled Event"),
        ("$.resources[0]", "arn:aws:events:us-east-1:000000000000:rule/tick"),
        ("$.resources[1]", None),
        ("$.detail.absent", None),
    ],
)
def test_an_input_path_sends_a_part(path: str, expected: object) -> None:
    assert of_rule(TargetInput(path=path)) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"at": <t>, "all": <d>}', {"at": "2026-03-01T12:00:00Z", "all": {}}),
        (
            '{"at": "at <t>!", "\\"<t>": "<d>"}',
            {"at": "at 2026-03-01T12:00:00Z!", '"2026-03-01T12:00:00Z': "{}"},
        ),
        ('"<t> of <aws.events.rule-name>"', "2026-03-01T12:00:00Z of tick"),
        ("it is <t>, <unknown>", "it is 2026-03-01T12:00:00Z, <unknown>"),
        ('{"rule": <aws.events.rule-arn>}', {"rule": "arn:aws:events:us-east-1:000000000000:rule/tick"}),
    ],
)
def test_a_transformer_fills_a_template(template: str, expected: object) -> None:
    paths = (("t", "$.time"), ("d", "$.detail"))
    assert of_rule(TargetInput(transformer=Transformer(paths, template))) == expected


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (TargetInput("not quoted"), "must be JSON"),
        (TargetInput(path="time"), "must begin with"),
        (TargetInput(path="$.a..b"), "cannot be read from"),
        (TargetInput(transformer=Transformer((("t", "$["),), "<t>")), "cannot be read from"),
    ],
)
def test_an_input_that_can_make_no_event_is_refused(told: TargetInput, why: str) -> None:
    with pytest.raises(BadInputError, match=why):
        check_input(told)
