"""From request to response: route, parse, validate, the operation's own function, serialise."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from botocore import xform_name

from lambdacli.api import protocol
from lambdacli.api.operations import account, concurrency, functions, invoke, tags, unsupported
from lambdacli.api.operations.context import Context, Reply, new_id
from lambdacli.api.protocol import Model, Operation
from lambdacli.api.validation import validate
from lambdacli.model.errors import (
    NotBuiltException,
    RequestEntityTooLargeException,
    RequestError,
    ServiceException,
    UnknownOperationException,
)
from lambdacli.model.limits import CREATE_FUNCTION_REQUEST_BYTES
from lambdacli.wire.http import Request, Response

_MODULES = (functions, invoke, concurrency, tags, account)

_log = logging.getLogger("lam.api")

# An operation takes the context and its members; it answers members, or a Reply with headers too. A few wait.
OperationFunction = Callable[[Context, dict[str, Any]], Any]


class Api:
    """Answers every operation of the model.

    `context_for` tells who calls and hands over the parts; a RequestError that it raises is the answer."""

    def __init__(self, model: Model, context_for: Callable[[Request], Context]) -> None:
        self._model = model
        self._context_for = context_for
        self._functions = operation_functions(model)

    async def handle(self, request: Request) -> Response:
        try:
            context = self._context_for(request)
        except RequestError as error:
            return protocol.serialise_error(self._model, error, new_id())
        try:
            return await self._answer(context)
        except Exception:
            _log.exception("request %s failed: %s %s", context.request_id, request.method, request.path)
            failure = ServiceException(
                f"lam failed to answer this request; its log tells more under the id {context.request_id}."
            )
            return protocol.serialise_error(self._model, failure, context.request_id)

    async def _answer(self, context: Context) -> Response:
        request = context.http
        query = protocol.parse_query(request.query)
        try:
            found = protocol.route(self._model, request.method, request.path, query)
            if found is None:
                raise UnknownOperationException(
                    f"No operation of the Lambda API answers {request.method} {request.path}"
                )
            return await self._perform(context, *found, query)
        except RequestError as error:
            return protocol.serialise_error(self._model, error, context.request_id)

    async def _perform(
        self, context: Context, operation: Operation, uri: Mapping[str, str], query: protocol.QueryPairs
    ) -> Response:
        function = self._functions.get(operation.name)
        if function is None:
            raise NotBuiltException(f"{operation.name} is not built into lam yet")
        request = context.http
        _check_body_size(operation, request)
        members = protocol.parse(operation, uri, query, request.headers, request.body)
        if operation.input is not None:
            validate(operation.input, members)
        result = function(context, members)
        if inspect.isawaitable(result):
            result = await result
        if not isinstance(result, Reply):
            return protocol.serialise(operation, result, context.request_id)
        response = protocol.serialise(operation, result.members, context.request_id)
        response.headers.update(result.headers)
        return response


def operation_functions(model: Model) -> dict[str, OperationFunction]:
    """The function of each operation that is built, by the operation's name.

    Every public function of an operations module must be one, so that a misspelt name cannot start."""
    names = {xform_name(operation): operation for operation in model.operations}
    found: dict[str, OperationFunction] = {}
    for module in _MODULES:
        for name, function in _public_functions(module).items():
            if name not in names:
                raise LookupError(f"{module.__name__}.{name} is no operation of the model")
            found[names[name]] = function
    both = unsupported.NAMES & found.keys()
    if both:
        raise LookupError(f"built, and called unsupported: {', '.join(sorted(both))}")
    return found


def _public_functions(module: ModuleType) -> dict[str, OperationFunction]:
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }


def _check_body_size(operation: Operation, request: Request) -> None:
    """An operation whose body is a payload has a limit and a wording of its own."""
    if operation.input is not None and operation.input.payload is not None:
        return
    if request.is_body_too_large or len(request.body) > CREATE_FUNCTION_REQUEST_BYTES:
        raise RequestEntityTooLargeException(
            f"Request must be smaller than {CREATE_FUNCTION_REQUEST_BYTES} bytes for the {operation.name} "
            "operation"
        )
