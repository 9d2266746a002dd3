"""What an environment lives in: walls, an address, a log stream, and its processes up to their first step. It
can be made ready before the environment is needed."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from lambdacli import runtimes
from lambdacli.environments.command import Command, Exit
from lambdacli.environments.houses import Lease
from lambdacli.environments.keeper.wire import STANDBY_FD
from lambdacli.environments.placement import Placement
from lambdacli.environments.runtime_api import RuntimeApi
from lambdacli.environments.sandbox.base import Sandbox
from lambdacli.environments.sandbox.own_network import RUNTIME_API, OwnNetwork
from lambdacli.environments.variables import environment_variables
from lambdacli.model.record import record
from lambdacli.runtimes.base import InvalidEntrypoint, Start, StartPlan

STANDBY_VARIABLE = "_LAM_STANDBY_FD"
PLACES_VARIABLE = "_LAM_PLACES"
"""What our own bootstraps are told, and take out before user code runs."""
DEBUG_HOST, DEBUG_PORT = "127.0.0.1", 5678
"""Inside, where the debugger of an environment listens; editors come to its function's door."""


@record
class Site:
    """How one function is started on this machine, and what its walls call its folders."""

    placement: Placement
    start: Start
    seen: Mapping[str, str]
    """From folders on disk to what the environment calls them; empty where it sees them as they are."""

    def plan(self) -> StartPlan:
        """InvalidEntrypoint when the function has nothing to start."""
        plan = runtimes.module_of(self.start.runtime).plan(self.start)
        return replace(
            plan,
            arguments=tuple(self.told(argument) for argument in plan.arguments),
            variables={name: self.told(value) for name, value in plan.variables.items()},
            private_variables={name: self.told(value) for name, value in plan.private_variables.items()},
        )

    def template_program(self) -> str | None:
        """The interpreter whose forks the environments can be, if there is one."""
        try:
            plan = self.plan()
        except InvalidEntrypoint:
            return None  # the environment's to tell
        return plan.arguments[0] if plan.can_be_forked else None

    def told(self, text: str) -> str:
        """A text with folders in it, as the environment sees them; in JSON too."""
        for root, name in self.seen.items():
            for written in {root, json.dumps(root)[1:-1]}:
                if text == written:
                    return name
                for behind in ("/", ":", '"'):
                    text = text.replace(written + behind, name + behind)
                if text.endswith(written):
                    text = text.removesuffix(written) + name
        return text

    def variables(
        self, plan: StartPlan, *, temporary: Path | None, runtime_api: str | None, log_stream: str | None
    ) -> dict[str, str]:
        return environment_variables(
            self.placement,
            self.start.runtime,
            plan,
            task_root=self.folder,
            runtime_root=self.told(str(self.start.runtime_root)),
            opt_root=self.told(str(self.start.opt_root)),
            temporary=None if temporary is None else str(temporary),
            runtime_api=runtime_api,
            log_stream=log_stream,
        )

    @property
    def is_empty(self) -> bool:
        """Walls that are put up now have no code folder to show, and will never show it."""
        return bool(self.seen) and not self.start.task_root.is_dir()

    @property
    def folder(self) -> str:
        return self.told(str(self.start.task_root))

    def template(self) -> Command:
        """The program whose forks the environments are to be."""
        plan = self.plan()
        return Command(
            arguments=plan.arguments,
            variables=self.variables(plan, temporary=None, runtime_api=None, log_stream=None),
            folder=Path(self.folder),
        )


