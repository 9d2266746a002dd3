"""Whom a request comes from: by its signature where signatures are checked, else as it says of itself."""

from __future__ import annotations

from lambdacli.model.identity import Identity
from lambdacli.model.principals import Caller, CallerKind
from lambdacli.project.keys import KeysFile
from lambdacli.service.authentication import INVALID_TOKEN, Authenticator, Known
from lambdacli.service.door import caller_of
from lambdacli.service.neighbour_requests import EXECUTE_API, refusal, unsigned_service
from lambdacli.service.preferences import Preferences
from lambdacli.service.sessions import Sessions, account_of_access_key, own_credentials
from lambdacli.triggers.url_access import Signer
from lambdacli.wire.http import Request, Response


class Callers:
    def __init__(self, preferences: Preferences, sessions: Sessions) -> None:
        self._preferences = preferences
        self._sessions = sessions
        self._authenticator: Authenticator | None = None

    def heed_preferences(self) -> None:
        """As flags and lam.yaml say now."""
        told = self._preferences
        authenticator = None
        if told.checks_signatures:
            authenticator = Authenticator(KeysFile(told.keys_file), self._sessions, told.identities)
        self._authenticator = authenticator

    @property
    def are_checked(self) -> bool:
        return self._authenticator is not None

    @property
    def problem(self) -> str | None:
        """Why nobody, or not everybody, can be known."""
        return None if self._authenticator is None else self._authenticator.problem

    def account_of(self, request: Request) -> str | None:
        """Selected by the access key of a request for another service, as it would be for Lambda."""
        access_key = caller_of(request).access_key
        known = None
        if self._authenticator is not None and access_key is not None:
            known = self._authenticator.account_of(access_key)
        return known or account_of_access_key(access_key)

    def refuse_unknown_key(self, request: Request, service: str) -> Response | None:
        """Of a request for another service, whose signature is not checked."""
        if self._authenticator is None or request.peer.is_unix:
            return None
        access_key = caller_of(request).access_key
        if access_key is None and unsigned_service(request) is not None:
            return None
        if access_key is not None and self._is_known(self._authenticator, access_key):
            return None
        return refusal(request, service, 403, "InvalidClientTokenId", INVALID_TOKEN)

    def _is_known(self, authenticator: Authenticator, access_key: str) -> bool:
        is_own = access_key == own_credentials(self._preferences.account).access_key_id
        return is_own or authenticator.account_of(access_key) is not None

    def signer_of(self, request: Request) -> Signer:
        """Of a request to a function's own URL: without `auth` it must be signed, but nothing is checked, and
        it counts as the root user's of the account that its key selects."""
        from lambdacli.service.signatures import read_signature

        access_key = read_signature(request).access_key
        known = self.of(request)
        identity = known.identity
        if identity is None:
            identity = Identity(Caller(CallerKind.ROOT, f"arn:aws:iam::{known.account}:root", known.account))
        return Signer(identity, access_key, known.account)

    def manager_of(self, request: Request) -> Identity | None:
        """Of a request to the clients of a WebSocket API, which must be signed; None where that is not
        checked."""
        if not request.peer.is_unix:
            from lambdacli.service.signatures import read_signature

            read_signature(request, EXECUTE_API)
        return self.of(request, EXECUTE_API).identity

    def of(self, request: Request, service: str = "lambda") -> Known:
        """Account and region as the signature names them. Who can use the socket is the owner."""
        if self._authenticator is not None and not request.peer.is_unix:
            return self._authenticator.authenticate(request, service)
        said, told = caller_of(request), self._preferences.of_requests()
        account = account_of_access_key(said.access_key) or told.account
        return Known(None, account, said.region or told.region)
