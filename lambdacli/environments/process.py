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
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

END_SECONDS = 8.0
"""Longer than a guardian takes to kill the largest tree."""
KEEPER = Path(__file__).with_name("keeper.py")


class StartError(Exception):
    """The command could not be executed at all."""


@dataclass(frozen=True, slots=True)
class Command:
    """One program to run: everything its process gets to see."""

    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    folder: Path
    limits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Names of `resource.RLIMIT_…` with their soft and hard values."""
    has_framed_log: bool = False
    """Offer the platform's log channel at descriptor 62, as managed runtimes find it."""


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


class ProcessTree:
    """A running command with everything it starts. Ends when told, when its control socket closes, never
    alone."""

    def __init__(self, control: socket.socket, on_exit: Callable[[Exit], None]) -> None:
        self.pid: int | None = None
        self.guardian: int | None = None
        self._control = control
        self._on_exit = on_exit
        self._has_exited = False
        self._buffer = b""
        self._loop = asyncio.get_running_loop()
        self._started: asyncio.Future[int] = self._loop.create_future()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        control.setblocking(False)
        self._loop.add_reader(control.fileno(), self._read)

    async def wait_started(self) -> int:
        return await self._started

    async def end(self) -> None:
        """Kills every process of the tree and returns when none is left."""
        self._send({"command": "end"})
        try:
            async with asyncio.timeout(END_SECONDS):
                await asyncio.shield(self._gone)
        except TimeoutError:
            # The function has stopped its guardian. Without one, the keeper kills the tree.
            self._kill_guardian()
            if not self._gone.done():
                self._close()

    def _kill_guardian(self) -> None:
        if self.guardian is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.guardian, signal.SIGKILL)

    def signal(self, number: int) -> None:
        self._send({"command": "signal", "number": number})

    def _send(self, message: dict[str, object]) -> None:
        data = json.dumps(message).encode()
        with contextlib.suppress(OSError):
            self._control.send(len(data).to_bytes(4, "big") + data)

    def _read(self) -> None:
        try:
            data = self._control.recv(65536)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self._close()
            return
        self._buffer += data
        while len(self._buffer) >= 4:
            length = int.from_bytes(self._buffer[:4], "big")
            if len(self._buffer) < 4 + length:
                return
            message = json.loads(self._buffer[4 : 4 + length])
            self._buffer = self._buffer[4 + length :]
            self._handle(message)

    def _handle(self, message: dict[str, object]) -> None:
        match message:
            case {"event": "started", "pid": int(pid), "guardian": int(guardian)}:
                self.pid = pid
                self.guardian = guardian
                if not self._started.done():  # who waited for it was cancelled
                    self._started.set_result(pid)
            case {"event": "not_started", "text": str(text)}:
                if not self._started.done():
                    self._started.set_exception(StartError(text))
            case {"event": "exited", "status": int(status), "peak_kb": int(peak_kb)}:
                number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
                code = os.WEXITSTATUS(status) if number is None else None
                self._report_exit(Exit(code, number, peak_kb))
            case _:
                pass  # "gone": the closing socket says it again

    def _report_exit(self, exit: Exit) -> None:
        if not self._has_exited:
            self._has_exited = True
            self._on_exit(exit)

    def _close(self) -> None:
        self._loop.remove_reader(self._control.fileno())
        self._control.close()
        if not self._started.done():
            self._started.set_exception(StartError("the process that guards the environment ended"))
        # A guardian that was killed from inside tells nothing; its tree is being killed by the keeper.
        self._report_exit(Exit(None, signal.SIGKILL, 0))
        if not self._gone.done():
            self._gone.set_result(None)


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

    def run(self, command: Command, output_fd: int, on_exit: Callable[[Exit], None]) -> ProcessTree:
        """Starts the command with its stdout and stderr at `output_fd`, which the caller keeps and closes."""
        if self._process is None or self._process.poll() is not None:
            self.close()
            self.start()
        assert self._socket is not None
        ours, theirs = socket.socketpair()
        plan = {
            "command": command.arguments,
            "variables": dict(command.variables),
            "folder": str(command.folder),
            "limits": dict(command.limits),
            "framed_log": command.has_framed_log,
        }
        data = json.dumps(plan).encode()
        descriptors = array.array("i", [theirs.fileno(), output_fd])
        tree = ProcessTree(ours, on_exit)
        with theirs:
            head = len(data).to_bytes(4, "big")
            try:
                self._socket.sendmsg([head], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
                self._socket.sendall(data)
            except ConnectionError:
                pass  # the keeper died this instant: the tree's socket closes, and its start fails
        return tree

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
