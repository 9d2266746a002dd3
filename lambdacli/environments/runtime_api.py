"""The Runtime API, version 2018-06-01: HTTP on one side, steps of the runtime's state table on the other."""

from __future__ import annotations

import base64
import errno
import itertools
import json
import math
import os
import re
import socket
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Protocol

from lambdacli.environments.intake import Intake
from lambdacli.environments.state import API_STATE_NAMES, API_TARGET_NAMES, RuntimeEvent, RuntimeState
from lambdacli.model import limits
from lambdacli.model.later import Later
from lambdacli.model.record import record
from lambdacli.wire.http import HttpServer, Inflow, Peer, Request, Response

PORT = 9001
PREFIX = "/2018-06-01/"
STATUS_OK = b'{"status":"OK"}\n'
RESPONSE_MODE = "lambda-runtime-function-response-mode"
ERROR_TYPE, ERROR_BODY = "lambda-runtime-function-error-type", "lambda-runtime-function-error-body"
"""Headers of an error; of one that came after the first byte of a stream, trailers."""
STREAM_CONTENT_TYPE = "application/octet-stream"
CAUSE_CONTENT_TYPE = "application/vnd.aws.lambda.error.cause+json"


@record
class NextEvent:
    """What `next` answers."""

    request_id: str
    deadline_ms: int
    invoked_arn: str
    payload: bytes
    client_context: str | None
    trace_id: str | None


