"""A function's own URL: who may call it, from which web pages, and where it is."""

from __future__ import annotations

import hashlib
from datetime import datetime
from urllib.parse import urlsplit

from lambdacli.model.record import record


@record
class Cors:
    """What browsers are told. None: not set."""

    allow_credentials: bool | None = None
    allow_headers: tuple[str, ...] | None = None
    allow_methods: tuple[str, ...] | None = None
    allow_origins: tuple[str, ...] | None = None
    expose_headers: tuple[str, ...] | None = None
    max_age_seconds: int | None = None


@record
class FunctionUrl:
    """Of a function or an alias; never of a version."""

    url_id: str
    """Stays the same for as long as there is the URL."""
    auth_type: str
    created: datetime
    last_modified: datetime
    invoke_mode: str = "BUFFERED"
    cors: Cors | None = None
    is_declared: bool = False
    """In lam.yaml, which also says by it that everybody may call a URL without auth."""


def declared_id(function_arn: str) -> str:
    """Of a URL of lam.yaml: always the same, in the form of AWS's own."""
    return hashlib.sha256(function_arn.encode()).hexdigest()[:32]


def domain_name(url_id: str, region: str) -> str:
    """Names below `localhost` lead to this machine."""
    return f"{url_id}.lambda-url.{region}.localhost"


def url_of(url_id: str, region: str, endpoint: str) -> str:
    """The port is that of the service."""
    return f"http://{domain_name(url_id, region)}:{urlsplit(endpoint).port}/"
