"""Who is throttled: the account's and the functions' concurrency, as Lambda counts it."""

from __future__ import annotations

from collections import Counter

from lambdacli.model import limits
from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import TooManyRequestsException


def throttle_reason(
    *, reserved: int | None, running: int, running_unreserved: int, reserved_in_account: int
) -> str | None:
    """The Reason of the 429 that one more invocation of a function would get, or None. Pure.

    A reservation is a ceiling for its function and is taken from everybody else's pool."""
    if reserved is not None:
        return "ReservedFunctionConcurrentInvocationLimitExceeded" if running >= reserved else None
    unreserved = limits.ACCOUNT_CONCURRENCY - reserved_in_account
    return "ConcurrentInvocationLimitExceeded" if running_unreserved >= unreserved else None


class Ledger:
    """Counts the invocations that AWS would be running now: those waiting for this machine's sake too."""

    def __init__(self) -> None:
        self._running: dict[FunctionKey, int] = {}
        self._reserved: dict[FunctionKey, int] = {}
        self._reserved_in: Counter[tuple[str, str]] = Counter()

    def set_reserved(self, reserved: dict[FunctionKey, int]) -> None:
        """Every function that has a reservation, of all accounts and regions."""
        self._reserved = dict(reserved)
        self._reserved_in = Counter()
        for key, count in reserved.items():
            self._reserved_in[key.account, key.region] += count

    def admit(self, key: FunctionKey) -> None:
        """Counts one in, or raises what the caller gets."""
        reserved = self._reserved.get(key)
        reason = throttle_reason(
            reserved=reserved,
            running=self._running.get(key, 0),
            # Who has a reservation takes nothing from the others, and asks nothing about them.
            running_unreserved=0 if reserved is not None else self._running_unreserved(key),
            reserved_in_account=self._reserved_in.get((key.account, key.region), 0),
        )
        if reason is not None:
            raise TooManyRequestsException("Rate Exceeded.", Reason=reason, retryAfterSeconds="1")
        self._running[key] = self._running.get(key, 0) + 1

    def release(self, key: FunctionKey) -> None:
        left = self._running[key] - 1
        if left:
            self._running[key] = left
        else:
            del self._running[key]

    def running(self) -> int:
        return sum(self._running.values())

    def _running_unreserved(self, key: FunctionKey) -> int:
        return sum(
            count
            for other, count in self._running.items()
            if other not in self._reserved and _same_pool(other, key)
        )


def _same_pool(one: FunctionKey, other: FunctionKey) -> bool:
    return one.account == other.account and one.region == other.region
