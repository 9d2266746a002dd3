"""Two states of a thing in comparable forms, and their differences as they are shown. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lambdacli.model.deployment import API_TAG, Answered, Change, Contents, Members
from lambdacli.model.mapping import STREAMS, kind_of_source
from lambdacli.model.masking import shown_variable

_NAMES = {
    "Runtime": "runtime",
    "Handler": "handler",
    "Role": "role",
    "Description": "description",
    "Timeout": "timeout",
    "MemorySize": "memory",
    "Environment": "env",
    "EphemeralStorage": "ephemeral_storage",
    "DeadLetterConfig": "dead_letter",
    "Layers": "layers",
}
"""What lam.yaml calls it."""

_VOLATILE = frozenset(
    {
        "FunctionArn",
        "FunctionName",
        "Version",
        "LastModified",
        "RevisionId",
        "State",
        "StateReason",
        "StateReasonCode",
        "LastUpdateStatus",
        "LastUpdateStatusReason",
        "LastUpdateStatusReasonCode",
        "MasterArn",
        "CodeSize",
        "RuntimeVersionConfig",
        "SnapStart",
        "ResponseMetadata",
        "ConfigSha256",
    }
)
"""Differs between a version and `$LATEST` of the same content."""


def settings_of(configuration: Members) -> dict[str, Any]:
    """The members that lam.yaml decides about, of an answer or a request, as values to compare."""
    if not configuration:
        return {}
    layers = configuration.get("Layers") or []
    return {
        "Runtime": configuration.get("Runtime"),
        "Handler": configuration.get("Handler"),
        "Role": configuration.get("Role"),
        "Description": configuration.get("Description") or "",
        "Timeout": configuration.get("Timeout", 3),
        "MemorySize": configuration.get("MemorySize", 128),
        "Environment": dict((configuration.get("Environment") or {}).get("Variables") or {}),
        "EphemeralStorage": (configuration.get("EphemeralStorage") or {}).get("Size", 512),
        "DeadLetterConfig": (configuration.get("DeadLetterConfig") or {}).get("TargetArn") or "",
        "Layers": [each["Arn"] if isinstance(each, Mapping) else each for each in layers],
    }


def content_of(configuration: Members) -> Members:
    """What a version freezes."""
    kept = {name: value for name, value in configuration.items() if name not in _VOLATILE and value}
    return {**kept, **settings_of(configuration)}


def event_invoke_members(config: Members) -> dict[str, Any]:
    """Of an answer, as PutFunctionEventInvokeConfig would be asked for it."""
    found = {
        name: config[name]
        for name in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
        if config.get(name) is not None
    }
    destinations = {
        name: {"Destination": target["Destination"]}
        for name, target in (config.get("DestinationConfig") or {}).items()
        if (target or {}).get("Destination")
    }
    return {**found, **({"DestinationConfig": destinations} if destinations else {})}


def url_members(url: Members | None) -> Members | None:
    if url is None:
        return None
    cors = {
        name: value for name, value in (url.get("Cors") or {}).items() if value not in ([], None, False, 0)
    }
    return {
        "AuthType": url.get("AuthType"),
        "InvokeMode": url.get("InvokeMode") or "BUFFERED",
        "Cors": {name: sorted(v) if isinstance(v, list) else v for name, v in cors.items()},
    }


def cors_members(cors: Members | None) -> Members:
    """Of an HTTP API, which tells names of headers in small letters."""
    kept = {name: value for name, value in (cors or {}).items() if value not in ([], None, False, 0)}
    return {
        name: sorted(str(each).lower() for each in value) if isinstance(value, list) else value
        for name, value in kept.items()
    }


def is_api_of(owners: frozenset[str], api: Members, integrations: Iterable[Members]) -> bool:
    """Whether a deployment of the project of these functions has made it."""
    tag = (api.get("Tags") or {}).get(API_TAG)
    if tag is None:
        return False
    uris = (str(each.get("IntegrationUri")).split(":") for each in integrations)
    return tag in owners or any(len(fields) > 6 and fields[6] in owners for fields in uris)


_CONDITION_KEYS = {
    "SourceArn": "aws:sourcearn",
    "SourceAccount": "aws:sourceaccount",
    "EventSourceToken": "lambda:eventsourcetoken",
    "PrincipalOrgID": "aws:principalorgid",
    "FunctionUrlAuthType": "lambda:functionurlauthtype",
    "InvokedViaFunctionUrl": "lambda:invokedviafunctionurl",
}


def statement_members(members: Members) -> dict[str, Any]:
    """Of a request of AddPermission."""
    conditions = {
        key: str(members[name]).lower() if isinstance(members[name], bool) else members[name]
        for name, key in _CONDITION_KEYS.items()
        if members.get(name) is not None
    }
    return {"action": members["Action"], "principal": _named_account(members["Principal"]), **conditions}


def stored_statement(statement: Members) -> dict[str, Any]:
    """Of a policy, in the same form."""
    principal = statement.get("Principal", "")
    if isinstance(principal, Mapping):
        principal = next(iter(principal.values()), "")
    conditions = {
        key.lower(): value for keys in statement.get("Condition", {}).values() for key, value in keys.items()
    }
    return {"action": statement.get("Action"), "principal": _named_account(str(principal)), **conditions}


def _named_account(principal: str) -> str:
    """An account has two names, and a policy shows the other one."""
    fields = principal.split(":")
    return fields[4] if len(fields) == 6 and fields[5] == "root" else principal


def policy_members(document: Members | None) -> dict[str, Any]:
    """A policy's statements by their ids, for showing."""
    statements = [] if document is None else document.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    return {str(each.get("Sid", number)): each for number, each in enumerate(listed, start=1)}


