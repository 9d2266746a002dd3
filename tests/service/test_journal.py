"""The service's own lines for whoever watches live."""

from __future__ import annotations

import asyncio
import logging
import threading

from lambdacli.service.journal import BACKLOG, Journal


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("lam.test", logging.INFO, __file__, 1, text, None, None)


def test_line_of_a_thread_wakes_the_follower_at_once() -> None:
    journal = Journal()

    async def follow() -> str:
        lines = journal.follow()
        first = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0)
        thread = threading.Timer(0.01, journal.emit, [record("from a thread")])
        thread.start()
        async with asyncio.timeout(5):
            # Nothing else happens on this loop: only the line itself can wake it.
            line = await first
        thread.join()
        await lines.aclose()
        return line["text"]

    loop = asyncio.new_event_loop()
    began = loop.time()
    try:
        assert loop.run_until_complete(follow()) == "from a thread"
        assert loop.time() - began < 4, "it came with the deadline's own wake-up"
    finally:
        loop.close()


def test_slow_follower_loses_the_oldest_lines() -> None:
    journal = Journal()

    async def follow() -> str:
        lines = journal.follow()
        first = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0)
        for number in range(BACKLOG + 5):
            journal.emit(record(str(number)))
        await asyncio.sleep(0)
        line = await first
        await lines.aclose()
        return line["text"]

    assert asyncio.run(follow()) == "5"
