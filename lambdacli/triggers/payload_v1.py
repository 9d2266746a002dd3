"""Payload format 1.0: the event of REST APIs, and of HTTP APIs that ask for it, and its answer. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from lambdacli.model.http_apis import ApiKind, AuthorizerKind
from lambdacli.triggers.api_call import (
    ApiCall,
    all_values,
    forwarded_headers,
    header_of,
    last_values,
    media_type_of,
    query_pairs,
    without_case,
)
from lambdacli.triggers.http_request import Header, HttpAnswer, HttpRequest
from lambdacli.triggers.payload_v2 import (
    JSON,
    UnusableAnswer,
    answered_header,
    body_of,
    body_text,
    epoch_ms,
    result_of,
    status_of,
    time_text,
)

TEXT = "text/plain;charset=UTF-8"

_ALL_MEDIA = "*/*"


def event_v1(call: ApiCall) -> dict[str, Any]:
    body, is_base64 = event_body(call)
    return {
        **({} if call.api.kind is ApiKind.REST else {"version": "1.0"}),
        **request_members(call),
        "body": body,
        "isBase64Encoded": is_base64,
    }


def request_members(call: ApiCall) -> dict[str, Any]:
    """All but the body: authorizers get the same."""
    headers = without_case(forwarded_headers(call.request, call.port, call.trace_id))
    query = query_pairs(call.request.query)
    return {
        "resource": call.resource,
        "path": call.shown_path,
        "httpMethod": call.request.method,
        "headers": last_values(headers),
        "multiValueHeaders": all_values(headers),
        "queryStringParameters": last_values(query) or None,
        "multiValueQueryStringParameters": all_values(query) or None,
        "pathParameters": dict(call.parameters) or None,
        "stageVariables": dict(call.api.stage_variables) or None,
        "requestContext": _request_context(call),
    }


def answer_v1(payload: bytes, request: HttpRequest, binary_media_types: Sequence[str] | None) -> HttpAnswer:
    """The function's answer as a response. `binary_media_types` are a REST API's: base64 is decoded only for
    a client that asks for one of them first; None: always. Raises UnusableAnswer."""
    members = members_of(payload)
    status = status_of(members["statusCode"])
    headers = headers_of(members)
    is_base64 = members.get("isBase64Encoded", False)
    if not isinstance(is_base64, bool | None):
        raise UnusableAnswer(f"isBase64Encoded must be true or false, not {_shown(is_base64)}")
    if header_of(headers, "content-type") is None:
        # An HTTP API's default is «unconfirmed».
        headers.append(("Content-Type", TEXT if binary_media_types is None else JSON))
    is_decoded = binary_media_types is None or _wants_binary(request, binary_media_types)
    return HttpAnswer(status, headers, body_of(members if is_decoded else {"body": members.get("body")}))


def event_body(call: ApiCall) -> tuple[str | None, bool]:
    """As the event has it, and whether it is base64. What is no UTF-8 and not said to be binary loses its
    bytes, as it does on AWS."""
    body, headers = call.request.body, call.request.headers
    if not body:
        return None, False
    if call.api.kind is not ApiKind.REST:
        return body_text(body, {name.lower(): value for name, value in headers})
    media_type = media_type_of(header_of(headers, "content-type") or "")
    if is_binary(media_type, call.api.binary_media_types):
        return base64.b64encode(body).decode(), True
    return body.decode(errors="replace"), False


def is_binary(media_type: str, binary_media_types: Sequence[str]) -> bool:
    kind = media_type.partition("/")[0]
    return any(each in (_ALL_MEDIA, media_type, f"{kind}/*") for each in map(str.lower, binary_media_types))


def resource_id(resource: str) -> str:
    """Stays the same for a path, as long as that of a real resource."""
    digest = hashlib.sha256(resource.encode()).digest()
    return base64.b32encode(digest).decode().lower()[:6]


# The event


def _request_context(call: ApiCall) -> dict[str, Any]:
    request = call.request
    is_rest = call.api.kind is ApiKind.REST
    context: dict[str, Any] = {
        "accountId": call.account,
        "apiId": call.api.name,
        "authorizer": _authorizer(call),
        "domainName": call.domain_name,
        "domainPrefix": call.api.name,
        "extendedRequestId": call.extended_request_id,
        "httpMethod": request.method,
        "identity": _identity(request),
        "path": call.path_with_stage if is_rest else call.shown_path,
        "protocol": request.protocol,
        "requestId": request.request_id if is_rest else call.extended_request_id,
        "requestTime": time_text(request.received_at),
        "requestTimeEpoch": epoch_ms(request.received_at),
        "resourceId": resource_id(call.resource) if is_rest else None,
        "resourcePath": call.resource,
        "stage": call.api.stage,
    }
    if is_rest and call.authorization is None:
        del context["authorizer"]
    return context


def _identity(request: HttpRequest) -> dict[str, Any]:
    return {
        "accessKey": None,
        "accountId": None,
        "caller": None,
        "cognitoAuthenticationProvider": None,
        "cognitoAuthenticationType": None,
        "cognitoIdentityId": None,
        "cognitoIdentityPoolId": None,
        "principalOrgId": None,
        "sourceIp": request.source_ip,
        "user": None,
        "userAgent": header_of(request.headers, "user-agent"),
        "userArn": None,
    }


def _authorizer(call: ApiCall) -> dict[str, Any]:
    given = call.authorization
    if given is None:
        return {"claims": None, "scopes": None}
    if given.kind is AuthorizerKind.USER_POOL:
        return {"claims": dict(given.context or {})}
    if given.kind is AuthorizerKind.JWT:
        return {
            "claims": dict(given.context or {}),
            "scopes": None if given.scopes is None else list(given.scopes),
        }
    context: dict[str, Any] = {name: as_text(value) for name, value in (given.context or {}).items()}
    context |= {} if given.principal is None else {"principalId": given.principal}
    if call.api.kind is ApiKind.REST:
        context["integrationLatency"] = given.latency_ms
    return context


def as_text(value: object) -> str:
    """A value of an authorizer's context, as format 1.0 hands it on."""
    return value if isinstance(value, str) else json.dumps(value)


