"""Medians, percentiles and the order of rounds. Pure, but for the clock that a budget asks."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Measure = Callable[[], float]


def median(figures: Sequence[float]) -> float:
    return statistics.median(figures)


def percentile(figures: Sequence[float], percent: float) -> float:
    """The smallest figure that at least so many percent of all do not exceed."""
    if not figures:
        raise ValueError("no figures")
    rank = math.ceil(len(figures) * percent / 100)
    return sorted(figures)[max(rank, 1) - 1]


def interleave(
    subjects: Mapping[str, Measure],
    rounds: int,
    budget_seconds: float = math.inf,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, list[float]]:
    """One figure of each subject per round, so that whatever disturbs the machine disturbs all of them. The
    order turns with every round. No round begins after the budget is used; the first always does."""
    figures: dict[str, list[float]] = {name: [] for name in subjects}
    names = list(subjects)
    began = clock()
    for number in range(rounds):
        if number > 0 and clock() - began >= budget_seconds:
            break
        turned = names[number % len(names) :] + names[: number % len(names)]
        for name in turned:
            figures[name].append(subjects[name]())
    return figures


def medians(figures: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: median(values) for name, values in figures.items()}
