"""The only code of the service that starts processes: through the keeper, one guarded tree per
environment."""

from __future__ import annotations

import array
import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lambdacli.environments.company import Company
from lambdacli.environments.keeper.wire import FREEZE, MOST_DESCRIPTORS, THAW

END_SECONDS = 8.0
"""Longer than a guardian takes to kill the largest tree."""
KEEPER = Path(__file__).with_name("keeper_program.py")
IS_LINUX = sys.platform == "linux"
_CREDENTIALS = struct.Struct("3i")
_ANCILLARY_BYTES = socket.CMSG_SPACE(_CREDENTIALS.size) + socket.CMSG_SPACE(4 * MOST_DESCRIPTORS)
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
Message = dict[str, object]


class StartError(Exception):
    """The command could not be executed at all."""


class WallsRefused(Exception):
    """The kernel did not grant what a house or a room is made of."""

    def __init__(self, step: str, text: str) -> None:
        super().__init__(f"{step}: {text}" if step else text)
        self.step = step
        self.text = text


@dataclass(frozen=True, slots=True)
class Command:
    """One program to run: everything its process gets to see."""

    arguments: tuple[str, ...] | None
    """None: no program is executed, the process goes on as a fork of its template."""
    variables: Mapping[str, str]
    folder: Path
    limits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Names of `resource.RLIMIT_…` with their soft and hard values."""
    has_framed_log: bool = False
    """Offer the platform's log channel at descriptor 62, as managed runtimes find it."""
    has_standby: bool = False
    """Offer descriptor 63, on which a runtime tells what could be loaded ahead next time."""
    holds_itself: bool = False
    """Its own program prepares itself and then waits on descriptor 63; others are held before their first
    step."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How the main process of a tree ended."""

    code: int | None
    signal_number: int | None
    peak_memory_kb: int

    @property
    def reason(self) -> str:
        """In the words of the platform's ExitError message."""
        if self.signal_number is not None:
            return f"Runtime exited with error: signal: {_SIGNAL_WORDS.get(self.signal_number, 'unknown')}"
        if self.code == 0:
            return "Runtime exited without providing a reason"
        return f"Runtime exited with error: exit status {self.code}"


_SIGNAL_WORDS: dict[int, str] = {
    signal.SIGHUP: "hangup",
    signal.SIGINT: "interrupt",
    signal.SIGQUIT: "quit",
    signal.SIGILL: "illegal instruction",
    signal.SIGTRAP: "trace/breakpoint trap",
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception",
    signal.SIGKILL: "killed",
    signal.SIGUSR1: "user defined signal 1",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGUSR2: "user defined signal 2",
    signal.SIGPIPE: "broken pipe",
    signal.SIGALRM: "alarm clock",
    signal.SIGTERM: "terminated",
}


