"""The events of a WebSocket API, and what its functions' answers mean. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lambdacli.model.http_apis import CONNECT_ROUTE, HttpApi
from lambdacli.model.record import record
from lambdacli.triggers.api_call import (
    ApiCall,
    Authorization,
    Opening,
    all_values,
    forwarded_headers,
    header_of,
    last_values,
    query_pairs,
    without_case,
)
from lambdacli.triggers.http_request import Header
from lambdacli.triggers.payload_v1 import as_text, headers_of, members_of
from lambdacli.triggers.payload_v2 import body_of, epoch_ms, status_of, time_text

_REASONS = {
    1005: "Client-side close frame status not set",
    1006: "Connection closed abnormally",
}
"""Where a client gave none. That of 1006 is «unconfirmed»."""


@record
class Connected:
    """What all events of one connection say."""

    api: HttpApi
    connection_id: str
    connected_at: datetime
    domain_name: str
    source_ip: str
    user_agent: str | None
    authorizer: Mapping[str, Any] | None = None


@record
class Occasion:
    """What an event says besides: it is one of several."""

    request_id: str
    at: datetime
    route_key: str


@record
class ConnectAnswer:
    status: int
    subprotocol: str | None
    content_type: str | None
    body: bytes

    @property
    def lets_in(self) -> bool:
        return 200 <= self.status < 300


# Events


def connected(call: ApiCall, opening: Opening, domain_name: str) -> Connected:
    """Of the request that opens it."""
    request = call.request
    return Connected(
        call.api,
        opening.connection_id,
        request.received_at,
        domain_name,
        request.source_ip,
        header_of(request.headers, "user-agent"),
        None if call.authorization is None else _authorizer(call.authorization),
    )


def connect_event(call: ApiCall, about: Connected) -> dict[str, Any]:
    occasion = Occasion(call.extended_request_id, call.request.received_at, CONNECT_ROUTE)
    return {
        **_headers(forwarded_headers(call.request, call.port, call.trace_id)),
        **_query(call),
        **_stage_variables(about.api),
        "requestContext": _context(about, occasion, "CONNECT"),
        "isBase64Encoded": False,
    }


def message_event(about: Connected, occasion: Occasion, message_id: str, body: str) -> dict[str, Any]:
    return {
        **_stage_variables(about.api),
        "requestContext": _context(about, occasion, "MESSAGE", messageId=message_id),
        "body": body,
        "isBase64Encoded": False,
    }


def disconnect_event(about: Connected, occasion: Occasion, code: int, reason: str) -> dict[str, Any]:
    # Recorded as it is: three of its headers are always empty.
    headers = [("Host", about.domain_name), ("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")]
    context = _context(
        about,
        occasion,
        "DISCONNECT",
        disconnectStatusCode=code,
        disconnectReason=reason or _REASONS.get(code, ""),
    )
    return {
        **_headers(headers),
        **_stage_variables(about.api),
        "requestContext": context,
        "isBase64Encoded": False,
    }


def opening_members(call: ApiCall) -> dict[str, Any]:
    """What an authorizer of $connect is asked with."""
    assert call.opening is not None
    hop = [("Connection", "upgrade"), ("content-length", "0"), ("Upgrade", "websocket")]
    about = connected(call, call.opening, call.opening.domain_name)
    occasion = Occasion(call.extended_request_id, call.request.received_at, CONNECT_ROUTE)
    return {
        **_headers([*hop, *forwarded_headers(call.request, call.port, call.trace_id)]),
        "queryStringParameters": {},
        "multiValueQueryStringParameters": {},
        **_query(call),
        "stageVariables": dict(call.api.stage_variables),
        "requestContext": _context(about, occasion, "CONNECT"),
    }


# Answers


def connect_answer(payload: bytes, offered: str) -> ConnectAnswer:
    """`offered` are the client's subprotocols: one that it did not ask for would end the connection in its
    hands. Raises UnusableAnswer."""
    members = members_of(payload)
    status = status_of(members["statusCode"])
    headers = headers_of(members)
    chosen = header_of(headers, "sec-websocket-protocol")
    known = [each.strip() for each in offered.split(",") if each.strip()]
    return ConnectAnswer(
        status, chosen if chosen in known else None, header_of(headers, "content-type"), body_of(members)
    )


def message_answer(payload: bytes) -> bytes:
    """What is sent back where the route has an answer. Raises UnusableAnswer."""
    members = members_of(payload)
    status_of(members["statusCode"])
    return body_of(members)


def failure_message(message: str, connection_id: str, request_id: str) -> str:
    """What a client is sent whose message came to nothing."""
    return f'{{"message": "{message}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}'


# Members


def _context(about: Connected, occasion: Occasion, event_type: str, **more: Any) -> dict[str, Any]:
    identity = {"userAgent": about.user_agent} if about.user_agent is not None else {}
    authorizer = {} if about.authorizer is None else {"authorizer": dict(about.authorizer)}
    return {
        "routeKey": occasion.route_key,
        **more,
        **authorizer,
        "eventType": event_type,
        "extendedRequestId": occasion.request_id,
        "requestTime": time_text(occasion.at),
        "messageDirection": "IN",
        "stage": about.api.stage,
        "connectedAt": epoch_ms(about.connected_at),
        "requestTimeEpoch": epoch_ms(occasion.at),
        "identity": {**identity, "sourceIp": about.source_ip},
        "requestId": occasion.request_id,
        "domainName": about.domain_name,
        "connectionId": about.connection_id,
        "apiId": about.api.name,
    }


def _headers(headers: list[Header]) -> dict[str, Any]:
    single = without_case(headers)
    return {"headers": last_values(single), "multiValueHeaders": all_values(single)}


def _query(call: ApiCall) -> dict[str, Any]:
    pairs = query_pairs(call.request.query)
    if not pairs:
        return {}
    return {"queryStringParameters": last_values(pairs), "multiValueQueryStringParameters": all_values(pairs)}


def _stage_variables(api: HttpApi) -> dict[str, Any]:
    return {"stageVariables": dict(api.stage_variables)} if api.stage_variables else {}


def _authorizer(given: Authorization) -> dict[str, Any]:
    texts = {name: as_text(value) for name, value in (given.context or {}).items()}
    return {"principalId": given.principal, "integrationLatency": given.latency_ms, **texts}
