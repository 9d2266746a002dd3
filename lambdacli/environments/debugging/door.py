"""One function's port for editors: it stays while environments come and go, and tells when one is held.

An editor that comes while there is nothing to debug waits. When an environment goes, its editor is told so in
the debugger's own words, and may come again for the next."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from lambdacli.environments.debugging.debuggee import Debuggee, Dial
from lambdacli.environments.debugging.held_time import HeldTime
from lambdacli.environments.debugging.watch import Watch
from lambdacli.wire.http import Peer

logger = logging.getLogger("lam.debugging")

PIECE_BYTES = 256 * 1024
FAREWELL_SECONDS = 1.0
"""How long an editor has to take its leave."""
LEAVE_SECONDS = 5.0
"""How long a debugger has to hear that its editor has left: debugpy answers none that comes too early."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Found = TypeVar("Found")


class DebugDoor:
    def __init__(
        self, function: str, make_watch: Callable[[], Watch], is_welcome: Callable[[Peer], bool]
    ) -> None:
        self.port = 0
        self._function = function
        self._make_watch = make_watch
        self._is_welcome = is_welcome
        self._debuggee: Debuggee | None = None
        self._arrived = asyncio.Event()
        self._listener: asyncio.AbstractServer | None = None
        self._visits: dict[asyncio.Task[None], _Editor] = {}
        self._is_closed = False
        self._turn = asyncio.Lock()
        """Of editors, where a debugger has one at a time: the next comes when the last has left."""

    def __repr__(self) -> str:
        return f"<DebugDoor of {self._function} at {self.port}, {len(self._visits)} editors>"

    async def open(self, bound: socket.socket) -> None:
        """Takes a bound socket, which from now on is the door's to close."""
        if self._listener is not None:
            self._listener.close()
        bound.setblocking(False)
        self.port = bound.getsockname()[1]
        self._listener = await asyncio.start_server(self._begin, sock=bound)

    async def close(self) -> None:
        """Nothing is held any more, nor is any editor waited for."""
        self._is_closed = True
        if self._listener is not None:
            self._listener.close()
        for editor in self._visits.values():
            editor.writer.transport.abort()
        if self._visits:
            await asyncio.wait(self._visits, timeout=LEAVE_SECONDS)
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)
        if self._debuggee is not None:
            self._debuggee.end()

    def debuggee(self, dial: Dial, time: HeldTime, *, waits: bool) -> Debuggee:
        """Editors are led to this one from now on, until it ends."""
        debuggee = Debuggee(dial, time, self._ended, waits=waits and not self._is_closed)
        self._debuggee = debuggee
        self._arrived.set()
        return debuggee

    def _ended(self, debuggee: Debuggee) -> None:
        if self._debuggee is debuggee:
            self._debuggee = None
            self._arrived.clear()

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        editor = _Editor(reader, writer, self._make_watch())
        task = asyncio.get_running_loop().create_task(self._visit(editor))
        self._visits[task] = editor
        task.add_done_callback(self._visits.pop)

    async def _visit(self, editor: _Editor) -> None:
        try:
            if not self._is_welcome(editor.peer()) or not await editor.greets():
                return
            async with editor.turn(self._turn) as is_here:
                found = await editor.stays_until(self._reached()) if is_here else None
                if found is not None:
                    await editor.meet(*found)
        except OSError:
            pass  # one end is gone
        finally:
            editor.writer.transport.abort()

    async def _reached(self) -> tuple[Debuggee, Streams]:
        while True:
            await self._arrived.wait()
            debuggee = self._debuggee
            connected = None if debuggee is None else await debuggee.connect()
            if debuggee is not None and connected is not None:
                return debuggee, await asyncio.open_connection(sock=connected)


