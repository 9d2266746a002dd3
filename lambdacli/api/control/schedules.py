"""Schedules over our own routes: all there are, and one fired by hand."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from lambdacli.model.schedule import RefusedFiringError
from lambdacli.wire.http import Request, Response


class Schedules(Protocol):
    def described(self) -> Sequence[Mapping[str, object]]: ...

    # The request ids of the events; KeyError if there is none of that name, RefusedFiringError otherwise.
    async def fire_now(self, name: str) -> Sequence[str]: ...


class ScheduleRoutes:
    def __init__(self, schedules: Schedules, settle_project: Callable[[], Awaitable[None]]) -> None:
        self._schedules = schedules
        self._settle_project = settle_project

    async def list_all(self, request: Request) -> Response:
        await self._settle_project()
        return _answer(200, {"schedules": list(self._schedules.described())})

    async def fire(self, request: Request) -> Response:
        await self._settle_project()
        name = str(json.loads(request.body or b"{}").get("name", ""))
        try:
            return _answer(200, {"request_ids": list(await self._schedules.fire_now(name))})
        except KeyError:
            return _answer(404, {"message": f"there is no schedule {name}"})
        except RefusedFiringError as refused:
            return _answer(409, {"message": f"schedule {name} was not fired: {refused}"})


def _answer(status: int, document: object) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(document).encode())
