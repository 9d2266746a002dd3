"""From request to response: route, parse, validate, the operation's own function, serialise."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from lambdacli.api import protocol
from lambdacli.api.authorization import authorized
from lambdacli.api.built import function_of
from lambdacli.api.names import by_own_name
from lambdacli.api.operations.context import Context, Reply, new_id
from lambdacli.api.protocol import Model, Operation
from lambdacli.api.requests import Requests
from lambdacli.model.errors import (
    NotBuiltException,
    RequestEntityTooLargeException,
    RequestError,
    ServiceException,
    UnknownOperationException,
)
from lambdacli.model.later import Later
from lambdacli.model.limits import CREATE_FUNCTION_REQUEST_BYTES
from lambdacli.wire.http import Request, Response

_log = logging.getLogger("lam.api")


class Api:
    """Answers every operation of the model.

    `context_for` tells who calls and hands over the parts; a RequestError that it raises is the answer."""

    def __init__(self, model: Model, context_for: Callable[[Request], Context]) -> None:
        self._model = model
        self._context_for = context_for
        self._requests = Requests(model)

    def handle(self, request: Request) -> Response | Later[Response] | Coroutine[Any, Any, Response]:
        try:
            context = self._context_for(request)
        except RequestError as error:
            return protocol.serialise_error(self._model, error, new_id())
        try:
            operation, result = self._begin(context)
        except Exception as error:
            return self._failed(context, error)
        if isinstance(result, Later):
            return self._when_there(context, operation, result)
        if asyncio.iscoroutine(result):
            return self._awaited(context, operation, result)
        return self._serialised(context, operation, lambda: result)

    def _begin(self, context: Context) -> tuple[Operation, Any]:
        request = by_own_name(context.http, context.other_names)
        asked = self._requests.ask(request)
        if asked is None:
            raise UnknownOperationException(
                f"No operation of the Lambda API answers {request.method} {request.path}"
            )
        function = function_of(asked.operation.name)
        if function is None:
            raise _not_built(asked.operation.name)
        _check_body_size(asked.operation, request)
        members = self._requests.members(asked, request)
        if context.identity is not None:
            context = authorized(context, context.identity, asked.operation.name, members)
        return asked.operation, function(context, members)

    def _when_there(self, context: Context, operation: Operation, result: Later[Any]) -> Later[Response]:
        response: Later[Response] = Later()
        result.add_done_callback(
            lambda done: response.set_result(self._serialised(context, operation, done.result))
        )
        return response

    async def _awaited(
        self, context: Context, operation: Operation, working: Coroutine[Any, Any, Any]
    ) -> Response:
        try:
            result = await working
        except Exception as error:
            return self._failed(context, error)
        return self._serialised(context, operation, lambda: result)

    def _serialised(self, context: Context, operation: Operation, result_of: Callable[[], Any]) -> Response:
        try:
            result = result_of()
            if not isinstance(result, Reply):
                return protocol.serialise(operation, result, context.request_id)
            response = protocol.serialise(operation, result.members, context.request_id)
            response.headers.update(result.headers)
            return response
        except Exception as error:
            return self._failed(context, error)

    def _failed(self, context: Context, error: Exception) -> Response:
        if isinstance(error, RequestError):
            try:
                return protocol.serialise_error(self._model, error, context.request_id)
            except Exception as unexpected:
                error = unexpected
        request = context.http
        _log.error(
            "request %s failed: %s %s", context.request_id, request.method, request.path, exc_info=error
        )
        failure = ServiceException(
            f"lam failed to answer this request; its log tells more under the id {context.request_id}."
        )
        return protocol.serialise_error(self._model, failure, context.request_id)


def _not_built(operation: str) -> NotBuiltException:
    from lambdacli.api.operations.unsupported import explanation

    return NotBuiltException(explanation(operation))


def _check_body_size(operation: Operation, request: Request) -> None:
    """An operation whose body is a payload has a limit and a wording of its own."""
    if operation.input is not None and operation.input.payload is not None:
        return
    if request.is_body_too_large or len(request.body) > CREATE_FUNCTION_REQUEST_BYTES:
        raise RequestEntityTooLargeException(
            f"Request must be smaller than {CREATE_FUNCTION_REQUEST_BYTES} bytes for the {operation.name} "
            "operation"
        )
