"""Counters: gathered by minute, written now and then, and not lost when that fails."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest

from lambdacli.model.arn import FunctionKey
from lambdacli.model.metric import Metric, MetricPoint, Statistics
from lambdacli.store.database import open_database
from lambdacli.store.metrics import KEPT_MINUTES, MetricStore
from lambdacli.telemetry.metrics import Metrics

F = FunctionKey("000000000000", "us-east-1", "f")
G = FunctionKey("000000000000", "us-east-1", "g")
NOON = 29_000_000
"""A minute since 1970."""


class House:
    def __init__(self) -> None:
        self.minute = NOON
        self.written: list[list[MetricPoint]] = []
        self.error: Exception | None = None
        self.metrics = Metrics(self._write, lambda: self.minute * 60 + 30.5)

    def _write(self, points) -> None:
        if self.error is not None:
            raise self.error
        self.written.append(list(points))


def test_what_is_counted_in_a_minute_is_one_point():
    house = House()
    for value in (3.0, 1.0, 2.0):
        house.metrics.count(F, "$LATEST", Metric.DURATION, value)
    house.metrics.flush()
    assert house.written == [[MetricPoint(F, "$LATEST", Metric.DURATION, NOON, Statistics(6.0, 3, 1.0, 3.0))]]


def test_functions_versions_metrics_and_minutes_are_counted_apart():
    house = House()
    house.metrics.count(F, "1", Metric.ERRORS)
    house.metrics.count(F, "2", Metric.ERRORS)
    house.metrics.count(G, "1", Metric.ERRORS)
    house.metrics.count(F, "1", Metric.THROTTLES)
    house.minute += 1
    house.metrics.count(F, "1", Metric.ERRORS)
    house.metrics.count(F, "1", Metric.ERRORS, minute=NOON)
    house.metrics.flush()
    [points] = house.written
    sums = {(each.function, each.version, each.metric, each.minute): each.statistics.total for each in points}
    assert sums == {
        (F, "1", Metric.ERRORS, NOON): 2.0,
        (F, "2", Metric.ERRORS, NOON): 1.0,
        (G, "1", Metric.ERRORS, NOON): 1.0,
        (F, "1", Metric.THROTTLES, NOON): 1.0,
        (F, "1", Metric.ERRORS, NOON + 1): 1.0,
    }


def test_a_request_to_a_url_is_counted_by_its_answer():
    house = House()
    for status, latency_ms in ((200, 3.0), (304, 1.0), (403, 1.5), (502, 9.0)):
        house.metrics.count_url_request(F, "live", status, latency_ms)
    house.metrics.flush()
    [points] = house.written
    assert {each.metric: (each.version, each.statistics) for each in points} == {
        Metric.URL_REQUEST_COUNT: ("live", Statistics(4.0, 4, 1.0, 1.0)),
        Metric.URL_REQUEST_LATENCY: ("live", Statistics(14.5, 4, 1.0, 9.0)),
        Metric.URL_4XX_COUNT: ("live", Statistics(1.0, 1, 1.0, 1.0)),
        Metric.URL_5XX_COUNT: ("live", Statistics(1.0, 1, 1.0, 1.0)),
    }


def test_nothing_is_written_twice_and_nothing_where_nothing_was_counted():
    house = House()
    house.metrics.flush()
    house.metrics.count(F, "1", Metric.INVOCATIONS)
    house.metrics.flush()
    house.metrics.flush()
    assert len(house.written) == 1


def test_what_cannot_be_written_is_kept_and_told_once(caplog):
    house = House()
    house.error = OSError("no space left")
    house.metrics.count(F, "1", Metric.INVOCATIONS)
    house.metrics.flush()
    house.metrics.flush()
    assert caplog.text.count("counters could not be written: no space left") == 1
    house.error = None
    house.metrics.count(F, "1", Metric.INVOCATIONS)
    house.metrics.flush()
    assert [each.statistics.total for each in house.written[0]] == [2.0]


def test_a_stop_writes_what_is_left():
    house = House()

    async def play() -> None:
        house.metrics.start()
        house.metrics.count(F, "1", Metric.INVOCATIONS)
        house.metrics.stop()

    asyncio.run(play())
    assert len(house.written) == 1


# In the database


@pytest.fixture
def store(tmp_path):
    with closing(open_database(tmp_path / "lam.db")) as connection:
        yield MetricStore(connection)


def point(minute: int, statistics: Statistics, function: FunctionKey = F, version: str = "1") -> MetricPoint:
    return MetricPoint(function, version, Metric.DURATION, minute, statistics)


def test_points_of_the_same_minute_are_joined(store):
    store.add([point(NOON, Statistics(6.0, 3, 1.0, 3.0))])
    store.add([point(NOON, Statistics(10.5, 1, 10.5, 10.5)), point(NOON + 1, Statistics(1.0, 1, 1.0, 1.0))])
    assert store.since(F, NOON) == [
        point(NOON, Statistics(16.5, 4, 1.0, 10.5)),
        point(NOON + 1, Statistics(1.0, 1, 1.0, 1.0)),
    ]
    assert store.since(F, NOON + 1) == [point(NOON + 1, Statistics(1.0, 1, 1.0, 1.0))]
    assert store.since(G, 0) == []


def test_old_points_go_when_new_ones_come(store):
    one = Statistics(1.0, 1, 1.0, 1.0)
    store.add([point(NOON, one)])
    store.add([point(NOON + KEPT_MINUTES, one)])
    store.add([point(NOON + KEPT_MINUTES + 60, one, G)])
    assert [each.minute for each in store.since(F, 0)] == [NOON + KEPT_MINUTES]


def test_a_batch_is_written_whole_or_not_at_all(store):
    one = Statistics(1.0, 1, 1.0, 1.0)
    with pytest.raises(Exception, match="NOT NULL"):
        store.add([point(NOON, one), point(NOON, Statistics(None, 1, 1.0, 1.0), G)])
    assert store.since(F, 0) == []
