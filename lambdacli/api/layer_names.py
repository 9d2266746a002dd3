"""Which layer a LayerName means, which version of it a caller may see, and AWS's refusals of the others."""

from __future__ import annotations

from typing import Any

from lambdacli.api.function_layers import require_readable
from lambdacli.api.operations.context import Context
from lambdacli.model.errors import (
    AccessDeniedException,
    InvalidParameterValueException,
    ResourceNotFoundException,
)
from lambdacli.model.layer import LayerKey, LayerVersion, parse_layer_arn


def layer_key(context: Context, request: dict[str, Any], *, is_read_only: bool = False) -> LayerKey:
    """A name, or an ARN. Another account's layer may at most be looked at."""
    name: str = request["LayerName"]
    reference = parse_layer_arn(name)
    if reference is None:
        return LayerKey(context.account, context.region, name)
    _refuse_other_region(context, reference.key)
    if reference.key.account != context.account and not is_read_only:
        raise AccessDeniedException(None)
    return reference.key


def require_number(number: int) -> int:
    if number < 1:
        raise InvalidParameterValueException("Layer Version Cannot be less than 1")
    return number


def readable(context: Context, key: LayerKey, number: int) -> LayerVersion | None:
    """The version, if this caller may see it."""
    _refuse_other_region(context, key)
    version = context.layers.get(key, number)
    require_readable(context.account, key.version_arn(number), version)
    return version


def existing(context: Context, request: dict[str, Any]) -> LayerVersion:
    """The version whose policy is asked for or changed."""
    key = layer_key(context, request)
    number = require_number(request["VersionNumber"])
    version = context.layers.get(key, number)
    if version is None:
        raise ResourceNotFoundException(f"Layer version {key.version_arn(number)} does not exist.")
    return version


def _refuse_other_region(context: Context, key: LayerKey) -> None:
    if key.region != context.region:
        # AWS's wording was never recorded; this is what it says of functions.
        raise ResourceNotFoundException(
            f"Layers from '{key.region}' are not reachable in this region ('{context.region}')"
        )
