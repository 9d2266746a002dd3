"""Function URLs: whether the function that one leads to is called, and what its caller is answered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from lambdacli.engine.access import Access
from lambdacli.engine.callees import Callees
from lambdacli.engine.invoker import Invoker
from lambdacli.engine.tracing import trace_of
from lambdacli.model import limits
from lambdacli.model.arn import LATEST
from lambdacli.model.errors import (
    AccessDeniedException,
    MissingAuthenticationTokenException,
    RequestEntityTooLargeException,
    RequestError,
    ResourceConflictException,
)
from lambdacli.model.function import Function, State
from lambdacli.model.later import Later
from lambdacli.model.outcome import Invocation, InvokeAnswer, Outcome
from lambdacli.model.policy_document import PolicyDocument
from lambdacli.model.record import record
from lambdacli.telemetry.metrics import Metrics
from lambdacli.triggers.access_log import log_access
from lambdacli.triggers.cors import answer_preflight, is_preflight, with_cors
from lambdacli.triggers.http_request import HttpAnswer, HttpRequest, read_request, response_of
from lambdacli.triggers.payload_v2 import Integration, UnusableAnswer, answer_of, encode, event_of
from lambdacli.triggers.url_access import EVERYBODY, Signer, authorizer_of, decide_call, public_policy
from lambdacli.triggers.url_sites import Address, Site, UrlSites, address_of
from lambdacli.triggers.url_stream import STREAMED, StreamedBody, begin
from lambdacli.wire.messages import Answer, Request, Response

logger = logging.getLogger("lam.http")

_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)
_REQUEST_ID = "x-amzn-RequestId"
_OURS = frozenset({"date", "x-amzn-requestid", "x-amzn-trace-id"})
_BAD_GATEWAY = HttpAnswer(502, [("Content-Type", "text/plain")], b"Internal Server Error")


@record
class _Call:
    """One request on its way through a function."""

    site: Site
    wire: Request
    http: HttpRequest
    began: float
    trace_id: str
    trace: str
    """The trace id as the answer shows it."""


class FunctionUrls:
    """The policies of what they lead to are remembered until `forget`."""

    def __init__(
        self,
        sites: UrlSites,
        callees: Callees,
        access: Access,
        invoker: Invoker,
        metrics: Metrics,
        *,
        signer_of: Callable[[Request], Signer],
        told: Callable[[RequestError, str], Response],
        endpoint: Callable[[], str],
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        """`signer_of` raises what a missing or wrong signature is answered with; `told` is how the API tells
        an error to the caller of this request id."""
        self._sites = sites
        self._callees = callees
        self._access = access
        self._invoker = invoker
        self._metrics = metrics
        self._signer_of = signer_of
        self._told = told
        self._endpoint = endpoint
        self._now = now
        self._new_id = new_id
        self._policies: dict[str, Sequence[PolicyDocument]] = {}
        self._warned: set[str] = set()

    def forget(self) -> None:
        """A URL, a policy, or what one leads to may have changed."""
        self._policies.clear()
        self._warned.clear()

    def handle(self, request: Request) -> Answer:
        began = time.perf_counter()
        address = address_of(request)
        site = self._sites.at(address)
        if site is None:
            return self._told(AccessDeniedException(None), self._new_id())
        http = read_request(request, address.path, self._new_id(), self._now())
        call = _Call(site, request, http, began, *trace_of(request.headers.get("x-amzn-trace-id", "")))
        if site.url.cors is not None and is_preflight(request.method, request.headers):
            answer = answer_preflight(site.url.cors, request.headers)
            self._log(call, answer.status)
            return _response(call, answer)
        try:
            signer = self._signer(call)
            self._require_allowed(call, signer)
            function = self._function(site)
            payload = encode(event_of(http, self._integration(call, address, signer)))
            _check_size(request, payload)
            invocation = Invocation(http.request_id, site.arn, payload, trace_id=call.trace_id)
            if site.url.invoke_mode == STREAMED:
                return self._streamed(call, function, invocation)
            answering = self._invoker.invoke(function, invocation, want_log_tail=False)
        except RequestError as error:
            return self._failed(call, error)
        if isinstance(answering, Later):
            return self._when_there(call, answering)
        return self._waited(call, answering)

    # Whose it is

    def _function(self, site: Site) -> Function:
        function = self._callees.function(site.key, site.qualifier)
        if function is None:
            raise AccessDeniedException(_FORBIDDEN)
        if function.state is not State.ACTIVE:
            raise ResourceConflictException(
                "The operation cannot be performed at this time. The function is currently in the following "
                f"state: {function.state.value}"
            )
        return function

    # Who may call

    def _signer(self, call: _Call) -> Signer | None:
        if call.site.url.auth_type == EVERYBODY:
            return None
        try:
            return self._signer_of(call.wire)
        except MissingAuthenticationTokenException:
            raise AccessDeniedException(_FORBIDDEN) from None

    def _require_allowed(self, call: _Call, signer: Signer | None) -> None:
        site = call.site
        policies = self._policies_of(site)
        if site.url.is_declared and site.url.auth_type == EVERYBODY:
            if not policies:
                return
            policies = [*policies, public_policy(site.arn)]
        decision = decide_call(site.arn, site.url.auth_type, signer, policies, call.http.received_at)
        if decision.is_allowed:
            return
        if site.url.url_id not in self._warned:
            self._warned.add(site.url.url_id)
            right, caller = decision.request.action, decision.request.caller
            logger.warning(
                "the URL of %s refuses %s: %s; `lam permission add --help` tells how %s is given",
                site.arn,
                caller,
                decision.because,
                right,
            )
        raise AccessDeniedException(_FORBIDDEN)

    def _policies_of(self, site: Site) -> Sequence[PolicyDocument]:
        policies = self._policies.get(site.url.url_id)
        if policies is None:
            policies = self._policies[site.url.url_id] = self._access.policies_of(site.key, site.qualifier)
        return policies

    # There and back

    def _integration(self, call: _Call, address: Address, signer: Signer | None) -> Integration:
        site, port = call.site, _port_of(self._endpoint())
        return Integration(
            api_id=site.url.url_id,
            domain_name=site.domain_name,
            account_id="anonymous" if signer is None else signer.account,
            raw_path=call.http.path,
            trace_id=call.trace_id,
            port=port,
            authorizer=None if signer is None else authorizer_of(signer),
            host=f"{site.domain_name}:{port}" if address.region is None else None,
        )

    def _when_there(self, call: _Call, answering: Later[InvokeAnswer]) -> Later[Response]:
        response: Later[Response] = Later()

        def answered(done: Later[InvokeAnswer]) -> None:
            try:
                response.set_result(self._answered(call, done.result))
            except Exception as error:
                response.set_exception(error)

        answering.add_done_callback(answered)
        return response

    async def _waited(self, call: _Call, answering: Coroutine[Any, Any, InvokeAnswer]) -> Response:
        try:
            answer = await answering
        except RequestError as error:
            return self._failed(call, error)
        return self._answered(call, lambda: answer)

    def _answered(self, call: _Call, answer_of_function: Callable[[], InvokeAnswer]) -> Response:
        try:
            outcome = answer_of_function().outcome
        except RequestError as error:
            return self._failed(call, error)
        if outcome.function_error is not None:
            return self._sent(call, _BAD_GATEWAY, is_cold=outcome.is_cold)
        try:
            answer = answer_of(outcome.payload)
        except UnusableAnswer as unusable:
            logger.warning("%s answered what makes no HTTP response: %s", call.site.arn, unusable)
            answer = _BAD_GATEWAY
        return self._sent(call, answer, is_cold=outcome.is_cold)

    async def _streamed(self, call: _Call, function: Function, invocation: Invocation) -> Response:
        """The head as soon as the function has told it; then its bytes as they come."""
        try:
            answer = await self._invoker.stream(function, invocation)
            head = await begin(answer)
        except RequestError as error:
            return self._failed(call, error)
        except UnusableAnswer as unusable:
            logger.warning("%s streamed what makes no HTTP response: %s", call.site.arn, unusable)
            return self._sent(call, _BAD_GATEWAY)
        if head is None:
            return self._sent(call, _BAD_GATEWAY, is_cold=(await answer.outcome).is_cold)

        def ended(outcome: Outcome | None) -> None:
            is_cold = None if outcome is None else outcome.is_cold
            self._log(call, head.answer.status, is_cold)

        body = StreamedBody(head.first, answer, ended)
        return _response(call, self._with_cors(call, replace(head.answer, body=body)))

    def _failed(self, call: _Call, error: RequestError) -> Response:
        """Before the function, or instead of it."""
        told = self._told(error, call.http.request_id)
        if told.status >= 500 or isinstance(error, ResourceConflictException):
            logger.warning("%s could not be invoked: %s", call.site.arn, error.message)
            return self._sent(call, _BAD_GATEWAY)
        assert isinstance(told.body, bytes)
        return self._sent(call, HttpAnswer(told.status, list(told.headers.items()), told.body))

    def _sent(self, call: _Call, answer: HttpAnswer, *, is_cold: bool | None = None) -> Response:
        self._log(call, answer.status, is_cold)
        return _response(call, self._with_cors(call, answer))

    def _log(self, call: _Call, status: int, is_cold: bool | None = None) -> None:
        site = call.site
        log_access(site.key.name, call.http, status, call.began, is_cold=is_cold)
        latency_ms = (time.perf_counter() - call.began) * 1000
        self._metrics.count_url_request(site.key, site.qualifier or LATEST, status, latency_ms)

    def _with_cors(self, call: _Call, answer: HttpAnswer) -> HttpAnswer:
        cors = call.site.url.cors
        if cors is None:
            return answer
        return replace(answer, headers=with_cors(cors, call.wire.headers, answer.headers))


def _response(call: _Call, answer: HttpAnswer) -> Response:
    response = response_of(answer)
    response.headers = {
        "Date": _date(int(time.time())),
        _REQUEST_ID: call.http.request_id,
        "X-Amzn-Trace-Id": call.trace,
    }
    # Said once: a function's own ones could not be told from ours («unconfirmed»).
    response.further_headers = [field for field in response.further_headers if field[0].lower() not in _OURS]
    return response


def _check_size(request: Request, payload: bytes) -> None:
    """Of the event that a request becomes: a binary body is a third longer in it."""
    if request.is_body_too_large or len(payload) > limits.SYNC_REQUEST_BYTES:
        raise RequestEntityTooLargeException(
            f"Request must be smaller than {limits.SYNC_REQUEST_BYTES} bytes for the InvokeFunction operation"
        )


@lru_cache(maxsize=4)
def _port_of(endpoint: str) -> int:
    return urlsplit(endpoint).port or 0


@lru_cache(maxsize=4)
def _date(second: int) -> str:
    from email.utils import formatdate  # with the first answer: it is large

    return formatdate(second, usegmt=True)
