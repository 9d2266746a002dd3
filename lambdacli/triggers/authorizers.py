"""Lambda authorizers: what they are asked, what their answers mean, and how long those are remembered.
Pure, but for the memory."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from lambdacli.model.clock import Clock
from lambdacli.model.http_apis import ApiKind, Authorizer, AuthorizerKind
from lambdacli.model.policy import AccessRequest, Verdict, decide
from lambdacli.model.policy_document import PolicyDocument, PolicyError, PolicyKind, policy_of
from lambdacli.model.principals import caller_from_arn
from lambdacli.model.record import record
from lambdacli.triggers.api_call import ApiCall, Authorization, header_of, last_values, query_pairs
from lambdacli.triggers.api_events import event_v2
from lambdacli.triggers.payload_v1 import request_members
from lambdacli.triggers.payload_v2 import UnusableAnswer, result_of
from lambdacli.triggers.websocket_events import opening_members

_REMEMBERED = 10_000
_ARN_LENGTH = 512
_UNAUTHORIZED = "Unauthorized"
_BEGINNING = re.compile(r"\$?((method|route)\.)?")
"""Of an identity source: REST APIs and WebSocket APIs say whose request it is."""


class Refusal(Enum):
    UNAUTHORIZED = "who calls is not known"
    DENIED = "nothing allows it"
    EXPLICITLY_DENIED = "the policy denies it"
    FAILED = "the authorizer failed"


@record
class Grant:
    """What an authorizer answered: a policy, which is held against each request anew, or yes or no."""

    principal: str | None
    context: Mapping[str, Any] | None
    policy: PolicyDocument | None = None
    is_authorized: bool = False


# The question


def identity_of(authorizer: Authorizer, call: ApiCall) -> tuple[str, ...] | None:
    """The values of its identity sources; None if one is missing or empty: nobody is asked then."""
    values = [_source_value(source, call) for source in authorizer.identity]
    return None if any(not value for value in values) else tuple(value for value in values if value)


def authorizer_event(authorizer: Authorizer, call: ApiCall, identity: Sequence[str]) -> dict[str, Any]:
    if authorizer.kind is AuthorizerKind.TOKEN:
        return {"type": "TOKEN", "authorizationToken": identity[0], "methodArn": call.method_arn}
    if call.api.kind is ApiKind.WEBSOCKET:
        return {"type": "REQUEST", "methodArn": call.method_arn, **opening_members(call)}
    if call.api.kind is ApiKind.REST:
        return {"type": "REQUEST", "methodArn": call.method_arn, **_members_v1(call)}
    if authorizer.payload == "1.0":
        return {
            "version": "1.0",
            "type": "REQUEST",
            "methodArn": call.method_arn,
            "identitySource": ",".join(identity),
            "authorizationToken": ",".join(identity),
            **_members_v1(call),
        }
    members = event_v2(call)
    for absent in ("version", "body", "isBase64Encoded"):
        members.pop(absent, None)
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": call.method_arn,
        "identitySource": list(identity),
        **members,
    }


# Its answer


def read_answer(authorizer: Authorizer, kind: ApiKind, payload: bytes, *, is_error: bool) -> Grant | Refusal:
    """Raises UnusableAnswer, with the reason, where AWS answers 500."""
    answer = _object(payload)
    if answer.get("errorMessage") == _UNAUTHORIZED and (is_error or kind is ApiKind.HTTP):
        return Refusal.UNAUTHORIZED
    if is_error:
        raise UnusableAnswer(f"the authorizer failed: {answer.get('errorMessage', payload[:200])!s}")
    is_simple_allowed = kind is ApiKind.HTTP and authorizer.payload == "2.0"
    context = _context(answer, is_flat=not is_simple_allowed)
    if "isAuthorized" in answer and "policyDocument" not in answer:
        if not is_simple_allowed:
            raise UnusableAnswer("isAuthorized is an answer of format 2.0; this authorizer needs a policy")
        if not isinstance(answer["isAuthorized"], bool):
            raise UnusableAnswer("isAuthorized must be true or false")
        return Grant(None, context, is_authorized=answer["isAuthorized"])
    principal = answer.get("principalId")
    if kind is not ApiKind.HTTP and not (isinstance(principal, str) and principal):
        raise UnusableAnswer("principalId must be a text and not empty")
    return Grant(principal if isinstance(principal, str) else None, context, _policy(answer))


def judge(grant: Grant, call: ApiCall, authorizer: Authorizer) -> Authorization | Refusal:
    """A remembered answer is judged again: its policy may allow one route and deny another."""
    if grant.policy is None:
        if not grant.is_authorized:
            return Refusal.DENIED
        return Authorization(authorizer.kind, grant.principal, grant.context)
    caller = caller_from_arn(f"arn:aws:iam::{call.account}:user/authorized")
    asked = AccessRequest(
        caller,
        "execute-api:Invoke",
        call.method_arn,
        {"aws:SourceIp": call.request.source_ip},
        call.request.received_at,
    )
    decision = decide(asked, identity_policies=[grant.policy])
    if decision.is_allowed:
        return Authorization(authorizer.kind, grant.principal, grant.context)
    is_explicit = decision.verdict is Verdict.DENIED_BY_STATEMENT
    return Refusal.EXPLICITLY_DENIED if is_explicit else Refusal.DENIED


# Its memory


class Grants:
    """Answers by what was asked: authorizer and values of its identity sources."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, ...], tuple[datetime, Grant]] = OrderedDict()

    def get(self, api: str, authorizer: Authorizer, identity: Sequence[str]) -> Grant | None:
        kept = self._kept.get((api, authorizer.name, *identity))
        return kept[1] if kept is not None and kept[0] > self._clock.now() else None

    def keep(self, api: str, authorizer: Authorizer, identity: Sequence[str], grant: Grant) -> None:
        if not authorizer.cache_seconds or not identity:
            return
        key = (api, authorizer.name, *identity)
        self._kept[key] = self._clock.now() + timedelta(seconds=authorizer.cache_seconds), grant
        self._kept.move_to_end(key)
        if len(self._kept) > _REMEMBERED:
            self._kept.popitem(last=False)

    def forget(self) -> None:
        self._kept.clear()


