"""Which environment takes which invocation, and when one is made or given up. Pure: decides, touches nothing.

One method is called for each thing that happens; `decide` then says what to do about it. Nothing else changes
the lists. An invocation waits as a *ticket*; tickets are not bound to an environment that is being made:
whichever becomes free first takes the oldest ticket of its key. A *cold* ticket takes only an environment
that never took one."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum

from lambdacli.model.environment import StartReason

SETTLING_PATIENCE_SECONDS = 0.050
"""How long a ticket waits for an environment that has answered and is about to ask for its next event."""


class Phase(StrEnum):
    STARTING = "starting"
    FREE = "free"
    BUSY = "busy"
    SETTLING = "settling"


@dataclass(frozen=True, slots=True)
class PoolLimits:
    environments: int
    """At most so many in all; further tickets wait in order."""
    starting: int
    """At most so many start at once: more would only make each other's init slow."""
    idle_seconds: float


@dataclass(frozen=True, slots=True)
class Assign:
    ticket: int
    member: int


@dataclass(frozen=True, slots=True)
class Create:
    member: int
    key: Hashable
    reason: StartReason = StartReason.FIRST


@dataclass(frozen=True, slots=True)
class Close:
    member: int
    reason: str


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Nothing can be done now, but something may in so many seconds."""

    seconds: float


Action = Assign | Create | Close | LookAgain


@dataclass(slots=True)
class _Member:
    key: Hashable
    phase: Phase
    since: float
    is_fresh: bool = True
    """It never took a ticket."""


class Pool:
    def __init__(self, limits: PoolLimits) -> None:
        self._limits = limits
        self._members: dict[int, _Member] = {}
        self._free: dict[Hashable, list[int]] = {}
        self._waiting: dict[Hashable, deque[int]] = {}
        self._cold: dict[Hashable, deque[int]] = {}
        self._former_end: dict[Hashable, StartReason] = {}
        """Why there is no environment of a key any more: the reason of its next one."""
        self._in_phase: dict[tuple[Hashable, Phase], int] = {}
        self._retired: set[Hashable] = set()
        self._starting = 0
        self._last_number = 0

    def __repr__(self) -> str:
        members = ", ".join(f"{number}:{member.phase}" for number, member in self._members.items())
        return f"<Pool [{members}] waiting={self._waiting_count()}>"

    def set_limits(self, limits: PoolLimits) -> None:
        self._limits = limits

    # What happened

    def ticket_came(self, ticket: int, key: Hashable, *, is_cold: bool = False) -> None:
        (self._cold if is_cold else self._waiting).setdefault(key, deque()).append(ticket)

    def take_ticket(self, key: Hashable) -> int | None:
        """The oldest ticket of a key, out of turn."""
        queues = [waiting[key] for waiting in (self._waiting, self._cold) if key in waiting]
        ticket = min(queues, key=lambda queue: queue[0]).popleft() if queues else None
        self._forget_empty_queues(key)
        return ticket

    def member_free(self, member: int, now: float) -> None:
        self._move(member, Phase.FREE, now)

    def member_settling(self, member: int, now: float) -> None:
        self._move(member, Phase.SETTLING, now)

    def member_gone(self, member: int) -> None:
        gone = self._members.pop(member, None)
        if gone is not None:
            self._leave(member, gone)
            if gone.key not in self._retired:
                self._former_end[gone.key] = StartReason.FAILED

    def retire(self, keys: set[Hashable]) -> None:
        """Members with these keys, those still to be made for waiting tickets too, are closed as soon as no
        ticket of their key waits."""
        self._retired = (self._retired & self.keys_in_use()) | keys
        for key in keys:
            self._former_end.pop(key, None)

    def keys_in_use(self) -> set[Hashable]:
        return {member.key for member in self._members.values()} | self._keys_waiting()

    def size(self) -> int:
        return len(self._members)

    def is_full(self) -> bool:
        return len(self._members) >= self._limits.environments

    # What to do

    def decide(self, now: float) -> list[Action]:
        actions: list[Action] = [*self._assign(now), *self._close_retired()]
        look_again: float | None = None
        for key in sorted(self._keys_waiting(), key=self._oldest_ticket):
            coming = self._in_phase.get((key, Phase.STARTING), 0)
            settling, patience = self._settling(key, now)
            cold, waiting = len(self._cold.get(key, ())), len(self._waiting.get(key, ()))
            missing_cold = max(0, cold - coming)
            missing = max(0, waiting - max(0, coming - cold) - settling)
            if settling and waiting:
                look_again = patience if look_again is None else min(look_again, patience)
            for number in range(missing_cold + missing):
                if self._starting >= self._limits.starting:
                    break
                if len(self._members) >= self._limits.environments:
                    victim = self._least_recently_used()
                    if victim is None:
                        break
                    actions.append(self._close(victim, "evicted"))
                actions.append(self._create(key, now, is_cold=number < missing_cold))
        if look_again is not None:
            actions.append(LookAgain(look_again))
        return actions

    def expire(self, now: float) -> list[Action]:
        """Environments that nobody used for a while."""
        expired = [
            number
            for numbers in self._free.values()
            for number in numbers
            if now - self._members[number].since >= self._limits.idle_seconds
        ]
        return [self._close(number, "idle") for number in expired]

    def _assign(self, now: float) -> list[Action]:
        actions: list[Action] = []
        for key in list(self._cold):
            fresh = [number for number in self._free.get(key, ()) if self._members[number].is_fresh]
            while fresh and self._cold[key]:
                member = fresh.pop(0)
                actions.append(Assign(self._cold[key].popleft(), member))
                self._move(member, Phase.BUSY, now)
            self._forget_empty_queues(key)
        for key in list(self._waiting):
            free, queue = self._free.get(key), self._waiting[key]
            while free and queue:
                member = free[-1]  # the one used last: its memory is warm, and the others can expire
                actions.append(Assign(queue.popleft(), member))
                self._move(member, Phase.BUSY, now)
                free = self._free.get(key)
            self._forget_empty_queues(key)
        return actions

    def _close_retired(self) -> list[Action]:
        retired = [
            number
            for numbers in self._free.values()
            for number in numbers
            if self._members[number].key in self._retired
        ]
        return [self._close(number, "replaced") for number in retired]

    def _create(self, key: Hashable, now: float, *, is_cold: bool) -> Create:
        reason = StartReason.COLD if is_cold else self._reason_of_another(key)
        self._last_number += 1
        self._members[self._last_number] = _Member(key, Phase.STARTING, now)
        self._count(key, Phase.STARTING, 1)
        return Create(self._last_number, key, reason)

    def _reason_of_another(self, key: Hashable) -> StartReason:
        if any(member.key == key for member in self._members.values()):
            return StartReason.BUSY
        return self._former_end.pop(key, StartReason.FIRST)

    def _close(self, number: int, reason: str) -> Close:
        member = self._members.pop(number)
        self._leave(number, member)
        if reason in _REASONS_OF_THE_NEXT:
            self._former_end[member.key] = _REASONS_OF_THE_NEXT[reason]
        return Close(number, reason)

    def _settling(self, key: Hashable, now: float) -> tuple[int, float]:
        """How many members are about to be free, and for how long the most patient wait still makes sense."""
        if not self._in_phase.get((key, Phase.SETTLING)):
            return 0, 0.0
        waits = [
            member.since + SETTLING_PATIENCE_SECONDS - now
            for member in self._members.values()
            if member.key == key and member.phase is Phase.SETTLING
        ]
        patient = [wait for wait in waits if wait > 0]
        return len(patient), min(patient, default=0.0)

    def _least_recently_used(self) -> int | None:
        free = [number for numbers in self._free.values() for number in numbers]
        return min(free, key=lambda number: self._members[number].since, default=None)

    # The lists

    def _move(self, number: int, phase: Phase, now: float) -> None:
        member = self._members.get(number)
        if member is None:
            return
        self._leave(number, member)
        member.phase, member.since = phase, now
        member.is_fresh = member.is_fresh and phase is not Phase.BUSY
        self._count(member.key, phase, 1)
        if phase is Phase.FREE:
            self._free.setdefault(member.key, []).append(number)

    def _leave(self, number: int, member: _Member) -> None:
        self._count(member.key, member.phase, -1)
        if member.phase is Phase.FREE:
            numbers = self._free[member.key]
            numbers.remove(number)
            if not numbers:
                del self._free[member.key]

    def _count(self, key: Hashable, phase: Phase, change: int) -> None:
        count = self._in_phase.get((key, phase), 0) + change
        if count:
            self._in_phase[key, phase] = count
        else:
            self._in_phase.pop((key, phase), None)
        if phase is Phase.STARTING:
            self._starting += change

    def _forget_empty_queues(self, key: Hashable) -> None:
        for queues in (self._waiting, self._cold):
            if not queues.get(key):
                queues.pop(key, None)

    def _keys_waiting(self) -> set[Hashable]:
        return self._waiting.keys() | self._cold.keys()

    def _oldest_ticket(self, key: Hashable) -> int:
        return min(queues[key][0] for queues in (self._waiting, self._cold) if key in queues)

    def _waiting_count(self) -> int:
        return sum(len(queue) for queues in (self._waiting, self._cold) for queue in queues.values())


_REASONS_OF_THE_NEXT = {"idle": StartReason.LEFT, "evicted": StartReason.EVICTED}
"""Why a key has none any more, by how its last one was closed. One that was replaced has no next."""
