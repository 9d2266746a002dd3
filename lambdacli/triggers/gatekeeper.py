"""Asks a route's authorizer: its function, its memory, or the token itself."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lambdacli.model.clock import Clock
from lambdacli.model.http_apis import TOKEN_CHECKS, Authorizer, AuthorizerKind
from lambdacli.model.outcome import Outcome
from lambdacli.triggers import jwt
from lambdacli.triggers.api_call import ApiCall, Authorization
from lambdacli.triggers.api_refusals import Fault
from lambdacli.triggers.authorizers import (
    Grant,
    Grants,
    Refusal,
    authorizer_event,
    identity_of,
    judge,
    read_answer,
)
from lambdacli.triggers.payload_v2 import UnusableAnswer, encode

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

logger = logging.getLogger("lam.http")

Ask = Callable[[str, bytes, float | None], Awaitable[Outcome]]
"""Invokes a function of this name with this event."""

_NO_KEYS = "its keys are not here; name the file with the key set in lam.yaml, `jwt_keys: {{{}: jwks.json}}`"
_FAULTS = {
    Refusal.UNAUTHORIZED: Fault.UNAUTHORIZED,
    Refusal.DENIED: Fault.DENIED,
    Refusal.EXPLICITLY_DENIED: Fault.EXPLICITLY_DENIED,
    Refusal.FAILED: Fault.AUTHORIZER_FAILED,
}


class Refused(Exception):
    """The function is not called."""

    def __init__(self, fault: Fault, challenge: str | None = None) -> None:
        super().__init__(fault)
        self.fault = fault
        self.challenge = challenge
        """What the header www-authenticate says."""


class Gatekeeper:
    def __init__(self, ask: Ask, clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._grants = Grants(clock)
        self._keys: dict[Path, tuple[object, KeySet]] = {}

    def forget(self) -> None:
        """Authorizers may be others now."""
        self._grants.forget()

    async def authorize(self, authorizer: Authorizer, call: ApiCall) -> Authorization:
        """Raises Refused."""
        if authorizer.kind in TOKEN_CHECKS:
            return await self._by_token(authorizer, call)
        identity = identity_of(authorizer, call)
        if identity is None:
            raise Refused(Fault.UNAUTHORIZED)
        grant = self._grants.get(call.api.name, authorizer, identity)
        began = time.perf_counter()
        if grant is None:
            grant = await self._answer(authorizer, call, identity)
            self._grants.keep(call.api.name, authorizer, identity, grant)
        verdict = judge(grant, call, authorizer)
        if isinstance(verdict, Refusal):
            raise Refused(_FAULTS[verdict])
        latency_ms = round((time.perf_counter() - began) * 1000)
        return Authorization(verdict.kind, verdict.principal, verdict.context, latency_ms=latency_ms)

    async def _answer(self, authorizer: Authorizer, call: ApiCall, identity: tuple[str, ...]) -> Grant:
        event = encode(authorizer_event(authorizer, call, identity))
        try:
            outcome = await self._ask(authorizer.function, event, call.api.timeout_seconds)
        except (Refused, TimeoutError):
            _tell(authorizer, call, "it could not be asked, or did not answer in time")
            raise Refused(Fault.AUTHORIZER_FAILED) from None
        is_error = outcome.function_error is not None
        try:
            grant = read_answer(authorizer, call.api.kind, outcome.payload, is_error=is_error)
        except UnusableAnswer as unusable:
            _tell(authorizer, call, unusable)
            raise Refused(Fault.AUTHORIZER_FAILED) from None
        if isinstance(grant, Refusal):
            raise Refused(_FAULTS[grant])
        return grant

    async def _by_token(self, authorizer: Authorizer, call: ApiCall) -> Authorization:
        identity = identity_of(authorizer, call)
        if identity is None:
            raise Refused(Fault.UNAUTHORIZED, "Bearer")
        wanted = call.route.scopes
        if authorizer.keys is None:
            _tell(authorizer, call, _NO_KEYS.format(authorizer.issuer))
            raise Refused(Fault.UNAUTHORIZED, jwt.challenge(wanted, "invalid_token", "unable to find a key"))
        try:
            keys = await self._key_set(authorizer)
            claims = jwt.claims_of(jwt.token_in(identity[0]), keys, authorizer, self._clock.now())
            if authorizer.kind is AuthorizerKind.USER_POOL:
                jwt.require_use(claims, "access" if wanted else "id")
        except jwt.InvalidToken as invalid:
            raise Refused(Fault.UNAUTHORIZED, jwt.challenge(wanted, "invalid_token", str(invalid))) from None
        except jwt.UnusableKeys as unusable:
            _tell(authorizer, call, unusable)
            raise Refused(Fault.AUTHORIZER_FAILED) from None
        granted = jwt.scopes_granted(claims, wanted)
        if wanted and not granted:
            if authorizer.kind is AuthorizerKind.USER_POOL:
                raise Refused(Fault.UNAUTHORIZED)
            description = "the token does not have a required scope"
            raise Refused(Fault.DENIED, jwt.challenge(wanted, "insufficient_scope", description))
        return Authorization(authorizer.kind, None, jwt.claims_as_texts(claims), granted or None)

    async def _key_set(self, authorizer: Authorizer) -> KeySet:
        """Read again when the file changed."""
        if not jwt.is_installed():
            raise jwt.UnusableKeys(jwt.NOT_INSTALLED)
        file = authorizer.keys
        assert file is not None, "without one nobody gets this far"
        stamp = _stamp_of(file)
        kept = self._keys.get(file)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        keys = await asyncio.to_thread(jwt.read_keys, file)
        self._keys[file] = stamp, keys
        return keys


def _tell(authorizer: Authorizer, call: ApiCall, reason: object) -> None:
    logger.warning("the authorizer %s of %s let nobody in: %s", authorizer.name, call.api.name, reason)


def _stamp_of(file: Path) -> object:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
