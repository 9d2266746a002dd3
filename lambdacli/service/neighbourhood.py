"""Where a request for another AWS service goes: to lam.yaml's endpoint, to the embedded one, or nowhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from lambdacli.service.callers import Callers
from lambdacli.service.neighbour_requests import (
    ACCOUNT_HEADER,
    DEFAULT_ACCOUNT_HEADER,
    OWN,
    anonymous_service,
    endpoint_named,
    refusal,
    service_of,
)
from lambdacli.service.neighbours import NeighbourServices, NoNeighbours
from lambdacli.service.preferences import Preferences
from lambdacli.wire.handover import Route, Upstream
from lambdacli.wire.http import Request, Response

logger = logging.getLogger("lam.neighbours")


class Neighbourhood:
    def __init__(
        self,
        embedded: NeighbourServices,
        preferences: Preferences,
        callers: Callers,
        *,
        own_endpoint: Callable[[], str],
        own: frozenset[str] = frozenset(),
        lets_anonymous_in: bool = False,
    ) -> None:
        """`own` are services beside Lambda that the service itself answers."""
        self._embedded = embedded
        self._preferences = preferences
        self._callers = callers
        self._own_endpoint = own_endpoint
        self._own = own
        self._lets_anonymous_in = lets_anonymous_in

    def service_of(self, request: Request) -> str | None:
        """None: the Lambda API's, and lam's own."""
        service = service_of(request)
        if service is not None or not self._lets_anonymous_in or request.peer.is_unix:
            return service
        is_signed = "authorization" in request.headers or "X-Amz-" in request.query
        return None if is_signed else anonymous_service(request)

    def route(self, request: Request) -> Route | None:
        """None: it is answered here."""
        service = self.service_of(request)
        if service is None:
            return None
        endpoint = endpoint_named(self._preferences.services, service, request)
        if endpoint is not None and endpoint.rstrip("/") == self._own_endpoint():
            endpoint = None  # it leads here
        if endpoint is None and service in self._own:
            return None
        return lambda: self._find(request, service, endpoint)

    def _find(
        self, request: Request, service: str, endpoint: str | None
    ) -> Coroutine[Any, Any, Upstream | Response]:
        return self._embedded_for(request, service) if endpoint is None else _named(endpoint)

    async def _embedded_for(self, request: Request, service: str) -> Upstream | Response:
        if service in OWN:
            message = f"lam does not serve {OWN[service]}. `services:` in lam.yaml may name who does."
            return refusal(request, service, 501, "NotImplemented", message)
        refused = self._callers.refuse_unknown_key(request, service)
        if refused is not None:
            return refused
        try:
            socket = await self._embedded.socket(service)
        except NoNeighbours as error:
            logger.error("%s", error)
            return refusal(request, service, 501, "ServiceNotInstalled", str(error))
        account = self._callers.account_of(request) or ""
        told = {ACCOUNT_HEADER: account, DEFAULT_ACCOUNT_HEADER: self._preferences.account}
        return Upstream(socket, headers=told)


async def _named(endpoint: str) -> Upstream:
    parts = urlsplit(endpoint)
    is_tls = parts.scheme == "https"
    address = (parts.hostname or "", parts.port or (443 if is_tls else 80))
    return Upstream(address, is_tls, parts.path.rstrip("/"))
