"""Who is throttled, and with which reason."""

from __future__ import annotations

import contextlib

import pytest

from lambdacli.engine.concurrency import Ledger, throttle_reason
from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import TooManyRequestsException

ACCOUNT = "ConcurrentInvocationLimitExceeded"
RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"

F = FunctionKey("000000000000", "us-east-1", "f")
G = FunctionKey("000000000000", "us-east-1", "g")
ABROAD = FunctionKey("000000000000", "eu-west-1", "f")
STRANGER = FunctionKey("111111111111", "us-east-1", "f")


@pytest.mark.parametrize(
    ("reserved", "running", "provisioned", "running_unreserved", "unreserved", "reason"),
    [
        # A reservation is the only ceiling of its function, for all its versions together.
        (0, {}, {}, 0, 1000, RESERVED),
        (1, {}, {}, 0, 999, None),
        (1, {"1": 1}, {}, 0, 999, RESERVED),
        (1, {"$LATEST": 1}, {}, 0, 999, RESERVED),
        (2, {"1": 1}, {}, 1000, 998, None),
        (2, {"1": 2, "2": 1}, {}, 0, 998, RESERVED),
        # All others share what is not reserved.
        (None, {}, {}, 0, 1000, None),
        (None, {}, {}, 999, 1000, None),
        (None, {}, {}, 1000, 1000, ACCOUNT),
        (None, {}, {}, 899, 900, None),
        (None, {}, {}, 900, 900, ACCOUNT),
        (None, {"1": 900}, {}, 900, 900, ACCOUNT),
        # What is provisioned is held for its version, within the reservation or beside the pool.
        (1, {}, {"1": 1}, 0, 999, None),
        (1, {}, {"2": 1}, 0, 999, RESERVED),
        (2, {"1": 1}, {"2": 1}, 0, 998, RESERVED),
        (2, {"1": 1}, {"1": 1}, 0, 998, None),
        (0, {}, {"1": 1}, 0, 1000, RESERVED),
        (None, {}, {"1": 1}, 900, 900, None),
        (None, {"1": 1}, {"1": 1}, 900, 900, ACCOUNT),
        (None, {"1": 1}, {"1": 1}, 899, 900, None),
    ],
)
def test_throttle_reason(
    reserved: int | None,
    running: dict[str, int],
    provisioned: dict[str, int],
    running_unreserved: int,
    unreserved: int,
    reason: str | None,
) -> None:
    """Of one more invocation of version 1."""
    found = throttle_reason(
        "1",
        running=running,
        provisioned=provisioned,
        reserved=reserved,
        running_unreserved=running_unreserved,
        unreserved=unreserved,
    )
    assert found == reason


def reason_for(ledger: Ledger, key: FunctionKey, version: str = "$LATEST") -> str | None:
    try:
        ledger.admit(key, version)
    except TooManyRequestsException as error:
        assert error.message == "Rate Exceeded."
        assert error.members["retryAfterSeconds"] == "1"
        return str(error.members["Reason"])
    ledger.release(key, version)
    return None


def test_a_place_is_free_again_after_its_release() -> None:
    ledger = Ledger()
    ledger.set_reserved({F: 2})
    ledger.admit(F)
    ledger.admit(F)
    assert reason_for(ledger, F) == RESERVED
    assert ledger.running() == 2
    ledger.release(F)
    assert reason_for(ledger, F) is None
    ledger.release(F)
    assert ledger.running() == 0


def test_who_is_refused_is_not_counted() -> None:
    ledger = Ledger()
    ledger.set_reserved({F: 0})
    for _ in range(3):
        assert reason_for(ledger, F) == RESERVED
    assert ledger.running() == 0


def test_the_accounts_pool_is_shared_without_the_reservations() -> None:
    ledger = Ledger()
    ledger.account_concurrency = 5
    ledger.set_reserved({F: 2})
    for _ in range(3):
        ledger.admit(G)
    assert reason_for(ledger, G) == ACCOUNT
    # The reservation is there although all others are throttled.
    ledger.admit(F)
    ledger.admit(F)
    assert reason_for(ledger, F) == RESERVED
    # What a reserved function runs takes nothing from the others.
    ledger.release(G)
    assert reason_for(ledger, G) is None


def test_accounts_and_regions_have_pools_of_their_own() -> None:
    ledger = Ledger()
    ledger.account_concurrency = 1
    ledger.set_reserved({STRANGER: 1})
    ledger.admit(G)
    assert reason_for(ledger, F) == ACCOUNT
    assert reason_for(ledger, ABROAD) is None
    assert reason_for(ledger, STRANGER) is None


def test_a_reservation_that_is_given_up_frees_the_pool() -> None:
    ledger = Ledger()
    ledger.account_concurrency = 1
    ledger.set_reserved({F: 1})
    assert reason_for(ledger, G) == ACCOUNT
    ledger.set_reserved({})
    assert reason_for(ledger, G) is None


def test_versions_of_a_function_share_its_reservation() -> None:
    ledger = Ledger()
    ledger.set_reserved({F: 1})
    ledger.admit(F, "1")
    assert reason_for(ledger, F) == RESERVED
    assert reason_for(ledger, F, "2") == RESERVED
    ledger.release(F, "1")
    assert reason_for(ledger, F, "2") is None
    assert ledger.running() == 0


def test_what_is_provisioned_is_taken_from_the_pool_and_what_spills_over_runs_in_it() -> None:
    ledger = Ledger()
    ledger.account_concurrency = 3
    ledger.set_provisioned(F, {"1": 1})
    ledger.admit(F, "1")
    ledger.admit(F, "1")
    ledger.admit(G)
    assert reason_for(ledger, G) == ACCOUNT
    assert reason_for(ledger, F, "1") == ACCOUNT
    ledger.set_provisioned(F, {})
    assert reason_for(ledger, G) == ACCOUNT
    ledger.release(G)
    assert reason_for(ledger, G) is None


def test_all_of_a_reservation_may_belong_to_one_version() -> None:
    ledger = Ledger()
    ledger.set_reserved({F: 1})
    ledger.set_provisioned(F, {"1": 1})
    assert reason_for(ledger, F) == RESERVED
    assert reason_for(ledger, F, "1") is None


@pytest.mark.parametrize("reserved", [None, 0, 3, 5])
@pytest.mark.parametrize("provisioned", [{}, {"1": 2}, {"2": 2}, {"1": 1, "2": 1}])
@pytest.mark.parametrize("others", [0, 2, 6])
def test_as_many_are_admitted_as_there_was_room_for(reserved, provisioned, others):
    ledger = Ledger()
    ledger.account_concurrency = 6
    ledger.set_reserved({} if reserved is None else {F: reserved})
    ledger.set_provisioned(F, provisioned)
    with contextlib.suppress(TooManyRequestsException):
        for _ in range(others):
            ledger.admit(G)
    with contextlib.suppress(TooManyRequestsException):
        ledger.admit(F, "2")
    room = ledger.room(F, "1")
    for _ in range(room):
        ledger.admit(F, "1")
    assert ledger.room(F, "1") == 0
    with pytest.raises(TooManyRequestsException):
        ledger.admit(F, "1")
