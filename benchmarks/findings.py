"""What a row found: a figure, what it is held against, and whether its bar holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    HOLDS = "holds"
    MISSED = "MISSED"
    NOT_MEASURED = "not measured"
    NO_BAR = "-"


@dataclass(frozen=True, slots=True)
class Bar:
    """`limit` is a ratio to what it is held against, or an amount where that is None; without one the ratio
    is told and nothing is asked of it."""

    limit: float | None
    against: str | None = None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    unit: str
    figure: float | None
    bar: Bar | None = None
    base: float | None = None
    """The figure of what the bar is held against."""
    note: str = ""
    """Why something was not measured, or what must be known to read the figure."""

    @property
    def measured(self) -> float | None:
        """In the bar's own terms: a ratio, or the figure itself."""
        if self.bar is None or self.figure is None:
            return None
        if self.bar.against is None:
            return self.figure
        return None if not self.base else self.figure / self.base

    @property
    def verdict(self) -> Verdict:
        if self.figure is None:
            return Verdict.NOT_MEASURED
        if self.bar is None or (self.bar.limit is None and self.measured is not None):
            return Verdict.NO_BAR
        if self.measured is None or self.bar.limit is None:
            return Verdict.NOT_MEASURED
        holds = self.measured >= self.bar.limit if self.bar.at_least else self.measured <= self.bar.limit
        return Verdict.HOLDS if holds else Verdict.MISSED


def unmeasured(what: str, unit: str, reason: str, bar: Bar | None = None) -> Finding:
    return Finding(what, unit, None, bar, note=reason)


def best(figures: dict[str, float], *, at_least: bool) -> tuple[str, float] | None:
    """The strongest of the others, for a bar that is held against the best of them."""
    if not figures:
        return None
    pick = max if at_least else min
    name = pick(figures, key=lambda name: figures[name])
    return name, figures[name]
