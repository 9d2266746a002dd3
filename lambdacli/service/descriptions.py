"""What the service tells of itself, its environments and its machine: for `lam status`, `envs`, `show` and
`doctor`."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from datetime import UTC, datetime

from lambdacli import __version__
from lambdacli.api.control.clock import told
from lambdacli.engine.concurrency import Ledger
from lambdacli.environments.fleet import Fleet
from lambdacli.environments.grounds import Grounds
from lambdacli.model import effects, limits
from lambdacli.model.arn import FunctionKey
from lambdacli.model.clock import MovableClock
from lambdacli.model.environment import EnvironmentDescription
from lambdacli.model.function import Function
from lambdacli.model.grant import Grant
from lambdacli.model.runtime_names import deprecation_note
from lambdacli.service.api_fronts import ApiFronts
from lambdacli.service.callers import Callers
from lambdacli.service.debugging import Debuggers
from lambdacli.service.doors import Doors
from lambdacli.service.file_systems import FileSystems
from lambdacli.service.followed_project import FollowedProject
from lambdacli.service.neighbours import NeighbourServices
from lambdacli.service.preferences import Preferences
from lambdacli.service.settings import Settings
from lambdacli.service.stores import Stores
from lambdacli.triggers.schedule import Schedules
from lambdacli.triggers.url_sites import UrlSites


class Descriptions:
    def __init__(
        self,
        *,
        settings: Settings,
        preferences: Preferences,
        project: FollowedProject,
        stores: Stores,
        grounds: Grounds,
        fleet: Fleet,
        ledger: Ledger,
        doors: Doors,
        file_systems: FileSystems,
        clock: MovableClock,
        callers: Callers,
        neighbours: NeighbourServices,
        urls: UrlSites,
        http_apis: ApiFronts,
        debuggers: Debuggers,
        schedules: Schedules,
    ) -> None:
        self._settings = settings
        self._preferences = preferences
        self._project = project
        self._sync = project.sync
        self._functions = stores.functions
        self._mappings = stores.mappings
        self._grounds = grounds
        self._fleet = fleet
        self._ledger = ledger
        self._doors = doors
        self._file_systems = file_systems
        self._clock = clock
        self._callers = callers
        self._neighbours = neighbours
        self._urls = urls
        self._http_apis = http_apis
        self._debuggers = debuggers
        self._schedules = schedules
        self._started_at = datetime.now(UTC)

    def identity(self) -> dict[str, object]:
        return {
            "pid": os.getpid(),
            "endpoint": self._doors.endpoint,
            "socket": str(self._settings.socket),
            "version": __version__,
        }

    def status(self) -> dict[str, object]:
        environments = Counter(str(environment.state) for environment in self._fleet.environments())
        return {
            **self.identity(),
            "project": None if self._settings.project is None else str(self._settings.project),
            "state_dir": str(self._settings.state),
            "started_at": self._started_at.isoformat(timespec="seconds"),
            "account": self._preferences.account,
            "region": self._preferences.region,
            "functions": self._functions.count(),
            "environments": dict(environments),
            "walls": self._grounds.walls,
            "running_invocations": self._ledger.running(),
            "neighbours": self._neighbours.status(),
            "services": dict(self._preferences.services),
            "problems": [] if self._sync is None else [*self._sync.problems, *self._project.stack_problems],
            "notices": self._notices(),
            "anonymous": self._settings.anonymous,
            "auth": self._callers.are_checked,
            "clock": told(self._clock.read()),
            "apis": self._http_apis.described(),
            "urls": [
                {
                    "function": ":".join(filter(None, (url.function.name, url.qualifier))),
                    "url": url.url,
                    "auth": url.auth_type,
                }
                for url in self._urls.shown()
            ],
            "debuggers": self._debuggers.open_ports(),
            "schedules": self._schedules.described(),
        }

    def urls(self) -> dict[FunctionKey, list[str]]:
        """Of each function that has some, its own and its aliases'."""
        found: dict[FunctionKey, list[str]] = {}
        for url in self._urls.shown():
            found.setdefault(url.function, []).append(url.url)
        return found

    def _notices(self) -> list[str]:
        notices = [] if self._sync is None else list(self._sync.warnings)
        notices += self._http_apis.problems()
        chosen = None if self._settings.port is not None else self._preferences.chosen_port
        if chosen is not None and chosen != self._doors.port:
            notices.append(f"lam.yaml says port {chosen} now: it counts after `lam stop`")
        problem = self._callers.problem
        if problem is not None:
            notices.append(problem)
        return notices

    async def environments(self) -> list[EnvironmentDescription]:
        """Looks at every process of theirs: not for the event loop."""
        environments = self._fleet.environments()
        return await asyncio.to_thread(lambda: [environment.describe() for environment in environments])

    def problems_of(self, function: Function) -> list[str]:
        """What of its settings cannot be kept here."""
        problem = self._grounds.network_problem(function.network)
        problems = [] if problem is None else [problem]
        is_usual = function.ephemeral_storage_mb == limits.EPHEMERAL_STORAGE_MB_DEFAULT
        if not self._grounds.is_walled and not is_usual:
            problems.append("ephemeral_storage is not limited by the portable walls")
        mounts = [self._file_systems.problem(each) for each in function.file_systems]
        deprecated = deprecation_note(function.runtime, self._clock.now().date())
        problems += [each for each in (*mounts, deprecated) if each is not None]
        for mapping in self._mappings.of_function(function.key):
            problems += effects.of_mapping(mapping)
        return problems

    async def grants(self) -> list[Grant]:
        """Some run programs and read files: not for the event loop."""
        from lambdacli.environments.sandbox.grants import grants as grants_of_walls
        from lambdacli.service.grants import of_machine

        port, wanted = self._doors.port, self._preferences.wanted_port
        others = await asyncio.to_thread(of_machine, self._settings.state, port, wanted)
        return [*await grants_of_walls(self._grounds), *others]
