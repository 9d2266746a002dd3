"""How many batches of a queue run at once."""

from __future__ import annotations

import pytest

from lambdacli.sources.pace import pace_of


@pytest.mark.parametrize(
    ("max_concurrency", "seconds", "expected"),
    [
        pytest.param(None, 0.0, 5, id="it begins with five"),
        pytest.param(None, 60.0, 305, id="a minute adds three hundred"),
        pytest.param(None, 3600.0, 1250, id="there is an end"),
        pytest.param(7, 60.0, 7, id="which a mapping may set lower"),
        pytest.param(2, 0.0, 2, id="even below the beginning"),
    ],
)
def test_all_places_are_taken_for_some_time(
    max_concurrency: int | None, seconds: float, expected: int
) -> None:
    pace = pace_of(max_concurrency)
    pace = pace.looked_at(pace.at_once, 100.0)
    assert pace.looked_at(pace.at_once, 100.0 + seconds).at_once == expected


def test_free_places_are_no_reason_to_grow() -> None:
    pace = pace_of(None).looked_at(5, 0.0).looked_at(4, 1.0).looked_at(5, 60.0)
    assert pace.at_once == 5


def test_failures_halve_it_down_to_one_and_successes_bring_it_back() -> None:
    pace, seen = pace_of(None), []
    for _ in range(4):
        pace = pace.slowed()
        seen.append(pace.at_once)
    for _ in range(6):
        pace = pace.encouraged()
        seen.append(pace.at_once)
    assert seen == [2, 1, 1, 1, 2, 3, 4, 5, 5, 5]
