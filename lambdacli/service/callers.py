"""Whom a request comes from: by its signature where signatures are checked, else as it says of itself."""

from __future__ import annotations

from lambdacli.project.keys import KeysFile
from lambdacli.service.authentication import Authenticator, Known
from lambdacli.service.door import caller_of
from lambdacli.service.preferences import Preferences
from lambdacli.service.sessions import Sessions, account_of_access_key
from lambdacli.wire.http import Request


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

    def of(self, request: Request, service: str = "lambda") -> Known:
        """Account and region as the signature names them. Who can use the socket is the owner."""
        if self._authenticator is not None and not request.peer.is_unix:
            return self._authenticator.authenticate(request, service)
        said, told = caller_of(request), self._preferences.of_requests()
        account = account_of_access_key(said.access_key) or told.account
        return Known(None, account, said.region or told.region)
