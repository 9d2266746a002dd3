"""CreateFunction, Get, List, Update and Delete: `$LATEST` and its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from lambdacli.api import attachments, configuration, effects, function_layers, signing, views
from lambdacli.api.code_given import code_given
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
from lambdacli.api.publishing import frozen, packed_now, published
from lambdacli.api.roles import check_dead_letter_role, check_role
from lambdacli.api.runtime_shown import runtime_version
from lambdacli.model.arn import LATEST, is_version
from lambdacli.model.code_signing import CodeSigningConfig
from lambdacli.model.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
)
from lambdacli.model.function import ArchiveCode, Code, Function, Layer, Origin
from lambdacli.model.runtime_names import RUNTIMES, RuntimeName

_PAGE_SIZE = 50
_DEFAULT_ARCHITECTURE = "x86_64"
_NO_CODE_YET = ArchiveCode("", 0)


async def create_function(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    draft = await _draft(context, request, target)
    signed_by = _signing_config(context, request)
    signing.check_code(target.key, signed_by)
    code = await code_given(context, request["Code"])
    await _check_size(context, request["Code"], code, draft.layers)
    created = replace(draft, code=code)
    packed = await packed_now(context, created) if request.get("Publish") else None
    # Another create of the same name may have ended while this one unpacked.
    _refuse_existing(context, target)
    context.functions.put(created, {} if signed_by is None else signing.of_new_function(signed_by))
    effects.warn_of(created)
    # The answer names the version, but not in its ARN.
    answered = created if packed is None else published(context, packed)
    shown = views.function_configuration(answered, await code_shown(context, answered))
    return views.being_created(shown, new_id())


async def _draft(context: Context, request: dict[str, Any], target: Target) -> Function:
    """The new function but for its code, or the first of AWS's refusals."""
    configuration.check_name_length(target.key.name)
    fields = configuration.fields(request, target.key.name)
    fields |= await function_layers.fields(context, request)
    tags = configuration.checked_tags(request.get("Tags", {}))
    _require_runtime_and_handler(request)
    _refuse_past_its_end(context, request["Runtime"], RuntimeName.is_create_blocked)
    _refuse_existing(context, target)
    check_role(context, request, target.key)
    draft = Function(
        key=target.key,
        code=_NO_CODE_YET,
        origin=Origin.API,
        revision_id=new_id(),
        build_id=new_id(),
        last_modified=context.clock.now(),
        architecture=_architecture(request, _DEFAULT_ARCHITECTURE),
        tags=tags,
        **fields,
    )
    attachments.check_together(draft)
    check_dead_letter_role(context, draft.role, target.key, draft.dead_letter_target)
    if "ImageUri" in request["Code"]:
        # AWS's wording was never recorded.
        raise InvalidParameterValueException(
            "Please don't provide ImageUri when creating a function with packageType Zip."
        )
    return draft


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
    shown, next_marker = page_of(
        fetch, name=_place_in_list, marker=marker, size=size, is_name=_is_place_in_list
    )
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


def _is_place_in_list(text: str) -> bool:
    return is_version(text.partition(":")[2])


async def update_function_code(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    former = _changeable(context, target, request)
    signing.check_code(target.key, signing.config_of(context, target.key))
    if "ImageUri" in request:
        raise InvalidParameterValueException(
            "Please don't provide ImageUri when updating a function with packageType Zip."
        )
    code = await code_given(context, request)
    await _check_size(context, request, code, former.layers)
    # Looked up again: it may have changed, or gone, while the package was unpacked.
    function = _changeable(context, target, request)
    architecture = _architecture(request, function.architecture)
    if request.get("DryRun"):
        trial = replace(function, code=code, architecture=architecture)
        return views.function_configuration(trial, await code_shown(context, trial))
    updated = await _updated(context, function, {"code": code, "architecture": architecture})
    if not request.get("Publish"):
        return updated
    version = await _published(context, target)
    shown = views.function_configuration(
        version, await code_shown(context, version), qualifier=version.version
    )
    return views.being_created(shown, version.revision_id)


async def update_function_configuration(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    target = target_of(context, request)
    former = _changeable(context, target, request)
    if "Layers" in request:
        signing.check_code(target.key, signing.config_of(context, target.key))
    fields = configuration.fields(request, target.key.name, former.logging)
    fields |= await function_layers.fields(context, request)
    await function_layers.check_size(context, former.code, fields.get("layers", ()))
    # Looked up again: it may have changed, or gone, while layers were looked at.
    function = _changeable(context, target, request)
    check_role(context, request, target.key)
    if "Role" in request or "DeadLetterConfig" in request:
        changed = replace(function, **fields)
        check_dead_letter_role(context, changed.role, target.key, changed.dead_letter_target)
    return await _updated(context, function, fields)


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
        refuse_project_function(context, function)
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


def _architecture(request: Mapping[str, Any], current: str) -> str:
    architecture: str = request.get("Architectures", [current])[0]
    return architecture


def _changeable(context: Context, target: Target, request: Mapping[str, Any]) -> Function:
    function = latest(context, target)
    refuse_project_function(context, function)
    check_revision(request.get("RevisionId"), function.revision_id)
    runtime = request.get("Runtime", function.runtime)
    _refuse_past_its_end(context, runtime, RuntimeName.is_update_blocked)
    return function


def _refuse_past_its_end(
    context: Context, runtime: str, is_blocked: Callable[[RuntimeName, date], bool]
) -> None:
    if (
        context.is_strict
        and runtime in RUNTIMES
        and is_blocked(RUNTIMES[runtime], context.clock.now().date())
    ):
        raise configuration.no_longer_supported(runtime)


async def _updated(context: Context, function: Function, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Stores the finished update; the answer shows it still going on, under a revision of its own."""
    updated = replace(
        function, **fields, revision_id=new_id(), build_id=new_id(), last_modified=context.clock.now()
    )
    attachments.check_together(updated)
    context.functions.put(updated)
    effects.warn_of(updated, function)
    code = await code_shown(context, updated)
    shown = views.function_configuration(updated, code, runtime_version=runtime_version(context, updated))
    return views.being_updated(shown, new_id())


async def _published(context: Context, target: Target) -> Function:
    """`$LATEST` as it has just been stored, as a version."""
    return published(context, await frozen(context, target))


async def _check_size(
    context: Context, members: Mapping[str, Any], code: Code, layers: Sequence[Layer]
) -> None:
    """Of a dry run nothing is kept: what came with the request is measured then, an object of S3 is not."""
    if "ZipFile" in members:
        await function_layers.check_size(context, members["ZipFile"], layers)
    elif not members.get("DryRun"):
        await function_layers.check_size(context, code, layers)


def _signing_config(context: Context, request: Mapping[str, Any]) -> CodeSigningConfig | None:
    arn = request.get("CodeSigningConfigArn")
    return signing.config_to_bind(context, arn) if arn else None
