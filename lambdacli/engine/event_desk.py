"""What a person sees of the queue of events, and does to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from lambdacli.engine.events import EventQueue
from lambdacli.model.arn import FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.event import AttemptKind, EventState
from lambdacli.store.event_reader import EventReader, FoundEvent
from lambdacli.store.events import EventStore

PURGED_AT_ONCE = 2000
"""So that nobody else waits long for the database."""


@dataclass(frozen=True, slots=True)
class LaneView:
    function: FunctionKey
    qualifier: str | None
    queued: int
    running: int
    delivering: int
    oldest_age_seconds: float | None


class EventDesk:
    def __init__(
        self, store: EventStore, queue: EventQueue, open_for_reading: Callable[[], Connection], clock: Clock
    ) -> None:
        """What looks through the whole queue is read in a thread, with a connection of its own."""
        self._store = store
        self._queue = queue
        self._open_for_reading = open_for_reading
        self._clock = clock

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
        return await self._store.drop(found.event.number, self._clock.now())

    async def purge(self, account: str, region: str, name: str) -> int:
        """Takes away all that waits for a function, under every qualifier; how many those were."""
        purged = 0
        for lane in list(self._store.lanes.values()):
            if lane.function == FunctionKey(account, region, name):
                while count := await self._store.purge(lane, PURGED_AT_ONCE):
                    purged += count
        return purged

    def _oldest(self, lanes: Sequence[int]) -> list[datetime | None]:
        with closing(self._open_for_reading()) as connection:
            reader = EventReader(connection)
            return [reader.oldest_accepted(lane) for lane in lanes]

    def _find(self, request_id: str) -> FoundEvent | None:
        with closing(self._open_for_reading()) as connection:
            return EventReader(connection).find(request_id)


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
