"""Counters of functions as rows: the only module that knows their table."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from lambdacli.model.arn import FunctionKey
from lambdacli.model.metric import Metric, MetricPoint, Statistics
from lambdacli.store.database import queries, transaction
from lambdacli.store.rows import key_of, key_row

KEPT_MINUTES = 15 * 24 * 60
"""As long as CloudWatch keeps points of a minute."""


class MetricStore:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._forgotten_hour = 0

    def add(self, points: Sequence[MetricPoint]) -> None:
        """To what was counted in the same minutes before; what is too old goes."""
        with transaction(self._connection):
            for point in points:
                self._query(
                    "add_metric",
                    **key_row(point.function),
                    minute=point.minute,
                    version=point.version,
                    metric=str(point.metric),
                    total=point.statistics.total,
                    count=point.statistics.count,
                    least=point.statistics.least,
                    most=point.statistics.most,
                )
            self._forget_old(max((point.minute for point in points), default=0))

    def since(self, function: FunctionKey, minute: int) -> list[MetricPoint]:
        """In the order of time."""
        return [_from_row(row) for row in self._query("metrics_since", **key_row(function), minute=minute)]

    def _forget_old(self, minute: int) -> None:
        """Once an hour is enough."""
        if minute // 60 > self._forgotten_hour:
            self._forgotten_hour = minute // 60
            self._query("forget_metrics_before", minute=minute - KEPT_MINUTES)

    def _query(self, name: str, /, **values: Any) -> sqlite3.Cursor:
        return self._connection.execute(queries()[name], values)


def _from_row(row: sqlite3.Row) -> MetricPoint:
    return MetricPoint(
        key_of(row),
        row["version"],
        Metric(row["metric"]),
        row["minute"],
        Statistics(row["total"], row["count"], row["least"], row["most"]),
    )
