"""The service's clock over our own routes: told, moved on, and set back."""

from __future__ import annotations

import json
import math

from lambdacli.model.clock import ClockReading, MovableClock
from lambdacli.wire.http import Request

LONGEST_STEP_SECONDS = 366 * 86_400
LONGEST_OFFSET_SECONDS = 50 * LONGEST_STEP_SECONDS


class RefusedMove(Exception):
    """Told to the caller as it is."""


def told(reading: ClockReading) -> dict[str, object]:
    return {
        "now": reading.now.isoformat(timespec="milliseconds"),
        "real_now": reading.real_now.isoformat(timespec="milliseconds"),
        "offset_seconds": round(reading.offset_seconds, 3),
        "scale": reading.scale,
    }


async def advance(clock: MovableClock, request: Request) -> dict[str, object]:
    seconds = _seconds(request.body)
    if clock.read().offset_seconds + seconds > LONGEST_OFFSET_SECONDS:
        raise RefusedMove("the clock would be more than 50 years ahead: set it back first")
    fired = await clock.advance(seconds)
    return {**told(clock.read()), "fired": fired}


def reset(clock: MovableClock) -> dict[str, object]:
    clock.reset()
    return told(clock.read())


def _seconds(body: bytes) -> float:
    try:
        seconds = json.loads(body)["seconds"]
    except (ValueError, TypeError, KeyError):
        seconds = None
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not is_number or not math.isfinite(seconds) or not 0 < seconds <= LONGEST_STEP_SECONDS:
        raise RefusedMove("`seconds` must be a number above 0, and at most a year's")
    return float(seconds)
