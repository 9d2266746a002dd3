"""JSON Web Tokens against a key set of this machine: signature, issuer, audience, times and scopes."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambdacli.model.http_apis import Authorizer, AuthorizerKind

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

PACKAGE = "joserfc"
NOT_INSTALLED = "tokens need a package that is not installed; pip install 'lambdacli[jwt]'"
_NO_DESCRIPTION = re.compile(r"[^\x20-\x21\x23-\x5B\x5D-\x7E]")
"""What an error's description cannot hold (RFC 6750): it repeats what a stranger's token says."""
ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")


class InvalidToken(ValueError):
    """Who calls is not known; the text is the answer's `error_description`. Only that of a wrong audience
    is recorded; the others are «unconfirmed»."""


class UnusableKeys(ValueError):
    """The key set cannot be read: a fault of the developer's, not of the caller's."""


def is_installed() -> bool:
    return importlib.util.find_spec(PACKAGE) is not None


def token_in(value: str) -> str:
    """With `Bearer` before it, or alone."""
    scheme, _, rest = value.strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else value.strip()


def read_keys(file: Path) -> KeySet:
    """Raises UnusableKeys."""
    # Late: it takes a while, and few projects need it.
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        document = json.loads(file.read_bytes())
        if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
            raise UnusableKeys(f'{file.name} is no key set: it must be {{"keys": […]}}')
        return KeySet.import_key_set({"keys": document["keys"]})
    except OSError as error:
        raise UnusableKeys(f"{file.name} cannot be read: {error.strerror}") from None
    except (JoseError, ValueError, TypeError, KeyError) as error:
        if isinstance(error, UnusableKeys):
            raise
        raise UnusableKeys(f"{file.name} is no key set: {error}") from None


def claims_of(token: str, keys: KeySet, authorizer: Authorizer, now: datetime) -> Mapping[str, Any]:
    """Raises InvalidToken."""
    claims = _signed_claims(token, keys)
    if claims.get("iss") != authorizer.issuer:
        raise InvalidToken("the token does not have a valid issuer")
    # A client id counts only where no audience is told.
    audience = claims["aud"] if "aud" in claims else claims.get("client_id")
    named = audience if isinstance(audience, list) else [audience]
    is_any_good = authorizer.kind is AuthorizerKind.USER_POOL  # all of a pool's clients may come
    if not is_any_good and not any(each in authorizer.audiences for each in named):
        raise InvalidToken("the token does not have a valid audience")
    seconds = now.timestamp()
    if not _number(claims, "exp", required=True) > seconds:
        raise InvalidToken("the token has expired")
    if _number(claims, "nbf") > seconds:
        raise InvalidToken("the token is not yet valid")
    if _number(claims, "iat") > seconds:
        raise InvalidToken("the token is used before it was issued")
    return claims


def require_use(claims: Mapping[str, Any], use: str) -> None:
    """A user pool's tokens are for one thing each: to tell who somebody is, or what they may do. Raises
    InvalidToken."""
    if claims.get("token_use", use) != use:
        raise InvalidToken(f"the token is not an {use} token")


def scopes_granted(claims: Mapping[str, Any], wanted: Sequence[str]) -> tuple[str, ...]:
    """Those of the wanted ones that the token has, in `scope` or `scp`."""
    told = claims.get("scope", claims.get("scp", ""))
    has = told.split() if isinstance(told, str) else told if isinstance(told, list) else []
    return tuple(scope for scope in wanted if scope in has)


def claims_as_texts(claims: Mapping[str, Any]) -> dict[str, str]:
    """As events carry them."""
    return {name: _text(value) for name, value in claims.items()}


def challenge(scopes: Sequence[str], error: str, description: str) -> str:
    """What the header www-authenticate says."""
    told = _NO_DESCRIPTION.sub("?", description)
    return f'Bearer scope="{" ".join(scopes)}" error="{error}" error_description="{told}"'


def _signed_claims(token: str, keys: KeySet) -> Mapping[str, Any]:
    from joserfc import jws, jwt
    from joserfc.errors import JoseError

    try:
        header = jws.extract_compact(token.encode()).headers()
        if header.get("alg") not in ALGORITHMS:
            raise InvalidToken(f"signing method {header.get('alg')} is invalid")
        if not any(key.kid == header.get("kid") for key in keys.keys) or "kid" not in header:
            raise InvalidToken("unable to find a signing key that matches the token")
        return jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError) as error:
        if isinstance(error, InvalidToken):
            raise
        is_forged = type(error).__name__ == "BadSignatureError"
        raise InvalidToken("invalid signature" if is_forged else "the token is malformed") from None


def _number(claims: Mapping[str, Any], name: str, *, required: bool = False) -> float:
    value = claims.get(name)
    if value is None and not required:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken(f"the token does not have a valid {name}")
    return float(value)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(_text(each) for each in value)}]"
    return json.dumps(value, separators=(",", ":"))
