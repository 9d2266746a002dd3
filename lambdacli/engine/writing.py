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
        """`ended` is called whenever something has been written, or is refused."""
        self._scheduler = scheduler
        self._clock = clock
        self._ended = ended
        self.unwritten = 0
        self.refused = 0
        """Of those that are unwritten: they wait for the database to take them."""

    def __repr__(self) -> str:
        return f"<Writing {self.unwritten} unwritten, {self.refused} of them refused>"

    def persist(self, write: Callable[[], Later[None]], then: Callable[[], None]) -> None:
        self.unwritten += 1
        self._try(write, then, was_refused=False)

    def _try(self, write: Callable[[], Later[None]], then: Callable[[], None], *, was_refused: bool) -> None:
        def written(done: Later[None]) -> None:
            error = done.exception()
            if isinstance(error, CommitError):
                if not was_refused:
                    self._refuse(error)
                moment = self._clock.now() + _AGAIN_AFTER
                self._scheduler.wake_by(
                    ("write", write), moment, lambda: self._try(write, then, was_refused=True)
                )
            else:
                self.unwritten -= 1
                if was_refused:
                    self._take()
                then()
            self._ended()

        write().add_done_callback(written)

    def _refuse(self, error: CommitError) -> None:
        """Told once for each write: a disk can stay full for long."""
        self.refused += 1
        logger.error("what became of an event is not written yet, and is written again: %s", error)

    def _take(self) -> None:
        self.refused -= 1
        if not self.refused:
            logger.info("what became of events could be written now")
