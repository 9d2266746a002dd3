"""An application load balancer in front of a function: its event, with either kind of headers, and its
answer. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

from lambdacli.triggers.api_call import ApiCall, all_values, forwarded_headers, header_of, last_values
from lambdacli.triggers.http_request import Header, HttpAnswer
from lambdacli.triggers.payload_v1 import headers_of, members_of
from lambdacli.triggers.payload_v2 import UnusableAnswer, body_of, body_text, status_of

BODY_BYTES = 1024 * 1024
"""Of a request's body, and of the JSON that a function answers."""


def alb_event(call: ApiCall) -> dict[str, Any]:
    """Neither the path nor the query is decoded."""
    request = call.request
    headers = [(name.lower(), value) for name, value in forwarded_headers(request, call.port, call.trace_id)]
    query = _raw_pairs(request.query)
    body, is_base64 = body_text(request.body, last_values(headers))
    event: dict[str, Any] = {
        "requestContext": {"elb": {"targetGroupArn": target_group_arn(call)}},
        "httpMethod": request.method,
        "path": call.path,
    }
    if call.api.has_multi_value_headers:
        event |= {
            "multiValueQueryStringParameters": all_values(query),
            "multiValueHeaders": all_values(headers),
        }
    else:
        event |= {"queryStringParameters": last_values(query), "headers": last_values(headers)}
    return event | {"body": body, "isBase64Encoded": is_base64}


def alb_answer(payload: bytes, *, has_multi_value_headers: bool) -> HttpAnswer:
    """Raises UnusableAnswer. Of the two kinds of headers only that one counts which is switched on."""
    if len(payload) > BODY_BYTES:
        raise UnusableAnswer(f"the answer has {len(payload)} bytes; a load balancer takes {BODY_BYTES}")
    members = members_of(payload)
    wanted = "multiValueHeaders" if has_multi_value_headers else "headers"
    headers = headers_of({wanted: members.get(wanted)})
    if header_of(headers, "content-type") is None and members.get("body"):
        headers.append(("Content-Type", "application/octet-stream"))  # «unconfirmed»
    return HttpAnswer(status_of(members["statusCode"]), headers, body_of(members))


def target_group_arn(call: ApiCall) -> str:
    """Of a target group of its own for each function, as a load balancer needs it."""
    function = call.route.function
    number = hashlib.sha256(f"{call.api.name}/{function}".encode()).hexdigest()[:16]
    return f"arn:aws:elasticloadbalancing:{call.region}:{call.account}:targetgroup/{function}/{number}"


def _raw_pairs(query: str) -> list[Header]:
    parts = (part.partition("=") for part in query.split("&") if part)
    return [(name, value) for name, _, value in parts]
