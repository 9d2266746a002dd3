"""HTTP APIs in front of functions: request → route → authorizer → event → invocation → answer."""

from __future__ import annotations

import base64
import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from email.utils import formatdate
from urllib.parse import urlsplit

from lambdacli.engine.tracing import trace_of
from lambdacli.model import limits
from lambdacli.model.clock import Clock
from lambdacli.model.http_apis import TOKEN_CHECKS, ApiKind, HttpApi
from lambdacli.model.record import record
from lambdacli.triggers import jwt
from lambdacli.triggers.access_log import log_access
from lambdacli.triggers.alb import BODY_BYTES as ALB_BODY_BYTES
from lambdacli.triggers.api_addresses import CONNECTIONS, address_of, api_at, path_of, shown_name
from lambdacli.triggers.api_call import ApiCall
from lambdacli.triggers.api_events import answer_for, event_for
from lambdacli.triggers.api_refusals import BODY_BYTES, Fault, refusal
from lambdacli.triggers.connection_requests import ConnectionRequests
from lambdacli.triggers.cors import answer_preflight, is_preflight, with_cors
from lambdacli.triggers.gatekeeper import Gatekeeper, Refused
from lambdacli.triggers.http_request import Header, HttpAnswer, HttpRequest, read_request, response_of
from lambdacli.triggers.named_functions import NamedFunctions
from lambdacli.triggers.payload_v2 import JSON, UnusableAnswer, encode
from lambdacli.triggers.routes import match, methods_at, within_stage
from lambdacli.triggers.websocket_api import WebSocketApis
from lambdacli.wire.messages import Answer, Request, Response

logger = logging.getLogger("lam.http")

_HEADER_BYTES = {ApiKind.REST: 10_240, ApiKind.HTTP: 10_240, ApiKind.ALB: 65_536}
"""Of all names and values together."""

_REMAPPED = frozenset(
    {
        "authorization",
        "content-length",
        "content-md5",
        "date",
        "host",
        "server",
        "user-agent",
        "www-authenticate",
    }
)
"""Headers of a function's answer that a REST API renames. The list is «unconfirmed»."""


@record
class _Visit:
    """A request that has found its API."""

    api: HttpApi
    wire: Request
    http: HttpRequest
    began: float
    trace_id: str
    """As the function's environment gets it."""
    extended_request_id: str


@record
class _Done:
    answer: HttpAnswer
    function: str | None = None
    """The one that was invoked."""
    is_cold: bool | None = None


