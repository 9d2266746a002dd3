"""Follows the folders that functions made over the API run from: a change there is one of the function."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from lambdacli.model.arn import FunctionKey
from lambdacli.model.function import FolderCode, Origin
from lambdacli.project.watch import Watcher
from lambdacli.service.project_sync import stamp_of
from lambdacli.store.functions import FunctionStore


class HotFolders:
    """Watches only once there is something to watch."""

    def __init__(self, functions: FunctionStore, on_code_change: Callable[[FunctionKey], None]) -> None:
        self._functions = functions
        self._on_code_change = on_code_change
        self._folders: dict[FunctionKey, Path] = {}
        self._seen: dict[Path, object] = {}
        """The files that changed while the service runs, as they were found then."""
        self._watcher: Watcher | None = None

    def start(self) -> None:
        """Takes in the functions that are there already."""
        for function in self._functions.with_folders(Origin.API):
            if isinstance(function.code, FolderCode):
                self._folders[function.key] = function.code.folder
        self._watch()

    def function_changed(self, key: FunctionKey) -> None:
        function = self._functions.get(key)
        folder = None
        if function is not None and function.origin is Origin.API and isinstance(function.code, FolderCode):
            folder = function.code.folder
        if self._folders.get(key) == folder:
            return
        if folder is None:
            del self._folders[key]
        else:
            self._folders[key] = folder
        self._watch()

    def stop(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher = None

    def _watch(self) -> None:
        if self._watcher is None:
            if not self._folders:
                return
            loop = asyncio.get_running_loop()

            def changed(path: Path) -> None:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(self._file_changed, path)

            self._watcher = Watcher(changed)
            self._watcher.start()
        self._watcher.set_folders(set(self._folders.values()))

    def _file_changed(self, path: Path) -> None:
        """Called for each event of the file system; a save makes several."""
        stamp = stamp_of(path)
        if path in self._seen and self._seen[path] == stamp:
            return
        self._seen[path] = stamp
        for key, folder in list(self._folders.items()):
            if path == folder or folder in path.parents:
                self._on_code_change(key)
