"""Payload format 2.0, of function URLs and HTTP APIs: a request → the event, a result → the answer. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from lambdacli.model.record import record
from lambdacli.triggers.http_request import Header, HttpAnswer, HttpRequest

JSON = "application/json"

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TEXT_TYPES = frozenset({JSON, "application/javascript", "application/xml"})
_TEXT_ENDINGS = ("+json", "+xml")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_STATUS_TEXT = re.compile(r"[0-9]{3}")
_LEAST_STATUS, _GREATEST_STATUS = 200, 599

encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


@record
class Integration:
    """What the front knows of a request that the request itself does not say."""

    api_id: str
    domain_name: str
    account_id: str
    """Who owns the API, or the function; `anonymous` at a function URL that lets everybody in."""
    raw_path: str
    """With the stage, where it stands in the path."""
    trace_id: str
    port: int
    """That the client called."""
    route_key: str = "$default"
    stage: str = "$default"
    path_parameters: Mapping[str, str] | None = None
    stage_variables: Mapping[str, str] | None = None
    authorizer: Mapping[str, Any] | None = None
    shows_cookie_header: bool = True
    """Function URLs tell cookies twice, HTTP APIs only in their own list."""
    host: str | None = None
    """Instead of what the client named."""


class UnusableAnswer(ValueError):
    """What the function answered makes no HTTP response; says why, for the log."""


# The event


def event_of(request: HttpRequest, integration: Integration) -> dict[str, Any]:
    headers, cookies = _headers(request, integration)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": integration.route_key,
        "rawPath": integration.raw_path,
        "rawQueryString": request.query,
    }
    if cookies:
        event["cookies"] = cookies
    event["headers"] = headers
    if request.query and (parameters := query_parameters(request.query)):
        event["queryStringParameters"] = parameters
    event["requestContext"] = _context(request, integration, headers.get("user-agent", ""))
    if integration.path_parameters:
        event["pathParameters"] = integration.path_parameters
    body, is_base64 = body_text(request.body, headers)
    if request.body:
        event["body"] = body
    event["isBase64Encoded"] = is_base64
    if integration.stage_variables:
        event["stageVariables"] = integration.stage_variables
    return event


def query_parameters(query: str) -> dict[str, str]:
    """Decoded; the values of a name that comes again are joined."""
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters


def body_text(body: bytes, headers: Mapping[str, str]) -> tuple[str, bool]:
    """As an event carries it, and whether that is base64. Names of headers in small letters."""
    if not body:
        return "", False
    if is_text(headers.get("content-type", "")) and "content-encoding" not in headers:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def is_text(content_type: str) -> bool:
    """Whether a body of this type is carried as it is."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(_TEXT_ENDINGS)


def time_text(at: datetime) -> str:
    """`12/Mar/2020:19:03:58 +0000`, whatever language this process speaks."""
    return _time_text(int(at.timestamp()))


@lru_cache(maxsize=4)
def _time_text(second: int) -> str:
    at = datetime.fromtimestamp(second, UTC)
    return f"{at:%d}/{_MONTHS[at.month - 1]}/{at:%Y:%H:%M:%S} +0000"


def epoch_ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _headers(request: HttpRequest, integration: Integration) -> tuple[dict[str, str], list[str]]:
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for written, value in request.headers:
        name = written.lower()
        if name == "cookie":
            cookies += [cookie for part in value.split(";") if (cookie := part.strip())]
        elif name in headers:
            headers[name] = f"{headers[name]},{value}"
        else:
            headers[name] = value
    if cookies and integration.shows_cookie_header:
        headers["cookie"] = "; ".join(cookies)
    if integration.host is not None:
        headers["host"] = integration.host
    before = headers.get("x-forwarded-for")
    headers["x-forwarded-for"] = f"{before}, {request.source_ip}" if before else request.source_ip
    headers["x-forwarded-port"] = str(integration.port)
    headers["x-forwarded-proto"] = "http"
    headers["x-amzn-trace-id"] = integration.trace_id
    return headers, cookies


