"""Who may come in over TCP: whoever may, can run code as the developer. Pure, but for `refuse_connection`."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from lambdacli.model.record import record
from lambdacli.service.neighbour_requests import is_presigned_by_version_2, unsigned_service
from lambdacli.wire.http import Peer, Request, Response
from lambdacli.wire.peers import owner_of

_ROOT_UID = 0

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{0,5})?")
_WEB_PAGES = frozenset({"cross-site", "same-site", "same-origin"})
"""What a browser says of a request that some page makes. A page of the very same origin is a function's too:
the API has none."""
_OWN_ROUTES = "/_lam/"

_CREDENTIAL = re.compile(r"\bCredential=([^,\s]+)")
_REGION = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    anonymous: bool = False
    """Calls without an Authorization header are let in."""
    allow_other_users: bool = False
    uid: int
    """The user whose service this is."""
    environment_uids: range | None = None
    """The users that functions are, where they are not the same one."""


@record
class Caller:
    """What the caller says of himself in his signature, which nobody has checked."""

    access_key: str | None = None
    region: str | None = None
    service: str | None = None


def refuse_connection(peer: Peer, settings: DoorSettings) -> Response | None:
    """The part of `refuse` that holds for a whole connection: one question to the kernel instead of one per
    request, and nothing that a stranger sends is even parsed. For HttpServer's `accept`."""
    if peer.is_unix or settings.allow_other_users:
        return None
    if peer.local is None or peer.remote is None:
        return _denied("The connection was closed before its owner could be found.")
    try:
        owner = owner_of(peer.local, peer.remote)
    except OSError:
        return _denied("The owner of the connection could not be found.")
    return _refuse_user(settings, owner)


def refuse(request: Request, settings: DoorSettings, peer_uid: int | None) -> Response | None:
    """None lets the request in. `peer_uid` is None where it cannot be known, or where the connection was
    judged already by `refuse_connection`."""
    if request.peer.is_unix:
        return None  # the socket's own mode decides: 0600 in a folder of mode 0700
    return (
        _refuse_host(request)
        or _refuse_web_page(request)
        or _refuse_user(settings, peer_uid)
        or _refuse_own_route(request)
        or _refuse_unsigned(request, settings)
    )


def refuse_at_front(request: Request) -> Response | None:
    """The part of `refuse` that holds where functions are called by HTTP: pages may come, and signing is the
    front's own matter. A page that points a name of its own at this machine still may not."""
    return _refuse_host(request)


def caller_of(request: Request) -> Caller:
    """Reads the credential scope of a signature, in the header or in a presigned query; takes anything."""
    header = request.headers.get("authorization")
    if header is not None:
        return _caller_in_header(header)
    if is_presigned_by_version_2(request.query):
        return Caller(dict(parse_qsl(request.query)).get("AWSAccessKeyId"))
    if "X-Amz-Credential" not in request.query:
        return Caller()
    query = dict(parse_qsl(request.query))
    return _caller_in_scope(query.get("X-Amz-Algorithm", ""), query.get("X-Amz-Credential", ""))


def _caller_in_header(header: str) -> Caller:
    """The signature differs with every request; the credential before it does not."""
    if header.startswith("AWS "):
        return Caller(header[4:].partition(":")[0] or None)  # version 2, which only S3 still takes
    found = _CREDENTIAL.search(header)
    return _caller_in_scope(header.partition(" ")[0], found[1] if found else "")


def _refuse_host(request: Request) -> Response | None:
    """A web page may point a name of its own at 127.0.0.1 (DNS rebinding); the Host header still tells."""
    host = request.headers.get("host")
    if host is None:
        if request.http_version == "1.0":
            return None  # no browser speaks it
        return _refusal(400, "InvalidRequestException", "The request has no Host header.")
    if _is_loopback(host):
        return None
    return _denied(
        f"The Host header names {host!r}, which is not this machine's loopback. "
        "Use localhost, a name below .localhost, 127.0.0.1 or [::1] in the endpoint URL."
    )


def _refuse_web_page(request: Request) -> Response | None:
    if "origin" in request.headers or request.headers.get("sec-fetch-site", "").lower() in _WEB_PAGES:
        return _denied(
            "The request comes from a web page, and a web page may not run code on this machine. "
            "Call the service from a program: a request without Origin and Sec-Fetch-Site headers."
        )
    return None


def _refuse_user(settings: DoorSettings, peer_uid: int | None) -> Response | None:
    if peer_uid is None or settings.allow_other_users or peer_uid in (settings.uid, _ROOT_UID):
        return None
    if settings.environment_uids is not None and peer_uid in settings.environment_uids:
        return None
    return _denied(
        "The service belongs to another user of this machine. "
        "Start one of your own, or let its owner start it with `lam start --allow-other-users`."
    )


def _refuse_own_route(request: Request) -> Response | None:
    if not request.path.startswith(_OWN_ROUTES):
        return None
    return _refusal(
        404,
        "UnknownOperationException",
        f"Routes below {_OWN_ROUTES} answer on the service's unix socket only; `lam status` names it.",
    )


def _refuse_unsigned(request: Request, settings: DoorSettings) -> Response | None:
    if settings.anonymous or request.headers.get("authorization") or _is_presigned(request.query):
        return None
    if unsigned_service(request) is not None:
        return None  # on AWS too, nobody signs these
    return _refusal(
        403,
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
        hint="Any credentials will do, for example AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test; "
        "`lam start --anonymous` lets unsigned requests in. With `--auth` only a key of its file will do. "
        "APIs and function URLs have addresses of their own: `lam status` lists them.",
    )


def _is_presigned(query: str) -> bool:
    if not query:
        return False
    return is_presigned_by_version_2(query) or any(
        pair.startswith(("X-Amz-Signature=", "X-Amz-Credential=")) for pair in query.split("&") if pair
    )


@lru_cache(maxsize=256)
def _is_loopback(host: str) -> bool:
    parts = _HOST.fullmatch(host)
    if parts is None:
        return False
    name = parts["name"].lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return address.is_loopback


@lru_cache(maxsize=256)
def _caller_in_scope(algorithm: str, credential: str) -> Caller:
    # From the right: an access key is whatever the developer typed, a slash included.
    if algorithm == "AWS4-HMAC-SHA256":
        access_key, *scope = credential.rsplit("/", 4)  # date, region, service, "aws4_request"
        if len(scope) != 4:
            return Caller(access_key or None)
        region = scope[1] if _REGION.fullmatch(scope[1]) else None
        return Caller(access_key or None, region, scope[2])
    if algorithm == "AWS4-ECDSA-P256-SHA256":
        access_key, *scope = credential.rsplit("/", 3)  # date, service, "aws4_request": for any region
        return Caller(access_key or None, None, scope[1] if len(scope) == 3 else None)
    return Caller()


def _denied(message: str) -> Response:
    return _refusal(403, "AccessDeniedException", message)


def _refusal(status: int, error: str, message: str, **further: str) -> Response:
    return Response(
        status,
        {"Content-Type": "application/json", "x-amzn-ErrorType": error},
        json.dumps({"message": message, **further}).encode(),
    )
