"""The connections of one server, as its `stop` has to know them."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Closable(Protocol):
    """One connection."""

    def close_if_idle(self) -> None: ...

    # Its client does not take what it asked for.
    def cut_if_stuck(self) -> None: ...

    def cut(self) -> None: ...


class Connections:
    """Those that are open or still have a request running."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._members: set[Closable] = set()
        self._are_gone = asyncio.Event()
        self._are_gone.set()

    def __repr__(self) -> str:
        return f"<Connections {list(self._members)!r}>"

    def add(self, connection: Closable) -> None:
        self._members.add(connection)
        self._are_gone.clear()

    def remove(self, connection: Closable) -> None:
        self._members.discard(connection)
        if not self._members:
            self._are_gone.set()

    def all(self) -> list[Closable]:
        return list(self._members)

    async def are_gone_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._are_gone.wait()
        except TimeoutError:
            return False
        return True
