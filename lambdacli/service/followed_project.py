"""The project that the service is of, where there is one: read, watched, and what follows from it made.
What makes more than functions is imported with the first project that has more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lambdacli.model.arn import FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.layer import LayerKey
from lambdacli.model.template_options import TemplateOptions
from lambdacli.project.config import Project
from lambdacli.service.clock import OffsetClock
from lambdacli.service.dynamic_values import DynamicValues
from lambdacli.service.project_sync import ProjectSync
from lambdacli.service.s3 import S3Packages
from lambdacli.service.settings import Settings
from lambdacli.service.stored_code import StoredCode
from lambdacli.service.stores import Stores
from lambdacli.wire.http import Handler

if TYPE_CHECKING:
    from lambdacli.service.neighbour_resources import NeighbourResources
    from lambdacli.service.project_stack import ProjectStack


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
        self._made_around = settings.state / "declared.json"
        self._functions = stores.functions
        self._log_groups = stores.log_groups
        self._clock = clock
        self._values = DynamicValues(real_time)
        self._stored_code = StoredCode(packages, stores.code, real_time)
        self._open_stack: Callable[[], ProjectStack] | None = None
        """None: our own address is not known yet."""
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

    def follow_template(
        self, endpoint: str, lambda_api: Handler, resources: Callable[[], NeighbourResources]
    ) -> None:
        """What it has beside functions is made from now on: our own address is known."""
        if self.sync is None:
            return
        sync = self.sync
        sync.serves_at(endpoint)

        def open_stack() -> ProjectStack:
            from lambdacli.service.declared_settings import DeclaredSettings
            from lambdacli.service.project_stack import ProjectStack

            settings = DeclaredSettings(self._made_around, lambda_api, self._log_groups, self._clock)
            return ProjectStack(
                settings, resources(), self._values, self._stored_code, self._names_of, sync.read
            )

        self._open_stack = open_stack
        if sync.project is not None:
            self.take(sync.project)
        if sync.refused is not None:
            self._look_up(sync.refused)

    def take(self, project: Project) -> None:
        """What stands around its functions, as it says now."""
        is_followed = self._stack is not None or self._has_more_than_functions(project)
        stack = self._opened_stack() if is_followed else None
        if stack is not None:
            stack.take(project)

    def _has_more_than_functions(self, project: Project) -> bool:
        wants = bool(self._values.wanted) or self._stored_code.is_wanted
        return bool(project.declared or project.neighbour_calls or wants) or self._made_around.exists()

    def _look_up(self, refused: Project) -> None:
        stack = self._opened_stack() if self._values.wanted else None
        if stack is not None:
            stack.look_up(refused)

    def _opened_stack(self) -> ProjectStack | None:
        if self._stack is None and self._open_stack is not None:
            self._stack = self._open_stack()
        return self._stack

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
