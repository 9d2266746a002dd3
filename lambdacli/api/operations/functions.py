"""CreateFunction, Get, List, Update and Delete: `$LATEST` and its settings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from lambdacli.api import configuration, views
from lambdacli.api.code_shown import code_shown, location
from lambdacli.api.names import (
    Target,
    check_revision,
    existing,
    is_alias_name,
    latest,
    refuse_project_function,
    target_of,
)
from lambdacli.api.operations.context import Context, new_id
from lambdacli.api.pages import page_of
from lambdacli.api.publishing import published
from lambdacli.api.runtime_shown import runtime_version
from lambdacli.model.arn import LATEST
from lambdacli.model.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
)
from lambdacli.model.function import Function, Origin

_PAGE_SIZE = 50
_DEFAULT_ARCHITECTURE = "x86_64"


async def create_function(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    configuration.check_name_length(target.key.name)
    fields = configuration.fields(request, target.key.name)
    tags = configuration.checked_tags(request.get("Tags", {}))
    _require_runtime_and_handler(request)
    _refuse_existing(context, target)
    package = _package(request["Code"])
    code = await asyncio.to_thread(context.code.add, package)
    # Another create of the same name may have ended while this one unpacked.
    _refuse_existing(context, target)
    function = Function(
        key=target.key,
        code=code,
        origin=Origin.API,
        revision_id=new_id(),
        build_id=new_id(),
        last_modified=context.clock.now(),
        architecture=_architecture(request, _DEFAULT_ARCHITECTURE),
        tags=tags,
        **fields,
    )
    context.functions.put(function)
    if not request.get("Publish"):
        return views.being_created(views.function_configuration(function, code), new_id())
    version = published(context, function, code)
    # The answer names the version, but not in its ARN.
    return views.being_created(views.function_configuration(version, code), new_id())


async def get_function(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    function = existing(context, target)
    code = await code_shown(context, function)
    shown: dict[str, Any] = {
        "Configuration": views.function_configuration(
            function,
            code,
            qualifier=target.qualifier,
            runtime_version=runtime_version(context, function),
        ),
        "Code": {"RepositoryType": "S3", "Location": location(context, function)},
    }
    whole = latest(context, target)
    if whole.tags:
        shown["Tags"] = dict(whole.tags)
    if whole.reserved_concurrency is not None:
        shown["Concurrency"] = {"ReservedConcurrentExecutions": whole.reserved_concurrency}
    return shown


async def get_function_configuration(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    function = existing(context, target)
    code = await code_shown(context, function)
    return views.function_configuration(
        function, code, qualifier=target.qualifier, runtime_version=runtime_version(context, function)
    )


async def list_functions(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    marker = request.get("Marker")
    size = min(request.get("MaxItems", _PAGE_SIZE), _PAGE_SIZE)
    with_versions = request.get("FunctionVersion") == "ALL"
    fetch = partial(_functions_behind, context, with_versions)
    shown, next_marker = page_of(fetch, name=_place_in_list, marker=marker, size=size)
    functions = [
        views.listed_configuration(
            function,
            await code_shown(context, function),
            qualifier=function.version if with_versions else None,
        )
        for function in shown
    ]
    return {"Functions": functions, "NextMarker": next_marker}


def _functions_behind(context: Context, with_versions: bool, after: str, count: int) -> Sequence[Function]:
    here = (context.account, context.region)
    if not with_versions:
        return context.functions.list(*here, after=after.partition(":")[0], count=count)
    name, _, version = after.partition(":")
    return context.functions.list_with_versions(*here, after=(name, version or LATEST), count=count)


def _place_in_list(function: Function) -> str:
    return f"{function.name}:{function.version}"


async def update_function_code(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    _changeable(context, target, request)
    if "ImageUri" in request:
        raise InvalidParameterValueException(
            "Please don't provide ImageUri when updating a function with packageType Zip."
        )
    package = _package(request)
    keep = context.code.check if request.get("DryRun") else context.code.add
    code = await asyncio.to_thread(keep, package)
    # Looked up again: it may have changed, or gone, while the package was unpacked.
    function = _changeable(context, target, request)
    architecture = _architecture(request, function.architecture)
    if request.get("DryRun"):
        trial = replace(function, code=code, architecture=architecture)
        return views.function_configuration(trial, code)
    updated = await _updated(context, function, {"code": code, "architecture": architecture})
    if not request.get("Publish"):
        return updated
    version = published(context, latest(context, target), code)
    shown = views.function_configuration(version, code, qualifier=version.version)
    return views.being_created(shown, version.revision_id)


async def update_function_configuration(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    function = _changeable(context, target, request)
    return await _updated(context, function, configuration.fields(request, target.key.name))


def delete_function(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    if target.qualifier == LATEST:
        raise InvalidParameterValueException(
            "$LATEST version cannot be deleted without deleting the function."
        )
    if target.qualifier is not None and is_alias_name(target.qualifier):
        raise InvalidParameterValueException("Deletion of aliases is not currently supported.")
    function = latest(context, target)
    if target.qualifier is None:
        refuse_project_function(function)
        context.functions.delete(target.key)
        return {"StatusCode": 204}
    _refuse_in_use(context, target, target.qualifier)
    # A version that does not exist is deleted already.
    context.functions.delete_version(target.key, target.qualifier)
    return {"StatusCode": 204}


def _refuse_in_use(context: Context, target: Target, version: str) -> None:
    users = [alias.name for alias in context.aliases.list(target.key) if version in alias.versions]
    if users:
        raise ResourceConflictException(
            f"Unable to delete version because the following aliases reference it: [{', '.join(users)}]"
        )


# Create and update


def _require_runtime_and_handler(request: Mapping[str, Any]) -> None:
    if "Runtime" not in request or "Handler" not in request:
        raise InvalidParameterValueException(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )


def _refuse_existing(context: Context, target: Target) -> None:
    if context.functions.get(target.key) is not None:
        raise ResourceConflictException(f"Function already exist: {target.key.name}")


def _package(code: Mapping[str, Any]) -> bytes:
    configuration.refuse_not_built_code(code)
    package: bytes | None = code.get("ZipFile")
    if package is None:
        raise InvalidParameterValueException("Please provide a source for function code.")
    return package


def _architecture(request: Mapping[str, Any], current: str) -> str:
    architecture: str = request.get("Architectures", [current])[0]
    return architecture


def _changeable(context: Context, target: Target, request: Mapping[str, Any]) -> Function:
    function = latest(context, target)
    refuse_project_function(function)
    check_revision(request.get("RevisionId"), function.revision_id)
    return function


async def _updated(context: Context, function: Function, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Stores the finished update; the answer shows it still going on, under a revision of its own."""
    updated = replace(
        function, **fields, revision_id=new_id(), build_id=new_id(), last_modified=context.clock.now()
    )
    context.functions.put(updated)
    code = await code_shown(context, updated)
    shown = views.function_configuration(updated, code, runtime_version=runtime_version(context, updated))
    return views.being_updated(shown, new_id())
