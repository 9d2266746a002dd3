"""One request on its way through an API: what every event format takes besides the request. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

from lambdacli.model.http_apis import ApiKind, AuthorizerKind, HttpApi, Route
from lambdacli.model.record import record
from lambdacli.triggers.http_request import Header, HttpRequest

TRACE_HEADER = "X-Amzn-Trace-Id"


@record
class Authorization:
    """What an authorizer that lets a request in tells the function."""

    kind: AuthorizerKind
    principal: str | None = None
    context: Mapping[str, Any] | None = None
    """Of a token: its claims."""
    scopes: Sequence[str] | None = None
    latency_ms: int = 0


@record
class Opening:
    """Of a request that opens a WebSocket."""

    connection_id: str
    domain_name: str


@record
class ApiCall:
    api: HttpApi
    route: Route
    parameters: Mapping[str, str]
    request: HttpRequest
    path: str
    """Behind the stage, percent-escapes untouched."""
    account: str
    region: str
    port: int
    trace_id: str
    extended_request_id: str
    """Which is the request id of an HTTP API."""
    authorization: Authorization | None = None
    opening: Opening | None = None

    @property
    def domain_name(self) -> str:
        return self.api.host(self.region)

    @property
    def resource(self) -> str:
        return self.route.key.path

    @property
    def path_with_stage(self) -> str:
        return f"{self.api.stage_prefix}{self.path}"

    @property
    def shown_path(self) -> str:
        """HTTP APIs hand paths on decoded and with their stage, REST APIs as they came and without it."""
        return self.path if self.api.kind is ApiKind.REST else unquote(self.path_with_stage)

    @property
    def method_arn(self) -> str:
        """What an authorizer decides about."""
        place = f"arn:aws:execute-api:{self.region}:{self.account}:{self.api.name}"
        if self.api.kind is ApiKind.WEBSOCKET:
            return f"{place}/{self.api.stage}/{self.route.key}"
        return f"{place}/{self.api.stage}/{self.request.method}/{self.path.removeprefix('/')}"


def header_of(headers: Sequence[Header], name: str) -> str | None:
    """The last value: a header that is repeated counts as it was said last."""
    wanted = name.lower()
    return next((value for key, value in reversed(headers) if key.lower() == wanted), None)


def forwarded_headers(request: HttpRequest, port: int, trace_id: str) -> list[Header]:
    """The client's own, and what the front adds to them."""
    added = ("x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", TRACE_HEADER.lower())
    before = [value for name, value in request.headers if name.lower() == "x-forwarded-for"]
    return [
        *((name, value) for name, value in request.headers if name.lower() not in added),
        (TRACE_HEADER, trace_id),
        ("X-Forwarded-For", ", ".join([*before, request.source_ip])),
        ("X-Forwarded-Port", str(port)),
        ("X-Forwarded-Proto", "http"),
    ]


def last_values(pairs: Sequence[Header]) -> dict[str, str]:
    return dict(pairs)


def all_values(pairs: Sequence[Header]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def without_case(headers: Sequence[Header]) -> list[Header]:
    """Each header under one name, as it was written last."""
    names = {name.lower(): name for name, _ in headers}
    return [(names[name.lower()], value) for name, value in headers]


def query_pairs(query: str) -> list[Header]:
    return parse_qsl(query, keep_blank_values=True, errors="replace")


def media_type_of(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