class HttpApis:
    """Knows the APIs of lam.yaml as it was read last; a request that came before runs as it began."""

    def __init__(
        self,
        functions: NamedFunctions,
        web_sockets: WebSocketApis,
        connection_requests: ConnectionRequests,
        clock: Clock,
        *,
        endpoint: Callable[[], str],
        new_id: Callable[[], str],
    ) -> None:
        self._functions = functions
        self._web_sockets = web_sockets
        self._connection_requests = connection_requests
        self._clock = clock
        self._endpoint = endpoint
        self._new_id = new_id
        self._gatekeeper = Gatekeeper(self._functions.outcome_of, clock)
        self._apis: Mapping[str, HttpApi] = {}
        self._account = ""
        self._region = ""
        self._was_told = False

    def take(self, apis: Sequence[HttpApi], account: str, region: str) -> None:
        """Those of lam.yaml, as it is now."""
        by_name = {api.name: api for api in apis}
        if (by_name, account, region) == (self._apis, self._account, self._region):
            return
        changes = list(_changes(self._apis, by_name)) if self._was_told else []
        self._apis, self._account, self._region, self._was_told = by_name, account, region, True
        self._gatekeeper.forget()
        self._functions.take(account, region)
        self._web_sockets.take(by_name, account, region)
        for change in changes:
            logger.info("%s", change)

    def described(self) -> list[dict[str, object]]:
        """For `lam start` and `lam status`."""
        apis = self._apis
        return [_described(api, apis, self._region, self._endpoint()) for api in apis.values()]

    def problems(self) -> list[str]:
        """What of them cannot work here."""
        has_tokens = any(
            authorizer.kind in TOKEN_CHECKS
            for api in self._apis.values()
            for authorizer in api.authorizers.values()
        )
        return [f"lam.yaml: apis: {jwt.NOT_INSTALLED}"] if has_tokens and not jwt.is_installed() else []

    def handle(self, request: Request) -> Answer:
        began = time.perf_counter()
        address = address_of(request.headers.get("host", ""), request.path)
        found = api_at(self._apis, address, self._region)
        if found is None:
            return self._no_api(address.name)
        api, path = found
        http = read_request(request, path, self._new_id(), self._clock.now())
        if address.region is None:
            http = replace(http, headers=_at_own_host(http.headers, self._own_host(api)))
        trace_id, _ = trace_of(request.headers.get("x-amzn-trace-id", ""))
        if api.kind is ApiKind.WEBSOCKET:
            inner = within_stage(api, path)
            if inner is not None and inner.startswith(CONNECTIONS):
                return self._connection_requests.handle_of(api.name, inner, request)
            return self._web_sockets.handle(api, request, http, began, trace_id)
        return self._visited(_Visit(api, request, http, began, trace_id, _extended_request_id()))

    # From the request to the answer

    async def _visited(self, visit: _Visit) -> Response:
        try:
            done = await self._answered(visit)
        except Refused as refused:
            answer = refusal(visit.api.kind, refused.fault)
            if refused.challenge is not None:
                answer = replace(answer, headers=[*answer.headers, ("www-authenticate", refused.challenge)])
            done = _Done(answer)
        return self._sent(visit, done)

    async def _answered(self, visit: _Visit) -> _Done:
        api, http = visit.api, visit.http
        _check_request(visit)
        if api.cors is not None and is_preflight(http.method, visit.wire.headers):
            return _Done(answer_preflight(api.cors, visit.wire.headers, 204))
        call = self._call(visit)
        if call.route.authorizer is not None:
            given = await self._gatekeeper.authorize(api.authorizers[call.route.authorizer], call)
            call = replace(call, authorization=given)
        fixed = call.route.fixed
        if fixed is not None:
            return _Done(HttpAnswer(fixed.status, fixed.headers, fixed.body.encode()))
        payload = encode(event_for(call))
        if len(payload) > limits.SYNC_REQUEST_BYTES:
            raise Refused(Fault.EVENT_TOO_LARGE)
        return await self._from_function(call, payload, visit.trace_id)

    def _call(self, visit: _Visit) -> ApiCall:
        api, http = visit.api, visit.http
        path = within_stage(api, http.path)
        if path is None:
            logger.info("%s has the stage %s only, not that of %s", api.name, api.stage, http.path)
            raise Refused(Fault.OTHER_STAGE)
        found = match(api, http.method, path)
        if found is None:
            others = ", ".join(methods_at(api, path))
            more = f"; there is one for {others}" if others else ""
            logger.info("no route of %s takes %s %s%s", api.name, http.method, path, more)
            raise Refused(Fault.NO_ROUTE)
        return ApiCall(
            api=api,
            route=found.route,
            parameters=found.parameters,
            request=http,
            path=path,
            account=self._account,
            region=self._region,
            port=urlsplit(self._endpoint()).port or 0,
            trace_id=_shown_trace(visit),
            extended_request_id=visit.extended_request_id,
        )

    async def _from_function(self, call: ApiCall, payload: bytes, trace_id: str) -> _Done:
        function, kind = call.route.function, call.api.kind
        try:
            outcome = await self._functions.outcome_of(function, payload, call.api.timeout_seconds, trace_id)
        except TimeoutError:
            logger.warning(
                "%s of %s waited %gs for %s, which runs on",
                call.route.key,
                call.api.name,
                call.api.timeout_seconds,
                function,
            )
            return _Done(refusal(kind, Fault.TIMED_OUT), function)
        if outcome.function_error is not None:
            return _Done(refusal(kind, Fault.FUNCTION_FAILED), function, outcome.is_cold)
        try:
            return _Done(answer_for(call, outcome.payload), function, outcome.is_cold)
        except UnusableAnswer as unusable:
            logger.warning(
                "%s answered what makes no response of %s (%s): %s",
                function,
                call.api.name,
                _form_of(call.api),
                unusable,
            )
            return _Done(refusal(kind, Fault.FUNCTION_FAILED), function, outcome.is_cold)

    # The answer's way back

    def _sent(self, visit: _Visit, done: _Done) -> Response:
        api, answer = visit.api, done.answer
        headers = list(answer.headers)
        if done.function is not None and api.kind is ApiKind.REST:
            headers = [_remapped(field) for field in headers]
        if api.cors is not None and not is_preflight(visit.http.method, visit.wire.headers):
            headers = list(with_cors(api.cors, visit.wire.headers, headers))
        log_access(done.function or api.name, visit.http, answer.status, visit.began, is_cold=done.is_cold)
        response = response_of(replace(answer, headers=headers))
        response.headers = _own_headers(visit, headers)
        return response

    def _no_api(self, name: str) -> Response:
        known = ", ".join(self._apis) or "none"
        text = f"there is no API called {name}; known: {known}" if name else f"name an API; known: {known}"
        return Response(
            404, {"Content-Type": JSON}, json.dumps({"message": "Not Found", "hint": text}).encode()
        )

    def _own_host(self, api: HttpApi) -> str:
        return f"{api.host(self._region)}:{urlsplit(self._endpoint()).port}"


