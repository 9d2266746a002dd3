"""From `apis` and the functions' `http` in lam.yaml to APIs: what they mean together, and what is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from yaml import Node

from lambdacli.model.http_apis import (
    CONNECT_ROUTE,
    DEFAULT_API,
    DEFAULT_SELECTION,
    DEFAULT_STAGE,
    DEFAULT_WEBSOCKET_API,
    DISCONNECT_ROUTE,
    ApiKind,
    Authorizer,
    AuthorizerKind,
    HttpApi,
    Route,
    RouteKey,
    shape_of,
)
from lambdacli.model.nearest import nearest
from lambdacli.model.record import record
from lambdacli.project.http_kinds import At, Members, texts_in, value_in

NAMED_STAGE = "dev"
REST_SECONDS = 29
HTTP_SECONDS = 30

_REST_CACHE_SECONDS = 300
_AUTHORIZATION = "$request.header.Authorization"

_ONLY_OF = {
    "payload": (ApiKind.HTTP,),
    "stage": (ApiKind.HTTP, ApiKind.REST, ApiKind.WEBSOCKET),
    "stage_variables": (ApiKind.HTTP, ApiKind.REST, ApiKind.WEBSOCKET),
    "cors": (ApiKind.HTTP,),
    "timeout": (ApiKind.HTTP, ApiKind.REST, ApiKind.WEBSOCKET),
    "binary": (ApiKind.REST,),
    "multi_value_headers": (ApiKind.ALB,),
    "authorizers": (ApiKind.HTTP, ApiKind.REST, ApiKind.WEBSOCKET),
    "selection": (ApiKind.WEBSOCKET,),
}
_NAMED_STAGES = {ApiKind.REST: "a REST API's", ApiKind.WEBSOCKET: "a WebSocket API's"}
_HINTS = {
    ("cors", ApiKind.REST): "a REST API's function answers OPTIONS itself",
    ("cors", ApiKind.WEBSOCKET): "the function of $connect sees the Origin, and decides",
    ("timeout", ApiKind.ALB): "a load balancer waits as long as the function may run",
    ("authorizers", ApiKind.ALB): "a load balancer knows none",
}

Complain = Callable[[Node, str, str, str], None]
"""Takes the node at fault, its key path, the message and a hint."""


@record
class WrittenRoutes:
    """The `http` or the `websocket` of one function."""

    function: str
    path: str
    routes: tuple[At, ...]
    is_websocket: bool = False


@record
class _Taken:
    function: str
    line: int


def build_apis(
    apis: Mapping[str, At],
    written: Sequence[WrittenRoutes],
    functions: Sequence[str],
    complain: Complain,
    folder: Path,
) -> tuple[HttpApi, ...]:
    """Those of `apis`, and the default one if a route is for it."""
    built = {name: _api(name, at.value, functions, complain, folder) for name, at in apis.items()}
    declared = tuple(built.values())
    routes: dict[str, list[Route]] = {name: [] for name in built}
    taken: dict[tuple[str, object], _Taken] = {}
    for function in written:
        for number, at in enumerate(function.routes):
            path = function.path if len(function.routes) == 1 else f"{function.path}[{number}]"
            possible = _unnamed_apis(function, declared)
            if "api" not in at.value and len(possible) > 1:
                known = f"write `{{route: {at.value['route'].value}, api: {possible[0]}}}`"
                complain(at.node, path, f"belongs to one of {', '.join(possible)}: say to which", known)
                continue
            name = value_in(at.value, "api") or possible[0]
            if name not in built and "api" not in at.value:
                built[name], routes[name] = _undeclared_api(name, function), []
            if name not in built:
                complain(at.value["api"].node, f"{path}.api", f"no API is called {name}", _known(name, built))
                continue
            if (built[name].kind is ApiKind.WEBSOCKET) != function.is_websocket:
                where, hint = _misplaced(at, path), "its routes are those of the functions' `%s`"
                key = "http" if function.is_websocket else "websocket"
                complain(*where, f"the API {name} is of type {built[name].kind}", hint % key)
                continue
            make = _websocket_route if function.is_websocket else _route
            route = make(built[name], function.function, at.value, path, taken, complain)
            if route is not None:
                routes[name].append(route)
    return tuple(replace(api, routes=tuple(routes[name])) for name, api in built.items())


def _unnamed_apis(function: WrittenRoutes, declared: Sequence[HttpApi]) -> list[str]:
    """Those that a route may belong to which names none; more than one leave it open."""
    if not function.is_websocket:
        return [DEFAULT_API]
    names = [api.name for api in declared if api.kind is ApiKind.WEBSOCKET]
    return [DEFAULT_WEBSOCKET_API] if DEFAULT_WEBSOCKET_API in names or not names else names


def _undeclared_api(name: str, function: WrittenRoutes) -> HttpApi:
    if not function.is_websocket:
        return HttpApi(name)
    return HttpApi(
        name, ApiKind.WEBSOCKET, payload="1.0", stage=NAMED_STAGE, timeout_seconds=float(REST_SECONDS)
    )


def _misplaced(at: At, path: str) -> tuple[Node, str]:
    return (at.value["api"].node, f"{path}.api") if "api" in at.value else (at.node, path)


# An API


def _api(name: str, members: Members, functions: Sequence[str], complain: Complain, folder: Path) -> HttpApi:
    path = f"apis.{name}"
    kind = ApiKind(value_in(members, "type", ApiKind.HTTP))
    for key, kinds in _ONLY_OF.items():
        if key in members and kind not in kinds:
            allowed = " and ".join(f"type {each}" for each in kinds)
            complain(
                members[key].node,
                f"{path}.{key}",
                f"is for {allowed}, not {kind}",
                _HINTS.get((key, kind), ""),
            )
    stage = value_in(members, "stage", NAMED_STAGE if kind in _NAMED_STAGES else DEFAULT_STAGE)
    if kind in _NAMED_STAGES and stage == DEFAULT_STAGE:
        message = f"{_NAMED_STAGES[kind]} stage has a name"
        complain(members["stage"].node, f"{path}.stage", message, "for example dev")
    return HttpApi(
        name=name,
        kind=kind,
        payload="1.0" if kind in _NAMED_STAGES else value_in(members, "payload", "2.0"),
        stage=stage,
        stage_variables=value_in(members, "stage_variables", {}),
        cors=value_in(members, "cors"),
        timeout_seconds=_timeout(kind, members, path, complain),
        binary_media_types=texts_in(members, "binary"),
        has_multi_value_headers=value_in(members, "multi_value_headers", False),
        authorizers=_authorizers(kind, members, path, functions, complain, folder),
        route_selection=value_in(members, "selection", DEFAULT_SELECTION),
    )


def _timeout(kind: ApiKind, members: Members, path: str, complain: Complain) -> float | None:
    if kind is ApiKind.ALB:
        return None
    if kind is ApiKind.REST:
        # A regional API's may be raised beyond 29 seconds.
        return float(value_in(members, "timeout", REST_SECONDS))
    most = REST_SECONDS if kind is ApiKind.WEBSOCKET else HTTP_SECONDS
    given = value_in(members, "timeout", most)
    if given > most:
        name = "a WebSocket API" if kind is ApiKind.WEBSOCKET else "an HTTP API"
        hint = "a REST API's may be longer"
        complain(members["timeout"].node, f"{path}.timeout", f"{name} waits at most {most}s", hint)
    return float(given)


# Authorizers


def _authorizers(
    kind: ApiKind,
    members: Members,
    api_path: str,
    functions: Sequence[str],
    complain: Complain,
    folder: Path,
) -> dict[str, Authorizer]:
    found = {}
    for name, at in value_in(members, "authorizers", {}).items():
        path = f"{api_path}.authorizers.{name}"
        if "type" not in at.value:
            complain(at.node, path, "has no type", "token, request or jwt")
            continue
        authorizer = _authorizer(name, kind, at.value, folder)
        _check_authorizer(authorizer, kind, at, path, functions, complain)
        found[name] = authorizer
    return found


def _authorizer(name: str, kind: ApiKind, members: Members, folder: Path) -> Authorizer:
    own = AuthorizerKind(members["type"].value)
    keys = value_in(members, "keys")
    is_told = own is AuthorizerKind.REQUEST and kind in _NAMED_STAGES
    return Authorizer(
        name=name,
        kind=own,
        function=value_in(members, "function", ""),
        identity=texts_in(members, "identity") if "identity" in members or is_told else (_AUTHORIZATION,),
        cache_seconds=value_in(members, "cache", _REST_CACHE_SECONDS if kind is ApiKind.REST else 0),
        payload="1.0" if kind in _NAMED_STAGES else value_in(members, "payload", "2.0"),
        issuer=value_in(members, "issuer", ""),
        audiences=texts_in(members, "audience"),
        keys=None if keys is None else Path(os.path.normpath(folder / Path(keys).expanduser())),
    )


def _check_authorizer(
    authorizer: Authorizer,
    kind: ApiKind,
    at: At,
    path: str,
    functions: Sequence[str],
    complain: Complain,
) -> None:
    members: Members = at.value
    own = authorizer.kind
    if own is AuthorizerKind.TOKEN and kind is not ApiKind.REST:
        complain(members["type"].node, f"{path}.type", "token is for type rest", "use request or jwt")
    if own is AuthorizerKind.JWT and kind is not ApiKind.HTTP:
        complain(members["type"].node, f"{path}.type", "jwt is for type http", "use token or request")
    if own is AuthorizerKind.TOKEN and len(authorizer.identity) != 1:
        complain(at.node, f"{path}.identity", "a token authorizer has one source, a header", "")
    if "cache" in members and kind is ApiKind.WEBSOCKET:
        message = "a WebSocket API asks its authorizers each time"
        complain(members["cache"].node, f"{path}.cache", message, "leave it out")
    needed = ("issuer", "audience", "keys") if own is AuthorizerKind.JWT else ("function",)
    for name in needed:
        if name not in members:
            complain(at.node, path, f"has no {name}", f"an authorizer of type {own} needs it")
    unused = ("function", "payload", "cache") if own is AuthorizerKind.JWT else ("issuer", "audience", "keys")
    for name in unused:
        if name in members:
            complain(members[name].node, f"{path}.{name}", f"is not for an authorizer of type {own}", "")
    if "function" in members and authorizer.function not in functions:
        message = f"no function is called {authorizer.function}"
        complain(
            members["function"].node, f"{path}.function", message, _known(authorizer.function, functions)
        )
    if authorizer.keys is not None and not authorizer.keys.is_file():
        complain(members["keys"].node, f"{path}.keys", f"{members['keys'].value} does not exist", "")


# Routes


def _route(
    api: HttpApi,
    function: str,
    members: Members,
    path: str,
    taken: dict[tuple[str, object], _Taken],
    complain: Complain,
) -> Route | None:
    key: RouteKey = members["route"].value
    node = members["route"].node
    if key.is_default and api.kind is not ApiKind.HTTP:
        complain(node, path, f"$default is for type http, not {api.kind}", "use ANY / and ANY /{proxy+}")
        return None
    own = _Taken(function, node.start_mark.line + 1)
    before = taken.setdefault((api.name, shape_of(key)), own)
    if before is not own:
        message = f"{key} of the API {api.name} leads to {before.function} already (line {before.line})"
        complain(node, path, message, "a request can have one route only")
        return None
    name = value_in(members, "authorizer")
    if name is not None and name not in api.authorizers:
        message = f"the API {api.name} has no authorizer {name}"
        complain(members["authorizer"].node, f"{path}.authorizer", message, _known(name, api.authorizers))
    scopes = texts_in(members, "scopes")
    has_token = name in api.authorizers and api.authorizers[name].kind is AuthorizerKind.JWT
    if scopes and not has_token:
        complain(members["scopes"].node, f"{path}.scopes", "are for routes with a jwt authorizer", "")
    return Route(key, function, name, scopes)


def _websocket_route(
    api: HttpApi,
    function: str,
    members: Members,
    path: str,
    taken: dict[tuple[str, object], _Taken],
    complain: Complain,
) -> Route | None:
    key: RouteKey = members["route"].value
    if not _is_free(api, key, (api.name, key), function, members["route"].node, path, taken, complain):
        return None
    name = _authorizer_name(api, members, path, complain)
    if name is not None and key.path != CONNECT_ROUTE:
        message = "only $connect has an authorizer"
        complain(members["authorizer"].node, f"{path}.authorizer", message, "what it says counts for all")
    answers = value_in(members, "answer", False)
    if answers and key.path in (CONNECT_ROUTE, DISCONNECT_ROUTE):
        message = f"{key} has nobody to answer to"
        complain(members["answer"].node, f"{path}.answer", message, "only messages are answered")
    return Route(key, function, name, answers=answers)


def _is_free(
    api: HttpApi,
    key: RouteKey,
    place: tuple[str, object],
    function: str,
    node: Node,
    path: str,
    taken: dict[tuple[str, object], _Taken],
    complain: Complain,
) -> bool:
    before = taken.get(place)
    if before is None:
        taken[place] = _Taken(function, node.start_mark.line + 1)
        return True
    message = f"{key} of the API {api.name} leads to {before.function} already (line {before.line})"
    complain(node, path, message, "a request can have one route only")
    return False


def _authorizer_name(api: HttpApi, members: Members, path: str, complain: Complain) -> str | None:
    name: str | None = value_in(members, "authorizer")
    if name is not None and name not in api.authorizers:
        message = f"the API {api.name} has no authorizer {name}"
        complain(members["authorizer"].node, f"{path}.authorizer", message, _known(name, api.authorizers))
    return name


def _known(name: str, names: Sequence[str] | Mapping[str, object]) -> str:
    near = nearest(name, names)
    if near is not None:
        return f"did you mean {near}?"
    return f"known are {', '.join(names)}" if names else "there is none"
