"""What a person sees of the queue of events, and does to it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import closing
from datetime import datetime
from sqlite3 import Connection

from lambdacli.engine.events import EVERY_EVENT, EventQueue
from lambdacli.model.arn import FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.event import AttemptKind, EventState
from lambdacli.model.record import record
from lambdacli.store.event_reader import EventReader, FinishedEvent, FoundEvent
from lambdacli.store.events import EventStore

logger = logging.getLogger("lam.events")

PURGED_AT_ONCE = 2000
"""So that nobody else waits long for the database."""
ENDS_AT_ONCE = 2000
_GATHERING_SECONDS = 0.05
"""After the first end: a queue that runs fast is told in batches."""

SHORTEST_BEGINNING = 4
"""Of a request id, by which an event is found: less is a slip."""
_IDS_TOLD = 3

Accept = Callable[[FunctionKey, str | None, bytes], Awaitable[str]]
"""Function, qualifier and payload of a new event; its request id, when it is on disk. RequestError if it is
refused."""


class AmbiguousId(ValueError):
    """The beginning of more than one event's request id."""


@record
class LaneView:
    function: FunctionKey
    qualifier: str | None
    queued: int
    running: int
    delivering: int
    oldest_age_seconds: float | None


@record
class Ends:
    """What came to its end after a place in the history."""

    events: Sequence[FinishedEvent]
    place: int
    """From where to ask on."""
    waiting: int
    """Events of the function that had not come to theirs before this was read."""


class EventDesk:
    def __init__(
        self,
        store: EventStore,
        queue: EventQueue,
        open_for_reading: Callable[[], Connection],
        clock: Clock,
        accept: Accept,
    ) -> None:
        """What looks through the whole queue is read in a thread, with a connection of its own."""
        self._store = store
        self._queue = queue
        self._open_for_reading = open_for_reading
        self._clock = clock
        self._accept = accept

    @property
    def delivers_twice(self) -> bool:
        return self._queue.delivers_twice

    def deliver_twice(self, is_wanted: bool) -> None:
        self._queue.delivers_twice = is_wanted

    async def lanes(self) -> Sequence[LaneView]:
        """Those in which something waits."""
        lanes = [lane for lane in self._store.lanes.values() if lane.depth]
        oldest = await asyncio.to_thread(self._oldest, [lane.number for lane in lanes])
        now = self._clock.now()
        return [
            LaneView(
                lane.function,
                lane.qualifier,
                lane.queued,
                lane.running,
                lane.delivering,
                None if accepted_at is None else (now - accepted_at).total_seconds(),
            )
            for lane, accepted_at in zip(lanes, oldest, strict=True)
        ]

    async def find(self, request_id: str) -> FoundEvent | None:
        """Also by the beginning of its id; AmbiguousId if several begin so."""
        return await asyncio.to_thread(self._find, request_id)

    async def follow(self, request_id: str) -> AsyncIterator[FoundEvent]:
        """As it is, and again whenever something became of it, until its end."""
        with self._queue.following(request_id) as changes:
            while (found := await self.find(request_id)) is not None:
                yield found
                if found.state is EventState.FINISHED:
                    return
                await changes.get()
                while not changes.empty():
                    changes.get_nowait()

    async def ends(self, name: str, after: int | None, patience_seconds: float) -> Ends:
        """Waits so long, in real time, until there is one; not if nothing of the function waits. Without a
        place: where the history ends now."""
        if after is None:
            return Ends((), self._store.last_place, self._waiting(name))
        with self._queue.following(EVERY_EVENT) as changes:
            found = await self._ends(name, after)
            if found.events or not found.waiting or not patience_seconds:
                return found
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_seconds):
                    await changes.get()
                    await asyncio.sleep(_GATHERING_SECONDS)
            return await self._ends(name, after)

    async def _ends(self, name: str, after: int) -> Ends:
        waiting = self._waiting(name)
        events = await asyncio.to_thread(self._finished_after, after)
        return Ends(events, events[-1].place if events else after, waiting)

    def _waiting(self, name: str) -> int:
        return sum(lane.depth for lane in self._store.lanes.values() if lane.function.name == name)

    async def replay(self, found: FoundEvent) -> str:
        """The payload of one that came to its end as a new event: that one's request id."""
        old = found.event
        new = await self._accept(old.function, old.qualifier, old.payload)
        logger.info("event %s for %s is sent again as %s", old.request_id, old.function.name, new)
        return new

    async def retry(self, request_id: str) -> bool:
        """Now instead of later. Whether it waited."""
        found = await self.find(request_id)
        if found is None or found.state is EventState.FINISHED:
            return False
        was_waiting = await self._store.due_now(found.event.number, self._clock.now())
        self._queue.look()
        return was_waiting

    async def drop(self, request_id: str) -> bool:
        """Into the history, told to nobody. Whether it waited: what runs is not taken away."""
        found = await self.find(request_id)
        if found is None or found.state is EventState.FINISHED:
            return False
        was_waiting = await self._store.drop(found.event.number, self._clock.now())
        self._queue.tell_followers(found.event.request_id)
        return was_waiting

    async def purge(self, account: str, region: str, name: str) -> int:
        """Takes away all that waits for a function, under every qualifier; how many those were."""
        purged = 0
        for lane in list(self._store.lanes.values()):
            if lane.function == FunctionKey(account, region, name):
                while count := await self._store.purge(lane, PURGED_AT_ONCE):
                    purged += count
        # Their request ids are gone with them.
        self._queue.tell_followers()
        return purged

    def _oldest(self, lanes: Sequence[int]) -> list[datetime | None]:
        with closing(self._open_for_reading()) as connection:
            reader = EventReader(connection)
            return [reader.oldest_accepted(lane) for lane in lanes]

    def _finished_after(self, place: int) -> Sequence[FinishedEvent]:
        with closing(self._open_for_reading()) as connection:
            return EventReader(connection).finished_after(place, ENDS_AT_ONCE)

    def _find(self, request_id: str) -> FoundEvent | None:
        with closing(self._open_for_reading()) as connection:
            reader = EventReader(connection)
            found = reader.find(request_id)
            if found is not None or len(request_id) < SHORTEST_BEGINNING:
                return found
            ids = reader.ids_beginning(request_id, _IDS_TOLD)
            if len(ids) > 1:
                raise AmbiguousId(f"several events begin with {request_id}: {', '.join(ids)}")
            return reader.find(ids[0]) if ids else None


def why_it_waits(found: FoundEvent) -> str | None:
    """In a person's words; None if it does not. Pure."""
    last = found.attempts[-1] if found.attempts else None
    match found.state:
        case EventState.FINISHED:
            return None
        case EventState.RUNNING:
            return "it is running"
        case EventState.DELIVERING:
            if last is None or last.kind is not AttemptKind.DELIVERY:
                return "its end is being told"
            return f"its end could not be told: {last.error_message}"
    if last is None or last.next_due_at is None:
        return "its turn has not come"
    if last.kind is AttemptKind.REFUSED:
        return f"it could not run: {last.error_type} {last.error_message}"
    return f"attempt {found.event.attempts} failed: {last.error_type or 'error'}"
