"""Signatures made by botocore's own signers are checked; whatever is changed afterwards is found out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest import mock
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import RequestError
from lambdacli.model.identity import Identities
from lambdacli.project.keys import KeysFile
from lambdacli.service.authentication import Authenticator
from lambdacli.service.sessions import Sessions
from lambdacli.wire.http import Peer, Request

KEY, SECRET = "AKIAEXAMPLE", "a secret/of+its own"
ARN = "arn:aws:iam::111111111111:user/dev"
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
PATH = "/2015-03-31/functions/orders/invocations"
NO_MATCH = "The request signature we calculated does not match the signature you provided."
PEER = Peer(is_unix=False, local=("127.0.0.1", 4566), remote=("127.0.0.1", 50000))


@pytest.fixture
def keys(tmp_path):
    file = tmp_path / "keys.yaml"
    file.write_text(
        f"{KEY}:\n  secret: {SECRET}\n  arn: {ARN}\n"
        "ASIATEMPORARY:\n  secret: other\n  session_token: token/of=it\n  account: 222222222222\n"
    )
    return file


@pytest.fixture
def authenticator(keys):
    return Authenticator(KeysFile(keys), Sessions(), Identities(), now=lambda: NOW)


def signed(
    method="POST",
    target=PATH,
    body=b'{"key": "value"}',
    key=KEY,
    secret=SECRET,
    token=None,
    at=NOW,
    service="lambda",
    region="eu-west-1",
    signer=SigV4Auth,
    headers=(),
    **options,
):
    """As it would come over the wire."""
    request = AWSRequest(method, f"http://127.0.0.1:4566{target}", dict(headers), body)
    request.headers["Host"] = "127.0.0.1:4566"
    with mock.patch("botocore.auth.get_current_datetime", lambda: at):
        signer(Credentials(key, secret, token), service, region, **options).add_auth(request)
    url = urlsplit(request.url)
    names = {name.lower(): value for name, value in request.headers.items()}
    # A signer of queries takes the body for parameters and empties it.
    return Request(method, url.path, url.query, names, request.body or b"", PEER)


def refused(authenticator, request):
    with pytest.raises(RequestError) as caught:
        authenticator.authenticate(request)
    return caught.value.code, caught.value.message


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"method": "GET", "target": "/2015-03-31/functions/", "body": b""},
        {"target": f"{PATH}?Qualifier=%24LATEST"},
        {"target": "/2015-03-31/functions/eu-west-1%3A111111111111%3Afunction%3Af/invocations"},
        {"target": "/2015-03-31/functions/orders:$LATEST/invocations"},
        {"method": "GET", "target": "/2015-03-31/functions/?Marker=a%2Fb%3D%3D&MaxItems=3", "body": b""},
        {"method": "DELETE", "target": "/2017-03-31/tags/x?tagKeys=b&tagKeys=a&tagKeys=%20", "body": b""},
        {"body": bytes(range(256)) * 100},
        {"headers": {"X-Amz-Client-Context": "e30=", "X-Odd": "  a   b  "}},
        {"headers": {"User-Agent": "Boto3/1", "X-Amzn-Trace-Id": "Root=1"}},
        {"at": NOW - timedelta(minutes=4, seconds=59)},
        {"at": NOW + timedelta(minutes=4, seconds=59)},
        {"signer": SigV4QueryAuth, "expires": 60},
        {"signer": SigV4QueryAuth, "expires": 3600, "at": NOW - timedelta(minutes=59)},
        {"signer": SigV4QueryAuth, "target": f"{PATH}?Qualifier=live", "method": "GET", "body": b""},
    ],
)
def test_what_botocore_signed_is_believed(authenticator, parts):
    found = authenticator.authenticate(signed(**parts))
    assert (found.identity.caller.name, found.account, found.region) == (ARN, "111111111111", "eu-west-1")


@pytest.mark.parametrize("signer", [SigV4Auth, SigV4QueryAuth])
def test_a_temporary_key_needs_its_token(authenticator, signer):
    request = {"key": "ASIATEMPORARY", "secret": "other", "signer": signer}
    found = authenticator.authenticate(signed(**request, token="token/of=it"))
    assert found.identity.caller.name == "arn:aws:iam::222222222222:root"
    for token in (None, "another"):
        assert refused(authenticator, signed(**request, token=token)) == (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        )


def with_header(name, change):
    def changed(request):
        return replace(request, headers={**request.headers, name: change(request.headers[name])})

    return changed


@pytest.mark.parametrize(
    "change",
    [
        lambda request: replace(request, body=request.body + b" "),
        lambda request: replace(request, body=b""),
        lambda request: replace(request, method="PUT"),
        lambda request: replace(request, path=request.path.replace("orders", "others")),
        lambda request: replace(request, path=request.path + "#x"),
        lambda request: replace(request, query="Qualifier=live"),
        with_header("host", lambda value: "localhost"),
        with_header("x-amz-date", lambda value: "20261121T120001Z"),
        with_header("authorization", lambda value: value[:-1] + ("0" if value[-1] != "0" else "1")),
        with_header("authorization", lambda value: value.replace("eu-west-1", "eu-west-2")),
        with_header("authorization", lambda value: value.rpartition("Signature=")[0] + "Signature=é"),
        lambda request: replace(
            request, headers={**request.headers, "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
        ),
        lambda request: replace(
            request, headers={**request.headers, "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
        ),
    ],
)
def test_what_was_changed_afterwards_does_not_match(authenticator, change):
    code, message = refused(authenticator, change(signed()))
    assert (code, message[: len(NO_MATCH)]) == ("InvalidSignatureException", NO_MATCH)


def test_a_payload_that_was_signed_as_unsigned_is_not_taken(authenticator):
    request = signed(headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    assert refused(authenticator, request)[0] == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("parts", "code", "message"),
    [
        (
            {"key": "AKIANOBODY"},
            "UnrecognizedClientException",
            "The security token included in the request is",
        ),
        ({"token": "t"}, "UnrecognizedClientException", "The security token included in the request is"),
        ({"secret": "wrong"}, "InvalidSignatureException", NO_MATCH),
        (
            {"service": "s3"},
            "InvalidSignatureException",
            "Credential should be scoped to correct service: 'lambda'.",
        ),
        ({"region": ""}, "InvalidSignatureException", "Credential should be scoped to a valid region."),
        (
            {"region": "EU WEST"},
            "InvalidSignatureException",
            "Credential should be scoped to a valid region.",
        ),
        (
            {"at": NOW - timedelta(minutes=5, seconds=1)},
            "InvalidSignatureException",
            "Signature expired: 20261121T115459Z is now earlier than 20261121T115500Z "
            "(20261121T120000Z - 5 min.)",
        ),
        (
            {"at": NOW + timedelta(minutes=5, seconds=1)},
            "InvalidSignatureException",
            "Signature not yet current: 20261121T120501Z is still later than 20261121T120500Z "
            "(20261121T120000Z + 5 min.)",
        ),
        (
            {"signer": SigV4QueryAuth, "expires": 60, "at": NOW - timedelta(seconds=61)},
            "InvalidSignatureException",
            "Signature expired: ",
        ),
        ({"signer": SigV4QueryAuth, "expires": 604_801}, "InvalidSignatureException", "X-Amz-Expires"),
        ({"signer": SigV4QueryAuth, "expires": 0}, "InvalidSignatureException", "X-Amz-Expires"),
    ],
)
def test_a_wrong_signature_is_refused_in_the_words_of_aws(authenticator, parts, code, message):
    found_code, found = refused(authenticator, signed(**parts))
    assert (found_code, found[: len(message)]) == (code, message)


SCOPE = f"{KEY}/20261121/eu-west-1/lambda/aws4_request"


@pytest.mark.parametrize(
    ("headers", "query", "code"),
    [
        ({}, "", "MissingAuthenticationTokenException"),
        ({"authorization": "Basic dXNlcg=="}, "", "IncompleteSignatureException"),
        ({"authorization": "AWS4-HMAC-SHA256"}, "", "IncompleteSignatureException"),
        ({"authorization": "AWS4-ECDSA-P256-SHA256 Credential=x"}, "", "IncompleteSignatureException"),
        (
            {"authorization": f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=0"},
            "",
            "IncompleteSignatureException",
        ),
        (
            {
                "authorization": f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=0",
                "x-amz-date": "yesterday",
            },
            "",
            "IncompleteSignatureException",
        ),
        (
            {
                "authorization": f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=x-amz, Signature=0",
                "x-amz-date": "20261121T120000Z",
            },
            "",
            "InvalidSignatureException",
        ),
        (
            {
                "authorization": "AWS4-HMAC-SHA256 Credential=lam, SignedHeaders=host, Signature=0",
                "x-amz-date": "20261121T120000Z",
            },
            "",
            "IncompleteSignatureException",
        ),
        ({}, "X-Amz-Algorithm=AWS4-HMAC-SHA256", "IncompleteSignatureException"),
        ({}, "X-Amz-Signature=0", "IncompleteSignatureException"),
    ],
)
def test_half_a_signature_says_what_is_missing(authenticator, headers, query, code):
    request = Request("POST", PATH, query, {"host": "127.0.0.1", **headers}, b"", PEER)
    found, message = refused(authenticator, request)
    assert found == code and message


def test_a_date_header_serves_as_well(authenticator):
    request = signed(headers={"Date": "x"})
    assert "x-amz-date" not in request.headers
    assert authenticator.authenticate(request).identity.caller.name == ARN


def test_a_body_that_was_thrown_away_cannot_be_believed(authenticator):
    request = replace(signed(), body=b"", is_body_too_large=True)
    assert refused(authenticator, request)[0] == "RequestEntityTooLargeException"


@pytest.mark.parametrize(
    ("role", "caller"),
    [
        ("arn:aws:iam::111111111111:role/path/r", "arn:aws:sts::111111111111:assumed-role/r/orders"),
        ("arn::iam::111111111111:role/r", None),
    ],
)
def test_a_function_is_its_roles_session(keys, role, caller):
    sessions = Sessions()
    authenticator = Authenticator(KeysFile(keys), sessions, Identities(), now=lambda: NOW)
    given = sessions.credentials(role, FunctionKey("111111111111", "eu-west-1", "orders"))
    request = signed(key=given.access_key_id, secret=given.secret_access_key, token=given.session_token)
    if caller is None:
        assert refused(authenticator, request)[0] == "UnrecognizedClientException"
        return
    found = authenticator.authenticate(request).identity
    assert (found.caller.name, found.caller.role_arn) == (caller, role)
    assert found.context["lambda:SourceFunctionArn"].endswith(":function:orders")


def test_keys_count_as_soon_as_their_file_says_so(authenticator, keys):
    keys.write_text(f"AKIANEW:\n  secret: {SECRET}\n  account: 333333333333\n# longer\n")
    found = authenticator.authenticate(signed(key="AKIANEW"))
    assert found.account == "333333333333"
    assert refused(authenticator, signed())[0] == "UnrecognizedClientException"
    keys.write_text("AKIANEW: [")
    assert authenticator.authenticate(signed(key="AKIANEW")).account == "333333333333"
    assert authenticator.problem is not None
