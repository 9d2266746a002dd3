"""HTTP in front of a template's functions: SAM's events and APIs, and those of API Gateway itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lambdacli.model.http_apis import (
    ANY,
    DEFAULT_ROUTE,
    DEFAULT_STAGE,
    ApiKind,
    Authorizer,
    AuthorizerKind,
    HttpApi,
    Route,
    RouteError,
    RouteKey,
    parse_route,
    shape_of,
)
from lambdacli.project.cloudformation.template import Resource
from lambdacli.project.foreign.serverless_functions import SHORT_NAMES
from lambdacli.project.http_apis import HTTP_SECONDS, REST_SECONDS
from lambdacli.project.http_kinds import API_NAME
from lambdacli.project.stack.around import SERVERLESS_FUNCTION, Around
from lambdacli.project.stack.fixed_answers import mock_answer, mock_answer_of_definition, preflights
from lambdacli.project.stack.functions import cors_of
from lambdacli.project.stack.gateway import authorizer_of, authorizers_of, websocket_api
from lambdacli.project.stack.tokens import jwt_authorizer, pool_authorizer
from lambdacli.project.stack.values import Values, resource_ignored, resource_used, text_of

IMPLICIT = {ApiKind.REST: "ServerlessRestApi", ApiKind.HTTP: "ServerlessHttpApi"}
IMPLICIT_REST_STAGE = "Prod"

_SAM_KINDS = {"AWS::Serverless::Api": ApiKind.REST, "AWS::Serverless::HttpApi": ApiKind.HTTP}
_PLAIN_KINDS = {"AWS::ApiGateway::RestApi": ApiKind.REST, "AWS::ApiGatewayV2::Api": ApiKind.HTTP}
_EVENT_KINDS = {"Api": (ApiKind.REST, "RestApiId"), "HttpApi": (ApiKind.HTTP, "ApiId")}
_ANY_METHODS = ("any", "*", "x-amazon-apigateway-any-method")
_CACHE_SECONDS = 300
_PATH_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")
_NO_DECIDER = "its function is not in this template: the routes are open"
_NO_AUTHORIZERS = ("NONE", "AWS_IAM")
_OF_STAGES = "is about stages as API Gateway runs them"
_WITHOUT_EFFECT = {
    "AccessLogSetting": "`lam start` shows each request",
    "AccessLogSettings": "`lam start` shows each request",
    "AlwaysDeploy": _OF_STAGES,
    "ApiKeySourceType": "API keys are not asked for",
    "CacheClusterEnabled": "nothing is cached",
    "CacheClusterSize": "nothing is cached",
    "CanarySetting": _OF_STAGES,
    "DefaultRouteSettings": "nothing is throttled",
    "Domain": "APIs are reached by names below localhost",
    "EndpointConfiguration": "APIs are reached on this machine only",
    "GatewayResponses": "API Gateway's own answers stay as they are",
    "MethodSettings": _OF_STAGES,
    "MinimumCompressionSize": "nothing is compressed",
    "Models": "requests are not validated",
    "OpenApiVersion": "it is a matter of the definition's form",
    "RouteSettings": "nothing is throttled",
    "TracingEnabled": "nothing is sent to X-Ray",
}


@dataclass
class _Building:
    api: HttpApi
    default_authorizer: str | None = None
    scopes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What routes ask for that do not say it themselves, by the names of all authorizers."""
    routes: list[Route] = field(default_factory=list)
    payloads: set[str] = field(default_factory=set)
    rest_cors: Values | str | None = None
    """Of SAM's: for each path it makes a method OPTIONS."""
    preflight_authorizer: str | None = None

    def add(self, values: Values, name: str, route: Route) -> None:
        for other in self.routes:
            if shape_of(other.key) == shape_of(route.key):
                if other.function != route.function:
                    values.complain(name, f"{route.key} of the API leads to {other.function} already")
                return
        self.routes.append(route)

    def built(self) -> HttpApi:
        if self.rest_cors is not None:
            self.routes += preflights(self.routes, self.rest_cors, self.preflight_authorizer)
        payload = self.payloads.pop() if len(self.payloads) == 1 else self.api.payload
        return replace(self.api, routes=tuple(self.routes), payload=payload)


