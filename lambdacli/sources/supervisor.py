"""Every enabled mapping is read: one task each, which follows what becomes of the mapping."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from lambdacli.model.mapping import READ_KINDS, EventSourceMapping
from lambdacli.sources.progress import Progress
from lambdacli.store.mappings import MappingStore

logger = logging.getLogger("lam.sources")

ANEW_SECONDS = 5.0
"""After a fault of our own, or of the disk, a mapping is left alone for so long."""


class Reader(Protocol):
    """Reads one mapping's source."""

    progress: Progress
    # Whether it begins only when nobody else reads for the same mapping: else records would overtake others.
    is_alone: bool

    # Whether the service has to be there for it.
    @property
    def is_needed(self) -> bool: ...

    # Until it is stopped and what it has begun is settled.
    async def run(self) -> None: ...

    # Begins nothing more. It waits so long for what it has asked the source for; None: as long as it takes.
    def stop(self, patience_seconds: float | None = None) -> None: ...


MakeReader = Callable[[EventSourceMapping], Reader]


@dataclass(frozen=True, slots=True)
class Described:
    """A mapping as it is doing now."""

    mapping: EventSourceMapping
    progress: Progress | None
    """None: it is not read."""


@dataclass(slots=True)
class _Running:
    mapping: EventSourceMapping
    reader: Reader
    task: asyncio.Task[None]


class Sources:
    def __init__(self, mappings: MappingStore, make_reader: MakeReader) -> None:
        self._mappings = mappings
        self._make_reader = make_reader
        self._running: dict[tuple[str, str, str], _Running] = {}
        self._ending: dict[asyncio.Task[None], tuple[tuple[str, str, str], Reader]] = {}
        """Of mappings that were changed or taken away: their batches still run."""
        self._is_started = False

    def __repr__(self) -> str:
        return f"<Sources of {len(self._running)} mappings, {len(self._ending)} ending>"

    def start(self) -> None:
        self._is_started = True
        for mapping in self._mappings.list_all():
            self.changed(mapping)

    def changed(self, mapping: EventSourceMapping) -> None:
        """It was put or deleted, perhaps: what the store has counts."""
        if not self._is_started:
            return
        key = _key(mapping)
        wanted = self._mappings.get(*key)
        if wanted is not None and not (wanted.is_enabled and wanted.source.kind in READ_KINDS):
            wanted = None
        former = self._running.get(key)
        if former is not None:
            if wanted is not None and _is_read_alike(former.mapping, wanted):
                former.mapping = wanted
                return
            self._end(key)
        if wanted is not None:
            self._begin(key, wanted)

    @property
    def are_read(self) -> bool:
        return bool(self._running)

    @property
    def are_needed(self) -> bool:
        return bool(self._ending) or any(each.reader.is_needed for each in self._running.values())

    def described(self) -> Sequence[Described]:
        found = []
        for mapping in self._mappings.list_all():
            running = self._running.get(_key(mapping))
            found.append(Described(mapping, None if running is None else running.reader.progress))
        return found

    async def drain(self, patience_seconds: float) -> None:
        """Receives nothing more, and returns when all batches are settled."""
        self._is_started = False
        for _, reader in self._ending.values():
            reader.stop(patience_seconds)
        for key in list(self._running):
            self._end(key, patience_seconds)
        if self._ending:
            await asyncio.wait(self._ending)

    async def close(self) -> None:
        """What still runs comes again, when its source gives it out again."""
        self._is_started = False
        for key in list(self._running):
            self._end(key, 0.0)
        for task in self._ending:
            task.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _begin(self, key: tuple[str, str, str], mapping: EventSourceMapping) -> None:
        reader = self._make_reader(mapping)
        former = [task for task, (its_key, _) in self._ending.items() if its_key == key and reader.is_alone]
        task = asyncio.create_task(_run_after(former, reader))
        self._running[key] = _Running(mapping, reader, task)

        def ended(done: asyncio.Task[None]) -> None:
            self._ending.pop(done, None)
            if not done.cancelled() and done.exception() is not None:
                subject = f"{mapping.function.name} ← {mapping.source.name}"
                logger.error("%s is read anew in a moment", subject, exc_info=done.exception())
                asyncio.get_running_loop().call_later(ANEW_SECONDS, self._begin_anew, key, done)

        task.add_done_callback(ended)

    def _begin_anew(self, key: tuple[str, str, str], failed: asyncio.Task[None]) -> None:
        running = self._running.get(key)
        if self._is_started and running is not None and running.task is failed:
            self._end(key)
            self.changed(running.mapping)

    def _end(self, key: tuple[str, str, str], patience_seconds: float | None = None) -> None:
        ended = self._running.pop(key)
        ended.reader.stop(patience_seconds)
        if not ended.task.done():
            self._ending[ended.task] = (key, ended.reader)


async def _run_after(former: Sequence[asyncio.Task[None]], reader: Reader) -> None:
    if former:
        await asyncio.wait(former)
    await reader.run()


def _key(mapping: EventSourceMapping) -> tuple[str, str, str]:
    return mapping.function.account, mapping.function.region, mapping.uuid


_ANY_TIME = datetime.fromtimestamp(0, UTC)


def _is_read_alike(one: EventSourceMapping, other: EventSourceMapping) -> bool:
    return _as_read(one) == _as_read(other)


def _as_read(mapping: EventSourceMapping) -> EventSourceMapping:
    return replace(mapping, last_result=None, last_modified=_ANY_TIME, tags={})
