"""Keeps the store's functions like lam.yaml, and environments like the files: at start, and at every
change."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from pathlib import Path

from lambdacli.model.arn import FunctionKey
from lambdacli.model.clock import Clock
from lambdacli.model.function import Code, FolderCode, Function, Origin
from lambdacli.project.config import ConfigError, FunctionSettings, Project, load_project
from lambdacli.project.watch import Watcher
from lambdacli.store.code import CodeStore
from lambdacli.store.functions import FunctionStore

logger = logging.getLogger("lam.project")


class ProjectSync:
    """`problems` is empty while lam.yaml is good; with a broken one the last good functions stay."""

    def __init__(
        self,
        file: Path,
        functions: FunctionStore,
        code: CodeStore,
        clock: Clock,
        on_code_change: Callable[[FunctionKey], None],
        on_synced: Callable[[], None],
    ) -> None:
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.project: Project | None = None
        self._file = file
        self._functions = functions
        self._code = code
        self._clock = clock
        self._on_code_change = on_code_change
        self._on_synced = on_synced
        self._read_stamp: object = None
        self._watcher: Watcher | None = None

    def start_watching(self) -> None:
        loop = asyncio.get_running_loop()

        def changed(path: Path) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._file_changed, path)

        self._watcher = Watcher(changed)
        self._watcher.start()
        self._watcher.set_folders(self._watched())

    def stop_watching(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher = None

    def settle(self) -> None:
        """Reads lam.yaml again if it is not what was read last: a change may be asked about before it is
        seen."""
        if self._stamp() != self._read_stamp:
            self.read()

    def read(self) -> None:
        self._read_stamp = self._stamp()
        try:
            project = load_project(self._file)
        except ConfigError as error:
            self._have_problems(str(error).splitlines())
            return
        except OSError as error:
            self._have_problems([f"{self._file.name}: {error.strerror}"])
            return
        self.problems = []
        self.warnings = [warning.text(project.folder) for warning in project.warnings]
        for warning in self.warnings:
            logger.warning("%s", warning)
        self._take(project)

    def _take(self, project: Project) -> None:
        account, region = project.account, project.region
        wanted = [self._function(project, settings) for settings in project.functions]
        for conflict in self._functions.replace_project_functions(account, region, wanted):
            self.problems.append(
                f"{self._file.name}: a function {conflict.name} was made over the API; "
                "delete it (lam delete) or rename the one in lam.yaml"
            )
        self.project = project
        if self._watcher is not None:
            self._watcher.set_folders(self._watched())
        self._on_synced()

    def _function(self, project: Project, settings: FunctionSettings) -> Function:
        return Function(
            key=FunctionKey(project.account, project.region, settings.name),
            runtime=settings.runtime,
            handler=settings.handler,
            role=settings.role,
            code=self._code_of(settings.code),
            origin=Origin.PROJECT,
            revision_id=str(uuid.uuid4()),
            last_modified=self._clock.now(),
            description=settings.description,
            memory_mb=settings.memory_mb,
            timeout_seconds=settings.timeout_seconds,
            ephemeral_storage_mb=settings.ephemeral_storage_mb,
            architecture=settings.architecture,
            variables=settings.variables,
            tags=settings.tags,
            layers=settings.layers,
            reserved_concurrency=settings.reserved_concurrency,
            virtual_environment=settings.virtual_environment,
        )

    def _code_of(self, path: Path) -> Code:
        return FolderCode(path) if path.is_dir() else self._code.add(path.read_bytes())

    def _file_changed(self, path: Path) -> None:
        project = self.project
        if path == self._file or project is None or any(path in s.env_files for s in project.functions):
            self.read()
            return
        for settings in project.functions:
            if any(path == place or place in path.parents for place in (settings.code, *settings.layers)):
                if path == settings.code and path.is_file():
                    self.read()  # a new zip
                else:
                    self._on_code_change(FunctionKey(project.account, project.region, settings.name))

    def _watched(self) -> set[Path]:
        return {self._file.parent} if self.project is None else set(self.project.watched_paths)

    def _stamp(self) -> object:
        files = [self._file]
        if self.project is not None:
            files.extend(path for settings in self.project.functions for path in settings.env_files)
        stamps: list[object] = []
        for file in files:
            try:
                status = file.stat()
            except OSError:
                stamps.append(None)
            else:
                stamps.append((status.st_mtime_ns, status.st_size, status.st_ino))
        return stamps

    def _have_problems(self, problems: list[str]) -> None:
        if problems != self.problems:
            for problem in problems:
                logger.error("%s", problem)
        self.problems = problems
