"""What follows from a project once its functions are here: settings around them, and resources of other
services."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from lambdacli.project.records import Project
from lambdacli.project.stack.declared import Step
from lambdacli.service.declared_settings import DeclaredSettings
from lambdacli.service.dynamic_values import DynamicValues
from lambdacli.service.neighbour_resources import NeighbourResources
from lambdacli.service.stored_code import StoredCode

logger = logging.getLogger("lam.project")


class ProjectStack:
    """One task at a time makes what the newest reading asks for."""

    def __init__(
        self,
        settings: DeclaredSettings,
        resources: NeighbourResources,
        values: DynamicValues,
        stored_code: StoredCode,
        functions_of: Callable[[Project], frozenset[str]],
        read_again: Callable[[], None],
    ) -> None:
        """`functions_of` are the names of those that were taken in."""
        self.problems: list[str] = []
        self._settings = settings
        self._resources = resources
        self._values = values
        self._stored_code = stored_code
        self._functions_of = functions_of
        self._read_again = read_again
        self._newest: Project | None = None
        self._refused: Project | None = None
        self._task: asyncio.Task[None] | None = None

    def take(self, project: Project) -> None:
        self._newest = project
        self._begin()

    def look_up(self, refused: Project) -> None:
        """Of a template that cannot be read: a value that is not known yet may be all that it lacks."""
        if self._values.wanted:
            self._refused = refused
            self._begin()

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    @property
    def is_settled(self) -> bool:
        return self._task is None or self._task.done()

    async def settle(self) -> None:
        while self._task is not None and not self._task.done():
            # Whoever leaves does not end what others wait for.
            await asyncio.shield(self._task)

    async def close(self) -> None:
        if self._task is not None and not self._task.done():
            await asyncio.wait({self._task})

    async def _work(self) -> None:
        done: Project | None = None
        while True:
            project, refused = self._newest, self._refused
            if refused is not None:
                self._refused = None
                await self._follow(refused, self._learn)
            elif project is not None and project is not done:
                done = project
                await self._follow(project, self._make)
            else:
                return

    async def _follow(self, project: Project, how: Callable[[Project], Awaitable[None]]) -> None:
        try:
            await how(project)
        except Exception as error:
            # One template that could not be followed must not leave everybody waiting.
            logger.exception("%s could not be followed", project.file.name)
            self._tell([f"{project.file.name}: {error}"])

    async def _make(self, project: Project) -> None:
        problems = await self._resources.make(project, Step.MAKE)
        await self._learn(project)
        problems += await self._settings.take(project, self._functions_of(project))
        problems += await self._resources.make(project, Step.CONNECT)
        self._tell(problems)

    async def _learn(self, project: Project) -> None:
        values = await self._resources.look_up(project, self._values.wanted)
        has_news = self._values.learn(values)
        if await self._stored_code.fetch(project.region) or has_news:
            self._read_again()

    def _tell(self, problems: list[str]) -> None:
        for problem in problems:
            if problem not in self.problems:
                logger.error("%s", problem)
        self.problems = problems
