"""Which function URLs there are, how they are told, and which of them a request is for."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function_url import FunctionUrl, domain_name, url_of
from lambdacli.model.record import record
from lambdacli.store.kinds import FUNCTION_URL
from lambdacli.store.settings import SettingStore
from lambdacli.wire.messages import Request

DOMAIN = "lambda-url"
"""`<id>.lambda-url.<region>.localhost`"""
PATH = "_url"
"""`/_url/<id>/…`, for clients that cannot resolve the name."""

_OWN_HOST = re.compile(
    rf"(?P<id>[^.]+)\.{DOMAIN}\.(?P<region>[^.]+)\.localhost\.?(?::[0-9]*)?", re.IGNORECASE
)


@record
class Address:
    """What a request says of the URL that it is for."""

    url_id: str
    region: str | None
    """None: it came by the path."""
    path: str


@record
class UrlShown:
    """One URL as people are told of it."""

    function: FunctionKey
    qualifier: str | None
    url: str
    auth_type: str


@record
class Site:
    """Where a URL leads."""

    key: FunctionKey
    qualifier: str | None
    url: FunctionUrl
    arn: str
    domain_name: str


class UrlSites:
    """Remembered until `forget`."""

    def __init__(self, settings: SettingStore, endpoint: Callable[[], str]) -> None:
        self._settings = settings
        self._endpoint = endpoint
        self._known: dict[str, Site] | None = None

    def forget(self) -> None:
        """A URL, or what one leads to, may have changed."""
        self._known = None

    def at(self, address: Address) -> Site | None:
        site = self._all().get(address.url_id)
        if site is None or address.region not in (None, site.key.region):
            return None
        return site

    def shown(self) -> list[UrlShown]:
        """In the order of what they lead to."""
        endpoint = self._endpoint()
        return [
            UrlShown(
                site.key,
                site.qualifier,
                url_of(site.url.url_id, site.key.region, endpoint),
                site.url.auth_type,
            )
            for site in self._all().values()
        ]

    def _all(self) -> dict[str, Site]:
        if self._known is None:
            self._known = {
                url.url_id: _site_of(key, qualifier or None, url)
                for key, qualifier, url in self._settings.all(FUNCTION_URL)
            }
        return self._known


def address_of(request: Request) -> Address:
    """Of a request that names a function URL, as Host or as the beginning of its path."""
    match = _own_host(request.headers.get("host", ""))
    if match is not None:
        return Address(*match, request.path)
    url_id, _, within = request.path.removeprefix(f"/{PATH}").removeprefix("/").partition("/")
    return Address(url_id, None, f"/{within}")


@lru_cache(maxsize=256)
def _own_host(host: str) -> tuple[str, str] | None:
    match = _OWN_HOST.fullmatch(host)
    return None if match is None else (match["id"].lower(), match["region"].lower())


def _site_of(key: FunctionKey, qualifier: str | None, url: FunctionUrl) -> Site:
    return Site(key, qualifier, url, key.qualified_arn(qualifier), domain_name(url.url_id, key.region))
