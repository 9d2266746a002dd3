"""Which front answers a request: the door first, then our own verbs or the Lambda API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from lambdacli.api.control.routes import PREFIX as CONTROL_PREFIX
from lambdacli.service.door import DoorSettings, refuse
from lambdacli.wire.http import Handler, Request, Response


class Gateway:
    def __init__(
        self,
        door: DoorSettings,
        control: Handler,
        lambda_api: Handler,
        settle_project: Callable[[], Awaitable[None]],
        note_activity: Callable[[], None],
    ) -> None:
        self._door = door
        self._control = control
        self._lambda_api = lambda_api
        self._settle_project = settle_project
        self._note_activity = note_activity

    async def handle(self, request: Request) -> Response:
        refusal = refuse(request, self._door, None)  # the connection's owner was judged when it came
        if refusal is not None:
            return refusal
        self._note_activity()
        if request.path.startswith(CONTROL_PREFIX):
            return await self._control(request)
        await self._settle_project()
        return await self._lambda_api(request)