def _context(request: HttpRequest, integration: Integration, user_agent: str) -> dict[str, Any]:
    context: dict[str, Any] = {
        "accountId": integration.account_id,
        "apiId": integration.api_id,
        "domainName": integration.domain_name,
        "domainPrefix": integration.domain_name.partition(".")[0],
        "http": {
            "method": request.method,
            "path": integration.raw_path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": user_agent,
        },
        "requestId": request.request_id,
        "routeKey": integration.route_key,
        "stage": integration.stage,
        "time": time_text(request.received_at),
        "timeEpoch": epoch_ms(request.received_at),
    }
    if integration.authorizer is not None:
        context["authorizer"] = integration.authorizer
    return context


# The answer


def answer_of(payload: bytes, default_type: str = JSON) -> HttpAnswer:
    """Of a function that did not fail. Only an object with a statusCode says how it is to be answered;
    `default_type` is what its body is if it does not say."""
    result = result_of(payload)
    if isinstance(result, dict) and "statusCode" in result:
        head = head_of(result, default_type)
        return HttpAnswer(head.status, head.headers, body_of(result))
    if isinstance(result, str):
        return HttpAnswer(200, [("Content-Type", JSON)], result.encode())
    return HttpAnswer(200, [("Content-Type", JSON)], payload)


def result_of(payload: bytes) -> Any:
    """What a function answered, as a value."""
    try:
        return _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnusableAnswer(f"the result is no JSON: {error}") from None


def head_of_prelude(prelude: bytes, default_type: str) -> HttpAnswer:
    """Of a stream that begins with what its status, headers and cookies are."""
    try:
        told = _decode(prelude)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnusableAnswer(f"the stream's prelude is no JSON: {error}") from None
    if not isinstance(told, dict):
        raise UnusableAnswer(f"the stream's prelude is {_shown(told)}, not an object")
    return head_of(told, default_type)


def head_of(result: Mapping[str, Any], default_type: str = JSON) -> HttpAnswer:
    """The answer's status and headers without its body, as a stream's prelude tells them too."""
    headers = _answered_headers(result.get("headers"))
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.insert(0, ("Content-Type", default_type))
    headers += [("Set-Cookie", cookie) for cookie in _cookies(result.get("cookies"))]
    return HttpAnswer(status_of(result.get("statusCode", 200)), headers)


def status_of(given: object) -> int:
    number = given
    if isinstance(given, str) and _STATUS_TEXT.fullmatch(given):
        number = int(given)
    if not isinstance(number, int) or isinstance(number, bool):
        number = 0
    if _LEAST_STATUS <= number <= _GREATEST_STATUS:
        return number
    raise UnusableAnswer(f"statusCode is {_shown(given)}, not a number from 200 to 599")


def _answered_headers(given: object) -> list[Header]:
    if given is None:
        return []
    if not isinstance(given, dict):
        raise UnusableAnswer(f"headers is {_shown(given)}, not an object")
    return [answered_header(name, value) for name, value in given.items() if value is not None]


def answered_header(name: str, value: object) -> Header:
    if not _TOKEN.fullmatch(name):
        raise UnusableAnswer(f"{name!r} is no name of a header")
    if isinstance(value, bool):
        return name, str(value).lower()
    if not isinstance(value, str | int | float):
        raise UnusableAnswer(f"the header {name} is {_shown(value)}, not a text")
    return name, _one_line(f"the header {name}", str(value))


def _cookies(given: object) -> Sequence[str]:
    if given is None:
        return ()
    if not isinstance(given, list) or not all(isinstance(cookie, str) for cookie in given):
        raise UnusableAnswer(f"cookies is {_shown(given)}, not a list of texts")
    return [_one_line("a cookie", cookie) for cookie in given]


def _one_line(what: str, text: str) -> str:
    if any(each in text for each in "\r\n\0"):
        raise UnusableAnswer(f"{what} holds a line break: {_shown(text)}")
    return text


def body_of(result: Mapping[str, Any]) -> bytes:
    body, is_base64 = result.get("body"), result.get("isBase64Encoded", False)
    if body is None:
        return b""
    if not isinstance(body, str):
        raise UnusableAnswer(f"body is {_shown(body)}, not a text")
    if is_base64 is not True:
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise UnusableAnswer("isBase64Encoded is true, but body is no base64") from None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
