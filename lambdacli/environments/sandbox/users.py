"""Users of this machine that nobody else is: as root, one for each environment."""

from __future__ import annotations

import heapq
import itertools
import os

from lambdacli.model.record import record

USERS_PER_SERVICE = 65_536
FIRST_USER = 1_800_000_000
"""Far from any user's, and from the ranges that containers are given."""
FIRST_IN_ROOM = 1_000
BLOCKS = 4_096


@record
class User:
    inside: int
    """Who the environment is in its house."""
    outside: int
    """Who that is on this machine."""


class Users:
    """A block of them for this service; the lowest that is free first."""

    def __init__(self) -> None:
        self.base = FIRST_USER + os.getpid() % BLOCKS * USERS_PER_SERVICE
        self.range = range(self.base, self.base + USERS_PER_SERVICE)
        self._free: list[int] = []
        self._next = itertools.count(FIRST_IN_ROOM)

    def take(self) -> User:
        inside = heapq.heappop(self._free) if self._free else next(self._next)
        return User(inside, self.base + inside)

    def give_back(self, user: User) -> None:
        heapq.heappush(self._free, user.inside)
