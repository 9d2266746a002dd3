"""Lines of CloudWatch Logs: in order, the last ones, those that come, and each once."""

from __future__ import annotations

import itertools

import pytest

from lambdacli.client.aws_logs import OVERLAP_MS, LogGroup, Seen, log_group_of, log_lines
from lambdacli.client.local import ApiError

GROUP = LogGroup("/aws/lambda/demo", "demo")
NOW = 1_800_000_000_000


def event(moment, message, event_id=None, stream="2026/11/21/[$LATEST]ab"):
    return {
        "timestamp": NOW + moment,
        "message": message,
        "eventId": event_id or f"{moment}-{message}",
        "logStreamName": stream,
    }


class Logs:
    """A group whose events come in while it is read; pages of two, an empty one in between."""

    def __init__(self, *events, page_size=2):
        self.events = list(events)
        self.page_size = page_size
        self.asked = []
        self.is_there = True

    def call(self, service, operation, **parameters):
        assert (service, operation) == ("logs", "filter_log_events")
        self.asked.append(parameters)
        if not self.is_there:
            raise ApiError(400, "ResourceNotFoundException", "The specified log group does not exist.")
        end = parameters.get("endTime", NOW * 2)
        found = sorted(
            (each for each in self.events if parameters["startTime"] <= each["timestamp"] <= end),
            key=lambda each: each["timestamp"],
        )
        begin = int(parameters.get("nextToken", "0"))
        page = {"events": found[begin : begin + self.page_size]}
        if begin + self.page_size < len(found):
            page["nextToken"] = str(begin + self.page_size)
        return page


def messages(logs, count=None, *, group=GROUP, since_ms=None, text=None, limit=None, follow=False, steps=()):
    pending = iter(steps)

    def wait(seconds):
        next(pending)()

    lines = log_lines(
        logs,
        group,
        since_ms=since_ms,
        text=text,
        limit=limit,
        follow=follow,
        now_ms=lambda: NOW,
        wait=wait,
    )
    return [line["message"] for line in (lines if count is None else itertools.islice(lines, count))]


def test_a_line_is_told_as_the_local_service_tells_it():
    (line,) = log_lines(Logs(event(0, "hi")), GROUP, since_ms=0, text=None, limit=None, follow=False)
    assert line == {
        "timestamp": NOW,
        "function": "demo",
        "stream": "2026/11/21/[$LATEST]ab",
        "message": "hi",
    }


def test_all_pages_are_read():
    logs = Logs(*(event(number, str(number)) for number in range(7)))
    assert messages(logs, since_ms=NOW) == [str(number) for number in range(7)]


def test_only_the_last_lines_are_shown_and_no_more_is_read_than_needed():
    logs = Logs(*(event(-number * 1000, f"-{number}") for number in range(20)))
    assert messages(logs, limit=3) == ["-2", "-1", "0".replace("0", "-0")]
    assert {asked["startTime"] for asked in logs.asked} == {NOW - 600_000}


def test_older_lines_are_looked_for_further_back_and_each_stretch_once():
    day = 86_400_000
    logs = Logs(event(-100 * day, "old"), event(-day // 2, "yesterday"), event(-1, "now"))
    assert messages(logs, limit=3) == ["old", "yesterday", "now"]
    stretches = [(asked["startTime"], asked.get("endTime")) for asked in logs.asked]
    assert all(later[1] == earlier[0] - 1 for earlier, later in itertools.pairwise(stretches))
    assert stretches[-1][0] == 0


def test_text_is_looked_for_before_lines_are_counted():
    logs = Logs(event(-3, "ERROR 1"), event(-2, "fine"), event(-1, "ERROR 2"))
    assert messages(logs, limit=2, text="ERROR") == ["ERROR 1", "ERROR 2"]


def test_what_comes_is_followed_and_nothing_is_shown_twice():
    logs = Logs(event(0, "a"), event(0, "b"))
    steps = [
        lambda: logs.events.append(event(1, "c")),
        lambda: None,
        lambda: logs.events.extend([event(2, "d"), event(1, "c too", "other")]),
    ]
    assert messages(logs, 5, limit=100, follow=True, steps=steps) == ["a", "b", "c", "c too", "d"]


def test_equal_lines_are_different_lines():
    logs = Logs(event(0, "same", "1"), event(0, "same", "2"))
    assert messages(logs, since_ms=0) == ["same", "same"]


def test_a_line_that_is_taken_in_late_is_shown():
    logs = Logs(event(0, "first"))
    steps = [
        lambda: logs.events.append(event(5000, "later")),
        lambda: logs.events.append(event(100, "late")),
    ]
    assert messages(logs, 3, limit=100, follow=True, steps=steps) == ["first", "later", "late"]


def test_lines_before_the_last_ones_do_not_come_back_when_following():
    logs = Logs(event(-20, "hidden"), event(-10, "shown"))
    steps = [lambda: logs.events.append(event(1, "new"))]
    assert messages(logs, 2, limit=1, follow=True, steps=steps) == ["shown", "new"]


def test_nothing_before_since_comes_when_following():
    logs = Logs(event(-5, "before"), event(0, "first"))
    steps = [lambda: logs.events.append(event(1, "new"))]
    assert messages(logs, 2, since_ms=NOW, follow=True, steps=steps) == ["first", "new"]


def test_a_group_that_is_not_there_is_waited_for_when_following():
    logs = Logs()
    logs.is_there = False

    def appears():
        logs.is_there = True
        logs.events.append(event(1, "first"))

    assert messages(logs, 1, limit=100, follow=True, steps=[lambda: None, appears]) == ["first"]


def test_a_group_that_is_not_there_is_an_error_otherwise():
    logs = Logs()
    logs.is_there = False
    with pytest.raises(ApiError):
        messages(logs, limit=100)


def test_of_a_shared_group_only_the_functions_own_lines_are_shown():
    logs = Logs(
        event(0, "mine", stream="2026/11/21/demo[$LATEST]ab"),
        event(1, "not mine", stream="2026/11/21/other[$LATEST]ab"),
    )
    shared = LogGroup("/shared", "demo", is_shared=True)
    assert messages(logs, group=shared, since_ms=0) == ["mine"]


def test_what_was_seen_is_forgotten_when_it_cannot_come_again():
    seen = Seen()
    assert seen.next_start_ms is None
    for number in range(1000):
        assert seen.is_new(event(number * 1000, "x"))
    assert seen.next_start_ms == NOW + 999_000 - OVERLAP_MS
    assert len(seen._moments) == OVERLAP_MS // 1000 + 1


class Functions:
    def __init__(self, told):
        self.told = told

    def call(self, service, operation, **parameters):
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


@pytest.mark.parametrize(
    ("told", "group"),
    [
        ({}, GROUP),
        ({"LoggingConfig": {"LogGroup": "/aws/lambda/demo"}}, GROUP),
        ({"LoggingConfig": {"LogGroup": "/shared"}}, LogGroup("/shared", "demo", is_shared=True)),
        (ApiError(404, "ResourceNotFoundException", ""), GROUP),
    ],
    ids=["of its own", "of its own, named", "one that others share", "of a function that is gone"],
)
def test_the_log_group_is_what_the_function_says(told, group):
    assert log_group_of(Functions(told), "demo") == group


def test_a_log_group_can_be_named_itself():
    assert log_group_of(Functions(AssertionError()), "/aws/lambda/demo") == GROUP
