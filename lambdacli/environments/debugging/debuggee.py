"""The processes of one environment as a debugger meets them: where they listen, and whether it holds them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Hashable

from lambdacli.environments.debugging.held_time import HeldTime

FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 0.010, 0.250

Dial = Callable[[], Awaitable[socket.socket]]
"""A connection to what listens inside the environment; OSError as long as nothing does."""


class Debuggee:
    """From the start of a process tree to its end."""

    def __init__(
        self, dial: Dial, time: HeldTime, on_end: Callable[[Debuggee], None], *, waits: bool
    ) -> None:
        """One that `waits` takes no step of the function's before a debugger is attached."""
        self._dial = dial
        self._time = time
        self._on_end = on_end
        self._attached: set[Hashable] = set()
        self._changed = asyncio.Event()
        """That it is attached, or gone."""
        self.is_gone = False
        if waits:
            time.hold(self)

    async def connect(self) -> socket.socket | None:
        """As soon as it listens; None when it goes before."""
        wait = FIRST_RETRY_SECONDS
        while not self.is_gone:
            try:
                return await self._dial()
            except OSError:
                await asyncio.sleep(wait)
                wait = min(LAST_RETRY_SECONDS, wait * 1.5)
        return None

    async def wait_for_debugger(self) -> None:
        """Its time stands still meanwhile. Returns also when it is gone."""
        self._time.hold(self)
        try:
            await self._changed.wait()
        finally:
            self._time.go_on(self)

    def note(self, editor: Hashable, *, is_attached: bool, is_held: bool) -> None:
        """What is known now of one connected editor."""
        if self.is_gone:
            return
        if is_held:
            self._time.hold(editor)
        else:
            self._time.go_on(editor)
        if is_attached and editor not in self._attached:
            self._attached.add(editor)
            self._time.go_on(self)
            self._changed.set()

    def left(self, editor: Hashable) -> None:
        """Whoever held it lets it go by that: so do all debuggers."""
        self._time.go_on(editor)
        self._attached.discard(editor)
        if not self._attached and not self.is_gone:
            self._changed.clear()

    @property
    def is_attached(self) -> bool:
        return bool(self._attached)

    def end(self) -> None:
        """Idempotent."""
        if self.is_gone:
            return
        self.is_gone = True
        for holder in (self, *self._attached):
            self._time.go_on(holder)
        self._changed.set()
        self._on_end(self)