def apis_of(arounds: Sequence[Around]) -> tuple[HttpApi, ...]:
    """Of all templates at once: one may add routes to the API of another."""
    building = {
        resource.whole_id: _api(resource, around)
        for around in arounds
        for resource in around.of_type(*_SAM_KINDS, *_PLAIN_KINDS)
    }
    for around in arounds:
        for resource in around.of_type(SERVERLESS_FUNCTION):
            for name, event in Values(resource, around.notes).each_below("Events"):
                _event(resource, name, event, building, around)
        _rest_methods(building, around)
        _http_routes(building, around)
    return _with_clear_names([each.built() for each in building.values() if each.routes])


# APIs


def _api(resource: Resource, around: Around) -> _Building:
    values = Values(resource, around.notes)
    kind = {**_SAM_KINDS, **_PLAIN_KINDS}[resource.type]
    if values.text("ProtocolType") == "WEBSOCKET":
        return _websocket_api(resource, values, around)
    api = _new_api(resource.whole_id, kind)
    stage = values.text("StageName") or _stage_of(resource, around)
    binary = tuple(each.replace("~1", "/") for each in values.texts("BinaryMediaTypes"))
    found = _Building(
        replace(
            api,
            stage=stage or api.stage,
            stage_variables=values.of_names("Variables") or values.of_names("StageVariables") or {},
            binary_media_types=binary,
            other_names=_other_names(resource, values),
        )
    )
    _take_cors(found, values)
    _take_authorizers(found, values, around)
    found.api = replace(
        found.api, authorizers={**found.api.authorizers, **authorizers_of(resource, kind, around)}
    )
    _definition(found, values, around)
    for told_elsewhere in ("Description", "Tags", "ProtocolType", "DefinitionUri", "FailOnWarnings"):
        values.raw(told_elsewhere)
    values.rest(_WITHOUT_EFFECT, "lam does not know it")
    resource_used(resource, around.notes, f"an API of type {kind}, called {found.api.name}")
    return found


def _websocket_api(resource: Resource, values: Values, around: Around) -> _Building:
    api = websocket_api(_api_name(resource.whole_id), values, _stage_of(resource, around))
    names = _other_names(resource, values)
    for told_elsewhere in ("Description", "Tags", "ProtocolType"):
        values.raw(told_elsewhere)
    values.rest(_WITHOUT_EFFECT, "lam does not know it")
    resource_used(resource, around.notes, f"an API of type {api.kind}, called {api.name}")
    authorizers = authorizers_of(resource, api.kind, around)
    return _Building(replace(api, authorizers=authorizers, other_names=names))


def _new_api(logical_id: str, kind: ApiKind) -> HttpApi:
    is_rest = kind is ApiKind.REST
    return HttpApi(
        name=_api_name(logical_id),
        kind=kind,
        payload="1.0" if is_rest else "2.0",
        stage=IMPLICIT_REST_STAGE if is_rest else DEFAULT_STAGE,
        timeout_seconds=float(REST_SECONDS if is_rest else HTTP_SECONDS),
    )


def _other_names(resource: Resource, values: Values) -> tuple[str, ...]:
    """What it is called by people: in other tools' files, by its property, by its logical id."""
    short = resource.metadata.get(SHORT_NAMES)
    names = (*(short if isinstance(short, list) else ()), values.text("Name"), resource.logical_id)
    return tuple(dict.fromkeys(name for name in names if name and _PATH_SEGMENT.fullmatch(name)))


def _with_clear_names(apis: Sequence[HttpApi]) -> tuple[HttpApi, ...]:
    """Without other names that several have, or one has as its own."""
    known = Counter(name for api in apis for name in {api.name, *api.other_names})
    return tuple(
        replace(
            api, other_names=tuple(name for name in api.other_names if known[name] == 1 and name != api.name)
        )
        for api in apis
    )


def _api_name(logical_id: str) -> str:
    """It becomes the name of a host."""
    name = re.sub(r"[^a-z0-9-]", "", logical_id.lower())
    return name if re.fullmatch(API_NAME, name) else "api"


