"""WebSocket APIs in front of functions: who is let in, which function takes a message, what comes back."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lambdacli.engine.scheduler import Scheduler
from lambdacli.model import limits
from lambdacli.model.clock import Clock
from lambdacli.model.http_apis import (
    CONNECT_ROUTE,
    DEFAULT_ROUTE,
    DISCONNECT_ROUTE,
    ApiKind,
    HttpApi,
    Route,
    RouteKey,
)
from lambdacli.model.outcome import Outcome
from lambdacli.model.route_selection import parse_selection
from lambdacli.triggers.access_log import log_access, log_line
from lambdacli.triggers.api_call import ApiCall, Opening
from lambdacli.triggers.api_refusals import Fault, opening_refusal
from lambdacli.triggers.gatekeeper import Gatekeeper, Refused
from lambdacli.triggers.http_request import HttpAnswer, HttpRequest, response_of
from lambdacli.triggers.named_functions import NamedFunctions
from lambdacli.triggers.payload_v2 import UnusableAnswer, encode
from lambdacli.triggers.routes import within_stage
from lambdacli.triggers.websocket_events import (
    ConnectAnswer,
    Connected,
    Occasion,
    connect_answer,
    connect_event,
    connected,
    disconnect_event,
    failure_message,
    message_answer,
    message_event,
)
from lambdacli.wire.messages import Answer, Request, Response, Talk
from lambdacli.wire.websocket_handshake import accept_handshake, refuse_handshake

if TYPE_CHECKING:
    from lambdacli.wire.websocket import WebSocket

logger = logging.getLogger("lam.http")

FRAME_BYTES = 32 * 1024
MESSAGE_BYTES = 128 * 1024
LONGEST_IDLE = timedelta(minutes=10)
LONGEST_CONNECTION = timedelta(hours=2)

NORMAL = 1000
GOING_AWAY = 1001

_MESSAGES_AT_ONCE = 100
"""Of one connection, with functions: then its client is not read until one is done. The number is ours."""

_ENDS_AT_ONCE = 50
"""When many connections end together, as when the service stops, the functions that hear of it would throttle
each other, and nobody tells them again."""

_SHOWN_LENGTH = 80

_OPENING = RouteKey("", CONNECT_ROUTE)


class Conversation:
    """One connection that was let in. Speaks with the client by `socket`, and listens for it.

    Its messages run at the same time, begun in the order in which they came: API Gateway waits for no answer
    before it hands the next message on, and promises no order."""

    socket: WebSocket

    def __init__(self, house: WebSocketApis, about: Connected) -> None:
        self.about = about
        self.last_active_at = about.connected_at
        self._house = house
        self._running = 0
        self._is_leaving = False

    def __repr__(self) -> str:
        return f"<Conversation {self.about.connection_id} of {self.about.api.name}, {self._running} running>"

    @property
    def due_at(self) -> datetime:
        """When it ends, if nothing is said until then."""
        return min(self.last_active_at + LONGEST_IDLE, self.about.connected_at + LONGEST_CONNECTION)

    def send(self, data: bytes) -> None:
        """As text, which API Gateway's clients expect; what is none goes as it is («unconfirmed»)."""
        self.last_active_at = self._house.now()
        try:
            self.socket.send(data.decode())
        except UnicodeDecodeError:
            self.socket.send(data)

    def done(self) -> None:
        """One of its messages is."""
        self._running -= 1
        if self._is_leaving and not self._running:
            self.socket.close(GOING_AWAY, "Going away")
        self.socket.go_on()

    # What the wire tells

    @property
    def is_busy(self) -> bool:
        return self._running > 0

    def heard(self) -> None:
        self.last_active_at = self._house.now()

    def took(self, text: str) -> bool:
        if self._is_leaving:
            return True
        self._running += 1
        self._house.take_message(self, text)
        return self._running < _MESSAGES_AT_ONCE

    def closed(self, code: int, reason: str) -> None:
        self._house.end(self, code, reason)

    def leave(self) -> None:
        """What runs may still answer."""
        self._is_leaving = True
        if not self._running:
            self.socket.close(GOING_AWAY, "Going away")


