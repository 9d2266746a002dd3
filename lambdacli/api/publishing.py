"""Publishing `$LATEST` as a version: code and configuration as they are now, frozen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

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


async def frozen_code(context: Context, function: Function) -> ArchiveCode:
    """A package of its own for what runs from the developer's folder: that may change, a version may not."""
    if isinstance(function.code, ArchiveCode):
        return function.code
    return await asyncio.to_thread(context.code.keep_folder, function.code.folder)


async def frozen_layers(context: Context, function: Function) -> tuple[Layer, ...]:
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
    latest: Function,
    code: ArchiveCode,
    layers: tuple[Layer, ...],
    description: str | None = None,
) -> Function:
    """The new version; or the last one, if nothing has changed since."""
    candidate = replace(
        latest,
        code=code,
        layers=layers,
        was_folder=isinstance(latest.code, FolderCode),
        description=latest.description if description is None else description,
        revision_id=new_id(),
        build_id=new_id(),
    )
    # `$LATEST` gets another revision too, but its environments stay as they are.
    return context.functions.publish(replace(latest, revision_id=new_id()), candidate)
