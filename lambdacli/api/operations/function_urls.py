"""Function URLs: one for a function, and one for each of its aliases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambdacli.api.names import Target, target_of
from lambdacli.api.operations.context import Context, new_id
from lambdacli.api.pages import page
from lambdacli.api.views import timestamp
from lambdacli.model.errors import ResourceConflictException, ResourceNotFoundException
from lambdacli.model.function_url import Cors, FunctionUrl, url_of
from lambdacli.store.kinds import FUNCTION_URL
from lambdacli.store.settings import WHOLE_FUNCTION

_PAGE_SIZE = 50

_CORS_MEMBERS = {
    "AllowCredentials": "allow_credentials",
    "AllowHeaders": "allow_headers",
    "AllowMethods": "allow_methods",
    "AllowOrigins": "allow_origins",
    "ExposeHeaders": "expose_headers",
    "MaxAge": "max_age_seconds",
}


def create_function_url_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    _require_function(context, target)
    if _found(context, target) is not None:
        raise ResourceConflictException(
            f"Failed to create function url config for [functionArn = {target.arn}]. "
            "Error message:  FunctionUrlConfig exists for this Lambda function"
        )
    now = context.clock.now()
    url = FunctionUrl(new_id().replace("-", ""), request["AuthType"], created=now, last_modified=now)
    shown = _kept(context, target, request, url)
    # Only this answer lacks them.
    del shown["LastModifiedTime"]
    if "InvokeMode" not in request:
        del shown["InvokeMode"]
    return shown


def get_function_url_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    return _shown(context, target, _current(context, target))


def update_function_url_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    _require_function(context, target)
    current = _current(context, target)
    changed = replace(
        current,
        auth_type=request.get("AuthType", current.auth_type),
        last_modified=context.clock.now(),
    )
    return _kept(context, target, request, changed)


def delete_function_url_config(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    _current(context, target)
    context.settings.delete(FUNCTION_URL, target.key, _qualifier(target))
    return {}


def list_function_url_configs(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    if context.functions.get(target.key) is None:
        raise _no_function()
    urls = [
        (Target(target.key, qualifier or None), url)
        for qualifier, url in context.settings.of_function(FUNCTION_URL, target.key).items()
    ]
    shown, next_marker = page(
        urls,
        name=lambda item: item[0].arn,
        marker=request.get("Marker"),
        size=request.get("MaxItems", _PAGE_SIZE),
    )
    items = [_shown(context, each, url) for each, url in shown]
    return {"FunctionUrlConfigs": items, "NextMarker": next_marker}


def _require_function(context: Context, target: Target) -> None:
    is_here = context.functions.get(target.key) is not None
    if target.qualifier is not None:
        is_here = context.aliases.get(target.key, target.qualifier) is not None
    if not is_here:
        raise _no_function()


def _found(context: Context, target: Target) -> FunctionUrl | None:
    return context.settings.get(FUNCTION_URL, target.key, _qualifier(target))


def _current(context: Context, target: Target) -> FunctionUrl:
    url = _found(context, target)
    if url is None:
        raise ResourceNotFoundException("The resource you requested does not exist.")
    return url


def _kept(context: Context, target: Target, request: Mapping[str, Any], url: FunctionUrl) -> dict[str, Any]:
    """What is not given stays as it is; an empty `Cors` takes away what was set."""
    url = replace(
        url,
        invoke_mode=request.get("InvokeMode", url.invoke_mode),
        cors=_cors(request["Cors"]) if "Cors" in request else url.cors,
    )
    qualifier = _qualifier(target)
    context.settings.put(FUNCTION_URL, target.key, url, qualifier)
    return _shown(context, target, url)


def _cors(given: Mapping[str, Any]) -> Cors | None:
    fields: dict[str, Any] = {
        _CORS_MEMBERS[name]: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
    }
    return Cors(**fields) if fields else None


def _shown(context: Context, target: Target, url: FunctionUrl) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "FunctionUrl": url_of(url.url_id, target.key.region, context.endpoint),
        "FunctionArn": target.arn,
        "AuthType": url.auth_type,
        "CreationTime": timestamp(url.created),
        "LastModifiedTime": timestamp(url.last_modified),
        "InvokeMode": url.invoke_mode,
    }
    if url.cors is not None:
        shown["Cors"] = _cors_shown(url.cors)
    return shown


def _cors_shown(cors: Cors) -> dict[str, Any]:
    values = {member: getattr(cors, field) for member, field in _CORS_MEMBERS.items()}
    return {
        member: list(value) if isinstance(value, tuple) else value
        for member, value in values.items()
        if value is not None
    }


def _qualifier(target: Target) -> str:
    return target.qualifier or WHOLE_FUNCTION


def _no_function() -> ResourceNotFoundException:
    return ResourceNotFoundException("Function does not exist")
