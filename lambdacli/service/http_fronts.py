"""Everything that stands in front of functions for HTTP: their own URLs, HTTP APIs, WebSocket APIs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lambdacli.api.operations.context import new_id
from lambdacli.api.protocol import serialise_error
from lambdacli.api.shapes import Model
from lambdacli.engine.access import Access
from lambdacli.engine.callees import Callees
from lambdacli.engine.invoker import Invoker
from lambdacli.model.clock import Clock
from lambdacli.project.config import Project
from lambdacli.service.api_fronts import ApiFronts
from lambdacli.service.callers import Callers
from lambdacli.service.fronts import Fronts
from lambdacli.store.settings import SettingStore
from lambdacli.telemetry.metrics import Metrics
from lambdacli.triggers import api_addresses, function_url
from lambdacli.triggers.function_url import FunctionUrls
from lambdacli.wire.http import Handler


class HttpFronts:
    def __init__(
        self,
        model: Model,
        settings: SettingStore,
        callees: Callees,
        invoker: Invoker,
        metrics: Metrics,
        clock: Clock,
        *,
        callers: Callable[[], Callers],
        endpoint: Callable[[], str],
    ) -> None:
        """`callers` are asked for with the first request: who calls is known from lam.yaml, which is read
        later."""
        self.urls = FunctionUrls(
            settings,
            callees,
            Access(settings),
            invoker,
            metrics,
            signer_of=lambda request: callers().signer_of(request),
            told=lambda error, request_id: serialise_error(model, error, request_id),
            endpoint=endpoint,
            now=clock.now,
            new_id=new_id,
        )
        self.apis = ApiFronts(callees, invoker, clock, callers=callers, endpoint=endpoint)

    def take(self, project: Project) -> None:
        """What lam.yaml says now."""
        self.apis.take(project)

    def by_address(self, others: Mapping[str, Handler]) -> Fronts:
        """`others` are reached by the first segment of their paths, and by no name."""
        urls, apis = self.urls.handle, self.apis.handle
        return Fronts(
            {
                function_url.DOMAIN: urls,
                api_addresses.API_DOMAIN: apis,
                api_addresses.ALB_DOMAIN: apis,
            },
            {
                function_url.PATH: urls,
                api_addresses.API_PATH: apis,
                api_addresses.ALB_PATH: apis,
                **others,
            },
        )
