"""What Lambda authorizers are asked, what their answers mean, and how long these are remembered."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api_calls import ACCOUNT, call_of, routes, v1_event, v2_event

from lambdacli.model.http_apis import ApiKind, Authorizer, AuthorizerKind, HttpApi
from lambdacli.triggers.api_call import Authorization
from lambdacli.triggers.authorizers import (
    Grant,
    Grants,
    Refusal,
    authorizer_event,
    identity_of,
    judge,
    read_answer,
)
from lambdacli.triggers.payload_v2 import UnusableAnswer

REST = HttpApi("shop", ApiKind.REST, "1.0", "dev", {"KEY": "k"}, routes=routes("GET /items/{id}", "GET /"))
HTTP = HttpApi("pets", stage_variables={"KEY": "k"}, routes=routes("GET /items/{id}", "GET /"))
HEADER = ("$request.header.Authorization",)
TOKEN = Authorizer("mine", AuthorizerKind.TOKEN, "auth", HEADER, 300)
REQUEST = Authorizer("mine", AuthorizerKind.REQUEST, "auth", HEADER, 300)
REQUEST_2 = replace(REQUEST, payload="2.0")
SIGNED = [("Authorization", "abc")]
REST_ARN = f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:shop/dev/GET/items/7"
HTTP_ARN = f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:pets/$default/GET/items/7"


def rest_call(line: str = "GET /dev/items/7", headers: Any = SIGNED):
    return call_of(REST, line, headers)


def http_call(line: str = "GET /items/7", headers: Any = SIGNED):
    return call_of(HTTP, line, headers)


def policy(effect: str, *resources: str) -> dict[str, Any]:
    return {
        "principalId": "eva",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": list(resources)}],
        },
    }


# The question


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("$request.header.authorization", "abc"),
        ("method.request.header.Authorization", "abc"),
        ("$request.querystring.q", "2"),
        ("method.request.querystring.q", "2"),
        ("$stageVariables.KEY", "k"),
        ("stageVariables.KEY", "k"),
        ("$context.httpMethod", "GET"),
        ("context.identity.sourceIp", "127.0.0.1"),
    ],
)
def test_an_identity_source(source, value):
    call = rest_call("GET /dev/items/7?q=1&q=2")
    assert identity_of(replace(REQUEST, identity=(source,)), call) == (value,)


@pytest.mark.parametrize(
    "identity",
    [
        ("$request.header.X",),
        ("$request.header.Empty",),
        ("$request.querystring.none",),
        ("$stageVariables.NONE",),
        ("$context.nothing.here",),
        ("$request.header.Authorization", "$request.header.X"),
    ],
)
def test_without_one_of_its_identity_sources_nobody_is_asked(identity):
    call = rest_call(headers=[*SIGNED, ("Empty", "")])
    assert identity_of(replace(REQUEST, identity=identity), call) is None


def test_the_question_of_a_token_authorizer():
    assert authorizer_event(TOKEN, rest_call(), ("abc",)) == {
        "type": "TOKEN",
        "authorizationToken": "abc",
        "methodArn": REST_ARN,
    }


def test_the_question_of_a_request_authorizer_of_a_rest_api():
    event = v1_event(REST, "GET /dev/items/7", "/items/{id}", {"id": "7"}, headers=SIGNED)
    del event["body"], event["isBase64Encoded"]
    assert authorizer_event(REQUEST, rest_call(), ("abc",)) == {
        "type": "REQUEST",
        "methodArn": REST_ARN,
        **event,
    }


def test_the_question_of_format_1_of_an_http_api():
    event = v1_event(HTTP, "GET /items/7", "/items/{id}", {"id": "7"}, headers=SIGNED)
    del event["body"], event["isBase64Encoded"], event["requestContext"]["authorizer"]
    assert authorizer_event(REQUEST, http_call(), ("abc", "x")) == {
        **event,
        "version": "1.0",
        "type": "REQUEST",
        "methodArn": HTTP_ARN,
        "identitySource": "abc,x",
        "authorizationToken": "abc,x",
    }


def test_the_question_of_format_2():
    event = v2_event(HTTP, "GET /items/7", "GET /items/{id}", {"id": "7"}, headers={"authorization": "abc"})
    del event["isBase64Encoded"]
    assert authorizer_event(REQUEST_2, http_call(), ("abc",)) == {
        **event,
        "type": "REQUEST",
        "routeArn": HTTP_ARN,
        "identitySource": ["abc"],
    }


# The answer


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (policy("Allow", REST_ARN), None),
        (policy("Allow", f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:shop/*/GET/*"), None),
        (policy("Allow", "arn:aws:execute-api:*:*:*/dev/*/items/?"), None),
        (policy("Allow", "*"), None),
        (policy("Allow", f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:shop/dev/POST/*"), Refusal.DENIED),
        (policy("Allow", f"arn:aws:execute-api:us-east-1:{ACCOUNT}:shop/*"), Refusal.DENIED),
        (policy("Deny", "*"), Refusal.EXPLICITLY_DENIED),
    ],
)
def test_a_policy_is_held_against_the_method(statements, expected):
    grant = read_answer(TOKEN, ApiKind.REST, json.dumps(statements).encode(), is_error=False)
    assert isinstance(grant, Grant)
    verdict = judge(grant, rest_call(), TOKEN)
    assert verdict == (expected or Authorization(AuthorizerKind.TOKEN, "eva"))


def test_one_remembered_policy_allows_one_route_and_denies_another():
    document = policy("Allow", "arn:aws:execute-api:*:*:shop/dev/GET/items/*")
    document["policyDocument"]["Statement"].append(
        {"Action": "*", "Effect": "Deny", "Resource": "arn:aws:execute-api:*:*:*/items/8"}
    )
    grant = read_answer(TOKEN, ApiKind.REST, json.dumps(document).encode(), is_error=False)
    assert isinstance(grant, Grant)
    assert isinstance(judge(grant, rest_call(), TOKEN), Authorization)
    assert judge(grant, rest_call("GET /dev/items/8"), TOKEN) is Refusal.EXPLICITLY_DENIED
    assert judge(grant, rest_call("GET /dev/"), TOKEN) is Refusal.DENIED


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"isAuthorized": True}, Authorization(AuthorizerKind.REQUEST)),
        (
            {"isAuthorized": True, "context": {"list": [1], "map": {"a": 1}}},
            Authorization(AuthorizerKind.REQUEST, None, {"list": [1], "map": {"a": 1}}),
        ),
        ({"isAuthorized": False}, Refusal.DENIED),
        (policy("Allow", "*"), Authorization(AuthorizerKind.REQUEST, "eva")),
        ({**policy("Deny", "*"), "isAuthorized": True}, Refusal.EXPLICITLY_DENIED),
    ],
)
def test_an_answer_of_format_2(answer, expected):
    grant = read_answer(REQUEST_2, ApiKind.HTTP, json.dumps(answer).encode(), is_error=False)
    assert isinstance(grant, Grant)
    assert judge(grant, http_call(), REQUEST_2) == expected


@pytest.mark.parametrize(
    ("kind", "is_error", "expected"),
    [(ApiKind.REST, True, Refusal.UNAUTHORIZED), (ApiKind.HTTP, False, Refusal.UNAUTHORIZED)],
)
def test_the_word_unauthorized_refuses(kind, is_error, expected):
    answer = read_answer(TOKEN, kind, b'{"errorMessage":"Unauthorized"}', is_error=is_error)
    assert answer is expected


@pytest.mark.parametrize(
    ("authorizer", "kind", "payload", "is_error", "reason"),
    [
        (TOKEN, ApiKind.REST, b'{"errorMessage":"boom"}', True, "the authorizer failed: boom"),
        (
            TOKEN,
            ApiKind.REST,
            b'{"errorMessage":"unauthorized"}',
            True,
            "the authorizer failed: unauthorized",
        ),
        (TOKEN, ApiKind.REST, b'"yes"', False, "must be an object"),
        (TOKEN, ApiKind.REST, b"", False, "no JSON"),
        (TOKEN, ApiKind.REST, b'{"isAuthorized":true}', False, "needs a policy"),
        (REQUEST, ApiKind.HTTP, b'{"isAuthorized":true}', False, "needs a policy"),
        (REQUEST_2, ApiKind.HTTP, b'{"isAuthorized":"true"}', False, "isAuthorized must be true or false"),
        (TOKEN, ApiKind.REST, b'{"policyDocument":{}}', False, "principalId must be a text"),
        (TOKEN, ApiKind.REST, b'{"principalId":"x"}', False, "policyDocument is missing"),
        (TOKEN, ApiKind.REST, b'{"principalId":"x","policyDocument":{}}', False, "Statement is missing"),
        (
            TOKEN,
            ApiKind.REST,
            json.dumps(policy("Perhaps", "*")).encode(),
            False,
            "Effect must be Allow or Deny",
        ),
        (
            TOKEN,
            ApiKind.REST,
            json.dumps(policy("Allow", "arn:aws:execute-api:" + "x" * 600)).encode(),
            False,
            "more than 512 characters",
        ),
        (
            TOKEN,
            ApiKind.REST,
            json.dumps({**policy("Allow", "*"), "context": {"a": [1]}}).encode(),
            False,
            "context.a must be a text",
        ),
        (
            TOKEN,
            ApiKind.REST,
            json.dumps({**policy("Allow", "*"), "context": "x"}).encode(),
            False,
            "context must be an object",
        ),
    ],
)
def test_an_unusable_answer_says_why(authorizer, kind, payload, is_error, reason):
    with pytest.raises(UnusableAnswer) as caught:
        read_answer(authorizer, kind, payload, is_error=is_error)
    assert reason in str(caught.value)


# The memory


class _Clock:
    """Only `now` is asked."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def test_answers_are_remembered_by_identity_for_as_long_as_was_said():
    clock = _Clock()
    grants = Grants(clock)  # type: ignore[arg-type]  # no timer is set
    grant = Grant("eva", None)
    grants.keep("shop", TOKEN, ("abc",), grant)
    assert grants.get("shop", TOKEN, ("abc",)) is grant
    assert grants.get("shop", TOKEN, ("abx",)) is None
    assert grants.get("pets", TOKEN, ("abc",)) is None
    clock.at += timedelta(seconds=300)
    assert grants.get("shop", TOKEN, ("abc",)) is None


def test_nothing_is_remembered_without_a_time_or_an_identity():
    grants = Grants(_Clock())  # type: ignore[arg-type]  # no timer is set
    grants.keep("shop", replace(TOKEN, cache_seconds=0), ("abc",), Grant("eva", None))
    grants.keep("shop", TOKEN, (), Grant("eva", None))
    assert grants.get("shop", TOKEN, ("abc",)) is None
    assert grants.get("shop", TOKEN, ()) is None