def _source_value(source: str, call: ApiCall) -> str | None:
    place, _, name = _BEGINNING.sub("", source, count=1).partition(".")
    if place == "stageVariables":
        return call.api.stage_variables.get(name)
    if place == "context":
        return _context_value(name, call)
    where, _, name = name.partition(".")
    if where == "header":
        return header_of(call.request.headers, name)
    return last_values(query_pairs(call.request.query)).get(name)


def _context_value(name: str, call: ApiCall) -> str | None:
    value: Any = request_members(call)["requestContext"]
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return None if value is None else str(value)


def _members_v1(call: ApiCall) -> dict[str, Any]:
    members = request_members(call)
    members["requestContext"].pop("authorizer", None)
    return members


def _object(payload: bytes) -> dict[str, Any]:
    answer = result_of(payload)
    if not isinstance(answer, dict):
        raise UnusableAnswer("the authorizer's answer must be an object")
    return answer


def _context(answer: Mapping[str, Any], *, is_flat: bool) -> Mapping[str, Any] | None:
    context = answer.get("context")
    if context is None:
        return None
    if not isinstance(context, dict):
        raise UnusableAnswer("context must be an object")
    for name, value in context.items() if is_flat else ():
        if not isinstance(value, str | int | float):
            raise UnusableAnswer(f"context.{name} must be a text, a number or true or false")
    return context


def _policy(answer: Mapping[str, Any]) -> PolicyDocument:
    document = answer.get("policyDocument")
    if not isinstance(document, dict):
        raise UnusableAnswer("policyDocument is missing, or no object")
    try:
        policy = policy_of(document, PolicyKind.IDENTITY, "the authorizer's policy")
    except PolicyError as error:
        raise UnusableAnswer(f"policyDocument: {error}") from None
    for statement in policy.statements:
        for arn in () if statement.resources is None else statement.resources.values:
            if len(arn) > _ARN_LENGTH:
                raise UnusableAnswer(f"policyDocument: a resource has more than {_ARN_LENGTH} characters")
    return policy
