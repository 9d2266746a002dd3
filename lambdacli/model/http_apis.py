"""HTTP APIs in front of functions, as lam.yaml describes them, and how their routes are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from pathlib import Path

from lambdacli.model.function_url import Cors
from lambdacli.model.record import record

DEFAULT_API = "default"
"""The API of routes that name none."""

DEFAULT_WEBSOCKET_API = "websocket"
"""The same of WebSocket routes, where lam.yaml has no API of that type, or several."""

DEFAULT_STAGE = "$default"
DEFAULT_ROUTE = "$default"
CONNECT_ROUTE = "$connect"
DISCONNECT_ROUTE = "$disconnect"
DEFAULT_SELECTION = "$request.body.action"
ANY = "ANY"

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", ANY)

_PARAMETER = re.compile(r"\{([a-zA-Z0-9._:-]+)(\+?)\}")
_ROUTE = re.compile(r"([A-Za-z]+)\s+(\S+)")


class ApiKind(StrEnum):
    REST = "rest"
    HTTP = "http"
    ALB = "alb"
    WEBSOCKET = "websocket"


class AuthorizerKind(StrEnum):
    TOKEN = "token"
    REQUEST = "request"
    JWT = "jwt"
    USER_POOL = "user pool"
    """Of Cognito, in front of a REST API."""


TOKEN_CHECKS = (AuthorizerKind.JWT, AuthorizerKind.USER_POOL)
"""No function is asked."""


class RouteError(ValueError):
    """A text that is no route: what is wrong, and what would be right."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@record
class RouteKey:
    """`GET /items/{id}`; the `$default` route has the method ANY and the path `$default`. A route of a
    WebSocket API has no method, and its key as the path."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}" if self.method and not self.is_default else self.path

    @property
    def is_default(self) -> bool:
        return self.path == DEFAULT_ROUTE

    @property
    def segments(self) -> tuple[str, ...]:
        return () if self.path == "/" else tuple(self.path[1:].split("/"))


@record
class FixedAnswer:
    """What a REST API says by itself, as its mock integrations do."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


@record
class Route:
    key: RouteKey
    function: str
    """Empty where the API answers by itself."""
    authorizer: str | None = None
    scopes: tuple[str, ...] = ()
    """One of them must be in the token of a JWT authorizer."""
    answers: bool = False
    """Of a WebSocket API: what the function answers is sent to the client."""
    fixed: FixedAnswer | None = None


@record
class Authorizer:
    name: str
    kind: AuthorizerKind
    function: str = ""
    """Empty for those that check tokens."""
    identity: tuple[str, ...] = ()
    """Where it is told who calls, as `$request.header.Authorization`."""
    cache_seconds: int = 0
    payload: str = "1.0"
    issuer: str = ""
    audiences: tuple[str, ...] = ()
    keys: Path | None = None
    """A file with a JSON Web Key Set; None: nobody comes in."""


@record
class HttpApi:
    name: str
    kind: ApiKind = ApiKind.HTTP
    payload: str = "2.0"
    stage: str = DEFAULT_STAGE
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    cors: Cors | None = None
    timeout_seconds: float | None = 30.0
    """None: as long as the function takes."""
    binary_media_types: tuple[str, ...] = ()
    has_multi_value_headers: bool = False
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    route_selection: str = DEFAULT_SELECTION
    """Of a WebSocket API: how a message says which route takes it."""
    other_names: tuple[str, ...] = ()
    """By which its path form may name it too, the one to be shown first; `name` is that of its host."""

    def route(self, key: str) -> Route | None:
        """Of a WebSocket API."""
        return next((route for route in self.routes if route.key.path == key), None)

    def host(self, region: str) -> str:
        """The name by which it is reached; names below `localhost` lead to this machine."""
        family = "elb" if self.kind is ApiKind.ALB else "execute-api"
        return f"{self.name}.{family}.{region}.localhost"

    @property
    def path_prefix(self) -> str:
        """Of its path form, for tools that cannot resolve its name."""
        place = f"{'/_alb' if self.kind is ApiKind.ALB else '/_api'}/{self.name}"
        return f"{place}{self.stage_prefix}"

    @property
    def stage_prefix(self) -> str:
        is_at_root = self.kind is ApiKind.ALB or self.stage == DEFAULT_STAGE
        return "" if is_at_root else f"/{self.stage}"


def parse_route(text: str) -> RouteKey:
    """Raises RouteError."""
    stripped = text.strip()
    if stripped == DEFAULT_ROUTE:
        return RouteKey(ANY, DEFAULT_ROUTE)
    parts = _ROUTE.fullmatch(stripped)
    if parts is None:
        raise RouteError(f'"{stripped}" is no route', "a method and a path, for example GET /items/{id}")
    method, path = parts[1].upper(), parts[2]
    if method not in METHODS:
        raise RouteError(f"{parts[1]} is no method of a route", f"one of {', '.join(METHODS)}")
    if not path.startswith("/"):
        raise RouteError(f"the path {path} does not begin with a slash", f"write {method} /{path}")
    _check_segments(path)
    return RouteKey(method, path)


def parse_websocket_route(text: str) -> RouteKey:
    """Raises RouteError."""
    key = text.strip()
    if not key:
        raise RouteError("the route is empty", "$connect, $disconnect, $default, or a word such as send")
    if key.startswith("$") and key not in (CONNECT_ROUTE, DISCONNECT_ROUTE, DEFAULT_ROUTE):
        raise RouteError(f"{key} is no route", "with a $ begin only $connect, $disconnect and $default")
    if _ROUTE.fullmatch(key) is not None and key.partition(" ")[2].lstrip().startswith("/"):
        raise RouteError(f'"{key}" is a route of an HTTP API', "write it under `http`")
    return RouteKey("", key)


def parameter_of(segment: str) -> tuple[str, bool] | None:
    """The name in `{name}`, and whether it takes all that follows, as `{name+}`; None for a plain segment."""
    found = _PARAMETER.fullmatch(segment)
    return None if found is None else (found[1], bool(found[2]))


def shape_of(key: RouteKey) -> tuple[str, tuple[str, ...]]:
    """The same for routes that take the same requests: names of parameters tell nothing apart."""
    return key.method, tuple(_shape(segment) for segment in key.segments)


def _shape(segment: str) -> str:
    parameter = parameter_of(segment)
    return segment if parameter is None else ("{+}" if parameter[1] else "{}")


def _check_segments(path: str) -> None:
    if "?" in path or "#" in path:
        raise RouteError(f"the path {path} has a query", "a route is a path only; the query is in the event")
    names: list[str] = []
    segments = () if path == "/" else path[1:].split("/")
    for number, segment in enumerate(segments, start=1):
        parameter = parameter_of(segment)
        if parameter is None:
            if not segment:
                raise RouteError(f"the path {path} has an empty segment", "leave out the slash too many")
            if "{" in segment or "}" in segment:
                hint = "a parameter is a whole segment, as {id}, or {proxy+} at the end"
                raise RouteError(f"{segment} is no parameter", hint)
            continue
        name, is_greedy = parameter
        if is_greedy and number != len(segments):
            raise RouteError(f"{segment} does not end the path {path}", "only the last segment may have a +")
        if name in names:
            raise RouteError(f"{{{name}}} stands twice in {path}", "give each parameter a name of its own")
        names.append(name)
