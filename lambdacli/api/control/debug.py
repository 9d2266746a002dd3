"""Where editors attach: of one function, whose port is opened by asking, and of all."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Protocol

from lambdacli.model.attachment import Attachment
from lambdacli.model.errors import ServiceException
from lambdacli.model.function import Function
from lambdacli.wire.http import Request, Response


class Debuggers(Protocol):
    # Where to attach from now on; ServiceException when there is no way to.
    async def attachment(self, function: Function) -> Attachment: ...

    # The same for an editor's configuration: nothing is opened.
    def usual_attachment(self, function: Function) -> Attachment: ...

    def can_attach(self, function: Function) -> bool: ...


class DebugRoutes:
    def __init__(
        self,
        debuggers: Debuggers,
        functions: Callable[[], Sequence[Function]],
        place: Callable[[], tuple[str, str]],
        settle_project: Callable[[], Awaitable[None]],
    ) -> None:
        self._debuggers = debuggers
        self._functions = functions
        self._place = place
        self._settle_project = settle_project

    async def list_all(self, request: Request) -> Response:
        await self._settle_project()
        told = [
            _told(self._debuggers.usual_attachment(function))
            for function in self._here()
            if self._debuggers.can_attach(function)
        ]
        return _answer(200, {"attachments": told})

    async def open(self, request: Request) -> Response:
        await self._settle_project()
        name = json.loads(request.body or b"{}").get("function")
        function = next((each for each in self._here() if each.name == name), None)
        if function is None:
            return _answer(404, {"message": f"there is no function {name}"})
        try:
            return _answer(200, _told(await self._debuggers.attachment(function)))
        except ServiceException as error:
            return _answer(409, {"message": str(error)})

    def _here(self) -> list[Function]:
        return [each for each in self._functions() if (each.key.account, each.key.region) == self._place()]


def _told(attachment: Attachment) -> dict[str, object]:
    return {**asdict(attachment), "folder": str(attachment.folder)}


def _answer(status: int, document: object) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(document).encode())