# The answer


def members_of(payload: bytes) -> Mapping[str, Any]:
    members = result_of(payload)
    if not isinstance(members, dict):
        raise UnusableAnswer(
            f"the answer must be an object with statusCode, headers and body, not {_shown(members)}"
        )
    if "statusCode" not in members:
        there = ", ".join(list(members)[:5]) or "nothing"
        raise UnusableAnswer(f"statusCode is missing; the answer has {there}")
    return members


def headers_of(members: Mapping[str, Any]) -> list[Header]:
    """Both maps, each pair once."""
    single = [
        answered_header(name, value) for name, value in _map(members, "headers").items() if value is not None
    ]
    several: list[Header] = []
    for name, values in _map(members, "multiValueHeaders").items():
        if values is None:
            continue
        if not isinstance(values, list):
            raise UnusableAnswer(f"multiValueHeaders.{name} must be a list, not {_shown(values)}")
        several += [answered_header(name, value) for value in values]
    pairs = {(name.lower(), value) for name, value in several}
    return [*((name, value) for name, value in single if (name.lower(), value) not in pairs), *several]


def _map(members: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    value = members.get(member)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnusableAnswer(f"{member} must be an object, not {_shown(value)}")
    return value


def _wants_binary(request: HttpRequest, binary_media_types: Sequence[str]) -> bool:
    """Only the first type that the client accepts counts."""
    accepted = header_of(request.headers, "accept") or ""
    return is_binary(media_type_of(accepted.partition(",")[0]), binary_media_types)


def _shown(value: object) -> str:
    names = {dict: "an object", list: "a list", type(None): "null"}
    if type(value) in names:
        return names[type(value)]
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
