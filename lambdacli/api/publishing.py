"""Publishing `$LATEST` as a version: code and configuration as they are now, frozen."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from lambdacli.api.operations.context import Context, new_id
from lambdacli.model.function import ArchiveCode, FolderCode, Function


async def frozen_code(context: Context, function: Function) -> ArchiveCode:
    """A package of its own for what runs from the developer's folder: that may change, a version may not."""
    if isinstance(function.code, ArchiveCode):
        return function.code
    return await asyncio.to_thread(context.code.keep_folder, function.code.folder)


def published(
    context: Context, latest: Function, code: ArchiveCode, description: str | None = None
) -> Function:
    """The new version; or the last one, if nothing has changed since."""
    candidate = replace(
        latest,
        code=code,
        was_folder=isinstance(latest.code, FolderCode),
        description=latest.description if description is None else description,
        revision_id=new_id(),
        build_id=new_id(),
    )
    # `$LATEST` gets another revision too, but its environments stay as they are.
    return context.functions.publish(replace(latest, revision_id=new_id()), candidate)
