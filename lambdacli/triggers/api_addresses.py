"""Which API a request is for, by its Host or by the beginning of its path. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from lambdacli.model.http_apis import DEFAULT_API, ApiKind, HttpApi, Route
from lambdacli.model.record import record

CONNECTIONS = ("/@connections/", "/%40connections/")
"""How the path of a request about a client begins: behind an API's stage, or behind nothing, for the id of a
connection tells its API."""

API_DOMAIN = "execute-api"
ALB_DOMAIN = "elb"
API_PATH = "_api"
ALB_PATH = "_alb"

_OWN_HOST = re.compile(
    rf"(?P<name>[^.]+)\.(?P<domain>{API_DOMAIN}|{ALB_DOMAIN})\.(?P<region>[^.]+)\.localhost\.?(?::[0-9]*)?",
    re.IGNORECASE,
)


@record
class Address:
    name: str
    is_balancer: bool
    path: str
    region: str | None = None
    """None: it came by the path."""
    path_with_name: str = ""
    """Of one that came by the path: with what stands in the place of a name."""


def address_of(host: str, path: str) -> Address:
    """Of a request that names an API by either of them. Host comes first."""
    named = _own_host(host)
    if named is not None:
        name, is_balancer, region = named
        return Address(name, is_balancer, path, region)
    _, prefix, *rest = path.split("/", 2)
    named_path = f"/{rest[0]}" if rest else "/"
    name, _, within = named_path[1:].partition("/")
    return Address(name, prefix == ALB_PATH, f"/{within}", path_with_name=named_path)


def api_at(apis: Mapping[str, HttpApi], address: Address, region: str) -> tuple[HttpApi, str] | None:
    """The API, and the path that it sees. In the path form, the default API needs no name."""
    if address.region not in (None, region):
        return None
    api = apis.get(address.name) if address.region is not None else api_called(apis, address.name)
    if api is not None and (api.kind is ApiKind.ALB) == address.is_balancer:
        return api, address.path
    default = apis.get(DEFAULT_API)
    if default is None or address.region is not None or (default.kind is ApiKind.ALB) != address.is_balancer:
        return None
    return default, address.path_with_name


def api_called(apis: Mapping[str, HttpApi], name: str) -> HttpApi | None:
    """In the path form, where APIs may have further names. What several are called is none."""
    if name in apis:
        return apis[name]
    found = [api for api in apis.values() if name in api.other_names]
    return found[0] if len(found) == 1 else None


def shown_name(api: HttpApi, apis: Mapping[str, HttpApi]) -> str:
    """The one that says most to a person, and leads there; an own name is made of the logical id."""
    nicer = api.other_names[:1]
    is_nicer = any(api_called(apis, name) is api and not _is_spelling(name, api.name) for name in nicer)
    return nicer[0] if is_nicer else api.name


def _is_spelling(name: str, of: str) -> bool:
    return re.sub(r"[^a-z0-9-]", "", name.lower()) == of


def path_of(api: HttpApi, route: Route, apis: Mapping[str, HttpApi]) -> str:
    """The path form of a route, as short as it can be: the default API's name is left out where what follows
    is no API's."""
    path = "/" if route.key.is_default else route.key.path
    if api.kind is ApiKind.WEBSOCKET:
        path = ""  # messages choose their route
    short = f"{api.stage_prefix}{path}"
    is_clear = api_called(apis, short[1:].partition("/")[0]) is None
    if api.name == DEFAULT_API and is_clear:
        return f"/{ALB_PATH if api.kind is ApiKind.ALB else API_PATH}{short}"
    return f"{replace(api, name=shown_name(api, apis)).path_prefix}{path}"


@lru_cache(maxsize=256)
def _own_host(host: str) -> tuple[str, bool, str] | None:
    match = _OWN_HOST.fullmatch(host)
    if match is None:
        return None
    return match["name"].lower(), match["domain"].lower() == ALB_DOMAIN, match["region"].lower()
