"""The credentials that functions get: a session of its role for each, by which its calls are known again."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading

from lambdacli.model.arn import FunctionKey
from lambdacli.model.credentials import Credentials
from lambdacli.model.record import record
from lambdacli.model.role_trust import session_arn

_BEGIN = "ASIALAM"
_ACCOUNT_LENGTH, _RANDOM_LENGTH = 8, 5
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@record
class Session:
    credentials: Credentials
    role_arn: str
    function: FunctionKey

    @property
    def arn(self) -> str:
        return session_arn(self.role_arn, self.function.name)


class Sessions:
    """Made when a function is placed, known until the service ends: so are its environments."""

    def __init__(self) -> None:
        # Placements are built in threads.
        self._lock = threading.Lock()
        self._by_function: dict[tuple[str, FunctionKey], Session] = {}
        self._by_key: dict[str, Session] = {}

    def credentials(self, role_arn: str, function: FunctionKey) -> Credentials:
        with self._lock:
            known = self._by_function.get((role_arn, function))
            if known is None:
                known = Session(self._new_credentials(function.account), role_arn, function)
                self._by_function[role_arn, function] = known
                self._by_key[known.credentials.access_key_id] = known
            return known.credentials

    def of(self, access_key: str) -> Session | None:
        return self._by_key.get(access_key)

    def _new_credentials(self, account: str) -> Credentials:
        """In the form of AWS's, keys of 20 and secrets of 40 characters."""
        while True:
            own = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
            access_key = f"{_BEGIN}{_account_text(account)}{own}"
            if access_key not in self._by_key:
                return Credentials(access_key, secrets.token_urlsafe(30), f"lam-{secrets.token_urlsafe(90)}")


def own_credentials(account: str) -> Credentials:
    """Of the service itself, for the other services of this machine: keys that no cloud knows."""
    return Credentials(f"ASIALAM0{account}", "lam" + "0" * 37, "lam-session-token")


def account_of_access_key(access_key: str | None) -> str | None:
    """The account that a caller's access key selects: a plain account number, or a session key of ours, in
    which it stands, as in AWS's own keys."""
    if access_key is None:
        return None
    if len(access_key) == 12 and access_key.isdigit():
        return access_key
    length = len(_BEGIN) + _ACCOUNT_LENGTH + _RANDOM_LENGTH
    if len(access_key) != length or not access_key.startswith(_BEGIN):
        return None
    try:
        number = int.from_bytes(base64.b32decode(access_key[len(_BEGIN) : len(_BEGIN) + _ACCOUNT_LENGTH]))
    except (binascii.Error, ValueError):
        return None
    account = f"{number:012d}"
    return account if len(account) == 12 else None


def _account_text(account: str) -> str:
    return base64.b32encode(int(account).to_bytes(5)).decode()
