"""Which environment takes which invocation, and when one is made or given up. Pure: decides, touches nothing.

One method is called for each thing that happens; `decide` then says what to do about it. Nothing else changes
the lists. An invocation waits as a *ticket*; tickets are not bound to an environment that is being made:
whichever becomes free first takes the oldest ticket of its key."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from lambdacli.model.environment import StartReason
from lambdacli.model.record import record

SETTLING_PATIENCE_SECONDS = 0.050
"""How long a ticket waits for an environment that has answered and is about to ask for its next event."""


@record
class PoolLimits:
    environments: int
    """At most so many in all; further tickets wait in order."""
    starting: int
    """At most so many start at once: more would only make each other's init slow."""
    idle_seconds: float


@record
class Assign:
    ticket: int
    member: int


@record
class Create:
    member: int
    key: Hashable
    reason: StartReason = StartReason.FIRST


@record
class Close:
    member: int
    reason: str


@record
class LookAgain:
    """Nothing can be done now, but something may in so many seconds."""

    seconds: float


Action = Assign | Create | Close | LookAgain


@dataclass(slots=True, eq=False)
class _Group:
    """The members and tickets of one key."""

    key: Hashable
    free: list[int] = field(default_factory=list)
    waiting: deque[int] = field(default_factory=deque)
    cold: deque[int] = field(default_factory=deque)
    """Tickets that only take a member that never took one."""
    members: int = 0
    starting: int = 0
    settling: int = 0
    owner: Hashable | None = None
    """Groups of the same owner have one member at a time between them."""
    kept: int = 0
    """Of the members, those that are there whether anybody uses them or not."""

    @property
    def has_tickets(self) -> bool:
        return bool(self.waiting or self.cold)

    @property
    def oldest_ticket(self) -> int:
        return min(queue[0] for queue in (self.waiting, self.cold) if queue)


class _Phase(StrEnum):
    """Of a member, as far as it matters who may take a ticket."""

    STARTING = "starting"
    FREE = "free"
    BUSY = "busy"
    SETTLING = "settling"


@dataclass(slots=True)
class _Member:
    group: _Group
    phase: _Phase
    since: float
    is_fresh: bool = True
    """It never took a ticket."""
    is_cold: bool = False
    """It was made for a ticket that wanted a fresh one: it gives way to the next of that kind."""
    is_kept: bool = False
    """It was made without a ticket, and stays while nobody uses it."""


