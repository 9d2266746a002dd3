"""AWS's signatures, version 4: read from a request, and computed again by botocore's own signer. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from lambdacli.model.errors import (
    IncompleteSignatureException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
)
from lambdacli.model.record import record
from lambdacli.wire.http import Request

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = timedelta(minutes=5)
LAMBDA = "lambda"
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_MOMENT = "%Y%m%dT%H%M%SZ"
_LONGEST_PRESIGNED_SECONDS = 7 * 24 * 3600

NO_MATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)


@record
class Signature:
    """What a request says of its signature; nothing of it is checked yet."""

    access_key: str
    date: str
    region: str
    signed_headers: tuple[str, ...]
    value: str
    moment: datetime
    service: str = LAMBDA
    """For which it was made."""
    session_token: str | None = None
    valid_for: timedelta | None = None
    """Of a presigned request: how long after its moment it counts."""

    @property
    def moment_text(self) -> str:
        return self.moment.strftime(_MOMENT)


# Reading


def read_signature(request: Request, service: str = LAMBDA) -> Signature:
    """From the Authorization header, or from the query of a presigned request; one for another service is
    refused."""
    header = request.headers.get("authorization")
    if header is not None:
        return _from_header(header, request, service)
    query = dict(_query_pairs(request.query))
    if "X-Amz-Signature" not in query and "X-Amz-Algorithm" not in query:
        raise MissingAuthenticationTokenException("Missing Authentication Token")
    return _from_query(query, service)


def _from_header(header: str, request: Request, service: str) -> Signature:
    algorithm, _, rest = header.strip().partition(" ")
    _require_algorithm(algorithm)
    parts = dict(_parameter(part) for part in rest.split(",") if part.strip())
    moment = request.headers.get("x-amz-date") or request.headers.get("date")
    faults = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not parts.get(name)
    ]
    if moment is None:
        faults.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if moment is None or faults:
        # The signature itself is not repeated.
        raise IncompleteSignatureException(" ".join([*faults, f"Authorization={algorithm}"]))
    access_key, date, region = _scope(parts["Credential"], service)
    return Signature(
        access_key=access_key,
        date=date,
        region=region,
        signed_headers=_header_names(parts["SignedHeaders"]),
        value=parts["Signature"],
        service=service,
        moment=_moment(moment),
        session_token=request.headers.get("x-amz-security-token"),
    )


def _from_query(query: dict[str, str], service: str) -> Signature:
    _require_algorithm(query.get("X-Amz-Algorithm", ""))
    names = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date", "X-Amz-Expires")
    faults = [f"AWS query-string parameters must include '{name}'." for name in names if not query.get(name)]
    if faults:
        raise IncompleteSignatureException(" ".join(faults))
    expires = query["X-Amz-Expires"]
    seconds = int(expires) if expires.isascii() and expires.isdigit() and len(expires) < 10 else -1
    if not 0 < seconds <= _LONGEST_PRESIGNED_SECONDS:
        raise InvalidSignatureException("X-Amz-Expires must be a number of seconds from 1 to 604800")
    access_key, date, region = _scope(query["X-Amz-Credential"], service)
    return Signature(
        access_key=access_key,
        date=date,
        region=region,
        signed_headers=_header_names(query["X-Amz-SignedHeaders"]),
        value=query["X-Amz-Signature"],
        service=service,
        moment=_moment(query["X-Amz-Date"]),
        session_token=query.get("X-Amz-Security-Token"),
        valid_for=timedelta(seconds=seconds),
    )


def _require_algorithm(algorithm: str) -> None:
    if algorithm != ALGORITHM:
        raise IncompleteSignatureException(f"Unsupported AWS 'algorithm': '{algorithm}'.")


def _parameter(part: str) -> tuple[str, str]:
    name, _, value = part.strip().partition("=")
    return name, value


def _scope(credential: str, wanted_service: str) -> tuple[str, str, str]:
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or not parts[0]:
        raise IncompleteSignatureException(
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            f"keyid/date/region/service/term, got '{credential}'"
        )
    access_key, date, region, service, term = parts
    if _REGION.fullmatch(region) is None:
        raise InvalidSignatureException("Credential should be scoped to a valid region.")
    if service != wanted_service:
        raise InvalidSignatureException(
            f"Credential should be scoped to correct service: '{wanted_service}'."
        )
    if term != "aws4_request":
        raise InvalidSignatureException("Credential should be scoped with a valid terminator: 'aws4_request'")
    return access_key, date, region


def _header_names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in text.split(";"))


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        pass
    from email.utils import parsedate_to_datetime  # SDKs write the other form

    try:
        found = parsedate_to_datetime(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise IncompleteSignatureException(
            f"Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ) from None


# Checking


def check_moment(signature: Signature, now: datetime) -> None:
    begin, end = signature.moment - SKEW, signature.moment + (signature.valid_for or SKEW)
    moment, here = signature.moment_text, now.strftime(_MOMENT)
    if now > end and signature.valid_for is not None:
        raise InvalidSignatureException(
            f"Signature expired: {end.strftime(_MOMENT)} is now earlier than {here}"
        )
    if now > end:
        earliest = (now - SKEW).strftime(_MOMENT)
        raise InvalidSignatureException(
            f"Signature expired: {moment} is now earlier than {earliest} ({here} - 5 min.)"
        )
    if now < begin:
        latest = (now + SKEW).strftime(_MOMENT)
        raise InvalidSignatureException(
            f"Signature not yet current: {moment} is still later than {latest} ({here} + 5 min.)"
        )
    if signature.date != moment[:8]:
        raise InvalidSignatureException(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{signature.date}' != '{moment[:8]}', from '{moment}'."
        )


def check_signature(signature: Signature, request: Request, secret: str) -> None:
    if "host" not in signature.signed_headers:
        raise InvalidSignatureException(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        )
    body_hash = hashlib.sha256(request.body).hexdigest()
    # Lambda takes no unsigned payloads, nor signed chunks: what stands there must be the body's own hash.
    is_hash_right = request.headers.get("x-amz-content-sha256", body_hash) == body_hash
    expected = _computed(signature, request, secret)
    is_same = hmac.compare_digest(expected.encode(), signature.value.encode())
    if not (is_same and is_hash_right):
        raise InvalidSignatureException(NO_MATCH)


class _Signer(SigV4Auth):
    """Takes exactly the headers that the caller signed; botocore itself would leave some of them out."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        return request.headers


def _computed(signature: Signature, request: Request, secret: str) -> str:
    signer = _Signer(Credentials(signature.access_key, secret), signature.service, signature.region)
    # Whatever host was called stands in its header.
    path, query = request.path.replace("#", "%23"), _canonical_query(request.query)
    signed = AWSRequest(
        method=request.method,
        url=f"http://localhost{path}" + (f"?{query}" if query else ""),
        headers={name: _value(request, name) for name in signature.signed_headers},
        data=request.body,
    )
    signed.context["timestamp"] = signature.moment_text
    return signer.signature(signer.string_to_sign(signed, signer.canonical_request(signed)), signed)


def _value(request: Request, name: str) -> str:
    text = request.headers.get(name, "")
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _canonical_query(query: str) -> str:
    """Escaped in the one way that is signed, whatever way it came; the signer sorts it."""
    pairs = [pair for pair in _query_pairs(query) if pair[0] != "X-Amz-Signature"]
    return "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)


def _query_pairs(query: str) -> list[tuple[str, str]]:
    # A plus is a plus to the signer, not a blank.
    return parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)
