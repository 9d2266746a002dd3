"""What lam.yaml's keys say around a function, as the settings that Lambda's API makes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lambdacli.model.arn import LATEST
from lambdacli.project.declared import Declared, DeclaredEventInvoke, DeclaredKind
from lambdacli.project.records import FunctionSettings

LineOf = Callable[[str, str], int]
"""Where a function's key stands, by the function's name and the key's."""


def declared_of(functions: Iterable[FunctionSettings], file: Path, line_of: LineOf) -> tuple[Declared, ...]:
    found = [
        Declared(
            kind,
            name,
            function.name,
            members,
            file,
            line_of(function.name, key),
            f"functions.{function.name}.{key}",
        )
        for function in functions
        for key, kind, name, members in _settings(function)
    ]
    order = list(DeclaredKind)
    return tuple(sorted(found, key=lambda each: order.index(each.kind)))


def _settings(function: FunctionSettings) -> Iterator[tuple[str, DeclaredKind, str, Mapping[str, Any]]]:
    """The key, and the kind, name and members of what it makes."""
    if function.alias is not None:
        yield "alias", DeclaredKind.ALIAS, function.alias, {"FunctionVersion": LATEST}
    if function.event_invoke is not None:
        members = _event_invoke(function.event_invoke)
        key = "destinations" if members.keys() == {"DestinationConfig"} else "event_invoke"
        yield key, DeclaredKind.EVENT_INVOKE, LATEST, members
    for permission in function.permissions:
        members = {**permission.members, "StatementId": permission.statement_id}
        yield "permissions", DeclaredKind.PERMISSION, permission.statement_id, members
    for mapping in function.mappings:
        members = {**mapping.members, "EventSourceArn": mapping.source_arn}
        yield "sources", DeclaredKind.MAPPING, mapping.source_arn, members
    if function.log_retention_days is not None:
        days = {"RetentionInDays": function.log_retention_days}
        yield "log_retention", DeclaredKind.LOG_RETENTION, LATEST, days


def _event_invoke(declared: DeclaredEventInvoke) -> Mapping[str, Any]:
    told = {
        "MaximumRetryAttempts": declared.retries,
        "MaximumEventAgeInSeconds": declared.maximum_age_seconds,
        "DestinationConfig": _destinations(declared),
    }
    return {name: value for name, value in told.items() if value is not None}


def _destinations(declared: DeclaredEventInvoke) -> Mapping[str, Any] | None:
    told = {"OnSuccess": declared.on_success, "OnFailure": declared.on_failure}
    return {name: {"Destination": arn} for name, arn in told.items() if arn is not None} or None