class Pool:
    def __init__(self, limits: PoolLimits) -> None:
        self._limits = limits
        self._members: dict[int, _Member] = {}
        self._groups: dict[Hashable, _Group] = {}
        """Those that have a member or a ticket."""
        self._with_tickets: list[_Group] = []
        self._former_end: dict[Hashable, StartReason] = {}
        """Why there is no environment of a key any more: the reason of its next one."""
        self._retired: set[Hashable] = set()
        self._kept: dict[Hashable, int] = {}
        """How many members of a key are kept; 0 until the last of them is gone."""
        self._owners: dict[Hashable, Hashable] = {}
        """Of keys that are confined."""
        self._starting = 0
        self._last_number = 0

    def __repr__(self) -> str:
        members = ", ".join(f"{number}:{member.phase}" for number, member in self._members.items())
        waiting = sum(len(group.waiting) + len(group.cold) for group in self._with_tickets)
        return f"<Pool [{members}] waiting={waiting}>"

    def set_limits(self, limits: PoolLimits) -> None:
        self._limits = limits

    # What happened

    def ticket_came(self, ticket: int, key: Hashable, *, is_cold: bool = False) -> None:
        group = self._group(key)
        if not group.has_tickets:
            self._with_tickets.append(group)
        (group.cold if is_cold else group.waiting).append(ticket)

    def take_ticket(self, key: Hashable) -> int | None:
        """The oldest ticket of a key, out of turn."""
        group = self._groups.get(key)
        if group is None or not group.has_tickets:
            return None
        queues = [queue for queue in (group.waiting, group.cold) if queue]
        ticket = min(queues, key=lambda queue: queue[0]).popleft()
        self._forget_unused(group)
        return ticket

    def member_free(self, member: int, now: float) -> None:
        self._move(member, _Phase.FREE, now)

    def member_settling(self, member: int, now: float) -> None:
        self._move(member, _Phase.SETTLING, now)

    def member_gone(self, member: int) -> None:
        gone = self._members.pop(member, None)
        if gone is not None:
            self._leave(member, gone)
            self._forget_unused(gone.group)
            if gone.group.key not in self._retired:
                self._former_end[gone.group.key] = StartReason.FAILED

    def retire(self, keys: set[Hashable]) -> None:
        """Members with these keys, those still to be made for waiting tickets too, are closed as soon as no
        ticket of their key waits."""
        self._retired = (self._retired & self._groups.keys()) | keys
        for key in keys:
            self._former_end.pop(key, None)
            self._kept.pop(key, None)

    def keep(self, key: Hashable, count: int) -> None:
        """So many members of the key are made without tickets, neither expire nor give way to others, and are
        made again when they go."""
        if count or key in self._kept:
            self._kept[key] = count

    def confine(self, key: Hashable, owner: Hashable) -> None:
        """From now on there is one member at a time of all keys with this owner; further tickets wait."""
        self._owners[key] = owner
        if key in self._groups:
            self._groups[key].owner = owner

    def kept_ready(self, key: Hashable) -> int:
        """Those kept that have started."""
        return sum(
            member.is_kept and member.group.key == key and member.phase is not _Phase.STARTING
            for member in self._members.values()
        )

    def is_short_of_kept(self) -> bool:
        return any(
            count > (0 if key not in self._groups else self._groups[key].kept)
            for key, count in self._kept.items()
        )

    def is_free(self, member: int) -> bool:
        return member in self._members and self._members[member].phase is _Phase.FREE

    def keys_in_use(self) -> set[Hashable]:
        return set(self._groups)

    def size(self) -> int:
        return len(self._members)

    def is_full(self) -> bool:
        return len(self._members) >= self._limits.environments

    # What to do

    def has_work(self) -> bool:
        """Whether `decide` may find anything."""
        return bool(self._with_tickets or self._retired or self._kept)

    def decide(self, now: float) -> list[Action]:
        actions: list[Action] = []
        if self._with_tickets:
            self._assign(actions, now)
        if self._retired:
            self._close_retired(actions)
        if self._with_tickets:
            self._create_for_tickets(actions, now)
        if self._kept:
            self._create_kept(actions, now)
        return actions

    def _create_for_tickets(self, actions: list[Action], now: float) -> None:
        look_again: float | None = None
        for group in sorted(self._with_tickets, key=lambda group: group.oldest_ticket):
            settling, patience = self._settling(group, now)
            coming, cold = group.starting, len(group.cold)
            missing_cold = max(0, cold - coming)
            missing = max(0, len(group.waiting) - max(0, coming - cold) - settling)
            if group.owner is not None:
                missing_cold, missing = self._missing_of_confined(group, actions)
            if settling and group.waiting:
                look_again = patience if look_again is None else min(look_again, patience)
            for number in range(missing_cold + missing):
                if not self._makes_room(actions):
                    break
                if number < missing_cold:
                    actions += [self._close(spent, "replaced") for spent in self._spent_cold(group)]
                actions.append(self._create(group, now, is_cold=number < missing_cold))
        if look_again is not None:
            actions.append(LookAgain(look_again))

    def _missing_of_confined(self, group: _Group, actions: list[Action]) -> tuple[int, int]:
        """How many may be made now: at most one, first for a ticket that wants a fresh one."""
        if group.cold:
            actions += [self._close(number, "replaced") for number in list(group.free)]
        if any(member.group.owner == group.owner for member in self._members.values()):
            return 0, 0
        return (1, 0) if group.cold else (0, 1)

    def _create_kept(self, actions: list[Action], now: float) -> None:
        for key, count in list(self._kept.items()):
            group = self._group(key)
            too_many = max(0, group.kept - count)
            for number in [each for each in group.free if self._members[each].is_kept][:too_many]:
                actions.append(self._close(number, "not provisioned any more"))
            for _ in range(count - group.kept):
                if not self._makes_room(actions):
                    break
                actions.append(self._create(group, now, is_kept=True))
            if not group.kept and not count:
                del self._kept[key]
            self._forget_unused(group)

    def _makes_room(self, actions: list[Action]) -> bool:
        """Whether one more may be made now; another, unused one may have to go for it."""
        if self._starting >= self._limits.starting:
            return False
        if len(self._members) >= self._limits.environments:
            victim = self._least_recently_used()
            if victim is None:
                return False
            actions.append(self._close(victim, "evicted"))
        return True

    def expire(self, now: float) -> list[Action]:
        """Environments that nobody used for a while."""
        expired = [
            number
            for number in self._free_to_go()
            if now - self._members[number].since >= self._limits.idle_seconds
        ]
        return [self._close(number, "idle") for number in expired]

    def _assign(self, actions: list[Action], now: float) -> None:
        for group in list(self._with_tickets):
            if group.cold:
                fresh = [
                    number
                    for number in group.free
                    if self._members[number].is_fresh and not self._members[number].is_kept
                ]
                for member in fresh[: len(group.cold)]:
                    actions.append(Assign(group.cold.popleft(), member))
                    self._move(member, _Phase.BUSY, now)
            while group.free and group.waiting:
                member = self._best_free(group)
                actions.append(Assign(group.waiting.popleft(), member))
                self._move(member, _Phase.BUSY, now)
            self._forget_unused(group)

    def _best_free(self, group: _Group) -> int:
        """The one used last: its memory is warm, and the others can expire. Kept ones, which do not, come
        first."""
        if group.kept:
            for number in reversed(group.free):
                if self._members[number].is_kept:
                    return number
        return group.free[-1]

    def _close_retired(self, actions: list[Action]) -> None:
        for key in self._retired & self._groups.keys():
            for number in list(self._groups[key].free):
                actions.append(self._close(number, "replaced"))

    def _create(self, group: _Group, now: float, *, is_cold: bool = False, is_kept: bool = False) -> Create:
        if is_kept:
            reason = StartReason.PROVISIONED
        else:
            reason = StartReason.COLD if is_cold else self._reason_of_another(group)
        self._last_number += 1
        member = _Member(group, _Phase.STARTING, now, is_cold=is_cold, is_kept=is_kept)
        self._members[self._last_number] = member
        group.members += 1
        group.kept += is_kept
        group.starting += 1
        self._starting += 1
        return Create(self._last_number, group.key, reason)

    def _spent_cold(self, group: _Group) -> list[int]:
        return [
            number
            for number in group.free
            if self._members[number].is_cold and not self._members[number].is_fresh
        ]

    def _reason_of_another(self, group: _Group) -> StartReason:
        if group.members:
            return StartReason.BUSY
        return self._former_end.pop(group.key, StartReason.FIRST)

    def _close(self, number: int, reason: str) -> Close:
        member = self._members.pop(number)
        self._leave(number, member)
        self._forget_unused(member.group)
        if reason in _REASONS_OF_THE_NEXT:
            self._former_end[member.group.key] = _REASONS_OF_THE_NEXT[reason]
        return Close(number, reason)

    def _settling(self, group: _Group, now: float) -> tuple[int, float]:
        """How many members are about to be free, and for how long the most patient wait still makes sense."""
        if not group.settling:
            return 0, 0.0
        waits = [
            member.since + SETTLING_PATIENCE_SECONDS - now
            for member in self._members.values()
            if member.group is group and member.phase is _Phase.SETTLING
        ]
        patient = [wait for wait in waits if wait > 0]
        return len(patient), min(patient, default=0.0)

    def _least_recently_used(self) -> int | None:
        return min(self._free_to_go(), key=lambda number: self._members[number].since, default=None)

    def _free_to_go(self) -> Iterator[int]:
        return (
            number
            for group in self._groups.values()
            for number in group.free
            if not self._members[number].is_kept
        )

    # The lists

    def _group(self, key: Hashable) -> _Group:
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(key, owner=self._owners.get(key))
        return group

    def _move(self, number: int, phase: _Phase, now: float) -> None:
        member = self._members.get(number)
        if member is None:
            return
        self._leave(number, member)
        group = member.group
        group.members += 1
        group.kept += member.is_kept
        member.phase, member.since = phase, now
        member.is_fresh = member.is_fresh and phase is not _Phase.BUSY
        if phase is _Phase.FREE:
            group.free.append(number)
        elif phase is _Phase.SETTLING:
            group.settling += 1

    def _leave(self, number: int, member: _Member) -> None:
        group = member.group
        group.members -= 1
        group.kept -= member.is_kept
        if member.phase is _Phase.FREE:
            group.free.remove(number)
        elif member.phase is _Phase.SETTLING:
            group.settling -= 1
        elif member.phase is _Phase.STARTING:
            group.starting -= 1
            self._starting -= 1

    def _forget_unused(self, group: _Group) -> None:
        """A group without tickets asks for nothing; one without members too is forgotten."""
        if group.has_tickets:
            return
        if group in self._with_tickets:
            self._with_tickets.remove(group)
        if not group.members:
            self._groups.pop(group.key, None)
            self._owners.pop(group.key, None)


_REASONS_OF_THE_NEXT = {"idle": StartReason.LEFT, "evicted": StartReason.EVICTED}
"""Why a key has none any more, by how its last one was closed. One that was replaced has no next."""
