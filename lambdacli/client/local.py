"""The calls that the command line makes: the Lambda API and lam's own routes, as plain functions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lambdacli.client import http
from lambdacli.client.event_stream import messages

_FUNCTIONS = "/2015-03-31/functions"
_STREAMING = "/2021-11-15/functions"
_OWN = "/_lam/v1"
_OWN_TIMEOUT_SECONDS = 30.0
_STATUS_TIMEOUT_SECONDS = 5.0

Json = dict[str, Any]
"""An object as the service sent it; the verbs read it and print it, nothing is built on it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the calls go, and how."""

    address: http.Address
    region: str | None = None
    """Goes into the credential scope; None lets the service use its project's region."""
    connect_timeout_seconds: float | None = 10.0
    read_timeout_seconds: float | None = None
    trace: Callable[[str], None] | None = None
    """Is told one line for each exchange."""

    @property
    def is_remote(self) -> bool:
        """True for an address of `--endpoint-url`, where lam's own routes do not answer."""
        return isinstance(self.address, http.TcpAddress)


class ApiError(Exception):
    """The service refused the request; `code` is AWS's name for why, which lam's own routes have none of."""

    def __init__(self, status: int, code: str, message: str) -> None:
        named = ": ".join(text for text in (code, message) if text)
        super().__init__(named if message else f"{named or 'refused without a reason'} (HTTP {status})")
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class InvokeInput:
    function_name: str
    payload: bytes = b""
    invocation_type: str | None = None
    log_type: str | None = None
    client_context: str | None = None
    durable_execution_name: str | None = None
    qualifier: str | None = None
    tenant_id: str | None = None
    is_cold: bool = False
    """To run in an environment that never ran one; only the project's own service heeds it, as the next."""
    debugging: str | None = None
    """`1`: to run beside a debugger; `wait`: not before it is attached."""


@dataclass(frozen=True, slots=True)
class InvokeOutput:
    status: int
    payload: bytes
    request_id: str | None = None
    function_error: str | None = None
    log_result: str | None = None
    """Base64, at most the last 4 KB of the log."""
    executed_version: str | None = None
    durable_execution_arn: str | None = None
    notices: tuple[str, ...] = ()

    def as_aws_json(self) -> Json:
        """What `aws lambda invoke` prints, in the order in which it prints it."""
        members = {
            "StatusCode": self.status,
            "FunctionError": self.function_error,
            "LogResult": self.log_result,
            "ExecutedVersion": self.executed_version,
            "DurableExecutionArn": self.durable_execution_arn,
        }
        return {name: value for name, value in members.items() if value is not None}


# The Lambda API


def invoke(endpoint: Endpoint, wanted: InvokeInput) -> InvokeOutput:
    """One POST, never repeated: the function may already have run when an answer is lost."""
    target, headers = invoke_target(endpoint, wanted)
    response = _lambda_call(endpoint, "POST", target, headers=headers, body=wanted.payload)
    return InvokeOutput(
        status=response.status,
        payload=response.body,
        request_id=response.header("x-amzn-RequestId"),
        function_error=response.header("X-Amz-Function-Error"),
        log_result=response.header("X-Amz-Log-Result"),
        executed_version=response.header("X-Amz-Executed-Version"),
        durable_execution_arn=response.header("X-Amz-Durable-Execution-Arn"),
        notices=notices_of(response.headers),
    )


def invoke_target(endpoint: Endpoint, wanted: InvokeInput) -> tuple[str, dict[str, str]]:
    """Where an invocation is sent, and with which headers."""
    path = function_path(wanted.function_name, "/invocations", wanted.qualifier)
    return path, {**_identity(endpoint), **_invoke_headers(wanted)}


class StreamedResponse:
    """What InvokeWithResponseStream answers: iterate `pieces` once, then ask for its `output`."""

    def __init__(self, answer: http.Answer) -> None:
        self.notices = notices_of(answer.headers)
        self._answer = answer
        self._complete: Json | None = {} if answer.status == 204 else None

    def pieces(self) -> Iterator[bytes]:
        for message in messages(self._answer.pieces()):
            headers = message.headers
            if headers.get(":message-type") != "event":
                code = headers.get(":error-code") or headers.get(":exception-type") or "Unknown"
                raise ApiError(500, code, headers.get(":error-message", ""))
            if headers.get(":event-type") == "PayloadChunk":
                yield message.payload
            else:
                self._complete = _object(message.payload)
        if self._complete is None:
            raise http.AnswerLost("the stream ended before the response was complete")

    @property
    def output(self) -> InvokeOutput:
        """All but what was streamed; of a failure the payload is its error."""
        assert self._complete is not None, "asked before the stream was over"
        headers, complete = self._answer.headers, self._complete
        return InvokeOutput(
            status=self._answer.status,
            payload=str(complete.get("ErrorDetails", "")).encode(),
            request_id=headers.get("x-amzn-requestid"),
            function_error="Unhandled" if "ErrorCode" in complete else None,
            log_result=complete.get("LogResult"),
            executed_version=headers.get("x-amz-executed-version"),
            notices=self.notices,
        )


