"""One mapping of a stream: a reader per shard, which goes on only when its records are done or given up."""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lambdacli.model.delivery import Message, TargetError
from lambdacli.model.event import Refusal
from lambdacli.model.filtering import passes
from lambdacli.model.mapping import Checkpoint, EventSourceMapping, SourceKind
from lambdacli.model.metric import Metric
from lambdacli.model.outcome import Outcome
from lambdacli.model.patterns import parse_pattern
from lambdacli.sources.base import Position, Record, Shard, SourceError, StreamSource
from lambdacli.sources.batching import BatchLimits, batch_of, due_in, payload_of
from lambdacli.sources.callee import Callee
from lambdacli.sources.dropped import message_of
from lambdacli.sources.progress import Progress, Trouble
from lambdacli.sources.stopping import Stopping
from lambdacli.sources.stream_settle import Drop, Work, rules_of, settle_stream, without_the_old
from lambdacli.sources.surroundings import Surroundings
from lambdacli.sources.tumbling import NO_STATE, Window, by_window, windowed_payload, with_state

logger = logging.getLogger("lam.sources")

_SHARDS_SECONDS = 10.0
"""How often it is looked for new shards."""
_SLOWEST = 4.0
"""So many times its interval an empty shard is left alone at most."""
_TELL_WAITS = (0.5, 2.0, 5.0, 10.0)
"""Between the tries to tell a destination of records that are given up."""

OK, FAILED = "OK", "PROBLEM: Function call failed"


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept of one mapping."""

    checkpoints: Callable[[], Mapping[str, Checkpoint]]
    put: Callable[[str, Checkpoint], None]
    """By the shard's id."""
    put_result: Callable[[str], None]


class _Stopped(Exception):
    """What was begun is left to the next start."""


