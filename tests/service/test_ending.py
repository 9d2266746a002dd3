"""The end of the service: a drain that waits, and one that is cut."""

from __future__ import annotations

import asyncio

import pytest

from lambdacli.service.ending import Ending


async def _never() -> None:
    await asyncio.Event().wait()


def test_one_request_drains_and_a_second_signal_cuts() -> None:
    async def story() -> None:
        ending = Ending()
        ending.signalled()
        await ending.asked()
        step = asyncio.ensure_future(ending.unless_cut(_never))
        await asyncio.sleep(0)
        assert not step.done()
        ending.signalled()
        await asyncio.wait_for(step, 5)

    asyncio.run(story())


def test_who_asks_for_now_does_not_wait_at_all() -> None:
    async def story() -> None:
        ending = Ending()
        ending.ask(is_now=True)
        await ending.asked()
        await asyncio.wait_for(ending.unless_cut(_never), 5)

    asyncio.run(story())


def test_a_step_that_fails_is_heard_of() -> None:
    async def fails() -> None:
        raise OSError("the disk is full")

    async def story() -> None:
        await Ending().unless_cut(fails)

    with pytest.raises(OSError, match="the disk is full"):
        asyncio.run(story())
