"""The APIs of a serverless.yml: `http` (REST), `httpApi` and `websocket` events become API Gateway's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lambdacli.project.foreign.serverless_functions import SHORT_NAMES
from lambdacli.project.foreign.serverless_names import identifier_of, path_identifier, source_name
from lambdacli.project.foreign.written import NamedFunction, TemplateWriter, Written

REST_API = "ApiGatewayRestApi"
HTTP_API = "HttpApi"
WEBSOCKETS_API = "WebsocketsApi"
HTTP_EVENTS = ("http", "httpApi", "websocket")

_GATEWAY = "apigateway.amazonaws.com"
_CORS_HEADERS = (
    "Content-Type",
    "X-Amz-Date",
    "Authorization",
    "X-Api-Key",
    "X-Amz-Security-Token",
    "X-Amz-User-Agent",
    "X-Amzn-Trace-Id",
)
_CORS_METHODS = ("OPTIONS", "GET", "POST", "PUT", "PATCH", "HEAD", "DELETE")
_HTTP_MILLISECONDS = 30_000
_PROXY = ("aws_proxy", "lambda_proxy")


class ApiWriter:
    """Of a whole service: all functions share one API of each kind."""

    def __init__(
        self,
        writer: TemplateWriter,
        service: Written,
        functions: Mapping[str, NamedFunction],
        name: str,
        stage: str,
    ) -> None:
        self.writer = writer
        self.provider = service.at("provider")
        self.functions = functions
        self.name = name
        """Of the service."""
        self.stage = stage

    def write(self, kind: str, event: Written, function: NamedFunction) -> None:
        {"http": self._rest, "httpApi": self._http, "websocket": self._websocket}[kind](event, function)

    # REST

    def _rest(self, event: Written, function: NamedFunction) -> None:
        route = self._route(event)
        if route is None:
            return
        method, path = route
        api = self._rest_api(event)
        resource = self._rest_resource(path, api, event)
        named = f"ApiGatewayMethod{path_identifier(path)}"
        properties = {
            "RestApiId": api,
            "ResourceId": resource,
            "HttpMethod": method,
            "ApiKeyRequired": event.at("private").value is True,
            **self._rest_authorization(event, api),
            "Integration": self._rest_integration(event, function),
        }
        self.writer.add(f"{named}{method.capitalize()}", "AWS::ApiGateway::Method", properties, event)
        if event.at("cors").value:
            self._rest_preflight(f"{named}Options", event, method, {"RestApiId": api, "ResourceId": resource})
        self._permission(f"{function.identifier}LambdaPermissionApiGateway", function.target, event)

    def _route(self, event: Written) -> tuple[str, str] | None:
        """Method and path without its first slash."""
        if isinstance(event.value, str):
            parts = event.value.split()
            if len(parts) == 2:
                return parts[0].upper(), parts[1].strip("/")
        elif event.at("method") and event.at("path"):
            return event.at("method").text().upper(), event.at("path").text().strip("/")
        self.writer.complain(event, "needs a method and a path", "for example `http: GET /items/{id}`")
        return None

    def _metadata(self) -> dict[str, Any]:
        return {SHORT_NAMES: [self.name]}

    def _rest_api(self, event: Written) -> Any:
        given = self.provider.at("apiGateway", "restApiId")
        if given:
            return given
        if not self.writer.has(REST_API):
            settings = self.provider.at("apiGateway")
            properties = {
                "Name": self._api_name("apiName", settings.at("shouldStartNameWithService").value is True),
                "Description": settings.at("description"),
                "BinaryMediaTypes": settings.at("binaryMediaTypes"),
                "EndpointConfiguration": {"Types": [self.provider.at("endpointType").text("EDGE").upper()]},
            }
            self.writer.add(REST_API, "AWS::ApiGateway::RestApi", properties, event, self._metadata())
            deployment = {"RestApiId": {"Ref": REST_API}, "StageName": self._rest_stage}
            self.writer.add("ApiGatewayDeployment", "AWS::ApiGateway::Deployment", deployment, event)
        return {"Ref": REST_API}

    @property
    def _rest_stage(self) -> str:
        return self.provider.at("apiGateway", "stage").text(self.stage)

    def _rest_resource(self, path: str, api: Any, event: Written) -> Any:
        given = self.provider.at("apiGateway", "restApiRootResourceId")
        parent: Any = given if given else {"Fn::GetAtt": [REST_API, "RootResourceId"]}
        parts = [part for part in path.split("/") if part]
        for number, part in enumerate(parts):
            logical_id = f"ApiGatewayResource{path_identifier('/'.join(parts[: number + 1]))}"
            if not self.writer.has(logical_id):
                properties = {"RestApiId": api, "ParentId": parent, "PathPart": part}
                self.writer.add(logical_id, "AWS::ApiGateway::Resource", properties, event)
            parent = {"Ref": logical_id}
        return parent

    def _rest_integration(self, event: Written, function: NamedFunction) -> dict[str, Any]:
        given = event.at("integration").text("aws_proxy").lower().replace("-", "_")
        is_async = event.at("async").value is True
        if given in ("http", "http_proxy", "mock"):
            return {"Type": given.upper(), "Uri": event.at("request", "uri")}
        return {
            "Type": "AWS_PROXY" if given in _PROXY and not is_async else "AWS",
            "IntegrationHttpMethod": "POST",
            "Uri": _calling(function.target),
            "TimeoutInMillis": event.at("request", "timeout"),
        }

    def _rest_authorization(self, event: Written, api: Any) -> dict[str, Any]:
        authorizer = event.at("authorizer")
        if not authorizer:
            return {"AuthorizationType": "NONE"}
        name = authorizer.text() or authorizer.at("name").text()
        kind = authorizer.at("type").text().upper()
        if name.upper() == "AWS_IAM" or kind == "AWS_IAM":
            return {"AuthorizationType": "AWS_IAM"}
        existing = authorizer.at("authorizerId")
        scopes = authorizer.at("scopes")
        if existing:
            kind = "COGNITO_USER_POOLS" if kind == "COGNITO_USER_POOLS" else "CUSTOM"
            return {"AuthorizationType": kind, "AuthorizerId": existing, "AuthorizationScopes": scopes}
        arn: Any = authorizer.at("arn") if authorizer.at("arn") else None
        if name.startswith("arn:"):
            arn, name = authorizer, ""
        is_pool = kind == "COGNITO_USER_POOLS" or (arn is not None and ":cognito-idp:" in str(arn.value))
        if arn is None and name not in self.functions:
            hint = f"functions are {', '.join(self.functions)}"
            self.writer.complain(authorizer, f"{name or 'it'} names no function of the service", hint)
            return {"AuthorizationType": "NONE"}
        name = name or source_name(arn.value)
        logical_id = f"{identifier_of(name)}ApiGatewayAuthorizer"
        if not self.writer.has(logical_id):
            target = arn if arn is not None else self.functions[name].arn
            time_to_live = authorizer.at("resultTtlInSeconds")
            properties = {
                "RestApiId": api,
                "Name": name,
                "Type": "COGNITO_USER_POOLS" if is_pool else kind or "TOKEN",
                "IdentitySource": authorizer.at("identitySource").text("method.request.header.Authorization"),
                "IdentityValidationExpression": authorizer.at("identityValidationExpression"),
                "AuthorizerResultTtlInSeconds": time_to_live,
                "ProviderARNs": [target] if is_pool else None,
                "AuthorizerUri": None if is_pool else _calling(target),
            }
            self.writer.add(logical_id, "AWS::ApiGateway::Authorizer", properties, authorizer)
            if not is_pool and arn is None:
                permission = f"{identifier_of(name)}LambdaPermissionApiGateway"
                self._permission(permission, target, authorizer)
        kind = "COGNITO_USER_POOLS" if is_pool else "CUSTOM"
        return {"AuthorizationType": kind, "AuthorizerId": {"Ref": logical_id}, "AuthorizationScopes": scopes}

    def _rest_preflight(
        self, logical_id: str, event: Written, method: str, around: Mapping[str, Any]
    ) -> None:
        cors = event.at("cors")
        origins = cors.at("origins") if cors.at("origins") else cors.at("origin")
        headers = [each.text() for each in cors.at("headers").items()] or list(_CORS_HEADERS)
        methods = f"OPTIONS,{','.join(_CORS_METHODS[1:]) if method == 'ANY' else method}"
        if self.writer.has(logical_id):
            answer = self.writer.properties(logical_id)["Integration"]["IntegrationResponses"][0]
            allowed = answer["ResponseParameters"]
            named = "method.response.header.Access-Control-Allow-Methods"
            allowed[named] = f"{allowed[named][:-1]},{method}'"
            return
        parameters = {
            "Access-Control-Allow-Origin": ",".join(each.text() for each in origins.items()) or "*",
            "Access-Control-Allow-Headers": ",".join(headers),
            "Access-Control-Allow-Methods": methods,
        }
        if cors.at("allowCredentials").value is True:
            parameters["Access-Control-Allow-Credentials"] = "true"
        response = {
            "StatusCode": "200",
            "ResponseParameters": {
                f"method.response.header.{name}": f"'{value}'" for name, value in parameters.items()
            },
        }
        properties = {
            **around,
            "HttpMethod": "OPTIONS",
            "AuthorizationType": "NONE",
            "Integration": {"Type": "MOCK", "IntegrationResponses": [response]},
        }
        self.writer.add(logical_id, "AWS::ApiGateway::Method", properties, cors)

    # HTTP

    def _http(self, event: Written, function: NamedFunction) -> None:
        key = self._http_key(event)
        if key is None:
            return
        api = self._http_api(event)
        integration = f"HttpApiIntegration{function.identifier}"
        if not self.writer.has(integration):
            payload = function.written.at("httpApi", "payload") or self.provider.at("httpApi", "payload")
            properties = {
                "ApiId": api,
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": function.target,
                "PayloadFormatVersion": payload.text("2.0"),
                "TimeoutInMillis": _HTTP_MILLISECONDS,
            }
            self.writer.add(integration, "AWS::ApiGatewayV2::Integration", properties, event)
        properties = {
            "ApiId": api,
            "RouteKey": key,
            "Target": {"Fn::Join": ["/", ["integrations", {"Ref": integration}]]},
            **self._http_authorization(event, api),
        }
        method, _, path = key.partition(" ")
        named = f"{method.capitalize()}{path_identifier(path)}" if path else "Default"
        self.writer.add(f"HttpApiRoute{named}", "AWS::ApiGatewayV2::Route", properties, event)
        self._permission(f"{function.identifier}LambdaPermissionHttpApi", function.target, event)

    def _http_key(self, event: Written) -> str | None:
        if event.value == "*" or (event.at("path").value == "*" and not event.at("method")):
            return "$default"
        if isinstance(event.value, str):
            parts = event.value.split()
        else:
            parts = [event.at("method").text(), event.at("path").text()]
        if len(parts) != 2 or not all(parts):
            self.writer.complain(event, "needs a method and a path", "for example `httpApi: GET /items/{id}`")
            return None
        method = "ANY" if parts[0] in ("*", "any") else parts[0].upper()
        if parts[1] == "*":
            return "$default"
        return f"{method} /{parts[1].lstrip('/')}"

    def _http_api(self, event: Written) -> Any:
        settings = self.provider.at("httpApi")
        if settings.at("id"):
            return settings.at("id")
        if not self.writer.has(HTTP_API):
            properties = {
                "Name": settings.at("name").text()
                or self._api_name("", settings.at("shouldStartNameWithService").value is True),
                "ProtocolType": "HTTP",
                "CorsConfiguration": _http_cors(settings.at("cors")),
                "DisableExecuteApiEndpoint": settings.at("disableDefaultEndpoint"),
            }
            self.writer.add(HTTP_API, "AWS::ApiGatewayV2::Api", properties, event, self._metadata())
            stage = {"ApiId": {"Ref": HTTP_API}, "StageName": "$default", "AutoDeploy": True}
            self.writer.add("HttpApiStage", "AWS::ApiGatewayV2::Stage", stage, event)
        return {"Ref": HTTP_API}

    def _http_authorization(self, event: Written, api: Any) -> dict[str, Any]:
        authorizer = event.at("authorizer")
        if not authorizer:
            return {}
        name = authorizer.text() or authorizer.at("name").text()
        kind = authorizer.at("type").text()
        scopes = authorizer.at("scopes")
        if kind == "aws_iam" or name == "aws_iam":
            return {"AuthorizationType": "AWS_IAM"}
        if authorizer.at("id"):
            kind = "JWT" if kind == "jwt" else "CUSTOM"
            return {
                "AuthorizationType": kind,
                "AuthorizerId": authorizer.at("id"),
                "AuthorizationScopes": scopes,
            }
        declared = self.provider.at("httpApi", "authorizers", name)
        if not declared:
            hint = "write it below provider: httpApi: authorizers"
            self.writer.complain(authorizer, f"there is no authorizer {name or 'without a name'}", hint)
            return {}
        is_jwt = declared.at("type").text("jwt") == "jwt"
        logical_id = f"HttpApiAuthorizer{identifier_of(name)}"
        if not self.writer.has(logical_id):
            own = self._jwt(declared) if is_jwt else self._request_authorizer(declared, name)
            self.writer.add(
                logical_id, "AWS::ApiGatewayV2::Authorizer", {"ApiId": api, "Name": name, **own}, declared
            )
        return {
            "AuthorizationType": "JWT" if is_jwt else "CUSTOM",
            "AuthorizerId": {"Ref": logical_id},
            "AuthorizationScopes": scopes,
        }

    @staticmethod
    def _jwt(declared: Written) -> dict[str, Any]:
        return {
            "AuthorizerType": "JWT",
            "IdentitySource": list(declared.at("identitySource").items()),
            "JwtConfiguration": {
                "Audience": list(declared.at("audience").items()),
                "Issuer": declared.at("issuerUrl"),
            },
        }

    def _request_authorizer(self, declared: Written, name: str) -> dict[str, Any]:
        function = declared.at("functionName").text()
        target: Any = declared.at("functionArn")
        if function in self.functions:
            target = self.functions[function].arn
            self._permission(f"{identifier_of(name)}LambdaAuthorizerPermissionHttpApi", target, declared)
        elif not target:
            hint = f"functions are {', '.join(self.functions)}"
            self.writer.complain(declared, f"names no function of the service: {function or 'none'}", hint)
        return {
            "AuthorizerType": "REQUEST",
            "AuthorizerUri": _calling(target),
            "AuthorizerPayloadFormatVersion": declared.at("payloadVersion").text("2.0"),
            "EnableSimpleResponses": declared.at("enableSimpleResponses"),
            "AuthorizerResultTtlInSeconds": declared.at("resultTtlInSeconds"),
            "IdentitySource": list(declared.at("identitySource").items()) or None,
        }

    # WebSocket

    def _websocket(self, event: Written, function: NamedFunction) -> None:
        route = event.text() or event.at("route").text()
        if not route:
            self.writer.complain(event, "names no route", "for example `websocket: $connect`")
            return
        api = self._websockets_api(event)
        integration = f"{function.identifier}WebsocketsIntegration"
        if not self.writer.has(integration):
            properties: dict[str, Any] = {
                "ApiId": api,
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": _calling(function.target),
            }
            self.writer.add(integration, "AWS::ApiGatewayV2::Integration", properties, event)
        selection = event.at("routeResponseSelectionExpression")
        logical_id = f"{re.sub(r'[^0-9A-Za-z]', '', route.replace('$', 'S'))}WebsocketsRoute"
        properties = {
            "ApiId": api,
            "RouteKey": route,
            "AuthorizationType": "NONE",
            "RouteResponseSelectionExpression": selection,
            "Target": {"Fn::Join": ["/", ["integrations", {"Ref": integration}]]},
            **self._websocket_authorization(event, api),
        }
        self.writer.add(logical_id, "AWS::ApiGatewayV2::Route", properties, event)
        if selection:
            properties = {"ApiId": api, "RouteId": {"Ref": logical_id}, "RouteResponseKey": "$default"}
            self.writer.add(f"{logical_id}Response", "AWS::ApiGatewayV2::RouteResponse", properties, event)
        self._permission(f"{function.identifier}LambdaPermissionWebsockets", function.target, event)

    def _websockets_api(self, event: Written) -> Any:
        given = self.provider.at("apiGateway", "websocketApiId")
        if given:
            return given
        if not self.writer.has(WEBSOCKETS_API):
            selection = self.provider.at("websocketsApiRouteSelectionExpression")
            properties = {
                "Name": self.provider.at("websocketsApiName").text(f"{self.stage}-{self.name}-websockets"),
                "ProtocolType": "WEBSOCKET",
                "RouteSelectionExpression": selection.text("$request.body.action"),
            }
            self.writer.add(WEBSOCKETS_API, "AWS::ApiGatewayV2::Api", properties, event, self._metadata())
            stage = {"ApiId": {"Ref": WEBSOCKETS_API}, "StageName": self.stage, "AutoDeploy": True}
            self.writer.add("WebsocketsDeploymentStage", "AWS::ApiGatewayV2::Stage", stage, event)
        return {"Ref": WEBSOCKETS_API}

    def _websocket_authorization(self, event: Written, api: Any) -> dict[str, Any]:
        authorizer = event.at("authorizer")
        if not authorizer:
            return {}
        name = authorizer.text() or authorizer.at("name").text()
        if name.upper() == "AWS_IAM":
            return {"AuthorizationType": "AWS_IAM"}
        target: Any = authorizer.at("arn")
        if not target:
            if name not in self.functions:
                hint = f"functions are {', '.join(self.functions)}"
                self.writer.complain(authorizer, f"{name} names no function of the service", hint)
                return {}
            target = self.functions[name].arn
            self._permission(f"{identifier_of(name)}LambdaPermissionWebsockets", target, authorizer)
        name = name or source_name(target.value)
        logical_id = f"{identifier_of(name)}WebsocketsAuthorizer"
        if not self.writer.has(logical_id):
            sources = [each.value for each in authorizer.at("identitySource").items()]
            properties = {
                "ApiId": api,
                "Name": name,
                "AuthorizerType": "REQUEST",
                "AuthorizerUri": _calling(target),
                "IdentitySource": sources or ["route.request.header.Auth"],
            }
            self.writer.add(logical_id, "AWS::ApiGatewayV2::Authorizer", properties, authorizer)
        return {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": logical_id}}

    # What they share

    def _api_name(self, key: str, starts_with_service: bool) -> str:
        parts = (self.name, self.stage) if starts_with_service else (self.stage, self.name)
        default = "-".join(parts)
        return self.provider.at(key).text(default) if key else default

    def _permission(self, logical_id: str, target: Any, at: Written) -> None:
        if not self.writer.has(logical_id):
            properties = {"FunctionName": target, "Action": "lambda:InvokeFunction", "Principal": _GATEWAY}
            self.writer.add(logical_id, "AWS::Lambda::Permission", properties, at)


def _calling(target: Any) -> dict[str, Any]:
    """The URI by which API Gateway calls a function."""
    gateway = ["arn:", {"Ref": "AWS::Partition"}, ":apigateway:", {"Ref": "AWS::Region"}]
    return {"Fn::Join": ["", [*gateway, ":lambda:path/2015-03-31/functions/", target, "/invocations"]]}


def _http_cors(cors: Written) -> dict[str, Any] | None:
    if not cors.value:
        return None
    if cors.value is True:
        return {
            "AllowOrigins": ["*"],
            "AllowHeaders": list(_CORS_HEADERS),
            "AllowMethods": list(_CORS_METHODS),
        }
    return {
        "AllowOrigins": list(cors.at("allowedOrigins").items()) or ["*"],
        "AllowHeaders": list(cors.at("allowedHeaders").items()) or list(_CORS_HEADERS),
        "AllowMethods": list(cors.at("allowedMethods").items()) or list(_CORS_METHODS),
        "AllowCredentials": cors.at("allowCredentials"),
        "ExposeHeaders": list(cors.at("exposedResponseHeaders").items()) or None,
        "MaxAge": cors.at("maxAge"),
    }
