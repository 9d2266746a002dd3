"""What follows from what was seen of events around kills."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.findings import Verdict
from benchmarks.rows import crash
from tests.real.event_crash import Evidence
from tests.real.event_evidence import Kill, Sighting, executed, told

RUNNING = Kill(10.0, 11.0, frozenset({"a"}), frozenset())
TELLING = Kill(10.0, 11.0, frozenset(), frozenset({"a"}))
NEITHER = Kill(10.0, 11.0, frozenset(), frozenset())
LATER = Kill(20.0, 21.0, frozenset({"a"}), frozenset())


def seen(*moments: float) -> list[Sighting]:
    return [Sighting("a", at) for at in moments]


@pytest.mark.parametrize(
    ("moments", "kills", "repetitions", "is_explained"),
    [
        pytest.param((9.5,), [RUNNING], 0, True, id="once is no repetition"),
        pytest.param((9.5, 12.0), [RUNNING], 1, True, id="it ran at the kill between"),
        pytest.param((12.0, 9.5), [RUNNING], 1, True, id="in whatever order it was heard of"),
        pytest.param((10.2, 12.0), [RUNNING], 1, True, id="begun before the kill and seen after it"),
        pytest.param((9.5, 12.0), [NEITHER], 1, False, id="it did not run at the kill"),
        pytest.param((9.5, 12.0), [TELLING], 1, False, id="its execution was over at the kill"),
        pytest.param((12.0, 13.0), [RUNNING], 1, False, id="twice after the only kill"),
        pytest.param((8.0, 9.0), [RUNNING], 1, False, id="twice before the only kill"),
        pytest.param((9.0, 12.0, 22.0), [RUNNING, LATER], 2, True, id="once more after each of two kills"),
        pytest.param((9.0, 9.5, 22.0), [RUNNING, LATER], 2, False, id="one kill does not explain two"),
    ],
)
def test_a_repetition_is_explained_by_a_kill_at_which_it_ran(
    moments: Sequence[float], kills: Sequence[Kill], repetitions: int, is_explained: bool
) -> None:
    found = executed(["a"], seen(*moments), kills)
    assert len(found.repetitions) == repetitions
    assert (found.unexplained == ()) is is_explained


def test_what_was_being_told_may_be_told_again_but_not_what_still_ran() -> None:
    assert told(["a"], seen(9.5, 12.0), [TELLING]).unexplained == ()
    assert told(["a"], seen(9.5, 12.0), [RUNNING]).unexplained == ("a",)


@pytest.mark.parametrize(
    ("moments", "is_explained"),
    [
        pytest.param((11.5, 12.0), True, id="sent before the kill, and taken late"),
        pytest.param((11.5, 12.0, 13.0), False, id="one kill makes one repetition"),
        pytest.param((8.0, 9.0), False, id="twice before the only kill"),
    ],
)
def test_a_record_may_be_seen_late_but_only_once_more_for_each_kill(
    moments: Sequence[float], is_explained: bool
) -> None:
    assert (told(["a"], seen(*moments), [TELLING]).unexplained == ()) is is_explained


def test_what_was_accepted_and_never_seen_is_lost() -> None:
    assert executed(["a", "b"], seen(1.0), [RUNNING]).lost == ("b",)


def test_repetitions_are_counted_by_their_kills() -> None:
    both = Kill(10.0, 11.0, frozenset({"a", "b"}), frozenset())
    sightings = [*seen(9.0, 12.0, 22.0), Sighting("b", 9.5), Sighting("b", 13.0)]
    found = executed(["a", "b"], sightings, [both, LATER])
    assert found.most_at_one_kill == 2
    assert found.longest_seconds_before == 8.0


def test_a_loss_misses_its_bar_in_the_table() -> None:
    evidence = Evidence(["a", "b"], seen(9.5, 12.0), [*seen(13.0), Sighting("b", 13.0)], [RUNNING], 1.0)
    findings = crash.findings(evidence, "1 kills", 7)
    assert [(each.figure, each.verdict) for each in findings] == [
        (1, Verdict.MISSED),
        (0, Verdict.HOLDS),
        (1, Verdict.NO_BAR),
        (0, Verdict.HOLDS),
        (1, Verdict.HOLDS),
        (0, Verdict.NO_BAR),
        (0, Verdict.HOLDS),
        (0, Verdict.HOLDS),
    ]
