"""Which front answers a request: a function's own address, or the door and then our own verbs, the Lambda API
or another service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from lambdacli.api.control.routes import PREFIX as CONTROL_PREFIX
from lambdacli.api.logs.dispatch import TARGET_PREFIX as LOGS_TARGET
from lambdacli.service.door import DoorSettings, caller_of, refuse, refuse_at_front
from lambdacli.service.fronts import Fronts
from lambdacli.service.neighbourhood import Neighbourhood
from lambdacli.triggers.api_addresses import CONNECTIONS
from lambdacli.wire.handover import Route
from lambdacli.wire.http import Answer, Handler, Request, Response


class Gateway:
    def __init__(
        self,
        door: DoorSettings,
        fronts: Fronts,
        control: Handler,
        lambda_api: Handler,
        services: Mapping[str, Handler],
        neighbourhood: Neighbourhood,
        is_project_settled: Callable[[], bool],
        settle_project: Callable[[], Awaitable[None]],
        note_activity: Callable[[], None],
    ) -> None:
        """`services` are other APIs, by the name of the service that a request was signed for."""
        self._door = door
        self._fronts = fronts
        self._control = control
        self._lambda_api = lambda_api
        self._services = services
        self._neighbourhood = neighbourhood
        self._is_project_settled = is_project_settled
        self._settle_project = settle_project
        self._note_activity = note_activity

    def divert(self, request: Request) -> Route | None:
        """Where a request goes on whose head is here. Who may not come in is told so by `handle`."""
        if request.path.startswith(CONTROL_PREFIX) or self._fronts.of(request) is not None:
            return None
        route = self._neighbourhood.route(request)
        # The door is asked once for each request: for all others by `handle`.
        if route is None or refuse(request, self._door, None) is not None:
            return None
        self._note_activity()
        return route

    def handle(self, request: Request) -> Answer:
        front = self._fronts.of(request)
        if front is not None:
            return self._at_front(front, request)
        refusal = refuse(request, self._door, None)  # the connection's owner was judged when it came
        if refusal is not None:
            return refusal
        self._note_activity()
        if request.path.startswith(CONTROL_PREFIX):
            return self._control(request)
        # No operation of Lambda has these paths: its requests are not asked for their service.
        is_other = request.path == "/" or request.path.startswith(CONNECTIONS)
        other = self._services.get(_service_of(request)) if is_other else None
        if other is not None:
            return other(request)
        return self._settled(self._lambda_api, request)

    def _at_front(self, front: Handler, request: Request) -> Answer:
        """Here web pages may come, and whoever signs nothing."""
        refusal = refuse_at_front(request)
        if refusal is not None:
            return refusal
        self._note_activity()
        return self._settled(front, request)

    def _settled(self, handle: Handler, request: Request) -> Answer:
        if self._is_project_settled():
            return handle(request)
        return self._after_settling(handle, request)

    async def _after_settling(self, handle: Handler, request: Request) -> Response:
        await self._settle_project()
        answer = handle(request)
        return answer if isinstance(answer, Response) else await answer


def _service_of(request: Request) -> str:
    signed_for = caller_of(request).service
    if signed_for is not None:
        return signed_for
    return "logs" if request.headers.get("x-amz-target", "").startswith(LOGS_TARGET) else ""
