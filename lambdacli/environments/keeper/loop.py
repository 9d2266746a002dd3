"""The loop of every process that forks guardians: the keeper itself, and the houses and templates it has
started.

The service has threads and an event loop, so it must not fork; these have neither. Their wire to the service
is a socket: when it closes, for whatever reason, they kill everything below them and go."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from . import tree, walls
from .guardian import Guardian
from .wire import failure, receive, tell

TEMPLATE_VARIABLE = "_LAM_TEMPLATE"


class Loop:
    def __init__(
        self,
        service: socket.socket,
        *,
        is_walled: bool,
        preload: Callable[[Sequence[Any]], str | None] | None = None,
    ) -> None:
        self._service = service
        self._is_walled = is_walled
        """Inside a house: each guardian becomes the first of a process namespace of its own."""
        self._preload = preload
        self._children: set[int] = set()

    def run(self) -> dict[str, Any]:
        """Returns in a forked main process only, with its plan (see Guardian.run)."""
        tree.adopt_orphans()
        # The service's end decides about our life; a ^C in its terminal is not for us.
        found_interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._exits = tree.ChildExits()
        gc.collect()
        gc.freeze()  # what our children share with us stays shared
        gc.disable()
        watched: list[Any] = [self._service, self._exits]
        while True:
            readable, _, _ = select.select(watched, [], [])
            if self._exits in readable:
                self._exits.clear()
                self._reap()
            if self._service not in readable:
                continue
            message, descriptors = receive(self._service)
            if message is None:
                tree.kill_tree(os.getpid())
                os._exit(0)
            plan = self._obey(message, descriptors)
            if plan is not None:
                gc.enable()
                signal.signal(signal.SIGINT, found_interrupt)
                return plan

    def _obey(self, message: dict[str, Any], descriptors: list[int]) -> dict[str, Any] | None:
        command = message["command"]
        if command == "open":
            return self._open(message["room"], descriptors)
        if command == "house":
            return self._house(message, descriptors[0])
        if command == "preload" and self._preload is not None:
            tell(self._service, {"event": "preloaded", "problem": self._preload(message["modules"])})
        return None

    def _open(self, room: dict[str, Any] | None, descriptors: list[int]) -> dict[str, Any] | None:
        control_fd, output_fd = descriptors
        own = None
        try:
            if self._is_walled:
                own = walls.new_process_namespace()
            pid = tree.fork_quietly()
        except (OSError, walls.WallError) as error:
            with socket.socket(fileno=control_fd) as control:
                tell(control, failure("not_ready", error))
            os.close(output_fd)
            return None
        if pid == 0:
            self._leave()
            if own is not None:
                os.close(own)
            return Guardian(socket.socket(fileno=control_fd), output_fd, room).run()
        if own is not None:
            walls.old_process_namespace(own)
        self._children.add(pid)
        os.close(control_fd)
        os.close(output_fd)
        return None

    def _house(self, message: dict[str, Any], descriptor: int) -> dict[str, Any] | None:
        """Starts a loop of its own, behind walls if there is a layout for them: as a fork of this one, or as
        the program of a language, which preloads modules and is then forked itself."""
        try:
            pid = os.fork()
        except OSError as error:
            with socket.socket(fileno=descriptor) as service:
                tell(service, failure("not_built", error))
            return None
        if pid:
            self._children.add(pid)
            os.close(descriptor)
            return None
        self._leave()
        tree.die_with_parent(signal.SIGKILL)
        return _live_in_house(message, socket.socket(fileno=descriptor))

    def _leave(self) -> None:
        """In a child, which has its own wire to the service."""
        self._service.close()
        self._exits.close()

    def _reap(self) -> None:
        """Collects ended children; whatever an ended guardian left behind is now ours, and is killed. So is
        what came to us from such an orphan, which may end by itself between two looks."""
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            self._children.discard(pid)
        if self._is_walled:
            return  # a guardian's namespace has ended with it
        for pid in tree.children_of(os.getpid()):
            if pid not in self._children:
                tree.kill_tree(pid, and_itself=True)


def _live_in_house(message: dict[str, Any], service: socket.socket) -> dict[str, Any]:
    is_walled = message["layout"] is not None
    try:
        if is_walled:
            _put_up_walls(message, service)
        if message["program"] is not None:
            _execute_template(message, service)
    except (OSError, walls.WallError) as error:
        tell(service, failure("not_built", error))
        os._exit(1)
    tell(service, {"event": "built"})
    return Loop(service, is_walled=is_walled).run()


def _put_up_walls(message: dict[str, Any], service: socket.socket) -> None:
    """Returns in the first process of the house's namespace."""
    walls.put_up_house(message["layout"], message["scaffold"], message["uid_base"])
    tree.die_with_parent(signal.SIGKILL)  # another user's process: the kernel has forgotten it
    first = os.fork()
    if first:
        service.close()
        _wait_for(first)
    tree.die_with_parent(signal.SIGKILL)
    walls.show_own_processes()


def _wait_for(first: int) -> NoReturn:
    """The parent of a namespace's first process has nothing else to do; it lives as long as that one."""
    gc.disable()
    while True:
        try:
            os.waitpid(first, 0)
            os._exit(0)
        except InterruptedError:
            continue


def _execute_template(message: dict[str, Any], service: socket.socket) -> NoReturn:
    """What modules print when they are loaded goes to a file in memory: who prints is not preloaded."""
    said = os.memfd_create("said")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.set_inheritable(service.fileno(), True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    os.umask(0o022)
    os.chdir(message["folder"])
    template = json.dumps({"socket": service.fileno(), "is_walled": message["layout"] is not None})
    os.execve(
        message["program"][0], message["program"], {**message["variables"], TEMPLATE_VARIABLE: template}
    )


def main() -> None:
    Loop(socket.socket(fileno=int(sys.argv[1])), is_walled=False).run()
