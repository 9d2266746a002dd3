"""Medians, percentiles, and rounds that take turns."""

from __future__ import annotations

import pytest

from benchmarks.figures import interleave, medians, percentile


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1), (1, 1), (50, 5), (51, 6), (90, 9), (99, 10), (100, 10)]
)
def test_a_percentile_is_a_figure_that_was_measured(percent: float, expected: float) -> None:
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], percent) == expected


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no figures"):
        percentile([], 50)


def test_every_round_measures_everybody_and_begins_with_another() -> None:
    order = []

    def subject(name: str):
        def measure() -> float:
            order.append(name)
            return float(len(order))

        return measure

    figures = interleave({name: subject(name) for name in "abc"}, rounds=4)
    assert "".join(order) == "abcbcacababc"
    assert figures == {"a": [1, 6, 8, 10], "b": [2, 4, 9, 11], "c": [3, 5, 7, 12]}
    assert medians(figures) == {"a": 7, "b": 6.5, "c": 6}


def test_no_round_begins_after_the_budget_but_the_first() -> None:
    now = 0.0

    def slow() -> float:
        nonlocal now
        now += 10
        return now

    assert interleave({"slow": slow}, 9, budget_seconds=25, clock=lambda: now) == {"slow": [10, 20, 30]}
    assert interleave({"slow": slow}, 9, budget_seconds=0, clock=lambda: now) == {"slow": [40]}