@contextmanager
def invoke_streaming(endpoint: Endpoint, wanted: InvokeInput) -> Iterator[StreamedResponse]:
    """As `invoke`; the response is read while it comes."""
    path = function_path(
        wanted.function_name, "/response-streaming-invocations", wanted.qualifier, _STREAMING
    )
    request = _lambda_request(endpoint, "POST", path, _invoke_headers(wanted), wanted.payload)
    if endpoint.trace is not None:
        endpoint.trace(f"POST {path} → {endpoint.address}, {len(wanted.payload)} bytes, streamed")
    with http.open_answer(endpoint.address, request) as answer:
        if answer.status >= 300:
            _accepted(http.Response(answer.status, answer.headers, b"".join(answer.pieces())))
        yield StreamedResponse(answer)


def _invoke_headers(wanted: InvokeInput) -> dict[str, str]:
    headers = {
        "X-Amz-Invocation-Type": wanted.invocation_type,
        "X-Amz-Log-Type": wanted.log_type,
        "X-Amz-Client-Context": wanted.client_context,
        "X-Amz-Durable-Execution-Name": wanted.durable_execution_name,
        "X-Amz-Tenant-Id": wanted.tenant_id,
        "X-Lam-Cold": "1" if wanted.is_cold else None,
        "X-Lam-Debug": wanted.debugging,
    }
    return {name: value for name, value in headers.items() if value is not None}


def notices_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """What the service wants said of this invocation."""
    told = headers.get("x-lam-notice")
    return tuple(told.split(" | ")) if told else ()


def list_functions_page(endpoint: Endpoint, marker: str | None = None) -> Json:
    """ListFunctions, one page."""
    return api_call(endpoint, "GET", f"{_FUNCTIONS}/" + http.query_of({"Marker": marker}))


def list_functions(endpoint: Endpoint) -> Json:
    """ListFunctions, all pages joined as the AWS CLI joins them."""
    return {"Functions": all_pages(endpoint, f"{_FUNCTIONS}/", "Functions")}


def get_function(endpoint: Endpoint, name: str, qualifier: str | None = None) -> Json:
    return api_call(endpoint, "GET", function_path(name, qualifier=qualifier))


def delete_function(endpoint: Endpoint, name: str, qualifier: str | None = None) -> None:
    api_call(endpoint, "DELETE", function_path(name, qualifier=qualifier))


# lam's own routes, on the unix socket only


def status(endpoint: Endpoint) -> Json:
    return _own_call(endpoint, "GET", "/status", timeout_seconds=_STATUS_TIMEOUT_SECONDS)


def builds(endpoint: Endpoint, function: str) -> list[Json]:
    """How the function's build is getting on, or how the last one ended."""
    target = "/builds" + http.query_of({"function": function})
    return list(_own_call(endpoint, "GET", target, timeout_seconds=_STATUS_TIMEOUT_SECONDS)["builds"])


def begin_builds(endpoint: Endpoint) -> Json:
    """Of all functions that need one."""
    return _own_call(endpoint, "POST", "/builds")


def stop(endpoint: Endpoint, *, now: bool) -> None:
    _own_call(endpoint, "POST", "/stop", body=json.dumps({"now": now}).encode())


def set_template_options(endpoint: Endpoint, options: Json) -> bool:
    """From now on they count for the project's template; False: it has none."""
    return bool(_own_call(endpoint, "POST", "/template", body=json.dumps(options).encode())["counts"])


def open_debugger(endpoint: Endpoint, function: str) -> Json:
    """Where a debugger can attach to it, from now on."""
    return _own_call(endpoint, "POST", "/debug", body=json.dumps({"function": function}).encode())


def debuggers(endpoint: Endpoint) -> list[Json]:
    """The same of all functions that can be debugged; no port is opened."""
    return list(_own_call(endpoint, "GET", "/debug")["attachments"])


