"""From AWS's answers about a function to its settings in lam.yaml. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lambdacli.model.record import record
from lambdacli.project.schema import FUNCTION_NAMES

Json = Mapping[str, Any]


@record
class Pulled:
    settings: Mapping[str, object]
    """By the keys of lam.yaml; what is as by default is there, too."""
    layers: tuple[str, ...] = ()
    """Their ARNs."""
    unset: tuple[str, ...] = ()
    """Keys for which AWS has nothing."""
    left_out: tuple[str, ...] = ()
    """What has no place in lam.yaml, a sentence each."""


def settings_of(
    function: Json,
    *,
    aliases: Sequence[Json] = (),
    url: Json | None = None,
    event_invoke: Json | None = None,
    provisioned: Json | None = None,
    policy: Json | None = None,
    mappings: Sequence[Json] = (),
    log_group: Json | None = None,
) -> Pulled:
    configuration: Json = function["Configuration"]
    left_out: list[str] = []
    layers = tuple(str(layer["Arn"]) for layer in configuration.get("Layers", ()))
    found: dict[str, object | None] = {
        "runtime": configuration["Runtime"],
        "handler": configuration.get("Handler"),
        "description": configuration.get("Description", ""),
        "memory": configuration.get("MemorySize", 128),
        "timeout": configuration.get("Timeout", 3),
        "architecture": next(iter(configuration.get("Architectures", ())), "x86_64"),
        "ephemeral_storage": configuration.get("EphemeralStorage", {}).get("Size", 512),
        "env": _variables(configuration, left_out),
        "layers": list(layers) or None,
        "concurrency": function.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        "tags": dict(function.get("Tags") or {}) or None,
        "role": configuration.get("Role"),
        "url": _url(url),
        "alias": _alias(aliases, left_out),
        "dead_letter": configuration.get("DeadLetterConfig", {}).get("TargetArn"),
        "event_invoke": _event_invoke(event_invoke),
        "destinations": _destinations(event_invoke),
        "sources": _sources(mappings, left_out) or None,
        "permissions": _permissions(policy, left_out) or None,
        "provisioned": (provisioned or {}).get("RequestedProvisionedConcurrentExecutions"),
        "log_retention": (log_group or {}).get("retentionInDays"),
    }
    left_out += [
        f"{name} ({_short(found[name])}): this lam.yaml has no key for it"
        for name in found
        if name not in FUNCTION_NAMES and found[name] is not None
    ]
    left_out += [f"{what}: acts on AWS only" for what in _on_aws_only(configuration)]
    known = {name: value for name, value in found.items() if name in FUNCTION_NAMES}
    return Pulled(
        settings={name: value for name, value in known.items() if value is not None},
        layers=layers,
        unset=tuple(name for name, value in known.items() if value is None),
        left_out=tuple(left_out),
    )


def _variables(configuration: Json, left_out: list[str]) -> dict[str, str] | None:
    environment = configuration.get("Environment", {})
    if "Error" in environment:
        left_out.append(f"variables: AWS could not show them: {environment['Error'].get('Message', '')}")
    return dict(environment.get("Variables") or {}) or None


def _url(url: Json | None) -> object | None:
    if url is None:
        return None
    told: dict[str, object] = {}
    if url.get("AuthType", "NONE") != "NONE":
        told["auth"] = url["AuthType"]
    if url.get("InvokeMode", "BUFFERED") != "BUFFERED":
        told["invoke_mode"] = url["InvokeMode"]
    cors = {name: url["Cors"][member] for name, member in _CORS.items() if url.get("Cors", {}).get(member)}
    if cors:
        told["cors"] = cors
    return told or True


_CORS = {
    "origins": "AllowOrigins",
    "methods": "AllowMethods",
    "headers": "AllowHeaders",
    "expose": "ExposeHeaders",
    "max_age": "MaxAge",
    "credentials": "AllowCredentials",
}


def _alias(aliases: Sequence[Json], left_out: list[str]) -> str | None:
    """The one that callers use; of several nobody knows which that is."""
    if len(aliases) == 1:
        return str(aliases[0]["Name"])
    if aliases:
        left_out.append(f"aliases {', '.join(str(each['Name']) for each in aliases)}: `alias` names one")
    return None


def _event_invoke(config: Json | None) -> dict[str, object] | None:
    told = {
        name: (config or {}).get(member)
        for name, member in (("retries", "MaximumRetryAttempts"), ("max_age", "MaximumEventAgeInSeconds"))
    }
    return {name: value for name, value in told.items() if value is not None} or None


def _destinations(config: Json | None) -> dict[str, object] | None:
    found = (config or {}).get("DestinationConfig") or {}
    told = {
        name: found.get(member, {}).get("Destination")
        for name, member in (("on_success", "OnSuccess"), ("on_failure", "OnFailure"))
    }
    return {name: value for name, value in told.items() if value} or None


_SOURCE = {
    "batch_size": "BatchSize",
    "window": "MaximumBatchingWindowInSeconds",
    "starting_position": "StartingPosition",
    "retries": "MaximumRetryAttempts",
    "max_age": "MaximumRecordAgeInSeconds",
    "bisect": "BisectBatchOnFunctionError",
    "parallelization": "ParallelizationFactor",
    "tumbling_window": "TumblingWindowInSeconds",
}
_UNSAID: dict[str, tuple[object, ...]] = {
    "window": (0,),
    "retries": (-1,),
    "max_age": (-1,),
    "bisect": (False,),
    "parallelization": (1,),
    "tumbling_window": (0,),
    "starting_position": ("LATEST",),
}
"""What need not be written: it is so anyway."""


def _sources(mappings: Sequence[Json], left_out: list[str]) -> list[object]:
    sources: list[object] = []
    for mapping in mappings:
        arn = str(mapping.get("EventSourceArn", ""))
        service = arn.split(":")[2] if arn.count(":") > 2 else ""
        if service not in ("sqs", "kinesis", "dynamodb") or mapping.get("StartingPosition") == "AT_TIMESTAMP":
            left_out.append(f"event source mapping {mapping.get('UUID')} ({arn or 'self-managed'})")
            continue
        sources.append(_source(arn, mapping))
    return sources


def _source(arn: str, mapping: Json) -> object:
    told: dict[str, object] = {"source": arn}
    for name, member in _SOURCE.items():
        value = mapping.get(member)
        if value is not None and value not in _UNSAID.get(name, ()):
            told[name] = value
    if mapping.get("State") in ("Disabled", "Disabling"):
        told["enabled"] = False
    filters = [
        json.loads(each["Pattern"]) for each in (mapping.get("FilterCriteria") or {}).get("Filters", ())
    ]
    if filters:
        told["filters"] = filters
    if "ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or ()):
        told["report_failures"] = True
    concurrency = (mapping.get("ScalingConfig") or {}).get("MaximumConcurrency")
    if concurrency is not None:
        told["max_concurrency"] = concurrency
    failed = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    if failed:
        told["on_failure"] = failed
    return told


_URL_CONDITION = "lambda:functionurlauthtype"
_CONDITIONS = {
    "aws:sourcearn": "source_arn",
    "aws:sourceaccount": "source_account",
    "aws:principalorgid": "organization",
}


def _permissions(policy: Json | None, left_out: list[str]) -> list[object]:
    if policy is None:
        return []
    permissions: list[object] = []
    for statement in json.loads(policy["Policy"]).get("Statement", ()):
        told = _permission(statement)
        if told is None:
            left_out.append(f"the permission {statement.get('Sid')}")
        elif told:
            permissions.append(told)
    return permissions


def _permission(statement: Json) -> dict[str, object] | None:
    """Empty: it comes with the function's URL. None: what it says has no form in lam.yaml."""
    conditions = {
        key.lower(): value for keys in statement.get("Condition", {}).values() for key, value in keys.items()
    }
    if _URL_CONDITION in conditions or "lambda:invokedviafunctionurl" in conditions:
        return {}
    principal = statement.get("Principal", "*")
    named = list(principal.values()) if isinstance(principal, Mapping) else [principal]
    if len(named) != 1 or not isinstance(named[0], str) or not conditions.keys() <= _CONDITIONS.keys():
        return None
    told: dict[str, object] = {"id": statement.get("Sid"), "principal": named[0]}
    if statement.get("Action") != "lambda:InvokeFunction":
        told["action"] = statement.get("Action")
    return told | {_CONDITIONS[key]: value for key, value in conditions.items()}


def _on_aws_only(configuration: Json) -> list[str]:
    vpc = configuration.get("VpcConfig") or {}
    kinds = {
        "the VPC": bool(vpc.get("SubnetIds")),
        "active tracing": configuration.get("TracingConfig", {}).get("Mode") == "Active",
        "the key of its variables": bool(configuration.get("KMSKeyArn")),
        "file systems": bool(configuration.get("FileSystemConfigs")),
        "SnapStart": configuration.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions",
        "JSON logs": configuration.get("LoggingConfig", {}).get("LogFormat") == "JSON",
        "code signing": bool(configuration.get("SigningProfileVersionArn")),
    }
    return [what for what, is_set in kinds.items() if is_set]


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
