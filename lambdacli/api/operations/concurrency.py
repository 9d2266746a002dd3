"""Reserved concurrency of a function; the engine acts on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lambdacli.api.names import Target, existing, refuse_project_function, target_of
from lambdacli.api.operations.context import Context
from lambdacli.model.arn import LATEST
from lambdacli.model.errors import InvalidParameterValueException
from lambdacli.model.function import Function
from lambdacli.model.limits import ACCOUNT_CONCURRENCY, UNRESERVED_CONCURRENCY_MINIMUM


def put_function_concurrency(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = _unqualified(target_of(context, request))
    # AWS names the missing function with `:$LATEST` here, and only here.
    function = existing(context, target, shown_arn=target.key.qualified_arn(LATEST))
    refuse_project_function(function)
    wanted = request["ReservedConcurrentExecutions"]
    _check_unreserved(context, function, wanted)
    context.functions.put(replace(function, reserved_concurrency=wanted))
    return {"ReservedConcurrentExecutions": wanted}


def get_function_concurrency(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    function = existing(context, _unqualified(target_of(context, request)))
    return {"ReservedConcurrentExecutions": function.reserved_concurrency}


def delete_function_concurrency(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    function = existing(context, _unqualified(target_of(context, request)))
    refuse_project_function(function)
    context.functions.put(replace(function, reserved_concurrency=None))
    return {}


def _unqualified(target: Target) -> Target:
    if target.qualifier is not None:
        raise InvalidParameterValueException(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
            "operation. Please specify either a function name or an unqualified function ARN."
        )
    return target


def _check_unreserved(context: Context, function: Function, wanted: int) -> None:
    others = sum(
        count
        for key, count in context.functions.reservations().items()
        if key != function.key and (key.account, key.region) == (context.account, context.region)
    )
    if ACCOUNT_CONCURRENCY - others - wanted < UNRESERVED_CONCURRENCY_MINIMUM:
        raise InvalidParameterValueException(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            "UnreservedConcurrentExecution below its minimum value of "
            f"[{UNRESERVED_CONCURRENCY_MINIMUM}].",
            has_type=False,
        )