def _check_request(visit: _Visit) -> None:
    """Raises Refused."""
    kind, http = visit.api.kind, visit.http
    if not http.path.startswith("/"):
        raise Refused(Fault.BAD_REQUEST)
    if kind is ApiKind.ALB and "upgrade" in visit.wire.headers:
        raise Refused(Fault.BAD_REQUEST)
    if sum(len(name) + len(value) for name, value in http.headers) > _HEADER_BYTES[kind]:
        raise Refused(Fault.HEADERS_TOO_LARGE)
    largest = ALB_BODY_BYTES if kind is ApiKind.ALB else BODY_BYTES
    if visit.wire.is_body_too_large or len(http.body) > largest:
        raise Refused(Fault.BODY_TOO_LARGE)


def _own_headers(visit: _Visit, answered: Sequence[Header]) -> dict[str, str]:
    """What the front adds to every answer."""
    own = {"Date": formatdate(usegmt=True)}
    if visit.api.kind is ApiKind.REST:
        own |= {
            "x-amzn-RequestId": visit.http.request_id,
            "x-amz-apigw-id": visit.extended_request_id,
            "X-Amzn-Trace-Id": _shown_trace(visit),
        }
    elif visit.api.kind is ApiKind.HTTP:
        own["apigw-requestid"] = visit.extended_request_id
    else:
        own["Server"] = "awselb/2.0"
    said = {name.lower() for name, _ in answered}
    return {name: value for name, value in own.items() if name.lower() not in said}


def _shown_trace(visit: _Visit) -> str:
    """A trace that begins here is not sampled, and has no parent yet."""
    if "x-amzn-trace-id" in visit.wire.headers:
        return visit.trace_id
    return visit.trace_id.partition(";")[0]


def _remapped(field: Header) -> Header:
    name, value = field
    return (f"x-amzn-Remapped-{name}", value) if name.lower() in _REMAPPED else field


def _at_own_host(headers: Sequence[Header], host: str) -> list[Header]:
    """What came by the path looks like what came by the name."""
    return [(name, host if name.lower() == "host" else value) for name, value in headers]


def _extended_request_id() -> str:
    return base64.b64encode(os.urandom(11)).decode()


def _form_of(api: HttpApi) -> str:
    return "a load balancer" if api.kind is ApiKind.ALB else f"type {api.kind}, format {api.payload}"


# What there is


def _described(api: HttpApi, apis: Mapping[str, HttpApi], region: str, endpoint: str) -> dict[str, object]:
    scheme, end = ("ws", "") if api.kind is ApiKind.WEBSOCKET else ("http", "/")
    place = f"{scheme}{endpoint.removeprefix('http')}"
    return {
        "name": shown_name(api, apis),
        "kind": api.kind.value,
        "url": f"{scheme}://{api.host(region)}:{urlsplit(endpoint).port}{api.stage_prefix}{end}",
        "routes": [
            {
                "route": str(route.key),
                "function": route.function,
                "authorizer": route.authorizer,
                "url": f"{place}{path_of(api, route, apis)}",
            }
            for route in api.routes
            if route.fixed is None
        ],
    }


def _changes(before: Mapping[str, HttpApi], after: Mapping[str, HttpApi]) -> list[str]:
    def routes(apis: Mapping[str, HttpApi]) -> dict[tuple[str, str], str]:
        return {
            (api.name, str(route.key)): route.function
            for api in apis.values()
            for route in api.routes
            if route.fixed is None
        }

    old, new = routes(before), routes(after)
    told = [
        f"{name}: {key} leads to {function}"
        for (name, key), function in new.items()
        if old.get((name, key)) != function
    ]
    told += [f"{name}: {key} is gone" for name, key in old if (name, key) not in new]
    return told
