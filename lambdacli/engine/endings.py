"""Endings of events, told to whoever is to hear of them: one after another, again after a failure."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from lambdacli.engine import retry
from lambdacli.engine.scheduler import Scheduler
from lambdacli.engine.writing import Writing
from lambdacli.model.arn import LATEST, FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.event import Attempt, AttemptKind, DeliveryError, Ending, Event, Untold
from lambdacli.store.event_rows import Lane
from lambdacli.store.events import EventStore

logger = logging.getLogger("lam.events")

AT_ONCE = 64
OF_ONE_LANE = 8
"""So that a target that hangs holds up few others than its own."""
_ERROR_LENGTH = 1024

Count = Callable[[FunctionKey, str, str, float], None]
"""Function, version, metric, value."""


class Delivery(Protocol):
    # Whether anybody is to hear of this end.
    def is_wanted(self, ending: Ending) -> bool: ...

    # Tells everybody who is not among `ending.delivered`, or raises a DeliveryError.
    async def deliver(self, ending: Ending) -> None: ...


class NoDelivery:
    """Nobody hears of any end."""

    def is_wanted(self, ending: Ending) -> bool:
        return False

    async def deliver(self, ending: Ending) -> None:
        raise AssertionError("nobody is to be told")


class Endings:
    def __init__(
        self,
        store: EventStore,
        delivery: Delivery,
        clock: Clock,
        scheduler: Scheduler,
        writing: Writing,
        count: Count,
        changed: Callable[[Event], None],
    ) -> None:
        """`changed` hears of each event that something became of."""
        self._store = store
        self._delivery = delivery
        self._clock = clock
        self._scheduler = scheduler
        self._writing = writing
        self._count = count
        self._changed = changed
        self._is_open = False
        self._telling: dict[int, int] = {}
        """Numbers of the endings that are being told, and of their lanes."""
        self._tasks: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Endings {len(self._telling)} being told>"

    @property
    def being_told(self) -> int:
        return len(self._telling)

    def is_wanted(self, ending: Ending) -> bool:
        return self._delivery.is_wanted(ending)

    def open(self) -> None:
        self._is_open = True

    def begin_no_more(self) -> None:
        self._is_open = False

    async def close(self) -> None:
        """What is being told is told again after the next start."""
        self._is_open = False
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def look(self, lane: Lane) -> None:
        """Tells what is due of this lane."""
        free = self._free(lane)
        if not self._is_open or not lane.delivering or free <= 0:
            return
        # Those that are being told are still among the due ones.
        due = self._store.due_endings(lane, self._clock.now(), OF_ONE_LANE)
        new = [ending for ending in due if ending.event.number not in self._telling][:free]
        for ending in new:
            self._telling[ending.event.number] = lane.number
            task = asyncio.get_running_loop().create_task(self._tell(lane, ending))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        next_due_at = None if due else self._store.next_ending_due(lane)
        if next_due_at is not None:
            self._wake(lane, next_due_at)

    def _free(self, lane: Lane) -> int:
        of_this = sum(number == lane.number for number in self._telling.values())
        return min(AT_ONCE - len(self._telling), OF_ONE_LANE - of_this)

    def _wake(self, lane: Lane, moment: datetime) -> None:
        self._scheduler.wake_by(("endings", lane.number), moment, lambda: self.look(lane))

    async def _tell(self, lane: Lane, ending: Ending) -> None:
        began = self._clock.now()
        try:
            await self._delivery.deliver(ending)
        except DeliveryError as error:
            self._not_told(lane, ending, error, began)
        except Exception as error:
            logger.exception("the end of event %s was not told", ending.event.request_id)
            self._not_told(lane, ending, DeliveryError([Untold("", str(error))]), began)
        else:
            self._written_as_told(lane, ending, None)

    def _not_told(self, lane: Lane, ending: Ending, error: DeliveryError, began: datetime) -> None:
        now = self._clock.now()
        due_at = retry.next_delivery(ending, now)
        given_up = [each for each in error.untold if each.is_final or due_at is None]
        self._give_up(ending.event, given_up)
        later = replace(
            ending,
            tries=ending.tries + 1,
            delivered=(*ending.delivered, *error.delivered, *(each.hearer for each in given_up)),
            failures=(*ending.failures, *(each.message[:_ERROR_LENGTH] for each in given_up)),
        )
        attempt = Attempt(AttemptKind.DELIVERY, began, now, "DeliveryError", str(error)[:_ERROR_LENGTH])
        if due_at is None or len(given_up) == len(error.untold):
            self._written_as_told(lane, later, attempt)
            return
        logger.warning("%s is told again at %s: %s", _end_of(ending.event), f"{due_at:%H:%M:%S}", error)
        attempt = replace(attempt, next_due_at=due_at)
        self._writing.persist(
            lambda: self._store.tell_later(later, due_at, attempt), lambda: self._told(lane, ending)
        )
        self._wake(lane, due_at)

    def _give_up(self, event: Event, given_up: Sequence[Untold]) -> None:
        for each in given_up:
            why = "cannot be told" if each.is_final else "is given up"
            logger.error("%s %s: %s", _end_of(event), why, each.message)
            if each.metric is not None:
                self._count(event.function, event.qualifier or LATEST, each.metric, 1)

    def _written_as_told(self, lane: Lane, ending: Ending, attempt: Attempt | None) -> None:
        now = self._clock.now()
        self._writing.persist(
            lambda: self._store.told(ending, attempt, now), lambda: self._told(lane, ending)
        )

    def _told(self, lane: Lane, ending: Ending) -> None:
        """Or to be told later; either is written by now."""
        was_full = len(self._telling) >= AT_ONCE
        del self._telling[ending.event.number]
        self._changed(ending.event)
        for other in list(self._store.lanes.values()) if was_full else [lane]:
            self.look(other)


def _end_of(event: Event) -> str:
    return f"the end of event {event.request_id} for {event.function.name}"
