"""Reserved concurrency of a function; the engine acts on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lambdacli.api import claims
from lambdacli.api.names import Target, existing, refuse_project_function, target_of
from lambdacli.api.operations.context import Context
from lambdacli.model.arn import LATEST
from lambdacli.model.concurrency import unreserved_minimum
from lambdacli.model.errors import InvalidParameterValueException
from lambdacli.model.function import Function
from lambdacli.store.kinds import PROVISIONED


def put_function_concurrency(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = _unqualified(target_of(context, request))
    # AWS names the missing function with `:$LATEST` here, and only here.
    function = existing(context, target, shown_arn=target.key.qualified_arn(LATEST))
    refuse_project_function(context, function)
    wanted = request["ReservedConcurrentExecutions"]
    _check_provisioned(context, function, wanted)
    _check_unreserved(context, function, wanted)
    context.functions.put(replace(function, reserved_concurrency=wanted))
    return {"ReservedConcurrentExecutions": wanted}


def get_function_concurrency(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    function = existing(context, _unqualified(target_of(context, request)))
    return {"ReservedConcurrentExecutions": function.reserved_concurrency}


def delete_function_concurrency(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    function = existing(context, _unqualified(target_of(context, request)))
    refuse_project_function(context, function)
    context.functions.put(replace(function, reserved_concurrency=None))
    return {}


def _unqualified(target: Target) -> Target:
    if target.qualifier is not None:
        raise InvalidParameterValueException(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
            "operation. Please specify either a function name or an unqualified function ARN."
        )
    return target


def _check_provisioned(context: Context, function: Function, wanted: int) -> None:
    settings = context.settings.of_function(PROVISIONED, function.key).values()
    total = sum(setting.requested for setting in settings)
    if wanted < total:
        # The blanks are AWS's.
        raise InvalidParameterValueException(
            f" ReservedConcurrentExecutions  {wanted} should not be lower than function's total provisioned "
            f"concurrency [{total}].",
            has_type=False,
        )


def _check_unreserved(context: Context, function: Function, wanted: int) -> None:
    minimum = unreserved_minimum(context.account_concurrency)
    if claims.unclaimed(context, but=function.key) - wanted < minimum:
        raise InvalidParameterValueException(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{minimum}].",
            has_type=False,
        )
