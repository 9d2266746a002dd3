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
from lambdacli.model.environment import StartReason

ROOMY = PoolLimits(environments=100, starting=100, idle_seconds=600)
BUSY, COLD = StartReason.BUSY, StartReason.COLD


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
    assert pool.decide(0) == [Create(1, "f"), Create(2, "f", BUSY)]
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
    assert pool.decide(1) == [Create(2, "f", BUSY)]
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
    assert pool.decide(1.0 + SETTLING_PATIENCE_SECONDS) == [Create(2, "f", BUSY)]


def test_one_ticket_waits_for_a_settling_environment_while_another_gets_a_new_one() -> None:
    pool = Pool(ROOMY)
    pool.ticket_came(1, "f")
    pool.decide(0)
    pool.member_free(1, 0)
    pool.decide(0)
    pool.member_settling(1, 1.0)
    pool.ticket_came(2, "f")
    pool.ticket_came(3, "f")
    assert pool.decide(1.0) == [Create(2, "f", BUSY), LookAgain(pytest.approx(SETTLING_PATIENCE_SECONDS))]
    # The one that it waits for never comes: the wait ends by the second look.
    assert pool.decide(1.0 + SETTLING_PATIENCE_SECONDS) == [Create(3, "f", BUSY)]


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
    assert pool.decide(0) == [Create(1, "f"), Create(2, "f", BUSY)]
    assert pool.decide(0) == []
    pool.member_free(1, 1)
    assert pool.decide(1) == [Assign(1, 1), Create(3, "f", BUSY)]


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
    assert pool.decide(0) == [Create(2, "f", StartReason.FAILED)]


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


# Cold tickets


def warm_pool(members: int, limits: PoolLimits = ROOMY) -> Pool:
    """So many free environments of `f`, each of which has run something."""
    pool = Pool(limits)
    for ticket in range(1, members + 1):
        pool.ticket_came(ticket, "f")
    pool.decide(0)
    for _ in range(2):
        for member in range(1, members + 1):
            pool.member_free(member, 0)
        pool.decide(0)
    return pool


def test_a_cold_ticket_gets_an_environment_of_its_own_although_warm_ones_are_free() -> None:
    pool = warm_pool(2)
    pool.ticket_came(10, "f", is_cold=True)
    assert pool.decide(1) == [Create(3, "f", COLD)]
    assert pool.decide(1) == []
    pool.member_free(3, 2)
    assert pool.decide(2) == [Assign(10, 3)]


def test_what_was_made_for_a_cold_ticket_gives_way_to_the_next_of_that_kind() -> None:
    pool = warm_pool(1)
    pool.ticket_came(10, "f", is_cold=True)
    assert pool.decide(1) == [Create(2, "f", COLD)]
    pool.member_free(2, 2)
    assert pool.decide(2) == [Assign(10, 2)]
    pool.member_free(2, 3)
    pool.ticket_came(11, "f", is_cold=True)
    assert pool.decide(4) == [Close(2, "replaced"), Create(3, "f", COLD)]


def test_eight_cold_tickets_at_once_get_eight() -> None:
    pool = warm_pool(8)
    for ticket in range(10, 18):
        pool.ticket_came(ticket, "f", is_cold=True)
    assert pool.decide(1) == [Create(member, "f", COLD) for member in range(9, 17)]
    for member in range(9, 17):
        pool.member_free(member, member)
        assert pool.decide(member) == [Assign(member + 1, member)]
        pool.member_free(member, member)
    assert pool.decide(20) == []


def test_cold_tickets_start_no_more_at_once_than_others() -> None:
    pool = warm_pool(1, PoolLimits(environments=100, starting=2, idle_seconds=600))
    for ticket in (10, 11, 12):
        pool.ticket_came(ticket, "f", is_cold=True)
    assert pool.decide(1) == [Create(2, "f", COLD), Create(3, "f", COLD)]
    pool.member_free(2, 2)
    assert pool.decide(2) == [Assign(10, 2), Create(4, "f", COLD)]
    pool.member_free(2, 3)  # it has run one now
    assert pool.decide(3) == []


