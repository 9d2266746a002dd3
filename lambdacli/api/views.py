"""Records as the API shows them: exactly the members that AWS always shows, and those that were set."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import ArchiveCode, Function, PublishedLayer, State, Vpc
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
        "TracingConfig": {"Mode": function.tracing},
        "RevisionId": function.revision_id,
        "PackageType": "Zip",
        "Architectures": [function.architecture],
        "EphemeralStorage": {"Size": function.ephemeral_storage_mb},
        "SnapStart": _snap_start(function),
        "LoggingConfig": _logging(function),
    }
    if function.variables is not None:
        shown["Environment"] = {"Variables": dict(function.variables)}
    layers = [layer for layer in function.layers if isinstance(layer, PublishedLayer)]
    if layers:
        shown["Layers"] = [{"Arn": layer.arn, "CodeSize": layer.size_bytes} for layer in layers]
    if function.dead_letter_target is not None:
        shown["DeadLetterConfig"] = {"TargetArn": function.dead_letter_target}
    if function.kms_key_arn is not None:
        shown["KMSKeyArn"] = function.kms_key_arn
    if function.vpc is not None:
        shown["VpcConfig"] = _vpc(function.vpc, function.key)
    if function.file_systems:
        shown["FileSystemConfigs"] = [
            {"Arn": each.arn, "LocalMountPath": each.mount_path} for each in function.file_systems
        ]
    return shown


def _snap_start(function: Function) -> dict[str, str]:
    is_on = function.snap_start != "None" and not function.is_latest
    return {"ApplyOn": function.snap_start, "OptimizationStatus": "On" if is_on else "Off"}


def _logging(function: Function) -> dict[str, str]:
    logging = function.logging
    levels = {
        "ApplicationLogLevel": logging.application_level,
        "SystemLogLevel": logging.system_level,
    }
    return {
        "LogFormat": logging.format,
        **{name: level for name, level in levels.items() if level is not None},
        "LogGroup": function.log_group,
    }


def _vpc(vpc: Vpc, key: FunctionKey) -> dict[str, Any]:
    """Nobody here knows whose the subnets are: all of one account and region are said to lie in one VPC."""
    digest = hashlib.sha256(f"{key.account} {key.region}".encode()).hexdigest()
    return {
        "SubnetIds": list(vpc.subnet_ids),
        "SecurityGroupIds": list(vpc.security_group_ids),
        "VpcId": "" if vpc.is_empty else f"vpc-{digest[:17]}",
        "Ipv6AllowedForDualStack": vpc.allows_ipv6,
    }


def being_created(configuration: dict[str, Any], revision_id: str) -> dict[str, Any]:
    """The answer to a create: the function is not ready yet, and has another revision when it is."""
    shown = {name: value for name, value in configuration.items() if name != "LastUpdateStatus"}
    return shown | {
        "State": State.PENDING.value,
        "StateReason": _BEING_CREATED,
        "StateReasonCode": "Creating",
        "SnapStart": configuration["SnapStart"] | {"OptimizationStatus": "Off"},
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
