"""The build of its runtime that a version was told to stay with."""

from __future__ import annotations

from lambdacli.api.operations.context import Context
from lambdacli.model.function import Function
from lambdacli.store.kinds import RUNTIME_MANAGEMENT


def runtime_version(context: Context, function: Function) -> str | None:
    management = context.settings.get(RUNTIME_MANAGEMENT, function.key, function.version)
    return None if management is None else management.version_arn
