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
from lambdacli.store.code import CodeStore


async def frozen(context: Context, target: Target) -> tuple[Function, ArchiveCode, tuple[Layer, ...]]:
    """`$LATEST` with its code and its layers as packages, all three of one moment."""
    while True:
        function = latest(context, target)
        code = await _frozen_code(context, function)
        layers = await _frozen_layers(context, function)
        # Looked up again: it may have changed, or gone, while folders were packed.
        current = latest(context, target)
        if (current.code, current.layers) == (function.code, function.layers):
            return current, code, layers


async def _frozen_code(context: Context, function: Function) -> ArchiveCode:
    """A package of its own for what runs from the developer's folder: that may change, a version may not."""
    if isinstance(function.code, ArchiveCode):
        return function.code
    folder = function.code.folder
    if not await asyncio.to_thread(folder.is_dir):
        raise InvalidParameterValueException(
            f"{function.name} cannot be published: the folder of its code, {folder}, is not there."
        )
    return await asyncio.to_thread(context.code.keep_folder, folder)


async def _frozen_layers(context: Context, function: Function) -> tuple[Layer, ...]:
    """Layers that are folders or files of the developer's own, as they are now."""
    return await asyncio.to_thread(lambda: tuple(_frozen(context.code, layer) for layer in function.layers))


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


def published(
    context: Context,
    function: Function,
    code: ArchiveCode,
    layers: tuple[Layer, ...],
    description: str | None = None,
) -> Function:
    """The new version; or the last one, if nothing has changed since."""
    candidate = replace(
        function,
        code=code,
        layers=layers,
        was_folder=isinstance(function.code, FolderCode),
        description=function.description if description is None else description,
        revision_id=new_id(),
        build_id=new_id(),
    )
    # `$LATEST` gets another revision too, but its environments stay as they are.
    return context.functions.publish(replace(function, revision_id=new_id()), candidate)
