"""Records as the API shows them: exactly the members that AWS always shows, and those that were set."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lambdacli.model.function import ArchiveCode, Function, State
from lambdacli.model.runtime_names import runtime_version_arn

_BEING_CREATED = "The function is being created."


def function_configuration(
    function: Function,
    code: ArchiveCode,
    *,
    qualifier: str | None = None,
    runtime_version: str | None = None,
) -> dict[str, Any]:
    """`code` is the function's package, or what its folder would be as one; `runtime_version` the ARN that it
    was told to stay with."""
    return {
        **listed_configuration(function, code, qualifier=qualifier),
        **_states(function),
        "RuntimeVersionConfig": {
            "RuntimeVersionArn": runtime_version or runtime_version_arn(function.key.region, function.runtime)
        },
    }


def listed_configuration(
    function: Function, code: ArchiveCode, *, qualifier: str | None = None
) -> dict[str, Any]:
    """An item of a list: without states and runtime version."""
    shown: dict[str, Any] = {
        "FunctionName": function.name,
        "FunctionArn": function.key.qualified_arn(qualifier),
        "Runtime": function.runtime,
        "Role": function.role,
        "Handler": function.handler,
        "CodeSize": code.size_bytes,
        "Description": function.description,
        "Timeout": function.timeout_seconds,
        "MemorySize": function.memory_mb,
        "LastModified": timestamp(function.last_modified),
        "CodeSha256": code.sha256,
        "Version": function.version,
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": function.revision_id,
        "PackageType": "Zip",
        "Architectures": [function.architecture],
        "EphemeralStorage": {"Size": function.ephemeral_storage_mb},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": function.log_group},
    }
    if function.variables is not None:
        shown["Environment"] = {"Variables": dict(function.variables)}
    return shown


def being_created(configuration: dict[str, Any], revision_id: str) -> dict[str, Any]:
    """The answer to a create: the function is not ready yet, and has another revision when it is."""
    shown = {name: value for name, value in configuration.items() if name != "LastUpdateStatus"}
    return shown | {
        "State": State.PENDING.value,
        "StateReason": _BEING_CREATED,
        "StateReasonCode": "Creating",
        "RevisionId": revision_id,
    }


def being_updated(configuration: dict[str, Any], revision_id: str) -> dict[str, Any]:
    """The answer to an update. AWS gives creation as the reason here too."""
    return configuration | {
        "LastUpdateStatus": "InProgress",
        "LastUpdateStatusReason": _BEING_CREATED,
        "LastUpdateStatusReasonCode": "Creating",
        "RevisionId": revision_id,
    }


def timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def _states(function: Function) -> dict[str, str]:
    shown = {"State": function.state.value}
    if function.state is State.ACTIVE:
        shown["LastUpdateStatus"] = "Successful"
    return shown
