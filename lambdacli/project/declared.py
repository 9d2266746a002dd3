"""What a project says around a function, beside its code and settings: records, in the API's members."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from lambdacli.model.record import record

GivenPolicy = str | Mapping[str, object]
"""A managed policy by name or ARN, a policy document, a statement, or a template's name with its
parameters."""

_NAMESPACE = uuid.UUID("5b1a8a54-6f5e-4b0a-9d0b-3f5f1f6f2a11")
_PREFIX = "lam-"
_LONGEST_ROLE_NAME = 64


class DeclaredKind(StrEnum):
    """In the order in which they are made: what follows may name what comes before."""

    ALIAS = "alias"
    """Of the version that is published when the function is taken in; with a `FunctionVersion`, of that,
    until somebody moves it."""
    EVENT_INVOKE = "event-invoke config"
    PERMISSION = "permission"
    PROVISIONED = "provisioned concurrency"
    MAPPING = "event source mapping"
    LOG_RETENTION = "log retention"
    """In days, of the function's own log group; it stays when nothing is said any more."""


@record
class Declared:
    """What lam.yaml or a template sets around a function, and Lambda's own API makes."""

    kind: DeclaredKind
    name: str
    """Tells it from the others of its kind and function; stays the same as long as it is the same thing."""
    function: str
    members: Mapping[str, Any]
    """Of the request that makes it, as Lambda's API names them, without the function."""
    file: Path
    line: int
    subject: str


@record
class DeclaredEventInvoke:
    """What becomes of asynchronous events; None: as Lambda does it."""

    retries: int | None = None
    maximum_age_seconds: int | None = None
    on_success: str | None = None
    on_failure: str | None = None


@record
class DeclaredPermission:
    """Who may invoke, as AddPermission takes it, without the function."""

    statement_id: str
    members: Mapping[str, Any]


@record
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
