"""A server on a real socket, on both event loops that it has to live on."""

from __future__ import annotations

import asyncio

import pytest
import uvloop


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    """Runs a coroutine to its end, on the loop that the test's turn asks for, within a deadline."""
    factory = asyncio.new_event_loop if request.param == "asyncio" else uvloop.new_event_loop

    def run_within(coroutine, seconds=30):
        async def bounded():
            async with asyncio.timeout(seconds):
                return await coroutine

        with asyncio.Runner(loop_factory=factory) as runner:
            loop_errors = []
            runner.get_loop().set_exception_handler(lambda _, context: loop_errors.append(context))
            result = runner.run(bounded())
        assert loop_errors == []
        return result

    return run_within
