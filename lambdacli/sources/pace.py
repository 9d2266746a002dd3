"""How many batches of a queue run at once: begins small, grows while there is more to do, gives way. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

BEGIN = 5
CEILING = 1_250
GROWTH_PER_SECOND = 300 / 60
"""AWS adds up to 300 in a minute."""


@dataclass(frozen=True, slots=True)
class Pace:
    ceiling: int = CEILING
    limit: float = BEGIN
    grown_at: float | None = None
    """Since when all places are taken, or when that was last looked at; None: some are free."""

    @property
    def at_once(self) -> int:
        return max(1, min(int(self.limit), self.ceiling))

    def looked_at(self, running: int, now: float) -> Pace:
        """With as many more places as the time allows in which all were taken."""
        if running < self.at_once:
            return self if self.grown_at is None else replace(self, grown_at=None)
        if self.grown_at is None:
            return replace(self, grown_at=now)
        grown = self.limit + (now - self.grown_at) * GROWTH_PER_SECOND
        return replace(self, limit=min(grown, float(self.ceiling)), grown_at=now)

    def slowed(self) -> Pace:
        """A batch failed, or was refused."""
        return replace(self, limit=max(1.0, self.limit / 2), grown_at=None)

    def encouraged(self) -> Pace:
        """A batch was taken: what failures took away comes back."""
        return replace(self, limit=self.limit + 1) if self.limit < BEGIN else self


def pace_of(max_concurrency: int | None) -> Pace:
    ceiling = CEILING if max_concurrency is None else max_concurrency
    return Pace(ceiling, float(min(BEGIN, ceiling)))
