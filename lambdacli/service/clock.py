"""Time as it is, and the clock that can be moved on, run faster and set back."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lambdacli.model.clock import Clock, ClockReading, Timer
from lambdacli.service.settings import StartFailure

logger = logging.getLogger("lam.clock")

KEEP_SECONDS = 1.0
"""How often a clock that runs faster writes down how far it has come."""
SETTLE_SECONDS = 5.0
"""How long, in real time, one move of the clock waits for what it set off."""
LONGEST_OFFSET_SECONDS = 100 * 365 * 86_400.0
"""What a file may say; further on there are no dates."""


class SystemClock:
    """Real time, for what must never be moved."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def call_later(self, delay_seconds: float, callback: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(delay_seconds, callback)

    def call_at(self, moment: datetime, callback: Callable[[], None]) -> Timer:
        return self.call_later(max(0.0, (moment - self.now()).total_seconds()), callback)


@dataclass(slots=True, eq=False)
class _Timer:
    """Due by the monotonic time; `moment` is what it waits for where that is a wall time."""

    due: float
    callback: Callable[[], None]
    moment: datetime | None
    is_cancelled: bool = False

    def cancel(self) -> None:
        self.is_cancelled = True


class OffsetClock:
    """Real time and an offset, which only grows until it is taken back. The file outlives the service."""

    def __init__(self, file: Path, real: Clock, scale: float = 1.0) -> None:
        self._file = file
        self._real = real
        self._scale = scale
        self._began = real.monotonic()
        self._moved = _read_offset(file)
        """By how much both times were moved when it began."""
        self._taken_back = 0.0
        """Of that, what the wall time was moved back again."""
        self._timers: list[tuple[float, int, _Timer]] = []
        self._numbers = itertools.count()
        self._wake: Timer | None = None
        self._wake_due = math.inf
        self._keeping: Timer | None = None
        self._advancing = asyncio.Lock()
        self.settle: Callable[[], Awaitable[None]] = _nothing
        """Returns when what timers have set off has come to rest: what it leads to is due after that."""
        self.went_back: Callable[[], None] = _unheard
        """Hears of every reset, when it is done."""
        self.moves_to: datetime | None = None
        """While it is moved on."""

    def __repr__(self) -> str:
        return f"<OffsetClock +{self._offset():.3f} s x{self._scale:g}, {len(self._timers)} timers>"

    # The time

    def now(self) -> datetime:
        return self._real.now() + timedelta(seconds=self._offset())

    def monotonic(self) -> float:
        return self._real.monotonic() + self._moved_by()

    def read(self) -> ClockReading:
        real_now, offset = self._real.now(), self._offset()
        return ClockReading(real_now + timedelta(seconds=offset), real_now, offset, self._scale)

    def _offset(self) -> float:
        return self._moved_by() - self._taken_back

    def _moved_by(self) -> float:
        if self._scale == 1.0:
            return self._moved
        return self._moved + (self._real.monotonic() - self._began) * (self._scale - 1)

    # Waiting

    def call_later(self, delay_seconds: float, callback: Callable[[], None]) -> Timer:
        return self._wait(_Timer(self.monotonic() + max(0.0, delay_seconds), callback, None))

    def call_at(self, moment: datetime, callback: Callable[[], None]) -> Timer:
        return self._wait(_Timer(self._due_at(moment), callback, moment))

    def _due_at(self, moment: datetime) -> float:
        return self.monotonic() + max(0.0, (moment - self.now()).total_seconds())

    def _wait(self, timer: _Timer) -> _Timer:
        heapq.heappush(self._timers, (timer.due, next(self._numbers), timer))
        if timer.due < self._wake_due:
            self._arm()
        return timer

    def _arm(self) -> None:
        """One real timer, for the earliest of ours."""
        if self._wake is not None:
            self._wake.cancel()
        self._wake, self._wake_due = None, math.inf
        earliest = self._earliest()
        if earliest is not None:
            self._wake_due = earliest.due
            delay = max(0.0, earliest.due - self.monotonic()) / self._scale
            self._wake = self._real.call_later(delay, self._woken)

    def _earliest(self) -> _Timer | None:
        while self._timers and self._timers[0][2].is_cancelled:
            heapq.heappop(self._timers)
        return self._timers[0][2] if self._timers else None

    def _woken(self) -> None:
        self._fire_due()
        self._arm()

    def _fire_due(self) -> int:
        """Those that are due now; not what they set themselves, however soon: that is for the next turn."""
        now, fired = self.monotonic(), []
        while (timer := self._earliest()) is not None and timer.due <= now:
            fired.append(heapq.heappop(self._timers)[2])
        for timer in fired:
            if timer.is_cancelled:
                continue  # by one before it
            try:
                timer.callback()
            except Exception:
                logger.exception("what was due failed")
        return len(fired)

    # Moving

    def start(self) -> None:
        """From now on what it has come to is written down."""
        self._keep()

    def stop(self) -> None:
        for timer in (self._wake, self._keeping):
            if timer is not None:
                timer.cancel()
        self._timers.clear()
        self._wake = self._keeping = None
        self._write(self._offset())

    async def advance(self, seconds: float) -> int:
        """Stops at every moment at which something is due, and goes on when that has settled."""
        async with self._advancing:
            # As if it had arrived: a service that is killed on the way must not go back in time.
            self._write(self._offset() + seconds)
            self.moves_to = self.now() + timedelta(seconds=seconds)
            try:
                return await self._move(seconds)
            finally:
                self.moves_to = None

    async def _move(self, seconds: float) -> int:
        left, fired = seconds, 0
        patience_end = self._real.monotonic() + SETTLE_SECONDS
        while (timer := self._earliest()) is not None:
            wait = max(0.0, timer.due - self.monotonic())
            if wait > left:
                break
            left -= wait
            self._moved += wait
            # Differences of large numbers: it may still lie a rounding away.
            self._moved += max(0.0, timer.due - self.monotonic())
            fired += self._fire_due()
            await self._settled(patience_end)
        self._moved += left
        self._arm()
        self._keep()
        return fired

    def reset(self) -> None:
        self._taken_back = self._moved_by()
        timers = [timer for _, _, timer in self._timers if not timer.is_cancelled]
        for timer in timers:
            if timer.moment is not None:
                timer.due = self._due_at(timer.moment)
        self._timers = [(timer.due, next(self._numbers), timer) for timer in timers]
        heapq.heapify(self._timers)
        self._arm()
        self._keep()
        self.went_back()

    async def _settled(self, patience_end: float) -> None:
        patience = patience_end - self._real.monotonic()
        if patience > 0:
            try:
                async with asyncio.timeout(patience):
                    await self.settle()
            except TimeoutError:
                logger.warning(
                    "the clock moves on, although what it set off still runs after %g s", SETTLE_SECONDS
                )

    def _keep(self) -> None:
        """A clock that runs faster is written down as it will be at the next time: after a kill it jumps on
        a little, and never back."""
        if self._keeping is not None:
            self._keeping.cancel()
            self._keeping = None
        ahead = (self._scale - 1) * KEEP_SECONDS
        self._write(self._offset() + max(0.0, ahead))
        if ahead:
            self._keeping = self._real.call_later(KEEP_SECONDS, self._keep)

    def _write(self, offset: float) -> None:
        if offset == 0 and not self._file.exists():
            return
        temporary = self._file.with_suffix(".new")
        try:
            temporary.write_text(json.dumps({"offset_seconds": round(offset, 6)}))
            temporary.replace(self._file)
        except OSError as error:
            logger.error(
                "%s cannot be written (%s): a restart forgets how far the clock was moved", self._file, error
            )


async def _nothing() -> None: ...


def _unheard() -> None: ...


def _read_offset(file: Path) -> float:
    try:
        offset = float(json.loads(file.read_bytes())["offset_seconds"])
    except FileNotFoundError:
        return 0.0
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StartFailure(
            f"{file} does not say how far the clock was moved ({error})\n\n"
            "hint: remove it to start with real time"
        ) from error
    if not math.isfinite(offset) or abs(offset) > LONGEST_OFFSET_SECONDS:
        raise StartFailure(f"{file} moves the clock too far\n\nhint: remove it to start with real time")
    return offset
