"""What was counted of a function, over our own routes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from lambdacli.model.arn import FunctionKey
from lambdacli.model.metric import MetricPoint

MetricsSince = Callable[[FunctionKey, int], Sequence[MetricPoint]]
"""A function's, from a minute since 1970 on, in the order of time."""


def told(metrics: MetricsSince, function: FunctionKey, since_ms: int) -> dict[str, object]:
    first = since_ms // 60_000
    return {
        "function": function.name,
        "since": _iso(first),
        "until": _iso(int(time.time()) // 60),
        "points": [_point(point) for point in metrics(function, first)],
    }


def _point(point: MetricPoint) -> dict[str, object]:
    counted = point.statistics
    return {
        "minute": _iso(point.minute),
        "version": point.version,
        "metric": str(point.metric),
        "sum": _figure(counted.total),
        "count": counted.count,
        "minimum": _figure(counted.least),
        "maximum": _figure(counted.most),
    }


def _figure(value: float) -> int | float:
    return int(value) if value.is_integer() else round(value, 3)


def _iso(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).isoformat(timespec="minutes")
