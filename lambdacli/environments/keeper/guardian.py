"""One guardian per environment: starts its main process, reports its end, freezes and thaws, and kills all of
its processes when told, or when the service is gone.

Inside walls it is the first process of the environment's process namespace: it adopts every orphan, reaches
every process with one call, and none outlives it. Outside it is a subreaper and has to look for them."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from . import network, tree, walls
from .wire import FREEZE, STANDBY_FD, THAW, failure, receive, tell

FRAMED_LOG_FD = 62
OUT_OF_THE_WAY = 200
SAID_BYTES = 1 << 20
"""More than any list of modules; whoever says more is not our bootstrap."""
SETTLE_SECONDS = 0.05
"""After a freeze, before a look at whether all stand still: not at all between quick invocations, nor in the
pauses of a limited share of the processors."""
FREEZE_TRIES = 20


class Ends(NamedTuple):
    """What a main process has of its guardian until its own first step."""

    failures: int
    go: int
    standby: socket.socket | None


class Guardian:
    def __init__(self, control: socket.socket, output_fd: int, room: dict[str, Any] | None) -> None:
        self._control = control
        self._output_fd = output_fd
        self._room = room
        self._is_walled = room is not None
        self._main: int | None = None
        self._go: int | None = None
        """Writing to it, or closing it, lets a held process go on."""
        self._standby: socket.socket | None = None
        self._said = b""
        self._failures: int | None = None
        self._is_freeze_unseen = False
        self._is_told_to_end = False

    def run(self) -> dict[str, Any]:
        """Returns in the main process only, and only when that is to go on as a fork of this one: with its
        plan. The guardian itself never comes back."""
        descriptors = self._move_in()
        self._exits = tree.ChildExits()
        tell(self._control, {"event": "ready", "guardian": os.getpid()}, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)  # the service's now: nothing that is started here gets to see them
        while not self._is_told_to_end:
            plan = self._take_turn()
            if plan is not None:
                return plan
        self._kill_all()
        tell(self._control, {"event": "gone"})
        os._exit(0)

    def _move_in(self) -> list[int]:
        """Returns what the service needs of the room."""
        try:
            if self._room is not None:
                descriptors = walls.put_up_room(self._room)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                return descriptors
            tree.adopt_orphans()
            # Its parent is gone: the service is going too. SIGTERM is turned into the sweep at the end.
            tree.die_with_parent(signal.SIGTERM)
            signal.signal(signal.SIGTERM, lambda number, frame: self._end())
            return []
        except (walls.WallError, OSError) as error:
            tell(self._control, failure("not_ready", error))
            os._exit(0)

    def _end(self) -> None:
        self._is_told_to_end = True

    def _take_turn(self) -> dict[str, Any] | None:
        """Whatever comes next; a plan in the main process only."""
        watched: list[Any] = [self._control, self._exits]
        if self._standby is not None:
            watched.append(self._standby)
        patience = SETTLE_SECONDS if self._is_freeze_unseen else None
        readable, _, _ = select.select(watched, [], [], patience)
        if not readable:
            self._see_that_all_stand_still()
        if self._exits in readable:
            self._exits.clear()
            self._reap()
        if self._standby is not None and self._standby in readable:
            self._read_standby()
        return self._hear() if self._control in readable else None

    def _hear(self) -> dict[str, Any] | None:
        message, given = receive(self._control)
        if message == FREEZE:
            self._freeze()
        elif message == THAW:
            self._thaw()
        elif message is None or message["command"] == "end":
            self._end()
        else:
            return self._obey(message, given)
        return None

    def _obey(self, message: dict[str, Any], given: list[int]) -> dict[str, Any] | None:
        command = message["command"]
        if command == "start":
            try:
                return self._start(message, given)
            finally:
                for descriptor in given:
                    os.close(descriptor)
        if command == "go":
            self._let_go()
        elif command == "kill":
            self._kill_all()
            tell(self._control, {"event": "killed"})
        return None

    # The main process

    def _start(self, plan: dict[str, Any], given: list[int]) -> dict[str, Any] | None:
        """Forks it; a failure to do so, or to execute its program, is told. What is given: its stdin, and
        namespaces that it is to enter."""
        failure_read, failure_write = os.pipe()
        go_read, go_write = os.pipe()
        ours = theirs = None
        if plan["has_standby"]:
            ours, theirs = socket.socketpair()
        try:
            pid = tree.fork_quietly()
        except OSError as error:
            tell(self._control, failure("not_started", error))
            for descriptor in (failure_read, failure_write, go_read, go_write):
                os.close(descriptor)
            return None
        if pid == 0:
            os.close(failure_read)
            os.close(go_write)
            return self._go_on_as_main(plan, Ends(failure_write, go_read, theirs), given)
        os.close(failure_write)
        os.close(go_read)
        self._main, self._go, self._failures = pid, go_write, failure_read
        if theirs is not None:
            theirs.close()
            self._standby = ours
        if not plan["is_held"]:
            self._let_go()
        return None

    def _let_go(self) -> None:
        if self._go is None:
            return
        # Where it does not wait, or has ended, which is told as its exit, nobody listens.
        with contextlib.suppress(OSError):
            os.write(self._go, b"g")
        if self._standby is not None:
            with contextlib.suppress(OSError):
                self._standby.send(b"g")
        os.close(self._go)
        self._go = None
        assert self._failures is not None
        with os.fdopen(self._failures, "rb") as pipe:
            report = pipe.read()
        self._failures = None
        if self._main is None:
            tell(self._control, failure("not_started", OSError(errno.ESRCH, "it ended while it was held")))
        elif report:
            os.waitpid(self._main, 0)
            self._main = None
            tell(self._control, json.loads(report.decode()))
        else:
            tell(self._control, {"event": "started", "pid": self._main})

    def _go_on_as_main(self, plan: dict[str, Any], ends: Ends, given: Sequence[int]) -> dict[str, Any]:
        """In the child: executes the program, or returns as a fork with its plan."""
        ends = Ends(moved_away(ends.failures), moved_away(ends.go), ends.standby)
        try:
            if plan["program"] is None:
                tree.run_fork_hooks()
            self._leave_guardian()
            self._arrange_descriptors(plan, ends, given)
            for name, (soft, hard) in plan["limits"].items():
                lower_limit(getattr(resource, name), soft, hard)
            os.umask(0o022)
            if plan["program"] is not None:
                execute(plan, ends.go)
            os.close(ends.failures)
            plan["go"] = ends.go  # it does what it can before it waits there
            return plan
        except (OSError, walls.WallError) as error:
            os.write(ends.failures, json.dumps(failure("not_started", error)).encode())
            os._exit(127)
        except BaseException:
            os._exit(127)

    def _leave_guardian(self) -> None:
        os.setsid()
        if not self._is_walled:
            tree.die_with_parent(signal.SIGKILL)
        self._exits.close()
        self._control.close()
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        if self._is_walled:
            walls.give_up_privileges()

    def _arrange_descriptors(self, plan: dict[str, Any], ends: Ends, given: Sequence[int]) -> None:
        """Each stands at the number at which the program looks for it."""
        output = moved_away(self._output_fd)
        standby = None if ends.standby is None else moved_away(ends.standby.detach())
        os.chdir(plan["folder"])
        stdin = given[0] if given else os.open(os.devnull, os.O_RDONLY)
        os.dup2(stdin, 0)
        if not given and stdin:
            os.close(stdin)
        for namespace in given[1:]:
            network.enter(namespace)
        shown = [1, 2, *((FRAMED_LOG_FD,) if plan["framed_log"] else ())]
        for target in shown:
            os.dup2(output, target)
        os.close(output)
        if standby is not None:
            os.dup2(standby, STANDBY_FD)
            os.close(standby)
            shown.append(STANDBY_FD)
        if plan["program"] is not None:
            close_others([*shown, ends.failures, ends.go])

    def _read_standby(self) -> None:
        """What a runtime says of itself: that it waits (one byte), and later a line with what to load
        ahead."""
        assert self._standby is not None
        try:
            data = self._standby.recv(1 << 20)
        except OSError:
            data = b""
        self._said += data
        if data and b"\n" not in self._said and len(self._said) <= SAID_BYTES:
            return
        line, self._said = self._said.lstrip(b"r"), b""
        self._standby.close()
        self._standby = None
        # The function itself may have found the descriptor and written to it: anything may come.
        try:
            preload = json.loads(line.decode())["preload"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return
        if isinstance(preload, list):
            tell(self._control, {"event": "recorded", "preload": preload})

    # All of its processes

    def _freeze(self) -> None:
        self._is_freeze_unseen = tree.IS_LINUX
        if self._is_walled:
            tree.send(-1, signal.SIGSTOP)
        elif tree.IS_LINUX:
            tree.stop_tree(os.getpid())
        else:
            tree.signal_groups(os.getpid(), signal.SIGSTOP)

    def _thaw(self) -> None:
        self._is_freeze_unseen = False
        if self._is_walled:
            tree.send(-1, signal.SIGCONT)
        elif tree.IS_LINUX:
            tree.continue_tree(os.getpid())
        else:
            tree.signal_groups(os.getpid(), signal.SIGCONT)

    def _see_that_all_stand_still(self) -> None:
        """Processes that send each other SIGCONT without end can slip through: one that is about to be
        stopped wakes one that was. Whoever cannot be stopped is ended."""
        self._is_freeze_unseen = False
        seen_still = 0
        for _ in range(FREEZE_TRIES):
            members = tree.all_processes() if self._is_walled else tree.descendants_of(os.getpid())
            is_still = True
            for pid in members:
                if self._is_told():
                    return  # it goes on already, or ends
                is_still = is_still and tree.is_held(pid)
            seen_still = seen_still + 1 if is_still else 0
            if seen_still == 2:  # at the first look, one that was passed already may have been woken
                return
            if not is_still:
                self._freeze()
                self._is_freeze_unseen = False
        if self._is_walled:
            tree.send(-1, signal.SIGKILL)
            return
        for pid in tree.stop_tree(os.getpid()):
            tree.send(pid, signal.SIGKILL)

    def _is_told(self) -> bool:
        return bool(select.select([self._control.fileno()], [], [], 0)[0])

    def _kill_all(self) -> None:
        """Returns when none is left."""
        self._main = None
        self._is_freeze_unseen = False  # whoever comes next was not frozen
        for descriptor in (self._go, self._failures):
            if descriptor is not None:
                os.close(descriptor)
        self._go = self._failures = None
        if self._standby is not None:
            self._standby.close()
            self._standby = None
        if not self._is_walled:
            tree.kill_tree(os.getpid())
            return
        tree.send(-1, signal.SIGKILL)
        try:
            while True:
                os.waitpid(-1, 0)
        except ChildProcessError:
            pass

    def _reap(self) -> None:
        """Collects ended processes; the end of the main one is told."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._main:
                self._main = None
                peak_kb = usage.ru_maxrss if sys.platform == "linux" else usage.ru_maxrss // 1024
                tell(self._control, {"event": "exited", "status": status, "peak_kb": peak_kb})


def execute(plan: dict[str, Any], go: int) -> NoReturn:
    """Its first step is the program's, when it is told to go; one that holds itself does so without."""
    if not plan["holds_itself"] and not os.read(go, 1):
        os._exit(0)  # nobody needs it any more
    os.close(go)
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execve(plan["program"][0], plan["program"], plan["variables"])


def moved_away(descriptor: int) -> int:
    """The same at a number that no program expects anything at; not for programs to come."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, OUT_OF_THE_WAY)
    os.close(descriptor)
    return moved


def close_others(kept: Sequence[int]) -> None:
    """Closes everything but stdin and the kept descriptors."""
    low = 3
    for descriptor in sorted({*kept}):
        if descriptor > low:
            os.closerange(low, descriptor)
        low = max(low, descriptor + 1)
    ceiling = os.sysconf("SC_OPEN_MAX")
    os.closerange(low, max(low, ceiling if ceiling > 0 else 4096))


def lower_limit(number: int, soft: int, hard: int) -> None:
    """Sets a limit, never above what this process was given itself."""
    _, ceiling = resource.getrlimit(number)
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(number, (soft, hard))
