"""Scaling configs of versions: how many environments a capacity provider is to keep for them."""

from __future__ import annotations

from typing import Any

from lambdacli.api import effects
from lambdacli.api.names import existing, target_of
from lambdacli.api.operations.context import Context
from lambdacli.model.effects import scaling_without_effect
from lambdacli.model.errors import InvalidParameterValueException
from lambdacli.model.scaling import Scaling
from lambdacli.store.kinds import SCALING


def put_function_scaling_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    function = existing(context, target)
    given = request.get("FunctionScalingConfig", {})
    scaling = Scaling(given.get("MinExecutionEnvironments"), given.get("MaxExecutionEnvironments"))
    _check(scaling)
    if scaling == Scaling():
        context.settings.delete(SCALING, target.key, function.version)
    else:
        context.settings.put(SCALING, target.key, scaling, function.version)
        effects.warn(function.name, scaling_without_effect(function.version, scaling))
    return {"FunctionState": function.state.value}


def get_function_scaling_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    function = existing(context, target)
    scaling = context.settings.get(SCALING, target.key, function.version)
    shown = None if scaling is None else _shown(scaling)
    return {
        "FunctionArn": target.arn,
        "AppliedFunctionScalingConfig": shown,
        "RequestedFunctionScalingConfig": shown,
    }


def _check(scaling: Scaling) -> None:
    low, high = scaling.minimum_environments, scaling.maximum_environments
    if low is not None and high is not None and low > high:
        # AWS's wording was never recorded.
        raise InvalidParameterValueException(
            "MinExecutionEnvironments should not be greater than MaxExecutionEnvironments."
        )


def _shown(scaling: Scaling) -> dict[str, Any]:
    members = {
        "MinExecutionEnvironments": scaling.minimum_environments,
        "MaxExecutionEnvironments": scaling.maximum_environments,
    }
    return {name: value for name, value in members.items() if value is not None}
