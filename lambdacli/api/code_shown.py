"""A function's code as answers show it: hash, size, and where it can be had."""

from __future__ import annotations

import asyncio

from lambdacli.api.operations.context import Context
from lambdacli.model.function import ArchiveCode, Function


async def code_shown(context: Context, function: Function) -> ArchiveCode:
    """The function's package, or what its folder would be as one."""
    if isinstance(function.code, ArchiveCode):
        return function.code
    return await asyncio.to_thread(context.code.describe_folder, function.code.folder)


def location(context: Context, function: Function) -> str:
    """Where a person, or curl, gets the code: on this machine, a file is the shortest way."""
    if isinstance(function.code, ArchiveCode):
        return context.code.archive(function.code).resolve().as_uri()
    return function.code.folder.resolve().as_uri()
