"""Which requests are for a function behind HTTP, and not for the service itself: by Host, or by path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from lambdacli.wire.http import Handler, Request

_HOST = re.compile(
    r"[a-z0-9-]+\.(?P<domain>[a-z0-9-]+)\.[a-z0-9-]+\.localhost\.?(?::[0-9]{0,5})?", re.IGNORECASE
)
_PATHS = "/_"


class Fronts:
    """Each has a domain (`<id>.<domain>.<region>.localhost`) and a first segment of paths (`/_url/<id>/`) for
    clients that cannot resolve such a name. Host comes first: a request to a front's own name, whatever its
    path, never reaches the service's own API."""

    def __init__(self, by_domain: Mapping[str, Handler], by_path: Mapping[str, Handler]) -> None:
        self._by_domain = by_domain
        self._by_path = by_path

    def of(self, request: Request) -> Handler | None:
        """Asked for every request, so it is cheap for those that are for no front. Nobody comes to one by the
        unix socket: what is said there is believed."""
        if request.peer.is_unix:
            return None
        domain = _domain_of(request.headers.get("host", ""))
        if domain in self._by_domain:
            return self._by_domain[domain]
        if not request.path.startswith(_PATHS):
            return None
        return self._by_path.get(request.path.split("/", 2)[1])


@lru_cache(maxsize=256)
def _domain_of(host: str) -> str:
    match = _HOST.fullmatch(host)
    return "" if match is None else match["domain"].lower()
