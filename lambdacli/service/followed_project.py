"""The project that the service is of, where there is one: read, watched, and what follows from it made."""

from __future__ import annotations

from collections.abc import Callable

from lambdacli.model.arn import FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.layer import LayerKey
from lambdacli.model.template_options import TemplateOptions
from lambdacli.project.config import Project
from lambdacli.service.clock import OffsetClock
from lambdacli.service.declared_settings import DeclaredSettings
from lambdacli.service.neighbour_resources import NeighbourResources
from lambdacli.service.project_stack import DynamicValues, ProjectStack
from lambdacli.service.project_sync import ProjectSync
from lambdacli.service.s3 import S3Packages
from lambdacli.service.settings import Settings
from lambdacli.service.stored_code import StoredCode
from lambdacli.service.stores import Stores
from lambdacli.wire.http import Handler


class FollowedProject:
    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        clock: OffsetClock,
        real_time: Clock,
        packages: S3Packages,
        on_code_change: Callable[[FunctionKey], None],
        on_synced: Callable[[], None],
    ) -> None:
        self._state = settings.state
        self._functions = stores.functions
        self._log_groups = stores.log_groups
        self._clock = clock
        self._values = DynamicValues(real_time)
        self._stored_code = StoredCode(packages, stores.code, real_time)
        self._stack: ProjectStack | None = None
        self.sync: ProjectSync | None = None
        if settings.project is not None:
            self.sync = ProjectSync(
                settings.project,
                stores.functions,
                stores.code,
                stores.layers,
                stores.settings,
                clock,
                real_time,
                on_code_change=on_code_change,
                on_synced=on_synced,
                is_strict=settings.is_strict,
                options=settings.template,
                lookup=self._values,
                stored_code=self._stored_code,
                on_refused=self._look_up,
            )

    def start(self) -> None:
        if self.sync is not None:
            self.sync.read()
            self.sync.start_watching()

    def stop(self) -> None:
        if self.sync is not None:
            self.sync.stop_watching()

    def follow_template(self, endpoint: str, lambda_api: Handler, resources: NeighbourResources) -> None:
        """What it has beside functions is made from now on: our own address is known."""
        if self.sync is None:
            return
        self.sync.serves_at(endpoint)
        settings = DeclaredSettings(self._state, lambda_api, self._log_groups, self._clock)
        self._stack = ProjectStack(
            settings, resources, self._values, self._stored_code, self._names_of, self.sync.read
        )
        if self.sync.project is not None:
            self._stack.take(self.sync.project)
        if self.sync.refused is not None:
            self._look_up(self.sync.refused)

    def _look_up(self, refused: Project) -> None:
        if self._stack is not None:
            self._stack.look_up(refused)

    def _names_of(self, project: Project) -> frozenset[str]:
        return frozenset(
            function.name
            for function in self._functions.of_project()
            if (function.key.account, function.key.region) == (project.account, project.region)
        )

    async def unfollow_template(self) -> None:
        """What was begun is made first."""
        if self._stack is not None:
            await self._stack.close()

    @property
    def stack_problems(self) -> list[str]:
        return [] if self._stack is None else self._stack.problems

    def take(self, project: Project) -> None:
        """What stands around its functions, as it says now."""
        if self._stack is not None:
            self._stack.take(project)

    def layer_changed(self, key: LayerKey) -> None:
        if self.sync is not None:
            self.sync.layer_changed(key)

    def heed(self, options: TemplateOptions) -> bool:
        """Whether there is a template for which they can count."""
        return self.sync is not None and self.sync.heed(options)

    async def settle_functions(self) -> None:
        if self.sync is not None:
            await self.sync.settle()

    async def settle(self) -> None:
        """A function must find what its template has."""
        await self.settle_functions()
        if self._stack is not None:
            await self._stack.settle()

    def is_settled(self) -> bool:
        is_read = self.sync is None or self.sync.is_settled()
        return is_read and (self._stack is None or self._stack.is_settled)
