"""Authorizers and WebSocket APIs as API Gateway's own resources describe them."""

from __future__ import annotations

import re

from lambdacli.model.http_apis import (
    DEFAULT_SELECTION,
    TOKEN_CHECKS,
    ApiKind,
    Authorizer,
    AuthorizerKind,
    HttpApi,
)
from lambdacli.project.cloudformation.template import Resource
from lambdacli.project.http_apis import NAMED_STAGE, REST_SECONDS
from lambdacli.project.stack.around import Around
from lambdacli.project.stack.tokens import jwt_authorizer, pool_authorizer
from lambdacli.project.stack.values import Values, resource_ignored, resource_used

AUTHORIZERS = ("AWS::ApiGateway::Authorizer", "AWS::ApiGatewayV2::Authorizer")

_REST_CACHE_SECONDS = 300
_CACHE_SECONDS_MAXIMUM = 3600
_SOURCE = re.compile(r"(?:method|route)\.request\.(header|querystring)\.(.+)")
_AUTHORIZATION = "$request.header.Authorization"


def websocket_api(name: str, values: Values, stage: str | None) -> HttpApi:
    return HttpApi(
        name=name,
        kind=ApiKind.WEBSOCKET,
        payload="1.0",
        stage=stage or NAMED_STAGE,
        timeout_seconds=float(REST_SECONDS),
        route_selection=values.text("RouteSelectionExpression") or DEFAULT_SELECTION,
    )


def authorizers_of(api: Resource, kind: ApiKind, around: Around) -> dict[str, Authorizer]:
    """By the names that the API's authorizers have."""
    found: dict[str, Authorizer] = {}
    for resource in around.of_type(*AUTHORIZERS):
        values = Values(resource, around.notes)
        if around.meant_by(values.raw("RestApiId") or values.raw("ApiId"), api.type) is not api:
            continue
        authorizer = _authorizer(resource, values, kind, around)
        if authorizer is not None:
            found[authorizer.name] = authorizer
            if authorizer.kind not in TOKEN_CHECKS:
                resource_used(resource, around.notes, f"{authorizer.function} decides who may come in")
    return found


def authorizer_of(route: Values, known: dict[str, Authorizer], around: Around) -> str | None:
    """The name of the one that a method or a route asks."""
    if route.text("AuthorizationType") == "AWS_IAM":
        route.ignored("AuthorizationType", "signatures of requests to APIs are not checked")
        return None
    if route.raw("ApiKeyRequired") is True:
        route.ignored("ApiKeyRequired", "API keys are not asked for")
    resource = around.meant_by(route.raw("AuthorizerId"), *AUTHORIZERS)
    if resource is None:
        return None
    name = _name_of(resource)
    return name if name in known else None


def _authorizer(resource: Resource, values: Values, kind: ApiKind, around: Around) -> Authorizer | None:
    own = (values.text("Type") or values.text("AuthorizerType") or "").upper()
    if own == "JWT":
        return jwt_authorizer(_name_of(resource), values, _identity(values), around)
    if own == "COGNITO_USER_POOLS":
        return pool_authorizer(
            _name_of(resource), values, values.texts("ProviderARNs"), _identity(values), around
        )
    decider = around.function_named(values.raw("AuthorizerUri"))
    if decider is None:
        resource_ignored(resource, around.notes, "its function is not in this template: the routes are open")
        return None
    seconds = values.number("AuthorizerResultTtlInSeconds", 0, _CACHE_SECONDS_MAXIMUM)
    is_rest = kind is ApiKind.REST
    payload = values.text("AuthorizerPayloadFormatVersion") if kind is ApiKind.HTTP else None
    return Authorizer(
        name=_name_of(resource),
        kind=AuthorizerKind.TOKEN if own == "TOKEN" else AuthorizerKind.REQUEST,
        function=decider[0].name,
        identity=_identity(values),
        cache_seconds=seconds if seconds is not None else (_REST_CACHE_SECONDS if is_rest else 0),
        payload=payload or "1.0",
    )


def _identity(values: Values) -> tuple[str, ...]:
    """REST APIs have one text with commas, the others a list."""
    sources = [each.strip() for text in values.texts("IdentitySource") for each in text.split(",")]
    return tuple(_source(each) for each in sources if each) or (_AUTHORIZATION,)


def _source(text: str) -> str:
    told = _SOURCE.fullmatch(text)
    return text if told is None else f"$request.{told[1]}.{told[2]}"


def _name_of(resource: Resource) -> str:
    name = resource.properties.get("Name")
    return name if isinstance(name, str) else resource.logical_id
