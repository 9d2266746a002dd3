"""One mapping of a queue: receives, filters, gathers, hands batches to its function, and settles them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine, Sequence
from typing import Any

from lambdacli.model.clock import Timer
from lambdacli.model.filtering import passes
from lambdacli.model.function import Function
from lambdacli.model.mapping import EventSourceMapping
from lambdacli.model.metric import Metric
from lambdacli.model.outcome import Outcome
from lambdacli.model.patterns import parse_pattern
from lambdacli.sources.base import QueueSource, Record, SourceError
from lambdacli.sources.batching import BatchLimits, batch_of, due_in, payload_of
from lambdacli.sources.callee import Callee
from lambdacli.sources.pace import GROWTH_PER_SECOND, pace_of
from lambdacli.sources.progress import Progress, Trouble
from lambdacli.sources.settle import REPORTS, settle_queue
from lambdacli.sources.stopping import Stopping
from lambdacli.sources.surroundings import Surroundings

logger = logging.getLogger("lam.sources")

_MARGIN_SECONDS = 30
"""Added by AWS to a window and a function's timeout that a queue's visibility timeout does not cover."""
_DELETE_WAITS = (0.2, 1.0, 3.0)
"""Between the tries to delete what was done: else it would be done again."""


class QueueMapping:
    """Waits in one place for whatever happens next: messages, the end of a window or a batch, a stop."""

    is_alone = False  # what one has received, no other one gets

    def __init__(
        self, mapping: EventSourceMapping, source: QueueSource, callee: Callee, surroundings: Surroundings
    ) -> None:
        self._mapping = mapping
        self._source = source
        self._callee = callee
        self._around = surroundings
        self.progress = Progress()
        self._trouble = Trouble(f"{mapping.function.name} ← {mapping.source.name}", self.progress)
        self._limits = BatchLimits(mapping.batch_size, float(mapping.window_seconds or 0))
        self._filters = tuple(parse_pattern(text) for text in mapping.filters)
        self._reports = REPORTS in (mapping.response_types or ())
        self._pace = pace_of(mapping.max_concurrency)
        self._hidden_seconds = self._receives_hidden = 0.0
        """As the queue has it, and as the messages are hidden that are on their way."""
        self._receiving: asyncio.Task[Sequence[Record]] | None = None
        self._gathered: list[Record] = []
        self._opened_at = 0.0
        """When the first of them came, by the one clock."""
        self._hidden_until = 0.0
        """When the first of them can be received by others, in real time."""
        self._batches: set[asyncio.Task[None]] = set()
        self._deletions: set[asyncio.Task[None]] = set()
        """Of messages that no filter wants."""
        self._busy_groups: set[str] = set()
        self._stopping = Stopping(surroundings.clock)
        self._patience_seconds: float | None = None
        self._last_wait: asyncio.Timeout | None = None
        self._wake = asyncio.Event()
        self._timer: Timer | None = None
        self._has_told_of_haste = False

    def __repr__(self) -> str:
        return f"<QueueMapping {self._mapping.source.name} of {self._mapping.function.name}>"

    @property
    def is_needed(self) -> bool:
        """Its function is there: the service has to be, too."""
        return self._callee.function is not None

    async def run(self) -> None:
        try:
            while not self._stopping.is_stopping:
                try:
                    await self._open()
                    await self._read()
                except SourceError as error:
                    self._send_due(is_last=True)
                    await self._stopping.wait_real(self._trouble.met(error))
            await self._end()
        finally:
            self._cut()

    def stop(self, patience_seconds: float | None = None) -> None:
        """Receives nothing more; batches that run come to their end. So long it waits for messages that are
        already asked for; None: as long as it takes, for they would be hidden from others. A second stop may
        have less."""
        self._patience_seconds = patience_seconds
        if self._last_wait is not None and patience_seconds is not None:
            self._last_wait.reschedule(asyncio.get_running_loop().time() + patience_seconds)
        self._stopping.stop()
        self._wake.set()

    # Receiving

    async def _open(self) -> None:
        timeout_seconds = self._require_function().timeout_seconds
        self._hidden_seconds = await self._source.open()
        self._trouble.is_over()
        if self._hidden_seconds < timeout_seconds and not self._has_told_of_haste:
            self._has_told_of_haste = True
            logger.warning(
                "%s hides messages for %g s, and %s may take %d s: messages may come twice. Set a longer "
                "visibility timeout",
                self._mapping.source.name,
                self._hidden_seconds,
                self._mapping.function.name,
                timeout_seconds,
            )

    def _require_function(self) -> Function:
        function = self._callee.function
        if function is None:
            arn = self._mapping.function_arn
            raise SourceError(f"there is no {arn}: make it again, or delete the mapping", is_missing=True)
        return function

    async def _read(self) -> None:
        while not self._stopping.is_stopping:
            self._send_due()
            if self._receiving is None and self._wants_more():
                self._receive()
            await self._wake.wait()
            self._wake.clear()
            if self._receiving is not None and self._receiving.done():
                done, self._receiving = self._receiving, None
                self._take(done.result())

    def _wants_more(self) -> bool:
        self._pace = self._pace.looked_at(len(self._batches), self._around.clock.monotonic())
        if len(self._gathered) >= self._limits.size:
            return False
        if self._has_place():
            return True
        self._wake_in(1 / GROWTH_PER_SECOND)
        return False

    def _has_place(self) -> bool:
        return len(self._batches) < min(self._pace.at_once, max(1, self._around.places()))

    def _receive(self) -> None:
        longer = self._longer_hidden(self._require_function().timeout_seconds)
        self._receives_hidden = longer or self._hidden_seconds
        count = self._limits.size - len(self._gathered)
        self._receiving = asyncio.create_task(self._source.receive(count, longer))
        self._receiving.add_done_callback(lambda _: self._wake.set())

    def _longer_hidden(self, timeout_seconds: int) -> int | None:
        """A window takes its part of the time in which messages are hidden."""
        window = int(self._limits.window_seconds)
        if not window or window + timeout_seconds <= self._hidden_seconds:
            return None
        return window + timeout_seconds + _MARGIN_SECONDS

    def _take(self, records: Sequence[Record]) -> None:
        if not records:
            return
        kind = self._mapping.source.kind
        fits = [passes(kind, self._filters, record.fields) for record in records]
        matched = [record for record, is_match in zip(records, fits, strict=True) if is_match]
        others = [record for record, is_match in zip(records, fits, strict=True) if not is_match]
        self.progress.polled += len(records)
        self.progress.filtered += len(others)
        self._count(Metric.POLLED_EVENTS, len(records))
        self._count(Metric.FILTERED_OUT_EVENTS, len(others))
        if others:
            self._track(self._delete(others), self._deletions)
        if matched and not self._gathered:
            self._opened_at = self._around.clock.monotonic()
            self._hidden_until = time.monotonic() + self._receives_hidden
        self._gathered += matched

    # Batches

    def _send_due(self, *, is_last: bool = False) -> None:
        if self._gathered and self._receives_hidden > 0 and time.monotonic() >= self._hidden_until:
            self._gathered = []  # others can receive them by now, and so can this mapping
        while self._has_place():
            now = self._around.clock.monotonic()
            wait = due_in(self._gathered, self._limits, self._opened_at, now, is_last=is_last)
            if wait is None:
                return
            if wait > 0:
                self._wake_in(wait)
                return
            batch, left = batch_of(self._gathered, self._limits, self._busy_groups)
            if not batch:
                return  # the end of another one wakes
            self._gathered, self._opened_at = left, now
            self._begin(batch)

    def _begin(self, batch: Sequence[Record]) -> None:
        groups = {record.group for record in batch if record.group is not None}
        self._busy_groups |= groups
        self.progress.running += 1

        def ended(_: asyncio.Task[None]) -> None:
            self._busy_groups -= groups
            self.progress.running -= 1

        self._track(self._work(batch, self._hidden_until), self._batches).add_done_callback(ended)

    async def _work(self, batch: Sequence[Record], hidden_until: float) -> None:
        payload, refusals = payload_of(batch), 0
        while True:
            with self._around.rest.working():
                result = await self._callee.run(payload, batch)
                hidden_for = hidden_until - time.monotonic()
                settlement = settle_queue(
                    batch, result, reports=self._reports, refusals=refusals, hidden_for=hidden_for
                )
                self._pace = self._pace.slowed() if settlement.is_slowing else self._pace.encouraged()
                if settlement.retry_in is None:
                    self._note(isinstance(result, Outcome), len(settlement.done), len(settlement.failed))
                    await self._delete(settlement.done)
                    await self._leave_behind({record.group for record in settlement.failed})
                    return
            refusals += 1
            if not await self._stopping.wait(settlement.retry_in):
                await self._put_back(batch)
                return

    def _note(self, was_run: bool, succeeded: int, failed: int) -> None:
        self.progress.succeeded += succeeded
        self.progress.failed += failed
        self.progress.last_result = "PROBLEM: Function call failed" if failed else "OK"
        if was_run:
            self._count(Metric.INVOKED_EVENTS, succeeded + failed)
        self._count(Metric.FAILED_INVOKE_EVENTS, failed)

    async def _delete(self, records: Sequence[Record]) -> None:
        for wait in (*_DELETE_WAITS, None):
            if not records:
                return
            try:
                await self._source.delete(records)
            except SourceError as error:
                if wait is None or error.is_missing:
                    logger.warning(
                        "%d messages could not be deleted, and come again: %s", len(records), error
                    )
                    return
                await self._stopping.wait_real(wait)
            else:
                self._count(Metric.DELETED_EVENTS, len(records))
                return

    async def _leave_behind(self, failed: set[str | None]) -> None:
        """Nothing of a group overtakes what failed of it: the queue gives it again in its order."""
        groups = failed - {None}
        behind = [each for each in self._gathered if each.group in groups]
        self._gathered = [each for each in self._gathered if each.group not in groups]
        await self._put_back(behind)

    async def _put_back(self, records: Sequence[Record]) -> None:
        """Else they stay hidden until their time is over."""
        if not records:
            return
        with contextlib.suppress(SourceError):
            await self._source.put_back(records)

    # Waiting

    def _wake_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._around.clock.call_later(seconds, self._wake.set)

    def _track(self, work: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        tasks.add(task)

        def ended(done: asyncio.Task[None]) -> None:
            tasks.discard(done)
            self._wake.set()
            if not done.cancelled() and done.exception() is not None:
                logger.error("a batch of %r was not settled", self, exc_info=done.exception())

        task.add_done_callback(ended)
        return task

    def _count(self, metric: Metric, value: float) -> None:
        function = self._callee.function
        if value and function is not None and "EventCount" in (self._mapping.metrics or ()):
            self._around.count(function, metric, value)

    # Its end

    async def _end(self) -> None:
        await self._put_back([*self._gathered, *await self._last_received()])
        running = self._batches | self._deletions
        if running:
            await asyncio.wait(running)

    def _cut(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in (*self._batches, *self._deletions):
            task.cancel()
        if self._receiving is not None:
            self._receiving.cancel()

    async def _last_received(self) -> Sequence[Record]:
        receiving = self._receiving
        if receiving is None:
            return ()
        try:
            async with asyncio.timeout(self._patience_seconds) as self._last_wait:
                return await receiving
        except (TimeoutError, SourceError):
            return ()
        finally:
            self._last_wait = None
