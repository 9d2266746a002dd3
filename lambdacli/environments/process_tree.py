"""One guarded place for processes, as the service holds it: what it is told, and what it tells."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence

from lambdacli.environments.command import Command, Exit, StartError, WallsRefused
from lambdacli.environments.company import Company
from lambdacli.environments.keeper.wire import FREEZE, THAW
from lambdacli.environments.keeper_socket import KeeperSocket, Message, settle

GUARDIAN_GONE = "the process that guards the environment ended"
END_SECONDS = 8.0
"""Longer than a guardian takes to kill the largest tree."""
IS_LINUX = sys.platform == "linux"


class ProcessTree:
    """One guarded place for a command with everything it starts; one command after the other. Ends when told,
    when its control socket closes, never alone."""

    def __init__(self, control: socket.socket) -> None:
        self.pid: int | None = None
        """Of the main process, while it runs."""
        self.guardian: int | None = None
        self.on_exit: Callable[[Exit], None] = lambda exit: None
        self.on_record: Callable[[list[object]], None] = lambda preload: None
        self._wire = KeeperSocket(control)
        loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = loop.create_future()
        self._started: asyncio.Future[int] = loop.create_future()
        self._killed: asyncio.Future[None] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self._is_running = False
        self._is_end_told = False
        self._company: Company | None = None
        self._is_frozen_alone = False
        self._wire.listen(self._handle, self._closed)

    async def ready(self) -> None:
        """WallsRefused when there is no place; StartError when its guardian is gone. Who does not wait for it
        ends it."""
        try:
            await asyncio.shield(self._ready)
        except BaseException:
            await self.end()
            raise

    def take_descriptors(self) -> list[int]:
        """What the room has handed out, see keeper/network.py; the taker closes it."""
        return self._wire.take_descriptors()

    def start(self, command: Command, *, is_held: bool, given: Sequence[int] = ()) -> None:
        """Forks the main process; a held one waits for `go` before its first step. What is given (see
        keeper/guardian.py) the caller keeps and closes."""
        self._started = asyncio.get_running_loop().create_future()
        if self.is_gone:
            settle(self._started, StartError(GUARDIAN_GONE))
            return
        self._is_running = True
        self._wire.tell({"command": "start", "is_held": is_held, **_plan(command)}, given)

    @property
    def is_gone(self) -> bool:
        """Its guardian has ended, and with it everything: nothing can be started any more."""
        return self._gone.done()

    def go(self) -> None:
        self._wire.tell({"command": "go"})

    async def started(self) -> None:
        await asyncio.shield(self._started)

    def freeze(self, *, is_asking: bool = False) -> None:
        """Stops every process. One that is asking for its next event, and is alone, needs no guardian for
        it."""
        if is_asking and self.pid is not None and self._company is not None and self._company.is_alone():
            self._is_frozen_alone = True
            self._signal_main(signal.SIGSTOP)
        else:
            self._wire.send(FREEZE)

    def thaw(self) -> None:
        """The main process goes on at once; the guardian sees to the others, and to a freeze that it has not
        come to yet."""
        self._signal_main(signal.SIGCONT)
        if not self._is_frozen_alone:
            self._wire.send(THAW)
        self._is_frozen_alone = False

    def _signal_main(self, number: int) -> None:
        if self.pid is not None:
            with contextlib.suppress(OSError):
                os.kill(self.pid, number)

    async def kill(self) -> None:
        """Ends every process but the guardian."""
        if self._gone.done():
            return
        self._is_running = False
        self._killed = asyncio.get_running_loop().create_future()
        self._wire.tell({"command": "kill"})
        await self._within_patience(self._killed)
        self.pid = None
        self._leave_company()

    async def end(self) -> None:
        """Ends every process; returns when none is left."""
        if not self._is_end_told:
            self._is_end_told = True
            self._wire.tell({"command": "end"})
        await self._within_patience(self._gone)

    async def _within_patience(self, done: asyncio.Future[None]) -> None:
        """A guardian that a function has stopped, or that hangs, is killed: the keeper, or the kernel, does
        the rest."""
        await asyncio.wait({done, self._gone}, timeout=END_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not done.done() and not self._gone.done():
            self._kill_guardian()
            await asyncio.wait({self._gone}, timeout=END_SECONDS)
        if not done.done() and not self._gone.done():
            self._wire.close()  # nobody has come to it yet: whoever does finds it closed
            self._closed()

    def _kill_guardian(self) -> None:
        if self.guardian is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.guardian, signal.SIGKILL)

    def _handle(self, message: Message) -> None:
        match message:
            case {"event": "ready", "guardian": int(guardian)}:
                self.guardian = self._wire.process or guardian
                settle(self._ready)
            case {"event": "not_ready", "step": str(step), "text": str(text)}:
                settle(self._ready, WallsRefused(step, text))
            case {"event": "started", "pid": int(pid)}:
                self.pid = self._main_process(pid)
                self._meet_company()
                settle(self._started)
            case {"event": "not_started", "text": str(text)}:
                self._is_running = False
                settle(self._started, StartError(text))
            case {"event": "exited", "status": int(status), "peak_kb": int(peak_kb)}:
                number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
                code = os.WEXITSTATUS(status) if number is None else None
                self._report_exit(Exit(code, number, peak_kb))
            case {"event": "recorded", "preload": list(preload)}:
                self.on_record(preload)
            case {"event": "killed"}:
                settle(self._killed)
            case _:
                pass  # "gone": the closing socket says it again

    def _main_process(self, pid: int) -> int | None:
        """As this machine numbers it: inside walls it is the first child of its guardian."""
        if not IS_LINUX or self.guardian is None:
            return pid
        try:
            with open(f"/proc/{self.guardian}/task/{self.guardian}/children") as file:
                return int(file.read().split()[0])
        except (OSError, IndexError):
            return None  # it has ended already, which is told next

    def _meet_company(self) -> None:
        self._leave_company()
        if IS_LINUX and self.pid is not None and self.guardian is not None:
            self._company = Company(self.pid, self.guardian)

    def _leave_company(self) -> None:
        self._is_frozen_alone = False
        if self._company is not None:
            self._company.close()
            self._company = None

    def _report_exit(self, exit: Exit) -> None:
        self.pid = None
        self._leave_company()
        if self._is_running:
            self._is_running = False
            self.on_exit(exit)

    def _closed(self) -> None:
        gone = StartError(GUARDIAN_GONE)
        settle(self._ready, gone)
        settle(self._started, gone)
        settle(self._gone)
        # A guardian that was killed from inside tells nothing; its tree is being killed by the keeper.
        self._report_exit(Exit(None, signal.SIGKILL, 0))


def _plan(command: Command) -> Message:
    return {
        "program": command.arguments,
        "variables": dict(command.variables),
        "folder": str(command.folder),
        "limits": dict(command.limits),
        "framed_log": command.has_framed_log,
        "has_standby": command.has_standby,
        "holds_itself": command.holds_itself,
    }
