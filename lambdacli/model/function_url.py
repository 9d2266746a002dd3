"""A function's own URL: who may call it, from which web pages, and where it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Cors:
    """What browsers are told. None: not set."""

    allow_credentials: bool | None = None
    allow_headers: tuple[str, ...] | None = None
    allow_methods: tuple[str, ...] | None = None
    allow_origins: tuple[str, ...] | None = None
    expose_headers: tuple[str, ...] | None = None
    max_age_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """Of a function or an alias; never of a version."""

    url_id: str
    """Stays the same for as long as there is the URL."""
    auth_type: str
    created: datetime
    last_modified: datetime
    invoke_mode: str = "BUFFERED"
    cors: Cors | None = None


def url_of(url_id: str, region: str, endpoint: str) -> str:
    """Names below `localhost` lead to this machine; the port is that of the service."""
    return f"http://{url_id}.lambda-url.{region}.localhost:{urlsplit(endpoint).port}/"
