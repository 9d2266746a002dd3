"""The settings that lead to other services, as networks, file systems, queues, keys and log groups: what is
refused, and which fields they set. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lambdacli.model.errors import InvalidParameterValueException, not_built
from lambdacli.model.function import FileSystem, Function, Logging, Vpc, own_log_group
from lambdacli.model.limits import EPHEMERAL_STORAGE_MB_DEFAULT
from lambdacli.model.runtime_names import RUNTIMES

_DEFAULT_LEVEL = "INFO"
_DEAD_LETTER_KINDS = ("sqs", "sns")
_SNAP_START_VERSIONS = {"java": (11,), "python": (3, 12), "dotnet": (8,)}
"""The first version of each family that can; no other family can."""


def fields(request: Mapping[str, Any], name: str, logging: Logging) -> dict[str, Any]:
    """`logging` is how it was so far: what is not given of it stays."""
    found: dict[str, Any] = {}
    if "DeadLetterConfig" in request:
        found["dead_letter_target"] = _dead_letter_target(request["DeadLetterConfig"].get("TargetArn"))
    if "TracingConfig" in request:
        found["tracing"] = request["TracingConfig"].get("Mode", "PassThrough")
    if "KMSKeyArn" in request:
        found["kms_key_arn"] = _key(request["KMSKeyArn"])
    if "VpcConfig" in request:
        found["vpc"] = _vpc(request["VpcConfig"])
    if "FileSystemConfigs" in request:
        found["file_systems"] = _file_systems(request["FileSystemConfigs"])
    if "SnapStart" in request:
        found["snap_start"] = request["SnapStart"].get("ApplyOn", "None")
    if "LoggingConfig" in request:
        found["logging"] = _logging(request["LoggingConfig"], logging, own_log_group(name))
    return found


def check_together(function: Function) -> None:
    """What each setting allows alone, and Lambda refuses in one function. None of AWS's wordings here was
    ever recorded."""
    if function.file_systems and (function.vpc is None or function.vpc.is_empty):
        raise InvalidParameterValueException(
            "Function must be configured to execute in a VPC to reference access points."
        )
    if function.snap_start == "None":
        return
    if not _can_snap_start(function.runtime):
        raise InvalidParameterValueException(
            f"{function.runtime} is not supported for SnapStart enabled functions."
        )
    if function.file_systems:
        raise InvalidParameterValueException(
            "FileSystemConfigs are not supported for SnapStart enabled functions."
        )
    if function.ephemeral_storage_mb > EPHEMERAL_STORAGE_MB_DEFAULT:
        raise InvalidParameterValueException(
            f"EphemeralStorage of more than {EPHEMERAL_STORAGE_MB_DEFAULT} MB is not supported for SnapStart "
            "enabled functions."
        )


def _can_snap_start(runtime: str) -> bool:
    known = RUNTIMES[runtime]
    first = _SNAP_START_VERSIONS.get(known.family)
    return first is not None and known.version >= first


def _dead_letter_target(arn: str | None) -> str | None:
    if not arn:
        return None
    service, resource = _service_of(arn), arn.rpartition(":")[2]
    # AWS's wordings were never recorded.
    if service not in _DEAD_LETTER_KINDS or re.fullmatch(r"([^:]+:){5}[A-Za-z0-9_.-]+", arn) is None:
        raise InvalidParameterValueException(
            f"The provided target ARN {arn} is invalid. Provide the ARN of an Amazon SQS queue or an Amazon "
            "SNS topic."
        )
    if resource.endswith(".fifo"):
        raise InvalidParameterValueException(
            f"The provided target ARN {arn} is invalid. FIFO queues and topics are not supported."
        )
    return arn


def _key(arn: str) -> str | None:
    if arn and _service_of(arn) != "kms":
        # AWS's wording was never recorded.
        raise InvalidParameterValueException(f"The provided KMS key ARN {arn} is invalid.")
    return arn or None


def _service_of(arn: str) -> str:
    return arn.split(":")[2]


def _vpc(given: Mapping[str, Any]) -> Vpc:
    subnets, groups = tuple(given.get("SubnetIds", ())), tuple(given.get("SecurityGroupIds", ()))
    if bool(subnets) != bool(groups):
        # AWS's wording was never recorded.
        raise InvalidParameterValueException("SubnetIds and SecurityIds must coexist or be both empty list.")
    return Vpc(subnets, groups, given.get("Ipv6AllowedForDualStack", False))


def _file_systems(given: Sequence[Mapping[str, Any]]) -> tuple[FileSystem, ...]:
    for each in given:
        if any((each.get("S3FilesConfig") or {}).values()):
            raise not_built("S3FilesConfig")
    return tuple(FileSystem(each["Arn"], each["LocalMountPath"]) for each in given)


def _logging(given: Mapping[str, Any], former: Logging, own_group: str) -> Logging:
    format = given.get("LogFormat", former.format)
    application, system = given.get("ApplicationLogLevel"), given.get("SystemLogLevel")
    group = given.get("LogGroup", former.group)
    group = None if group == own_group else group
    if format == "JSON":
        return Logging(
            format,
            application or former.application_level or _DEFAULT_LEVEL,
            system or former.system_level or _DEFAULT_LEVEL,
            group,
        )
    if application or system:
        raise InvalidParameterValueException(
            'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request '
            'or change the LogFormat to "JSON" and try again.'
        )
    return Logging(format, group=group)
