"""Publishing `$LATEST` as a version: code and configuration as they are now, frozen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from lambdacli.api.names import Target, latest
from lambdacli.api.operations.context import Context, new_id
from lambdacli.model.errors import InvalidParameterValueException, RequestError
from lambdacli.model.function import (
    ArchiveCode,
    FolderCode,
    Function,
    Layer,
    LocalLayer,
    PublishedLayer,
)
from lambdacli.model.record import record
from lambdacli.store.code import CodeStore


@record
class Frozen:
    """`$LATEST` at one moment, with packages of what runs from the developer's own folders: those may change,
    a version may not."""

    latest: Function
    code: ArchiveCode
    layers: tuple[Layer, ...]


async def frozen(context: Context, target: Target) -> Frozen:
    """Packed anew when `$LATEST` changed meanwhile: a version never mixes two states of it."""
    while True:
        function = latest(context, target)
        packed = await packed_now(context, function)
        if latest(context, target) == function:
            return packed


async def packed_now(context: Context, function: Function) -> Frozen:
    return await asyncio.to_thread(_packed, context.code, function)


def _packed(store: CodeStore, function: Function) -> Frozen:
    layers = tuple(_frozen(store, layer) for layer in function.layers)
    return Frozen(function, _packed_code(store, function), layers)


def _packed_code(store: CodeStore, function: Function) -> ArchiveCode:
    if isinstance(function.code, ArchiveCode):
        return function.code
    folder = function.code.folder
    if not folder.is_dir():
        raise InvalidParameterValueException(
            f"{function.name} cannot be published: the folder of its code, {folder}, is not there."
        )
    return store.keep_folder(folder)


def _frozen(code: CodeStore, layer: Layer) -> Layer:
    match layer:
        case PublishedLayer(code=FolderCode(folder)):
            return replace(layer, code=_kept(code, folder))
        case LocalLayer(path):
            return replace(layer, frozen=_kept(code, path))
    return layer


def _kept(code: CodeStore, path: Path) -> ArchiveCode:
    try:
        return code.keep_folder(path) if path.is_dir() else code.add(path.read_bytes())
    except (OSError, RequestError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.message
        raise InvalidParameterValueException(f"The layer {path} cannot be published: {reason}") from error


def published(context: Context, packed: Frozen, description: str | None = None) -> Function:
    """The new version; or the last one, if nothing has changed since."""
    function = packed.latest
    candidate = replace(
        function,
        code=packed.code,
        layers=packed.layers,
        was_folder=isinstance(function.code, FolderCode),
        debugging=None,
        description=function.description if description is None else description,
        revision_id=new_id(),
        build_id=new_id(),
    )
    # `$LATEST` gets another revision too, but its environments stay as they are.
    return context.functions.publish(replace(function, revision_id=new_id()), candidate)
