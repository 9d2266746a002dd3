"""Builds the project's functions before anybody calls them, a few at once, when it is asked to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import cache
from pathlib import Path

from lambdacli.model.errors import RequestError
from lambdacli.model.function import FolderCode, Function, LocalLayer
from lambdacli.project.builders.runnable import may_be_built
from lambdacli.project.npm import imported_sdk_packages

logger = logging.getLogger("lam.placements")

_AT_ONCE = 2
_GRACE_SECONDS = 0.5
"""So long it takes to find that everything is there already."""


class EarlyBuilds:
    def __init__(
        self,
        functions: Callable[[], Sequence[Function]],
        place: Callable[[Function], Awaitable[object]],
    ) -> None:
        """`place` makes a function ready to run, and does nothing for one that is."""
        self._functions = functions
        self._place = place
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def begin(self) -> dict[str, object]:
        """Which functions are built now, and how many of all are ready."""
        functions = self._functions()
        for function in await asyncio.to_thread(_that_may_be_built, functions):
            if function.name not in self._tasks:
                self._tasks[function.name] = asyncio.create_task(self._build(function))
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=_GRACE_SECONDS)
        names = list(self._tasks)
        return {"building": names, "ready": len(functions) - len(names), "of": len(functions)}

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _build(self, function: Function) -> None:
        try:
            async with self._slots:
                await self._place(function)
        except RequestError as error:
            logger.error("%s: %s", function.name, error.message)
        except Exception:
            logger.exception("%s could not be built", function.name)
        finally:
            del self._tasks[function.name]


def _that_may_be_built(functions: Sequence[Function]) -> list[Function]:
    """Reads sources; a folder that many functions share is looked through once."""
    sdk_packages = cache(imported_sdk_packages)
    return [each for each in functions if _may_be_built(each, sdk_packages)]


def _may_be_built(function: Function, sdk_packages: Callable[[Path], Collection[str]]) -> bool:
    if not isinstance(function.code, FolderCode):
        return False
    if any(isinstance(layer, LocalLayer) for layer in function.layers):
        return True
    has_packages = function.virtual_environment is not None
    return may_be_built(
        function.name,
        function.code.folder,
        function.runtime,
        function.handler,
        function.build,
        has_packages=has_packages,
        sdk_packages=sdk_packages,
    )