class Berth:
    def __init__(
        self,
        site: Site,
        sandbox: Sandbox,
        api: RuntimeApi,
        lease: Lease,
        stream_name: str,
        temporary: Path | None,
        network: OwnNetwork | None = None,
        notices: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        """In a network of its own the walls put its listener."""
        self.sandbox = sandbox
        self.api = api
        self.stream_name = stream_name
        self.start_kind = "spawned"
        self._site = site
        self._is_empty = site.is_empty
        self._lease = lease
        self._temporary = temporary
        self._network = network
        self._debugger_port: int | None = None
        self._notices = notices
        self._address = ""
        self._opening: asyncio.Task[None] | None = None
        self._processes = 0
        self._prepared: tuple[StartPlan, Command] | None = None

    async def open(self) -> None:
        """Its walls and its address; once, whoever asks."""
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())
        await asyncio.shield(self._opening)

    async def _open(self) -> None:
        self._address = await self.api.open() if self._network is None else "{}:{}".format(*RUNTIME_API)
        await self.sandbox.open(self._address)

    async def prepare(self) -> None:
        """Ahead of need: everything up to the first step of its program."""
        await self.open()
        plan = self._site.plan()
        command = self._command(plan)
        self.sandbox.prepare(command)
        self._prepared = plan, command

    def plan(self) -> StartPlan:
        """InvalidEntrypoint when the function has nothing to start."""
        return self._site.plan() if self._prepared is None else self._prepared[0]

    async def start(self, plan: StartPlan, on_exit: Callable[[Exit], None]) -> None:
        """Its first program, or the next after a failure."""
        command = self._command(plan) if self._prepared is None else self._prepared[1]
        self._prepared = None
        self._processes += 1
        await self.sandbox.start(command, on_exit)

    def notices(self) -> tuple[str, ...]:
        """What is not as the function's settings ask; known when it is open."""
        return self._notices()

    async def dial_debugger(self) -> socket.socket:
        """A connection to where its program listens for a debugger; OSError when it does not."""
        if self._network is not None:
            return await self._network.dial((DEBUG_HOST, DEBUG_PORT))
        dial = socket.socket()
        try:
            dial.setblocking(False)
            await asyncio.get_running_loop().sock_connect(dial, self._debugger_address())
        except BaseException:
            dial.close()
            raise
        return dial

    def _debugger_address(self) -> tuple[str, int]:
        """On an address of its own it can have the same port as every other; else one that is free."""
        host = self._address.rpartition(":")[0]
        if self._debugger_port is None:
            self._debugger_port = (
                DEBUG_PORT if host != DEBUG_HOST or self._network is not None else _free_port()
            )
        return host, self._debugger_port

    @property
    def is_lost(self) -> bool:
        """Its guardian was killed, or its walls show an empty place for a folder that had vanished."""
        return self.sandbox.is_lost() or self._is_empty

    @property
    def is_outdated(self) -> bool:
        """Its template has gone, or has loaded more since."""
        return self._lease.is_outdated

    async def close(self) -> None:
        if self._opening is not None:
            await asyncio.wait({self._opening})
        await self.api.close()
        await self.sandbox.close()
        self._lease.release()

    def _command(self, plan: StartPlan) -> Command:
        is_fork = self._lease.is_template and plan.can_be_forked
        holds_itself = plan.holds_itself and self._processes == 0
        records = (is_fork or plan.holds_itself) and self._lease.wants_record
        private = dict(plan.private_variables)
        if self._site.placement.debugging is not None:
            host, port = self._debugger_address()
            told = {"host": host, "port": port, "waits": self._site.placement.debugging.waits}
            told["folders"] = [self._site.told(str(each)) for each in self._site.placement.debugger_folders]
            private[PLACES_VARIABLE] = json.dumps({**json.loads(private[PLACES_VARIABLE]), "debugger": told})
        if records or holds_itself:
            document = json.loads(private[PLACES_VARIABLE])
            told = {"record": records, "preload": self._lease.known_preload() if holds_itself else []}
            private[PLACES_VARIABLE] = json.dumps({**document, **told})
        self.start_kind = "forked" if is_fork else "spawned"
        variables = self._site.variables(
            replace(plan, private_variables=private),
            temporary=self._temporary,
            runtime_api=self._address,
            log_stream=self.stream_name,
        )
        if holds_itself:
            variables[STANDBY_VARIABLE] = str(STANDBY_FD)
        return Command(
            arguments=None if is_fork else plan.arguments,
            variables=variables,
            folder=Path(self._site.folder),
            has_framed_log=plan.has_framed_log,
            has_standby=records or holds_itself,
            holds_itself=holds_itself,
        )


def _free_port() -> int:
    with socket.create_server((DEBUG_HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
