"""Tokens against a key set of this machine."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from lambdacli.model.http_apis import ApiKind, Authorizer, AuthorizerKind, HttpApi, Route, parse_route
from lambdacli.model.outcome import Outcome
from lambdacli.triggers import jwt
from lambdacli.triggers.api_refusals import Fault
from lambdacli.triggers.gatekeeper import Gatekeeper, Refused
from tests.doubles import SteppingClock
from tests.triggers.api_calls import call_of

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa"})
MINE = Authorizer(
    "mine",
    AuthorizerKind.JWT,
    identity=("$request.header.Authorization",),
    issuer="https://issuer.example",
    audiences=("app", "other"),
)
CLAIMS = {"iss": MINE.issuer, "aud": "app", "exp": SECONDS + 60, "sub": "eva"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("keys") / "jwks.json"
    file.write_text(json.dumps({"keys": [RSA.as_dict(private=False), EC.as_dict(private=False)]}))
    return jwt.read_keys(file)


def signed(claims: dict[str, Any], key: Any = RSA, **header: Any) -> str:
    algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
    return joserfc_jwt.encode({"alg": algorithm, "kid": key.kid, **header}, claims, key)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CLAIMS.items() if key != name}


@pytest.mark.parametrize(
    "claims",
    [
        CLAIMS,
        {**CLAIMS, "aud": ["else", "other"]},
        {**without("aud"), "client_id": "app"},
        {**CLAIMS, "client_id": "stranger"},
        {**CLAIMS, "nbf": SECONDS, "iat": SECONDS - 1},
        {**CLAIMS, "exp": SECONDS + 0.5},
    ],
)
@pytest.mark.parametrize("key", [RSA, EC], ids=["RS256", "ES256"])
def test_a_good_token(keys, claims, key):
    assert jwt.claims_of(signed(claims, key), keys, MINE, NOW) == claims


@pytest.mark.parametrize(
    ("token", "description"),
    [
        (signed({**CLAIMS, "aud": "stranger"}), "the token does not have a valid audience"),
        (signed({**CLAIMS, "aud": []}), "the token does not have a valid audience"),
        (signed(without("aud")), "the token does not have a valid audience"),
        (
            signed({**CLAIMS, "aud": "stranger", "client_id": "app"}),
            "the token does not have a valid audience",
        ),
        (signed({**CLAIMS, "iss": "https://evil.example"}), "the token does not have a valid issuer"),
        (signed(without("iss")), "the token does not have a valid issuer"),
        (signed({**CLAIMS, "exp": SECONDS}), "the token has expired"),
        (signed(without("exp")), "the token does not have a valid exp"),
        (signed({**CLAIMS, "exp": "soon"}), "the token does not have a valid exp"),
        (signed({**CLAIMS, "nbf": SECONDS + 1}), "the token is not yet valid"),
        (signed({**CLAIMS, "iat": SECONDS + 1}), "the token is used before it was issued"),
        (signed(CLAIMS, STRANGER), "invalid signature"),
        (signed(CLAIMS, kid="else"), "unable to find a signing key that matches the token"),
        (
            joserfc_jwt.encode({"alg": "HS256", "kid": "rsa"}, CLAIMS, OctKey.generate_key(256)),
            "signing method HS256 is invalid",
        ),
        ("", "the token is malformed"),
        ("a.b.c", "the token is malformed"),
        ("ä", "the token is malformed"),
        ("eyJhbGciOiJub25lIn0.e30.", "signing method none is invalid"),
    ],
)
def test_a_bad_token_says_why(keys, token, description):
    with pytest.raises(jwt.InvalidToken) as caught:
        jwt.claims_of(token, keys, MINE, NOW)
    assert str(caught.value) == description


@pytest.mark.parametrize("value", ["abc", "Bearer abc", "bearer  abc ", " abc"])
def test_the_token_stands_alone_or_behind_bearer(value):
    assert jwt.token_in(value) == "abc"


@pytest.mark.parametrize(
    ("claims", "wanted", "granted"),
    [
        ({"scope": "a b"}, ("b", "c"), ("b",)),
        ({"scp": ["a", "b"]}, ("a", "b"), ("a", "b")),
        ({"scp": "a"}, ("a",), ("a",)),
        ({"scope": "ab"}, ("a",), ()),
        ({}, ("a",), ()),
        ({"scope": 5}, ("a",), ()),
    ],
)
def test_scopes(claims, wanted, granted):
    assert jwt.scopes_granted(claims, wanted) == granted


def test_claims_are_texts_in_an_event():
    claims = {"sub": "eva", "exp": 5, "admin": True, "groups": ["a", "b"], "map": {"a": 1}}
    assert jwt.claims_as_texts(claims) == {
        "sub": "eva",
        "exp": "5",
        "admin": "true",
        "groups": "[a b]",
        "map": '{"a":1}',
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "jwks.json cannot be read: No such file or directory"),
        ("{", "jwks.json is no key set: "),
        ("[]", 'jwks.json is no key set: it must be {"keys": […]}'),
        ('{"keys":[{"kty":"new"}]}', "jwks.json is no key set: "),
        ('{"keys":[5]}', "jwks.json is no key set: "),
    ],
)
def test_keys_that_cannot_be_used(tmp_path: Path, text, message):
    file = tmp_path / "jwks.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(jwt.UnusableKeys) as caught:
        jwt.read_keys(file)
    assert str(caught.value).startswith(message)


def test_the_challenge_that_a_client_is_told():
    told = jwt.challenge((), "invalid_token", "the token does not have a valid audience")
    expected = (
        'Bearer scope="" error="invalid_token" error_description="the token does not have a valid audience"'
    )
    assert told == expected


def test_what_a_stranger_s_token_says_adds_nothing_to_the_challenge(keys):
    token = signed(CLAIMS).split(".")
    forged = json.dumps({"alg": 'x" \\ \r\nSet-Cookie: a=é'}).encode()
    token[0] = base64.urlsafe_b64encode(forged).decode().rstrip("=")
    with pytest.raises(jwt.InvalidToken) as caught:
        jwt.claims_of(".".join(token), keys, MINE, NOW)
    told = jwt.challenge((), "invalid_token", str(caught.value))
    assert told.endswith('error_description="signing method x? ? ??Set-Cookie: a=? is invalid"')


POOL = replace(MINE, kind=AuthorizerKind.USER_POOL, audiences=())


@pytest.mark.parametrize(
    ("use", "scopes", "fault"),
    [
        pytest.param("id", (), None, id="a token of identity where no scopes are asked for"),
        pytest.param("access", (), Fault.UNAUTHORIZED, id="a token of access there"),
        pytest.param("access", ("shop/read",), None, id="a token of access where scopes are asked for"),
        pytest.param("id", ("shop/read",), Fault.UNAUTHORIZED, id="a token of identity there"),
        pytest.param("access", ("shop/write",), Fault.UNAUTHORIZED, id="another scope"),
    ],
)
def test_a_user_pools_tokens_are_for_one_thing_each(
    tmp_path: Path, use: str, scopes: tuple[str, ...], fault: Fault | None
) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [RSA.as_dict(private=False)]}))
    later = SECONDS + 366 * 86_400
    told = {"aud": "any client", "exp": later, "token_use": use, "scope": "shop/read"}
    token = signed({**CLAIMS, **told})
    assert fault_of(replace(POOL, keys=file), token, scopes) == fault


def test_without_keys_nobody_comes_in_and_the_journal_says_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert fault_of(POOL, signed(CLAIMS), ()) is Fault.UNAUTHORIZED
    assert "jwt_keys: {https://issuer.example: jwks.json}" in caplog.text


def fault_of(authorizer: Authorizer, token: str, scopes: tuple[str, ...]) -> Fault | None:
    async def nobody(name: str, event: bytes) -> Outcome:
        raise AssertionError("no function is asked")

    api = HttpApi("front", ApiKind.REST, routes=(Route(parse_route("GET /a"), "f", scopes=scopes),))
    clock = SteppingClock()
    call = call_of(api, "GET /a", [("Authorization", token)])
    try:
        asyncio.run(Gatekeeper(nobody, clock).authorize(authorizer, call))
    except Refused as refused:
        return refused.fault
    return None
