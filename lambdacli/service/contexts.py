"""What the operations of each API are given with a request, made of the service's parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from lambdacli.api.code_links import CodeLinks
from lambdacli.api.control.captured import CapturedRoutes
from lambdacli.api.control.routes import ControlContext
from lambdacli.api.control.settings_shown import SettingsShown
from lambdacli.api.logs.context import LogsContext
from lambdacli.api.operations.context import Context, Packages
from lambdacli.engine.event_desk import EventDesk
from lambdacli.engine.events import EventQueue
from lambdacli.engine.invoker import Invoker
from lambdacli.engine.provisioning import Provisioner
from lambdacli.model.clock import Clock
from lambdacli.model.function import Function
from lambdacli.model.mapping import Source
from lambdacli.model.template_options import TemplateOptions
from lambdacli.service.callers import Callers
from lambdacli.service.clock import OffsetClock
from lambdacli.service.debugging import Debuggers
from lambdacli.service.descriptions import Descriptions
from lambdacli.service.ending import Ending
from lambdacli.service.journal import Journal
from lambdacli.service.neighbour_schedules import NeighbourSchedules
from lambdacli.service.preferences import Preferences
from lambdacli.service.produced import ProducedInvocations
from lambdacli.service.stores import Stores
from lambdacli.sources.supervisor import Sources
from lambdacli.triggers.schedule import Schedules
from lambdacli.wire.http import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    stores: Stores
    preferences: Preferences
    callers: Callers
    code_links: CodeLinks
    packages: Packages
    invoker: Invoker
    events: EventQueue
    event_desk: EventDesk
    provisioner: Provisioner
    schedules: Schedules
    sources: Sources
    check_source: Callable[[Source, Function], Awaitable[None]]
    debuggers: Debuggers
    clock: OffsetClock
    real_time: Clock
    journal: Journal
    ending: Ending
    endpoint: Callable[[], str]
    heed_options: Callable[[TemplateOptions], bool]
    settle_project: Callable[[], Awaitable[None]]
    builds: Callable[[str | None], Sequence[Mapping[str, object]]]
    begin_builds: Callable[[], Awaitable[Mapping[str, object]]]

    def of_lambda(self, request: Request) -> Context:
        stores, told = self.stores, self.preferences.of_requests()
        caller, identities = self.callers.of(request), self.preferences.identities
        return Context(
            account=caller.account,
            region=caller.region,
            functions=stores.functions,
            aliases=stores.aliases,
            settings=stores.settings,
            mappings=stores.mappings,
            code_signing=stores.code_signing,
            code=stores.code,
            code_links=self.code_links,
            layers=stores.layers,
            substitutions=told.substitutions,
            packages=self.packages,
            is_strict=told.is_strict,
            invoker=self.invoker,
            events=self.events,
            provisioning=self.provisioner,
            clock=self.clock,
            endpoint=self.endpoint(),
            account_concurrency=told.account_concurrency,
            other_names=told.other_names,
            described_in=told.file_of,
            http=request,
            # A template of the owner's may name a queue that is made after its mapping.
            check_source=_unasked if request.peer.is_unix else self.check_source,
            identity=caller.identity,
            trust_of=identities.trust_of,
            known_policies_of=identities.known_policies_of,
        )

    def of_logs(self, request: Request) -> LogsContext:
        caller = self.callers.of(request, "logs")
        return LogsContext(
            account=caller.account,
            region=caller.region,
            groups=self.stores.log_groups,
            now=self.real_time.now,
            identity=caller.identity,
        )

    def of_control(self, told: Descriptions, produced: ProducedInvocations) -> ControlContext:
        stores, preferences = self.stores, self.preferences

        def place() -> tuple[str, str]:
            return preferences.account, preferences.region

        return ControlContext(
            place=place,
            name_of=lambda name: preferences.of_requests().other_names.get(name, name),
            other_names=lambda: preferences.of_requests().other_names,
            template=self.heed_options,
            status=told.status,
            stop=self.ending.ask,
            functions=stores.functions.list_all,
            environments=told.environments,
            doctor=told.grants,
            problems=told.problems_of,
            left_out=preferences.why_left_out,
            described_in=lambda name: preferences.of_requests().file_of(name),
            settings=SettingsShown(stores.settings, self.provisioner, self.endpoint).of,
            events=self.event_desk,
            schedules=self.schedules,
            told_schedules=NeighbourSchedules(self.schedules.take).answer,
            debuggers=self.debuggers,
            logs=stores.logs,
            clock=self.clock,
            metrics=stores.metrics_since,
            captured=CapturedRoutes(stores.captured, stores.capture.settle, place),
            follow_journal=self.journal.follow,
            settle_project=self.settle_project,
            produced=produced.answer,
            urls=told.urls,
            sources=self.sources.described,
            builds=self.builds,
            begin_builds=self.begin_builds,
        )


async def _unasked(source: Source, function: Function) -> None:
    return None
