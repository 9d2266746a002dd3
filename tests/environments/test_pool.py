"""The pool's decisions, told as histories."""

from __future__ import annotations

import pytest

from lambdacli.environments.pool import (
    SETTLING_PATIENCE_SECONDS,
    Assign,
    Close,
    Create,
    LookAgain,
    Pool,
    PoolLimits,
)

ROOMY = PoolLimits(environments=100, starting=100, idle_seconds=600)


def test_the_first_ticket_makes_an_environment_and_gets_it_when_it_is_free() -> None:
    pool = Pool(ROOMY)
    pool.ticket_came(1, "f")
    assert pool.decide(0) == [Create(1, "f")]
    assert pool.decide(0) == []
    pool.member_free(1, 0)
    assert pool.decide(0) == [Assign(1, 1)]


def test_a_warm_environment_is_used_again_and_the_last_used_comes_first() -> None:
    pool = Pool(ROOMY)
    for ticket in (1, 2):
        pool.ticket_came(ticket, "f")
    assert pool.decide(0) == [Create(1, "f"), Create(2, "f")]
    pool.member_free(1, 1)
    pool.member_free(2, 2)
    assert pool.decide(2) == [Assign(1, 2), Assign(2, 1)]
    pool.member_free(2, 3)
    pool.member_free(1, 4)
    pool.ticket_came(3, "f")
    assert pool.decide(5) == [Assign(3, 1)]


def test_whichever_environment_is_free_first_takes_the_oldest_ticket() -> None:
    pool = Pool(ROOMY)
    pool.ticket_came(1, "f")
    pool.decide(0)
    pool.member_free(1, 0)
    pool.decide(0)
    pool.ticket_came(2, "f")
    assert pool.decide(1) == [Create(2, "f")]
    pool.member_free(1, 2)
    assert pool.decide(2) == [Assign(2, 1)]
    pool.member_free(2, 3)
    assert pool.decide(3) == []


def test_a_ticket_waits_a_moment_for_an_environment_that_has_just_answered() -> None:
    pool = Pool(ROOMY)
    pool.ticket_came(1, "f")
    pool.decide(0)
    pool.member_free(1, 0)
    pool.decide(0)
    pool.member_settling(1, 1.0)
    pool.ticket_came(2, "f")
    assert pool.decide(1.0) == [LookAgain(pytest.approx(SETTLING_PATIENCE_SECONDS))]
    pool.member_free(1, 1.01)
    assert pool.decide(1.01) == [Assign(2, 1)]


def test_patience_with_a_settling_environment_ends() -> None:
    pool = Pool(ROOMY)
    pool.ticket_came(1, "f")
    pool.decide(0)
    pool.member_free(1, 0)
    pool.decide(0)
    pool.member_settling(1, 1.0)
    pool.ticket_came(2, "f")
    pool.decide(1.0)
    assert pool.decide(1.0 + SETTLING_PATIENCE_SECONDS) == [Create(2, "f")]


def test_one_ticket_waits_for_a_settling_environment_while_another_gets_a_new_one() -> None:
    pool = Pool(ROOMY)
    pool.ticket_came(1, "f")
    pool.decide(0)
    pool.member_free(1, 0)
    pool.decide(0)
    pool.member_settling(1, 1.0)
    pool.ticket_came(2, "f")
    pool.ticket_came(3, "f")
    assert pool.decide(1.0) == [Create(2, "f"), LookAgain(pytest.approx(SETTLING_PATIENCE_SECONDS))]
    # The one that it waits for never comes: the wait ends by the second look.
    assert pool.decide(1.0 + SETTLING_PATIENCE_SECONDS) == [Create(3, "f")]


def test_at_the_limit_tickets_wait_in_order() -> None:
    pool = Pool(PoolLimits(environments=1, starting=10, idle_seconds=600))
    for ticket in (1, 2, 3):
        pool.ticket_came(ticket, "f")
    assert pool.decide(0) == [Create(1, "f")]
    for ticket in (1, 2, 3):
        pool.member_free(1, ticket)
        assert pool.decide(ticket) == [Assign(ticket, 1)]


