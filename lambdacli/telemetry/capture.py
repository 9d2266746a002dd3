"""The last real events of each function: cheap in memory, written down a moment later."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

from lambdacli.model.arn import FunctionKey
from lambdacli.model.captured import CapturedEvent, CaptureRules
from lambdacli.model.redaction import redact

_log = logging.getLogger("lam.capture")

WRITE_SECONDS = 1.0
UNWRITTEN_BYTES = 64 * 1024 * 1024
"""Of payloads that wait to be written; beyond it the oldest go."""

Write = Callable[[Sequence[CapturedEvent], int], None]
"""In the order in which they came, and how many of each function stay."""


class Capture:
    """A kill costs at most what came within the last second."""

    def __init__(self, write: Write, rules: CaptureRules | None = None) -> None:
        self._write = write
        self.rules = CaptureRules() if rules is None else rules
        self._unwritten: dict[FunctionKey, OrderedDict[str, CapturedEvent]] = {}
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
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
            self._bytes -= len(former.payload)
        of_function[event.request_id] = event
        self._bytes += len(event.payload)
        if len(of_function) > self.rules.events:
            self._forget_oldest(of_function)
        while self._bytes > UNWRITTEN_BYTES:
            self._forget_oldest(max(self._unwritten.values(), key=len))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_SECONDS, self.flush)

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting = [event for events in self._unwritten.values() for event in events.values()]
        if not waiting:
            return
        try:
            self._write([self._without_secrets(event) for event in waiting], self.rules.events)
        except Exception as error:
            # A full disk, say. They are kept, and written with those that follow.
            if not self._has_failed:
                _log.error("captured events could not be written: %s", error)
            self._has_failed = True
            return
        self._unwritten.clear()
        self._bytes = 0
        self._has_failed = False

    def _without_secrets(self, event: CapturedEvent) -> CapturedEvent:
        payload = redact(event.payload, self.rules.redactions)
        return event if payload is event.payload else replace(event, payload=payload, is_redacted=True)

    def _forget_oldest(self, events: OrderedDict[str, CapturedEvent]) -> None:
        _, oldest = events.popitem(last=False)
        self._bytes -= len(oldest.payload)
