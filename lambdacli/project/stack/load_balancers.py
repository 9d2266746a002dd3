"""Functions behind an Application Load Balancer: rules of its listeners that lead to a function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lambdacli.model.http_apis import ANY, ApiKind, HttpApi, Route, RouteError, RouteKey, parse_route
from lambdacli.project.cloudformation.template import Resource
from lambdacli.project.stack.around import Around
from lambdacli.project.stack.values import Values, resource_ignored, resource_used

TARGET_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"

_MULTI_VALUES = "lambda.multi_value_headers.enabled"
_PATHS = ("PathPatternConfig", "path-pattern")
_METHODS = ("HttpRequestMethodConfig", "http-request-method")


def load_balancers_of(arounds: Sequence[Around]) -> tuple[HttpApi, ...]:
    """One for each listener; the first is called alb."""
    routes: dict[str, list[Route]] = {}
    with_multi_values: set[str] = set()
    for around, rule in ((each, rule) for each in arounds for rule in each.of_type(RULE)):
        values = Values(rule, around.notes)
        group = _group_of(values, around)
        function = None if group is None else _function_of(group, around)
        if group is None or function is None:
            resource_ignored(rule, around.notes, "it leads to no function of this template")
            continue
        listener = values.text("ListenerArn") or ""
        taken = routes.setdefault(listener, [])
        found = [Route(key, function) for key in dict.fromkeys(_keys(values))]
        # A rule of a lower number comes first at AWS; here the first in the file keeps the route.
        taken += [route for route in found if route.key not in {other.key for other in taken}]
        if _has_multi_values(group, around):
            with_multi_values.add(listener)
        told = ", ".join(str(route.key) for route in found)
        resource_used(rule, around.notes, f"{told} of a load balancer leads to {function}")
    return tuple(
        HttpApi(
            name="alb" if number == 1 else f"alb{number}",
            kind=ApiKind.ALB,
            timeout_seconds=None,
            has_multi_value_headers=listener in with_multi_values,
            routes=tuple(found),
        )
        for number, (listener, found) in enumerate(routes.items(), 1)
        if found
    )


def _group_of(rule: Values, around: Around) -> Resource | None:
    for _, action in rule.each_below("Actions"):
        group = around.meant_by(action.raw("TargetGroupArn"), TARGET_GROUP)
        if group is not None:
            return group
    return None


def _function_of(group: Resource, around: Around) -> str | None:
    for _, target in Values(group, around.notes).each_below("Targets"):
        named = around.function_named(target.raw("Id"))
        if named is not None:
            resource_used(group, around.notes, f"the requests of a load balancer for {named[0].name}")
            return named[0].name
    return None


def _has_multi_values(group: Resource, around: Around) -> bool:
    attributes = Values(group, around.notes).each_below("TargetGroupAttributes")
    return any(each.text("Key") == _MULTI_VALUES and each.text("Value") == "true" for _, each in attributes)


def _keys(rule: Values) -> Iterator[RouteKey]:
    paths: list[str] = []
    methods: list[str] = []
    for _, condition in rule.each_below("Conditions"):
        field = condition.text("Field")
        if field == _PATHS[1]:
            paths += _values_of(condition, _PATHS[0])
        elif field == _METHODS[1]:
            methods += _values_of(condition, _METHODS[0])
        else:
            condition.ignored("Field", "only paths and methods are looked at here")
    for pattern in paths or ["*"]:
        for path in _paths_of(pattern):
            for method in methods or [ANY]:
                key = _key(method, path)
                if key is None:
                    rule.ignored("Conditions", f"{pattern} is no path that can be a route here")
                else:
                    yield key


def _key(method: str, path: str) -> RouteKey | None:
    if "*" in path or "?" in path:
        return None
    try:
        return parse_route(f"{method} {path}")
    except RouteError:
        return None


def _values_of(condition: Values, member: str) -> tuple[str, ...]:
    below = condition.below(member)
    return condition.texts("Values") if below is None else below.texts("Values")


def _paths_of(pattern: str) -> tuple[str, ...]:
    """A star stands for anything, at the end only."""
    if pattern in ("*", "/*"):
        return ("/", "/{proxy+}")
    return (f"{pattern[:-1]}{{proxy+}}" if pattern.endswith("/*") else pattern,)