def test_an_ordinary_ticket_leaves_the_coming_environment_to_the_cold_one() -> None:
    pool = warm_pool(1)
    pool.ticket_came(10, "f")
    assert pool.decide(1) == [Assign(10, 1)]
    pool.ticket_came(11, "f", is_cold=True)
    pool.ticket_came(12, "f")
    assert pool.decide(1) == [Create(2, "f", COLD), Create(3, "f", BUSY)]
    pool.member_free(1, 2)
    assert pool.decide(2) == [Assign(12, 1)]
    pool.member_free(2, 3)
    pool.member_free(3, 3)
    assert pool.decide(3) == [Assign(11, 2)]


def test_an_environment_that_was_made_and_not_needed_is_cold_still() -> None:
    pool = warm_pool(1)
    for ticket in (10, 11):
        pool.ticket_came(ticket, "f")
    assert pool.decide(1) == [Assign(10, 1), Create(2, "f", BUSY)]
    pool.member_free(1, 2)
    assert pool.decide(2) == [Assign(11, 1)]
    pool.member_free(2, 3)
    pool.ticket_came(12, "f", is_cold=True)
    assert pool.decide(4) == [Assign(12, 2)]


def test_a_cold_ticket_does_not_wait_for_one_that_settles() -> None:
    pool = warm_pool(1)
    pool.ticket_came(10, "f")
    pool.decide(1)
    pool.member_settling(1, 1)
    pool.ticket_came(11, "f", is_cold=True)
    assert pool.decide(1) == [Create(2, "f", COLD)]


def test_at_the_limit_a_warm_environment_gives_way_to_a_cold_start() -> None:
    pool = warm_pool(1, PoolLimits(environments=1, starting=1, idle_seconds=600))
    pool.ticket_came(10, "f", is_cold=True)
    assert pool.decide(1) == [Close(1, "evicted"), Create(2, "f", COLD)]
    pool.member_free(2, 2)
    assert pool.decide(2) == [Assign(10, 2)]


def test_a_cold_ticket_of_a_retired_key_is_served() -> None:
    pool = warm_pool(1)
    pool.ticket_came(10, "f", is_cold=True)
    pool.retire({"f"})
    assert pool.decide(1) == [Close(1, "replaced"), Create(2, "f", COLD)]
    pool.member_free(2, 2)
    assert pool.decide(2) == [Assign(10, 2)]
    pool.member_free(2, 3)
    assert pool.decide(3) == [Close(2, "replaced")]
    assert pool.keys_in_use() == set()


def test_of_all_tickets_of_a_key_the_oldest_is_taken_out_of_turn() -> None:
    pool = Pool(ROOMY)
    pool.ticket_came(1, "f", is_cold=True)
    pool.ticket_came(2, "f")
    pool.ticket_came(3, "f", is_cold=True)
    assert [pool.take_ticket("f") for _ in range(4)] == [1, 2, 3, None]


# Why an environment is made


def test_the_reason_of_a_start_is_told() -> None:
    pool = warm_pool(1, PoolLimits(environments=1, starting=1, idle_seconds=10))
    assert pool.expire(20) == [Close(1, "idle")]
    pool.ticket_came(10, "f")
    assert pool.decide(21) == [Create(2, "f", StartReason.LEFT)]
    pool.member_free(2, 21)
    pool.decide(21)
    pool.member_free(2, 22)
    pool.ticket_came(11, "g")
    assert pool.decide(23) == [Close(2, "evicted"), Create(3, "g", StartReason.FIRST)]
    pool.member_free(3, 23)
    pool.decide(23)
    pool.member_free(3, 24)
    pool.ticket_came(12, "f")
    assert pool.decide(25) == [Close(3, "evicted"), Create(4, "f", StartReason.EVICTED)]
    pool.member_gone(4)
    assert pool.decide(26) == [Create(5, "f", StartReason.FAILED)]
    pool.retire({"f"})
    pool.member_gone(5)
    assert pool.decide(27) == [Create(6, "f", StartReason.FIRST)]


# Kept ones


KEPT = StartReason.PROVISIONED


def test_kept_ones_are_made_without_tickets_and_again_when_they_go() -> None:
    pool = Pool(ROOMY)
    pool.keep("f", 2)
    assert pool.has_work()
    assert pool.decide(0) == [Create(1, "f", KEPT), Create(2, "f", KEPT)]
    assert pool.decide(0) == []
    assert pool.kept_ready("f") == 0
    pool.member_free(1, 0)
    assert pool.kept_ready("f") == 1
    pool.member_gone(1)
    assert pool.decide(1) == [Create(3, "f", KEPT)]


