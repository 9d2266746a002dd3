"""The one clock: everything that waits, ages or expires asks it, so that a test or a person can move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from lambdacli.model.record import record


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    # The wall time, aware, in UTC. It goes back when somebody takes back what it was moved by.
    def now(self) -> datetime: ...

    # Seconds that never go backwards; only differences mean anything.
    def monotonic(self) -> float: ...

    # Calls back once, this many seconds from now, on the event loop.
    def call_later(self, delay_seconds: float, callback: Callable[[], None]) -> Timer: ...

    # Calls back once, when `now` has come to this moment, on the event loop.
    def call_at(self, moment: datetime, callback: Callable[[], None]) -> Timer: ...


@record
class ClockReading:
    now: datetime
    real_now: datetime
    offset_seconds: float
    """How far it is ahead of real time."""
    scale: float
    """Its seconds in a real one."""


class MovableClock(Clock, Protocol):
    def read(self) -> ClockReading: ...

    # Moves it on; what becomes due on the way is called back in its order. How many were called back.
    async def advance(self, seconds: float) -> int: ...

    # Back to real time. What waits for a moment waits for it as real time comes to it.
    def reset(self) -> None: ...
