"""The queue of events below /_lam/v1/queue: seen, retried, sent again, dropped, purged; the switch for
duplicates."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from urllib.parse import parse_qs

from lambdacli.engine.event_desk import AmbiguousId, EventDesk, LaneView, why_it_waits
from lambdacli.model.errors import RequestError
from lambdacli.model.event import Attempt, EventState
from lambdacli.store.event_reader import FoundEvent
from lambdacli.wire.http import Request, Response

_EVENT = "queue/events/"
_PATIENCE_SECONDS = 2.0
"""A stop waits for answers that are on their way."""

Document = Mapping[str, object]


class QueueRoutes:
    def __init__(self, desk: EventDesk, place: Callable[[], tuple[str, str]]) -> None:
        """`place` tells the project's account and region."""
        self._desk = desk
        self._place = place
        self._routes: dict[tuple[str, str], Callable[[Request], Awaitable[Response]]] = {
            ("GET", "queue"): self._lanes,
            ("GET", "queue/ends"): self._ends,
            ("POST", "queue/retry"): self._retry,
            ("POST", "queue/drop"): self._drop,
            ("POST", "queue/purge"): self._purge,
            ("POST", "queue/duplicates"): self._duplicates,
        }

    async def handle(self, request: Request, route: str) -> Response:
        try:
            if request.method == "GET" and route.startswith(_EVENT):
                return await self._event(route.removeprefix(_EVENT), "follow=1" in request.query)
            verb = self._routes.get((request.method, route))
            if verb is None:
                return _answer(404, {"message": f"there is no {request.method} {request.path}"})
            return await verb(request)
        except AmbiguousId as error:
            return _answer(409, {"message": str(error)})

    async def _lanes(self, request: Request) -> Response:
        place = self._place()
        lanes = [
            _lane(lane)
            for lane in await self._desk.lanes()
            if (lane.function.account, lane.function.region) == place
        ]
        return _answer(200, {"lanes": lanes, "duplicates": self._desk.delivers_twice})

    async def _event(self, request_id: str, is_followed: bool) -> Response:
        found = await self._desk.find(request_id)
        if found is None:
            return _no_event(request_id)
        if not is_followed:
            return _answer(200, _shown(found))
        whole_id = found.event.request_id
        return Response(200, {"Content-Type": "application/x-ndjson"}, self._lines(whole_id))

    async def _lines(self, request_id: str) -> AsyncIterator[bytes]:
        async for found in self._desk.follow(request_id):
            yield _line(_shown(found))

    async def _ends(self, request: Request) -> Response:
        """What came to its end after a place in the history; without a place: where that ends now."""
        asked = {name: values[-1] for name, values in parse_qs(request.query).items()}
        after = int(asked["after"]) if "after" in asked else None
        patience = _PATIENCE_SECONDS if asked.get("wait") == "1" else 0.0
        ends = await self._desk.ends(asked.get("function", ""), after, patience)
        told = [[each.request_id, each.condition] for each in ends.events]
        return _answer(200, {"ends": told, "place": ends.place, "waiting": ends.waiting})

    async def _retry(self, request: Request) -> Response:
        found = await self._desk.find(_request_id(request))
        if found is None or found.state is not EventState.FINISHED:
            return await self._done(request, self._desk.retry)
        request_id = found.event.request_id
        try:
            again = await self._desk.replay(found)
        except RequestError as error:
            return _answer(409, {"message": f"event {request_id} cannot be sent again: {error.message}"})
        condition = None if found.ending is None else found.ending.condition
        return _answer(200, {"request_id": request_id, "sent_again_as": again, "condition": condition})

    async def _drop(self, request: Request) -> Response:
        return await self._done(request, self._desk.drop)

    async def _done(self, request: Request, act: Callable[[str], Awaitable[bool]]) -> Response:
        request_id = _request_id(request)
        found = await self._desk.find(request_id)
        if found is None:
            return _no_event(request_id)
        request_id = found.event.request_id
        if not await act(request_id):
            return _answer(409, {"message": f"event {request_id} does not wait: it is {found.state}"})
        return _answer(200, {"request_id": request_id})

    async def _purge(self, request: Request) -> Response:
        name = str(json.loads(request.body or b"{}").get("function", ""))
        return _answer(200, {"purged": await self._desk.purge(*self._place(), name)})

    async def _duplicates(self, request: Request) -> Response:
        is_wanted = json.loads(request.body or b"{}").get("on") is True
        self._desk.deliver_twice(is_wanted)
        return _answer(200, {"duplicates": is_wanted})


def _request_id(request: Request) -> str:
    return str(json.loads(request.body or b"{}").get("request_id", ""))


def _lane(lane: LaneView) -> Document:
    return {
        "function": lane.function.name,
        "qualifier": lane.qualifier,
        "queued": lane.queued,
        "running": lane.running,
        "delivering": lane.delivering,
        "oldest_seconds": lane.oldest_age_seconds,
    }


def _shown(found: FoundEvent) -> Document:
    event, ending = found.event, found.ending
    outcome = None if ending is None else ending.outcome
    return {
        "request_id": event.request_id,
        "function": event.function.name,
        "qualifier": event.qualifier,
        "state": found.state,
        "accepted_at": _iso(event.accepted_at),
        "attempts_used": event.attempts,
        "why": why_it_waits(found),
        "due_at": None if found.due_at is None else _iso(found.due_at),
        "condition": None if ending is None else ending.condition,
        "function_error": None if outcome is None else outcome.function_error,
        "finished_at": None if found.finished_at is None else _iso(found.finished_at),
        "delivery_error": found.delivery_error,
        "attempts": [_attempt(attempt) for attempt in found.attempts],
        "payload": event.payload.decode(errors="replace"),
        "answer": None if outcome is None else outcome.payload.decode(errors="replace"),
    }


def _attempt(attempt: Attempt) -> Document:
    return {
        "kind": attempt.kind,
        "started_at": _iso(attempt.started_at),
        "seconds": (attempt.ended_at - attempt.started_at).total_seconds(),
        "error_type": attempt.error_type,
        "error_message": attempt.error_message,
        "version": attempt.version,
        "log_stream": attempt.log_stream,
        "next_due_at": None if attempt.next_due_at is None else _iso(attempt.next_due_at),
    }


def _no_event(request_id: str) -> Response:
    return _answer(404, {"message": f"there is no event {request_id}, neither waiting nor in the history"})


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _line(document: Document) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode(errors="replace") + b"\n"


def _answer(status: int, document: Document) -> Response:
    return Response(status, {"Content-Type": "application/json"}, _line(document))
