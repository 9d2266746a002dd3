"""Everything that stands in front of functions for HTTP: their own URLs, HTTP APIs, WebSocket APIs.
What calls functions by their URLs is imported with the first such call: most have none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

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
from lambdacli.triggers import api_addresses, url_sites
from lambdacli.triggers.url_sites import UrlSites
from lambdacli.wire.http import Answer, Handler, Request

if TYPE_CHECKING:
    from lambdacli.triggers.function_url import FunctionUrls


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
        self.urls = UrlSites(settings, endpoint)
        self._opened_urls: FunctionUrls | None = None

        def open_urls() -> FunctionUrls:
            from lambdacli.triggers.function_url import FunctionUrls

            return FunctionUrls(
                self.urls,
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

        self._open_urls = open_urls
        self.apis = ApiFronts(callees, invoker, clock, callers=callers, endpoint=endpoint)

    def take(self, project: Project) -> None:
        """What lam.yaml says now."""
        self.apis.take(project)

    def forget_urls(self) -> None:
        """A URL, a policy, or what one leads to may have changed."""
        self.urls.forget()
        if self._opened_urls is not None:
            self._opened_urls.forget()

    def by_address(self, others: Mapping[str, Handler]) -> Fronts:
        """`others` are reached by the first segment of their paths, and by no name."""
        urls, apis = self._call_url, self.apis.handle
        return Fronts(
            {
                url_sites.DOMAIN: urls,
                api_addresses.API_DOMAIN: apis,
                api_addresses.ALB_DOMAIN: apis,
            },
            {
                url_sites.PATH: urls,
                api_addresses.API_PATH: apis,
                api_addresses.ALB_PATH: apis,
                **others,
            },
        )

    def _call_url(self, request: Request) -> Answer:
        if self._opened_urls is None:
            self._opened_urls = self._open_urls()
        return self._opened_urls.handle(request)
