"""Which versions may have provisioned concurrency: published ones, once each, by number or by one alias."""

from __future__ import annotations

from lambdacli.api.operations.context import Context
from lambdacli.model.alias import Alias
from lambdacli.model.arn import LATEST, FunctionKey
from lambdacli.model.errors import InvalidParameterValueException, ResourceConflictException
from lambdacli.store.kinds import PROVISIONED


def check_version(context: Context, key: FunctionKey, version: str) -> None:
    """For a setting of the version itself."""
    if version == LATEST:
        raise _unpublished()
    if _is_under_alias(context, key, version):
        raise ResourceConflictException("Version is pointed by a Provisioned Concurrency alias")


def check_alias(context: Context, alias: Alias) -> None:
    """For an alias that is to have a setting, or that has one and is to move."""
    if alias.version == LATEST:
        raise _unpublished()
    by_number = context.settings.of_function(PROVISIONED, alias.function)
    for version in alias.versions:
        if version in by_number or _is_under_alias(context, alias.function, version, but=alias.name):
            raise ResourceConflictException(
                "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned "
                "version"
            )


def _is_under_alias(context: Context, key: FunctionKey, version: str, but: str | None = None) -> bool:
    provisioned = context.settings.of_function(PROVISIONED, key).keys() - {but}
    return any(version in alias.versions for alias in context.aliases.list(key) if alias.name in provisioned)


def _unpublished() -> InvalidParameterValueException:
    return InvalidParameterValueException(
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
    )
