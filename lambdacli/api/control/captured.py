"""The real events that functions got, over our own routes."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import parse_qs, unquote

from lambdacli.model.arn import FunctionKey
from lambdacli.model.captured import CapturedEvent
from lambdacli.model.event_kind import kind_of
from lambdacli.store.captured import CapturedEvents
from lambdacli.wire.http import Request, Response

ROUTE = "captured"
_NEWEST = 200


class CapturedRoutes:
    def __init__(
        self,
        kept: CapturedEvents,
        settle: Callable[[], Awaitable[None]],
        place: Callable[[], tuple[str, str]],
    ) -> None:
        """`settle` writes down what is still only in memory; `place` is the project's account and region."""
        self._kept = kept
        self._settle = settle
        self._place = place

    async def handle(self, request: Request) -> Response:
        if request.method != "GET":
            return _answer(404, {"message": f"there is no {request.method} {request.path}"})
        await self._settle()
        beginning = unquote(request.path.rpartition(f"/{ROUTE}")[2].strip("/"))
        return self._one(beginning) if beginning else self._list(request)

    def _list(self, request: Request) -> Response:
        asked = {name: values[-1] for name, values in parse_qs(request.query).items()}
        found: Sequence[CapturedEvent]
        if "function" in asked:
            found = self._kept.of_function(FunctionKey(*self._place(), asked["function"]))
        else:
            found = self._here(self._kept.newest(_NEWEST))
        if asked.get("failed") == "1":
            found = [event for event in found if event.is_failed]
        return _answer(200, {"events": [_summary(event) for event in found]})

    def _one(self, beginning: str) -> Response:
        found = self._here(self._kept.by_id(beginning))
        if not found:
            return _answer(404, {"message": f"no event is kept whose request id begins with {beginning}"})
        if len(found) > 1:
            ids = ", ".join(event.request_id for event in found[:3])
            return _answer(409, {"message": f"several events begin with {beginning}: {ids}"})
        [event] = found
        payload = base64.b64encode(event.payload).decode()
        return _answer(200, {**_summary(event), "payload_base64": payload})

    def _here(self, events: Sequence[CapturedEvent]) -> list[CapturedEvent]:
        place = self._place()
        return [event for event in events if (event.function.account, event.function.region) == place]


def _summary(event: CapturedEvent) -> dict[str, object]:
    return {
        "request_id": event.request_id,
        "function": event.function.name,
        "at": event.at.isoformat(timespec="milliseconds"),
        "kind": kind_of(event.payload),
        "bytes": len(event.payload),
        "version": event.version,
        "invoked_arn": event.invoked_arn,
        "error_type": event.error_type,
        "is_redacted": event.is_redacted,
    }


def _answer(status: int, document: dict[str, object]) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(document).encode())
