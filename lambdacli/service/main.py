"""Builds the service, serves, drains and closes: the one place where the rooms are wired together."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from lambdacli import __version__
from lambdacli.api import code_links
from lambdacli.api.code_links import CodeDownloads, CodeLinks
from lambdacli.api.control.captured import CapturedRoutes
from lambdacli.api.control.routes import Control, ControlContext
from lambdacli.api.control.settings_shown import SettingsShown
from lambdacli.api.dispatch import Api
from lambdacli.api.logs.context import LogsContext
from lambdacli.api.logs.dispatch import LogsApi
from lambdacli.api.operations.context import Context
from lambdacli.api.shapes import load_model
from lambdacli.engine.access import Access
from lambdacli.engine.arrivals import Arrivals
from lambdacli.engine.callees import Callees
from lambdacli.engine.concurrency import Ledger
from lambdacli.engine.event_desk import EventDesk
from lambdacli.engine.events import EventQueue
from lambdacli.engine.invoker import Invoker
from lambdacli.engine.provisioning import Provisioner
from lambdacli.environments.environment import Environment
from lambdacli.environments.fleet import Fleet
from lambdacli.environments.grounds import Grounds
from lambdacli.environments.launcher import Launcher
from lambdacli.environments.placement import Placement
from lambdacli.environments.process import Keeper
from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import Function
from lambdacli.model.layer import LayerKey
from lambdacli.model.mapping import EventSourceMapping, Source
from lambdacli.model.metric import Metric, MetricPoint
from lambdacli.model.policy_document import PolicyDocument
from lambdacli.model.principals import Caller
from lambdacli.model.template_options import TemplateOptions
from lambdacli.project.schema import SERVICES
from lambdacli.service.callers import Callers
from lambdacli.service.clock import OffsetClock, SystemClock
from lambdacli.service.debugging import Debuggers
from lambdacli.service.declared_settings import DeclaredSettings
from lambdacli.service.descriptions import Descriptions
from lambdacli.service.door import DoorSettings
from lambdacli.service.doors import Doors
from lambdacli.service.ending import Ending
from lambdacli.service.file_systems import FileSystems
from lambdacli.service.gateway import Gateway
from lambdacli.service.hearers import Hearers
from lambdacli.service.hot_folders import HotFolders
from lambdacli.service.http_fronts import HttpFronts
from lambdacli.service.idleness import Idleness
from lambdacli.service.journal import Journal, configure
from lambdacli.service.layers import Layers
from lambdacli.service.machine import give_back_memory, new_event_loop, raise_descriptor_limit
from lambdacli.service.neighbour_requests import EXECUTE_API
from lambdacli.service.neighbour_resources import NeighbourResources
from lambdacli.service.neighbourhood import Neighbourhood
from lambdacli.service.neighbours import NeighbourServices
from lambdacli.service.placements import Placements
from lambdacli.service.preferences import Preferences
from lambdacli.service.presence import only_instance, remove_record, write_record
from lambdacli.service.produced import ProducedInvocations
from lambdacli.service.project_stack import DynamicValues, ProjectStack
from lambdacli.service.project_surroundings import ProjectSurroundings
from lambdacli.service.project_sync import ProjectSync
from lambdacli.service.s3 import S3Packages
from lambdacli.service.sessions import Sessions, own_credentials
from lambdacli.service.settings import Settings, StartFailure, parse_arguments, pool_limits
from lambdacli.service.source_readers import SourceReaders
from lambdacli.sources.progress import Rest
from lambdacli.sources.supervisor import Sources
from lambdacli.sources.surroundings import Surroundings
from lambdacli.store.aliases import AliasStore
from lambdacli.store.captured import CapturedEvents
from lambdacli.store.code import CodeStore
from lambdacli.store.code_signing import CodeSigningStore
from lambdacli.store.database import DatabaseTooNewError, open_database, open_durably, open_for_reading
from lambdacli.store.events import EventStore
from lambdacli.store.functions import FunctionStore
from lambdacli.store.group_commit import GroupCommit
from lambdacli.store.layers import LayerStore
from lambdacli.store.mappings import MappingStore
from lambdacli.store.metrics import MetricStore
from lambdacli.store.settings import SettingStore
from lambdacli.telemetry.capture import Capture
from lambdacli.telemetry.log_groups import LogGroups
from lambdacli.telemetry.logs import LogBook
from lambdacli.telemetry.metrics import Metrics
from lambdacli.wire.http import Request

logger = logging.getLogger("lam.service")

LOG_DAYS = 30
"""AWS keeps logs for ever unless told otherwise; a laptop's disk is not for that."""


