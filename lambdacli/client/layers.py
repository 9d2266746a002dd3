"""Layers, over the Lambda API."""

from __future__ import annotations

from lambdacli.client import http, local
from lambdacli.client.local import Endpoint, Json

_LAYERS = "/2018-10-31/layers"


def publish_version(endpoint: Endpoint, name: str, members: Json) -> Json:
    return local.api_call(endpoint, "POST", f"{_LAYERS}/{http.escape(name)}/versions", members)


def list_all(endpoint: Endpoint) -> Json:
    """ListLayers, all pages joined."""
    return {"Layers": local.all_pages(endpoint, _LAYERS, "Layers")}


def list_versions(endpoint: Endpoint, name: str) -> Json:
    """ListLayerVersions, all pages joined."""
    path = f"{_LAYERS}/{http.escape(name)}/versions"
    return {"LayerVersions": local.all_pages(endpoint, path, "LayerVersions")}


def get_version(endpoint: Endpoint, name: str, number: int) -> Json:
    return local.api_call(endpoint, "GET", _version(name, number))


def delete_version(endpoint: Endpoint, name: str, number: int) -> None:
    local.api_call(endpoint, "DELETE", _version(name, number))


def get_version_policy(endpoint: Endpoint, name: str, number: int) -> Json:
    return local.api_call(endpoint, "GET", f"{_version(name, number)}/policy")


def add_version_permission(endpoint: Endpoint, name: str, number: int, members: Json) -> Json:
    return local.api_call(endpoint, "POST", f"{_version(name, number)}/policy", members)


def remove_version_permission(endpoint: Endpoint, name: str, number: int, statement_id: str) -> None:
    local.api_call(endpoint, "DELETE", f"{_version(name, number)}/policy/{http.escape(statement_id)}")


def _version(name: str, number: int) -> str:
    return f"{_LAYERS}/{http.escape(name)}/versions/{number}"
