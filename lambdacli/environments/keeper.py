"""A program of its own that starts environments and makes sure that none of their processes outlives the
service.

The service has threads and an event loop, so it must not fork; this process has neither. For each environment
it forks a *guardian*, which adopts whatever its processes leave behind (PR_SET_CHILD_SUBREAPER), so that a
child that forked twice or called setsid is still found and killed. The wire between service and guardian is
one socket: when it closes, for whatever reason, the guardian kills everything below it. A guardian that is
itself killed leaves orphans; they come to the keeper, which kills them.

Standard library only; run by path as `python -I -S keeper.py FD`, never imported by the service.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import errno
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from typing import Any

IS_LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
FRAMED_LOG_FD = 62

Plan = dict[str, Any]

if IS_LINUX:
    _libc = ctypes.CDLL(None, use_errno=True)


def main(service_fd: int) -> None:
    service = socket.socket(fileno=service_fd)
    adopt_orphans()
    # The service's end decides about our life; a ^C in its terminal is not for us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wake = child_exit_pipe()
    gc.collect()
    gc.freeze()  # what guardians share with us stays shared
    guardians: set[int] = set()
    while True:
        readable, _, _ = select.select([service.fileno(), wake], [], [])
        if wake in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
            reap_guardians(guardians)
        if service.fileno() in readable:
            message, descriptors = receive(service)
            if message is None:
                kill_tree(os.getpid())
                return
            try:
                pid = os.fork()
            except OSError as error:
                with socket.socket(fileno=os.dup(descriptors[0])) as control:
                    tell(control, not_started(error))
                pid = None
            if pid == 0:
                service.close()
                guard(message, descriptors)
                os._exit(0)
            if pid is not None:
                guardians.add(pid)
            for descriptor in descriptors:
                os.close(descriptor)


def reap_guardians(guardians: set[int]) -> None:
    """Collects ended children; whatever an ended guardian left behind is now ours, and is killed. So is what
    came to us from such an orphan, which may end by itself between two looks."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid == 0:
            break
        guardians.discard(pid)
    for pid in children_of(os.getpid()):
        if pid not in guardians:
            kill_tree(pid, and_itself=True)


# One guardian


def guard(plan: Plan, descriptors: list[int]) -> None:
    """Starts the environment's process, reports its end, and kills the whole tree when told or when alone."""
    control = socket.socket(fileno=descriptors[0])
    output_fd = descriptors[1]
    adopt_orphans()
    if IS_LINUX:
        # The keeper is gone: the service is going too. SIGTERM is turned into the sweep below.
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    told_to_end: list[bool] = []
    signal.signal(signal.SIGTERM, lambda number, frame: told_to_end.append(True))
    wake = child_exit_pipe()
    try:
        pid = start(plan, output_fd)
    except OSError as error:
        tell(control, not_started(error))
        return
    os.close(output_fd)
    tell(control, {"event": "started", "pid": pid, "guardian": os.getpid()})
    main_is_alive = True
    while not told_to_end:
        readable, _, _ = select.select([control.fileno(), wake], [], [])
        if wake in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
            main_is_alive = reap(control, pid, main_is_alive)
        if control.fileno() in readable:
            message, _ = receive(control)
            if message is None or message["command"] == "end":
                break
            if message["command"] == "signal":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, message["number"])
    kill_tree(os.getpid())
    reap(control, pid, main_is_alive)
    tell(control, {"event": "gone"})


