"""Which route takes a request, and what its path parameters are. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from lambdacli.model.http_apis import ANY, ApiKind, HttpApi, Route, parameter_of
from lambdacli.model.record import record


@record
class Match:
    route: Route
    parameters: Mapping[str, str]
    """Percent-escapes decoded."""


def within_stage(api: HttpApi, path: str) -> str | None:
    """The path behind the stage; None where it names another one."""
    prefix = api.stage_prefix
    if not prefix:
        return path
    if path == prefix:
        return "/"
    return path[len(prefix) :] if path.startswith(f"{prefix}/") else None


def match(api: HttpApi, method: str, path: str) -> Match | None:
    """A literal segment is nearer than a parameter, and that nearer than `{proxy+}`; then the method itself
    is nearer than ANY. Of a REST API the path alone chooses: no other resource is looked for."""
    segments = _segments(path, is_rest=api.kind is ApiKind.REST)
    candidates = [
        (closeness, route, parameters)
        for route in api.routes
        if not route.key.is_default
        and (api.kind is ApiKind.REST or route.key.method in (method, ANY))
        and (found := _matched(route.key.segments, segments)) is not None
        for closeness, parameters in [found]
    ]
    if not candidates:
        return _default_route(api)
    nearest = min(closeness for closeness, _, _ in candidates)
    best = [(route, parameters) for closeness, route, parameters in candidates if closeness == nearest]
    for wanted in (method, ANY):
        for route, parameters in best:
            if route.key.method == wanted:
                return Match(route, parameters)
    return None


def methods_at(api: HttpApi, path: str) -> tuple[str, ...]:
    """What a developer asks who gets a refusal: with which methods there would be a route."""
    segments = _segments(path, is_rest=api.kind is ApiKind.REST)
    found = {
        route.key.method
        for route in api.routes
        if not route.key.is_default and _matched(route.key.segments, segments) is not None
    }
    return tuple(sorted(found))


def _default_route(api: HttpApi) -> Match | None:
    return next((Match(route, {}) for route in api.routes if route.key.is_default), None)


def _segments(path: str, *, is_rest: bool) -> tuple[str, ...]:
    """Still escaped: an encoded slash divides nothing. A REST API does not see one slash at the end."""
    inner = path.removeprefix("/")
    if is_rest:
        inner = inner.removesuffix("/")
    return tuple(inner.split("/")) if inner else ()


_LITERAL, _PARAMETER, _GREEDY = range(3)


def _matched(
    pattern: Sequence[str], segments: Sequence[str]
) -> tuple[tuple[int, ...], Mapping[str, str]] | None:
    """How near each segment is, and the parameters. What is compared is the decoded text."""
    closeness: list[int] = []
    parameters: dict[str, str] = {}
    for index, wanted in enumerate(pattern):
        if index >= len(segments):
            return None
        parameter = parameter_of(wanted)
        if parameter is None:
            if unquote(segments[index]) != wanted:
                return None
            closeness.append(_LITERAL)
            continue
        name, is_greedy = parameter
        if is_greedy:
            rest = "/".join(segments[index:])
            if not rest:
                return None
            parameters[name] = unquote(rest)
            return (*closeness, _GREEDY), parameters
        if not segments[index]:
            return None
        parameters[name] = unquote(segments[index])
        closeness.append(_PARAMETER)
    return (tuple(closeness), parameters) if len(segments) == len(pattern) else None
