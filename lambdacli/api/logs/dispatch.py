"""From a request of CloudWatch Logs to its response: JSON 1.1, by the same machinery as Lambda's protocol."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name

from lambdacli.api import protocol
from lambdacli.api.logs.context import LogsContext, LogsRefusal
from lambdacli.api.operations.context import new_id
from lambdacli.api.protocol import Model, Operation
from lambdacli.api.shapes import LOGS, load_model
from lambdacli.api.validation import validate
from lambdacli.model.errors import RequestError, ValidationException
from lambdacli.model.identity import Identity
from lambdacli.model.policy import AccessRequest, decide, require_allowed
from lambdacli.telemetry.log_groups import LongName
from lambdacli.wire.http import Request, Response

_log = logging.getLogger("lam.api")

TARGET_PREFIX = "Logs_20140328."
CONTENT_TYPE = "application/x-amz-json-1.1"

OperationFunction = Callable[[LogsContext, Mapping[str, Any]], Mapping[str, Any]]

_READS = ("describe_", "get_", "filter_", "list_")
NAMES = (
    "DescribeLogGroups",
    "CreateLogGroup",
    "DeleteLogGroup",
    "PutRetentionPolicy",
    "DeleteRetentionPolicy",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
    "DescribeLogStreams",
    "CreateLogStream",
    "DeleteLogStream",
    "PutLogEvents",
    "GetLogEvents",
    "FilterLogEvents",
)


class LogsApi:
    """Its model is read at the first request: most services are never asked."""

    def __init__(self, context_for: Callable[[Request], LogsContext]) -> None:
        """`context_for` may raise a RequestError, which is the answer."""
        self._context_for = context_for
        self._model: Model | None = None

    async def handle(self, request: Request) -> Response:
        request_id = new_id()
        try:
            operation, result = await self._answer(request)
        except RequestError as error:
            return _refusal(request_id, _code_of(error), error.message or "", _status_of(error))
        except LogsRefusal as refused:
            return _refusal(request_id, refused.code, refused.message)
        except LongName as error:
            return _refusal(request_id, "InvalidParameterException", str(error))
        except Exception as error:
            _log.error("request %s of CloudWatch Logs failed", request_id, exc_info=error)
            told = f"lam failed to answer this request; its log tells more under the id {request_id}."
            return _refusal(request_id, "ServiceUnavailableException", told, 500)
        response = protocol.serialise(operation, result, request_id)
        response.headers["Content-Type"] = CONTENT_TYPE
        return response

    async def _answer(self, request: Request) -> tuple[Operation, Mapping[str, Any]]:
        context = self._context_for(request)
        if self._model is None:
            self._model = await asyncio.to_thread(load_model, LOGS, NAMES)
        operation = _operation(self._model, request)
        members = protocol.parse(operation, {}, [], request.headers, request.body)
        if operation.input is not None:
            validate(operation.input, members)
        if context.identity is not None:
            _authorize(context, context.identity, operation.name, members)
        function = _function_of(operation.name)
        if function.__name__.startswith(_READS):
            return operation, await asyncio.to_thread(function, context, members)
        return operation, function(context, members)


def _function_of(name: str) -> OperationFunction:
    # Most services are never asked.
    from lambdacli.api.logs import operations

    function: OperationFunction = getattr(operations, xform_name(name))
    return function


def _operation(model: Model, request: Request) -> Operation:
    name = request.headers.get("x-amz-target", "").removeprefix(TARGET_PREFIX)
    operation = model.operations.get(name)
    if operation is not None and request.method == "POST":
        return operation
    if name in model.others:
        raise LogsRefusal(
            "NotBuiltException",
            f"lam does not answer {name} of CloudWatch Logs. It answers {', '.join(NAMES)}.",
        )
    raise LogsRefusal("UnknownOperationException", "")


def _authorize(context: LogsContext, identity: Identity, operation: str, members: Mapping[str, Any]) -> None:
    asked = AccessRequest(
        identity.caller,
        f"logs:{operation}",
        f"{context.group_arn(_group_in(members))}:*",
        identity.context,
        context.now(),
        context.account,
    )
    require_allowed(decide(asked, (), identity.policies))


def _group_in(members: Mapping[str, Any]) -> str:
    for member in ("logGroupName", "logGroupIdentifier", "resourceArn"):
        if member in members:
            return str(members[member]).partition(":log-group:")[2].removesuffix(":*") or str(members[member])
    return "*"


def _code_of(error: RequestError) -> str:
    """What the framework finds has another name here than in Lambda's API."""
    return "InvalidParameterException" if isinstance(error, ValidationException) else error.code


def _status_of(error: RequestError) -> int:
    # AWS's JSON protocols answer everything that the caller can mend with 400.
    return 500 if error.code == "ServiceException" else 400


def _refusal(request_id: str, code: str, message: str, status: int = 400) -> Response:
    status = 501 if code == "NotBuiltException" else status
    headers = {"Content-Type": CONTENT_TYPE, "x-amzn-RequestId": request_id, "x-amzn-ErrorType": code}
    return Response(status, headers, json.dumps({"__type": code, "message": message}).encode())
