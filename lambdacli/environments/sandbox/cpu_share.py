"""How much of the machine's processors an environment of a memory size gets, and when one without a kernel's
limit must stand still to keep to it. Pure."""

from __future__ import annotations

import math

from lambdacli.model.record import record

MEMORY_MB_PER_CORE = 1769
CORES_MAXIMUM = 6
PERIOD_SECONDS = 0.020
SHORTEST_RUN_SECONDS = 0.001
"""Looking more often costs more than it keeps exact: what was used too much is paid back anyway."""


def cpu_share(memory_mb: int, cores: int) -> float:
    """In cores: linear in memory, one at 1,769 MB, never more than the machine has."""
    return min(memory_mb / MEMORY_MB_PER_CORE, CORES_MAXIMUM, cores)


@record
class Run:
    until: float
    """When to ask again; infinity when there is nothing to limit."""


@record
class Stop:
    until: float
    """When to let it run again, and ask."""


class DutyCycle:
    """Says when an environment runs and when it stands still, so that it uses its share.

    It saves up what it does not use, at most one period's worth: who comes back from idling gets no more than
    that at once. What it used too much, because nobody looked in time, it owes."""

    def __init__(self, share: float, cores: int, now: float, used_ns: int) -> None:
        self._share = share
        self._cores = cores
        self._full = share * PERIOD_SECONDS
        self._credit = self._full
        self._now = now
        self._used_ns = used_ns

    def decide(self, now: float, used_ns: int) -> Run | Stop:
        """`used_ns` is all the processor time that the environment ever used."""
        if self._share >= self._cores:
            return Run(math.inf)
        earned = max(0.0, now - self._now) * self._share
        spent = max(0, used_ns - self._used_ns) / 1e9
        self._credit = min(self._full, self._credit + earned - spent)
        self._now = max(self._now, now)
        self._used_ns = max(self._used_ns, used_ns)
        if self._credit <= 0:
            return Stop(now + (self._full - self._credit) / self._share)
        return Run(now + max(SHORTEST_RUN_SECONDS, self._credit / (self._cores - self._share)))