def test_kept_ones_take_tickets_first_and_others_come_beside_them() -> None:
    pool = Pool(ROOMY)
    pool.ticket_came(1, "f")
    pool.decide(0)
    pool.keep("f", 1)
    assert pool.decide(0) == [Create(2, "f", KEPT)]
    pool.member_free(2, 1)
    pool.member_free(1, 2)
    assert pool.decide(2) == [Assign(1, 2)]
    pool.ticket_came(2, "f")
    assert pool.decide(3) == [Assign(2, 1)]


def test_kept_ones_neither_expire_nor_give_way() -> None:
    pool = Pool(PoolLimits(environments=1, starting=10, idle_seconds=600))
    pool.keep("f", 1)
    pool.decide(0)
    pool.member_free(1, 0)
    assert pool.expire(10_000) == []
    pool.ticket_came(1, "g")
    assert pool.decide(10_000) == []


def test_kept_ones_wait_for_room_as_tickets_do() -> None:
    pool = Pool(PoolLimits(environments=2, starting=1, idle_seconds=600))
    pool.ticket_came(1, "g")
    pool.decide(0)
    pool.member_free(1, 0)
    pool.decide(0)
    pool.member_free(1, 0)
    pool.keep("f", 3)
    assert pool.decide(1) == [Create(2, "f", KEPT)]
    pool.member_free(2, 1)
    assert pool.decide(1) == [Close(1, "evicted"), Create(3, "f", KEPT)]
    pool.member_free(3, 2)
    assert pool.decide(2) == []


def test_kept_ones_go_when_they_are_not_wanted_any_more_the_busy_ones_later() -> None:
    pool = Pool(ROOMY)
    pool.keep("f", 2)
    pool.decide(0)
    pool.member_free(1, 0)
    pool.member_free(2, 0)
    pool.ticket_came(1, "f")
    assert pool.decide(0) == [Assign(1, 2)]
    pool.keep("f", 0)
    assert pool.decide(1) == [Close(1, "not provisioned any more")]
    assert pool.has_work()
    pool.member_free(2, 2)
    assert pool.decide(2) == [Close(2, "not provisioned any more")]
    assert not pool.decide(3)
    assert not pool.has_work()
    assert pool.keys_in_use() == set()


def test_retired_keys_are_not_kept() -> None:
    pool = Pool(ROOMY)
    pool.keep("f", 1)
    pool.decide(0)
    pool.member_free(1, 0)
    pool.retire({"f"})
    assert pool.decide(1) == [Close(1, "replaced")]
    assert pool.decide(2) == []


def test_ticket_that_wants_a_fresh_one_gets_none_that_was_kept() -> None:
    pool = Pool(ROOMY)
    pool.keep("f", 1)
    pool.decide(0)
    pool.member_free(1, 0)
    pool.ticket_came(1, "f", is_cold=True)
    assert pool.decide(1) == [Create(2, "f", COLD)]


def test_confined_keys_of_one_owner_have_one_environment_between_them() -> None:
    pool = Pool(ROOMY)
    for ticket, key in ((1, "old"), (2, "old"), (3, "new")):
        pool.confine(key, "f")
        pool.ticket_came(ticket, key)
    assert pool.decide(0) == [Create(1, "old")]
    pool.member_free(1, 0)
    assert pool.decide(0) == [Assign(1, 1)]
    pool.member_free(1, 1)
    assert pool.decide(1) == [Assign(2, 1)]
    pool.retire({"old"})
    assert pool.decide(1) == []
    pool.member_free(1, 2)
    assert pool.decide(2) == [Close(1, "replaced"), Create(2, "new")]


def test_a_cold_ticket_of_a_confined_key_takes_the_place_of_the_free_environment() -> None:
    pool = Pool(ROOMY)
    pool.confine("f", "f")
    pool.ticket_came(1, "f")
    pool.decide(0)
    pool.member_free(1, 0)
    assert pool.decide(0) == [Assign(1, 1)]
    pool.ticket_came(2, "f", is_cold=True)
    assert pool.decide(1) == []
    pool.member_free(1, 2)
    assert pool.decide(2) == [Close(1, "replaced"), Create(2, "f", COLD)]