def _stage_of(resource: Resource, around: Around) -> str | None:
    """Of an API that is not SAM's: its stage is a resource of its own."""
    for stage in around.of_type("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage"):
        values = Values(stage, around.notes)
        of = values.raw("RestApiId") or values.raw("ApiId")
        if around.meant_by(of, *_PLAIN_KINDS) is resource:
            resource_used(stage, around.notes, "the API's stage")
            return values.text("StageName")
    for deployment in around.of_type("AWS::ApiGateway::Deployment"):
        values = Values(deployment, around.notes)
        if around.meant_by(values.raw("RestApiId"), *_PLAIN_KINDS) is resource and "StageName" in values:
            return values.text("StageName")
    return None


def _take_cors(found: _Building, values: Values) -> None:
    for name in ("CorsConfiguration", "Cors"):
        if name not in values:
            continue
        if found.api.kind is ApiKind.REST:
            written = values.raw(name)
            found.rest_cors = written if isinstance(written, str) else values.below(name)
        elif values.raw(name) is True:
            found.api = replace(found.api, cors=cors_of(Values(values.resource, values.notes, _OPEN)))
        else:
            cors = values.below(name)
            found.api = replace(found.api, cors=None if cors is None else cors_of(cors))


_OPEN = {"AllowOrigins": ["*"], "AllowMethods": ["*"], "AllowHeaders": ["*"]}


# Authorizers


def _take_authorizers(found: _Building, values: Values, around: Around) -> None:
    auth = values.below("Auth")
    if auth is None:
        return
    authorizers = {}
    for name, told in auth.each_below("Authorizers"):
        found.scopes[name] = told.texts("AuthorizationScopes")
        authorizer = _authorizer(name, told, found.api.kind, around)
        if authorizer is None:
            told.ignored("", _NO_DECIDER)
        else:
            authorizers[name] = authorizer
    default = auth.text("DefaultAuthorizer")
    found.api = replace(found.api, authorizers=authorizers)
    found.default_authorizer = default if default in authorizers else None
    _check_named(found, auth, "DefaultAuthorizer")
    if auth.flag("AddDefaultAuthorizerToCorsPreflight") is not False:
        found.preflight_authorizer = found.default_authorizer
    if default == "AWS_IAM":
        auth.ignored("DefaultAuthorizer", "signatures of requests to APIs are not checked")
    for name in ("ApiKeyRequired", "UsagePlan", "ResourcePolicy", "EnableIamAuthorizer"):
        if name in auth:
            auth.ignored(name, "it is not asked for here")


def _check_named(found: _Building, auth: Values, key: str) -> None:
    """A name that leads nowhere must not leave a route open."""
    named = auth.text(key)
    if named is not None and named not in (*found.scopes, *_NO_AUTHORIZERS):
        known = ", ".join(found.scopes) or "none"
        auth.complain(key, f"{named} is no authorizer of the API", f"known are {known}")


def _authorizer(name: str, told: Values, kind: ApiKind, around: Around) -> Authorizer | None:
    identity = told.below("Identity")
    if "JwtConfiguration" in told:
        return jwt_authorizer(name, told, told.texts("IdentitySource"), around)
    if "UserPoolArn" in told:
        return pool_authorizer(name, told, told.texts("UserPoolArn"), _identity(identity), around)
    decider = around.function_named(told.raw("FunctionArn"))
    if decider is None:
        return None
    is_rest = kind is ApiKind.REST
    is_request = not is_rest or told.text("FunctionPayloadType") == "REQUEST"
    seconds = None if identity is None else identity.number("ReauthorizeEvery", 0, 3600)
    return Authorizer(
        name=name,
        kind=AuthorizerKind.REQUEST if is_request else AuthorizerKind.TOKEN,
        function=decider[0].name,
        identity=_identity(identity),
        cache_seconds=seconds if seconds is not None else (_CACHE_SECONDS if is_rest else 0),
        payload="1.0" if is_rest else (told.text("AuthorizerPayloadFormatVersion") or "2.0"),
    )


def _identity(identity: Values | None) -> tuple[str, ...]:
    if identity is None:
        return ("$request.header.Authorization",)
    headers = (*identity.texts("Headers"), *identity.texts("Header"))
    queries = identity.texts("QueryStrings")
    found = [f"$request.header.{each}" for each in headers]
    found += [f"$request.querystring.{each}" for each in queries]
    return tuple(found) or ("$request.header.Authorization",)


# Routes of SAM


