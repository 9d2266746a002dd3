"""Who is throttled, and with which reason."""

from __future__ import annotations

import pytest

from lambdacli.engine.concurrency import Ledger, throttle_reason
from lambdacli.model import limits
from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import TooManyRequestsException

ACCOUNT = "ConcurrentInvocationLimitExceeded"
RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"

F = FunctionKey("000000000000", "us-east-1", "f")
G = FunctionKey("000000000000", "us-east-1", "g")
ABROAD = FunctionKey("000000000000", "eu-west-1", "f")
STRANGER = FunctionKey("111111111111", "us-east-1", "f")


@pytest.mark.parametrize(
    ("reserved", "running", "running_unreserved", "reserved_in_account", "reason"),
    [
        # A reservation is the only ceiling of its function.
        (0, 0, 0, 0, RESERVED),
        (1, 0, 0, 1, None),
        (1, 1, 0, 1, RESERVED),
        (2, 1, 1000, 2, None),
        (2, 3, 0, 2, RESERVED),
        # All others share what is not reserved.
        (None, 0, 0, 0, None),
        (None, 0, 999, 0, None),
        (None, 0, 1000, 0, ACCOUNT),
        (None, 0, 899, 100, None),
        (None, 0, 900, 100, ACCOUNT),
        (None, 900, 900, 100, ACCOUNT),
        (None, 0, 99, 900, None),
        (None, 0, 100, 900, ACCOUNT),
    ],
)
def test_throttle_reason(
    reserved: int | None, running: int, running_unreserved: int, reserved_in_account: int, reason: str | None
) -> None:
    found = throttle_reason(
        reserved=reserved,
        running=running,
        running_unreserved=running_unreserved,
        reserved_in_account=reserved_in_account,
    )
    assert found == reason


def reason_for(ledger: Ledger, key: FunctionKey) -> str | None:
    try:
        ledger.admit(key)
    except TooManyRequestsException as error:
        assert error.message == "Rate Exceeded."
        assert error.members["retryAfterSeconds"] == "1"
        return str(error.members["Reason"])
    ledger.release(key)
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


def test_the_accounts_pool_is_shared_without_the_reservations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ACCOUNT_CONCURRENCY", 5)
    ledger = Ledger()
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


def test_accounts_and_regions_have_pools_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ACCOUNT_CONCURRENCY", 1)
    ledger = Ledger()
    ledger.set_reserved({STRANGER: 1})
    ledger.admit(G)
    assert reason_for(ledger, F) == ACCOUNT
    assert reason_for(ledger, ABROAD) is None
    assert reason_for(ledger, STRANGER) is None


def test_a_reservation_that_is_given_up_frees_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ACCOUNT_CONCURRENCY", 1)
    ledger = Ledger()
    ledger.set_reserved({F: 1})
    assert reason_for(ledger, G) == ACCOUNT
    ledger.set_reserved({})
    assert reason_for(ledger, G) is None
