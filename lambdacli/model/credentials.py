"""The keys that a function's calls are signed with."""

from __future__ import annotations

from lambdacli.model.record import record


@record
class Credentials:
    access_key_id: str
    secret_access_key: str
    session_token: str
