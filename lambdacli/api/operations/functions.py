"""CreateFunction, Get, List, Update and Delete: `$LATEST` and its settings."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambdacli.api import configuration, views
from lambdacli.api.names import Target, existing, not_found, refuse_project_function, target_of
from lambdacli.api.operations.context import Context, new_id
from lambdacli.api.pages import page
from lambdacli.model.arn import LATEST
from lambdacli.model.errors import (
    InvalidParameterValueException,
    PreconditionFailedException,
    ResourceConflictException,
)
from lambdacli.model.function import ArchiveCode, Function, Origin

_PAGE_SIZE = 50
_DEFAULT_ARCHITECTURE = "x86_64"
_ALIAS_NAME = re.compile(r"(?!^[0-9]+$)[a-zA-Z0-9-_]+")


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
        last_modified=context.clock.now(),
        architecture=_architecture(request, _DEFAULT_ARCHITECTURE),
        tags=tags,
        **fields,
    )
    context.functions.put(function)
    return views.being_created(views.function_configuration(function, code), new_id())


async def get_function(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    function = existing(context, target)
    code = await _code_shown(context, function)
    shown: dict[str, Any] = {
        "Configuration": views.function_configuration(function, code, qualifier=target.qualifier),
        "Code": {"RepositoryType": "S3", "Location": _location(context, function)},
    }
    if function.tags:
        shown["Tags"] = dict(function.tags)
    if function.reserved_concurrency is not None:
        shown["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved_concurrency}
    return shown


async def get_function_configuration(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    function = existing(context, target)
    code = await _code_shown(context, function)
    return views.function_configuration(function, code, qualifier=target.qualifier)


async def list_functions(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    qualifier = LATEST if request.get("FunctionVersion") == "ALL" else None
    shown, next_marker = page(
        context.functions.list(context.account, context.region),
        name=lambda function: function.name,
        marker=request.get("Marker"),
        size=min(request.get("MaxItems", _PAGE_SIZE), _PAGE_SIZE),
    )
    functions = [
        views.listed_configuration(function, await _code_shown(context, function), qualifier=qualifier)
        for function in shown
    ]
    return {"Functions": functions, "NextMarker": next_marker}


async def update_function_code(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    _changeable(context, target, request)
    configuration.refuse_not_built_publishing(request)
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
    return await _updated(context, function, {"code": code, "architecture": architecture})


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
    if target.qualifier is not None and _ALIAS_NAME.fullmatch(target.qualifier):
        raise InvalidParameterValueException("Deletion of aliases is not currently supported.")
    function = context.functions.get(target.key)
    if function is None:
        raise not_found(target.key.arn)
    # A version that does not exist is deleted already.
    if target.qualifier is None:
        refuse_project_function(function)
        context.functions.delete(target.key)
    return {"StatusCode": 204}


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
    function = existing(context, target)
    refuse_project_function(function)
    if request.get("RevisionId") not in (None, function.revision_id):
        raise PreconditionFailedException(
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias "
            "API to retrieve the latest Revision Id"
        )
    return function


async def _updated(context: Context, function: Function, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Stores the finished update; the answer shows it still going on, under a revision of its own."""
    updated = replace(function, **fields, revision_id=new_id(), last_modified=context.clock.now())
    context.functions.put(updated)
    code = await _code_shown(context, updated)
    return views.being_updated(views.function_configuration(updated, code), new_id())


# Code as it is shown


async def _code_shown(context: Context, function: Function) -> ArchiveCode:
    if isinstance(function.code, ArchiveCode):
        return function.code
    return await asyncio.to_thread(context.code.describe_folder, function.code.folder)


def _location(context: Context, function: Function) -> str:
    """Where a person, or curl, gets the code: on this machine, a file is the shortest way."""
    if isinstance(function.code, ArchiveCode):
        return context.code.archive(function.code).resolve().as_uri()
    return function.code.folder.resolve().as_uri()
