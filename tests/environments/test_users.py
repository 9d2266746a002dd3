"""Who environments are on this machine when the service is root."""

from __future__ import annotations

from lambdacli.environments.sandbox.users import Users


def test_each_environment_is_a_user_of_its_own_and_the_lowest_free_comes_next() -> None:
    users = Users()
    first, second, third = (users.take() for _ in range(3))
    assert [user.inside for user in (first, second, third)] == [1000, 1001, 1002]
    users.give_back(third)
    users.give_back(first)
    assert [users.take().inside for _ in range(3)] == [1000, 1002, 1003]


def test_on_this_machine_it_is_in_the_block_of_this_service() -> None:
    users = Users()
    user = users.take()
    assert user.outside in users.range
    assert user.outside == users.base + user.inside
