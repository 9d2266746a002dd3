"""Fires schedules: when the one clock has come to their times, their functions get an event."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from lambdacli.engine.access import Access
from lambdacli.engine.scheduler import Scheduler
from lambdacli.model.arn import FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.errors import RequestError
from lambdacli.model.principals import service_caller
from lambdacli.model.producer import Producer
from lambdacli.model.schedule import Firing, Origin, RefusedFiringError, Schedule, next_firing
from lambdacli.model.schedule_event import BadInputError, event_of, new_event_id

logger = logging.getLogger("lam.schedules")

MOST_OF_ONE_MOVE = 1000
"""So often one schedule fires while the clock is moved on; a year of minutes would fill the queue."""
_PRINCIPAL = "events.amazonaws.com"

Accept = Callable[[FunctionKey, str | None, bytes], Awaitable[str]]
"""Function, qualifier and payload of a new event; its request id, when it is on disk. RequestError if it is
refused."""


@dataclass(slots=True)
class _Entry:
    schedule: Schedule
    next: Firing | None
    last_due: datetime | None = None
    move: datetime | None = None
    """To where the clock was being moved when it last fired."""
    fired_in_move: int = 0


class Schedules:
    """What became due while the machine slept fires once; what becomes due while the clock is moved on, each
    time at its own moment. Nothing is remembered over a restart: times follow from expressions alone."""

    def __init__(
        self,
        clock: Clock,
        access: Access,
        accept: Accept,
        settle: Callable[[], Awaitable[None]],
        moves_to: Callable[[], datetime | None],
    ) -> None:
        """`settle` returns when functions have what their project says; `moves_to` is where the clock is
        being moved."""
        self._clock = clock
        self._access = access
        self._accept = accept
        self._settle = settle
        self._moves_to = moves_to
        self._scheduler = Scheduler(clock)
        self._entries: dict[tuple[Origin, str, str, int], _Entry] = {}
        self._firing: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Schedules {len(self._entries)}, {len(self._firing)} firing>"

    def take(self, origins: Iterable[Origin], schedules: Iterable[Schedule]) -> None:
        """These are all there are of these origins now. What is due by now fires as it was."""
        self._fire_due()
        now, wanted = self._clock.now(), frozenset(origins)
        kept = {key: each for key, each in self._entries.items() if key[0] not in wanted}
        numbers: dict[tuple[Origin, str, str], int] = {}
        for schedule in schedules:
            place = (schedule.origin, schedule.arn, schedule.target_arn)
            number = numbers[place] = numbers.get(place, -1) + 1
            former = self._entries.get((*place, number))
            if former is None or _without_place(former.schedule) != _without_place(schedule):
                former = _Entry(schedule, _next(schedule, now))
            former.schedule = schedule
            kept[(*place, number)] = former
        self._entries = kept
        self._wake()

    def look_again(self) -> None:
        """The clock was set back: what it came to then comes again."""
        now = self._clock.now()
        for entry in self._entries.values():
            entry.next = _next(entry.schedule, now)
            entry.last_due = None
        self._wake()

    @property
    def are_waiting(self) -> bool:
        return any(entry.next is not None for entry in self._entries.values())

    def described(self) -> list[dict[str, object]]:
        entries = self._entries.values()
        return [
            _told(each) for each in sorted(entries, key=lambda each: (each.schedule.name, each.schedule.arn))
        ]

    async def fire_now(self, name: str) -> list[str]:
        """All of that name, enabled or not; the request ids. A KeyError if there is none."""
        named = [
            each.schedule
            for each in self._entries.values()
            if name in (each.schedule.name, each.schedule.arn)
        ]
        if not named:
            raise KeyError(name)
        now = self._clock.now().replace(microsecond=0)
        return [await self._invoke(schedule, now) for schedule in named]

    async def rest(self) -> None:
        """Returns when what was fired is in the queue."""
        while self._firing:
            await asyncio.wait(self._firing)

    async def close(self) -> None:
        self._scheduler.close()
        await self.rest()

    # Waiting

    def _wake(self) -> None:
        moments = [entry.next.at for entry in self._entries.values() if entry.next is not None]
        if moments:
            self._scheduler.wake_by("schedules", min(moments), self._woken)

    def _woken(self) -> None:
        self._fire_due()
        self._wake()

    def _fire_due(self) -> None:
        now = self._clock.now()
        due = [
            (entry.next.at, number, entry)
            for number, entry in enumerate(self._entries.values())
            if entry.next is not None and entry.next.at <= now
        ]
        for at, _, entry in sorted(due, key=lambda each: each[:2]):
            assert entry.next is not None, "it is due"
            self._begin(entry.schedule, entry.next)
            entry.last_due = entry.next.due
            missed = _next(entry.schedule, at)
            if missed is not None and missed.at <= now:
                logger.warning(
                    "schedule %s was due at %s: it fires once for all that was missed since",
                    entry.schedule.name,
                    _shown(at),
                )
            entry.next = self._after_firing(entry, now)

    def _after_firing(self, entry: _Entry, now: datetime) -> Firing | None:
        moves_to = self._moves_to()
        if moves_to is None or moves_to != entry.move:
            entry.move, entry.fired_in_move = moves_to, 0
        entry.fired_in_move += 1
        following = _next(entry.schedule, now)
        is_enough = moves_to is not None and entry.fired_in_move >= MOST_OF_ONE_MOVE
        if following is None or moves_to is None or not is_enough or following.at > moves_to:
            return following
        logger.warning(
            "schedule %s fired %d times while the clock was moved on: it fires no more until %s",
            entry.schedule.name,
            entry.fired_in_move,
            _shown(moves_to),
        )
        return _next(entry.schedule, moves_to)

    # Firing

    def _begin(self, schedule: Schedule, firing: Firing) -> None:
        task = asyncio.get_running_loop().create_task(self._fire(schedule, firing.due))
        self._firing.add(task)
        task.add_done_callback(self._firing.discard)

    async def _fire(self, schedule: Schedule, due: datetime) -> None:
        try:
            request_id = await self._invoke(schedule, due)
        except RefusedFiringError as refused:
            logger.warning("schedule %s did not fire: %s", schedule.name, refused)
        except Exception:
            logger.exception("schedule %s did not fire", schedule.name)
        else:
            logger.info(
                "schedule %s, due at %s, fired: event %s for %s",
                schedule.name,
                _shown(due),
                request_id,
                schedule.function.name,
            )

    async def _invoke(self, schedule: Schedule, due: datetime) -> str:
        await self._settle()
        self._check_permission(schedule)
        try:
            payload = event_of(schedule, due, new_event_id())
            return await self._accept(schedule.function, schedule.qualifier, payload)
        except BadInputError as error:
            raise RefusedFiringError(f"its input {error}") from error
        except RequestError as error:
            raise RefusedFiringError(error.message or error.code) from error

    def _check_permission(self, schedule: Schedule) -> None:
        if not schedule.needs_permission:
            return
        producer = Producer(service_caller(_PRINCIPAL), schedule.arn)
        decision = self._access.may_invoke(
            producer, schedule.function, schedule.qualifier, at=self._clock.now()
        )
        if not decision.is_allowed:
            raise RefusedFiringError(
                f"{_PRINCIPAL} may not invoke {schedule.target_arn} for {schedule.arn}: {decision.because}; "
                f"`lam permission add {schedule.function.name} --principal {_PRINCIPAL}` would let it"
            )


def _next(schedule: Schedule, after: datetime) -> Firing | None:
    return next_firing(schedule, after) if schedule.is_enabled else None


def _without_place(schedule: Schedule) -> Schedule:
    """Lines of a file move."""
    return replace(schedule, where="")


def _told(entry: _Entry) -> dict[str, object]:
    schedule, following = entry.schedule, entry.next
    return {
        "name": schedule.name,
        "kind": str(schedule.kind),
        "arn": schedule.arn,
        "function": schedule.function.name,
        "qualifier": schedule.qualifier,
        "expression": schedule.text,
        "timezone": schedule.zone_name,
        "window_minutes": schedule.window_minutes,
        "enabled": schedule.is_enabled,
        "next": None if following is None else following.at.isoformat(timespec="seconds"),
        "last": None if entry.last_due is None else entry.last_due.isoformat(timespec="seconds"),
        "origin": str(schedule.origin),
        "where": schedule.where,
    }


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