def start(plan: Plan, output_fd: int) -> int:
    """Forks and executes the plan's command; an exec that fails is raised here, in the parent."""
    failure_read, failure_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            if IS_LINUX:
                _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.set_wakeup_fd(-1)
            os.chdir(plan["folder"])
            failure = move_up(failure_write)
            output = move_up(output_fd)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            kept = [2]
            if plan["framed_log"]:
                os.dup2(output, FRAMED_LOG_FD)
                kept.append(FRAMED_LOG_FD)
            close_others(kept, failure)
            for name, (soft, hard) in plan["limits"].items():
                lower_limit(getattr(resource, name), soft, hard)
            os.umask(0o022)
            os.execve(plan["command"][0], plan["command"], plan["variables"])
        except OSError as error:
            os.write(failure, json.dumps([error.errno, error.strerror]).encode())
        finally:
            os._exit(127)
    os.close(failure_write)
    with os.fdopen(failure_read, "rb") as pipe:
        report = pipe.read()
    if report:
        os.waitpid(pid, 0)
        number, text = json.loads(report)
        raise OSError(number, text)
    return pid


def move_up(descriptor: int) -> int:
    """A copy far above the descriptors that the child is about to set up; closed by exec."""
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 200)


def close_others(kept: list[int], failure: int) -> None:
    """Closes everything above stderr but the kept descriptors and the close-on-exec failure pipe."""
    low = 3
    for descriptor in sorted({*kept, failure}):
        if descriptor > low:
            os.closerange(low, descriptor)
        low = max(low, descriptor + 1)
    os.closerange(low, max(low, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") > 0 else 4096))


def lower_limit(number: int, soft: int, hard: int) -> None:
    """Sets a limit, never above what this process was given itself."""
    _, ceiling = resource.getrlimit(number)
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(number, (soft, hard))


def reap(control: socket.socket, main_pid: int, main_is_alive: bool) -> bool:
    """Collects ended processes; the end of the main one is told. Returns whether that one still lives."""
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return main_is_alive
        if pid == 0:
            return main_is_alive
        if pid == main_pid:
            main_is_alive = False
            peak_kb = usage.ru_maxrss if IS_LINUX else usage.ru_maxrss // 1024
            tell(control, {"event": "exited", "status": status, "peak_kb": peak_kb})


# Killing without leaving anybody


def kill_tree(root: int, and_itself: bool = False) -> None:
    """Kills every descendant. They are stopped first, again and again until no new one shows up: a stopped
    process cannot fork, so a fork bomb loses the race."""
    if not IS_LINUX:
        kill_tree_by_groups(root)
        return
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


def kill_tree_by_groups(root: int) -> None:
    """Without a subreaper (macOS): children are leaders of their own sessions, so their groups are killed.
    A descendant that made a session of its own escapes this; ARCHITECTURE.md says so."""
    for pid in children_of(root):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


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
        listing = os.popen(f"/usr/bin/pgrep -P {pid}").read()
        return [int(line) for line in listing.split()]
    children: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                children.extend(int(child) for child in file.read().split())
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ESRCH):
            raise
    return children


# Plumbing


def adopt_orphans() -> None:
    if IS_LINUX:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)


def child_exit_pipe() -> int:
    """A descriptor that becomes readable whenever a child ended."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    os.set_blocking(write_end, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    return read_end


def receive(connection: socket.socket) -> tuple[Plan | None, list[int]]:
    """One message with its descriptors, or (None, []) when the other end is gone. A message is four bytes of
    length, big endian, and that much JSON; descriptors travel with the length."""
    try:
        head, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_SPACE(8 * 4))
        descriptors = array.array("i")
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(payload[: len(payload) - len(payload) % descriptors.itemsize])
        head += receive_exactly(connection, 4 - len(head))
        return json.loads(receive_exactly(connection, int.from_bytes(head, "big"))), list(descriptors)
    except (ConnectionError, EOFError):
        return None, []


def receive_exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def not_started(error: OSError) -> dict[str, object]:
    return {"event": "not_started", "errno": error.errno, "text": error.strerror}


def tell(connection: socket.socket, message: dict[str, object]) -> None:
    data = json.dumps(message).encode()
    with contextlib.suppress(OSError):
        connection.sendall(len(data).to_bytes(4, "big") + data)


if __name__ == "__main__":
    main(int(sys.argv[1]))