class _Editor:
    """A connection from outside, and what it has said before anybody was there to hear it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, watch: Watch) -> None:
        self.reader = reader
        self.writer = writer
        self._watch = watch
        self._said = b""
        self._has_left = False

    def peer(self) -> Peer:
        local, remote = (self.writer.get_extra_info(name) for name in ("sockname", "peername"))
        return Peer(False, None if local is None else local[:2], None if remote is None else remote[:2])

    async def greets(self) -> bool:
        """Whether it speaks as an editor does: a web page can send requests to any port, but not begin so."""
        while len(self._said) < len(self._watch.greeting):
            piece = await self.reader.read(PIECE_BYTES)
            if not piece:
                return False
            self._said += piece
        return self._said.startswith(self._watch.greeting)

    async def stays_until(self, coming: Awaitable[Found]) -> Found | None:
        """None when it leaves before."""
        work = asyncio.ensure_future(coming)
        reading: asyncio.Task[bytes] | None = None
        try:
            while not work.done():
                reading = asyncio.get_running_loop().create_task(self.reader.read(PIECE_BYTES))
                await asyncio.wait({work, reading}, return_when=asyncio.FIRST_COMPLETED)
                if reading.done():
                    # What has come by now is its own to give back: a turn, a connection.
                    if not reading.result() and not work.done():
                        return None
                    self._said += reading.result()
            return work.result()
        finally:
            for task in (work, reading):
                if task is not None and not task.done():
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, OSError):
                        await task

    @contextlib.asynccontextmanager
    async def turn(self, turn: asyncio.Lock) -> AsyncIterator[bool]:
        """Whether it is still here when it has its turn."""
        if not self._watch.is_alone:
            yield True
            return
        is_here = await self.stays_until(turn.acquire()) is not None
        try:
            yield is_here
        finally:
            if is_here:
                turn.release()

    async def meet(self, debuggee: Debuggee, streams: Streams) -> None:
        there_reader, there_writer = streams
        ways = [
            asyncio.ensure_future(self._carry_in(debuggee, there_writer)),
            asyncio.ensure_future(self._carry_out(debuggee, there_reader)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            self._has_left = ways[0].done()
            ways[0].cancel()
            await asyncio.wait({ways[0]})
            debuggee.left(self)
            if self._has_left:
                there_writer.write(self._watch.parting())
                if not self._watch.is_parted:
                    await asyncio.wait({ways[1]}, timeout=LEAVE_SECONDS)
            else:
                await self._part()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            there_writer.transport.abort()
            debuggee.left(self)

    async def _carry_in(self, debuggee: Debuggee, there: asyncio.StreamWriter) -> None:
        """Until the editor leaves. That the debugger does is learned from its own direction."""
        piece = self._said
        while piece:
            self._watch.heard_from_editor(piece)
            self._tell(debuggee)
            with contextlib.suppress(OSError):
                there.write(piece)
                await there.drain()
            try:
                piece = await self.reader.read(PIECE_BYTES)
            except OSError:
                return

    async def _carry_out(self, debuggee: Debuggee, there: asyncio.StreamReader) -> None:
        """Until the debugger leaves; what it says to an editor that has left is only listened to."""
        with contextlib.suppress(OSError):
            while piece := await there.read(PIECE_BYTES):
                self._watch.heard_from_debugger(piece)
                if self._has_left and self._watch.is_parted:
                    return
                if self._has_left:
                    continue
                self._tell(debuggee)
                with contextlib.suppress(OSError):
                    self.writer.write(piece)
                    await self.writer.drain()

    def _tell(self, debuggee: Debuggee) -> None:
        debuggee.note(self, is_attached=self._watch.is_attached, is_held=self._watch.is_held)

    async def _part(self) -> None:
        """The debugger has gone, and the editor is still here."""
        farewell = self._watch.farewell()
        self.writer.write(farewell)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self.writer.drain()
                while farewell and (piece := await self.reader.read(PIECE_BYTES)):
                    self.writer.write(self._watch.answer(piece))
                    await self.writer.drain()
        self.writer.close()
