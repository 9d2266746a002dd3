"""Who calls, and whether a policy's principals name them. Pure."""

from __future__ import annotations

import re
from enum import Enum

from lambdacli.model.record import record

AWS, SERVICE, FEDERATED, CANONICAL_USER, EVERYONE = "AWS", "Service", "Federated", "CanonicalUser", "*"

_ACCOUNT = re.compile(r"[0-9]{12}")
_PRINCIPAL_ARN = re.compile(
    r"arn:(?P<partition>aws[a-zA-Z-]*):(?P<service>iam|sts)::(?P<account>[0-9]{12}):"
    r"(?P<kind>root|user|role|assumed-role|federated-user)(?:/(?P<name>[A-Za-z0-9_+=,.@/-]+))?"
)
_KINDS_OF_SERVICE = {"iam": {"root", "user", "role"}, "sts": {"assumed-role", "federated-user"}}
_SERVICE_NAME = re.compile(r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:amazonaws\.com(?:\.cn)?|amazon\.com)")
_REGIONAL_SERVICE = re.compile(r"([a-z0-9-]+)\.[a-z]{2,4}(?:-[a-z]+)+-\d\.(amazonaws\.com(?:\.cn)?)")


class CallerKind(Enum):
    """The value is what the key aws:PrincipalType says, where it says anything."""

    ROOT = "Account"
    USER = "User"
    ROLE = "Role"
    SESSION = "AssumedRole"
    FEDERATED_USER = "FederatedUser"
    ANONYMOUS = "Anonymous"
    SERVICE = "Service"
    FEDERATED = "Federated"
    CANONICAL_USER = "CanonicalUser"


HAS_IDENTITY_POLICIES = frozenset(
    {CallerKind.ROOT, CallerKind.USER, CallerKind.ROLE, CallerKind.SESSION, CallerKind.FEDERATED_USER}
)

HAS_PRINCIPAL_TYPE = HAS_IDENTITY_POLICIES - {CallerKind.ROLE} | {CallerKind.ANONYMOUS}


@record
class Caller:
    """Who asks: an ARN, a service's name, an identity provider, a canonical user id, or nobody known."""

    kind: CallerKind
    name: str
    account: str | None = None
    role_arn: str | None = None
    """Of a session: the role's own ARN. The session's ARN does not tell the role's path."""

    @property
    def account_arn(self) -> str | None:
        partition = self.name.split(":")[1] if self.name.startswith("arn:") else "aws"
        return None if self.account is None else f"arn:{partition}:iam::{self.account}:root"

    def __str__(self) -> str:
        return self.name


ANONYMOUS = Caller(CallerKind.ANONYMOUS, "anonymous")
"""A request without a signature, as a function URL with auth type NONE takes it."""


@record
class PrincipalName:
    """One entry of a Principal element: its type, as the policy writes it, and the name."""

    kind: str
    name: str

    @property
    def is_everyone(self) -> bool:
        return self.kind == EVERYONE or (self.kind == AWS and self.name == EVERYONE)

    def __str__(self) -> str:
        return "everyone" if self.is_everyone else f"{self.kind} {self.name}"


@record
class PrincipalMatch:
    """Whether an entry covers a caller, and whether it grants by itself.

    Naming the caller's whole account only hands the decision to that account: in the same account, an
    identity policy has to allow as well."""

    covers: bool
    grants_directly: bool = False
    by: PrincipalName | None = None


def service_caller(name: str) -> Caller:
    return Caller(CallerKind.SERVICE, name)


def caller_from_arn(arn: str, role_arn: str | None = None) -> Caller:
    """The caller of an IAM or STS ARN; for a session of a role with a path, give the role's ARN too."""
    match = _principal_arn(arn)
    if match is None:
        raise ValueError(f"{arn} is not the ARN of an account's root, a user, a role or a session")
    kind = {
        "root": CallerKind.ROOT,
        "user": CallerKind.USER,
        "role": CallerKind.ROLE,
        "assumed-role": CallerKind.SESSION,
        "federated-user": CallerKind.FEDERATED_USER,
    }[match["kind"]]
    if kind is CallerKind.SESSION and role_arn is None:
        role_name = match["name"].split("/")[0]
        role_arn = f"arn:{match['partition']}:iam::{match['account']}:role/{role_name}"
    return Caller(kind, arn, match["account"], role_arn)


def is_account(text: str) -> bool:
    return _ACCOUNT.fullmatch(text) is not None


def is_principal_arn(text: str) -> bool:
    return _principal_arn(text) is not None


def is_service_name(text: str) -> bool:
    return _SERVICE_NAME.fullmatch(text) is not None


def match_principal(entry: PrincipalName, caller: Caller) -> PrincipalMatch:
    """Whether one entry of a Principal element covers the caller."""
    if entry.is_everyone:
        return PrincipalMatch(True, True, entry)
    if entry.kind == AWS:
        return _match_aws(entry, caller)
    kinds = {
        SERVICE: CallerKind.SERVICE,
        FEDERATED: CallerKind.FEDERATED,
        CANONICAL_USER: CallerKind.CANONICAL_USER,
    }
    if caller.kind is not kinds.get(entry.kind):
        return PrincipalMatch(False)
    is_named = entry.name in (EVERYONE, caller.name)
    if entry.kind == SERVICE and not is_named:
        is_named = _is_same_service(entry.name, caller.name)
    return PrincipalMatch(is_named, is_named, entry if is_named else None)


def _match_aws(entry: PrincipalName, caller: Caller) -> PrincipalMatch:
    if caller.kind not in HAS_IDENTITY_POLICIES:
        return PrincipalMatch(False)
    if entry.name in (caller.name, caller.role_arn):
        return PrincipalMatch(True, True, entry)
    # An account's number is the short form of its root's ARN.
    if entry.name in (caller.account_arn, caller.account):
        return PrincipalMatch(True, caller.kind is CallerKind.ROOT, entry)
    return PrincipalMatch(False)


def _principal_arn(text: str) -> re.Match[str] | None:
    match = _PRINCIPAL_ARN.fullmatch(text)
    if match is None or match["kind"] not in _KINDS_OF_SERVICE[match["service"]]:
        return None
    if (match["kind"] == "root") != (match["name"] is None):
        return None
    if match["kind"] == "assumed-role" and "/" not in match["name"]:
        return None
    return match


def _is_same_service(one: str, other: str) -> bool:
    """A service's name in a region and the one without are the same service; two regions are not."""
    stems = {_REGIONAL_SERVICE.sub(r"\1.\2", name) for name in (one, other)}
    return len(stems) == 1 and not stems.isdisjoint({one, other})
