"""Debuggers for functions: a port for each, and placements that run beside a debugger."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lambdacli import runtimes
from lambdacli.environments.placement import Placement
from lambdacli.environments.sandbox.layout import TASK_ROOT
from lambdacli.model.arn import FunctionKey
from lambdacli.model.attachment import HOST, Attachment
from lambdacli.model.errors import ServiceException
from lambdacli.model.function import Debugging, Function
from lambdacli.runtimes.base import NotInstalled
from lambdacli.runtimes.debuggers import Debugger, Protocol, debugger_of
from lambdacli.service.debug_ports import DebugPorts, PortTaken
from lambdacli.service.door import DoorSettings, refuse_connection
from lambdacli.wire.http import Peer

if TYPE_CHECKING:
    from lambdacli.environments.debugging.door import DebugDoor

logger = logging.getLogger("lam.debugging")


class Debuggers:
    def __init__(
        self,
        state: Path,
        rules: DoorSettings,
        find: Callable[[FunctionKey], Function | None],
        folder_of: Callable[[Function], Path],
        is_walled: Callable[[], bool],
    ) -> None:
        """`folder_of` a function's code."""
        self._ports = DebugPorts(state / "debug-ports.json")
        # Functions of this service are nobody who debugs.
        self._rules = replace(rules, environment_uids=None)
        self._find = find
        self._folder_of = folder_of
        self._is_walled = is_walled
        self._doors: dict[FunctionKey, DebugDoor] = {}
        self._notes: dict[FunctionKey, str] = {}
        self._opening = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def door(self, key: FunctionKey) -> DebugDoor:
        """Of a function that has been placed by `debugged`."""
        return self._doors[key]

    async def debugged(self, function: Function, placement: Placement, debugging: Debugging) -> Placement:
        """ServiceException says what a debugger needs here and does not have."""
        debugger = self._debugger(function)
        try:
            folders = await asyncio.to_thread(debugger.folders, runtimes.name_of(function.runtime))
        except NotInstalled as error:
            raise ServiceException(str(error)) from error
        await self._opened(function, debugger)
        return placement.debugged(debugging, folders)

    async def attachment(self, function: Function) -> Attachment:
        """Where to attach from now on."""
        door = await self._opened(function, self._debugger(function))
        note = self._notes.get(function.key)
        return replace(self.usual_attachment(function), port=door.port, notes=() if note is None else (note,))

    def can_attach(self, function: Function) -> bool:
        return debugger_of(runtimes.name_of(function.runtime)) is not None

    def usual_attachment(self, function: Function) -> Attachment:
        """For an editor's configuration, which outlives this service."""
        chosen = None if function.debugging is None else function.debugging.port
        folder = self._folder_of(function)
        return Attachment(
            function=function.name,
            language=runtimes.name_of(function.runtime).family,
            port=chosen or self._ports.of(function.name),
            folder=folder,
            seen_as=TASK_ROOT if self._is_walled() else str(folder),
        )

    def open_ports(self) -> dict[str, int]:
        """By the names of functions that are debugged."""
        return {key.name: door.port for key, door in self._doors.items()}

    def heed(self, key: FunctionKey) -> None:
        """A function that is always to be debugged has its port before it runs."""
        function = self._find(key)
        if function is not None and function.debugging is not None and not self._is_closed:
            task = asyncio.get_running_loop().create_task(self._open_ahead(function))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def open_ahead(self, functions: Iterable[Function]) -> None:
        for function in functions:
            if function.debugging is not None:
                await self._open_ahead(function)

    async def close(self) -> None:
        """What a breakpoint holds goes on when its editor is gone: invocations come to their end."""
        self._is_closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for door in self._doors.values():
            await door.close()

    def _debugger(self, function: Function) -> Debugger:
        debugger = debugger_of(runtimes.name_of(function.runtime))
        if debugger is None:
            raise ServiceException(
                f"{function.name} is a {function.runtime} function: "
                "python3.*, nodejs* and ruby* can be debugged"
            )
        return debugger

    async def _open_ahead(self, function: Function) -> None:
        try:
            await self._opened(function, self._debugger(function))
        except ServiceException as error:
            logger.warning("%s", error)

    async def _opened(self, function: Function, debugger: Debugger) -> DebugDoor:
        chosen = None if function.debugging is None else function.debugging.port
        async with self._opening:
            former = self._doors.get(function.key)
            if former is not None and chosen in (None, former.port):
                return former
            try:
                claimed = self._ports.claim(function.name, chosen)
            except (PortTaken, OSError) as error:
                raise ServiceException(str(error)) from error
            if former is None:
                former = self._doors[function.key] = _door(function, debugger, self._is_welcome)
            await former.open(claimed.bound)
            self._notes.pop(function.key, None)
            if claimed.note is not None:
                self._notes[function.key] = claimed.note
                logger.warning("%s", claimed.note)
            logger.info("%s: a debugger can attach at %s:%d", function.name, HOST, former.port)
            return former

    def _is_welcome(self, peer: Peer) -> bool:
        """Whoever debugs a function can run code as its developer."""
        return refuse_connection(peer, self._rules) is None


def _door(function: Function, debugger: Debugger, is_welcome: Callable[[Peer], bool]) -> DebugDoor:
    # Only who debugs needs these.
    from lambdacli.environments.debugging.dap import AdapterWatch
    from lambdacli.environments.debugging.door import DebugDoor
    from lambdacli.environments.debugging.inspector import InspectorWatch

    watch = AdapterWatch if debugger.protocol is Protocol.DEBUG_ADAPTER else InspectorWatch
    return DebugDoor(function.name, watch, is_welcome)
