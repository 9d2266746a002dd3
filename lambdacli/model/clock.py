"""The one clock: everything that waits, ages or expires asks it, so that a test can move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    # The wall time, aware, in UTC.
    def now(self) -> datetime: ...

    # Seconds that never go backwards; only differences mean anything.
    def monotonic(self) -> float: ...

    # Calls back once, this many seconds from now, on the event loop.
    def call_later(self, delay_seconds: float, callback: Callable[[], None]) -> Timer: ...
