"""The connections of one server, as its `stop` has to know them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambdacli.wire.connection import Connection


class Connections:
    """Those that are open or still have a request running."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._members: set[Connection] = set()
        self._are_gone = asyncio.Event()
        self._are_gone.set()

    def __repr__(self) -> str:
        return f"<Connections {list(self._members)!r}>"

    def add(self, connection: Connection) -> None:
        self._members.add(connection)
        self._are_gone.clear()

    def remove(self, connection: Connection) -> None:
        self._members.discard(connection)
        if not self._members:
            self._are_gone.set()

    def all(self) -> list[Connection]:
        return list(self._members)

    async def are_gone_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._are_gone.wait()
        except TimeoutError:
            return False
        return True
