"""The last real events of each function: cheap in memory, written down a moment later."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from lambdacli.model.arn import FunctionKey
from lambdacli.model.captured import CapturedEvent, CaptureRules
from lambdacli.model.redaction import redact

_log = logging.getLogger("lam.capture")

WRITE_SECONDS = 1.0
UNWRITTEN_BYTES = 64 * 1024 * 1024
"""Of payloads that wait to be written; beyond it the oldest go."""
LARGE_BYTES = 64 * 1024
"""To look through a larger one takes so long that no invocation may wait for it meanwhile."""

Write = Callable[[Sequence[CapturedEvent], int], None]
"""In the order in which they came, and how many of each function stay."""


@dataclass(slots=True)
class _Waiting:
    event: CapturedEvent
    size: int
    is_clean: bool = False
    """Secrets are taken out."""

    @property
    def is_ready(self) -> bool:
        """To be written at once."""
        return self.is_clean or self.size <= LARGE_BYTES


class Capture:
    """A kill costs at most what came within the last second."""

    def __init__(self, write: Write, rules: CaptureRules | None = None) -> None:
        self._write = write
        self.rules = CaptureRules() if rules is None else rules
        self._unwritten: dict[FunctionKey, OrderedDict[str, _Waiting]] = {}
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._cleaning: asyncio.Task[None] | None = None
        self._has_failed = False

    def keep(self, event: CapturedEvent) -> None:
        """In the place of a former attempt of the same event."""
        if self.rules.events <= 0:
            return
        of_function = self._unwritten.get(event.function)
        if of_function is None:
            of_function = self._unwritten[event.function] = OrderedDict()
        former = of_function.pop(event.request_id, None)
        if former is not None:
            self._bytes -= former.size
        of_function[event.request_id] = _Waiting(event, len(event.payload))
        self._bytes += len(event.payload)
        if len(of_function) > self.rules.events:
            self._forget_oldest(of_function)
        while self._bytes > UNWRITTEN_BYTES:
            self._forget_oldest(max(self._unwritten.values(), key=len))
        if self._timer is None:
            self._wait()

    def flush(self) -> None:
        """All of them, now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._write_down(self._all())

    async def settle(self) -> None:
        """Until what came before is written, while invocations go on."""
        for each in self._all():
            if not each.is_ready:
                await asyncio.to_thread(self._clean, each)
        self._write_down(self._ready())

    # A moment later

    def _come_due(self) -> None:
        self._timer = None
        if self._cleaning is not None:
            self._wait()
            return
        if all(each.is_ready for each in self._all()):
            self.flush()
            return
        # Others may come meanwhile, for which the timer runs.
        self._cleaning = asyncio.get_running_loop().create_task(self.settle())
        self._cleaning.add_done_callback(self._cleaned)

    def _cleaned(self, task: asyncio.Task[None]) -> None:
        self._cleaning = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("captured events could not be looked through", exc_info=error)

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(WRITE_SECONDS, self._come_due)

    def _all(self) -> list[_Waiting]:
        return [each for events in self._unwritten.values() for each in events.values()]

    def _ready(self) -> list[_Waiting]:
        """Of each function the first ones: none is written before one that came before it."""
        return [
            each
            for events in self._unwritten.values()
            for each in takewhile(lambda waiting: waiting.is_ready, events.values())
        ]

    # Writing

    def _write_down(self, waiting: Sequence[_Waiting]) -> None:
        if not waiting:
            return
        try:
            self._write([self._clean(each) for each in waiting], self.rules.events)
        except Exception as error:
            # A full disk, say. They are kept, and written with those that follow.
            if not self._has_failed:
                _log.error("captured events could not be written: %s", error)
            self._has_failed = True
            return
        self._has_failed = False
        for each in waiting:
            self._forget(each)

    def _clean(self, waiting: _Waiting) -> CapturedEvent:
        """Also in a thread: to do it twice changes nothing."""
        event = waiting.event
        if not waiting.is_clean:
            payload = redact(event.payload, self.rules.redactions)
            if payload is not event.payload:
                event = waiting.event = replace(event, payload=payload, is_redacted=True)
            waiting.is_clean = True
        return event

    def _forget(self, waiting: _Waiting) -> None:
        events = self._unwritten.get(waiting.event.function, OrderedDict())
        if events.get(waiting.event.request_id) is waiting:
            del events[waiting.event.request_id]
            self._bytes -= waiting.size
        if not events:
            self._unwritten.pop(waiting.event.function, None)

    def _forget_oldest(self, events: OrderedDict[str, _Waiting]) -> None:
        self._forget(next(iter(events.values())))