def _event(
    resource: Resource, name: str, event: Values, building: dict[str, _Building], around: Around
) -> None:
    kind_and_member = _EVENT_KINDS.get(event.text("Type") or "")
    if kind_and_member is None:
        return
    kind, member = kind_and_member
    told = event.below("Properties") or Values(resource, around.notes, {}, f"{event.path}.Properties")
    found = _api_of_event(told, kind, member, building, around)
    if found is None:
        return
    method, path = told.text("Method"), told.text("Path")
    key = _key(told, "Path", method, path, is_http=kind is ApiKind.HTTP)
    if key is None:
        return
    auth = told.below("Auth")
    named = None if auth is None else auth.text("Authorizer")
    if auth is not None:
        _check_named(found, auth, "Authorizer")
    authorizer = found.default_authorizer if named is None else named
    authorizer = authorizer if authorizer in found.api.authorizers else None
    scopes = () if auth is None else auth.texts("AuthorizationScopes")
    if not scopes and authorizer is not None and (auth is None or "AuthorizationScopes" not in auth):
        scopes = found.scopes.get(authorizer, ())
    if kind is ApiKind.HTTP:
        found.payloads.add(told.text("PayloadFormatVersion") or "2.0")
    found.add(
        told,
        "Path",
        Route(key, resource.name, authorizer, scopes),
    )
    event.used("", f"{key} of the API {found.api.name}")
    told.rest(
        {
            "RequestParameters": "requests are not validated",
            "RequestModel": "requests are not validated",
            "TimeoutInMillis": "the API's own time counts",
            "RouteSettings": "nothing is throttled",
        },
        "lam does not know it",
    )


def _api_of_event(
    told: Values, kind: ApiKind, member: str, building: dict[str, _Building], around: Around
) -> _Building | None:
    given = told.raw(member)
    if given is None:
        return _implicit(IMPLICIT[kind], kind, building, around)
    resource = around.meant_by(given, *_SAM_KINDS, *_PLAIN_KINDS)
    if resource is None and isinstance(given, str) and given in IMPLICIT.values():
        return _implicit(given, kind, building, around)
    if resource is None:
        told.ignored(member, "the API is not in this template")
        return None
    return building[resource.whole_id]


def _implicit(logical_id: str, kind: ApiKind, building: dict[str, _Building], around: Around) -> _Building:
    whole_id = "".join((*around.template.within, logical_id))
    return building.setdefault(whole_id, _Building(_new_api(whole_id, kind)))


def _key(
    values: Values, name: str, method: str | None, path: str | None, *, is_http: bool
) -> RouteKey | None:
    if path is None and method is None and is_http:
        return RouteKey(ANY, DEFAULT_ROUTE)
    if path is None or method is None:
        values.complain("", "needs a Path and a Method")
        return None
    shortened = path.rstrip("/") or "/"
    word = ANY if method.lower() in _ANY_METHODS else method.upper()
    try:
        return parse_route(DEFAULT_ROUTE if path == DEFAULT_ROUTE else f"{word} {shortened}")
    except RouteError as error:
        values.complain(name, error.message, error.hint)
        return None


# An OpenAPI definition


def _definition(found: _Building, values: Values, around: Around) -> None:
    for name in ("DefinitionBody", "Body"):
        body = values.below(name)
        paths = None if body is None else body.below("paths")
        if paths is None:
            continue
        for path in paths.values:
            operations = paths.below(path)
            for method in () if operations is None else operations.values:
                _operation(found, paths, operations, path, method, around)


def _operation(
    found: _Building, paths: Values, operations: Values | None, path: str, method: str, around: Around
) -> None:
    told = None if operations is None or method == "parameters" else operations.below(method)
    integration = None if told is None else told.below("x-amazon-apigateway-integration")
    if integration is None:
        return
    named = around.function_named(integration.raw("uri"))
    key = _key(paths, path, method, path, is_http=found.api.kind is ApiKind.HTTP)
    fixed = mock_answer_of_definition(integration) if found.api.kind is ApiKind.REST else None
    if named is None and fixed is not None and key is not None:
        found.add(paths, path, Route(key, "", fixed=fixed))
        integration.used("", f"{key} of the API {found.api.name} is answered by itself")
    elif named is None:
        integration.ignored("", "it leads to no function of this template")
    elif key is not None:
        if "payloadFormatVersion" in integration:
            found.payloads.add(integration.text("payloadFormatVersion") or "2.0")
        found.add(paths, path, Route(key, named[0].name))
        integration.used("", f"{key} of the API {found.api.name} leads to {named[0].name}")


