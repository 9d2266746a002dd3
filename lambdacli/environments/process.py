"""The only code of the service that starts processes: through the keeper, one guarded tree per
environment."""

from __future__ import annotations

import array
import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lambdacli.environments.command import Command, Exit, WallsRefused
from lambdacli.environments.keeper_socket import KeeperSocket, Message, settle
from lambdacli.environments.process_tree import ProcessTree

KEEPER = Path(__file__).with_name("keeper_program.py")


class House:
    """A process that forks guarded places of one kind: behind walls, or with modules loaded ahead, or
    both."""

    def __init__(self, connection: socket.socket) -> None:
        self.problem: WallsRefused | None = None
        self._wire = KeeperSocket(connection)
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
                settle(self._built)
            case {"event": "not_built", "step": str(step), "text": str(text)}:
                self.problem = WallsRefused(step, text)
                settle(self._built, self.problem)
            case {"event": "preloaded", "problem": str(problem)}:
                settle(self._preloaded, result=problem)
            case {"event": "preloaded"}:
                settle(self._preloaded)

    def _closed(self) -> None:
        settle(self._built, self.problem or WallsRefused("", "it ended"))
        settle(self._preloaded, result="it ended")
        settle(self._gone)


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
