"""Which environment takes which invocation, and when one is made or given up. Pure: decides, touches nothing.

One method is called for each thing that happens; `decide` then says what to do about it. Nothing else changes
the lists. An invocation waits as a *ticket*; tickets are not bound to an environment that is being made:
whichever becomes free first takes the oldest ticket of its key."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum

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


class Pool:
    def __init__(self, limits: PoolLimits) -> None:
        self._limits = limits
        self._members: dict[int, _Member] = {}
        self._free: dict[Hashable, list[int]] = {}
        self._waiting: dict[Hashable, deque[int]] = {}
        self._in_phase: dict[tuple[Hashable, Phase], int] = {}
        self._retired: set[Hashable] = set()
        self._starting = 0
        self._last_number = 0

    def __repr__(self) -> str:
        members = ", ".join(f"{number}:{member.phase}" for number, member in self._members.items())
        return f"<Pool [{members}] waiting={sum(map(len, self._waiting.values()))}>"

    def set_limits(self, limits: PoolLimits) -> None:
        self._limits = limits

    # What happened

    def ticket_came(self, ticket: int, key: Hashable) -> None:
        self._waiting.setdefault(key, deque()).append(ticket)

    def take_ticket(self, key: Hashable) -> int | None:
        """The oldest ticket of a key, out of turn."""
        queue = self._waiting.get(key)
        ticket = queue.popleft() if queue else None
        self._forget_empty_queue(key)
        return ticket

    def member_free(self, member: int, now: float) -> None:
        self._move(member, Phase.FREE, now)

    def member_settling(self, member: int, now: float) -> None:
        self._move(member, Phase.SETTLING, now)

    def member_gone(self, member: int) -> None:
        gone = self._members.pop(member, None)
        if gone is not None:
            self._leave(member, gone)

    def retire(self, keys: set[Hashable]) -> None:
        """Members with these keys, those still to be made for waiting tickets too, are closed as soon as no
        ticket of their key waits."""
        self._retired = (self._retired & self.keys_in_use()) | keys

    def keys_in_use(self) -> set[Hashable]:
        return {member.key for member in self._members.values()} | set(self._waiting)

    def size(self) -> int:
        return len(self._members)

    def is_full(self) -> bool:
        return len(self._members) >= self._limits.environments

    # What to do

    def decide(self, now: float) -> list[Action]:
        actions: list[Action] = [*self._assign(now), *self._close_retired()]
        look_again: float | None = None
        for key in sorted(self._waiting, key=lambda key: self._waiting[key][0]):
            coming = self._in_phase.get((key, Phase.STARTING), 0)
            settling, patience = self._settling(key, now)
            missing = len(self._waiting[key]) - coming - settling
            if settling:
                look_again = patience if look_again is None else min(look_again, patience)
            for _ in range(missing):
                if self._starting >= self._limits.starting:
                    break
                if len(self._members) >= self._limits.environments:
                    victim = self._least_recently_used()
                    if victim is None:
                        break
                    actions.append(self._close(victim, "evicted"))
                actions.append(self._create(key, now))
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
        for key in list(self._waiting):
            free, queue = self._free.get(key), self._waiting[key]
            while free and queue:
                member = free[-1]  # the one used last: its memory is warm, and the others can expire
                actions.append(Assign(queue.popleft(), member))
                self._move(member, Phase.BUSY, now)
                free = self._free.get(key)
            self._forget_empty_queue(key)
        return actions

    def _close_retired(self) -> list[Action]:
        retired = [
            number
            for numbers in self._free.values()
            for number in numbers
            if self._members[number].key in self._retired
        ]
        return [self._close(number, "replaced") for number in retired]

    def _create(self, key: Hashable, now: float) -> Create:
        self._last_number += 1
        self._members[self._last_number] = _Member(key, Phase.STARTING, now)
        self._count(key, Phase.STARTING, 1)
        return Create(self._last_number, key)

    def _close(self, number: int, reason: str) -> Close:
        member = self._members.pop(number)
        self._leave(number, member)
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

    def _forget_empty_queue(self, key: Hashable) -> None:
        if not self._waiting.get(key):
            self._waiting.pop(key, None)
