"""A value that is passed on in the same turn in which it comes."""

from __future__ import annotations

import asyncio
import logging

import pytest

from lambdacli.model.later import Later


def test_callbacks_are_called_in_order_from_within() -> None:
    told: list[object] = []
    later: Later[int] = Later()
    later.add_done_callback(lambda done: told.append(("first", done.result())))
    later.add_done_callback(lambda done: told.append(("second", done.result())))
    assert not later.done()
    later.set_result(1)
    assert told == [("first", 1), ("second", 1)]
    later.add_done_callback(lambda done: told.append("afterwards"))
    assert told[-1] == "afterwards"


def test_then_passes_on_values_and_errors() -> None:
    good: Later[int] = Later()
    doubled = good.then(lambda value: value * 2)
    broken = good.then(lambda value: value // 0)
    good.set_result(4)
    assert doubled.result() == 8
    with pytest.raises(ZeroDivisionError):
        broken.result()
    bad: Later[int] = Later()
    following = bad.then(str)
    bad.set_exception(OSError("no"))
    with pytest.raises(OSError, match="no"):
        following.result()


def test_a_callback_that_fails_harms_neither_the_others_nor_the_giver(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[int] = []
    later: Later[int] = Later()
    later.add_done_callback(lambda _: 1 // 0)
    later.add_done_callback(lambda done: told.append(done.result()))
    with caplog.at_level(logging.ERROR):
        later.set_result(3)
    assert told == [3]
    assert "passing on <Later 3> failed" in caplog.text


def test_many_may_await_it_and_one_may_leave() -> None:
    async def story() -> None:
        later: Later[int] = Later()

        async def wait() -> int:
            return await later

        waiting = [asyncio.create_task(wait()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        await asyncio.sleep(0)
        later.set_result(5)
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [results[0], results[2]] == [5, 5]
        assert isinstance(results[1], asyncio.CancelledError)
        assert await later == 5

    asyncio.run(story())


def test_it_comes_once() -> None:
    later: Later[int] = Later()
    later.set_result(1)
    with pytest.raises(AssertionError):
        later.set_result(2)
