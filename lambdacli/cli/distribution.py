"""Many durations as a few figures, and as the bars of a histogram. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

BINS = 12


@dataclass(frozen=True, slots=True)
class Distribution:
    """All in milliseconds."""

    count: int
    minimum: float
    p50: float
    p90: float
    p99: float
    maximum: float
    mean: float

    def as_json(self) -> dict[str, float]:
        return {
            "count": self.count,
            "min": round(self.minimum, 3),
            "p50": round(self.p50, 3),
            "p90": round(self.p90, 3),
            "p99": round(self.p99, 3),
            "max": round(self.maximum, 3),
            "mean": round(self.mean, 3),
        }


@dataclass(frozen=True, slots=True)
class Bar:
    from_ms: float
    is_rest: bool
    """Everything from here on."""
    count: int


def distribution_of(values: Sequence[float]) -> Distribution | None:
    """None when there is nothing to distribute."""
    if not values:
        return None
    ordered = sorted(values)
    return Distribution(
        count=len(ordered),
        minimum=ordered[0],
        p50=_percentile(ordered, 50),
        p90=_percentile(ordered, 90),
        p99=_percentile(ordered, 99),
        maximum=ordered[-1],
        mean=math.fsum(ordered) / len(ordered),
    )


def bars_of(values: Sequence[float], bins: int = BINS) -> list[Bar]:
    """Bins of one width up to the 99th percentile, and one for the rest: a single slow start must not press
    all others into one bar."""
    if not values:
        return []
    ordered = sorted(values)
    low, high = ordered[0], _percentile(ordered, 99)
    width = (high - low) / bins
    if width <= 0:
        same = sum(value <= high for value in ordered)
        rest = len(ordered) - same
        return [Bar(low, False, same), *([Bar(high, True, rest)] if rest else [])]
    counts = [0] * bins
    rest = 0
    for value in ordered:
        if value > high:
            rest += 1
        else:
            counts[min(bins - 1, int((value - low) / width))] += 1
    bars = [Bar(low + index * width, False, count) for index, count in enumerate(counts)]
    return [*bars, Bar(high, True, rest)] if rest else bars


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """By the nearest rank: a value that really was measured."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
