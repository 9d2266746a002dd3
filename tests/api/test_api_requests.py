"""What is remembered of a request is what the general way answers, whatever came before."""

from __future__ import annotations

import random

import pytest

from lambdacli.api import protocol
from lambdacli.api import requests as requests_module
from lambdacli.api.requests import Requests
from lambdacli.api.validation import validate
from lambdacli.model.errors import RequestError
from lambdacli.wire.http import Peer, Request

PEER = Peer(is_unix=True)

PATHS = [
    "/2015-03-31/functions/hello/invocations",
    "/2015-03-31/functions/hello/invocations/",
    "/2015-03-31/functions/h%C3%A9llo/invocations",
    "/2015-03-31/functions/hello%3A1/invocations",
    "/2015-03-31/functions/a%2Fb/invocations",
    "/2015-03-31/functions//invocations",
    "/2015-03-31/functions/" + "x" * 200 + "/invocations",
    "/2015-03-31/functions/" + "x" * 600 + "/invocations",
    "/2015-03-31/functions/hello",
    "/2015-03-31/functions",
    "/2014-11-13/functions/hello/invoke-async",
    "/2014-11-13/functions/hello/invoke-async/",
    "/2021-11-15/functions/hello/response-streaming-invocations",
    "/2017-10-31/functions/hello/concurrency",
    "/2017-03-31/tags/arn",
    "/nowhere",
    "/",
]
QUERIES = [
    "",
    "Qualifier=1",
    "Qualifier=",
    "Qualifier=a%20b",
    "Qualifier=1&Qualifier=2",
    "Qualifier=" + "q" * 700,
    "FunctionVersion=ALL",
    "FunctionVersion=NONE",
    "MaxItems=2",
    "MaxItems=none",
    "Other=1",
]
HEADERS = {
    "x-amz-invocation-type": ["RequestResponse", "Event", "DryRun", "Never", ""],
    "x-amz-log-type": ["Tail", "None", "tail"],
    "x-amz-client-context": ["e30=", "!", "x" * 4000],
    "x-amz-tenant-id": ["t", ""],
    "x-amz-durable-execution-name": ["name", "no good"],
    "content-type": ["application/json", "text/plain"],
    "x-unknown": ["1"],
}
BODIES = [b"", b"{}", b"[1]", b"no json", b"\x00\xff", b'{"ReservedConcurrentExecutions": 1}', b"x" * 100_000]


def a_request(chance: random.Random) -> Request:
    headers = {name: chance.choice(values) for name, values in HEADERS.items() if not chance.randrange(4)}
    method = chance.choice(["POST", "POST", "POST", "GET", "PUT", "DELETE", "HEAD"])
    path = chance.choice(PATHS[:7]) if chance.randrange(2) else chance.choice(PATHS)
    return Request(method, path, chance.choice(QUERIES), headers, chance.choice(BODIES), PEER)


def remembering(requests: Requests, request: Request) -> object:
    try:
        asked = requests.ask(request)
        return None if asked is None else (asked.operation.name, requests.members(asked, request))
    except RequestError as error:
        return type(error), str(error)


def general(model: protocol.Model, request: Request) -> object:
    try:
        query = protocol.parse_query(request.query)
        found = protocol.route(model, request.method, request.path, query)
        if found is None:
            return None
        operation, uri = found
        members = protocol.parse(operation, uri, query, request.headers, request.body)
        if operation.input is not None:
            validate(operation.input, members)
        return operation.name, members
    except RequestError as error:
        return type(error), str(error)


@pytest.mark.parametrize("seed", range(10))
def test_both_ways_agree_about_good_and_bad_requests(model, seed, monkeypatch):
    chance = random.Random(seed)
    if seed % 2:  # so few that all of them are forgotten and learned again
        monkeypatch.setattr(requests_module, "LINES_KEPT", 3)
        monkeypatch.setattr(requests_module, "HEADS_KEPT", 2)
    requests = Requests(model)
    past = []
    for _ in range(600):
        request = chance.choice(past) if past and chance.randrange(2) else a_request(chance)
        past.append(request)
        expected = general(model, request)
        assert remembering(requests, request) == expected, request
        assert remembering(requests, request) == expected, request


def test_members_of_one_request_are_not_those_of_the_next(model):
    requests = Requests(model)
    request = Request("POST", PATHS[0], "", {}, b"1", PEER)
    asked = requests.ask(request)
    assert asked is not None
    for _ in range(2):
        members = requests.members(asked, request)
        members["Qualifier"] = "mine"
    assert requests.members(asked, request) == {"FunctionName": "hello", "Payload": b"1"}


def test_memory_is_bounded(model):
    requests = Requests(model)
    for number in range(3 * requests_module.LINES_KEPT):
        request = Request("POST", f"/2015-03-31/functions/f{number}/invocations", "", {}, b"", PEER)
        assert requests.ask(request) is not None
        assert len(requests._lines) <= requests_module.LINES_KEPT
    request = Request("POST", PATHS[0], "", {}, b"", PEER)
    for number in range(3 * requests_module.HEADS_KEPT):
        asked = requests.ask(request)
        assert asked is not None
        request = Request("POST", PATHS[0], "", {"x-amz-client-context": str(number)}, b"", PEER)
        requests.members(asked, request)
        assert len(asked.heads) <= requests_module.HEADS_KEPT
