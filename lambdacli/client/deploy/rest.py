"""Deploys to a Lambda service nearby, by the Lambda API's own REST calls: no SDK is loaded."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdacli.client import http, local
from lambdacli.client.deploy.target import Json, Refused
from lambdacli.client.local import ApiError, Endpoint
from lambdacli.model.deployment import Members


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    """Members in braces are parts of it; all others go into the query or the body."""
    query: tuple[str, ...] = ()
    names: Mapping[str, str] | None = None
    """Of members that the query calls otherwise."""


_FUNCTION = "/2015-03-31/functions/{FunctionName}"
_ALIAS = _FUNCTION + "/aliases/{Name}"
_MAPPINGS = "/2015-03-31/event-source-mappings"
_RESERVED = "/2017-10-31/functions/{FunctionName}/concurrency"
_PROVISIONED = "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"
_EVENTS = "/2019-09-25/functions/{FunctionName}/event-invoke-config"
_URL = "/2021-10-31/functions/{FunctionName}/url"
_TAGS = "/2017-03-31/tags/{Resource}"
_LAYER = "/2018-10-31/layers/{LayerName}/versions"
_OF_QUALIFIER = ("Qualifier",)

ROUTES: Mapping[str, Route] = {
    "CreateFunction": Route("POST", "/2015-03-31/functions"),
    "GetFunction": Route("GET", _FUNCTION, _OF_QUALIFIER),
    "GetFunctionConfiguration": Route("GET", _FUNCTION + "/configuration", _OF_QUALIFIER),
    "UpdateFunctionCode": Route("PUT", _FUNCTION + "/code"),
    "UpdateFunctionConfiguration": Route("PUT", _FUNCTION + "/configuration"),
    "PublishVersion": Route("POST", _FUNCTION + "/versions"),
    "ListVersionsByFunction": Route("GET", _FUNCTION + "/versions", ("Marker", "MaxItems")),
    "CreateAlias": Route("POST", _FUNCTION + "/aliases"),
    "GetAlias": Route("GET", _ALIAS),
    "UpdateAlias": Route("PUT", _ALIAS),
    "GetPolicy": Route("GET", _FUNCTION + "/policy", _OF_QUALIFIER),
    "AddPermission": Route("POST", _FUNCTION + "/policy", _OF_QUALIFIER),
    "RemovePermission": Route("DELETE", _FUNCTION + "/policy/{StatementId}", _OF_QUALIFIER),
    "PutFunctionConcurrency": Route("PUT", _RESERVED),
    "DeleteFunctionConcurrency": Route("DELETE", _RESERVED),
    "GetProvisionedConcurrencyConfig": Route("GET", _PROVISIONED, _OF_QUALIFIER),
    "PutProvisionedConcurrencyConfig": Route("PUT", _PROVISIONED, _OF_QUALIFIER),
    "DeleteProvisionedConcurrencyConfig": Route("DELETE", _PROVISIONED, _OF_QUALIFIER),
    "GetFunctionEventInvokeConfig": Route("GET", _EVENTS, _OF_QUALIFIER),
    "PutFunctionEventInvokeConfig": Route("PUT", _EVENTS, _OF_QUALIFIER),
    "DeleteFunctionEventInvokeConfig": Route("DELETE", _EVENTS, _OF_QUALIFIER),
    "GetFunctionUrlConfig": Route("GET", _URL, _OF_QUALIFIER),
    "CreateFunctionUrlConfig": Route("POST", _URL, _OF_QUALIFIER),
    "UpdateFunctionUrlConfig": Route("PUT", _URL, _OF_QUALIFIER),
    "DeleteFunctionUrlConfig": Route("DELETE", _URL, _OF_QUALIFIER),
    "ListEventSourceMappings": Route("GET", _MAPPINGS, ("Marker", "MaxItems")),
    "CreateEventSourceMapping": Route("POST", _MAPPINGS),
    "UpdateEventSourceMapping": Route("PUT", _MAPPINGS + "/{UUID}"),
    "DeleteEventSourceMapping": Route("DELETE", _MAPPINGS + "/{UUID}"),
    "TagResource": Route("POST", _TAGS),
    "UntagResource": Route("DELETE", _TAGS, ("TagKeys",), {"TagKeys": "tagKeys"}),
    "ListLayerVersions": Route("GET", _LAYER, ("Marker", "MaxItems")),
    "GetLayerVersion": Route("GET", _LAYER + "/{VersionNumber}"),
    "PublishLayerVersion": Route("POST", _LAYER),
}
"""What deploying asks of Lambda; tests compare it with botocore's model."""


class RestTarget:
    """A `lam` service, or whoever else answers as Lambda and needs no signature."""

    is_aws = False

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    @property
    def name(self) -> str:
        address = self._endpoint.address
        return str(address) if self._endpoint.is_remote else "the project's own service"

    def call(self, service: str, operation: str, parameters: Members) -> Json:
        try:
            if service == "logs":
                return local.logs_call(self._endpoint, operation, dict(parameters))
            assert service == "lambda", f"{service} is not asked of a service nearby"
            method, target, members = request_of(operation, parameters)
            return local.api_call(self._endpoint, method, target, members)
        except ApiError as error:
            raise Refused(operation, error.code, error.message, error.status) from error
        except http.NotConnected as error:
            raise Refused(operation, "NotConnected", str(error)) from error


def request_of(operation: str, parameters: Members) -> tuple[str, str, Json | None]:
    """Method, path with query, and the members of the body."""
    route = ROUTES[operation]
    in_path = re.findall(r"{(\w+)}", route.path)
    path = route.path
    for name in in_path:
        path = path.replace("{" + name + "}", http.escape(str(parameters[name])))
    pairs = [
        f"{(route.names or {}).get(name, name)}={http.escape(str(value))}"
        for name in route.query
        for value in _listed(parameters.get(name))
    ]
    members = {
        name: _plain(value)
        for name, value in parameters.items()
        if name not in in_path and name not in route.query
    }
    has_body = route.method in ("POST", "PUT")
    return route.method, path + ("?" + "&".join(pairs) if pairs else ""), members if has_body else None


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
