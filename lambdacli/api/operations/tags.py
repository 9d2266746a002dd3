"""Tags of functions. Other resources that AWS tags cannot be made here yet, so none of them is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lambdacli.api.configuration import checked_tags
from lambdacli.api.names import existing, refuse_project_function, target_of
from lambdacli.api.operations.context import Context
from lambdacli.model.errors import InvalidParameterValueException, ResourceNotFoundException
from lambdacli.model.function import Function

_OTHER_RESOURCES = {
    "layer": "Layer",
    "event-source-mapping": "Event source mapping",
    "capacity-provider": "Capacity provider",
    "code-signing-config": "Code signing config",
    "network-connector": "Network connector",
}


def list_tags(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": dict(_tagged(context, request).tags)}


def tag_resource(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    function = _tagged(context, request)
    if not request["Tags"]:
        raise InvalidParameterValueException("An error occurred and the request cannot be processed.")
    refuse_project_function(function)
    context.functions.put(replace(function, tags=checked_tags({**function.tags, **request["Tags"]})))
    return {}


def untag_resource(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    function = _tagged(context, request)
    refuse_project_function(function)
    kept = {name: value for name, value in function.tags.items() if name not in request["TagKeys"]}
    context.functions.put(replace(function, tags=kept))
    return {}


def _tagged(context: Context, request: dict[str, Any]) -> Function:
    arn: str = request["Resource"]
    kind = arn.split(":")[5]
    if kind in _OTHER_RESOURCES:
        raise ResourceNotFoundException(f"{_OTHER_RESOURCES[kind]} not found: {arn}")
    target = target_of(context, request, "Resource")
    if target.qualifier is not None:
        raise InvalidParameterValueException(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    return existing(context, target)
