"""Versions and aliases of functions, over the Lambda API."""

from __future__ import annotations

from lambdacli.client import http, local
from lambdacli.client.local import Endpoint, Json


def publish(endpoint: Endpoint, function: str, description: str | None) -> Json:
    path = local.function_path(function, "/versions")
    return local.api_call(endpoint, "POST", path, given(Description=description))


def list_versions(endpoint: Endpoint, function: str) -> Json:
    """ListVersionsByFunction, all pages joined."""
    return {"Versions": local.all_pages(endpoint, local.function_path(function, "/versions"), "Versions")}


def create_alias(endpoint: Endpoint, function: str, members: Json) -> Json:
    return local.api_call(endpoint, "POST", local.function_path(function, "/aliases"), members)


def get_alias(endpoint: Endpoint, function: str, alias: str) -> Json:
    return local.api_call(endpoint, "GET", _alias(function, alias))


def update_alias(endpoint: Endpoint, function: str, alias: str, members: Json) -> Json:
    return local.api_call(endpoint, "PUT", _alias(function, alias), members)


def list_aliases(endpoint: Endpoint, function: str) -> Json:
    """ListAliases, all pages joined."""
    return {"Aliases": local.all_pages(endpoint, local.function_path(function, "/aliases"), "Aliases")}


def delete_alias(endpoint: Endpoint, function: str, alias: str) -> None:
    local.api_call(endpoint, "DELETE", _alias(function, alias))


def given(**members: object) -> Json:
    """Those that have a value."""
    return {name: value for name, value in members.items() if value is not None}


def _alias(function: str, alias: str) -> str:
    return local.function_path(function, f"/aliases/{http.escape(alias)}")
