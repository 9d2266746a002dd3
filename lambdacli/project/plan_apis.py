"""The steps that bring HTTP APIs before functions: around an alias, as all that invokes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from lambdacli.model.comparing import changes, cors_members, shown, variable_changes
from lambdacli.model.deployment import (
    API_TAG,
    Actual,
    ActualApi,
    Answered,
    Change,
    Members,
    Step,
    Wanted,
    WantedApi,
    WantedFunction,
    WantedRoute,
)

_SERVICE = "apigatewayv2"
_NOTHING = ActualApi("")


def creation_steps(wanted: WantedApi, there: ActualApi | None) -> Iterator[Step]:
    """Before the functions: their policies name the API."""
    if there is not None:
        return
    cors = {} if wanted.cors is None else {"CorsConfiguration": wanted.cors}
    yield Step(
        _creation(wanted),
        f"create the HTTP API {wanted.name}",
        _SERVICE,
        "CreateApi",
        {"Name": wanted.name, "ProtocolType": "HTTP", "Tags": {API_TAG: wanted.tag}, **cors},
        (Change("API", None, wanted.name), *changes({}, cors_members(wanted.cors), "cors")),
    )


def steps_of_api(wanted: WantedApi, there: ActualApi | None) -> Iterator[Step]:
    """After the functions: nothing leads to what is not there yet."""
    if there is not None:
        yield from _cors_steps(wanted, there)
    before = there or _NOTHING
    yield from _stage_steps(wanted, before)
    yield from _authorizer_steps(wanted, before)
    yield from _integration_steps(wanted, before)
    yield from _route_steps(wanted, before)
    if wanted.is_whole:
        yield from _steps_of_what_is_left(wanted, before)


def with_api_statements(function: WantedFunction, wanted: Wanted, actual: Actual) -> WantedFunction:
    """Each API may invoke the functions that it leads to."""
    statements = dict(function.statements)
    for api in wanted.apis:
        if function.name in api.uris:
            source = _api_id(api, actual.apis.get(api.name), f"{api.arn_prefix}{{}}/*/*")
            statements[f"lam-api-{api.name}"] = {
                "Action": "lambda:InvokeFunction",
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": source,
            }
    return replace(function, statements=statements)


def _creation(wanted: WantedApi) -> str:
    return f"api {wanted.name}"


def _api_id(wanted: WantedApi, there: ActualApi | None, form: str = "{}") -> str | Answered:
    known = there is not None and there.id
    return form.format(known) if known else Answered(_creation(wanted), "ApiId", form)


# The API itself


def _cors_steps(wanted: WantedApi, there: ActualApi) -> Iterator[Step]:
    before, after = cors_members(there.cors), cors_members(wanted.cors)
    if before == after:
        return
    told = tuple(changes(before, after, f"API {wanted.name} cors"))
    if wanted.cors is None:
        title, operation = f"end CORS of the API {wanted.name}", "DeleteCorsConfiguration"
        yield Step(f"cors {wanted.name}", title, _SERVICE, operation, {"ApiId": there.id}, told)
        return
    yield Step(
        f"cors {wanted.name}",
        f"change CORS of the API {wanted.name}",
        _SERVICE,
        "UpdateApi",
        {"ApiId": there.id, "CorsConfiguration": wanted.cors},
        told,
    )


def _stage_steps(wanted: WantedApi, there: ActualApi) -> Iterator[Step]:
    after = {"AutoDeploy": True, "StageVariables": dict(wanted.stage_variables)}
    before: Members = {}
    if there.stage is not None:
        before = {
            "AutoDeploy": bool(there.stage.get("AutoDeploy")),
            "StageVariables": dict(there.stage.get("StageVariables") or {}),
        }
    if before == after:
        return
    is_new = there.stage is None
    yield Step(
        f"stage {wanted.name}",
        f"{'create' if is_new else 'change'} the stage {wanted.stage} of the API {wanted.name}",
        _SERVICE,
        "CreateStage" if is_new else "UpdateStage",
        {"ApiId": _api_id(wanted, there), "StageName": wanted.stage, **after},
        _told_of_stage(wanted, before, after),
    )


def _told_of_stage(wanted: WantedApi, before: Members, after: Members) -> tuple[Change, ...]:
    variables = before.get("StageVariables", {}), after["StageVariables"]
    told = variable_changes(*variables, f"stage {wanted.stage} variable ")
    deployment = before.get("AutoDeploy"), after["AutoDeploy"]
    is_new = deployment[0] != deployment[1]
    own = [Change(f"stage {wanted.stage} AutoDeploy", *map(shown, deployment))] if is_new else []
    return (*own, *told)


# What its routes need


def _authorizer_steps(wanted: WantedApi, there: ActualApi) -> Iterator[Step]:
    known = _by_name(there)
    for name, members in wanted.authorizers.items():
        former = known.get(name)
        before = {key: former.get(key) for key in members} if former is not None else {}
        if before == members:
            continue
        target = {} if former is None else {"AuthorizerId": former["AuthorizerId"]}
        yield Step(
            _authorizer(wanted, name),
            f"{'create' if former is None else 'change'} the authorizer {name} of the API {wanted.name}",
            _SERVICE,
            "CreateAuthorizer" if former is None else "UpdateAuthorizer",
            {"ApiId": _api_id(wanted, there), **target, "Name": name, **members},
            tuple(changes(before, members, f"authorizer {name}")),
        )


def _integration_steps(wanted: WantedApi, there: ActualApi) -> Iterator[Step]:
    known = _by_uri(there)
    after = {"PayloadFormatVersion": wanted.payload, "TimeoutInMillis": wanted.timeout_milliseconds}
    for function in dict.fromkeys(route.function for route in wanted.routes):
        former = known.get(wanted.uris[function])
        before = {key: former.get(key) for key in after} if former is not None else {}
        if before == after:
            continue
        own = {"IntegrationId": former["IntegrationId"]} if former is not None else {}
        new = {"IntegrationType": "AWS_PROXY", "IntegrationUri": wanted.uris[function]}
        yield Step(
            _integration(wanted, function),
            f"{'lead' if former is None else 'change how'} the API {wanted.name} "
            f"{'to' if former is None else 'leads to'} {function}",
            _SERVICE,
            "CreateIntegration" if former is None else "UpdateIntegration",
            {"ApiId": _api_id(wanted, there), **(own or new), **after},
            tuple(changes(before, after, f"integration of {function}")),
        )


def _route_steps(wanted: WantedApi, there: ActualApi) -> Iterator[Step]:
    known = {route["RouteKey"]: route for route in there.routes}
    for route in wanted.routes:
        former = known.get(route.key)
        after = _route_members(wanted, there, route)
        before = _comparable(former) if former is not None else {}
        if before == _comparable(after):
            continue
        own = {"RouteId": former["RouteId"]} if former is not None else {}
        yield Step(
            f"route {wanted.name} {route.key}",
            f"{'add' if former is None else 'change'} the route {route.key} of the API {wanted.name}",
            _SERVICE,
            "CreateRoute" if former is None else "UpdateRoute",
            {"ApiId": _api_id(wanted, there), **own, "RouteKey": route.key, **after},
            tuple(changes(_told(before, wanted, there), _told(after, wanted, there), f"route {route.key}")),
        )


def _route_members(wanted: WantedApi, there: ActualApi, route: WantedRoute) -> Members:
    members: dict[str, object] = {
        "Target": _integration_target(wanted, there, route.function),
        "AuthorizationType": "NONE",
    }
    if route.authorizer is not None:
        is_token = wanted.authorizers[route.authorizer]["AuthorizerType"] == "JWT"
        known = _by_name(there).get(route.authorizer)
        members["AuthorizationType"] = "JWT" if is_token else "CUSTOM"
        members["AuthorizerId"] = (
            Answered(_authorizer(wanted, route.authorizer), "AuthorizerId")
            if known is None
            else known["AuthorizerId"]
        )
        members["AuthorizationScopes"] = list(route.scopes)
    return members


def _comparable(route: Members) -> Members:
    return {
        "Target": route.get("Target"),
        "AuthorizationType": route.get("AuthorizationType") or "NONE",
        "AuthorizerId": route.get("AuthorizerId") or "",
        "AuthorizationScopes": sorted(route.get("AuthorizationScopes") or ()),
    }


def _told(route: Members, wanted: WantedApi, there: ActualApi) -> Members:
    """For people: the function instead of a number that only API Gateway knows."""
    by_target = {f"integrations/{each['IntegrationId']}": uri for uri, each in _by_uri(there).items()}
    by_uri = {uri: function for function, uri in wanted.uris.items()}
    target = route.get("Target")
    if isinstance(target, Answered):
        function: object = target.step.rpartition(" ")[2]
    else:
        uri = by_target.get(str(target), str(target)) if target else None
        function = by_uri.get(str(uri), uri)
    rest = {name: value for name, value in route.items() if name not in ("Target", "AuthorizerId")}
    return {"function": function, **rest}


def _integration_target(wanted: WantedApi, there: ActualApi, function: str) -> str | Answered:
    known = _by_uri(there).get(wanted.uris[function])
    if known is None:
        return Answered(_integration(wanted, function), "IntegrationId", "integrations/{}")
    return f"integrations/{known['IntegrationId']}"


# What nothing needs any more


def _steps_of_what_is_left(wanted: WantedApi, there: ActualApi) -> Iterator[Step]:
    keys = {route.key for route in wanted.routes}
    for route in there.routes:
        if route["RouteKey"] not in keys:
            yield _deletion(wanted, there, "route", route["RouteKey"], "RouteId", route)
    used = {wanted.uris[route.function] for route in wanted.routes}
    first = _by_uri(there)
    for each in there.integrations:
        uri = str(each.get("IntegrationUri"))
        if uri not in used or first[uri] is not each:
            yield _deletion(wanted, there, "integration", uri, "IntegrationId", each)
    for name, each in _by_name(there).items():
        if name not in wanted.authorizers:
            yield _deletion(wanted, there, "authorizer", name, "AuthorizerId", each)


def _deletion(
    wanted: WantedApi, there: ActualApi, kind: str, name: str, member: str, former: Members
) -> Step:
    return Step(
        f"{kind} {wanted.name} {former[member]} deleted",
        f"delete the {kind} {name} of the API {wanted.name}",
        _SERVICE,
        f"Delete{kind.title()}",
        {"ApiId": there.id, member: former[member]},
        (Change(f"{kind}", name, None),),
        is_destructive=True,
    )


def _authorizer(wanted: WantedApi, name: str) -> str:
    return f"authorizer {wanted.name} {name}"


def _integration(wanted: WantedApi, function: str) -> str:
    return f"integration {wanted.name} {function}"


def _by_name(there: ActualApi) -> Mapping[str, Members]:
    return {str(each["Name"]): each for each in there.authorizers}


def _by_uri(there: ActualApi) -> Mapping[str, Members]:
    """The first that leads somewhere."""
    found: dict[str, Members] = {}
    for each in there.integrations:
        found.setdefault(str(each.get("IntegrationUri")), each)
    return found
