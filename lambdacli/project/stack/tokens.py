"""Authorizers of a template that check tokens by themselves: any issuer's, and those of Cognito's pools."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lambdacli.model.http_apis import Authorizer, AuthorizerKind
from lambdacli.project.stack.around import Around
from lambdacli.project.stack.values import Values, text_of

_HEADER = "$request.header.Authorization"
_POOL = re.compile(r"arn:[a-z-]+:cognito-idp:([a-z0-9-]+):[0-9]*:userpool/(.+)")


def jwt_authorizer(name: str, told: Values, identity: tuple[str, ...], around: Around) -> Authorizer:
    """SAM writes the members of `JwtConfiguration` small, API Gateway with capitals."""
    configuration = told.below("JwtConfiguration")
    given: Mapping[str, object] = {} if configuration is None else configuration.values
    members = {key.lower(): value for key, value in given.items()}
    audience = members.get("audience") or ()
    named = audience if isinstance(audience, list | tuple) else [audience]
    issuer = text_of(members.get("issuer")) or ""
    if not issuer:
        told.complain("JwtConfiguration", "has no issuer", "for example `issuer: https://login.example.com`")
    return _told(
        Authorizer(
            name,
            AuthorizerKind.JWT,
            identity=identity or (_HEADER,),
            issuer=issuer,
            audiences=tuple(text for each in named if (text := text_of(each)) is not None),
            keys=around.keys_of(issuer),
        ),
        told,
    )


def pool_authorizer(
    name: str, told: Values, pools: tuple[str, ...], identity: tuple[str, ...], around: Around
) -> Authorizer | None:
    """One that has no pool is complained of."""
    issuers = [issuer for issuer in map(issuer_of_pool, pools) if issuer is not None]
    if not issuers:
        told.complain("", "names no user pool", "arn:aws:cognito-idp:REGION:ACCOUNT:userpool/ID")
        return None
    if len(issuers) > 1:
        told.ignored("", f"of several pools only the first counts: {issuers[0]}")
    issuer = issuers[0]
    return _told(
        Authorizer(
            name,
            AuthorizerKind.USER_POOL,
            identity=identity or (_HEADER,),
            issuer=issuer,
            keys=around.keys_of(issuer),
        ),
        told,
    )


def issuer_of_pool(arn: str) -> str | None:
    named = _POOL.fullmatch(arn)
    return None if named is None else f"https://cognito-idp.{named[1]}.amazonaws.com/{named[2]}"


def _told(authorizer: Authorizer, told: Values) -> Authorizer:
    if authorizer.keys is not None:
        told.used("", f"tokens of {authorizer.issuer} are checked by {authorizer.keys.name}")
    elif authorizer.issuer:
        told.ignored(
            "", f"nobody comes in: name the key set of {authorizer.issuer} in lam.yaml, below jwt_keys"
        )
    return authorizer
