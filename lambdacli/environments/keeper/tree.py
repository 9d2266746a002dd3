"""Processes below one process: found, stopped, killed, collected."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
import time

IS_LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SA_NOCLDSTOP = 1

if IS_LINUX:
    _libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    if IS_LINUX:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(number: int) -> None:
    if IS_LINUX:
        _libc.prctl(PR_SET_PDEATHSIG, number)


class ChildExits:
    """Becomes readable whenever a child ended. Not when one was stopped or went on, which happens to every
    function between its invocations."""

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        os.set_blocking(self._write_end, False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        if IS_LINUX:
            _ignore_stopped_children()
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)

    def fileno(self) -> int:
        return self._read_end

    def clear(self) -> None:
        try:
            os.read(self._read_end, 4096)
        except BlockingIOError:
            pass

    def close(self) -> None:
        """In a child, whose own children are its own affair."""
        signal.set_wakeup_fd(-1)
        os.close(self._read_end)
        os.close(self._write_end)


def fork_quietly() -> int:
    """A fork that runs none of the hooks of Python's libraries: they write to so much memory that it would no
    longer be shared. For guardians, which use none of these libraries."""
    if not IS_LINUX:
        return os.fork()
    pid: int = ctypes.PyDLL(None, use_errno=True).fork()
    if pid < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return pid


def run_fork_hooks() -> None:
    """What `fork_quietly` has left out, all of it in the child: none of the locks was held there."""
    if IS_LINUX:
        ctypes.pythonapi.PyOS_BeforeFork()
        ctypes.pythonapi.PyOS_AfterFork_Child()


class _SignalAction(ctypes.Structure):
    """As Linux's C libraries have it on 64 bits: the flags follow the mask."""

    _fields_ = [
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_ubyte * 128),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    ]


def _ignore_stopped_children() -> None:
    action = _SignalAction()
    if _libc.sigaction(signal.SIGCHLD, None, ctypes.byref(action)) == 0:
        action.flags |= SA_NOCLDSTOP
        _libc.sigaction(signal.SIGCHLD, ctypes.byref(action), None)


def kill_tree(root: int, and_itself: bool = False) -> None:
    """Kills every descendant. They are stopped first, again and again until no new one shows up: a stopped
    process cannot fork, so a fork bomb loses the race."""
    if not IS_LINUX:
        _kill_groups(root)
        return
    stopped = stop_tree(root, and_itself)
    for pid in stopped:
        send(pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not and_itself:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return  # nobody is left
        if pid == 0:
            for late in descendants_of(root):
                send(late, signal.SIGKILL)
            time.sleep(0.0005)


def stop_tree(root: int, and_itself: bool = False) -> set[int]:
    stopped: set[int] = set()
    for _ in range(1000):
        found = [pid for pid in descendants_of(root) if pid not in stopped]
        if and_itself and root not in stopped:
            found.append(root)
        if not found:
            break
        for pid in found:
            send(pid, signal.SIGSTOP)
            stopped.add(pid)
    return stopped


def continue_tree(root: int) -> None:
    for pid in descendants_of(root):
        send(pid, signal.SIGCONT)


def _kill_groups(root: int) -> None:
    """Without a subreaper (macOS): children are leaders of their own sessions, so their groups are killed.
    A descendant that made a session of its own escapes this; ARCHITECTURE.md says so."""
    signal_groups(root, signal.SIGKILL)
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


def signal_groups(root: int, number: int) -> None:
    for pid in children_of(root):
        try:
            os.killpg(pid, number)
        except (ProcessLookupError, PermissionError):
            pass


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def all_processes() -> list[int]:
    """Of this namespace, but the first."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and name != "1"]


def is_held(pid: int) -> bool:
    """Whether each of its threads stands still, or does so before its next step in its own program: one that
    waits for a disk stops only then."""
    try:
        for thread in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/status" % (pid, thread)) as file:
                if not _is_stopping(file.read()):
                    return False
    except (OSError, ValueError):
        pass  # it has ended
    return True


def _is_stopping(status: str) -> bool:
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    pending = int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)
    return fields["State"][0] in "TtZX" or bool(pending & (1 << (signal.SIGSTOP - 1)))


def descendants_of(root: int) -> list[int]:
    found: list[int] = []
    unseen = [root]
    while unseen:
        children = children_of(unseen.pop())
        found.extend(children)
        unseen.extend(children)
    return found


def children_of(pid: int) -> list[int]:
    """Direct children, of all of its threads."""
    if not IS_LINUX:
        listing = os.popen("/usr/bin/pgrep -P %d" % pid).read()
        return [int(line) for line in listing.split()]
    children: list[int] = []
    try:
        for thread in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/children" % (pid, thread)) as file:
                children.extend(int(child) for child in file.read().split())
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ESRCH):
            raise
    return children