class Refusal(Exception):
    """A call that is not legal now."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.message = message


class RuntimePort(Protocol):
    """The environment, as its runtime can act on it. Each call may raise Refusal."""

    def next_event(self) -> Later[NextEvent]: ...

    def respond(self, request_id: str, payload: bytes, *, is_too_large: bool) -> None: ...

    def fail(self, request_id: str, payload: bytes, error_type: str | None) -> None: ...

    def fail_init(self, payload: bytes, error_type: str | None) -> None: ...

    def refuse_response_mode(self, request_id: str) -> None: ...

    # A response that comes piece by piece, until one of the two last is called.
    def begin_stream(self, request_id: str, content_type: str) -> Intake: ...

    def stream_overflowed(self, intake: Intake) -> None: ...

    def end_stream(self, intake: Intake, error: bytes | None, error_type: str | None) -> None: ...

    def cut_stream(self, intake: Intake) -> None: ...


class RuntimeApi:
    """One environment's own door."""

    def __init__(self, accept: Callable[[Peer], Response | None] | None) -> None:
        self._port: RuntimePort
        # A runtime may answer with any size, and hears that it was too much; time is its limit.
        self._server = HttpServer(
            self._handle,
            max_body_bytes=limits.RESPONSE_BYTES,
            body_ceiling_bytes=math.inf,
            # Made ready ahead, it has connected long before it asks for anything.
            header_timeout_seconds=math.inf,
            accept=accept,
            takes_pieces=lambda headers: headers.get(RESPONSE_MODE) == "streaming",
        )

    async def open(self) -> str:
        """Listens, and returns what AWS_LAMBDA_RUNTIME_API says."""
        if sys.platform == "linux":
            # Every address of 127/8 is this machine: each environment gets one, and the port code expects.
            for address in _loopback_addresses():
                try:
                    await self._server.listen_tcp(address, PORT)
                except OSError as error:
                    if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
                        raise
                    continue
                return f"{address}:{PORT}"
        return f"127.0.0.1:{await self._server.listen_tcp('127.0.0.1', 0)}"

    async def listen_socket(self, sock: socket.socket) -> None:
        """Serves a listener that was made elsewhere, instead of one of its own."""
        await self._server.listen_socket(sock)

    async def stop(self, grace_seconds: float) -> None:
        await self._server.stop(grace_seconds)

    def serve(self, port: RuntimePort) -> None:
        """Whose calls are answered: known before any process takes its first step."""
        self._port = port

    async def close(self) -> None:
        await self._server.stop(grace_seconds=0)

    def _handle(self, request: Request) -> Response | Later[Response]:
        if _is_from_a_web_page(request):
            return _error(403, "AccessDenied", "A web page may not act as a runtime")
        try:
            return self._answer(request)
        except Refusal as refusal:
            return _error(refusal.status, refusal.error_type, refusal.message)

    def _answer(self, request: Request) -> Response | Later[Response]:
        path = request.path
        if path == PREFIX + "runtime/invocation/next":
            return self._next() if request.method == "GET" else _method_not_allowed()
        if path.startswith(PREFIX + "runtime/invocation/"):
            request_id, _, verb = path.removeprefix(PREFIX + "runtime/invocation/").partition("/")
            if verb in ("response", "error"):
                if request.method != "POST":
                    return _method_not_allowed()
                return (
                    self._response(request_id, request)
                    if verb == "response"
                    else self._fail(request_id, request)
                )
        if path == PREFIX + "runtime/init/error":
            if request.method != "POST":
                return _method_not_allowed()
            self._port.fail_init(_error_body(request), _error_type(request))
            return _accepted()
        if path == PREFIX + "ping" and request.method == "GET":
            return Response(200, {"Content-Type": "text/plain"}, b"pong")
        if path.startswith("/2022-07-01/telemetry"):
            return _error(202, "Telemetry.NotSupported", "Telemetry API is not supported")
        if path.startswith("/2020-08-15/logs"):
            return _error(202, "Logs.NotSupported", "Logs API is not supported")
        if path.startswith("/2020-01-01/extension"):
            return _error(501, "Extension.NotBuilt", "The Extensions API is not built into lam yet")
        return Response(404, {"Content-Type": "text/plain"}, b"404 page not found\n")

    def _next(self) -> Later[Response]:
        response: Later[Response] = Later()

        def tell(event: Later[NextEvent]) -> None:
            try:
                response.set_result(_event_response(event.result()))
            except Refusal as refusal:
                response.set_result(_error(refusal.status, refusal.error_type, refusal.message))

        self._port.next_event().add_done_callback(tell)
        return response

    def _response(self, request_id: str, request: Request) -> Response | Later[Response]:
        mode = request.headers.get(RESPONSE_MODE, "")
        if mode == "streaming":
            return self._stream(request_id, request)
        if mode:
            self._port.refuse_response_mode(request_id)
            raise Refusal(400, "InvalidFunctionResponseMode", "Invalid function response mode")
        is_too_large = request.is_body_too_large
        late_error = request.trailers.get(ERROR_TYPE)
        if late_error is not None and not is_too_large:
            self._port.fail(request_id, _late_error_body(request.trailers), late_error)
            return _accepted()
        self._port.respond(request_id, request.body, is_too_large=is_too_large)
        if is_too_large:
            raise _too_large()
        return _accepted()

    def _stream(self, request_id: str, request: Request) -> Later[Response]:
        content_type = request.headers.get("content-type", STREAM_CONTENT_TYPE)
        stream = _ResponseBody(self._port, self._port.begin_stream(request_id, content_type), request.inflow)
        if request.inflow is not None:
            request.inflow.hand_to(stream)
        else:  # it came whole
            stream.take(request.body)
            stream.end(request.trailers)
        return stream.answered

    def _fail(self, request_id: str, request: Request) -> Response:
        if request.is_body_too_large:
            self._port.respond(request_id, b"", is_too_large=True)
            raise _too_large()
        self._port.fail(request_id, _error_body(request), _error_type(request))
        return _accepted()


class _ResponseBody:
    """What a runtime streams, on its way from its connection to its environment."""

    def __init__(self, port: RuntimePort, intake: Intake, inflow: Inflow | None) -> None:
        self.answered: Later[Response] = Later()
        self._port = port
        self._intake = intake
        self._inflow = inflow
        if inflow is not None and intake.pieces is not None:
            intake.pieces.on_room = inflow.resume

    def take(self, piece: bytes) -> None:
        was_too_large = self._intake.is_too_large
        self._intake.take(piece)
        if self._inflow is not None and self._intake.is_full:
            self._inflow.pause()
        if self._intake.is_too_large and not was_too_large:
            self._port.stream_overflowed(self._intake)

    def end(self, trailers: Mapping[str, str]) -> None:
        error_type = trailers.get(ERROR_TYPE)
        has_failed = error_type is not None and not self._intake.is_too_large
        try:
            self._port.end_stream(
                self._intake, _late_error_body(trailers) if has_failed else None, error_type
            )
            if self._intake.is_too_large:
                raise _too_large(self._intake.maximum_bytes)
        except Refusal as refusal:
            self.answered.set_result(_error(refusal.status, refusal.error_type, refusal.message))
        else:
            self.answered.set_result(_accepted())

    def cut(self) -> None:
        self._port.cut_stream(self._intake)
        self.answered.set_result(_error(400, "TruncatedHTTPRequest", "HTTP request detected as truncated"))