def test_at_the_limit_the_least_recently_used_idle_environment_gives_way() -> None:
    pool = Pool(PoolLimits(environments=2, starting=10, idle_seconds=600))
    for ticket, key in ((1, "f"), (2, "g")):
        pool.ticket_came(ticket, key)
    pool.decide(0)
    pool.member_free(1, 1)
    pool.member_free(2, 2)
    pool.decide(2)
    pool.member_free(2, 3)
    pool.member_free(1, 4)
    pool.ticket_came(3, "h")
    assert pool.decide(5) == [Close(2, "evicted"), Create(3, "h")]


def test_only_so_many_start_at_once() -> None:
    pool = Pool(PoolLimits(environments=100, starting=2, idle_seconds=600))
    for ticket in range(1, 6):
        pool.ticket_came(ticket, "f")
    assert pool.decide(0) == [Create(1, "f"), Create(2, "f")]
    assert pool.decide(0) == []
    pool.member_free(1, 1)
    assert pool.decide(1) == [Assign(1, 1), Create(3, "f")]


def test_retired_environments_finish_and_close_and_take_no_more() -> None:
    pool = Pool(ROOMY)
    for ticket in (1, 2):
        pool.ticket_came(ticket, "old")
    pool.decide(0)
    pool.member_free(1, 0)
    pool.member_free(2, 0)
    pool.decide(0)
    pool.member_free(1, 1)
    pool.retire({"old"})
    assert pool.decide(1) == [Close(1, "replaced")]
    pool.member_free(2, 2)
    assert pool.decide(2) == [Close(2, "replaced")]
    assert pool.size() == 0


def test_idle_environments_leave_after_a_while() -> None:
    pool = Pool(ROOMY)
    for ticket in (1, 2):
        pool.ticket_came(ticket, "f")
    pool.decide(0)
    pool.member_free(1, 0)
    pool.member_free(2, 100)
    pool.decide(100)
    pool.member_free(1, 100)
    pool.member_free(2, 300)
    assert pool.expire(699) == []
    assert pool.expire(700) == [Close(1, "idle")]
    assert pool.size() == 1


def test_an_environment_that_could_not_be_made_makes_room_for_the_next() -> None:
    pool = Pool(PoolLimits(environments=1, starting=1, idle_seconds=600))
    pool.ticket_came(1, "f")
    pool.ticket_came(2, "f")
    pool.decide(0)
    pool.member_gone(1)
    assert pool.take_ticket("f") == 1
    assert pool.decide(0) == [Create(2, "f")]


def test_tickets_that_wait_with_a_retired_key_are_served_and_their_environments_go() -> None:
    pool = Pool(PoolLimits(environments=1, starting=10, idle_seconds=600))
    for ticket in (1, 2):
        pool.ticket_came(ticket, "old")
    assert pool.decide(0) == [Create(1, "old")]
    pool.retire({"old"})
    pool.member_free(1, 1)
    assert pool.decide(1) == [Assign(1, 1)]
    pool.member_free(1, 2)
    assert pool.decide(2) == [Assign(2, 1)]
    pool.member_free(1, 3)
    assert pool.decide(3) == [Close(1, "replaced")]


def test_an_environment_that_is_made_for_a_retired_key_goes_after_its_ticket() -> None:
    pool = Pool(ROOMY)
    pool.ticket_came(1, "old")
    pool.retire({"old"})
    assert pool.decide(0) == [Create(1, "old")]
    pool.member_free(1, 0)
    assert pool.decide(0) == [Assign(1, 1)]
    pool.member_free(1, 1)
    assert pool.decide(1) == [Close(1, "replaced")]
    assert pool.keys_in_use() == set()


def test_a_starting_environment_that_nobody_needs_any_more_goes_when_it_is_free() -> None:
    pool = Pool(ROOMY)
    pool.ticket_came(1, "old")
    assert pool.decide(0) == [Create(1, "old")]
    assert pool.take_ticket("old") == 1
    pool.retire({"old"})
    assert pool.decide(0) == []
    pool.member_free(1, 1)
    assert pool.decide(1) == [Close(1, "replaced")]
