"""Events as people name them: by a whole request id or the beginning of one."""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path
from typing import Any, cast

from lambdacli.engine.event_desk import AmbiguousId, EventDesk
from lambdacli.store.database import open_for_reading
from tests.engine.test_events import BAD, House, function

FOUND = {
    "7a8b9c0d-1111": "7a8b9c0d-1111",
    "7a8bf": "7a8bffff-3333",  # it came to its end
    "7a8b9c0d-": "several events begin with 7a8b9c0d-: 7a8b9c0d-1111, 7a8b9c0d-2222",
    "ffff": None,
    "7a8": None,  # too short to be meant
    "abc": "abc",
    "": None,
}


def test_an_event_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    async def story() -> dict[str, str | None]:
        house = House(tmp_path)
        house.put(function())
        house.start()
        await house.send("7a8bffff-3333", "abc")
        house.code.script = deque([BAD])
        await house.send("7a8b9c0d-1111", "7a8b9c0d-2222")
        desk = EventDesk(
            house.store, house.queue, lambda: open_for_reading(house.file), house.clock, cast(Any, None)
        )
        try:
            return {asked: await named(desk, asked) for asked in FOUND}
        finally:
            await house.close()

    assert asyncio.run(story()) == FOUND


async def named(desk: EventDesk, asked: str) -> str | None:
    try:
        found = await desk.find(asked)
    except AmbiguousId as error:
        return str(error)
    return None if found is None else found.event.request_id
