"""Provisioned concurrency of versions and aliases; environments/fleet.py keeps what is asked for here."""

from __future__ import annotations

from typing import Any

from lambdacli.api import claims, provisioned_once
from lambdacli.api.names import Target, existing, is_alias_name, latest, target_of
from lambdacli.api.operations.context import Context
from lambdacli.api.pages import page
from lambdacli.api.views import timestamp
from lambdacli.model.arn import LATEST
from lambdacli.model.concurrency import unreserved_minimum
from lambdacli.model.errors import (
    InvalidParameterValueException,
    ProvisionedConcurrencyConfigNotFoundException,
    ResourceNotFoundException,
)
from lambdacli.model.function import Function
from lambdacli.model.provisioned import ProvisionedConcurrency
from lambdacli.store.kinds import PROVISIONED

_PAGE_SIZE = 50


def put_provisioned_concurrency_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    function = _version(context, target)
    qualifier, wanted = _qualifier(target), request["ProvisionedConcurrentExecutions"]
    alias = context.aliases.get(target.key, qualifier)
    if alias is None:
        provisioned_once.check_version(context, target.key, function.version)
    else:
        provisioned_once.check_alias(context, alias)
    settings = context.settings.of_function(PROVISIONED, target.key)
    of_others = sum(setting.requested for name, setting in settings.items() if name != qualifier)
    _check_room(context, target, wanted, of_others)
    setting = ProvisionedConcurrency(wanted, context.clock.now())
    context.settings.put(PROVISIONED, target.key, setting, qualifier)
    return _shown(context, target, setting)


def get_provisioned_concurrency_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    _published(context, target)
    setting = context.settings.get(PROVISIONED, target.key, _qualifier(target))
    if setting is None:
        raise ProvisionedConcurrencyConfigNotFoundException(
            "No Provisioned Concurrency Config found for this function"
        )
    return _shown(context, target, setting)


def delete_provisioned_concurrency_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    _published(context, target)
    context.settings.delete(PROVISIONED, target.key, _qualifier(target))
    return {}


def list_provisioned_concurrency_configs(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    latest(context, target)
    shown, next_marker = page(
        list(context.settings.of_function(PROVISIONED, target.key).items()),
        name=lambda item: item[0],
        marker=request.get("Marker"),
        size=request.get("MaxItems", _PAGE_SIZE),
    )
    items = []
    for qualifier, setting in shown:
        one = Target(target.key, qualifier)
        items.append({"FunctionArn": one.arn, **_shown(context, one, setting)})
    return {"ProvisionedConcurrencyConfigs": items, "NextMarker": next_marker}


def _qualifier(target: Target) -> str:
    return target.qualifier or LATEST


def _version(context: Context, target: Target) -> Function:
    """Of an alias, the one it points to. A missing alias has another text than elsewhere."""
    qualifier = _qualifier(target)
    if is_alias_name(qualifier) and context.aliases.get(target.key, qualifier) is None:
        raise ResourceNotFoundException(f"Cannot find alias arn: {target.arn}")
    return existing(context, target)


def _published(context: Context, target: Target) -> None:
    _version(context, target)
    if _qualifier(target) == LATEST:
        raise InvalidParameterValueException(
            "The function resource provided must be an alias or a published version."
        )


def _check_room(context: Context, target: Target, wanted: int, of_others: int) -> None:
    reserved = latest(context, target).reserved_concurrency
    if reserved is not None:
        if wanted + of_others > reserved:
            raise InvalidParameterValueException(
                "Requested Provisioned Concurrency should not be greater than the "
                "reservedConcurrentExecution for function"
            )
        return
    unreserved = claims.unclaimed(context, but=target.key) - of_others
    minimum = unreserved_minimum(context.account_concurrency)
    if wanted > unreserved:
        raise InvalidParameterValueException(
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
            f"[{unreserved}].",
            has_type=False,
        )
    if unreserved - wanted < minimum:
        raise InvalidParameterValueException(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{minimum}].",
            has_type=False,
        )


def _shown(context: Context, target: Target, setting: ProvisionedConcurrency) -> dict[str, Any]:
    progress = context.provisioning.progress(target.key, _qualifier(target), setting)
    return {
        "RequestedProvisionedConcurrentExecutions": setting.requested,
        "AllocatedProvisionedConcurrentExecutions": progress.allocated,
        "AvailableProvisionedConcurrentExecutions": progress.available,
        "Status": progress.status.value,
        "StatusReason": progress.reason,
        "LastModified": timestamp(setting.last_modified),
    }
