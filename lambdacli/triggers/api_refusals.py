"""What clients are answered without a function, or instead of it, by the kind of the API. Pure."""

from __future__ import annotations

import json
from enum import Enum, auto

from lambdacli.model.http_apis import ApiKind
from lambdacli.triggers.http_request import HttpAnswer
from lambdacli.triggers.payload_v2 import JSON

BODY_BYTES = 10 * 1024 * 1024
"""Of a request to a REST or an HTTP API."""


class Fault(Enum):
    OTHER_STAGE = auto()
    NO_ROUTE = auto()
    BAD_REQUEST = auto()
    UNAUTHORIZED = auto()
    DENIED = auto()
    EXPLICITLY_DENIED = auto()
    AUTHORIZER_FAILED = auto()
    BODY_TOO_LARGE = auto()
    EVENT_TOO_LARGE = auto()
    """The function would not take it."""
    HEADERS_TOO_LARGE = auto()
    FUNCTION_FAILED = auto()
    """It failed, or answered what cannot be sent."""
    NOT_INVOKED = auto()
    """There is none, or it is throttled."""
    TIMED_OUT = auto()


_DENIED = '{"Message":"User is not authorized to access this resource%s"}'
_SERVER_ERROR = '{"message": "Internal server error"}'

# Status, body, and x-amzn-ErrorType. Statuses are those of API Gateway's documented gateway responses; the
# types of failed integrations, the texts about sizes, and that headers are refused by 431 are «unconfirmed».
_REST = {
    Fault.OTHER_STAGE: (403, '{"message":"Forbidden"}', "ForbiddenException"),
    Fault.NO_ROUTE: (
        403,
        '{"message":"Missing Authentication Token"}',
        "MissingAuthenticationTokenException",
    ),
    Fault.BAD_REQUEST: (400, '{"message":"Bad Request"}', "BadRequestException"),
    Fault.UNAUTHORIZED: (401, '{"message":"Unauthorized"}', "UnauthorizedException"),
    Fault.DENIED: (403, _DENIED % "", "AccessDeniedException"),
    Fault.EXPLICITLY_DENIED: (403, _DENIED % " with an explicit deny", "AccessDeniedException"),
    Fault.AUTHORIZER_FAILED: (500, '{"message":null}', "AuthorizerConfigurationException"),
    Fault.BODY_TOO_LARGE: (
        413,
        f'{{"message":"HTTP content length exceeded {BODY_BYTES} bytes."}}',
        "RequestTooLargeException",
    ),
    Fault.EVENT_TOO_LARGE: (413, '{"message":"Request Too Long"}', "RequestTooLargeException"),
    Fault.HEADERS_TOO_LARGE: (431, '{"message":"Request Header Fields Too Large"}', "BadRequestException"),
    Fault.FUNCTION_FAILED: (502, _SERVER_ERROR, "InternalServerErrorException"),
    Fault.NOT_INVOKED: (500, _SERVER_ERROR, "InternalServerErrorException"),
    Fault.TIMED_OUT: (504, '{"message": "Endpoint request timed out"}', "InternalServerErrorException"),
}

# An HTTP API that waited in vain was seen to answer 503, not 504. That it answers the same for a throttled
# function is «unconfirmed».
_HTTP = {
    Fault.OTHER_STAGE: (404, "Not Found"),
    Fault.NO_ROUTE: (404, "Not Found"),
    Fault.BAD_REQUEST: (400, "Bad Request"),
    Fault.UNAUTHORIZED: (401, "Unauthorized"),
    Fault.DENIED: (403, "Forbidden"),
    Fault.EXPLICITLY_DENIED: (403, "Forbidden"),
    Fault.AUTHORIZER_FAILED: (500, "Internal Server Error"),
    Fault.BODY_TOO_LARGE: (413, "Request Entity Too Large"),
    Fault.EVENT_TOO_LARGE: (413, "Request Entity Too Large"),
    Fault.HEADERS_TOO_LARGE: (431, "Request Header Fields Too Large"),
    Fault.FUNCTION_FAILED: (500, "Internal Server Error"),
    Fault.NOT_INVOKED: (503, "Service Unavailable"),
    Fault.TIMED_OUT: (503, "Service Unavailable"),
}

# Of a load balancer whose listener has no other rule: what it answers then is its owner's choice.
_ALB = {
    Fault.NO_ROUTE: (404, "Not Found"),
    Fault.BAD_REQUEST: (400, "Bad Request"),
    Fault.BODY_TOO_LARGE: (413, "Request Entity Too Large"),
    Fault.EVENT_TOO_LARGE: (413, "Request Entity Too Large"),
    Fault.HEADERS_TOO_LARGE: (400, "Bad Request"),
    Fault.FUNCTION_FAILED: (502, "Bad Gateway"),
    Fault.NOT_INVOKED: (502, "Bad Gateway"),
}


def opening_refusal(fault: Fault, connection_id: str, request_id: str) -> HttpAnswer:
    """Of a WebSocket API, to a client that asks to be connected."""
    status, body, error_type = _REST[fault]
    told = json.loads(body) | {"connectionId": connection_id, "requestId": request_id}
    headers = [("Content-Type", JSON), ("x-amzn-ErrorType", error_type)]
    return HttpAnswer(status, headers, json.dumps(told).encode())


def refusal(kind: ApiKind, fault: Fault) -> HttpAnswer:
    if kind is ApiKind.REST:
        status, body, error_type = _REST[fault]
        return HttpAnswer(status, [("Content-Type", JSON), ("x-amzn-ErrorType", error_type)], body.encode())
    if kind is ApiKind.HTTP:
        status, message = _HTTP[fault]
        return HttpAnswer(status, [("Content-Type", JSON)], f'{{"message":"{message}"}}'.encode())
    status, message = _ALB[fault]
    title = f"{status} {message}"
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\r\n"
    return HttpAnswer(status, [("Content-Type", "text/html")], page.encode())
