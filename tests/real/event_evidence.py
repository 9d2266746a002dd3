"""What was seen of events while their service was killed again and again, and what follows from it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Sighting:
    """One execution that began, or one record that came to the target; `at` is of the machine's one
    monotonic clock."""

    request_id: str
    at: float


@dataclass(frozen=True, slots=True)
class Kill:
    at: float
    restarted_at: float
    """Just before the next service was started."""
    running: frozenset[str]
    """Request ids that were running when it died, as its database has them."""
    telling: frozenset[str]
    """Those at their end, of whom somebody still had to hear."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """An event that was seen once more."""

    request_id: str
    kills: tuple[int, ...]
    """Between the two, at which it was in flight; none: nothing explains it."""
    seconds_before: float
    """How long before the kill it was seen first."""


@dataclass(frozen=True, slots=True)
class Findings:
    lost: tuple[str, ...]
    """A 202, and never seen."""
    repetitions: tuple[Repetition, ...]

    @property
    def unexplained(self) -> tuple[str, ...]:
        return tuple(each.request_id for each in self.repetitions if not each.kills)

    @property
    def most_at_one_kill(self) -> int:
        at = [each.kills[-1] for each in self.repetitions if each.kills]
        return max((at.count(kill) for kill in set(at)), default=0)

    @property
    def longest_seconds_before(self) -> float:
        return max((each.seconds_before for each in self.repetitions), default=0.0)


def executed(accepted: Sequence[str], executions: Sequence[Sighting], kills: Sequence[Kill]) -> Findings:
    """A function tells its own time, so what a kill explains was seen before the next service started."""
    return _findings(accepted, executions, kills, [kill.running for kill in kills], is_seen_late=False)


def told(accepted: Sequence[str], records: Sequence[Sighting], kills: Sequence[Kill]) -> Findings:
    """What a dead service had sent may wait in the target's socket, and be seen when the next one runs."""
    return _findings(accepted, records, kills, [kill.telling for kill in kills], is_seen_late=True)


def _findings(
    accepted: Sequence[str],
    sightings: Sequence[Sighting],
    kills: Sequence[Kill],
    in_flight: Sequence[frozenset[str]],
    *,
    is_seen_late: bool,
) -> Findings:
    seen: dict[str, list[float]] = {}
    for each in sightings:
        seen.setdefault(each.request_id, []).append(each.at)
    repetitions = (
        repetition
        for request_id, moments in seen.items()
        for repetition in _repetitions(
            request_id, sorted(moments), kills, in_flight, is_seen_late=is_seen_late
        )
    )
    return Findings(tuple(each for each in accepted if each not in seen), tuple(repetitions))


def _repetitions(
    request_id: str,
    moments: Sequence[float],
    kills: Sequence[Kill],
    in_flight: Sequence[frozenset[str]],
    *,
    is_seen_late: bool,
) -> Iterator[Repetition]:
    unused = [number for number in range(len(kills)) if request_id in in_flight[number]]
    for before, after in pairwise(moments):
        # What was begun before a kill may be seen shortly after it.
        explaining = tuple(
            number
            for number in unused
            if kills[number].restarted_at <= after and (is_seen_late or before < kills[number].restarted_at)
        )
        if is_seen_late and explaining:
            unused.remove(explaining[0])  # one kill makes one repetition
        first = kills[explaining[0]].at - before if explaining else 0.0
        yield Repetition(request_id, explaining, first)
