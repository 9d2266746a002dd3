"""The events of WebSocket APIs as a whole, and what answers to them mean."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from api_calls import ACCOUNT, AT, EXTENDED, REGION, TRACE, request_of

from lambdacli.model.http_apis import ApiKind, Authorizer, AuthorizerKind, HttpApi, Route, RouteKey
from lambdacli.triggers.api_call import ApiCall, Authorization, Opening
from lambdacli.triggers.authorizers import authorizer_event, identity_of
from lambdacli.triggers.payload_v2 import UnusableAnswer
from lambdacli.triggers.websocket_events import (
    ConnectAnswer,
    Occasion,
    connect_answer,
    connect_event,
    connected,
    disconnect_event,
    failure_message,
    message_answer,
    message_event,
)

ID = "RYGzEcSNvHcCH8A="
HOST = "chat.execute-api.eu-west-1.localhost:4566"
CHAT = HttpApi("chat", ApiKind.WEBSOCKET, "1.0", "dev", routes=(Route(RouteKey("", "$connect"), "chat"),))
HEADERS = [
    ("User-Agent", "tests/1"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("X-Twice", "a"),
    ("x-twice", "b"),
]
MINE = Authorizer("mine", AuthorizerKind.REQUEST, "auth")

IDENTITY = {"userAgent": "tests/1", "sourceIp": "127.0.0.1"}
SENT_HEADERS = {
    "Host": HOST,
    "User-Agent": "tests/1",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "x-twice": "b",
    "X-Amzn-Trace-Id": TRACE,
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Port": "4566",
    "X-Forwarded-Proto": "http",
}


def opening(query: str = "", api: HttpApi = CHAT, authorization: Authorization | None = None) -> ApiCall:
    return ApiCall(
        api,
        api.routes[0],
        {},
        request_of(f"GET /dev{query}", HEADERS, host=HOST),
        "/",
        account=ACCOUNT,
        region=REGION,
        port=4566,
        trace_id=TRACE,
        extended_request_id=EXTENDED,
        authorization=authorization,
        opening=Opening(ID, HOST),
    )


def about(**more):
    call = opening(**more)
    return connected(call, call.opening, HOST)


def context(route_key: str, event_type: str, **more):
    return {
        "routeKey": route_key,
        "eventType": event_type,
        "extendedRequestId": EXTENDED,
        "requestTime": "04/Mar/2020:19:15:17 +0000",
        "messageDirection": "IN",
        "stage": "dev",
        "connectedAt": 1583349317500,
        "requestTimeEpoch": 1583349317500,
        "identity": IDENTITY,
        "requestId": EXTENDED,
        "domainName": HOST,
        "connectionId": ID,
        "apiId": "chat",
        **more,
    }


def test_the_event_of_connect():
    call = opening("?name=eva&name=ada&empty")
    assert connect_event(call, connected(call, call.opening, HOST)) == {
        "headers": SENT_HEADERS,
        "multiValueHeaders": {
            **{name: [value] for name, value in SENT_HEADERS.items()},
            "x-twice": ["a", "b"],
        },
        "queryStringParameters": {"name": "ada", "empty": ""},
        "multiValueQueryStringParameters": {"name": ["eva", "ada"], "empty": [""]},
        "requestContext": context("$connect", "CONNECT"),
        "isBase64Encoded": False,
    }


def test_without_a_query_it_has_no_parameters():
    call = opening()
    assert set(connect_event(call, about())) == {
        "headers",
        "multiValueHeaders",
        "requestContext",
        "isBase64Encoded",
    }


def test_the_event_of_a_message():
    later = Occasion(EXTENDED, AT + timedelta(seconds=2), "send")
    moment = {"requestTime": "04/Mar/2020:19:15:19 +0000", "requestTimeEpoch": 1583349319500}
    assert message_event(about(), later, "RYGzEcSNvHcCH8B=", '{"action": "send"}') == {
        "requestContext": context("send", "MESSAGE", messageId="RYGzEcSNvHcCH8B=", **moment),
        "body": '{"action": "send"}',
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("code", "reason", "told"),
    [
        (1000, "", ""),
        (4000, "enough", "enough"),
        (1005, "", "Client-side close frame status not set"),
        (1006, "", "Connection closed abnormally"),
    ],
)
def test_the_event_of_disconnect(code, reason, told):
    ended = disconnect_event(about(), Occasion(EXTENDED, AT, "$disconnect"), code, reason)
    assert ended == {
        "headers": {"Host": HOST, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""},
        "multiValueHeaders": {
            "Host": [HOST],
            "x-api-key": [""],
            "X-Forwarded-For": [""],
            "x-restapi": [""],
        },
        "requestContext": context(
            "$disconnect", "DISCONNECT", disconnectStatusCode=code, disconnectReason=told
        ),
        "isBase64Encoded": False,
    }


def test_stage_variables_are_in_every_event():
    api = replace(CHAT, stage_variables={"TABLE": "people"})
    call = opening(api=api)
    occasion = Occasion(EXTENDED, AT, "x")
    for event in (
        connect_event(call, about(api=api)),
        message_event(about(api=api), occasion, "m", ""),
        disconnect_event(about(api=api), occasion, 1000, ""),
    ):
        assert event["stageVariables"] == {"TABLE": "people"}


def test_what_an_authorizer_said_is_in_every_event():
    given = Authorization(AuthorizerKind.REQUEST, "eva", {"age": 7, "is_new": True}, latency_ms=12)
    told = {"principalId": "eva", "integrationLatency": 12, "age": "7", "is_new": "true"}
    call = opening(authorization=given)
    known = about(authorization=given)
    occasion = Occasion(EXTENDED, AT, "x")
    for event in (
        connect_event(call, known),
        message_event(known, occasion, "m", ""),
        disconnect_event(known, occasion, 1000, ""),
    ):
        assert event["requestContext"]["authorizer"] == told


def test_what_an_authorizer_is_asked():
    hop = {"Connection": "upgrade", "content-length": "0", "Upgrade": "websocket"}
    assert authorizer_event(MINE, opening("?a=1"), ()) == {
        "type": "REQUEST",
        "methodArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:chat/dev/$connect",
        "headers": {**hop, **SENT_HEADERS},
        "multiValueHeaders": {
            **{name: [value] for name, value in {**hop, **SENT_HEADERS}.items()},
            "x-twice": ["a", "b"],
        },
        "queryStringParameters": {"a": "1"},
        "multiValueQueryStringParameters": {"a": ["1"]},
        "stageVariables": {},
        "requestContext": context("$connect", "CONNECT"),
    }


@pytest.mark.parametrize(
    ("sources", "identity"),
    [
        (("route.request.header.X-Twice",), ("b",)),
        (("route.request.querystring.a", "$request.header.user-agent"), ("1", "tests/1")),
        (("route.request.header.Missing",), None),
        ((), ()),
    ],
)
def test_who_is_asked_for(sources, identity):
    assert identity_of(replace(MINE, identity=sources), opening("?a=1")) == identity


# Answers


@pytest.mark.parametrize(
    ("answer", "offered", "meant"),
    [
        ({"statusCode": 200}, "", ConnectAnswer(200, None, None, b"")),
        (
            {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "b"}},
            "a, b",
            ConnectAnswer(200, "b", None, b""),
        ),
        (
            {"statusCode": 200, "headers": {"sec-websocket-protocol": "c"}},
            "a, b",
            ConnectAnswer(200, None, None, b""),
        ),
        (
            {"statusCode": "401", "headers": {"Content-Type": "text/html"}, "body": "no"},
            "",
            ConnectAnswer(401, None, "text/html", b"no"),
        ),
    ],
)
def test_what_the_answer_to_connect_means(answer, offered, meant):
    assert connect_answer(json.dumps(answer).encode(), offered) == meant
    assert meant.lets_in == (meant.status == 200)


@pytest.mark.parametrize("payload", [b"", b"null", b'"yes"', b"{}", b'{"statusCode": "many"}'])
def test_answers_that_mean_nothing(payload):
    for read in (message_answer, lambda payload: connect_answer(payload, "")):
        with pytest.raises(UnusableAnswer):
            read(payload)


def test_a_failure_is_told_in_the_service_s_own_spelling():
    assert failure_message("Internal server error", "a=", "b=") == (
        '{"message": "Internal server error", "connectionId":"a=", "requestId":"b="}'
    )
