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
    """Where the code can be had: for whoever comes by the unix socket, a file is the shortest way."""
    if isinstance(function.code, ArchiveCode):
        return package_location(context, function.code)
    if context.http.peer.is_unix:
        return function.code.folder.resolve().as_uri()
    return context.code_links.to_folder(context.endpoint, function.key)


def package_location(context: Context, code: ArchiveCode) -> str:
    if context.http.peer.is_unix:
        return context.code.archive(code).resolve().as_uri()
    return context.code_links.to_package(context.endpoint, code)
