"""Event-invoke configs: what is to become of a function's events, per `$LATEST`, version or alias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambdacli.api.names import Target, existing, target_of
from lambdacli.api.operations.context import Context
from lambdacli.api.pages import page
from lambdacli.api.roles import check_destination_role
from lambdacli.model.arn import LATEST, FunctionKey, parse_function_reference
from lambdacli.model.errors import InvalidParameterValueException, ResourceNotFoundException
from lambdacli.model.event_invoke import EventInvokeConfig
from lambdacli.store.kinds import EVENT_INVOKE

_PAGE_SIZE = 50
_SETTINGS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
_EVERYWHERE = ("sqs", "sns", "lambda", "events")
_SERVICES = {"OnSuccess": _EVERYWHERE, "OnFailure": (*_EVERYWHERE, "s3")}


def put_function_event_invoke_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    _require_any(request)
    _require_function(context, target)
    return _kept(context, target, request, EventInvokeConfig(context.clock.now()))


def update_function_event_invoke_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    _require_any(request)
    if context.functions.get(target.key) is None:
        raise _no_function()
    current = replace(_current(context, target), last_modified=context.clock.now())
    return _kept(context, target, request, current)


def get_function_event_invoke_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    return _shown(target.key, _qualifier(target), _current(context, target))


def delete_function_event_invoke_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    _current(context, target)
    context.settings.delete(EVENT_INVOKE, target.key, _qualifier(target))
    return {}


def list_function_event_invoke_configs(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    if context.functions.get(target.key) is None:
        raise _no_function()
    configs = context.settings.of_function(EVENT_INVOKE, target.key)
    shown, next_marker = page(
        list(configs.items()),
        name=lambda item: item[0],
        marker=request.get("Marker"),
        size=request.get("MaxItems", _PAGE_SIZE),
    )
    items = [_shown(target.key, qualifier, config) for qualifier, config in shown]
    return {"FunctionEventInvokeConfigs": items, "NextMarker": next_marker}


def _require_any(request: Mapping[str, Any]) -> None:
    """Even of a function that does not exist."""
    if not any(name in request for name in _SETTINGS):
        raise InvalidParameterValueException(
            "You must specify at least one of error handling or destination setting."
        )


def _require_function(context: Context, target: Target) -> None:
    try:
        existing(context, target)
    except ResourceNotFoundException:
        raise _no_function() from None


def _current(context: Context, target: Target) -> EventInvokeConfig:
    """Missing functions, versions and aliases have none either: AWS does not tell them apart."""
    qualifier = _qualifier(target)
    config = context.settings.get(EVENT_INVOKE, target.key, qualifier)
    if config is None:
        raise ResourceNotFoundException(
            f"The function {target.key.qualified_arn(qualifier)} doesn't have an EventInvokeConfig"
        )
    return config


def _kept(
    context: Context, target: Target, request: Mapping[str, Any], current: EventInvokeConfig
) -> dict[str, Any]:
    destinations = request.get("DestinationConfig", {})
    _check_destinations(context, target, destinations)
    config = replace(
        current,
        maximum_retry_attempts=request.get("MaximumRetryAttempts", current.maximum_retry_attempts),
        maximum_event_age_seconds=request.get("MaximumEventAgeInSeconds", current.maximum_event_age_seconds),
        on_success=_destination(destinations, "OnSuccess", current.on_success),
        on_failure=_destination(destinations, "OnFailure", current.on_failure),
    )
    qualifier = _qualifier(target)
    context.settings.put(EVENT_INVOKE, target.key, config, qualifier)
    return _shown(target.key, qualifier, config)


def _destination(destinations: Mapping[str, Any], event: str, current: str | None) -> str | None:
    """An empty one takes away what was set."""
    given: str | None = destinations.get(event, {}).get("Destination", current)
    return given or None


def _check_destinations(context: Context, target: Target, destinations: Mapping[str, Any]) -> None:
    for event, services in _SERVICES.items():
        arn = destinations.get(event, {}).get("Destination")
        if not arn:
            continue
        service = arn.split(":")[2] if arn.startswith("arn:") else ""
        if service not in services:
            raise InvalidParameterValueException(
                f"The provided destination config {_told(destinations)} is invalid."
            )
        if service == "lambda":
            _check_function_destination(context, target, arn)
        function = existing(context, target)
        check_destination_role(context, function.role, target.key, arn)


def _check_function_destination(context: Context, target: Target, arn: str) -> None:
    invalid = InvalidParameterValueException(f"The destination ARN {arn} is invalid.")
    if ":function:" not in arn:
        raise invalid
    destination = parse_function_reference(arn)
    key = FunctionKey(destination.account or "", destination.region or "", destination.name)
    # Recorded for the function itself; that its versions and aliases count too is the sense of it.
    if key == target.key:
        raise InvalidParameterValueException("You can't specify the function as a destination for itself.")
    try:
        existing(context, Target(key, destination.qualifier))
    except ResourceNotFoundException:
        raise invalid from None


def _told(destinations: Mapping[str, Any]) -> str:
    """As the service's own language prints such a record."""
    parts = []
    for event in _SERVICES:
        destination = destinations.get(event, {}).get("Destination")
        told = "null" if destination is None else f"{event}(destination={destination})"
        parts.append(f"{event[0].lower()}{event[1:]}={told}")
    return f"DestinationConfig({', '.join(parts)})"


def _shown(key: FunctionKey, qualifier: str, config: EventInvokeConfig) -> dict[str, Any]:
    return {
        "LastModified": config.last_modified,
        "FunctionArn": key.qualified_arn(qualifier),
        "MaximumRetryAttempts": config.maximum_retry_attempts,
        "MaximumEventAgeInSeconds": config.maximum_event_age_seconds,
        "DestinationConfig": {
            "OnSuccess": {"Destination": config.on_success} if config.on_success else {},
            "OnFailure": {"Destination": config.on_failure} if config.on_failure else {},
        },
    }


def _qualifier(target: Target) -> str:
    return target.qualifier or LATEST


def _no_function() -> ResourceNotFoundException:
    return ResourceNotFoundException("The function doesn't exist.")
