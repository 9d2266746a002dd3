"""Aliases: names for versions, with a share of the invocations for a second one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lambdacli.api import provisioned_once
from lambdacli.api.names import Target, check_revision, latest, not_found, target_of
from lambdacli.api.operations.context import Context, new_id
from lambdacli.api.pages import page_of
from lambdacli.model.alias import Alias
from lambdacli.model.arn import LATEST
from lambdacli.model.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from lambdacli.store.kinds import PROVISIONED

_PAGE_SIZE = 50


def create_alias(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    name = request["Name"]
    alias = Alias(
        target.key,
        name,
        request["FunctionVersion"],
        request.get("Description", ""),
        _weights(request, {}),
        new_id(),
    )
    _check_routing(context, alias)
    if context.aliases.get(target.key, name) is not None:
        raise ResourceConflictException(f"Alias already exists: {alias.arn}")
    context.aliases.put(alias)
    return _shown(alias)


def get_alias(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    alias = context.aliases.get(target.key, request["Name"])
    if alias is None:
        raise ResourceNotFoundException(f"Cannot find alias arn: {target.key.qualified_arn(request['Name'])}")
    return _shown(alias)


def list_aliases(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    latest(context, target)
    wanted = request.get("FunctionVersion")

    def fetch(after: str, count: int) -> Sequence[Alias]:
        if wanted is None:
            return context.aliases.list(target.key, after=after, count=count)
        behind = context.aliases.list(target.key, after=after)
        return [alias for alias in behind if wanted in alias.versions][:count]

    shown, next_marker = page_of(
        fetch,
        name=lambda alias: alias.name,
        marker=request.get("Marker"),
        size=request.get("MaxItems", _PAGE_SIZE),
    )
    return {"Aliases": [_shown(alias) for alias in shown], "NextMarker": next_marker}


def update_alias(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    current = context.aliases.get(target.key, request["Name"])
    if current is None:
        raise ResourceNotFoundException(f"Alias not found: {target.key.qualified_arn(request['Name'])}")
    check_revision(request.get("RevisionId"), current.revision_id)
    alias = replace(
        current,
        version=request.get("FunctionVersion", current.version),
        description=request.get("Description", current.description),
        weights=_weights(request, current.weights),
        revision_id=new_id(),
    )
    _check_routing(context, alias)
    if context.settings.get(PROVISIONED, alias.function, alias.name) is not None:
        # Recorded for settings that are put; one that moves with its alias would never become ready either.
        provisioned_once.check_alias(context, alias)
    context.aliases.put(alias)
    return _shown(alias)


def delete_alias(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    latest(context, target)
    context.aliases.delete(target.key, request["Name"])
    return {}


def _weights(request: Mapping[str, Any], current: Mapping[str, float]) -> Mapping[str, float]:
    """What is not given stays as it is; an empty map takes the weights away."""
    if "RoutingConfig" not in request:
        return current
    weights: Mapping[str, float] = request["RoutingConfig"].get("AdditionalVersionWeights", {})
    return weights


def _check_routing(context: Context, alias: Alias) -> None:
    if len(alias.weights) > 1:
        raise InvalidParameterValueException(
            "Number of items in AdditionalVersionWeights cannot be greater than 1"
        )
    if alias.version in alias.weights:
        raise InvalidParameterValueException(
            f"Invalid function version {alias.version}. Function version {alias.version} is already included "
            "in routing configuration."
        )
    if alias.weights and alias.version == LATEST:
        raise InvalidParameterValueException(
            "$LATEST is not supported for an alias pointing to more than 1 version", has_type=False
        )
    for version in alias.versions:
        if context.functions.get(alias.function, version) is None:
            raise not_found(Target(alias.function, version).arn)
    _check_versions_fit(context, alias)


def _check_versions_fit(context: Context, alias: Alias) -> None:
    """Two versions that share invocations must have the same role and the same dead-letter queue."""
    versions = [context.functions.get(alias.function, version) for version in alias.versions]
    if len({version.role for version in versions if version}) > 1:
        # AWS's wording was never recorded.
        raise InvalidParameterValueException(
            "The versions of an alias with routing configuration must have the same execution role."
        )
    if len({version.dead_letter_target or None for version in versions if version}) > 1:
        raise InvalidParameterValueException(
            "The versions of an alias with routing configuration must have the same dead-letter queue "
            "configuration, or none."
        )


def _shown(alias: Alias) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "AliasArn": alias.arn,
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    }
    if alias.weights:
        shown["RoutingConfig"] = {"AdditionalVersionWeights": dict(alias.weights)}
    return shown