_MAPPING_DEFAULTS: Members = {
    "MaximumBatchingWindowInSeconds": 0,
    "Enabled": True,
    "FilterCriteria": {},
    "FunctionResponseTypes": [],
    "ScalingConfig": {},
    "DestinationConfig": {"OnFailure": {}},
}
_STREAM_DEFAULTS: Members = {
    "MaximumRetryAttempts": -1,
    "MaximumRecordAgeInSeconds": -1,
    "BisectBatchOnFunctionError": False,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
}


def mapping_settings(source_arn: str, members: Members) -> dict[str, Any]:
    """What of a mapping can be changed, with Lambda's own values where nothing is said."""
    is_stream = kind_of_source(source_arn) in STREAMS
    defaults = {
        "BatchSize": 100 if is_stream else 10,
        **_MAPPING_DEFAULTS,
        **(_STREAM_DEFAULTS if is_stream else {}),
    }
    found = {name: members.get(name, default) for name, default in defaults.items()}
    if "State" in members:
        found["Enabled"] = members["State"] not in ("Disabled", "Disabling")
    filters = (found["FilterCriteria"] or {}).get("Filters") or []
    found["FilterCriteria"] = {"Filters": [{"Pattern": _canonical(each["Pattern"])} for each in filters]}
    if not filters:
        found["FilterCriteria"] = {}
    destination = ((found["DestinationConfig"] or {}).get("OnFailure") or {}).get("Destination")
    found["DestinationConfig"] = {"OnFailure": {"Destination": destination} if destination else {}}
    found["FunctionResponseTypes"] = list(found["FunctionResponseTypes"] or [])
    found["ScalingConfig"] = dict(found["ScalingConfig"] or {})
    return found


def changed_mapping(before: Members, after: Members) -> dict[str, Any]:
    return {name: value for name, value in after.items() if before.get(name) != value}


def _canonical(pattern: str) -> str:
    try:
        return json.dumps(json.loads(pattern), separators=(",", ":"), sort_keys=True)
    except ValueError:
        return pattern


# Differences, for people


def changes(before: Members, after: Members, prefix: str = "") -> Iterator[Change]:
    """Each value that is another one; variables that may be secrets are masked."""
    for name in [*after, *(name for name in before if name not in after)]:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        what = f"{prefix} {_NAMES.get(name, name)}".strip()
        if name == "Environment":
            yield from variable_changes(old or {}, new or {}, "env.")
        elif isinstance(old or {}, Mapping) and isinstance(new or {}, Mapping):
            yield from changes(old or {}, new or {}, what)
        elif not _is_empty(old) or not _is_empty(new):
            yield Change(what, shown(old), shown(new))


def variable_changes(before: Mapping[str, str], after: Mapping[str, str], prefix: str) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield Change(
                f"{prefix}{name}",
                None if old is None else shown_variable(name, old),
                None if new is None else shown_variable(name, new),
            )


def shown(value: object) -> str | None:
    if _is_empty(value):
        return None
    if isinstance(value, Answered):
        return f"the one of the step `{value.step}`"
    if isinstance(value, Contents):
        return value.sha256[:12]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(str(shown(each)) for each in value)
    if isinstance(value, Mapping):
        return json.dumps(value, default=str)
    return str(value)


def _is_empty(value: object) -> bool:
    return value is None or value in ("", [], {}, ())
