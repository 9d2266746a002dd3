"""With `auth`: whose signature a request carries, by the file of keys or the functions' own sessions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from lambdacli.model.errors import RequestEntityTooLargeException, UnrecognizedClientException
from lambdacli.model.identity import Identities, Identity
from lambdacli.model.limits import CREATE_FUNCTION_REQUEST_BYTES
from lambdacli.model.principals import Caller, caller_from_arn, is_principal_arn
from lambdacli.model.record import record
from lambdacli.project.keys import KeysFile
from lambdacli.service.sessions import Session, Sessions
from lambdacli.wire.http import Request

logger = logging.getLogger("lam.auth")

INVALID_TOKEN = "The security token included in the request is invalid."


@record
class Known:
    """From whom a request comes."""

    identity: Identity | None
    """None where signatures are not checked."""
    account: str
    """In which the caller's names are looked up."""
    region: str


def _real_time() -> datetime:
    return datetime.now(UTC)


class Authenticator:
    """Asked for every request of an API that comes over TCP; raises what AWS answers."""

    def __init__(
        self,
        keys: KeysFile,
        sessions: Sessions,
        identities: Identities,
        now: Callable[[], datetime] = _real_time,
    ) -> None:
        self._keys = keys
        self._sessions = sessions
        self._identities = identities
        self._now = now
        self._told: str | None = None

    @property
    def problem(self) -> str | None:
        """Of the file of keys, as it is now; the keys that it had before still count."""
        self._keys.refresh()
        return self._keys.problem

    def authenticate(self, request: Request, service: str = "lambda") -> Known:
        # Only a service that checks signatures pays for loading the signer.
        from lambdacli.service import signatures

        signature = signatures.read_signature(request, service)
        if request.is_body_too_large:
            # Nothing of its body is left that could be checked.
            raise RequestEntityTooLargeException(
                f"Request must be smaller than {CREATE_FUNCTION_REQUEST_BYTES} bytes"
            )
        found = self._session(signature.access_key) or self._key(signature.access_key)
        if found is None or found.session_token != signature.session_token:
            raise UnrecognizedClientException(INVALID_TOKEN)
        signatures.check_moment(signature, self._now())
        signatures.check_signature(signature, request, found.secret)
        policies = self._identities.policies_of(found.caller)
        context = {} if found.session is None else {"lambda:SourceFunctionArn": found.session.function.arn}
        return Known(Identity(found.caller, policies, context), found.account, signature.region)

    def account_of(self, access_key: str) -> str | None:
        """Of a key that is known; nobody has checked that it is the caller's."""
        session = self._sessions.of(access_key)
        if session is not None:
            return session.function.account
        key = self._key(access_key)
        return None if key is None else key.account

    def _session(self, access_key: str) -> _Credential | None:
        session = self._sessions.of(access_key)
        if session is None or not is_principal_arn(session.arn):
            # A role may be written in forms of which no session can be.
            return None
        caller = caller_from_arn(session.arn, session.role_arn)
        given = session.credentials
        return _Credential(
            given.secret_access_key, given.session_token, caller, session.function.account, session
        )

    def _key(self, access_key: str) -> _Credential | None:
        key = self._keys.get(access_key)
        if self._keys.problem != self._told:
            self._told = self._keys.problem
            if self._told is not None:
                logger.error("%s", self._told)
        if key is None:
            return None
        return _Credential(key.secret, key.session_token, key.caller, key.caller.account or "")


@record
class _Credential:
    secret: str
    session_token: str | None
    caller: Caller
    account: str
    session: Session | None = None
