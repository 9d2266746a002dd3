"""Counters of functions: cheap in memory, written down once a minute and at the end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from lambdacli.model.arn import FunctionKey
from lambdacli.model.metric import Metric, MetricPoint, Statistics

_log = logging.getLogger("lam.metrics")

FLUSH_SECONDS = 60.0
SECONDS_PER_MINUTE = 60

Write = Callable[[Sequence[MetricPoint]], None]


class _Sums:
    """Of one metric of one version in one minute."""

    __slots__ = ("count", "least", "most", "total")

    def __init__(self, value: float) -> None:
        self.total = self.least = self.most = value
        self.count = 1

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1
        if value < self.least:
            self.least = value
        elif value > self.most:
            self.most = value


_Meters = dict[tuple[FunctionKey, str, int], dict[Metric, _Sums]]


class Metrics:
    def __init__(self, write: Write, now: Callable[[], float] = time.time) -> None:
        """`write` adds points to those of the same minute that were written before."""
        self._write = write
        self._now = now
        self._meters: _Meters = {}
        self._timer: asyncio.TimerHandle | None = None
        self._has_failed = False

    def minute(self) -> int:
        """Now; what an invocation counts belongs to the minute in which it began."""
        return int(self._now()) // SECONDS_PER_MINUTE

    def count(
        self,
        function: FunctionKey,
        version: str,
        metric: Metric,
        value: float = 1.0,
        minute: int | None = None,
    ) -> None:
        meter = self._meter(function, version, self.minute() if minute is None else minute)
        _add(meter, metric, value)

    def count_invocation(
        self,
        function: FunctionKey,
        version: str,
        minute: int,
        *,
        concurrency: int,
        is_error: bool,
        duration_ms: float | None,
    ) -> None:
        """All that one invocation counts, at its end; no duration where it did not come to its REPORT."""
        meter = self._meter(function, version, minute)
        _add(meter, Metric.INVOCATIONS, 1.0)
        _add(meter, Metric.CONCURRENT_EXECUTIONS, concurrency)
        if is_error:
            _add(meter, Metric.ERRORS, 1.0)
        if duration_ms is not None:
            _add(meter, Metric.DURATION, duration_ms)

    def count_url_request(self, function: FunctionKey, version: str, status: int, latency_ms: float) -> None:
        """All that one request to a function URL counts, at the end of its answer."""
        meter = self._meter(function, version, self.minute())
        _add(meter, Metric.URL_REQUEST_COUNT, 1.0)
        _add(meter, Metric.URL_REQUEST_LATENCY, latency_ms)
        if status >= 400:
            _add(meter, Metric.URL_5XX_COUNT if status >= 500 else Metric.URL_4XX_COUNT, 1.0)

    def flush(self) -> None:
        if not self._meters:
            return
        try:
            self._write(_points(self._meters))
        except Exception as error:
            # A full disk, say. They are kept, and written with those that follow.
            if not self._has_failed:
                _log.error("counters could not be written: %s", error)
            self._has_failed = True
            return
        self._meters.clear()
        self._has_failed = False

    def start(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush_again)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.flush()

    def _flush_again(self) -> None:
        self.flush()
        self.start()

    def _meter(self, function: FunctionKey, version: str, minute: int) -> dict[Metric, _Sums]:
        key = (function, version, minute)
        meter = self._meters.get(key)
        if meter is None:
            meter = self._meters[key] = {}
        return meter


def _add(meter: dict[Metric, _Sums], metric: Metric, value: float) -> None:
    sums = meter.get(metric)
    if sums is None:
        meter[metric] = _Sums(value)
    else:
        sums.add(value)


def _points(meters: _Meters) -> list[MetricPoint]:
    return [
        MetricPoint(
            function, version, metric, minute, Statistics(sums.total, sums.count, sums.least, sums.most)
        )
        for (function, version, minute), meter in meters.items()
        for metric, sums in meter.items()
    ]
