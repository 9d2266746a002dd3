"""Builds the service, serves, drains and closes: the one place where the rooms are wired together."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import gc
import json
import logging
import os
import resource
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lambdacli import __version__
from lambdacli.api.control.routes import Control, ControlContext
from lambdacli.api.control.settings_shown import SettingsShown
from lambdacli.api.dispatch import Api
from lambdacli.api.operations.context import Context
from lambdacli.api.shapes import load_model
from lambdacli.engine.concurrency import Ledger
from lambdacli.engine.events import EventQueue
from lambdacli.engine.invoker import Invoker
from lambdacli.engine.provisioning import Provisioner
from lambdacli.environments.environment import Environment
from lambdacli.environments.fleet import Fleet
from lambdacli.environments.launcher import Launcher
from lambdacli.environments.placement import Placement
from lambdacli.environments.process import Keeper
from lambdacli.environments.sandbox.grants import grants as grants_of_walls
from lambdacli.model import limits
from lambdacli.model.arn import FunctionKey
from lambdacli.model.environment import EnvironmentDescription
from lambdacli.model.function import Function
from lambdacli.model.grant import Grant
from lambdacli.project.config import Project
from lambdacli.project.schema import SERVICES
from lambdacli.service import grants
from lambdacli.service.clock import SystemClock
from lambdacli.service.door import DoorSettings, caller_of, refuse_connection
from lambdacli.service.gateway import Gateway
from lambdacli.service.journal import Journal, configure
from lambdacli.service.layers import Layers
from lambdacli.service.placements import Placements, account_of_access_key
from lambdacli.service.project_sync import ProjectSync
from lambdacli.service.settings import (
    DEFAULT_PORT,
    IDLE_EXIT_MINUTES,
    Settings,
    parse_arguments,
    pool_limits,
)
from lambdacli.store.aliases import AliasStore
from lambdacli.store.code import CodeStore
from lambdacli.store.database import DatabaseTooNewError, open_database
from lambdacli.store.functions import FunctionStore
from lambdacli.store.settings import SettingStore
from lambdacli.telemetry.logs import LogBook
from lambdacli.wire.http import Answer, HttpServer, Request, Response
from lambdacli.wire.relay import Relay

logger = logging.getLogger("lam.service")

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"
HOST = "127.0.0.1"
PORTS_TRIED = 100
DRAIN_SECONDS = limits.TIMEOUT_SECONDS_MAXIMUM + 60.0
"""Longer than any invocation may take."""
DESCRIPTORS_WANTED = 65_536
IDLE_LOOK_SECONDS = 15.0
LOG_DAYS = 30
"""AWS keeps logs for ever unless told otherwise; a laptop's disk is not for that."""


class StartFailure(Exception):
    """The service cannot start; the text is for the person who started it."""


def main(arguments: list[str]) -> int:
    settings = parse_arguments(arguments)
    journal = Journal()
    configure(journal)
    try:
        with _only_instance(settings.state):
            _raise_descriptor_limit()
            with asyncio.Runner(loop_factory=_new_event_loop) as runner:
                runner.run(Service(settings, journal).run())
    except StartFailure as failure:
        sys.stderr.write(f"error: {failure}\n")
        return 1
    return 0


