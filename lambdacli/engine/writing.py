"""Decisions about events, written until they are written: a disk that is full for a while costs only time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from lambdacli.engine.scheduler import Scheduler
from lambdacli.model.clock import Clock
from lambdacli.model.later import Later
from lambdacli.store.group_commit import CommitError

logger = logging.getLogger("lam.events")

_AGAIN_AFTER = timedelta(seconds=1)


class Writing:
    """What a refused write tells is kept in memory until it succeeds."""

    def __init__(self, scheduler: Scheduler, clock: Clock, ended: Callable[[], None]) -> None:
        """`ended` is called whenever something has been written."""
        self._scheduler = scheduler
        self._clock = clock
        self._ended = ended
        self.unwritten = 0

    def __repr__(self) -> str:
        return f"<Writing {self.unwritten} unwritten>"

    def persist(self, write: Callable[[], Later[None]], then: Callable[[], None]) -> None:
        self.unwritten += 1
        self._try(write, then)

    def _try(self, write: Callable[[], Later[None]], then: Callable[[], None]) -> None:
        def written(done: Later[None]) -> None:
            error = done.exception()
            if isinstance(error, CommitError):
                logger.error("what became of an event is not written yet, and is written again: %s", error)
                moment = self._clock.now() + _AGAIN_AFTER
                self._scheduler.wake_by(("write", write), moment, lambda: self._try(write, then))
                return
            self.unwritten -= 1
            then()
            self._ended()

        write().add_done_callback(written)
