"""What a project says around a function, beside its code and settings: records, in the API's members."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GivenPolicy = str | Mapping[str, object]
"""A managed policy by name or ARN, a policy document, a statement, or a template's name with its
parameters."""

_NAMESPACE = uuid.UUID("5b1a8a54-6f5e-4b0a-9d0b-3f5f1f6f2a11")
_PREFIX = "lam-"
_LONGEST_ROLE_NAME = 64


@dataclass(frozen=True, slots=True)
class DeclaredEventInvoke:
    """What becomes of asynchronous events; None: as Lambda does it."""

    retries: int | None = None
    maximum_age_seconds: int | None = None
    on_success: str | None = None
    on_failure: str | None = None


@dataclass(frozen=True, slots=True)
class DeclaredPermission:
    """Who may invoke, as AddPermission takes it, without the function."""

    statement_id: str
    members: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeclaredMapping:
    """What a function reads, as CreateEventSourceMapping takes it, without the function and the source."""

    source_arn: str
    members: Mapping[str, Any]


def document_of(policy: GivenPolicy) -> dict[str, object] | None:
    """None for a name, and for a template."""
    if isinstance(policy, str) or not ("Statement" in policy or "Effect" in policy):
        return None
    return dict(policy) if "Statement" in policy else {"Statement": [dict(policy)]}


def statement_id_of(members: Mapping[str, Any]) -> str:
    """The id of a statement that was given none: the same for the same statement, whoever asks."""
    text = json.dumps(members, sort_keys=True)
    return _PREFIX + hashlib.sha256(text.encode()).hexdigest()[:16]


def mapping_id(function_arn: str, source_arn: str) -> str:
    """The UUID of a project's mapping in the project's own service."""
    return str(uuid.uuid5(_NAMESPACE, f"{function_arn} {source_arn}"))


def role_name(function_name: str) -> str:
    """Of the role that is made for a function: a role's name has at most 64 characters."""
    name = f"{function_name}-role"
    if len(name) <= _LONGEST_ROLE_NAME:
        return name
    digest = hashlib.sha256(function_name.encode()).hexdigest()[:8]
    return f"{function_name[:50]}-{digest}-role"
