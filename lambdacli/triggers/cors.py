"""What a browser is told of requests from other pages: preflights and the headers of answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lambdacli.model.function_url import Cors
from lambdacli.triggers.http_request import Header, HttpAnswer

_EVERYTHING = "*"
_OURS = "access-control-"


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """The question that a browser asks by itself, before the request. Names of headers in small letters."""
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def answer_preflight(cors: Cors, headers: Mapping[str, str], status: int = 200) -> HttpAnswer:
    """Says nothing of CORS to a page that is not allowed: its browser then stays away."""
    allowed = _allowed(cors, headers)
    if not allowed:
        return HttpAnswer(status, [("Vary", "Origin")])
    told = [
        ("Access-Control-Allow-Methods", _listed(cors, cors.allow_methods, headers, "method")),
        ("Access-Control-Allow-Headers", _listed(cors, cors.allow_headers, headers, "headers")),
        ("Access-Control-Max-Age", None if cors.max_age_seconds is None else str(cors.max_age_seconds)),
    ]
    return HttpAnswer(status, [*allowed, *((name, value) for name, value in told if value)])


def with_cors(cors: Cors, headers: Mapping[str, str], answered: Sequence[Header]) -> Sequence[Header]:
    """An answer's headers with those that the configuration adds; it wins over what the function says."""
    if "origin" not in headers:
        return answered
    kept = [field for field in answered if not field[0].lower().startswith(_OURS)]
    exposed = ", ".join(cors.expose_headers or ())
    return [
        *kept,
        *(_allowed(cors, headers) or [("Vary", "Origin")]),
        *([("Access-Control-Expose-Headers", exposed)] if exposed else []),
    ]


def _allowed(cors: Cors, headers: Mapping[str, str]) -> list[Header]:
    """None of them when this page is not allowed. To a page that sends credentials `*` would say nothing, so
    it is named."""
    origin, origins = headers["origin"], cors.allow_origins or ()
    if origin not in origins and _EVERYTHING not in origins:
        return []
    if cors.allow_credentials:
        return [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Credentials", "true"),
            ("Vary", "Origin"),
        ]
    if origin not in origins:
        return [("Access-Control-Allow-Origin", _EVERYTHING)]
    return [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]


def _listed(cors: Cors, values: Sequence[str] | None, headers: Mapping[str, str], asked: str) -> str | None:
    """Under credentials a `*` stands for itself to the browser: what it asks for is told instead."""
    if values and _EVERYTHING in values:
        return headers.get(f"access-control-request-{asked}") if cors.allow_credentials else _EVERYTHING
    return ", ".join(values) if values else None
