"""Endings of events, told to whoever is to hear of them: one after another, again after a failure."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from lambdacli.engine import retry
from lambdacli.engine.scheduler import Scheduler
from lambdacli.engine.writing import Writing
from lambdacli.model.arn import LATEST, FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.event import Attempt, AttemptKind, DeliveryError, Ending, Event
from lambdacli.store.event_rows import Lane
from lambdacli.store.events import EventStore

logger = logging.getLogger("lam.events")

AT_ONCE = 32
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
        self._telling: set[int] = set()
        """Numbers of the endings that are being told."""
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
        free = AT_ONCE - len(self._telling)
        if not self._is_open or not lane.delivering or free <= 0:
            return
        # Those that are being told are still among the due ones.
        due = self._store.due_endings(lane, self._clock.now(), AT_ONCE)
        new = [ending for ending in due if ending.event.number not in self._telling][:free]
        for ending in new:
            self._telling.add(ending.event.number)
            task = asyncio.get_running_loop().create_task(self._tell(lane, ending))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        next_due_at = None if due else self._store.next_ending_due(lane)
        if next_due_at is not None:
            self._wake(lane, next_due_at)

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
            self._not_told(lane, ending, DeliveryError(str(error), ending.delivered), began)
        else:
            now = self._clock.now()
            self._writing.persist(
                lambda: self._store.told(ending, None, now), lambda: self._told(lane, ending)
            )

    def _not_told(self, lane: Lane, ending: Ending, error: DeliveryError, began: datetime) -> None:
        now = self._clock.now()
        event = ending.event
        due_at = retry.next_delivery(ending, now)
        attempt = Attempt(
            AttemptKind.DELIVERY, began, now, "DeliveryError", str(error)[:_ERROR_LENGTH], next_due_at=due_at
        )
        what = f"the end of event {event.request_id} for {event.function.name}"
        if due_at is None:
            logger.error("%s is given up: %s", what, error)
            for metric in error.metrics:
                self._count(event.function, event.qualifier or LATEST, metric, 1)
            self._writing.persist(
                lambda: self._store.told(ending, attempt, now), lambda: self._told(lane, ending)
            )
            return
        logger.warning("%s is told again at %s: %s", what, f"{due_at:%H:%M:%S}", error)
        later = replace(ending, tries=ending.tries + 1, delivered=(*ending.delivered, *error.delivered))
        self._writing.persist(
            lambda: self._store.tell_later(later, due_at, attempt), lambda: self._told(lane, ending)
        )
        self._wake(lane, due_at)

    def _told(self, lane: Lane, ending: Ending) -> None:
        """Or to be told later; either is written by now."""
        was_full = len(self._telling) >= AT_ONCE
        self._telling.discard(ending.event.number)
        self._changed(ending.event)
        for other in list(self._store.lanes.values()) if was_full else [lane]:
            self.look(other)