# Routes of API Gateway's own resources


def _rest_methods(building: dict[str, _Building], around: Around) -> None:
    for resource in around.of_type("AWS::ApiGateway::Method"):
        values = Values(resource, around.notes)
        api = around.meant_by(values.raw("RestApiId"), "AWS::ApiGateway::RestApi")
        integration = values.below("Integration")
        fixed = mock_answer(integration)
        named = None if integration is None else around.function_named(integration.raw("Uri"))
        if api is None or (named is None and fixed is None):
            resource_ignored(resource, around.notes, "it leads to no function of this template")
            continue
        path = _path_of(values.raw("ResourceId"), around)
        key = _key(values, "ResourceId", values.text("HttpMethod"), path, is_http=False)
        if key is not None:
            found = building[api.whole_id]
            authorizer = authorizer_of(values, dict(found.api.authorizers), around)
            function = "" if named is None else named[0].name
            scopes = values.texts("AuthorizationScopes")
            found.add(values, "HttpMethod", Route(key, function, authorizer, scopes, fixed=fixed))
            fate = f"leads to {function}" if function else "is answered by the API itself"
            resource_used(resource, around.notes, f"{key} {fate}")
    for resource in around.of_type("AWS::ApiGateway::Resource"):
        resource_used(resource, around.notes, f"the path {_path_of(resource.reference, around)}")


def _path_of(value: object, around: Around) -> str:
    """From a resource up to the root of its API."""
    parts: list[str] = []
    resource = around.meant_by(value, "AWS::ApiGateway::Resource")
    while resource is not None and len(parts) < 100:
        parts.append(text_of(resource.properties.get("PathPart")) or "")
        resource = around.meant_by(resource.properties.get("ParentId"), "AWS::ApiGateway::Resource")
    return "/" + "/".join(reversed(parts))


def _http_routes(building: dict[str, _Building], around: Around) -> None:
    integrations = {
        each.reference: Values(each, around.notes)
        for each in around.of_type("AWS::ApiGatewayV2::Integration")
    }
    for resource in around.of_type("AWS::ApiGatewayV2::Route"):
        values = Values(resource, around.notes)
        api = around.meant_by(values.raw("ApiId"), "AWS::ApiGatewayV2::Api")
        target = (values.text("Target") or "").removeprefix("integrations/")
        integration = integrations.get(target)
        named = None if integration is None else around.function_named(integration.raw("IntegrationUri"))
        if api is None or named is None or integration is None:
            resource_ignored(resource, around.notes, "it leads to no function of this template")
            continue
        found = building[api.whole_id]
        authorizer = authorizer_of(values, dict(found.api.authorizers), around)
        if found.api.kind is ApiKind.WEBSOCKET:
            written = values.text("RouteKey") or ""
            answers = values.text("RouteResponseSelectionExpression") is not None
            route = Route(RouteKey("", written), named[0].name, authorizer, answers=answers)
            found.add(values, "RouteKey", route)
            resource_used(resource, around.notes, f"{written} leads to {named[0].name}")
            continue
        method, _, path = (values.text("RouteKey") or "").partition(" ")
        is_default = method == DEFAULT_ROUTE
        key = _key(values, "RouteKey", None if is_default else method, path or None, is_http=True)
        if key is None:
            continue
        found.payloads.add(integration.text("PayloadFormatVersion") or "1.0")
        scopes = values.texts("AuthorizationScopes")
        found.add(values, "RouteKey", Route(key, named[0].name, authorizer, scopes))
        resource_used(resource, around.notes, f"{key} leads to {named[0].name}")
    _quick_create(building, around)


def _quick_create(building: dict[str, _Building], around: Around) -> None:
    """An API whose Target is a function has the default route to it."""
    for resource in around.of_type("AWS::ApiGatewayV2::Api"):
        values = Values(resource, around.notes)
        named = around.function_named(values.raw("Target"))
        if named is not None:
            route = Route(RouteKey(ANY, DEFAULT_ROUTE), named[0].name)
            building[resource.whole_id].add(values, "Target", route)
