"""Resource policies of functions, versions and aliases, over the Lambda API."""

from __future__ import annotations

from lambdacli.client import http, local
from lambdacli.client.local import Endpoint, Json


def get_policy(endpoint: Endpoint, function: str, qualifier: str | None = None) -> Json:
    return local.api_call(endpoint, "GET", local.function_path(function, "/policy", qualifier))


def add(endpoint: Endpoint, function: str, members: Json, qualifier: str | None = None) -> Json:
    """`members` are those of AddPermission's body."""
    return local.api_call(endpoint, "POST", local.function_path(function, "/policy", qualifier), members)


def remove(endpoint: Endpoint, function: str, statement_id: str, qualifier: str | None = None) -> None:
    statement = f"/policy/{http.escape(statement_id)}"
    local.api_call(endpoint, "DELETE", local.function_path(function, statement, qualifier))