def metrics(endpoint: Endpoint, function: str, since_ms: int) -> Json:
    """What was counted of a function in each minute since."""
    return _own_call(
        endpoint, "GET", "/metrics" + http.query_of({"function": function, "since_ms": str(since_ms)})
    )


def captured_events(endpoint: Endpoint, function: str | None, *, is_failed_only: bool) -> list[Json]:
    """Real events that functions got, the newest first."""
    query = http.query_of({"function": function, "failed": 1 if is_failed_only else None})
    return list(_own_call(endpoint, "GET", "/captured" + query)["events"])


def captured_event(endpoint: Endpoint, request_id: str) -> Json:
    """With its payload; the beginning of an id is enough."""
    return _own_call(endpoint, "GET", f"/captured/{http.escape(request_id)}")


def clock(endpoint: Endpoint) -> Json:
    return _own_call(endpoint, "GET", "/clock")


def advance_clock(endpoint: Endpoint, seconds: float) -> Json:
    """Returns when what became due has been done."""
    return _own_call(endpoint, "POST", "/clock/advance", body=json.dumps({"seconds": seconds}).encode())


def reset_clock(endpoint: Endpoint) -> Json:
    return _own_call(endpoint, "POST", "/clock/reset")


def functions(endpoint: Endpoint) -> list[Json]:
    return list(_own_call(endpoint, "GET", "/functions").get("functions", []))


def why_left_out(endpoint: Endpoint, name: str) -> str | None:
    """Of a function that the project's files describe, and the service does not have."""
    why = _own_call(endpoint, "GET", "/left-out" + http.query_of({"function": name})).get("why")
    return None if why is None else str(why)


def function(endpoint: Endpoint, name: str) -> Json:
    return _own_call(endpoint, "GET", f"/functions/{http.escape(name)}")


def environments(endpoint: Endpoint, function: str | None = None) -> list[Json]:
    route = "/environments" + http.query_of({"function": function})
    return list(_own_call(endpoint, "GET", route).get("environments", []))


def sources(endpoint: Endpoint, function: str | None = None) -> list[Json]:
    """What functions read, and how it goes."""
    route = "/sources" + http.query_of({"function": function})
    return list(_own_call(endpoint, "GET", route).get("sources", []))


def doctor(endpoint: Endpoint) -> list[Json]:
    """What the machine grants, and what it does not."""
    return list(_own_call(endpoint, "GET", "/doctor").get("grants", []))


def schedules(endpoint: Endpoint) -> Json:
    return _own_call(endpoint, "GET", "/schedules")


def fire_schedule(endpoint: Endpoint, name: str) -> Json:
    """Returns when its events are in the queue."""
    return _own_call(endpoint, "POST", "/schedules/fire", body=json.dumps({"name": name}).encode())


def queue(endpoint: Endpoint) -> Json:
    """What waits, per function and qualifier."""
    return _own_call(endpoint, "GET", "/queue")


def queued_event(endpoint: Endpoint, request_id: str) -> Json:
    return _own_call(endpoint, "GET", f"/queue/events/{http.escape(request_id)}")


def event_changes(endpoint: Endpoint, request_id: str) -> Iterator[Json]:
    """The event as it is, and again whenever something became of it, until its end."""
    return _own_lines(endpoint, f"/queue/events/{http.escape(request_id)}?follow=1")


def ends_of_events(endpoint: Endpoint, function: str, after: int | None, *, wait: bool = False) -> Json:
    """Which events came to their end after a place in the history, and how many of the function's have not;
    without a place, where the history ends now. `wait` gives it a moment in which one may end."""
    query = http.query_of({"function": function, "after": after, "wait": 1 if wait else None})
    return _own_call(endpoint, "GET", "/queue/ends" + query)


def change_queue(endpoint: Endpoint, verb: str, members: Json) -> Json:
    return _own_call(endpoint, "POST", f"/queue/{verb}", body=json.dumps(members).encode())


def log_lines(
    endpoint: Endpoint,
    *,
    function: str | None = None,
    since_ms: int | None = None,
    text: str | None = None,
    request_id: str | None = None,
    limit: int | None = None,
    follow: bool = False,
) -> Iterator[Json]:
    query: Mapping[str, str | int | None] = {
        "function": function,
        "since_ms": since_ms,
        "filter": text,
        "request_id": request_id,
        "limit": limit,
        "follow": 1 if follow else None,
    }
    return _own_lines(endpoint, "/logs" + http.query_of(query))


def events(endpoint: Endpoint) -> Iterator[Json]:
    """The service's own live lines, until it ends."""
    return _own_lines(endpoint, "/events?follow=1")


# How a call is made


