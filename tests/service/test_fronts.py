"""Which requests are a front's, and what the gateway lets through to it."""

from __future__ import annotations

import os

import pytest

from lambdacli.service.door import DoorSettings
from lambdacli.service.fronts import Fronts
from lambdacli.service.gateway import Gateway
from lambdacli.wire.http import Peer, Request, Response

TCP = Peer(False, ("127.0.0.1", 4566), ("127.0.0.1", 50000))
OWN = "abc.lambda-url.us-east-1.localhost:4566"
URLS = Response(200, body=b"urls")
APIS = Response(200, body=b"apis")
LAMBDA = Response(200, body=b"lambda")
CONTROL = Response(200, body=b"control")


class NoNeighbours:
    def route(self, request):
        raise AssertionError(f"{request} was handed to a neighbour")


def fronts():
    return Fronts(
        {"lambda-url": lambda request: URLS, "execute-api": lambda request: APIS},
        {"_url": lambda request: URLS, "_api": lambda request: APIS},
    )


def gateway():
    async def settle():
        pass

    return Gateway(
        DoorSettings(uid=os.getuid()),
        fronts(),
        control=lambda request: CONTROL,
        lambda_api=lambda request: LAMBDA,
        services={},
        neighbourhood=NoNeighbours(),
        is_project_settled=lambda: True,
        settle_project=settle,
        note_activity=lambda: None,
    )


def request(path="/", host=OWN, *, peer=TCP, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if host is not None:
        named["host"] = host
    return Request("GET", path, "", named, b"", peer)


@pytest.mark.parametrize(
    ("path", "host", "expected"),
    [
        pytest.param("/", OWN, URLS, id="by its name"),
        pytest.param("/", OWN.upper(), URLS, id="by its name in capitals"),
        pytest.param("/", "abc.lambda-url.us-east-1.localhost.:1", URLS, id="a dot more and another port"),
        pytest.param("/", "api.execute-api.us-east-1.localhost", APIS, id="another front"),
        pytest.param("/_url/abc/", "127.0.0.1:4566", URLS, id="by path"),
        pytest.param("/_url/abc", "localhost:4566", URLS, id="by path without a slash"),
        pytest.param("/_api/x/prod", "localhost", APIS, id="another front by path"),
        pytest.param("/_api/x/prod", OWN, URLS, id="the name comes before the path"),
        pytest.param("/_lam/v1/status", OWN, URLS, id="our own routes are not below a front's name"),
        pytest.param("/2015-03-31/functions", OWN, URLS, id="nor is the API"),
        pytest.param("/_lam/v1/status", "localhost", None, id="our own routes"),
        pytest.param("/_urls/abc", "localhost", None, id="a path that only begins alike"),
        pytest.param("//_url/abc", "localhost", None, id="two slashes"),
        pytest.param("/%5Furl/abc", "localhost", None, id="an escaped path"),
        pytest.param("/a/_url/abc", "localhost", None, id="further down"),
        pytest.param("/", "lambda-url.us-east-1.localhost", None, id="no id"),
        pytest.param("/", "a.b.lambda-url.us-east-1.localhost", None, id="a label more"),
        pytest.param("/", "abc.lambda-url.us-east-1.localhost.evil.example", None, id="not below localhost"),
        pytest.param("/", "abc.s3.us-east-1.localhost", None, id="another service"),
        pytest.param("/", None, None, id="no Host"),
    ],
)
def test_which_front_a_request_is_for(path, host, expected):
    found = fronts().of(request(path, host))
    assert (None if found is None else found(None)) is expected


def test_nobody_comes_to_a_front_by_the_socket():
    assert fronts().of(request("/_url/abc", peer=Peer(True))) is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example", "sec_fetch_site": "cross-site"},
        {"origin": "null"},
        {"authorization": "Bearer x"},
        {"authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request"},
    ],
)
@pytest.mark.parametrize(("path", "host"), [("/", OWN), ("/_url/abc/", "127.0.0.1:4566")])
def test_pages_and_whoever_signs_nothing_come_to_a_front(path, host, headers):
    asked = request(path, host, **headers)
    assert gateway().divert(asked) is None
    assert gateway().handle(asked) is URLS


@pytest.mark.parametrize("host", ["evil.example:4566", "127.0.0.1.evil.example", f"{OWN}, localhost", ""])
def test_a_page_that_rebinds_its_name_does_not(host):
    answer = gateway().handle(request("/_url/abc/", host, origin="http://evil.example:4566"))
    assert answer.status == 403
    assert b"Host header" in answer.body


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/2015-03-31/functions/", "localhost:4566"),
        ("/_lam/v1/stop", "127.0.0.1:4566"),
        ("/_url/../2015-03-31/functions/", "evil.example"),
        ("/_urlx/abc", "localhost"),
    ],
)
@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin"])
def test_a_page_still_reaches_nothing_else(path, host, site):
    signed = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/lambda/aws4_request"
    answer = gateway().handle(request(path, host, sec_fetch_site=site, authorization=signed))
    assert answer.status == 403


def test_a_front_never_leads_out_of_its_paths():
    """Dots are the function's to read: nobody here takes a path apart."""
    assert gateway().handle(request("/_url/abc/../../2015-03-31/functions", "localhost")) is URLS
