"""The time of an environment: real time, which stands still while a debugger holds the function."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

SHORTEST_WAIT_SECONDS = 0.001
LOOK_AGAIN_SECONDS = 0.1
"""How soon to look whether it is still held: a deadline is never nearer than this while it is."""


class HeldTime:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._holders: set[Hashable] = set()
        self._since = 0.0
        self._held = 0.0

    def __repr__(self) -> str:
        return f"<HeldTime {len(self._holders)} holders, held for {self.held_seconds:.3f} s>"

    def now(self) -> float:
        """To be compared with other times of the same environment only."""
        return (self._since if self._holders else self._monotonic()) - self._held

    def wait_for(self, moment: float) -> float:
        """Real seconds after which it is worth looking whether the moment has come."""
        left = max(SHORTEST_WAIT_SECONDS, moment - self.now())
        return max(LOOK_AGAIN_SECONDS, left) if self._holders else left

    @property
    def held_seconds(self) -> float:
        """In all, so far."""
        return self._held + (self._monotonic() - self._since if self._holders else 0.0)

    def hold(self, holder: Hashable) -> None:
        """It stands still until each of its holders lets it go on."""
        if not self._holders:
            self._since = self._monotonic()
        self._holders.add(holder)

    def go_on(self, holder: Hashable) -> None:
        if holder not in self._holders:
            return
        self._holders.remove(holder)
        if not self._holders:
            self._held += self._monotonic() - self._since
