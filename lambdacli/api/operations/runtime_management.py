"""Runtime management: when a version is to get a newer build of its runtime."""

from __future__ import annotations

from typing import Any

from lambdacli.api import effects
from lambdacli.api.names import existing, target_of
from lambdacli.api.operations.context import Context
from lambdacli.model.effects import runtime_management_without_effect
from lambdacli.model.errors import InvalidParameterValueException
from lambdacli.model.runtime_management import MANUAL, RuntimeManagement
from lambdacli.store.kinds import RUNTIME_MANAGEMENT


def put_runtime_management_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    function = existing(context, target)
    management = RuntimeManagement(request["UpdateRuntimeOn"], request.get("RuntimeVersionArn"))
    _check(management)
    context.settings.put(RUNTIME_MANAGEMENT, target.key, management, function.version)
    effects.warn(function.name, runtime_management_without_effect(function.version, management))
    return _shown(management, target.key.qualified_arn(function.version))


def get_runtime_management_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    function = existing(context, target)
    management = context.settings.get(RUNTIME_MANAGEMENT, target.key, function.version)
    return _shown(management or RuntimeManagement(), target.key.qualified_arn(function.version))


def _check(management: RuntimeManagement) -> None:
    """AWS's wording was never recorded."""
    if management.update_on == MANUAL and management.version_arn is None:
        raise InvalidParameterValueException(
            "RuntimeVersionArn is required when UpdateRuntimeOn is set to Manual."
        )
    if management.update_on != MANUAL and management.version_arn is not None:
        raise InvalidParameterValueException(
            "RuntimeVersionArn can only be specified when UpdateRuntimeOn is set to Manual."
        )


def _shown(management: RuntimeManagement, arn: str) -> dict[str, Any]:
    """Whether the ARN carries `:$LATEST` when nothing was asked for was never recorded."""
    return {
        "UpdateRuntimeOn": management.update_on,
        "FunctionArn": arn,
        "RuntimeVersionArn": management.version_arn,
    }