class Service:
    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._clock = SystemClock()
        self._started_at = datetime.now(UTC)
        self._endpoint = ""
        self._are_doors_closed = False
        self._stop = asyncio.Event()
        self._cut = asyncio.Event()
        self._active_at = self._clock.monotonic()

    async def run(self) -> None:
        async with self._built():
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._signalled)
            self._watch_idleness()
            # What is here now stays: a collection need not look through it again.
            gc.collect()
            gc.freeze()
            await self._stop.wait()
            logger.info("stopping; running invocations finish")

    @asynccontextmanager
    async def _built(self) -> AsyncIterator[None]:
        """Starts everything, yields, and leaves in reverse: 1 the doors close and running requests end, 2
        accepted events have their attempt, 3 what was answered comes to its REPORT, 4 environments end, 5 the
        keeper goes, 6 files are closed, 7 the record goes: while it is there, others know of our draining."""
        settings = self._settings
        async with AsyncExitStack() as stack:
            stack.callback(_record(settings.state).unlink, missing_ok=True)
            database = stack.enter_context(contextlib.closing(_open_database(settings.state / "lam.db")))
            self._functions = FunctionStore(database, self._function_changed)
            self._aliases = AliasStore(database, self._provisioning_changed)
            self._function_settings = SettingStore(database, self._provisioning_changed)
            self._code = CodeStore(settings.state / "code")
            self._logs = LogBook(settings.state / "logs")
            self._ledger = Ledger()

            keeper = stack.enter_context(contextlib.closing(Keeper()))
            keeper.start()
            self._launcher = Launcher(
                settings.state,
                keeper,
                self._clock,
                lambda peer, uid: refuse_connection(
                    peer, replace(self._door, uid=uid, environment_uids=None)
                ),
                settings.walls,
                self._door_inside,
            )
            self._launcher.prepare()
            await self._launcher.find_walls()
            stack.push_async_callback(self._launcher.close)
            layers = Layers(settings.state / "opt", self._code)
            self._placements = Placements(self._code, layers, settings.cache, keeper)
            self._tidy_up(layers)

            def make(placement: Placement, on_change: Callable[[Environment], None]) -> Environment:
                return Environment(placement, self._launcher, self._logs, on_change)

            self._fleet = Fleet(make, pool_limits(None), self._clock)
            stack.push_async_callback(self._fleet.close)
            stack.push_async_callback(self._unless_cut, self._fleet.settle)
            self._provisioner = Provisioner(
                self._functions,
                self._aliases,
                self._function_settings,
                self._fleet,
                self._ledger,
                self._placements.place,
            )
            stack.push_async_callback(self._provisioner.close)
            self._reservations_changed()
            self._sync = self._project_sync()
            if self._sync is not None:
                self._sync.read()
            self._invoker = Invoker(self._fleet, self._ledger, self._placements.place, self._placements.ready)
            self._events = EventQueue(self._invoker)
            stack.push_async_callback(self._unless_cut, self._events.drain)
            if self._sync is not None:
                self._sync.start_watching()
                stack.callback(self._sync.stop_watching)

            await self._open_doors(stack)
            self._provisioner.start()
            yield
            self._logs.end_followers()

    @property
    def _door(self) -> DoorSettings:
        settings = self._settings
        return DoorSettings(
            uid=os.getuid(),
            anonymous=settings.anonymous,
            allow_other_users=settings.allow_other_users,
            environment_uids=self._launcher.environment_uids,
        )

    def _tidy_up(self, layers: Layers) -> None:
        """What a former service left that nobody can need any more; nothing runs yet."""
        layers.forget_all()
        self._code.collect_garbage(self._functions.code_in_use())
        self._logs.forget_before(time.time() - LOG_DAYS * 86_400)

    # The project

    @property
    def _project(self) -> Project | None:
        return None if self._sync is None else self._sync.project

    @property
    def _account(self) -> str:
        return self._project.account if self._project else DEFAULT_ACCOUNT

    @property
    def _region(self) -> str:
        return self._project.region if self._project else DEFAULT_REGION

    @property
    def _account_concurrency(self) -> int:
        return self._project.account_concurrency if self._project else limits.ACCOUNT_CONCURRENCY

    def _project_sync(self) -> ProjectSync | None:
        if self._settings.project is None:
            return None
        return ProjectSync(
            self._settings.project,
            self._functions,
            self._code,
            self._clock,
            on_code_change=self._code_changed,
            on_synced=self._project_read,
        )

    def _code_changed(self, key: FunctionKey) -> None:
        """Files that the function runs from changed."""
        self._placements.changed(key)
        self._function_changed(key)

    def _function_changed(self, key: FunctionKey) -> None:
        """Environments that started with another code or configuration finish what they run, and go."""
        self._reservations_changed()
        if self._functions.get(key) is None:
            self._placements.forget(key)

        def generation(version: str) -> str | None:
            function = self._functions.get(key, version)
            return None if function is None else self._placements.generation(function)

        self._launcher.retire(key, generation)
        self._fleet.retire(key, generation)
        self._provisioning_changed(key)

    def _provisioning_changed(self, key: FunctionKey) -> None:
        self._provisioner.changed(key)

    def _project_read(self) -> None:
        project = self._project
        self._ledger.account_concurrency = self._account_concurrency
        self._fleet.set_limits(pool_limits(None if project is None else project.max_environments))
        services = project.services if project is not None else {}
        if self._placements.lead_to(_endpoint_variables(self._endpoint, services)):
            for function in self._functions.list_all():
                self._code_changed(function.key)

    def _reservations_changed(self) -> None:
        self._ledger.set_reserved(self._functions.reservations())

    # The doors

    async def _open_doors(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        door = self._door
        gateway = self._gateway = Gateway(
            door,
            control=Control(self._control_context()).handle,
            lambda_api=Api(load_model(), self._context).handle,
            is_project_settled=lambda: self._sync is None or self._sync.is_settled(),
            settle_project=self._settle_project,
            note_activity=self._note_activity,
        )
        server = HttpServer(
            gateway.handle,
            max_body_bytes=limits.CREATE_FUNCTION_REQUEST_BYTES,
            accept=lambda peer: refuse_connection(peer, door),
        )

        async def close() -> None:
            self._are_doors_closed = True
            await self._unless_cut(lambda: server.stop(DRAIN_SECONDS))
            await server.stop(0)

        stack.push_async_callback(close)
        port = await self._listen(server)
        self._endpoint = f"http://{HOST}:{port}"
        self._project_read()
        # The record comes before the socket: who can connect can also read who answers.
        _write_whole(_record(settings.state), json.dumps(self._identity()))
        try:
            await server.listen_unix(settings.socket)
        except OSError as error:
            raise StartFailure(f"{settings.socket} cannot be used ({error.strerror})") from error
        logger.info("lam %s serves at %s", __version__, self._endpoint)

    def _door_inside(self, host: str, port: int) -> HttpServer | Relay:
        """In a network of an environment's own: the API itself, or the way to another service. Only the
        environment can connect there; all other rules of the door hold."""
        if f"http://{host}:{port}" != self._endpoint:
            return Relay(host, port)
        return HttpServer(self._answer_inside, max_body_bytes=limits.CREATE_FUNCTION_REQUEST_BYTES)

    def _answer_inside(self, request: Request) -> Answer:
        if self._are_doors_closed:
            # Whoever could connect from outside is not heard any more either.
            return Response(503, {"x-amzn-ErrorType": "ServiceException"}, b"{}", close=True)
        return self._gateway.handle(request)

    @property
    def _chosen_port(self) -> int | None:
        project = self._project
        if self._settings.port is None and project is not None and project.is_port_chosen:
            return project.port
        return self._settings.port

    async def _listen(self, server: HttpServer) -> int:
        """A port that somebody chose must be free; the default slides to the next free one."""
        chosen = self._chosen_port
        candidates = [chosen] if chosen is not None else range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED)
        for port in candidates:
            try:
                return await server.listen_tcp(HOST, port)
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES) or chosen is not None:
                    raise StartFailure(
                        f"port {port} cannot be used ({os.strerror(error.errno or 0)})\n\n"
                        "hint: choose another with --port or `port:` in lam.yaml"
                    ) from error
        raise StartFailure(f"no port from {DEFAULT_PORT} to {DEFAULT_PORT + PORTS_TRIED - 1} is free")

    def _context(self, request: Request) -> Context:
        """Account and region as the caller's signature names them."""
        caller = caller_of(request)
        return Context(
            account=account_of_access_key(caller.access_key) or self._account,
            region=caller.region or self._region,
            functions=self._functions,
            aliases=self._aliases,
            settings=self._function_settings,
            code=self._code,
            invoker=self._invoker,
            events=self._events,
            provisioning=self._provisioner,
            clock=self._clock,
            endpoint=self._endpoint,
            account_concurrency=self._account_concurrency,
            http=request,
        )

    async def _settle_project(self) -> None:
        if self._sync is not None:
            await self._sync.settle()

    # What `lam status` and `lam show` tell

    def _control_context(self) -> ControlContext:
        return ControlContext(
            place=lambda: (self._account, self._region),
            status=self._status,
            stop=self._stop_asked,
            functions=self._functions.list_all,
            environments=self._described,
            doctor=self._grants,
            problems=self._problems_of,
            settings=SettingsShown(self._function_settings, self._provisioner, lambda: self._endpoint).of,
            logs=self._logs,
            follow_journal=self._journal.follow,
            settle_project=self._settle_project,
        )

    def _identity(self) -> dict[str, object]:
        return {
            "pid": os.getpid(),
            "endpoint": self._endpoint,
            "socket": str(self._settings.socket),
            "version": __version__,
        }

    def _status(self) -> dict[str, object]:
        environments = Counter(str(environment.state) for environment in self._fleet.environments())
        return {
            **self._identity(),
            "project": None if self._settings.project is None else str(self._settings.project),
            "state_dir": str(self._settings.state),
            "started_at": self._started_at.isoformat(timespec="seconds"),
            "account": self._account,
            "region": self._region,
            "functions": self._functions.count(),
            "environments": dict(environments),
            "walls": self._launcher.walls,
            "running_invocations": self._ledger.running(),
            "problems": [] if self._sync is None else self._sync.problems,
            "notices": self._notices(),
            "anonymous": self._settings.anonymous,
        }

    def _notices(self) -> list[str]:
        notices = [] if self._sync is None else list(self._sync.warnings)
        project = self._project
        is_chosen_there = project is not None and project.is_port_chosen and self._settings.port is None
        if project is not None and is_chosen_there and not self._endpoint.endswith(f":{project.port}"):
            notices.append(f"lam.yaml says port {project.port} now: it counts after `lam stop`")
        return notices

    async def _described(self) -> list[EnvironmentDescription]:
        """Looks at every process of theirs: not for the event loop."""
        environments = self._fleet.environments()
        return await asyncio.to_thread(lambda: [environment.describe() for environment in environments])

    def _problems_of(self, function: Function) -> list[str]:
        """What of its settings cannot be kept here."""
        problem = self._launcher.network_problem(function.network)
        problems = [] if problem is None else [problem]
        is_usual = function.ephemeral_storage_mb == limits.EPHEMERAL_STORAGE_MB_DEFAULT
        if self._launcher.walls == "portable" and not is_usual:
            problems.append("ephemeral_storage is not limited by the portable walls")
        return problems

    async def _grants(self) -> list[Grant]:
        """Some run programs and read files: not for the event loop."""
        port, chosen = int(self._endpoint.rpartition(":")[2]), self._chosen_port or DEFAULT_PORT
        others = await asyncio.to_thread(grants.of_machine, self._settings.state, port, chosen)
        return [*await grants_of_walls(self._launcher), *others]

    # Its end

    def _stop_asked(self, is_now: bool) -> None:
        if is_now:
            self._cut.set()
        self._stop.set()

    def _signalled(self) -> None:
        """Who signals a second time does not want to wait."""
        self._stop_asked(is_now=self._stop.is_set())

    async def _unless_cut(self, drain: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Waits for the end of one step of the drain, but not when all is to be cut."""
        step = asyncio.ensure_future(drain())
        cut = asyncio.ensure_future(self._cut.wait())
        try:
            await asyncio.wait({step, cut}, timeout=DRAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            cut.cancel()
            step.cancel()
        if step.done() and not step.cancelled():
            step.result()

    def _note_activity(self) -> None:
        self._active_at = self._clock.monotonic()

    def _watch_idleness(self) -> None:
        """Looks now and then whether anybody still needs the service."""
        is_busy = self._ledger.running() or self._events.waiting() or self._logs.is_followed()
        if is_busy:
            self._note_activity()
        minutes = self._idle_exit_minutes()
        if minutes and self._clock.monotonic() - self._active_at >= minutes * 60:
            logger.info("nobody needed the service for %g minutes", minutes)
            self._stop.set()
            return
        self._clock.call_later(
            min(IDLE_LOOK_SECONDS, minutes * 60 or IDLE_LOOK_SECONDS), self._watch_idleness
        )

    def _idle_exit_minutes(self) -> float:
        """0 means never."""
        if self._settings.idle_exit_minutes is not None:
            return self._settings.idle_exit_minutes
        return self._project.idle_exit_minutes if self._project is not None else IDLE_EXIT_MINUTES


# The process


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # not built for this platform
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


@contextmanager
def _only_instance(state: Path) -> Iterator[None]:
    """The kernel gives the lock back when the process ends, however it ends."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (state / "service.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartFailure(f"a service with the state folder {state} is running already") from None
        yield


def _record(state: Path) -> Path:
    """Where the command line reads who serves this state."""
    return state / "service.json"


def _open_database(file: Path) -> sqlite3.Connection:
    try:
        return open_database(file)
    except (DatabaseTooNewError, sqlite3.DatabaseError) as error:
        raise StartFailure(f"{file}: {error}") from error


def _raise_descriptor_limit() -> None:
    """Each environment takes about six descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS_WANTED if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS_WANTED)
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _endpoint_variables(endpoint: str, services: Mapping[str, str]) -> dict[str, str]:
    """What leads an SDK inside a function to this machine's services."""
    found = {"AWS_ENDPOINT_URL_LAMBDA": endpoint}
    for name, url in services.items():
        found[f"AWS_ENDPOINT_URL_{SERVICES[name]}"] = url
    return found


def _write_whole(file: Path, text: str) -> None:
    temporary = file.with_suffix(".new")
    temporary.write_text(text)
    temporary.replace(file)