def _event_response(event: NextEvent) -> Response:
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": event.request_id,
        "Lambda-Runtime-Deadline-Ms": str(event.deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": event.invoked_arn,
    }
    if event.trace_id is not None:
        headers["Lambda-Runtime-Trace-Id"] = event.trace_id
    if event.client_context is not None:
        headers["Lambda-Runtime-Client-Context"] = event.client_context
    return Response(200, headers, event.payload)


def transition_refused(state: RuntimeState, event: RuntimeEvent) -> Refusal:
    names = f"{API_STATE_NAMES[state]} to {API_TARGET_NAMES[event]}"
    return Refusal(
        403,
        "InvalidStateTransition",
        f"State transition from {names} failed for runtime. Error: State transition is not allowed",
    )


def _too_large(maximum_bytes: int = limits.RESPONSE_BYTES) -> Refusal:
    return Refusal(
        413, "RequestEntityTooLarge", f"Exceeded maximum allowed payload size ({maximum_bytes} bytes)."
    )


_OWN_HOST = re.compile(r"(?:[0-9.]+|localhost|sandbox|sandbox\.localdomain)(?::\d+)?")


def _is_from_a_web_page(request: Request) -> bool:
    """A browser tells where a page comes from, and a name that was bent to this address (DNS rebinding) shows
    in Host. No runtime sends the one, or uses such a name."""
    headers = request.headers
    is_own_host = _is_own_host(headers.get("host", "localhost"))
    return not is_own_host or "origin" in headers or "sec-fetch-site" in headers


@lru_cache(maxsize=64)
def _is_own_host(host: str) -> bool:
    return _OWN_HOST.fullmatch(host) is not None


def unknown_request_id() -> Refusal:
    return Refusal(400, "InvalidRequestID", "Invalid request ID")


def _error_type(request: Request) -> str | None:
    return request.headers.get(ERROR_TYPE)


def _error_body(request: Request) -> bytes:
    """The error as the caller gets it: a cause for X-Ray that came with it is taken out."""
    if request.headers.get("content-type") != CAUSE_CONTENT_TYPE:
        return request.body
    try:
        document = json.loads(request.body)
        document.pop("errorCause", None)
    except (ValueError, AttributeError):
        return b'"Invalid error body"'
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _late_error_body(trailers: Mapping[str, str]) -> bytes:
    try:
        return base64.b64decode(trailers[ERROR_BODY], validate=True)
    except (KeyError, ValueError):
        return b"null"


def _accepted() -> Response:
    # To a runtime that has asked for its next event in the same breath, it comes with that event.
    return Response(202, {"Content-Type": "application/json"}, STATUS_OK, may_wait=True)


def _method_not_allowed() -> Response:
    return Response(405, {"Content-Type": "text/plain"}, b"")


def _error(status: int, error_type: str, message: str) -> Response:
    body = json.dumps({"errorMessage": message, "errorType": error_type}, separators=(",", ":"))
    return Response(status, {"Content-Type": "application/json"}, body.encode())


_address_numbers = itertools.count()


def _loopback_addresses() -> list[str]:
    """A few candidates, a different stretch of 127.64–127.127 for each service process."""
    base = os.getpid() * 251
    numbers = [(base + next(_address_numbers)) % (64 * 256 * 254) for _ in range(8)]
    return [f"127.{64 + n // (256 * 254)}.{n // 254 % 256}.{n % 254 + 1}" for n in numbers]
