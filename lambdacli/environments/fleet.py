"""All environments of the service: performs what the pool decides, and hands invocations to them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Coroutine, Hashable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from lambdacli.environments.environment import Environment
from lambdacli.environments.phase import Settlement
from lambdacli.environments.placement import Placement, PlacementKey
from lambdacli.environments.pool import Action, Assign, Close, Create, LookAgain, Pool, PoolLimits
from lambdacli.environments.state import EnvironmentState
from lambdacli.model.arn import FunctionKey
from lambdacli.model.clock import Clock, Timer
from lambdacli.model.environment import StartReason
from lambdacli.model.later import Later
from lambdacli.model.outcome import Beginning, Invocation, Outcome
from lambdacli.model.piece_stream import PieceStream
from lambdacli.model.record import record

logger = logging.getLogger("lam.environments")

REAP_SECONDS = 15.0


class Stopping(Exception):
    """The service is stopping: this invocation was not run to its end."""


@dataclass(slots=True)
class Run:
    """An invocation on its way: `answered` comes first, `settled` when its phase is over."""

    invocation: Invocation
    placement: Placement
    pieces: PieceStream | None = None
    """For a caller who takes the response as it comes."""
    answered: Later[Outcome] = field(default_factory=Later)
    settled: Later[Settlement] = field(default_factory=Later)
    begun: Later[Beginning] = field(default_factory=Later)
    """Of such a response."""

    def begin(self, beginning: Beginning) -> PieceStream | None:
        """The runtime streams. None: this caller wants the whole."""
        if self.pieces is not None and not self.begun.done():
            self.begun.set_result(beginning)
        return self.pieces

    def answer(self, outcome: Outcome) -> None:
        if self.answered.done():
            return
        self.answered.set_result(outcome)
        if self.pieces is None:
            return
        if not self.begun.done():
            if outcome.function_error is None:
                self.pieces.write(outcome.payload)
            self.begun.set_result(Beginning(None, outcome.notices))
        self.pieces.end()


@record
class Provision:
    """Environments that are to be there before anybody calls. One that was asked for again is tried again
    after a failed init."""

    placement: Placement
    count: int
    asked_at: datetime


class Fleet:
    def __init__(
        self,
        make: Callable[[Placement, Callable[[Environment], None]], Environment],
        limits: PoolLimits,
        clock: Clock,
        real_time: Clock,
        is_current: Callable[[PlacementKey], bool] = lambda key: True,
    ) -> None:
        """Idle environments age by `clock`; how long an invocation waits for one that settles is real time.
        `is_current` tells whether a function still is what this key was made of; an invocation may come with
        an older one."""
        self._make = make
        self._is_current = is_current
        self._pool = Pool(limits)
        self._clock = clock
        self._real_time = real_time
        self._idle_seconds = limits.idle_seconds
        self._environments: dict[int, Environment] = {}
        self._numbers: dict[Environment, int] = {}
        self._placements: dict[PlacementKey, Placement] = {}
        self._tickets: dict[int, Run] = {}
        self._ticket_numbers = itertools.count(1)
        self._provisions: dict[PlacementKey, Provision] = {}
        self._failed_provisions: set[PlacementKey] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsettled: set[Later[Settlement]] = set()
        self._running: dict[int, Run] = {}
        """What each environment runs."""
        self._closings: set[asyncio.Task[None]] = set()
        self._look_again: Timer | None = None
        self._reaper = clock.call_later(REAP_SECONDS, self._reap)
        self._is_waiting_said = False

    def submit(self, placement: Placement, invocation: Invocation, pieces: PieceStream | None = None) -> Run:
        """With `pieces` the response goes there, as it comes."""
        run = Run(invocation, placement, pieces)
        self._unsettled.add(run.settled)
        run.settled.add_done_callback(self._unsettled.discard)
        ticket = next(self._ticket_numbers)
        self._tickets[ticket] = run
        self._placements[placement.key] = placement
        if placement.debugging is not None:
            self._pool.confine(placement.key, placement.key.function)
        self._pool.ticket_came(ticket, placement.key, is_cold=invocation.wants_cold)
        if not self._is_current(placement.key):
            self._pool.retire({placement.key})  # it changed while this invocation was being placed
        self._act()
        return run

    def retire_outdated(self) -> None:
        """Environments of what is not current any more finish what they run and go. Invocations that wait
        with it are still run with it."""
        outdated: set[Hashable] = {key for key in self._placements if not self._is_current(key)}
        if outdated:
            self._pool.retire(outdated)
            self._act()

    def provision(self, function: FunctionKey, wanted: Iterable[Provision]) -> None:
        """Keeps exactly these of the function ready."""
        provisions = {each.placement.key: each for each in wanted}
        for key in [key for key in self._provisions if key.function == function and key not in provisions]:
            del self._provisions[key]
            self._failed_provisions.discard(key)
            self._pool.keep(key, 0)
        for key, provision in provisions.items():
            if self._provisions.get(key) == provision:
                continue
            self._provisions[key] = provision
            self._failed_provisions.discard(key)
            self._placements.setdefault(key, provision.placement)
            self._pool.keep(key, provision.count)
        self._act()

    def provisioned(self, function: FunctionKey, version: str) -> int | None:
        """How many of a version are ready; None after an init that failed."""
        keys = [key for key in self._provisions if (key.function, key.version) == (function, version)]
        if self._failed_provisions.intersection(keys):
            return None
        return sum(self._pool.kept_ready(key) for key in keys)

    def set_limits(self, limits: PoolLimits) -> None:
        self._idle_seconds = limits.idle_seconds
        self._pool.set_limits(limits)
        self._act()

    def environments(self) -> list[Environment]:
        return list(self._environments.values())

    def waiting(self) -> int:
        return len(self._tickets)

    async def settle(self) -> None:
        """Returns when every invocation has come to its REPORT: its caller may have left before."""
        while self._unsettled:
            with contextlib.suppress(Exception):
                await next(iter(self._unsettled))

    async def close(self) -> None:
        """Cuts what still runs and ends every environment."""
        self._reaper.cancel()
        if self._look_again is not None:
            self._look_again.cancel()
        for run in self._tickets.values():
            _fail(run, Stopping("The service is stopping."))
        self._tickets.clear()
        for run in self._running.values():
            _fail(run, Stopping("The service is stopping."))
        self._running.clear()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*self._closings, return_exceptions=True)
        endings = (environment.close() for environment in self.environments())
        for ending in await asyncio.gather(*endings, return_exceptions=True):
            if isinstance(ending, BaseException):
                logger.error("an environment could not be closed", exc_info=ending)
        self._environments.clear()
        self._numbers.clear()

    # Performing

    def _act(self) -> None:
        self._perform(self._pool.decide(self._real_time.monotonic()))

    def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Assign(ticket, member) if self._environments[member].is_lost:
                    self._replace(ticket, member)
                case Assign(ticket, member):
                    self._invoke(member, self._tickets.pop(ticket))
                case Create(member, key, reason):
                    assert isinstance(key, PlacementKey)
                    self._spawn(self._start(member, self._placements[key], reason))
                case Close(member, reason):
                    self._spawn(self._close(member, reason), self._closings)
                case LookAgain(seconds):
                    if self._look_again is not None:
                        self._look_again.cancel()
                    self._look_again = self._real_time.call_later(seconds, self._act)
        self._tell_if_waiting()

    async def _start(self, member: int, placement: Placement, reason: StartReason) -> None:
        if reason is StartReason.PROVISIONED:
            placement = replace(placement, is_provisioned=True)
        try:
            environment = self._make(placement, self._changed)
            environment.start_reason = reason
            self._environments[member] = environment
            self._numbers[environment] = member
            await environment.initialise()
        except Exception as error:
            logger.exception("no environment of %s could be made", placement.key.function.name)
            self._pool.member_gone(member)
            if placement.is_provisioned:
                self._give_up_provision(placement.key)
            else:
                self._tell_one_caller(placement.key, error)
            if member in self._environments:
                self._spawn(self._close(member, "broken"), self._closings)
        else:
            self._now_free(member)
        self._act()

    def _tell_one_caller(self, key: PlacementKey, error: Exception) -> None:
        """Were all to wait for the next try, a full disk would look like a hang."""
        ticket = self._pool.take_ticket(key)
        if ticket is not None:
            _fail(self._tickets.pop(ticket), error)

    def _now_free(self, member: int) -> None:
        environment = self._environments[member]
        if environment.placement.is_provisioned and environment.state is EnvironmentState.RESET:
            self._make_again(member)
        else:
            self._pool.member_free(member, self._clock.monotonic())

    def _make_again(self, member: int) -> None:
        """One that is provisioned is ready, or it goes: an init of its own would cost an invocation."""
        environment = self._environments[member]
        if not environment.invocations:
            self._give_up_provision(environment.placement.key)
        self._pool.member_gone(member)
        self._spawn(self._close(member, "broken"), self._closings)

    def _give_up_provision(self, key: PlacementKey) -> None:
        """Its init failed, and would fail again."""
        if key in self._provisions:
            self._failed_provisions.add(key)
        self._pool.keep(key, 0)

    def _invoke(self, member: int, run: Run) -> None:
        self._running[member] = run
        phase = self._environments[member].invoke(run.invocation, run.answer, run.begin)
        phase.add_done_callback(lambda done: self._settled(member, run, done))

    def _replace(self, ticket: int, member: int) -> None:
        self._pool.member_gone(member)
        self._spawn(self._close(member, "lost"), self._closings)
        run = self._tickets[ticket]
        if run.placement.debugging is not None:
            self._pool.confine(run.placement.key, run.placement.key.function)
        self._pool.ticket_came(ticket, run.placement.key, is_cold=run.invocation.wants_cold)
        asyncio.get_running_loop().call_soon(self._act)

    def _settled(self, member: int, run: Run, phase: Later[Settlement]) -> None:
        if self._running.pop(member, None) is None:
            return  # the service is stopping, and the run has heard so
        try:
            settlement = phase.result()
        except Exception as error:
            logger.exception("an environment of %s failed inside lam", run.placement.key.function.name)
            _fail(run, error)
            self._pool.member_gone(member)
            self._spawn(self._close(member, "broken"), self._closings)
        else:
            run.settled.set_result(settlement)
            self._now_free(member)
        if self._pool.has_work():
            self._act()

    async def _close(self, member: int, reason: str) -> None:
        environment = self._environments.pop(member)
        del self._numbers[environment]
        logger.debug("closing %r: %s", environment, reason)
        await environment.close()
        key = environment.placement.key
        if key not in self._pool.keys_in_use() and key not in self._provisions:
            self._placements.pop(key, None)

    def _changed(self, environment: Environment) -> None:
        """An environment tells that it has answered, or that its processes are gone."""
        if environment.state is EnvironmentState.RUNNING and environment.is_settling:
            self._pool.member_settling(self._numbers[environment], self._real_time.monotonic())
        is_reset = environment.state is EnvironmentState.RESET
        if is_reset and environment.placement.is_provisioned and environment in self._numbers:
            self._ended_while_kept(self._numbers[environment])

    def _ended_while_kept(self, member: int) -> None:
        """What happens during its init or an invocation is seen at the end of that."""
        if self._pool.is_free(member):
            self._make_again(member)
            asyncio.get_running_loop().call_soon(self._act)

    def _reap(self) -> None:
        self._perform(self._pool.expire(self._clock.monotonic()))
        # One that is made before the next look is not idle for long enough at that either.
        seconds = REAP_SECONDS if self._environments else max(REAP_SECONDS, self._idle_seconds)
        self._reaper = self._clock.call_later(seconds, self._reap)

    def _spawn(self, work: Coroutine[Any, Any, None], group: set[asyncio.Task[None]] | None = None) -> None:
        group = self._tasks if group is None else group
        task = asyncio.get_running_loop().create_task(work)
        group.add(task)
        task.add_done_callback(group.discard)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            logger.error("a task of the fleet failed", exc_info=task.exception())

    def _tell_if_waiting(self) -> None:
        needs_more = bool(self._tickets) or self._pool.is_short_of_kept()
        is_waiting = needs_more and self._pool.is_full()
        if is_waiting and not self._is_waiting_said:
            logger.warning(
                "%d environments are the limit of this machine (max_environments in lam.yaml); "
                "what needs more waits in order",
                self._pool.size(),
            )
        self._is_waiting_said = is_waiting


def _fail(run: Run, error: Exception) -> None:
    if not run.answered.done():
        run.answered.set_exception(error)
    if run.pieces is not None:
        if not run.begun.done():
            run.begun.set_exception(error)
        run.pieces.end()
    if not run.settled.done():
        run.settled.set_exception(error)
