"""The HTTP and WebSocket APIs in front of functions: opened with the first, for most projects have none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lambdacli.api.operations.context import new_id
from lambdacli.engine.callees import Callees
from lambdacli.engine.invoker import Invoker
from lambdacli.model.clock import Clock
from lambdacli.model.http_apis import HttpApi
from lambdacli.model.record import record
from lambdacli.project.config import Project
from lambdacli.service.callers import Callers
from lambdacli.wire.http import Answer, Request

if TYPE_CHECKING:
    from lambdacli.triggers.connection_requests import ConnectionRequests
    from lambdacli.triggers.http_api import HttpApis
    from lambdacli.triggers.websocket_api import WebSocketApis


@record
class _Opened:
    apis: HttpApis
    web_sockets: WebSocketApis
    connection_requests: ConnectionRequests


class ApiFronts:
    def __init__(
        self,
        callees: Callees,
        invoker: Invoker,
        clock: Clock,
        *,
        callers: Callable[[], Callers],
        endpoint: Callable[[], str],
    ) -> None:
        self._callees = callees
        self._invoker = invoker
        self._clock = clock
        self._callers = callers
        self._endpoint = endpoint
        self._taken: tuple[Sequence[HttpApi], str, str] | None = None
        self._fronts: _Opened | None = None

    def take(self, project: Project) -> None:
        """What lam.yaml says now."""
        told = project.apis, project.account, project.region
        if project.apis or self._fronts is not None:
            self._opened().apis.take(*told)
        self._taken = told

    def handle(self, request: Request) -> Answer:
        return self._opened().apis.handle(request)

    def manage(self, request: Request) -> Answer:
        """A request about the clients of a WebSocket API."""
        return self._opened().connection_requests.handle(request)

    def described(self) -> list[dict[str, object]]:
        return [] if self._fronts is None else self._fronts.apis.described()

    def problems(self) -> list[str]:
        return [] if self._fronts is None else self._fronts.apis.problems()

    @property
    def have_clients(self) -> bool:
        """Whether a WebSocket is open."""
        return self._fronts is not None and self._fronts.web_sockets.are_open

    async def drain(self) -> None:
        if self._fronts is not None:
            await self._fronts.web_sockets.drain()

    def close(self) -> None:
        if self._fronts is not None:
            self._fronts.web_sockets.close()

    def _opened(self) -> _Opened:
        if self._fronts is not None:
            return self._fronts
        from lambdacli.triggers.connection_requests import ConnectionRequests
        from lambdacli.triggers.http_api import HttpApis
        from lambdacli.triggers.named_functions import NamedFunctions
        from lambdacli.triggers.websocket_api import WebSocketApis

        named = NamedFunctions(self._callees, self._invoker, new_id)
        web_sockets = WebSocketApis(named, self._clock, endpoint=self._endpoint)
        requests = ConnectionRequests(web_sockets, lambda request: self._callers().manager_of(request))
        apis = HttpApis(named, web_sockets, requests, self._clock, endpoint=self._endpoint, new_id=new_id)
        if self._taken is not None:
            apis.take(*self._taken)
        self._fronts = _Opened(apis, web_sockets, requests)
        return self._fronts
