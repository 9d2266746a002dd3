"""The APIs of a project as API Gateway is asked for them: those of type http, before aliases. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lambdacli.model.deployment import Members, WantedApi, WantedFunction, WantedRoute
from lambdacli.model.http_apis import ApiKind, Authorizer, AuthorizerKind, HttpApi
from lambdacli.project.policy_templates import Here
from lambdacli.project.records import Project
from lambdacli.project.urls import cors_configuration

_DEFAULT_SECONDS = 30.0


def wanted_apis(project: Project, functions: Sequence[WantedFunction], here: Here) -> Iterator[WantedApi]:
    """Of those that lead to one of these functions."""
    uris = {each.name: _invoked(each, here) for each in functions}
    owners = frozenset(each.name for each in project.functions)
    for api in project.apis:
        routes = tuple(
            WantedRoute(str(route.key), route.function, route.authorizer, route.scopes)
            for route in api.routes
            if route.function in uris
        )
        if api.kind is not ApiKind.HTTP or not routes:
            continue
        needed = {route.function for route in api.routes}
        needed |= {each.function for each in api.authorizers.values() if each.function}
        known = {name: uri for name, uri in uris.items() if name in needed}
        authorizers = {
            name: _authorizer(each, uris, here)
            for name, each in api.authorizers.items()
            if not each.function or each.function in uris
        }
        yield WantedApi(
            name=api.name,
            tag=min(owners),
            owners=owners,
            arn_prefix=f"arn:{here.partition}:execute-api:{here.region}:{here.account}:",
            stage=api.stage,
            payload=api.payload,
            timeout_milliseconds=_milliseconds(api),
            stage_variables=api.stage_variables,
            cors=None if api.cors is None else cors_configuration(api.cors),
            authorizers=authorizers,
            routes=tuple(each for each in routes if each.authorizer in (None, *authorizers)),
            uris=known,
            is_whole=len(known) == len(needed),
        )


def _invoked(function: WantedFunction, here: Here) -> str:
    place = f"arn:{here.partition}:lambda:{here.region}:{here.account}"
    return f"{place}:function:{function.name}:{function.alias}"


def _milliseconds(api: HttpApi) -> int:
    return round((api.timeout_seconds or _DEFAULT_SECONDS) * 1000)


def _authorizer(authorizer: Authorizer, uris: dict[str, str], here: Here) -> Members:
    identity = list(authorizer.identity)
    if authorizer.kind is AuthorizerKind.JWT:
        return {
            "AuthorizerType": "JWT",
            "IdentitySource": identity,
            "JwtConfiguration": {"Issuer": authorizer.issuer, "Audience": list(authorizer.audiences)},
        }
    gateway = f"arn:{here.partition}:apigateway:{here.region}:lambda:path/2015-03-31/functions"
    return {
        "AuthorizerType": "REQUEST",
        "IdentitySource": identity,
        "AuthorizerUri": f"{gateway}/{uris[authorizer.function]}/invocations",
        "AuthorizerPayloadFormatVersion": authorizer.payload,
        "AuthorizerResultTtlInSeconds": authorizer.cache_seconds,
        # Format 1.0 knows policies only.
        "EnableSimpleResponses": authorizer.payload == "2.0",
    }