def main(arguments: list[str]) -> int:
    settings = parse_arguments(arguments)
    journal = Journal()
    configure(journal)
    try:
        with only_instance(settings.state):
            raise_descriptor_limit()
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(Service(settings, journal).run())
    except StartFailure as failure:
        sys.stderr.write(f"error: {failure}\n")
        return 1
    except (OSError, sqlite3.Error) as error:
        if not _is_full(error):
            raise
        sys.stderr.write(f"error: the disk of {settings.state} is full: make room on it, and start again\n")
        return 1
    return 0


class Service:
    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._real_time = SystemClock()
        self._clock = OffsetClock(settings.state / "clock.json", self._real_time, settings.time_scale)
        self._ending = Ending()
        self._sessions = Sessions()
        self._stack: ProjectStack | None = None
        self._idleness = Idleness(
            self._real_time, lambda: self._preferences.idle_exit_minutes, self._is_busy, self._ending.ask
        )

    async def run(self) -> None:
        async with AsyncExitStack() as stack:
            await self._build(stack)
            await self._serve()

    # Building: what each step puts on the stack is its end

    async def _build(self, stack: AsyncExitStack) -> None:
        """It ends in reverse: 1 followers of logs, 2 debuggers, for what a breakpoint holds comes to no end,
        3 sources give nothing more, and running batches are settled, 4 the doors close and running requests
        end, 5 events that were begun come to their decision, 6 what was answered comes to its REPORT,
        7 environments end, 8 the keeper goes, 9 files are closed, 10 the neighbour services end, 11 the clock
        writes down how far it has come, 12 the record goes: while it is there, others know of our
        draining."""
        stack.callback(remove_record, self._settings.state)
        self._clock.start()
        stack.callback(self._clock.stop)
        self._neighbours = NeighbourServices(self._settings.state, self._settings.socket)
        stack.push_async_callback(self._neighbours.close)
        self._open_stores(stack)
        await self._find_grounds(stack)
        self._open_environments(stack)
        self._open_engine(stack)
        self._open_project(stack)
        await self._open_doors(stack)
        stack.push_async_callback(self._ending.unless_cut, self._drain_sources)
        stack.push_async_callback(self._debuggers.close)
        self._provisioner.start()
        self._events.start()
        self._sources.start()
        stack.callback(self._logs.end_followers)

    def _open_stores(self, stack: AsyncExitStack) -> None:
        """Nothing runs yet: what a former service left that nobody can need any more is removed."""
        state = self._settings.state
        database = stack.enter_context(contextlib.closing(_open_database(state / "lam.db")))
        self._commits = GroupCommit(database, lambda: open_durably(state / "lam.db"))
        stack.push_async_callback(self._commits.close)
        self._event_store = EventStore(database, self._commits)
        self._functions = FunctionStore(database, self._function_changed)
        self._hot_folders = HotFolders(self._functions, self._code_changed)
        self._aliases = AliasStore(database, self._settings_changed)
        self._function_settings = SettingStore(database, self._settings_changed)
        self._layers = LayerStore(database, self._layer_changed)
        self._mappings = MappingStore(database, self._mapping_changed)
        self._code_signing = CodeSigningStore(database)
        self._counted = MetricStore(database)
        self._metrics = Metrics(self._counted.add)
        self._metrics.start()
        stack.callback(self._metrics.stop)
        self._captured_events = CapturedEvents(database)
        self._capture = Capture(self._captured_events.put)
        stack.callback(self._capture.flush)
        self._code = CodeStore(state / "code")
        self._code.collect_garbage([*self._functions.code_in_use(), *self._layers.code_in_use()])
        self._packages = S3Packages(
            lambda: self._endpoint_of("s3"),
            lambda: own_credentials(self._preferences.account),
        )
        self._merged_layers = Layers(state / "opt", self._code)
        self._merged_layers.forget_all()
        self._logs = LogBook(state / "logs")
        self._log_groups = LogGroups(state / "logs", self._logs)
        self._logs.forget_before(time.time() - LOG_DAYS * 86_400)

    async def _find_grounds(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        self._keeper = stack.enter_context(contextlib.closing(Keeper()))
        self._keeper.start()
        self._grounds = Grounds(settings.state / "walls", self._keeper, settings.walls)
        await self._grounds.find()
        stack.push_async_callback(self._grounds.close)

    def _open_environments(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        self._door_rules = DoorSettings(
            uid=os.getuid(),
            anonymous=settings.anonymous,
            allow_other_users=settings.allow_other_users,
            environment_uids=self._grounds.environment_uids,
        )
        self._doors = Doors(self._door_rules)
        self._file_systems = FileSystems(settings.state / "file-systems", lambda: self._grounds.is_walled)
        self._launcher = Launcher(
            settings.state,
            self._grounds,
            self._real_time,
            self._doors.refuse_at_runtime_api,
            self._doors.inside,
        )
        self._launcher.prepare()
        stack.push_async_callback(self._launcher.close)
        self._placements = Placements(
            self._functions.get,
            self._code,
            self._merged_layers,
            self._file_systems,
            settings.cache,
            self._keeper,
            self._sessions,
        )

        self._debuggers = Debuggers(
            settings.state,
            self._door_rules,
            self._functions.get,
            self._placements.code_folder,
            lambda: self._grounds.is_walled,
        )

        def make(placement: Placement, on_change: Callable[[Environment], None]) -> Environment:
            door = None if placement.debugging is None else self._debuggers.door(placement.key.function)
            return Environment(placement, self._launcher, self._logs, on_change, door)

        self._fleet = Fleet(
            make, pool_limits(None), self._clock, self._real_time, self._placements.is_current
        )
        stack.push_async_callback(self._fleet.close)
        stack.push_async_callback(self._ending.unless_cut, self._fleet.settle)

    def _open_engine(self, stack: AsyncExitStack) -> None:
        self._ledger = Ledger()
        self._reservations_changed()
        arrivals = Arrivals(self._function_settings, self._logs, self._metrics)
        self._invoker = Invoker(
            self._fleet,
            arrivals,
            self._ledger,
            self._placements.place,
            self._metrics,
            self._placements.ready,
            lambda: self._preferences.stream_rate,
            self._capture.keep,
            self._debuggers.debugged,
        )
        callees = Callees(self._functions, self._aliases, self._function_settings, self._ledger)
        hearers = Hearers(
            callees,
            arrivals.recursion_of,
            self._sessions,
            self._endpoint_of,
            lambda: self._events,
        )
        stack.callback(hearers.close)
        self._events = EventQueue(
            self._event_store,
            self._invoker,
            callees,
            self._clock,
            hearers.notifier,
            lambda key, version, name, value: self._metrics.count(key, version, Metric(name), value),
        )
        self._open_sources(stack, callees, hearers)
        database = self._settings.state / "lam.db"
        self._model = load_model()
        self._code_links = CodeLinks()
        self._http_fronts = HttpFronts(
            self._model,
            self._function_settings,
            callees,
            self._invoker,
            self._clock,
            callers=lambda: self._callers,
            endpoint=lambda: self._doors.endpoint,
        )
        stack.callback(self._http_fronts.web_sockets.close)
        self._event_desk = EventDesk(
            self._event_store,
            self._events,
            lambda: open_for_reading(database),
            self._clock,
            hearers.send_again,
        )
        self._events.take_back()
        stack.push_async_callback(self._events.close)
        self._provisioner = Provisioner(
            self._functions,
            self._aliases,
            self._function_settings,
            self._fleet,
            self._ledger,
            self._placements.place,
        )
        stack.push_async_callback(self._provisioner.close)
        stack.push_async_callback(self._ending.unless_cut, self._events.drain)
        self._clock.settle = self._come_to_rest

    def _open_sources(self, stack: AsyncExitStack, callees: Callees, hearers: Hearers) -> None:
        self._batches = Rest()
        self._source_readers = SourceReaders(
            callees,
            self._invoker,
            self._sessions,
            self._neighbours,
            services=lambda: self._preferences.services,
            own_endpoint=lambda: self._doors.endpoint,
            mappings=self._mappings,
            send=hearers.send,
            surroundings=Surroundings(
                self._clock,
                places=lambda: self._preferences.pool_limits.environments,
                count=lambda function, metric, value: self._metrics.count(
                    function.key, function.version, metric, value
                ),
                rest=self._batches,
            ),
        )
        self._sources = Sources(self._mappings, self._source_readers.make)
        stack.push_async_callback(self._sources.close)

    async def _drain_sources(self) -> None:
        await self._sources.drain(self._source_readers.patience_seconds)

    def _open_project(self, stack: AsyncExitStack) -> None:
        self._dynamic_values = DynamicValues(self._real_time)
        self._sync = self._project_sync()
        self._preferences = Preferences(self._settings, self._sync)
        self._callers = Callers(self._preferences, self._sessions)
        stack.callback(self._hot_folders.stop)
        self._hot_folders.start()
        if self._sync is not None:
            self._sync.read()
            self._sync.start_watching()
            stack.callback(self._sync.stop_watching)

    @property
    def _project_surroundings(self) -> ProjectSurroundings:
        return ProjectSurroundings(
            self._function_settings, self._mappings, self._aliases, self._log_groups, self._clock
        )

    def _project_sync(self) -> ProjectSync | None:
        if self._settings.project is None:
            return None
        return ProjectSync(
            self._settings.project,
            self._functions,
            self._code,
            self._layers,
            self._function_settings,
            self._clock,
            self._real_time,
            on_code_change=self._code_changed,
            on_synced=self._project_read,
            is_strict=self._settings.is_strict,
            options=self._settings.template,
            lookup=self._dynamic_values,
        )

    def _follow_template(self, stack: AsyncExitStack) -> None:
        """What it has beside functions is made from now on: our own address is known."""
        if self._sync is None:
            return
        sync = self._sync
        self._sync.serves_at(self._doors.endpoint)
        self._stack = ProjectStack(
            DeclaredSettings(self._settings.state, Api(self._model, self._context).handle),
            NeighbourResources(
                self._endpoint_of, own_credentials, lambda: self._neighbours.status().get("pid")
            ),
            self._dynamic_values,
            lambda project: frozenset(
                function.name
                for function in self._functions.of_project()
                if (function.key.account, function.key.region) == (project.account, project.region)
            ),
            sync.read,
        )
        stack.push_async_callback(self._stack.close)
        if sync.project is not None:
            self._stack.take(sync.project)

    async def _open_doors(self, stack: AsyncExitStack) -> None:
        told = Descriptions(
            settings=self._settings,
            preferences=self._preferences,
            sync=self._sync,
            functions=self._functions,
            mappings=self._mappings,
            grounds=self._grounds,
            fleet=self._fleet,
            ledger=self._ledger,
            doors=self._doors,
            file_systems=self._file_systems,
            clock=self._clock,
            callers=self._callers,
            neighbours=self._neighbours,
            stack_problems=lambda: [] if self._stack is None else self._stack.problems,
            http_apis=self._http_fronts.apis,
            urls=self._http_fronts.urls,
            debuggers=self._debuggers,
        )
        gateway = self._gateway(told)
        self._doors.serve(gateway.handle, gateway.divert)
        stack.push_async_callback(self._doors.close)
        stack.push_async_callback(self._ending.unless_cut, self._http_fronts.web_sockets.drain)
        stack.push_async_callback(self._ending.unless_cut, self._doors.drain)
        self._callers.heed_preferences()
        problem = self._callers.problem
        if problem is not None:
            raise StartFailure(problem)
        await self._doors.open_port(self._preferences.chosen_port)
        self._follow_template(stack)
        self._project_read()
        await self._debuggers.open_ahead(self._functions.of_project())
        # The record comes before the socket: who can connect can also read who answers.
        write_record(self._settings.state, told.identity())
        await self._doors.open_socket(self._settings.socket)
        logger.info("lam %s serves at %s", __version__, self._doors.endpoint)

    def _gateway(self, told: Descriptions) -> Gateway:
        lambda_api = Api(self._model, self._context).handle
        produced = ProducedInvocations(Access(self._function_settings), lambda_api)
        downloads = CodeDownloads(self._code_links, self._functions, self._code)
        return Gateway(
            self._door_rules,
            fronts=self._http_fronts.by_address({code_links.PATH: downloads.handle}),
            control=Control(self._control_context(told, produced)).handle,
            lambda_api=lambda_api,
            services={
                "logs": LogsApi(self._logs_context).handle,
                EXECUTE_API: self._http_fronts.connection_requests.handle,
            },
            neighbourhood=self._neighbourhood(),
            is_project_settled=_always if self._sync is None else self._is_project_settled,
            settle_project=self._settle_all,
            note_activity=self._idleness.note_activity,
        )

    def _neighbourhood(self) -> Neighbourhood:
        return Neighbourhood(
            self._neighbours,
            endpoints=lambda: self._preferences.services,
            own_endpoint=lambda: self._doors.endpoint,
            account_of=self._callers.account_of,
            default_account=lambda: self._preferences.account,
            refuse=self._callers.refuse_unknown_key,
            own=frozenset({"logs", EXECUTE_API}),
            lets_anonymous_in=self._settings.anonymous,
        )

    # Serving

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.signalled)
        self._idleness.watch()
        # What is here now stays: a collection need not look through it again.
        gc.collect()
        give_back_memory()
        gc.freeze()
        await self._ending.asked()
        logger.info("stopping; running invocations finish")

    def _context(self, request: Request) -> Context:
        told, caller = self._preferences.of_requests(), self._callers.of(request)
        return Context(
            account=caller.account,
            region=caller.region,
            functions=self._functions,
            aliases=self._aliases,
            settings=self._function_settings,
            mappings=self._mappings,
            code_signing=self._code_signing,
            code=self._code,
            code_links=self._code_links,
            layers=self._layers,
            substitutions=told.substitutions,
            packages=self._packages,
            is_strict=told.is_strict,
            invoker=self._invoker,
            events=self._events,
            provisioning=self._provisioner,
            clock=self._clock,
            endpoint=self._doors.endpoint,
            account_concurrency=told.account_concurrency,
            other_names=told.other_names,
            described_in=told.described_in,
            http=request,
            # A template of the owner's may name a queue that is made after its mapping.
            check_source=_unasked if request.peer.is_unix else self._source_readers.check,
            identity=caller.identity,
            trust_of=self._trust_of,
            known_policies_of=self._known_policies_of,
        )

    def _logs_context(self, request: Request) -> LogsContext:
        caller = self._callers.of(request, "logs")
        return LogsContext(
            account=caller.account,
            region=caller.region,
            groups=self._log_groups,
            now=self._real_time.now,
            identity=caller.identity,
        )

    def _endpoint_of(self, service: str) -> str | None:
        """Where lam.yaml says, else here, if the neighbour services are installed."""
        named = self._preferences.services.get(service)
        return named or (self._doors.endpoint if self._neighbours.is_installed else None)

    def _trust_of(self, role_arn: str) -> PolicyDocument | None:
        return self._preferences.identities.trust_of(role_arn)

    def _known_policies_of(self, caller: Caller) -> Sequence[PolicyDocument] | None:
        return self._preferences.identities.known_policies_of(caller)

    def _control_context(self, told: Descriptions, produced: ProducedInvocations) -> ControlContext:
        return ControlContext(
            place=lambda: (self._preferences.account, self._preferences.region),
            name_of=lambda name: self._preferences.of_requests().other_names.get(name, name),
            template=self._template_options,
            status=told.status,
            stop=self._ending.ask,
            functions=self._functions.list_all,
            environments=told.environments,
            doctor=told.grants,
            problems=told.problems_of,
            settings=SettingsShown(
                self._function_settings, self._provisioner, lambda: self._doors.endpoint
            ).of,
            events=self._event_desk,
            debuggers=self._debuggers,
            logs=self._logs,
            clock=self._clock,
            metrics=self._metrics_since,
            captured=CapturedRoutes(
                self._captured_events,
                self._capture.settle,
                lambda: (self._preferences.account, self._preferences.region),
            ),
            follow_journal=self._journal.follow,
            settle_project=self._settle_project,
            produced=produced.answer,
            urls=told.urls,
            sources=self._sources.described,
        )

    def _metrics_since(self, function: FunctionKey, minute: int) -> list[MetricPoint]:
        self._metrics.flush()
        return self._counted.since(function, minute)

    def _template_options(self, options: TemplateOptions) -> bool:
        """Whether there is a template for which they can count."""
        return self._sync is not None and self._sync.heed(options)

    async def _settle_project(self) -> None:
        if self._sync is not None:
            await self._sync.settle()

    async def _settle_all(self) -> None:
        """A function must find what its template has."""
        await self._settle_project()
        if self._stack is not None:
            await self._stack.settle()

    def _is_project_settled(self) -> bool:
        assert self._sync is not None, "else nothing is asked"
        return self._sync.is_settled() and (self._stack is None or self._stack.is_settled)

    async def _come_to_rest(self) -> None:
        """What a timer began has been done: the clock may be moved on to the next."""
        await asyncio.sleep(0)
        await self._events.rest()
        await self._batches.wait()
        await self._fleet.settle()

    def _is_busy(self) -> bool:
        return bool(
            self._ledger.running()
            or self._events.waiting()
            or self._logs.is_followed()
            or self._http_fronts.web_sockets.are_open
            or self._sources.are_needed
        )

    # What a change leads to

    def _code_changed(self, key: FunctionKey) -> None:
        """Files that the function runs from changed."""
        self._placements.changed(key)
        self._function_changed(key)

    def _layer_changed(self, key: LayerKey) -> None:
        if self._sync is not None:
            self._sync.layer_changed(key)

    def _function_changed(self, key: FunctionKey) -> None:
        """Environments that started with another code or configuration finish what they run, and go."""
        self._reservations_changed()
        self._hot_folders.function_changed(key)
        self._placements.forget_gone(key)
        if self._functions.get(key) is None:
            self._launcher.forget(key)
        self._retire_outdated()
        self._debuggers.heed(key)
        self._provisioner.changed(key)
        self._http_fronts.urls.forget()

    def _mapping_changed(self, mapping: EventSourceMapping) -> None:
        self._sources.changed(mapping)

    def _settings_changed(self, key: FunctionKey) -> None:
        self._provisioner.changed(key)
        self._http_fronts.urls.forget()

    def _retire_outdated(self) -> None:
        self._launcher.retire_outdated(self._placements.is_current)
        self._fleet.retire_outdated()

    def _reservations_changed(self) -> None:
        self._ledger.set_reserved(self._functions.reservations())

    def _project_read(self) -> None:
        project = self._preferences.project
        if project is not None:
            self._http_fronts.take(project)
            if self._stack is not None:
                self._stack.take(project)
            self._project_surroundings.take(project, {each.key for each in self._functions.of_project()})
        self._ledger.account_concurrency = self._preferences.account_concurrency
        self._callers.heed_preferences()
        self._fleet.set_limits(self._preferences.pool_limits)
        self._events.max_running = self._preferences.pool_limits.environments
        self._commits.is_durable = self._preferences.is_durable
        self._capture.rules = self._preferences.capture
        self._event_store.bound_history(self._preferences.history, self._clock.now())
        endpoints = _endpoint_variables(self._doors.endpoint, self._preferences.services)
        if self._placements.lead_to(endpoints, self._preferences.file_systems):
            self._retire_outdated()
            self._provisioner.renew()


def _always() -> bool:
    return True


async def _unasked(source: Source, function: Function) -> None:
    return None


def _endpoint_variables(endpoint: str, services: Mapping[str, str]) -> dict[str, str]:
    """What leads an SDK inside a function to this machine's services: the service's own endpoint to all, and
    what lam.yaml names to some."""
    found = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_LAMBDA": endpoint,
        # Named too, for functions that say where their WebSocket API is and can ask for nothing but this.
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": endpoint,
    }
    for name, url in services.items():
        found[f"AWS_ENDPOINT_URL_{SERVICES[name]}"] = url
    return found


def _is_full(error: OSError | sqlite3.Error) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _open_database(file: Path) -> sqlite3.Connection:
    try:
        return open_database(file)
    except (DatabaseTooNewError, sqlite3.DatabaseError) as error:
        if isinstance(error, sqlite3.Error) and _is_full(error):
            raise
        raise StartFailure(f"{file}: {error}") from error
