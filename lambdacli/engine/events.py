"""Asynchronous invocations: accepted on disk, run behind the caller's back, tried again until their end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from lambdacli.engine import retry
from lambdacli.engine.callees import Callees
from lambdacli.engine.endings import Count, Delivery, Endings, NoDelivery
from lambdacli.engine.refusing import ERROR_LENGTH, refusal_of
from lambdacli.engine.retry import Finish, RetryAt
from lambdacli.engine.scheduler import Scheduler
from lambdacli.engine.writing import Writing
from lambdacli.model.arn import LATEST, FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.errors import (
    ServiceException,
)
from lambdacli.model.event import (
    Attempt,
    AttemptKind,
    Condition,
    Ending,
    Event,
    Refusal,
    RefusalKind,
)
from lambdacli.model.function import Function
from lambdacli.model.later import Later
from lambdacli.model.outcome import Invocation, InvokeAnswer, Outcome, error_message
from lambdacli.store.event_rows import Lane
from lambdacli.store.events import Claimed, EventStore
from lambdacli.store.group_commit import CommitError

logger = logging.getLogger("lam.events")

CLAIM_AT_ONCE = 64
RUNNING_BYTES = 64 * 1024 * 1024
"""Of payloads in memory: beyond it nothing more is claimed."""
_CLAIM_AGAIN = timedelta(seconds=1)
"""After a claim that the database refused."""
_LOOK_AGAIN = timedelta(seconds=1)
HELD_UP_SECONDS = 1.0
"""Of real time: so long an end of the service waits for a target, or for room on a disk."""
EVERY_EVENT = ""
"""For who follows not one request id but all."""


class Invoker(Protocol):
    # May raise at once what the caller gets.
    def invoke(
        self, function: Function, invocation: Invocation, *, want_log_tail: bool
    ) -> Later[InvokeAnswer] | Coroutine[Any, Any, InvokeAnswer]: ...


def _not_counted(function: FunctionKey, version: str, name: str, value: float) -> None:
    return None


class EventQueue:
    def __init__(
        self,
        store: EventStore,
        invoker: Invoker,
        callees: Callees,
        clock: Clock,
        delivery: Delivery | None = None,
        count: Count = _not_counted,
    ) -> None:
        self._store = store
        self._invoker = invoker
        self._callees = callees
        self._clock = clock
        self._count = count
        self.scheduler = Scheduler(clock)
        self._writing = Writing(self.scheduler, clock, self._work_ended)
        self._endings = Endings(
            store, delivery or NoDelivery(), clock, self.scheduler, self._writing, count, self._changed
        )
        self.max_running = 64
        """Of all functions together. More would only stand in line for the machine's environments, and others
        behind them."""
        self.delivers_twice = False
        """`lam chaos duplicates`."""
        self._is_started = False
        self._is_draining = False
        self._is_closed = False
        self._running = 0
        """Places that are taken: by a claim on its way, or by an event until its decision is made."""
        self._running_bytes = 0
        self._claiming: set[int] = set()
        """Lanes of which a claim is on its way."""
        self._held_back: set[int] = set()
        """Lanes without room: they rest until one of theirs has run, or a wait is over."""
        self._expected: Counter[FunctionKey] = Counter()
        """Events that are about to be admitted: the ledger does not know of them yet."""
        self._hungry: dict[int, Lane] = {}
        """Lanes that may have something to run, in the order in which they get a place."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._followers: dict[str, set[asyncio.Queue[None]]] = {}
        self._drained: Later[None] = Later()
        self._resting: list[Later[None]] = []

    def __repr__(self) -> str:
        return f"<EventQueue {self._store.depth()} waiting, {self._running} running>"

    # From outside

    def take_back(self) -> None:
        """What a service that was killed had claimed. Before anything is accepted."""
        taken_back = self._store.reclaim(self._clock.now())
        if taken_back:
            logger.warning("%d events were running when the service was killed: they run again", taken_back)

    def start(self) -> None:
        """Runs what waits from now on."""
        self._is_started = True
        self._endings.open()
        self.look()

    def accept(self, function: Function, invocation: Invocation, qualifier: str | None = None) -> Later[None]:
        """There when the event is on disk."""
        event = Event(
            request_id=invocation.request_id,
            function=function.key,
            qualifier=qualifier,
            payload=invocation.payload,
            accepted_at=self._clock.now(),
            trace_id=invocation.trace_id,
        )
        accepted: Later[None] = Later()

        def stored(done: Later[Lane]) -> None:
            try:
                lane = done.result()
            except CommitError as error:
                logger.error("an event for %s was not accepted: %s", function.name, error)
                accepted.set_exception(_not_accepted(error))
                return
            accepted.set_result(None)
            self._count(function.key, function.version, "AsyncEventsReceived", 1)
            self._pump(lane)

        self._store.accept(event).add_done_callback(stored)
        return accepted

    def waiting(self) -> int:
        """Every event that has not come to its end: who waits for a retry, too."""
        return self._store.depth() + self._writing.unwritten

    def look(self) -> None:
        """At everything: after a start, after a move of the clock, or after a person's word."""
        self._held_back.clear()
        for lane in list(self._store.lanes.values()):
            self._pump(lane)
            self._endings.look(lane)
        self.scheduler.look()

    @contextlib.contextmanager
    def following(self, request_id: str) -> Iterator[asyncio.Queue[None]]:
        """Gets something whenever something became of the event."""
        changes: asyncio.Queue[None] = asyncio.Queue()
        self._followers.setdefault(request_id, set()).add(changes)
        try:
            yield changes
        finally:
            self._followers[request_id].discard(changes)
            if not self._followers[request_id]:
                del self._followers[request_id]

    def tell_followers(self, request_id: str | None = None) -> None:
        """Something became of this event; None: of any."""
        if request_id is None:
            followers = list(self._followers.values())
        else:
            followers = [self._followers.get(each, set()) for each in (request_id, EVERY_EVENT)]
        for changes in itertools.chain.from_iterable(followers):
            changes.put_nowait(None)

    def rest(self) -> Later[None]:
        """There when no event runs, is written or is being told; those that wait for a later moment do not
        count."""
        rest: Later[None] = Later()
        if self._is_working():
            self._resting.append(rest)
        else:
            rest.set_result(None)
        return rest

    async def drain(self) -> None:
        """Claims nothing more, and returns when what was claimed has been run and written. The others wait on
        disk for the next start, which also does again what a target or a full disk holds up."""
        self._is_draining = True
        self._endings.begin_no_more()
        if self._is_running():
            await self._drained
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HELD_UP_SECONDS):
                await self.rest()
                return
        if self._endings.being_told:
            logger.warning(
                "ends of events were still being told (%d): they are told again after the next start",
                self._endings.being_told,
            )
        if self._writing.refused:
            logger.error(
                "what became of events could not be written (%d): they run, or are told, again after the "
                "next start",
                self._writing.refused,
            )

    async def close(self) -> None:
        """What still runs, or is being told, is taken back at the next start."""
        self._is_closed = True
        self.scheduler.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, self._endings.close(), return_exceptions=True)

    # Claiming

    def _pump(self, lane: Lane) -> None:
        """It may have something to run."""
        if lane.number not in self._held_back:
            self._hungry[lane.number] = lane
        self._serve()

    def _serve(self) -> None:
        while self._hungry and self._has_place():
            lane = self._hungry.pop(next(iter(self._hungry)))
            count = self._claimable(lane)
            if count > 0:
                self._claim(lane, min(count, CLAIM_AT_ONCE, self.max_running - self._running))

    def _has_place(self) -> bool:
        return self._running < self.max_running and self._running_bytes < RUNNING_BYTES

    def _claimable(self, lane: Lane) -> int:
        """How many events it would be right to run now. Whatever changes a 0 pumps the lane again."""
        if not self._is_started or self._is_draining or self._is_closed or lane.queued <= 0:
            return 0
        if lane.number in self._claiming or lane.number in self._held_back:
            return 0
        room = self._callees.room(lane.function, lane.qualifier)
        if room is None:
            return CLAIM_AT_ONCE  # nothing is run: all of them come to their end
        room -= self._expected[lane.function]
        if room > 0:
            return room
        if not lane.running:
            return 1  # it asks, and learns why it is refused
        # The end of its own is heard of, that of others is not.
        self._held_back.add(lane.number)
        self._wake_lane(lane, self._clock.now() + _LOOK_AGAIN)
        return 0

    def _claim(self, lane: Lane, count: int) -> None:
        self._claiming.add(lane.number)
        self._running += count
        self._expected[lane.function] += count

        def claimed(done: Later[Claimed]) -> None:
            self._claiming.discard(lane.number)
            self._running -= count
            if self._is_closed:
                return  # the next start takes them back
            self._admitted(lane.function, count)
            try:
                found = done.result()
            except CommitError as error:
                logger.error("no event of %s could be claimed: %s", lane.function.name, error)
                self._wake_lane(lane, self._clock.now() + _CLAIM_AGAIN)
            else:
                self._begin(lane, found)
            # It may have taken fewer places than it was given.
            self._serve()
            self._work_ended()

        self._store.claim(lane, self._clock.now(), count).add_done_callback(claimed)

    def _begin(self, lane: Lane, claimed: Claimed) -> None:
        self._running += len(claimed.events)
        self._running_bytes += sum(len(event.payload) for event in claimed.events)
        for event in claimed.events:
            self._run(lane, event)
        if claimed.next_due_at is None:
            return
        if claimed.next_due_at > self._clock.now():
            self._wake_lane(lane, claimed.next_due_at)
        else:
            # In the next turn: what was begun in this one is admitted by then.
            asyncio.get_running_loop().call_soon(self._pump, lane)

    def _wake_lane(self, lane: Lane, moment: datetime) -> None:
        self.scheduler.wake_by(("lane", lane.number), moment, lambda: self._woken(lane))

    def _woken(self, lane: Lane) -> None:
        self._held_back.discard(lane.number)
        self._pump(lane)

    # Running

    def _run(self, lane: Lane, event: Event) -> None:
        began = self._clock.now()
        config = self._callees.event_config(event.function, event.qualifier)
        if began >= retry.expires_at(event, config):
            self._finish(lane, Ending(event, Condition.EVENT_AGE_EXCEEDED, began), [])
            return

        def ran(result: Outcome | Refusal) -> None:
            if isinstance(result, Refusal):
                self._decided(lane, event, result, began)
                return
            self._held_back.discard(lane.number)
            age_ms = (began - event.accepted_at).total_seconds() * 1000
            self._count(event.function, result.executed_version, "AsyncEventAge", age_ms)
            if self.delivers_twice:
                self._run_again(lane, event, result, began)
            else:
                self._decided(lane, event, result, began)

        self._invoke(event, ran)

    def _run_again(self, lane: Lane, event: Event, first: Outcome, began: datetime) -> None:
        """The same event once more; what counts is what came of it first."""
        began_again = self._clock.now()
        logger.info("chaos: event %s for %s is delivered twice", event.request_id, event.function.name)

        def ran(second: Outcome | Refusal) -> None:
            duplicate = _attempt(AttemptKind.DUPLICATE, second, began_again, self._clock.now())
            self._decided(lane, event, first, began, duplicate)

        self._invoke(event, ran)

    def _invoke(self, event: Event, tell: Callable[[Outcome | Refusal], None]) -> None:
        """Tells once what came of it, unless the queue is closed by then."""

        def done(answer: Later[InvokeAnswer] | asyncio.Task[InvokeAnswer]) -> None:
            if self._is_closed:
                return
            try:
                result: Outcome | Refusal = answer.result().outcome
            except (Exception, asyncio.CancelledError) as error:
                result = refusal_of(error, f"event {event.request_id}")
            tell(result)

        function = self._callees.function(event.function, event.qualifier)
        refusal = self._callees.refusal(event.function, event.qualifier, function)
        if refusal is not None or function is None:
            assert refusal is not None, "what is not there is refused"
            tell(refusal)
            return
        invocation = Invocation(event.request_id, event.invoked_arn, event.payload, trace_id=event.trace_id)
        try:
            answer = self._invoker.invoke(function, invocation, want_log_tail=False)
        except Exception as error:
            tell(refusal_of(error, f"event {event.request_id}"))
            return
        if isinstance(answer, Later):
            answer.add_done_callback(done)
        else:
            self._task(answer).add_done_callback(done)
            # It asks the ledger with its first step.
            self._expected[event.function] += 1
            asyncio.get_running_loop().call_soon(self._admitted, event.function, 1)

    def _admitted(self, function: FunctionKey, count: int) -> None:
        self._expected[function] -= count
        if not self._expected[function]:
            del self._expected[function]

    # Deciding

    def _decided(
        self,
        lane: Lane,
        event: Event,
        result: Outcome | Refusal,
        began: datetime,
        duplicate: Attempt | None = None,
    ) -> None:
        now = self._clock.now()
        if self._is_draining and isinstance(result, Refusal) and result.kind is RefusalKind.SERVICE_ERROR:
            # The service is going: that is not this event's fault.
            self._write(lane, event, lambda: self._store.retry(event, now, (), uses_attempt=False))
            return
        config = self._callees.event_config(event.function, event.qualifier)
        kind = AttemptKind.REFUSED if isinstance(result, Refusal) else AttemptKind.RUN
        attempt = _attempt(kind, result, began, now)
        duplicates = () if duplicate is None else (duplicate,)
        match retry.decide(event, result, config, now):
            case RetryAt(due_at, uses_attempt):
                attempts = (replace(attempt, next_due_at=due_at), *duplicates)
                self._retry(lane, event, attempts, due_at, uses_attempt)
            case Finish(condition):
                ended = replace(event, attempts=event.attempts + isinstance(result, Outcome))
                ending = Ending(ended, condition, now)
                if isinstance(result, Outcome):
                    ending = replace(ending, outcome=result)
                else:
                    ending = replace(ending, refusal=result)
                self._finish(lane, ending, (attempt, *duplicates))

    def _retry(
        self, lane: Lane, event: Event, attempts: Sequence[Attempt], due_at: datetime, uses_attempt: bool
    ) -> None:
        what, why = f"event {event.request_id} for {event.function.name}", attempts[0].error_type
        if uses_attempt:
            logger.warning("%s failed (%s) and is tried again at %s", what, why, _time_of(due_at))
        else:
            logger.info("%s could not run (%s) and waits until %s", what, why, _time_of(due_at))
            # The others of it would be refused as well.
            self._held_back.add(lane.number)
        self._write(
            lane, event, lambda: self._store.retry(event, due_at, attempts, uses_attempt=uses_attempt)
        )
        self._wake_lane(lane, due_at)

    def _finish(self, lane: Lane, ending: Ending, attempts: Sequence[Attempt]) -> None:
        event = ending.event
        if ending.condition is not Condition.SUCCESS:
            self._count(event.function, event.qualifier or LATEST, "AsyncEventsDropped", 1)
            logger.warning(
                "event %s for %s ends after %d attempts: %s",
                event.request_id,
                event.function.name,
                event.attempts,
                ending.condition,
            )
        is_told = ending.condition is not Condition.FUNCTION_DELETED and self._endings.is_wanted(ending)
        self._write(lane, event, lambda: self._store.finish(ending, attempts, has_to_be_told=is_told))

    def _write(self, lane: Lane, event: Event, write: Callable[[], Later[None]]) -> None:
        """A decision. Its event's place is free at once."""
        self._running -= 1
        self._running_bytes -= len(event.payload)

        def written() -> None:
            self._changed(event)
            self._endings.look(lane)
            # It counted as running until now.
            self._pump(lane)

        self._writing.persist(write, written)
        self._pump(lane)

    # Bookkeeping

    def _changed(self, event: Event) -> None:
        self.tell_followers(event.request_id)

    def _is_running(self) -> bool:
        """Something that ends by itself: no target, and no full disk, holds it up."""
        return bool(self._running or self._writing.unwritten > self._writing.refused)

    def _is_working(self) -> bool:
        return bool(self._running or self._writing.unwritten or self._endings.being_told)

    def _work_ended(self) -> None:
        if self._is_draining and not self._is_running() and not self._drained.done():
            self._drained.set_result(None)
        if self._is_working():
            return
        resting, self._resting = self._resting, []
        for rest in resting:
            rest.set_result(None)

    def _task(self, work: Coroutine[Any, Any, InvokeAnswer]) -> asyncio.Task[InvokeAnswer]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _attempt(kind: AttemptKind, result: Outcome | Refusal, began: datetime, ended: datetime) -> Attempt:
    if isinstance(result, Refusal):
        return Attempt(kind, began, ended, result.code, result.message)
    message = None if result.function_error is None else error_message(result.payload)
    return Attempt(
        kind,
        began,
        ended,
        result.error_type,
        None if message is None else message[:ERROR_LENGTH],
        result.executed_version,
        result.log_stream,
    )


def _not_accepted(error: CommitError) -> ServiceException:
    return ServiceException(
        f"The event was not accepted: lam's database could not be written ({error}). Make room on the disk, "
        "and send it again."
    )


def _time_of(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"