def function_path(
    name: str, below: str = "", qualifier: str | None = None, functions: str = _FUNCTIONS
) -> str:
    return f"{functions}/{http.escape(name)}{below}" + http.query_of({"Qualifier": qualifier})


def all_pages(endpoint: Endpoint, path: str, member: str) -> list[Json]:
    items: list[Json] = []
    marker: str | None = None
    while True:
        page = api_call(endpoint, "GET", path + http.query_of({"Marker": marker}))
        items += page.get(member, [])
        marker = page.get("NextMarker")
        if not marker:
            return items


def api_call(endpoint: Endpoint, method: str, target: str, members: Json | None = None) -> Json:
    """One operation of the Lambda API whose members and answer are JSON."""
    body = b"" if members is None else json.dumps(members).encode()
    answer = _lambda_call(endpoint, method, target, body=body).body
    return _object(answer) if answer else {}


def logs_call(endpoint: Endpoint, operation: str, members: Json) -> Json:
    """One operation of CloudWatch Logs."""
    headers = {
        "X-Amz-Target": f"Logs_20140328.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    headers |= _scope(endpoint, "logs")
    answer = _lambda_call(endpoint, "POST", "/", headers=headers, body=json.dumps(members).encode()).body
    return _object(answer) if answer else {}


def _lambda_call(
    endpoint: Endpoint,
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> http.Response:
    return _accepted(_traced_send(endpoint, _lambda_request(endpoint, method, target, headers or {}, body)))


def _lambda_request(
    endpoint: Endpoint, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> http.Request:
    return http.Request(
        method=method,
        target=target,
        headers={**_identity(endpoint), **headers},
        body=body,
        connect_timeout_seconds=endpoint.connect_timeout_seconds,
        read_timeout_seconds=endpoint.read_timeout_seconds,
    )


def _own_call(
    endpoint: Endpoint,
    method: str,
    route: str,
    body: bytes = b"",
    timeout_seconds: float = _OWN_TIMEOUT_SECONDS,
) -> Json:
    request = http.Request(
        method=method,
        target=_OWN + route,
        headers={"Content-Type": "application/json"} if body else {},
        body=body,
        read_timeout_seconds=timeout_seconds,
    )
    response = _accepted(_traced_send(endpoint, request))
    return _object(response.body) if response.body else {}


def _own_lines(endpoint: Endpoint, route: str) -> Iterator[Json]:
    if endpoint.trace is not None:
        endpoint.trace(f"GET {_OWN}{route} → {endpoint.address}")
    with http.open_answer(endpoint.address, http.Request("GET", _OWN + route)) as answer:
        if answer.status >= 300:
            _accepted(http.Response(answer.status, answer.headers, b"".join(answer.pieces())))
        for line in answer.lines():
            if line.strip():
                yield _object(line)


def _traced_send(endpoint: Endpoint, request: http.Request) -> http.Response:
    if endpoint.trace is None:
        return http.send(endpoint.address, request)
    begun = time.monotonic()
    endpoint.trace(f"{request.method} {request.target} → {endpoint.address}, {len(request.body)} bytes")
    response = http.send(endpoint.address, request)
    elapsed_ms = (time.monotonic() - begun) * 1000
    endpoint.trace(f"{response.status} after {elapsed_ms:.1f} ms, {len(response.body)} bytes")
    return response


def _identity(endpoint: Endpoint) -> dict[str, str]:
    """A credential scope that carries the region. The signature is a dummy: a local service asks for none."""
    if endpoint.region is None and not endpoint.is_remote:
        return {}
    return _scope(endpoint, "lambda")


def _scope(endpoint: Endpoint, service: str) -> dict[str, str]:
    moment = time.gmtime()
    scope = f"lam/{time.strftime('%Y%m%d', moment)}/{endpoint.region or 'us-east-1'}/{service}/aws4_request"
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00",
        "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", moment),
    }


def _accepted(response: http.Response) -> http.Response:
    if response.status < 300:
        return response
    try:
        body = json.loads(response.body) if response.body else {}
    except ValueError:
        body = {}
    members = body if isinstance(body, dict) else {}
    code = response.header("x-amzn-ErrorType") or members.get("code") or members.get("__type")
    message = members.get("message") or members.get("Message") or ""
    raise ApiError(response.status, str(code or "").split(":")[0], str(message))


def _object(body: bytes) -> Json:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise http.AnswerLost("the service's answer is not JSON") from error
    if not isinstance(value, dict):
        raise http.AnswerLost("the service's answer is not a JSON object")
    return value
