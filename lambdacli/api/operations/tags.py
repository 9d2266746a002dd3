"""Tags of functions, event source mappings and code signing configs: one mechanism for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lambdacli.api.configuration import checked_tags
from lambdacli.api.names import existing, refuse_project_function, target_of
from lambdacli.api.operations.context import Context
from lambdacli.api.signing import config_by_arn
from lambdacli.model.errors import InvalidParameterValueException, ResourceNotFoundException
from lambdacli.model.record import record


@record
class _Tagged:
    """A resource that is there: its tags, and what stores others in their place."""

    tags: Mapping[str, str]
    keep: Callable[[Mapping[str, str]], None]


def list_tags(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": dict(_tagged(context, request).tags)}


def tag_resource(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    tagged = _tagged(context, request)
    if not request["Tags"]:
        raise InvalidParameterValueException("An error occurred and the request cannot be processed.")
    tagged.keep(checked_tags({**tagged.tags, **request["Tags"]}))
    return {}


def untag_resource(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    tagged = _tagged(context, request)
    tagged.keep({name: value for name, value in tagged.tags.items() if name not in request["TagKeys"]})
    return {}


def _tagged(context: Context, request: dict[str, Any]) -> _Tagged:
    arn: str = request["Resource"]
    kind = arn.split(":")[5]
    if kind == "function":
        return _function(context, request)
    tagged = _FOUND_BY[kind](context, arn) if kind in _FOUND_BY else None
    if tagged is None:
        raise ResourceNotFoundException(f"{_NAMES[kind]} not found: {arn}")
    return tagged


_NAMES = {
    "layer": "Layer",
    "event-source-mapping": "Event source mapping",
    "capacity-provider": "Capacity provider",
    "code-signing-config": "Code signing config",
    "network-connector": "Network connector",
}


def _function(context: Context, request: dict[str, Any]) -> _Tagged:
    target = target_of(context, request, "Resource")
    if target.qualifier is not None:
        raise InvalidParameterValueException(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    function = existing(context, target)

    def keep(tags: Mapping[str, str]) -> None:
        refuse_project_function(context, function)
        context.functions.put(replace(function, tags=tags))

    return _Tagged(function.tags, keep)


def _event_source_mapping(context: Context, arn: str) -> _Tagged | None:
    *_, region, account, _kind, uuid = arn.split(":")
    mapping = context.mappings.get(account, region, uuid)
    if mapping is None or (account, region) != (context.account, context.region):
        return None
    return _Tagged(mapping.tags, lambda tags: context.mappings.put(replace(mapping, tags=tags)))


def _code_signing_config(context: Context, arn: str) -> _Tagged | None:
    config = config_by_arn(context, arn)
    if config is None:
        return None
    return _Tagged(config.tags, lambda tags: context.code_signing.put(replace(config, tags=tags)))


_FOUND_BY: Mapping[str, Callable[[Context, str], _Tagged | None]] = {
    "event-source-mapping": _event_source_mapping,
    "code-signing-config": _code_signing_config,
}
