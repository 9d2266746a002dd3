"""An accepted asynchronous event: its record, its states and which follows which, and how it ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from lambdacli.model.arn import FunctionKey
from lambdacli.model.outcome import Outcome
from lambdacli.model.record import record


class EventState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DELIVERING = "delivering"
    """It came to its end; who is to hear of it has not heard yet."""
    FINISHED = "finished"
    """In the history."""


class EventStep(StrEnum):
    CLAIM = "claim"
    RETRY = "retry"
    RECLAIM = "reclaim"
    """Of an attempt that the service's own end cut off."""
    FINISH = "finish"
    SENT = "sent"
    DROP = "drop"
    """A person took it out of the queue."""


_AFTER: Mapping[tuple[EventState, EventStep], EventState] = {
    (EventState.QUEUED, EventStep.CLAIM): EventState.RUNNING,
    (EventState.QUEUED, EventStep.RETRY): EventState.QUEUED,
    (EventState.QUEUED, EventStep.DROP): EventState.FINISHED,
    (EventState.RUNNING, EventStep.RETRY): EventState.QUEUED,
    (EventState.RUNNING, EventStep.RECLAIM): EventState.QUEUED,
    (EventState.RUNNING, EventStep.FINISH): EventState.DELIVERING,
    (EventState.DELIVERING, EventStep.RETRY): EventState.DELIVERING,
    (EventState.DELIVERING, EventStep.SENT): EventState.FINISHED,
    (EventState.DELIVERING, EventStep.DROP): EventState.FINISHED,
}
"""All there is: a missing entry is an error."""


class IllegalEventStepError(Exception):
    def __init__(self, state: EventState, step: EventStep) -> None:
        super().__init__(f"an event that is {state} cannot {step}")


def state_after(state: EventState, step: EventStep) -> EventState:
    try:
        return _AFTER[state, step]
    except KeyError:
        raise IllegalEventStepError(state, step) from None


@record
class HistoryBounds:
    """How much is kept of events that came to their end; the oldest go first."""

    days: int = 7
    events: int = 100_000
    payload_bytes: int = 256 * 1024 * 1024
    """Of payloads and answers."""


class Condition(StrEnum):
    """Why an event is at its end, in the words of a destination record."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    EVENT_AGE_EXCEEDED = "EventAgeExceeded"
    ZERO_RESERVED_CONCURRENCY = "ZeroReservedConcurrency"
    # No record of an event that was stopped as part of a loop was ever seen; this is the error's name, worded
    # as the others are.
    RECURSIVE_INVOCATION = "RecursiveInvocation"
    # These two no record ever shows: AWS drops such an event with the function, and has no way to drop one.
    FUNCTION_DELETED = "FunctionDeleted"
    DROPPED = "Dropped"


@record
class Event:
    """One accepted event, as the queue keeps it."""

    request_id: str
    """The same on every attempt."""
    function: FunctionKey
    qualifier: str | None
    """As the caller wrote it: the queue and its settings belong to it."""
    payload: bytes
    accepted_at: datetime
    trace_id: str | None = None
    """The trace header as it came: each attempt arrives with it."""
    attempts: int = 0
    """How often its code ran to an outcome."""
    refusals: int = 0
    """How often in a row it could not run: throttled, or the platform's own fault."""
    number: int = 0
    """Its place in the queue's table."""

    @property
    def invoked_arn(self) -> str:
        return self.function.qualified_arn(self.qualifier)


class RefusalKind(StrEnum):
    THROTTLED = "throttled"
    SERVICE_ERROR = "service error"
    ZERO_RESERVED = "zero reserved concurrency"
    LOOP = "recursive loop"
    GONE = "gone"
    """The function, version or alias is not there any more."""


@record
class Refusal:
    """Why an event's code did not run."""

    kind: RefusalKind
    code: str
    message: str


class AttemptKind(StrEnum):
    RUN = "run"
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    """A second delivery that `lam chaos duplicates` asked for."""
    DELIVERY = "delivery"


@record
class Attempt:
    """One try, as `lam queue show` tells it."""

    kind: AttemptKind
    started_at: datetime
    ended_at: datetime
    error_type: str | None = None
    error_message: str | None = None
    version: str | None = None
    log_stream: str | None = None
    next_due_at: datetime | None = None


@record
class Ending:
    """An event that came to its end."""

    event: Event
    condition: Condition
    ended_at: datetime
    outcome: Outcome | None = None
    """Of the last attempt that ran, if the end is that attempt's."""
    refusal: Refusal | None = None
    delivered: tuple[str, ...] = ()
    """Who is not told again: they heard of it, or never will."""
    tries: int = 0
    """How often somebody could not be told."""
    failures: tuple[str, ...] = ()
    """Why somebody never hears of it."""


@record
class Untold:
    """Somebody who was to hear of an ending, and could not be told."""

    hearer: str
    """As in `Ending.delivered`."""
    message: str
    metric: str | None = None
    """Counted if it is given up."""
    is_final: bool = False
    """Trying again cannot help."""


class DeliveryError(Exception):
    """`delivered` are those who were told."""

    def __init__(self, untold: Sequence[Untold], delivered: tuple[str, ...] = ()) -> None:
        super().__init__("; ".join(each.message for each in untold))
        self.untold = tuple(untold)
        self.delivered = delivered
