"""Whether recursive loops of a function are stopped."""

from __future__ import annotations

from typing import Any

from lambdacli.api.names import latest, target_of
from lambdacli.api.operations.context import Context
from lambdacli.model.recursion import Recursion
from lambdacli.store.kinds import RECURSION


def put_function_recursion_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    latest(context, target)
    recursion = Recursion(request["RecursiveLoop"])
    context.settings.put(RECURSION, target.key, recursion)
    return {"RecursiveLoop": recursion.loop}


def get_function_recursion_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    latest(context, target)
    recursion = context.settings.get(RECURSION, target.key) or Recursion()
    return {"RecursiveLoop": recursion.loop}
