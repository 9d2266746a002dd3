"""How fast a response may flow: some of it at once, and then so much per second. Pure."""

from __future__ import annotations

from lambdacli.model import limits
from lambdacli.model.record import record


@record
class Rate:
    """Of one response: `burst_bytes` as fast as may be, what follows at `bytes_per_second`."""

    burst_bytes: int
    bytes_per_second: int


RATE_OF_LAMBDA = Rate(limits.STREAM_BURST_BYTES, limits.STREAM_BYTES_PER_SECOND)


class Bandwidth:
    """A bucket that begins full. A piece passes whole as long as anything is left, so the bucket may owe:
    what comes after it waits for that too."""

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._left = float(rate.burst_bytes)
        self._filled_at = now

    def __repr__(self) -> str:
        return f"<Bandwidth {self._left:.0f} bytes left at {self._filled_at:.3f}>"

    def wait_seconds(self, now: float) -> float:
        """Until the next piece may pass."""
        self._fill(now)
        return 0.0 if self._left > 0 else (1 - self._left) / self._rate.bytes_per_second

    def passed(self, size: int) -> None:
        self._left -= size

    def _fill(self, now: float) -> None:
        gained = (now - self._filled_at) * self._rate.bytes_per_second
        self._left = min(float(self._rate.burst_bytes), self._left + gained)
        self._filled_at = now
