"""One program to run, and how that went: the records that all who deal with processes share."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from lambdacli.model.record import record


class StartError(Exception):
    """The command could not be executed at all."""


class WallsRefused(Exception):
    """The kernel did not grant what a house or a room is made of."""

    def __init__(self, step: str, text: str) -> None:
        super().__init__(f"{step}: {text}" if step else text)
        self.step = step
        self.text = text


@record
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


@record
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
