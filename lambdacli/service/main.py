"""Builds the service, serves, drains and closes: the one place where the rooms are wired together."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import cache
from typing import TYPE_CHECKING

from lambdacli import __version__
from lambdacli.api import code_links
from lambdacli.api.code_links import CodeDownloads, CodeLinks
from lambdacli.api.control.routes import Control
from lambdacli.api.dispatch import Api
from lambdacli.api.logs.dispatch import LogsApi
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
from lambdacli.model.mapping import EventSourceMapping
from lambdacli.model.metric import Metric
from lambdacli.model.schedule import OF_PROJECT
from lambdacli.service.callers import Callers
from lambdacli.service.clock import OffsetClock, SystemClock
from lambdacli.service.contexts import Contexts
from lambdacli.service.debugging import Debuggers
from lambdacli.service.descriptions import Descriptions
from lambdacli.service.door import DoorSettings
from lambdacli.service.doors import Doors
from lambdacli.service.ending import Ending
from lambdacli.service.file_systems import FileSystems
from lambdacli.service.followed_project import FollowedProject
from lambdacli.service.gateway import Gateway
from lambdacli.service.hearers import Hearers
from lambdacli.service.hot_folders import HotFolders
from lambdacli.service.http_fronts import HttpFronts
from lambdacli.service.idleness import Idleness
from lambdacli.service.journal import Journal, configure
from lambdacli.service.machine import give_back_memory, new_event_loop, raise_descriptor_limit
from lambdacli.service.neighbour_requests import EXECUTE_API
from lambdacli.service.neighbourhood import Neighbourhood
from lambdacli.service.neighbours import NeighbourServices
from lambdacli.service.placements import Placements
from lambdacli.service.preferences import Preferences
from lambdacli.service.presence import only_instance, remove_record, write_record
from lambdacli.service.produced import ProducedInvocations
from lambdacli.service.s3 import S3Packages
from lambdacli.service.sessions import Sessions, own_credentials
from lambdacli.service.settings import Settings, StartFailure, parse_arguments, pool_limits
from lambdacli.service.stores import WhenChanged, is_full, open_stores
from lambdacli.sources.progress import Rest
from lambdacli.sources.supervisor import Sources
from lambdacli.store.database import open_for_reading
from lambdacli.triggers.schedule import Schedules

if TYPE_CHECKING:
    from lambdacli.service.early_builds import EarlyBuilds
    from lambdacli.service.neighbour_resources import NeighbourResources
    from lambdacli.service.source_readers import SourceReaders

logger = logging.getLogger("lam.service")


def main(arguments: list[str]) -> int:
    try:
        _run(parse_arguments(arguments))
    except StartFailure as failure:
        sys.stderr.write(f"error: {failure}\n")
        return 1
    return 0


def _run(settings: Settings) -> None:
    journal = Journal()
    configure(journal)
    try:
        with only_instance(settings.state):
            raise_descriptor_limit()
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(Service(settings, journal).run())
    except (OSError, sqlite3.Error) as error:
        if not is_full(error):
            raise
        problem = f"the disk of {settings.state} is full: make room on it, and start again"
        raise StartFailure(problem) from error


class Service:
    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._real_time = SystemClock()
        self._clock = OffsetClock(settings.state / "clock.json", self._real_time, settings.time_scale)
        self._ending = Ending()
        self._early_builds: EarlyBuilds | None = None
        self._sessions = Sessions()
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
        await self._open_stores(stack)
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
        stack.callback(self._stores.logs.end_followers)

    async def _open_stores(self, stack: AsyncExitStack) -> None:
        when_changed = WhenChanged(
            function=self._function_changed,
            settings=self._settings_changed,
            layer=lambda key: self._project.layer_changed(key),
            mapping=self._mapping_changed,
        )
        self._stores = await stack.enter_async_context(open_stores(self._settings.state, when_changed))
        self._stores.remove_leftovers()
        self._hot_folders = HotFolders(self._stores.functions, self._code_changed)

    async def _find_grounds(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        self._keeper = stack.enter_context(contextlib.closing(Keeper()))
        self._keeper.start()
        self._grounds = Grounds(settings.state / "walls", self._keeper, settings.walls)
        await self._grounds.find()
        stack.push_async_callback(self._grounds.close)

    def _open_environments(self, stack: AsyncExitStack) -> None:
        settings, stores = self._settings, self._stores
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
            stores.functions.get,
            stores.code,
            stores.merged_layers,
            self._file_systems,
            settings.cache,
            self._keeper,
            self._sessions,
        )
        stack.push_async_callback(self._end_builds)
        self._debuggers = Debuggers(
            settings.state,
            self._door_rules,
            stores.functions.get,
            self._placements.code_folder,
            lambda: self._grounds.is_walled,
        )

        def make(placement: Placement, on_change: Callable[[Environment], None]) -> Environment:
            door = None if placement.debugging is None else self._debuggers.door(placement.key.function)
            return Environment(placement, self._launcher, stores.logs, on_change, door)

        self._fleet = Fleet(
            make, pool_limits(None), self._clock, self._real_time, self._placements.is_current
        )
        stack.push_async_callback(self._fleet.close)
        stack.push_async_callback(self._ending.unless_cut, self._fleet.settle)

    def _open_engine(self, stack: AsyncExitStack) -> None:
        stores = self._stores
        self._ledger = Ledger()
        self._reservations_changed()
        arrivals = Arrivals(stores.settings, stores.logs, stores.metrics)
        self._invoker = Invoker(
            self._fleet,
            arrivals,
            self._ledger,
            self._placements.place,
            stores.metrics,
            self._placements.ready,
            lambda: self._preferences.stream_rate,
            stores.capture.keep,
            self._debuggers.debugged,
        )
        callees = Callees(stores.functions, stores.aliases, stores.settings, self._ledger)
        hearers = Hearers(
            callees, arrivals.recursion_of, self._sessions, self._endpoint_of, lambda: self._events
        )
        stack.callback(hearers.close)
        self._events = EventQueue(
            stores.events,
            self._invoker,
            callees,
            self._clock,
            hearers.notifier,
            lambda key, version, name, value: stores.metrics.count(key, version, Metric(name), value),
        )
        self._open_sources(stack, callees, hearers)
        self._model = load_model()
        self._code_links = CodeLinks()
        self._http_fronts = HttpFronts(
            self._model,
            stores.settings,
            callees,
            self._invoker,
            stores.metrics,
            self._clock,
            callers=lambda: self._callers,
            endpoint=lambda: self._doors.endpoint,
        )
        stack.callback(self._http_fronts.apis.close)
        self._event_desk = EventDesk(
            stores.events,
            self._events,
            lambda: open_for_reading(stores.database),
            self._clock,
            hearers.send_again,
        )
        self._events.take_back()
        stack.push_async_callback(self._events.close)
        self._provisioner = Provisioner(
            stores.functions,
            stores.aliases,
            stores.settings,
            self._fleet,
            self._ledger,
            self._placements.place,
        )
        stack.push_async_callback(self._provisioner.close)
        stack.push_async_callback(self._ending.unless_cut, self._events.drain)
        self._schedules = Schedules(
            self._clock,
            Access(stores.settings),
            hearers.send_again,
            lambda: self._project.settle(),
            lambda: self._clock.moves_to,
        )
        stack.push_async_callback(self._schedules.close)
        self._clock.settle = self._come_to_rest
        self._clock.went_back = self._schedules.look_again

    def _open_sources(self, stack: AsyncExitStack, callees: Callees, hearers: Hearers) -> None:
        self._batches = Rest()

        @cache
        def readers() -> SourceReaders:
            # Most projects have no mapping.
            from lambdacli.service.source_readers import SourceReaders
            from lambdacli.sources.surroundings import Surroundings

            return SourceReaders(
                callees,
                self._invoker,
                self._sessions,
                self._neighbours,
                services=lambda: self._preferences.services,
                own_endpoint=lambda: self._doors.endpoint,
                mappings=self._stores.mappings,
                send=hearers.send,
                surroundings=Surroundings(
                    self._clock,
                    places=lambda: self._preferences.pool_limits.environments,
                    count=lambda function, metric, value: self._stores.metrics.count(
                        function.key, function.version, metric, value
                    ),
                    rest=self._batches,
                ),
            )

        self._source_readers = readers
        self._sources = Sources(self._stores.mappings, lambda mapping: readers().make(mapping))
        stack.push_async_callback(self._sources.close)

    async def _drain_sources(self) -> None:
        patience_seconds = self._source_readers().patience_seconds if self._sources.are_read else 0.0
        await self._sources.drain(patience_seconds)

    def _open_project(self, stack: AsyncExitStack) -> None:
        self._packages = S3Packages(
            lambda: self._endpoint_of("s3"), lambda: own_credentials(self._preferences.account)
        )
        self._project = FollowedProject(
            self._settings,
            self._stores,
            self._clock,
            self._real_time,
            self._packages,
            on_code_change=self._code_changed,
            on_synced=self._project_read,
        )
        self._preferences = Preferences(self._settings, self._project.sync)
        self._callers = Callers(self._preferences, self._sessions)
        stack.callback(self._hot_folders.stop)
        self._hot_folders.start()
        self._project.start()
        stack.callback(self._project.stop)

    async def _open_doors(self, stack: AsyncExitStack) -> None:
        told = Descriptions(
            settings=self._settings,
            preferences=self._preferences,
            project=self._project,
            stores=self._stores,
            grounds=self._grounds,
            fleet=self._fleet,
            ledger=self._ledger,
            doors=self._doors,
            file_systems=self._file_systems,
            clock=self._clock,
            callers=self._callers,
            neighbours=self._neighbours,
            http_apis=self._http_fronts.apis,
            urls=self._http_fronts.urls,
            debuggers=self._debuggers,
            schedules=self._schedules,
        )
        self._contexts = self._made_contexts()
        self._lambda_api = Api(self._model, self._contexts.of_lambda).handle
        gateway = self._gateway(told)
        self._doors.serve(gateway.handle, gateway.divert)
        stack.push_async_callback(self._doors.close)
        stack.push_async_callback(self._ending.unless_cut, self._http_fronts.apis.drain)
        stack.push_async_callback(self._ending.unless_cut, self._doors.drain)
        self._callers.heed_preferences()
        if (problem := self._callers.problem) is not None:
            raise StartFailure(problem)
        await self._doors.open_port(self._preferences.chosen_port)
        self._project.follow_template(self._doors.endpoint, self._lambda_api, self._neighbour_resources)
        stack.push_async_callback(self._project.unfollow_template)
        self._project_read()
        await self._debuggers.open_ahead(self._stores.functions.of_project())
        # The record comes before the socket: who can connect can also read who answers.
        write_record(self._settings.state, told.identity())
        await self._doors.open_socket(self._settings.socket)
        logger.info("lam %s serves at %s", __version__, self._doors.endpoint)

    def _neighbour_resources(self) -> NeighbourResources:
        from lambdacli.service.neighbour_resources import NeighbourResources

        return NeighbourResources(
            self._endpoint_of, own_credentials, lambda: self._neighbours.status().get("pid")
        )

    def _made_contexts(self) -> Contexts:
        return Contexts(
            stores=self._stores,
            preferences=self._preferences,
            callers=self._callers,
            code_links=self._code_links,
            packages=self._packages,
            invoker=self._invoker,
            events=self._events,
            event_desk=self._event_desk,
            provisioner=self._provisioner,
            schedules=self._schedules,
            sources=self._sources,
            check_source=lambda source, function: self._source_readers().check(source, function),
            debuggers=self._debuggers,
            clock=self._clock,
            real_time=self._real_time,
            journal=self._journal,
            ending=self._ending,
            endpoint=lambda: self._doors.endpoint,
            heed_options=self._project.heed,
            settle_project=self._project.settle_functions,
            builds=self._placements.builds.told,
            begin_builds=self._begin_builds,
        )

    def _gateway(self, told: Descriptions) -> Gateway:
        produced = ProducedInvocations(Access(self._stores.settings), self._lambda_api)
        downloads = CodeDownloads(self._code_links, self._stores.functions, self._stores.code)
        return Gateway(
            self._door_rules,
            fronts=self._http_fronts.by_address({code_links.PATH: downloads.handle}),
            control=Control(self._contexts.of_control(told, produced)).handle,
            lambda_api=self._lambda_api,
            services={
                "logs": LogsApi(self._contexts.of_logs).handle,
                EXECUTE_API: self._http_fronts.apis.manage,
            },
            neighbourhood=self._neighbourhood(),
            is_project_settled=self._project.is_settled,
            settle_project=self._project.settle,
            note_activity=self._idleness.note_activity,
        )

    def _neighbourhood(self) -> Neighbourhood:
        return Neighbourhood(
            self._neighbours,
            self._preferences,
            self._callers,
            own_endpoint=lambda: self._doors.endpoint,
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

    def _endpoint_of(self, service: str) -> str | None:
        """Where lam.yaml says, else here, if the neighbour services are installed."""
        named = self._preferences.services.get(service)
        return named or (self._doors.endpoint if self._neighbours.is_installed else None)

    async def _come_to_rest(self) -> None:
        """What a timer began has been done: the clock may be moved on to the next."""
        await asyncio.sleep(0)
        await self._schedules.rest()
        await self._events.rest()
        await self._batches.wait()
        await self._fleet.settle()

    async def _begin_builds(self) -> dict[str, object]:
        if self._early_builds is None:
            from lambdacli.service.early_builds import EarlyBuilds

            self._early_builds = EarlyBuilds(self._stores.functions.of_project, self._placements.place)
        return await self._early_builds.begin()

    async def _end_builds(self) -> None:
        if self._early_builds is not None:
            await self._early_builds.close()
        self._placements.end_builds()

    def _is_busy(self) -> bool:
        return bool(
            self._ledger.running()
            or self._events.waiting()
            or self._stores.logs.is_followed()
            or self._http_fronts.apis.have_clients
            or self._schedules.are_waiting
            or self._sources.are_needed
        )

    # What a change leads to

    def _code_changed(self, key: FunctionKey) -> None:
        """Files that the function runs from changed."""
        self._placements.changed(key)
        self._function_changed(key)

    def _function_changed(self, key: FunctionKey) -> None:
        """Environments that started with another code or configuration finish what they run, and go."""
        self._reservations_changed()
        self._hot_folders.function_changed(key)
        self._placements.forget_gone(key)
        if self._stores.functions.get(key) is None:
            self._launcher.forget(key)
        self._retire_outdated()
        self._debuggers.heed(key)
        self._provisioner.changed(key)
        self._http_fronts.forget_urls()

    def _mapping_changed(self, mapping: EventSourceMapping) -> None:
        self._sources.changed(mapping)

    def _settings_changed(self, key: FunctionKey) -> None:
        self._provisioner.changed(key)
        self._http_fronts.forget_urls()

    def _retire_outdated(self) -> None:
        self._launcher.retire_outdated(self._placements.is_current)
        self._fleet.retire_outdated()

    def _reservations_changed(self) -> None:
        self._ledger.set_reserved(self._stores.functions.reservations())

    def _project_read(self) -> None:
        project = self._preferences.project
        if project is not None:
            self._http_fronts.take(project)
            self._project.take(project)
            self._schedules.take(OF_PROJECT, project.schedules)
        self._ledger.account_concurrency = self._preferences.account_concurrency
        self._callers.heed_preferences()
        self._fleet.set_limits(self._preferences.pool_limits)
        self._events.max_running = self._preferences.pool_limits.environments
        self._stores.commits.is_durable = self._preferences.is_durable
        self._stores.capture.rules = self._preferences.capture
        self._stores.events.bound_history(self._preferences.history, self._clock.now())
        told = self._preferences
        if self._placements.lead_to(self._doors.endpoint, told.services, told.file_systems):
            self._retire_outdated()
            self._provisioner.renew()