class StreamMapping:
    is_alone = True

    def __init__(
        self,
        mapping: EventSourceMapping,
        source: StreamSource,
        callee: Callee,
        memory: Memory,
        send: Callable[[Message], Awaitable[None]],
        surroundings: Surroundings,
    ) -> None:
        """`send` leads to the destination on failure."""
        self._mapping = mapping
        self._source = source
        self._callee = callee
        self._memory = memory
        self._send = send
        self._around = surroundings
        self.progress = Progress()
        self._trouble = Trouble(f"{mapping.function.name} ← {mapping.source.name}", self.progress)
        self._lanes = mapping.parallelization or 1
        self._limits = BatchLimits(mapping.batch_size, float(mapping.window_seconds or 0))
        self._filters = tuple(parse_pattern(text) for text in mapping.filters)
        self._rules = rules_of(mapping)
        self._stopping = Stopping(surroundings.clock)
        self._readers: dict[str, asyncio.Task[None]] = {}
        self._finished: set[str] = set()
        self._closed: set[str] = set()
        self._life = ""
        self._checkpoints: dict[str, Checkpoint] = {}
        self._window_seconds = mapping.tumbling_window_seconds or 0
        self._windows: dict[str, Window] = {}
        """Tumbling ones that are open, by their shards."""
        self._is_first_look = True
        self._look_again = asyncio.Event()

    def __repr__(self) -> str:
        return f"<StreamMapping {self._mapping.source.name} of {self._mapping.function.name}>"

    @property
    def is_needed(self) -> bool:
        """Its function is there: the service has to be, too."""
        return self._callee.function is not None

    async def run(self) -> None:
        self._checkpoints = dict(self._memory.checkpoints())
        self._is_first_look = not self._checkpoints
        try:
            while not self._stopping.is_stopping:
                wait = _SHARDS_SECONDS
                try:
                    await self._look_for_shards()
                except SourceError as error:
                    wait = self._trouble.met(error)
                    # What is there later came after the mapping: none of it was there to be left out.
                    self._is_first_look = self._is_first_look and not error.is_missing
                self._look_again.clear()
                await self._stopping.wait_real(wait, self._look_again)
            if self._readers:
                await asyncio.wait(self._readers.values())
        finally:
            for reader in self._readers.values():
                reader.cancel()

    def stop(self, patience_seconds: float | None = None) -> None:
        """Invocations that run come to their end; what is not done then is read again at the next start."""
        self._stopping.stop()

    # Shards

    async def _look_for_shards(self) -> None:
        self._require_function()
        found = await self._source.shards()
        self._trouble.is_over()
        if self._life and found.life != self._life:
            self._forget_former_life()
        self._life = found.life
        known = {shard.id for shard in found.shards}
        self._closed = {shard.id for shard in found.shards if shard.is_closed}
        self._finished |= {
            shard for shard, each in self._checkpoints.items() if each.is_finished and each.life == self._life
        }
        for shard in found.shards:
            is_ready = all(parent in self._finished or parent not in known for parent in shard.parents)
            if shard.id not in self._readers and shard.id not in self._finished and is_ready:
                self._begin(shard)
        self._is_first_look = False

    def _forget_former_life(self) -> None:
        for reader in self._readers.values():
            reader.cancel()
        self._readers.clear()
        self._finished.clear()
        self._windows.clear()

    def _begin(self, shard: Shard) -> None:
        position = self._first_position(shard)
        if position.type in ("LATEST", "AT_TIMESTAMP") and not self._has_checkpoint(shard.id):
            moment = time.time() if position.timestamp is None else position.timestamp
            self._put(shard.id, Checkpoint(self._life, began_at=moment))
        reader = asyncio.create_task(self._read(shard.id, position))
        self._readers[shard.id] = reader

        def ended(done: asyncio.Task[None]) -> None:
            if not done.cancelled() and done.exception() is not None:
                # The next look for shards begins it again, behind what is done.
                logger.error("%s of %r is read anew", shard.id, self, exc_info=done.exception())
                if self._readers.get(shard.id) is done:
                    del self._readers[shard.id]
                return
            if self._readers.get(shard.id) is done and shard.id in self._finished:
                del self._readers[shard.id]
                self._look_again.set()  # its children may begin

        reader.add_done_callback(ended)

    def _first_position(self, shard: Shard) -> Position:
        if self._has_checkpoint(shard.id):
            former = self._checkpoints[shard.id]
            if former.window_start is not None and self._window_seconds:
                state = former.window_state or NO_STATE
                self._windows[shard.id] = Window(former.window_start, self._window_seconds, state)
            return self._behind(former)
        if not self._is_first_look:
            return Position("TRIM_HORIZON")  # a shard, or a stream, that came later
        moment = self._mapping.starting_timestamp
        timestamp = None if moment is None else moment.timestamp()
        return Position(self._mapping.starting_position or "TRIM_HORIZON", timestamp=timestamp)

    def _has_checkpoint(self, shard: str) -> bool:
        former = self._checkpoints.get(shard)
        return former is not None and former.life == self._life

    def _behind(self, done: Checkpoint) -> Position:
        if done.sequence_number is not None:
            return Position("AFTER_SEQUENCE_NUMBER", done.sequence_number)
        # A table's stream knows no times: what is older is left out when it was read.
        knows_times = done.began_at is not None and self._mapping.source.kind is SourceKind.KINESIS
        return Position("AT_TIMESTAMP" if knows_times else "TRIM_HORIZON", timestamp=done.began_at)

    # One shard

    async def _read(self, shard: str, position: Position) -> None:
        iterator: str | None = None
        gathered: list[Record] = []
        opened_at, empty = 0.0, 0
        since = 0
        while not self._stopping.is_stopping:
            try:
                self._require_function()
                if iterator is None:
                    iterator = await self._source.iterator(shard, position)
                    # Tables tell the full second of a change.
                    since = int(position.timestamp or 0) if position.type == "TRIM_HORIZON" else 0
                    if position.type == "LATEST" and self._has_checkpoint(shard):
                        # If it is lost before anything was read, what has come since is not passed over.
                        position = self._behind(self._checkpoints[shard])
                count = max(1, self._limits.size * self._lanes - len(gathered))
                page = await self._source.read(shard, iterator, count)
                self._trouble.is_over()
            except SourceError as error:
                iterator = None
                if error.code == "TrimmedDataAccessException":
                    position = Position("TRIM_HORIZON")
                await self._stopping.wait_real(self._trouble.met(error))
                continue
            now = self._around.clock.monotonic()
            opened_at = opened_at if gathered else now
            found = [each for each in page.records if each.arrived_at >= since]
            gathered += found
            if found:
                position = Position("AFTER_SEQUENCE_NUMBER", found[-1].id)
            iterator, empty = page.following, 0 if page.records else empty + 1
            is_over = iterator is None or (shard in self._closed and page.is_at_end)
            wait = due_in(gathered, self._shard_limits, opened_at, now, is_last=is_over)
            if wait is not None and wait <= 0:
                try:
                    await self._process(shard, gathered)
                except _Stopped:
                    return
                gathered = []
            elif is_over or self._is_window_over(shard, gathered):
                try:
                    await self._close_window(shard)
                except _Stopped:
                    return
                if is_over:
                    self._finish(shard)
                    return
            else:
                pause = self._source.interval_seconds * min(_SLOWEST, 1 + empty / 8)
                await self._stopping.wait_real(pause if wait is None else min(pause, max(wait, 0.05)))

    @property
    def _shard_limits(self) -> BatchLimits:
        return BatchLimits(self._limits.size * self._lanes, self._limits.window_seconds)

    def _require_function(self) -> None:
        if self._callee.function is None:
            arn = self._mapping.function_arn
            raise SourceError(f"there is no {arn}: make it again, or delete the mapping", is_missing=True)

    def _finish(self, shard: str) -> None:
        self._finished.add(shard)
        done = self._checkpoints.get(shard)
        number = done.sequence_number if done is not None and done.life == self._life else None
        self._put(shard, Checkpoint(self._life, number, is_finished=True))

    # Its records

    async def _process(self, shard: str, records: Sequence[Record]) -> None:
        """Returns when all of them are done or given up."""
        kind = self._mapping.source.kind
        matched = [record for record in records if passes(kind, self._filters, record.fields)]
        self.progress.polled += len(records)
        self.progress.filtered += len(records) - len(matched)
        self._count(Metric.POLLED_EVENTS, len(records))
        self._count(Metric.FILTERED_OUT_EVENTS, len(records) - len(matched))
        if self._window_seconds:
            await self._run_windows(shard, matched)
        elif self._lanes == 1:
            await self._run_in_order(shard, matched, lambda done: self._advance(shard, done[-1]))
        else:
            await self._run_lanes(shard, matched)
        self._advance(shard, records[-1])

    async def _run_windows(self, shard: str, records: Sequence[Record]) -> None:
        for start, group in by_window(records, self._window_seconds):
            window = self._windows.get(shard)
            if window is not None and window.start != start:
                await self._close_window(shard)
            self._windows.setdefault(shard, Window(start, self._window_seconds))
            await self._run_in_order(shard, group, lambda done: self._advance(shard, done[-1]))
            if self._windows[shard].is_too_large:
                await self._close_window(shard)

    def _is_window_over(self, shard: str, gathered: Sequence[Record]) -> bool:
        window = self._windows.get(shard)
        if window is None or gathered:
            return False
        return self._around.clock.now().timestamp() >= window.end

    async def _close_window(self, shard: str) -> None:
        """Its last invocation, which holds the shard as any other does."""
        waiting: Sequence[Work] = [Work((), is_final=True)] if shard in self._windows else ()
        while waiting:
            waiting = await self._try(shard, waiting[0], lambda done: None)
        if self._windows.pop(shard, None) is not None and shard in self._checkpoints:
            self._put(shard, replace(self._checkpoints[shard], window_start=None, window_state=None))

    async def _run_lanes(self, shard: str, records: Sequence[Record]) -> None:
        """Records of one key stay in one lane. How far all have come is known when they all are done."""
        lanes: list[list[Record]] = [[] for _ in range(self._lanes)]
        for record in records:
            lanes[zlib.crc32((record.group or "").encode()) % self._lanes].append(record)
        runs = [self._run_in_order(shard, lane, lambda done: None) for lane in lanes if lane]
        results = await asyncio.gather(*runs, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _run_in_order(
        self, shard: str, records: Sequence[Record], advance: Callable[[Sequence[Record]], None]
    ) -> None:
        left = list(records)
        while left:
            batch, left = batch_of(left, self._limits)
            waiting = [Work(tuple(batch))]
            self.progress.running += 1
            try:
                while waiting:
                    waiting = [*await self._try(shard, waiting[0], advance), *waiting[1:]]
            finally:
                self.progress.running -= 1

    async def _try(
        self, shard: str, work: Work, advance: Callable[[Sequence[Record]], None]
    ) -> Sequence[Work]:
        """What is left of it."""
        if self._stopping.is_stopping:
            raise _Stopped
        too_old, left = without_the_old(work, self._rules, self._around.clock.now().timestamp())
        if too_old is not None:
            await self._give_up(shard, too_old)
            advance(too_old.records)
        if left is None:
            return ()
        with self._around.rest.working():
            result = await self._run(shard, left)
        step = settle_stream(left, result, self._rules)
        if not isinstance(result, Refusal):
            self._note(left.records, step.is_failure, len(step.done))
        if step.done:
            advance(step.done)
        if step.dropped is not None and step.dropped.records:
            await self._give_up(shard, step.dropped)
            advance(step.dropped.records)
        if step.rest and not await self._stopping.wait(step.retry_in):
            raise _Stopped
        return step.rest

    async def _run(self, shard: str, work: Work) -> Outcome | Refusal:
        window = self._windows.get(shard)
        if window is None:
            return await self._callee.run(payload_of(work.records), work.records)
        name = self._mapping.source.name
        payload = windowed_payload(work.records, window, shard, name, is_final=work.is_final)
        result = await self._callee.run(payload, work.records)
        if isinstance(result, Refusal):
            return result
        self._windows[shard], result = with_state(window, result)
        return result

    def _note(self, records: Sequence[Record], is_failure: bool, succeeded: int) -> None:
        self.progress.succeeded += succeeded
        self.progress.failed += len(records) - succeeded
        self.progress.last_result = FAILED if is_failure else OK
        self._memory.put_result(self.progress.last_result)
        self._count(Metric.INVOKED_EVENTS, len(records))
        self._count(Metric.FAILED_INVOKE_EVENTS, len(records) - succeeded)
        function = self._callee.function
        if function is not None and records:
            age = self._around.clock.now().timestamp() - records[-1].arrived_at
            self._around.count(function, Metric.ITERATOR_AGE, max(0.0, age * 1000))

    async def _give_up(self, shard: str, drop: Drop) -> None:
        self._count(Metric.DROPPED_EVENTS, len(drop.records))
        logger.warning(
            "%s: %d records of %s are given up: %s",
            self._mapping.function.name,
            len(drop.records),
            shard,
            drop.condition,
        )
        if self._mapping.failure_destination is None:
            return
        message = message_of(self._mapping, shard, drop, self._around.clock.now())
        for wait in (*_TELL_WAITS, None):
            try:
                await self._send(message)
                return
            except TargetError as error:
                function = self._callee.function
                if function is not None:
                    self._around.count(function, Metric.DESTINATION_DELIVERY_FAILURES, 1.0)
                if wait is None or error.is_final:
                    logger.error("nobody was told of records that were given up: %s", error)
                    return
                if not await self._stopping.wait_real(wait):
                    raise _Stopped from error

    def _advance(self, shard: str, record: Record) -> None:
        window = self._windows.get(shard)
        start, state = (None, None) if window is None else (window.start, window.state)
        self._put(shard, Checkpoint(self._life, record.id, window_start=start, window_state=state))

    def _put(self, shard: str, checkpoint: Checkpoint) -> None:
        if self._checkpoints.get(shard) != checkpoint:
            self._checkpoints[shard] = checkpoint
            self._memory.put(shard, checkpoint)

    def _count(self, metric: Metric, value: float) -> None:
        function = self._callee.function
        if value and function is not None and "EventCount" in (self._mapping.metrics or ()):
            self._around.count(function, metric, value)
