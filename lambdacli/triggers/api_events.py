"""The event that a call becomes, and the answer that a result becomes, by the kind of its API. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lambdacli.model.http_apis import ApiKind, AuthorizerKind
from lambdacli.triggers.alb import alb_answer, alb_event
from lambdacli.triggers.api_call import ApiCall
from lambdacli.triggers.http_request import HttpAnswer
from lambdacli.triggers.payload_v1 import TEXT, answer_v1, event_v1
from lambdacli.triggers.payload_v2 import Integration, answer_of, event_of


def event_for(call: ApiCall) -> dict[str, Any]:
    if call.api.kind is ApiKind.ALB:
        return alb_event(call)
    return event_v1(call) if call.api.payload == "1.0" else event_v2(call)


def answer_for(call: ApiCall, payload: bytes) -> HttpAnswer:
    """Raises UnusableAnswer."""
    api = call.api
    if api.kind is ApiKind.ALB:
        return alb_answer(payload, has_multi_value_headers=api.has_multi_value_headers)
    if api.kind is ApiKind.REST:
        return answer_v1(payload, call.request, api.binary_media_types)
    return answer_v1(payload, call.request, None) if api.payload == "1.0" else answer_of(payload, TEXT)


def event_v2(call: ApiCall) -> dict[str, Any]:
    # The request id of an HTTP API is the one that its answer shows.
    request = replace(call.request, request_id=call.extended_request_id)
    return event_of(
        request,
        Integration(
            api_id=call.api.name,
            domain_name=call.domain_name,
            account_id=call.account,
            raw_path=call.shown_path,
            trace_id=call.trace_id,
            port=call.port,
            route_key=str(call.route.key),
            stage=call.api.stage,
            path_parameters=call.parameters or None,
            stage_variables=call.api.stage_variables or None,
            authorizer=_authorizer(call),
            shows_cookie_header=False,
        ),
    )


def _authorizer(call: ApiCall) -> dict[str, Any] | None:
    given = call.authorization
    if given is None:
        return None
    if given.kind is AuthorizerKind.JWT:
        scopes = None if given.scopes is None else list(given.scopes)
        return {"jwt": {"claims": dict(given.context or {}), "scopes": scopes}}
    return {"lambda": None if given.context is None else dict(given.context)}