class _Wire:
    """Our end of a socket to a process of the keeper's: whole messages come in, whatever closes it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""
        self._loop = asyncio.get_running_loop()
        self.process: int | None = None
        """Who spoke last, as this machine numbers it: inside walls, processes know themselves by others."""
        self._descriptors: list[int] = []
        connection.setblocking(False)
        if IS_LINUX:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)

    def listen(self, on_message: Callable[[Message], None], on_close: Callable[[], None]) -> None:
        self._loop.add_reader(self._connection.fileno(), self._read, on_message, on_close)

    def send(self, data: bytes, descriptors: Sequence[int] = ()) -> None:
        """Who is gone is told nothing; that it is gone is heard elsewhere."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        with contextlib.suppress(OSError):
            if descriptors:
                # Descriptors travel with the first byte; whoever reads four bytes first gets them.
                self._connection.sendmsg([data], rights)
            else:
                self._connection.send(data)

    def tell(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        data = json.dumps(message).encode()
        self.send(len(data).to_bytes(4, "big") + data, descriptors)

    def take_descriptors(self) -> list[int]:
        """Those that came with the messages so far, and are now the taker's to close."""
        taken, self._descriptors = self._descriptors, []
        return taken

    def close(self) -> None:
        for descriptor in self.take_descriptors():
            os.close(descriptor)
        if self._connection.fileno() >= 0:
            self._loop.remove_reader(self._connection.fileno())
            self._connection.close()

    def _read(self, on_message: Callable[[Message], None], on_close: Callable[[], None]) -> None:
        try:
            data, ancillary, _, _ = self._connection.recvmsg(65536, _ANCILLARY_BYTES, _CLOSE_ON_EXEC)
        except BlockingIOError:
            return
        except ConnectionError:
            data, ancillary = b"", []
        if not data:
            self.close()
            on_close()
            return
        for level, kind, payload in ancillary:
            if IS_LINUX and level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                self.process = _CREDENTIALS.unpack(payload[: _CREDENTIALS.size])[0]
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                came = array.array("i", payload[: len(payload) - len(payload) % 4])
                self._descriptors.extend(came)
        self._buffer += data
        while len(self._buffer) >= 4:
            length = int.from_bytes(self._buffer[:4], "big")
            if len(self._buffer) < 4 + length:
                return
            message = json.loads(self._buffer[4 : 4 + length])
            self._buffer = self._buffer[4 + length :]
            on_message(message)


class ProcessTree:
    """One guarded place for a command with everything it starts; one command after the other. Ends when told,
    when its control socket closes, never alone."""

    def __init__(self, control: socket.socket) -> None:
        self.pid: int | None = None
        """Of the main process, while it runs."""
        self.guardian: int | None = None
        self.on_exit: Callable[[Exit], None] = lambda exit: None
        self.on_record: Callable[[list[object]], None] = lambda preload: None
        self._wire = _Wire(control)
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
        self._is_running = True
        self._wire.tell({"command": "start", "is_held": is_held, **_plan(command)}, given)

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
                _settle(self._ready)
            case {"event": "not_ready", "step": str(step), "text": str(text)}:
                _settle(self._ready, WallsRefused(step, text))
            case {"event": "started", "pid": int(pid)}:
                self.pid = self._main_process(pid)
                self._meet_company()
                _settle(self._started)
            case {"event": "not_started", "text": str(text)}:
                self._is_running = False
                _settle(self._started, StartError(text))
            case {"event": "exited", "status": int(status), "peak_kb": int(peak_kb)}:
                number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
                code = os.WEXITSTATUS(status) if number is None else None
                self._report_exit(Exit(code, number, peak_kb))
            case {"event": "recorded", "preload": list(preload)}:
                self.on_record(preload)
            case {"event": "killed"}:
                _settle(self._killed)
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
        gone = StartError("the process that guards the environment ended")
        _settle(self._ready, gone)
        _settle(self._started, gone)
        # A guardian that was killed from inside tells nothing; its tree is being killed by the keeper.
        self._report_exit(Exit(None, signal.SIGKILL, 0))
        _settle(self._gone)


class House:
    """A process that forks guarded places of one kind: behind walls, or with modules loaded ahead, or
    both."""

    def __init__(self, connection: socket.socket) -> None:
        self.problem: WallsRefused | None = None
        self._wire = _Wire(connection)
        loop = asyncio.get_running_loop()
        self._built: asyncio.Future[None] = loop.create_future()
        self._preloaded: asyncio.Future[str | None] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self._wire.listen(self._handle, self._closed)

    @property
    def is_gone(self) -> bool:
        return self._gone.done()

    async def built(self) -> None:
        await asyncio.shield(self._built)

    def open(self, room: Mapping[str, object] | None, output_fd: int) -> ProcessTree:
        """A place whose processes print to `output_fd`, which the caller keeps and closes."""
        ours, theirs = socket.socketpair()
        tree = ProcessTree(ours)
        with theirs:
            message: Message = {"command": "open", "room": None if room is None else dict(room)}
            self._wire.tell(message, (theirs.fileno(), output_fd))
        return tree

    async def preload(self, modules: Sequence[object]) -> str | None:
        """Loads modules ahead in the template; what speaks against doing so, if anything."""
        self._preloaded = asyncio.get_running_loop().create_future()
        self._wire.tell({"command": "preload", "modules": list(modules)})
        return await self._preloaded

    def close(self) -> None:
        """Ends it, with every place it has opened."""
        self._wire.close()
        self._closed()

    def _handle(self, message: Message) -> None:
        match message:
            case {"event": "built"}:
                _settle(self._built)
            case {"event": "not_built", "step": str(step), "text": str(text)}:
                self.problem = WallsRefused(step, text)
                _settle(self._built, self.problem)
            case {"event": "preloaded", "problem": str(problem)}:
                _settle(self._preloaded, result=problem)
            case {"event": "preloaded"}:
                _settle(self._preloaded)

    def _closed(self) -> None:
        _settle(self._built, self.problem or WallsRefused("", "it ended"))
        _settle(self._preloaded, result="it ended")
        _settle(self._gone)


class Keeper:
    """The service's hold on the keeper process."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def start(self) -> None:
        ours, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(KEEPER), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={},
        )
        theirs.close()
        self._socket = ours

    def open(self, output_fd: int) -> ProcessTree:
        """A place without walls of its own."""
        ours, theirs = socket.socketpair()
        tree = ProcessTree(ours)
        with theirs:
            self._tell({"command": "open", "room": None}, (theirs.fileno(), output_fd))
        return tree

    def run(
        self,
        command: Command,
        output_fd: int,
        on_exit: Callable[[Exit], None],
        given: Sequence[int] = (),
    ) -> ProcessTree:
        """Starts the command with its stdout and stderr at `output_fd`, which the caller keeps and closes, as
        all that is given."""
        tree = self.open(output_fd)
        tree.on_exit = on_exit
        tree.start(command, is_held=False, given=given)
        return tree

    def house(
        self,
        *,
        layout: Sequence[tuple[str, str, str]] | None,
        scaffold: Path,
        uid_base: int | None,
        template: Command | None = None,
    ) -> House:
        """Without a layout it has no walls; with a template its places are forks of that program."""
        ours, theirs = socket.socketpair()
        house = House(ours)
        with theirs:
            self._tell(
                {
                    "command": "house",
                    "layout": layout,
                    "scaffold": str(scaffold),
                    "uid_base": uid_base,
                    "program": None if template is None else template.arguments,
                    "variables": {} if template is None else dict(template.variables),
                    "folder": "/" if template is None else str(template.folder),
                },
                (theirs.fileno(),),
            )
        return house

    def _tell(self, message: Message, descriptors: Sequence[int]) -> None:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self.start()
        assert self._socket is not None
        data = json.dumps(message).encode()
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        with contextlib.suppress(
            ConnectionError
        ):  # it died this instant: what was asked for closes, and fails
            self._socket.sendmsg([len(data).to_bytes(4, "big")], rights)
            self._socket.sendall(data)

    def close(self) -> None:
        """Ends the keeper and with it every tree. Returns when it is gone."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid


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


def _settle(future: asyncio.Future[Any], error: Exception | None = None, *, result: object = None) -> None:
    """Once: who waited for it may have been cancelled, or may never wait."""
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
        future.exception()
    else:
        future.set_result(result)
