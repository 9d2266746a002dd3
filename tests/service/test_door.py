"""The door's table: which requests come in, and what the others are told."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

import pytest

from lambdacli.service.door import Caller, DoorSettings, caller_of, refuse, refuse_connection
from lambdacli.wire.http import HttpServer, Peer, Request, Response
from lambdacli.wire.peers import NOBODY

OWNER = 1000
SCOPE = "AKIDEXAMPLE/20250101/eu-west-1/lambda/aws4_request"
SIGNED = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=ab"
TCP = Peer(False, ("127.0.0.1", 4566), ("127.0.0.1", 50000))
SETTINGS = DoorSettings(uid=OWNER)
FUNCTIONS = "/2015-03-31/functions/"


def request(path=FUNCTIONS, *, query="", peer=TCP, version="1.1", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if peer is TCP and "host" not in named:
        named["host"] = "localhost:4566"
    present = {name: value for name, value in named.items() if value is not None}
    return Request("GET", path, query, present, b"", peer, http_version=version)


def told(response):
    return response.status, response.headers["x-amzn-ErrorType"], json.loads(response.body)["message"]


def test_signed_request_from_its_owner_comes_in():
    assert refuse(request(authorization=SIGNED), SETTINGS, OWNER) is None


@pytest.mark.parametrize("path", [FUNCTIONS, "/_lam/v1/status"])
def test_unix_peers_pass_everything(path):
    foreign = request(path, peer=Peer(True), host="evil.example", origin="https://evil.example")
    assert refuse(foreign, SETTINGS, 4242) is None


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:4566",
        "LOCALHOST:4566",
        "localhost.",
        "localhost:",
        "abc123.lambda-url.us-east-1.localhost:4566",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.255.3.9:4566",
        "[::1]",
        "[::1]:4566",
        "[0:0:0:0:0:0:0:1]:4566",
    ],
)
def test_hosts_that_name_loopback_come_in(host):
    assert refuse(request(host=host, authorization=SIGNED), SETTINGS, OWNER) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:4566",
        "localhost.evil.example",
        "notlocalhost",
        "127.0.0.1.evil.example",
        "127.1",
        "0.0.0.0:4566",
        "[::]:4566",
        "10.0.0.1",
        "[fe80::1]",
        "::1",
        "localhost:4566:80",
        "localhost:80@evil.example",
        "evil.example, a.localhost",
        "evil.example/.localhost",
        "localhost\xa0",
        "[",
        "[localhost]",
    ],
)
def test_hosts_that_name_anything_else_are_refused(host):
    status, error, message = told(refuse(request(host=host, authorization=SIGNED), SETTINGS, OWNER))
    assert (status, error) == (403, "AccessDeniedException")
    assert repr(host) in message


def test_missing_host_is_a_bad_request_but_for_http_1_0():
    status, _, message = told(refuse(request(host=None, authorization=SIGNED), SETTINGS, OWNER))
    assert (status, message) == (400, "The request has no Host header.")
    assert refuse(request(host=None, authorization=SIGNED, version="1.0"), SETTINGS, OWNER) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://localhost:3000"},
        {"origin": "null"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "Cross-Site"},
    ],
)
@pytest.mark.parametrize(
    "settings", [SETTINGS, DoorSettings(anonymous=True, allow_other_users=True, uid=OWNER)]
)
def test_web_pages_are_refused_whatever_the_settings(headers, settings):
    status, error, message = told(refuse(request(authorization=SIGNED, **headers), settings, OWNER))
    assert (status, error) == (403, "AccessDeniedException")
    assert "web page" in message


def test_a_request_that_no_page_started_comes_in():
    assert refuse(request(authorization=SIGNED, sec_fetch_site="none"), SETTINGS, OWNER) is None


@pytest.mark.parametrize(
    ("peer_uid", "allow_other_users", "is_refused"),
    [
        (OWNER, False, False),
        (0, False, False),
        (None, False, False),
        (1001, False, True),
        (NOBODY, False, True),
        (1001, True, False),
        (NOBODY, True, False),
    ],
)
def test_other_users_are_refused_unless_allowed(peer_uid, allow_other_users, is_refused):
    settings = DoorSettings(allow_other_users=allow_other_users, uid=OWNER)
    refusal = refuse(request(authorization=SIGNED), settings, peer_uid)
    assert (refusal is not None) == is_refused
    if refusal:
        status, error, message = told(refusal)
        assert (status, error) == (403, "AccessDeniedException")
        assert "--allow-other-users" in message


@pytest.mark.parametrize("path", ["/_lam/", "/_lam/v1/status"])
def test_own_routes_are_not_there_over_tcp(path):
    status, error, message = told(refuse(request(path, authorization=SIGNED), SETTINGS, OWNER))
    assert (status, error) == (404, "UnknownOperationException")
    assert "unix socket" in message


def test_unsigned_request_gets_the_answer_of_aws_and_a_hint():
    refusal = refuse(request(), SETTINGS, OWNER)
    assert told(refusal) == (403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    assert "lam start --anonymous" in json.loads(refusal.body)["hint"]


def test_hint_names_the_file_of_keys_where_signatures_are_checked():
    refusal = refuse(request(), SETTINGS, OWNER)
    assert told(refusal)[:2] == (403, "MissingAuthenticationTokenException")
    assert "`--auth`" in json.loads(refusal.body)["hint"]


@pytest.mark.parametrize("query", ["X-Amz-SignatureX=1", "a=X-Amz-Signature", "x-amz-signature=1", "&&"])
def test_query_that_only_looks_presigned_is_unsigned(query):
    assert refuse(request(query=query), SETTINGS, OWNER).status == 403


@pytest.mark.parametrize(
    "signed",
    [
        {"authorization": "Bearer x"},
        {"authorization": "anything"},
        {"query": "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=ab"},
        {"query": "X-Amz-Credential=a%2Fb"},
    ],
)
def test_any_credentials_will_do(signed):
    assert refuse(request(**signed), SETTINGS, OWNER) is None


def test_anonymous_lets_unsigned_requests_in_and_nothing_else():
    settings = DoorSettings(anonymous=True, uid=OWNER)
    assert refuse(request(), settings, OWNER) is None
    assert refuse(request(), settings, 1001).status == 403
    assert refuse(request(host="evil.example"), settings, OWNER).status == 403
    assert refuse(request("/_lam/v1/status"), settings, OWNER).status == 404


def test_connection_without_addresses_is_refused_since_nobody_can_say_whose_it_was():
    assert refuse_connection(Peer(False, ("127.0.0.1", 4566), None), SETTINGS).status == 403
    assert refuse_connection(Peer(True), SETTINGS) is None


@pytest.mark.parametrize(
    ("header", "caller"),
    [
        (SIGNED, Caller("AKIDEXAMPLE", "eu-west-1", "lambda")),
        (
            f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders=host,Signature=ab",
            Caller("AKIDEXAMPLE", "eu-west-1", "lambda"),
        ),
        (
            f"AWS4-HMAC-SHA256 SignedHeaders=host, Credential={SCOPE}",
            Caller("AKIDEXAMPLE", "eu-west-1", "lambda"),
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/20250101/eu-west-1/lambda/aws4_request, Signature=ab",
            Caller("a/b", "eu-west-1", "lambda"),
        ),
        (
            "AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20250101/lambda/aws4_request, Signature=ab",
            Caller("AKIDEXAMPLE", None, "lambda"),
        ),
        ("AWS4-HMAC-SHA256 Credential=test", Caller("test", None)),
        ("AWS4-HMAC-SHA256 Credential=test/20250101/../lambda/aws4_request", Caller("test", None, "lambda")),
        ("AWS4-HMAC-SHA256 Credential=test/20250101//lambda/aws4_request", Caller("test", None, "lambda")),
        (
            "AWS4-HMAC-SHA256 Credential=/20250101/us-east-1/logs/aws4_request",
            Caller(None, "us-east-1", "logs"),
        ),
        ("AWS4-HMAC-SHA256 Credential=", Caller()),
        ("AWS4-HMAC-SHA256", Caller()),
        (f"Bearer Credential={SCOPE}", Caller()),
        ("", Caller()),
        ("\xff\x00,,,==", Caller()),
    ],
)
def test_caller_is_read_from_the_header(header, caller):
    assert caller_of(request(authorization=header)) == caller


@pytest.mark.parametrize(
    ("query", "caller"),
    [
        (
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20250101%2Feu-west-1%2Flambda%2Faws4_request",
            Caller("AKID", "eu-west-1", "lambda"),
        ),
        (
            "X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AKID%2F20250101%2Flambda%2Faws4_request",
            Caller("AKID", None, "lambda"),
        ),
        ("X-Amz-Credential=AKID%2F20250101", Caller()),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%FF%2", Caller("\ufffd%2", None)),
        ("Qualifier=1", Caller()),
        ("", Caller()),
    ],
)
def test_caller_is_read_from_a_presigned_query(query, caller):
    assert caller_of(request(query=query)) == caller


# Imports everything before it becomes the other user, who may not be able to read this interpreter's files.
CLIENT = """
import encodings.idna, http.client, os, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
connection.request("GET", "/2015-03-31/functions/", headers={"Authorization": "x"})
answer = connection.getresponse()
print(answer.status, answer.read().decode())
"""


@pytest.mark.real
@pytest.mark.parametrize(
    ("allow_other_users", "client_uid", "status"), [(False, 12345, 403), (True, 12345, 200), (False, 0, 200)]
)
def test_connection_of_another_user_is_seen_by_the_kernels_word(allow_other_users, client_uid, status):
    if sys.platform != "linux" or os.getuid() != 0:
        if os.environ.get("LAM_TEST_COMPLETE") == "1":
            pytest.fail("only root on Linux can start a client of another user")
        pytest.skip("only root on Linux can start a client of another user")
    settings = DoorSettings(allow_other_users=allow_other_users, uid=os.getuid())

    async def answer(request: Request) -> Response:
        return refuse(request, settings, None) or Response(200, {}, b"welcome")

    async def story():
        server = HttpServer(
            answer, max_body_bytes=1000, accept=lambda peer: refuse_connection(peer, settings)
        )
        port = await server.listen_tcp("127.0.0.1", 0)
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CLIENT, str(port), str(client_uid), stdout=subprocess.PIPE
        )
        output, _ = await asyncio.wait_for(client.communicate(), 30)
        await server.stop(5)
        return output.decode()

    output = asyncio.run(story())
    assert output.startswith(str(status))
    assert ("--allow-other-users" in output) == (status == 403)