class WebSocketApis:
    """Those of lam.yaml as it is now, and every connection to them."""

    def __init__(
        self,
        functions: NamedFunctions,
        clock: Clock,
        *,
        endpoint: Callable[[], str],
    ) -> None:
        self._functions = functions
        self._clock = clock
        self._endpoint = endpoint
        self._gatekeeper = Gatekeeper(functions.outcome_of, clock)
        self._scheduler = Scheduler(clock)
        self._apis: Mapping[str, HttpApi] = {}
        self._account = ""
        self._region = ""
        self._open: dict[str, Conversation] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends = asyncio.Semaphore(_ENDS_AT_ONCE)

    def take(self, apis: Mapping[str, HttpApi], account: str, region: str) -> None:
        self._account, self._region = account, region
        self._apis = {name: api for name, api in apis.items() if api.kind is ApiKind.WEBSOCKET}
        if self._apis:
            import lambdacli.wire.websocket  # noqa: F401, not when the first client waits for it
        for conversation in list(self._open.values()):
            if conversation.about.api.name not in self._apis:
                conversation.socket.close(GOING_AWAY, "Going away")

    def conversation(self, connection_id: str) -> Conversation | None:
        return self._open.get(connection_id)

    def arn_of(self, conversation: Conversation, method: str) -> str:
        """What a caller needs the right for who asks this of the connection."""
        about = conversation.about
        place = f"arn:aws:execute-api:{self._region}:{self._account}:{about.api.name}/{about.api.stage}"
        return f"{place}/{method}/@connections/{about.connection_id}"

    @property
    def are_open(self) -> bool:
        return bool(self._open)

    def now(self) -> datetime:
        return self._clock.now()

    async def drain(self) -> None:
        """Nobody is connected any more: functions are still told so."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def close(self) -> None:
        self._scheduler.close()

    # Who is let in

    def handle(
        self, api: HttpApi, request: Request, http: HttpRequest, began: float, trace_id: str
    ) -> Answer:
        return self._opened(api, request, http, began, trace_id)

    async def _opened(
        self, api: HttpApi, request: Request, http: HttpRequest, began: float, trace_id: str
    ) -> Response:
        opening = Opening(_short_id(), self._domain_name(api))
        call = self._call(api, http, opening, trace_id)
        try:
            if within_stage(api, http.path) != "/":
                logger.info("%s has the stage %s only, and no path of %s", api.name, api.stage, http.path)
                raise Refused(Fault.OTHER_STAGE)
            refused = refuse_handshake(request)
            if refused is not None:
                log_access(api.name, http, refused.status, began, is_cold=None)
                return refused
            return await self._let_in(call, opening, request, began)
        except Refused as refusal:
            told = opening_refusal(refusal.fault, opening.connection_id, call.extended_request_id)
            log_access(call.route.function or api.name, http, told.status, began, is_cold=None)
            return response_of(told)

    async def _let_in(self, call: ApiCall, opening: Opening, request: Request, began: float) -> Response:
        if call.route.authorizer is not None:
            authorizer = call.api.authorizers[call.route.authorizer]
            call = replace(call, authorization=await self._gatekeeper.authorize(authorizer, call))
        about = connected(call, opening, opening.domain_name)
        answer, is_cold = ConnectAnswer(200, None, None, b""), None
        if call.route.function:
            outcome = await self._outcome(call.route, about, connect_event(call, about), call.trace_id)
            answer = _read(call.route, lambda: connect_answer(outcome.payload, _protocols(request)))
            is_cold = outcome.is_cold
        name = call.route.function or call.api.name
        log_access(name, call.request, 101 if answer.lets_in else answer.status, began, is_cold=is_cold)
        if not answer.lets_in:
            kind = answer.content_type or "text/plain"
            return response_of(HttpAnswer(answer.status, [("Content-Type", kind)], answer.body))
        return accept_handshake(request, lambda *wire: self._begin(about, *wire), answer.subprotocol)

    def _begin(self, about: Connected, transport: asyncio.Transport, close: Callable[[], None]) -> Talk:
        from lambdacli.wire.websocket import MessageLimits, WebSocket

        conversation = Conversation(self, about)
        conversation.socket = WebSocket(
            transport, close, conversation, MessageLimits(FRAME_BYTES, MESSAGE_BYTES)
        )
        self._open[about.connection_id] = conversation
        self._scheduler.wake_by("connections", conversation.due_at, self._end_the_idle)
        return conversation.socket

    # Messages

    def take_message(self, conversation: Conversation, text: str) -> None:
        self._run(self._message(conversation, text))

    async def _message(self, conversation: Conversation, text: str) -> None:
        began, about = time.perf_counter(), conversation.about
        request_id, function, is_cold = _short_id(), about.api.name, None
        key, how = "", "answered"
        try:
            route = self._route(about, text)
            function, key = route.function, str(route.key)
            occasion = Occasion(request_id, self._clock.now(), key)
            event = message_event(about, occasion, _short_id(), text)
            outcome = await self._outcome(route, about, event)
            is_cold = outcome.is_cold
            answer = _read(route, lambda: message_answer(outcome.payload))
            if route.answers and answer:
                _check_size(route, answer)
                conversation.send(answer)
        except Refused as refused:
            message = _FAILURES.get(refused.fault, "Internal server error")
            how = f'told "{message}"'
            conversation.send(failure_message(message, about.connection_id, request_id).encode())
        finally:
            log_line(function, f"MESSAGE {key}".rstrip(), how, began, is_cold=is_cold)
            conversation.done()

    def _route(self, about: Connected, text: str) -> Route:
        """By the API as it is now. Raises Refused."""
        api = self._apis.get(about.api.name, about.api)
        key = parse_selection(api.route_selection).route_of(text)
        own = None if key in (None, CONNECT_ROUTE, DISCONNECT_ROUTE) else api.route(str(key))
        route = own or api.route(DEFAULT_ROUTE)
        if route is None:
            logger.info("no route of %s takes a message that selects %s", api.name, _shown(key))
            raise Refused(Fault.NO_ROUTE)
        return route

    # Ends

    def end(self, conversation: Conversation, code: int, reason: str) -> None:
        about = conversation.about
        self._open.pop(about.connection_id, None)
        route = self._apis.get(about.api.name, about.api).route(DISCONNECT_ROUTE)
        if route is not None:
            self._run(self._disconnected(route, about, code, reason))

    async def _disconnected(self, route: Route, about: Connected, code: int, reason: str) -> None:
        """Tried once: what comes of it is nobody's to hear."""
        began, is_cold, how = time.perf_counter(), None, str(code)
        occasion = Occasion(_short_id(), self._clock.now(), DISCONNECT_ROUTE)
        try:
            async with self._ends:
                outcome = await self._outcome(route, about, disconnect_event(about, occasion, code, reason))
            is_cold = outcome.is_cold
        except Refused:
            how = f"{code}, and the function failed"
        log_line(route.function, "DISCONNECT", how, began, is_cold=is_cold)

    def _end_the_idle(self) -> None:
        now = self._clock.now()
        for conversation in list(self._open.values()):
            if conversation.due_at <= now:
                conversation.socket.close(GOING_AWAY, "Going away")
        if self._open:
            earliest = min(conversation.due_at for conversation in self._open.values())
            self._scheduler.wake_by("connections", earliest, self._end_the_idle)

    # Functions

    async def _outcome(
        self, route: Route, about: Connected, event: Mapping[str, Any], trace_id: str | None = None
    ) -> Outcome:
        """Raises Refused."""
        payload = encode(event)
        if len(payload) > limits.SYNC_REQUEST_BYTES:
            raise Refused(Fault.EVENT_TOO_LARGE)
        try:
            outcome = await self._functions.outcome_of(
                route.function, payload, about.api.timeout_seconds, trace_id
            )
        except TimeoutError:
            seconds = about.api.timeout_seconds
            logger.warning(
                "%s of %s waited %gs for %s, which runs on",
                route.key,
                about.api.name,
                seconds,
                route.function,
            )
            raise Refused(Fault.TIMED_OUT) from None
        if outcome.function_error is not None:
            raise Refused(Fault.FUNCTION_FAILED)
        return outcome

    def _call(self, api: HttpApi, http: HttpRequest, opening: Opening, trace_id: str) -> ApiCall:
        return ApiCall(
            api=api,
            route=api.route(CONNECT_ROUTE) or Route(_OPENING, ""),
            parameters={},
            request=http,
            path="/",
            account=self._account,
            region=self._region,
            port=urlsplit(self._endpoint()).port or 0,
            trace_id=trace_id,
            extended_request_id=_short_id(),
            opening=opening,
        )

    def _domain_name(self, api: HttpApi) -> str:
        """With the port: functions make of it where they send to their clients."""
        return f"{api.host(self._region)}:{urlsplit(self._endpoint()).port}"

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ran)

    def _ran(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a message of a WebSocket failed", exc_info=error)


_FAILURES = {Fault.NO_ROUTE: "Forbidden", Fault.TIMED_OUT: "Endpoint request timed out"}


def _read(route: Route, answer: Callable[[], Any]) -> Any:
    """Raises Refused for an answer that is none."""
    try:
        return answer()
    except UnusableAnswer as unusable:
        logger.warning("%s answered what %s cannot use: %s", route.function, route.key, unusable)
        raise Refused(Fault.FUNCTION_FAILED) from None


def _check_size(route: Route, answer: bytes) -> None:
    """No message is longer, in whichever direction; what a client hears instead is «unconfirmed»."""
    if len(answer) > MESSAGE_BYTES:
        logger.warning(
            "%s answered %s with %d bytes; a WebSocket's message has at most %d",
            route.function,
            route.key,
            len(answer),
            MESSAGE_BYTES,
        )
        raise Refused(Fault.FUNCTION_FAILED)


def _shown(key: str | None) -> str:
    """A client's own words, which are to be no lines of a log and no commands to a terminal."""
    if not key:
        return "nothing"
    return repr(key) if len(key) <= _SHOWN_LENGTH else f"{key[:_SHOWN_LENGTH]!r}…"


def _protocols(request: Request) -> str:
    return request.headers.get("sec-websocket-protocol", "")


def _short_id() -> str:
    """As API Gateway's ids of connections, requests and messages look."""
    return base64.urlsafe_b64encode(os.urandom(11)).decode()
