"""Who is throttled: the account's and the functions' concurrency, as Lambda counts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from lambdacli.model import limits
from lambdacli.model.arn import LATEST, FunctionKey
from lambdacli.model.errors import TooManyRequestsException

ByVersion = Mapping[str, int]


def throttle_reason(
    version: str,
    *,
    running: ByVersion,
    provisioned: ByVersion,
    reserved: int | None,
    running_unreserved: int,
    unreserved: int,
) -> str | None:
    """The Reason of the 429 that one more invocation of a version would get, or None. Pure.

    `running` and `provisioned` are the function's; the others tell of all that share the pool. A reservation
    is a ceiling for its function and is taken from everybody else's pool. What is provisioned is held for its
    version: the rest of the function has only what is left."""
    has_own_place = running.get(version, 0) < provisioned.get(version, 0)
    if reserved is not None:
        held = sum(running.values()) if has_own_place else _held(running, provisioned)
        return "ReservedFunctionConcurrentInvocationLimitExceeded" if held >= reserved else None
    if has_own_place:
        return None
    return "ConcurrentInvocationLimitExceeded" if running_unreserved >= unreserved else None


def _held(running: ByVersion, provisioned: ByVersion) -> int:
    """By a function, running or not."""
    if not provisioned:
        return sum(running.values())
    versions = {*running, *provisioned}
    return sum(max(running.get(version, 0), provisioned.get(version, 0)) for version in versions)


_NOTHING: ByVersion = {}


class Ledger:
    """Counts the invocations that AWS would be running now: those waiting for this machine's sake too."""

    def __init__(self) -> None:
        self._running: dict[FunctionKey, dict[str, int]] = {}
        self._reserved: dict[FunctionKey, int] = {}
        self._provisioned: dict[FunctionKey, ByVersion] = {}
        self._claimed_in: Counter[tuple[str, str]] = Counter()
        self.account_concurrency = limits.ACCOUNT_CONCURRENCY

    def set_reserved(self, reserved: dict[FunctionKey, int]) -> None:
        """Every function that has a reservation, of all accounts and regions."""
        self._reserved = dict(reserved)
        self._count_claims()

    def set_provisioned(self, key: FunctionKey, provisioned: ByVersion) -> None:
        """Of one function, by version."""
        if provisioned == self._provisioned.get(key, _NOTHING):
            return
        self._provisioned[key] = dict(provisioned)
        if not provisioned:
            del self._provisioned[key]
        self._count_claims()

    def admit(self, key: FunctionKey, version: str = LATEST) -> int:
        """Counts one in, and tells how many of the function there are now; or raises what the caller gets."""
        reserved = self._reserved.get(key)
        running = self._running.get(key)
        reason = throttle_reason(
            version,
            running=_NOTHING if running is None else running,
            provisioned=self._provisioned.get(key, _NOTHING),
            reserved=reserved,
            # Who has a reservation takes nothing from the others, and asks nothing about them.
            running_unreserved=0 if reserved is not None else self._running_unreserved(key),
            unreserved=self.account_concurrency - self._claimed_in.get((key.account, key.region), 0),
        )
        if reason is not None:
            raise TooManyRequestsException("Rate Exceeded.", Reason=reason, retryAfterSeconds="1")
        if running is None:
            self._running[key] = {version: 1}
            return 1
        running[version] = running.get(version, 0) + 1
        return sum(running.values())

    def room(self, key: FunctionKey, version: str = LATEST) -> int:
        """How many more of a version would be admitted now."""
        running = self._running.get(key, _NOTHING)
        provisioned = self._provisioned.get(key, _NOTHING)
        own = max(0, provisioned.get(version, 0) - running.get(version, 0))
        reserved = self._reserved.get(key)
        if reserved is not None:
            free = own + max(0, reserved - _held(running, provisioned))
            return max(0, min(free, reserved - sum(running.values())))
        claimed = self._claimed_in.get((key.account, key.region), 0)
        return own + max(0, self.account_concurrency - claimed - self._running_unreserved(key))

    def release(self, key: FunctionKey, version: str = LATEST) -> None:
        running = self._running[key]
        running[version] -= 1
        if not running[version]:
            del running[version]
        if not running:
            del self._running[key]

    def running(self) -> int:
        return sum(sum(running.values()) for running in self._running.values())

    def _running_unreserved(self, key: FunctionKey) -> int:
        """In the pool; what runs in a provisioned place is not in it."""
        return sum(
            _spilled(running, self._provisioned.get(other, _NOTHING))
            for other, running in self._running.items()
            if other not in self._reserved and _same_pool(other, key)
        )

    def _count_claims(self) -> None:
        claims = Counter(self._reserved)
        for key, provisioned in self._provisioned.items():
            if key not in self._reserved:
                claims[key] = sum(provisioned.values())
        self._claimed_in = Counter()
        for key, count in claims.items():
            self._claimed_in[key.account, key.region] += count


def _spilled(running: ByVersion, provisioned: ByVersion) -> int:
    if not provisioned:
        return sum(running.values())
    return sum(max(0, count - provisioned.get(version, 0)) for version, count in running.items())


def _same_pool(one: FunctionKey, other: FunctionKey) -> bool:
    return one.account == other.account and one.region == other.region
