"""Keeps the store's functions like lam.yaml, and environments like the files: at start, and at every
change."""

from __future__ import annotations

import asyncio
import logging
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lambdacli.model.arn import FunctionKey
from lambdacli.model.clock import Clock, Timer
from lambdacli.model.errors import RequestError
from lambdacli.model.function import Code, FolderCode, Function, Layer, Origin
from lambdacli.model.layer import LayerKey
from lambdacli.model.project_files import SERVERLESS_NAMES
from lambdacli.model.runtime_names import RUNTIMES, deprecation_note
from lambdacli.model.template_options import NO_OPTIONS, TemplateOptions
from lambdacli.package.archive import archive_of_text
from lambdacli.project.config import ConfigError, FunctionSettings, Project
from lambdacli.project.loading import DEFAULT_ENDPOINT, Surroundings, is_template_file, load_project
from lambdacli.project.records import S3Code
from lambdacli.project.watch import Watcher
from lambdacli.service.project_layers import ProjectLayers, UnusableLayers, depends_on, uses_folder
from lambdacli.service.project_urls import ProjectUrls
from lambdacli.service.stored_code import NotFetchedYet, NotThere
from lambdacli.store.code import CodeStore
from lambdacli.store.functions import FunctionStore
from lambdacli.store.layers import LayerStore
from lambdacli.store.settings import SettingStore

if TYPE_CHECKING:
    from lambdacli.project.cloudformation.template import Lookup

logger = logging.getLogger("lam.project")

QUIET_SECONDS = 0.03
"""A file that is saved in place is half there for a moment: it is read when it was left alone so long."""


PROBLEM_SECONDS = 1.0
"""How soon a problem is looked at again when somebody asks, though no file that is known has changed."""


class UnusableCode(Exception):
    """A zip that cannot be read or unpacked: a problem of its function alone."""


class ProjectSync:
    """`problems` is empty while lam.yaml is good; with a broken one the last good functions stay."""

    def __init__(
        self,
        file: Path,
        functions: FunctionStore,
        code: CodeStore,
        layers: LayerStore,
        settings: SettingStore,
        clock: Clock,
        real_time: Clock,
        on_code_change: Callable[[FunctionKey], None],
        on_synced: Callable[[], None],
        *,
        is_strict: bool = False,
        options: TemplateOptions = NO_OPTIONS,
        lookup: Lookup | None = None,
        on_refused: Callable[[Project], None] = lambda base: None,
        stored_code: Callable[[S3Code], Code] | None = None,
    ) -> None:
        """`is_strict` even if lam.yaml does not say so. `lookup` is asked for what a template takes from
        Parameter Store and Secrets Manager, `stored_code` for packages that lie in S3. `on_refused` hears
        of a template that cannot be read."""
        self.refused: Project | None = None
        """The project without its template, as long as that cannot be read."""
        self._on_refused = on_refused
        self.options = options
        self._endpoint = DEFAULT_ENDPOINT
        self._lookup = lookup
        self._stored_code = stored_code
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.project: Project | None = None
        self._file = file
        self._functions = functions
        self._code = code
        self._layers = ProjectLayers(layers, code)
        self._urls = ProjectUrls(settings, clock)
        self._clock = clock
        self._real_time = real_time
        self._on_code_change = on_code_change
        self._on_synced = on_synced
        self._is_strict = is_strict
        self._told: set[tuple[str, str]] = set()
        """What was said of runtimes near their end."""
        self._read_stamp: object = None
        self._read_at = 0.0
        self._watcher: Watcher | None = None
        self._seen: dict[Path, object] = {}
        """The files that changed while the service runs, as they were found then."""
        self._reading_soon: Timer | None = None

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
        self._forget_reading_soon()

    def heed(self, options: TemplateOptions) -> bool:
        """From now on; False: there is no template for which they could count."""
        template = None if self.project is None else self.project.template_file
        if template is None and is_template_file(self._file):
            template = self._file
        if template is None:
            return False
        if options.stage is not None and template.name not in SERVERLESS_NAMES:
            return False
        changed = self.options.changed_by(options)
        if changed != self.options:
            self.options = changed
            self.read()
        return True

    def serves_at(self, endpoint: str) -> None:
        """Addresses of queues begin with it."""
        is_same, self._endpoint = endpoint == self._endpoint, endpoint
        if not is_same and self.project is not None and self.project.template_file is not None:
            self.read()

    def layer_changed(self, key: LayerKey) -> None:
        """A version of it was published or deleted."""
        if self.project is not None and depends_on(self.project, key):
            self.read()

    async def settle(self) -> None:
        """Reads lam.yaml again if it is not what was read last: a change may be asked about before it is
        seen. What a problem was about may also lie elsewhere, such as a folder that is there now."""
        if self._stamp() != self._read_stamp:
            await self._until_quiet()
        elif self.is_settled():
            return
        self.read()

    def is_settled(self) -> bool:
        """Whether `settle` has nothing to do."""
        if self._reading_soon is not None or (self.problems and self._is_second_look_due()):
            return False
        return self._stamp() == self._read_stamp

    async def _until_quiet(self) -> None:
        """A reader who came in the middle of a save would find half of lam.yaml. Who saves without a pause is
        not waited for."""
        for _ in range(10):
            age = self._real_time.now().timestamp() - self._changed_at()
            if not 0 <= age < QUIET_SECONDS:
                return
            await asyncio.sleep(QUIET_SECONDS - age)

    def _changed_at(self) -> float:
        try:
            return self._file.stat().st_mtime
        except OSError:
            return 0.0

    def _is_second_look_due(self) -> bool:
        return self.project is None or self._real_time.monotonic() - self._read_at > PROBLEM_SECONDS

    def read(self) -> None:
        self._read_stamp, self._read_at = self._stamp(), self._real_time.monotonic()
        self._forget_reading_soon()
        try:
            is_empty = not self._file.read_text(errors="replace").strip()
            project = load_project(self._file, Surroundings(self.options, self._endpoint, self._lookup))
        except ConfigError as error:
            self._have_problems(str(error).splitlines())
            self.refused = error.base
            if error.base is not None:
                self._on_refused(error.base)
            return
        except OSError as error:
            self._have_problems([f"{self._file.name}: {error.strerror}"])
            return
        if is_empty and self.project is not None:  # most often it is just being saved
            self._have_problems([f"{self._file.name} is empty; the functions that it had stay"])
            return
        self.refused = None
        warnings = [warning.text(project.folder) for warning in project.warnings]
        for warning in warnings:
            if warning not in self.warnings:
                logger.warning("%s", warning)
        self.warnings = warnings
        self._have_problems(self._take(project))

    def _take(self, project: Project) -> list[str]:
        account, region = project.account, project.region
        self._leave_other_places(account, region)
        wanted: list[Function] = []
        problems: list[str] = []
        self._tell_of_runtimes(project)
        for settings in project.functions:
            path = f"{self._file.name}: {settings.template.logical_id or f'functions.{settings.name}'}"
            former = self._former(FunctionKey(account, region, settings.name))
            refusal = self._refusal_of_runtime(project, settings)
            if refusal is not None:
                problems.append(f"{path}.runtime: {refusal}")
                wanted.extend([] if former is None else [former])
                continue
            code: Code | None
            layers: tuple[Layer, ...] | None
            try:
                code = self._code_of(settings)
            except NotFetchedYet:
                code = None if former is None else former.code
            except UnusableCode as error:
                problems.append(f"{path}.code: {error}")
                code = None if former is None else former.code
            try:
                layers = self._layers.of(project, settings, former)
            except UnusableLayers as error:
                problems.append(f"{path}.layers: {error}")
                layers = None if former is None else former.layers
            if code is not None and layers is not None:
                wanted.append(self._function(project, settings, code, layers))
        for conflict in self._functions.replace_project_functions(account, region, wanted):
            problems.append(
                f"{self._file.name}: a function {conflict.name} was made over the API; "
                "delete it (lam delete) or rename the one in lam.yaml"
            )
        self._urls.take(project, {function.key for function in self._functions.of_project()})
        self.project = project
        if self._watcher is not None:
            self._watcher.set_folders(self._watched())
        self._on_synced()
        return problems

    def _tell_of_runtimes(self, project: Project) -> None:
        """One line for all functions of a runtime."""
        today = self._clock.now().date()
        names: dict[str, list[str]] = {}
        for settings in project.functions:
            note = deprecation_note(settings.runtime, today)
            if note is not None and (settings.name, note) not in self._told:
                self._told.add((settings.name, note))
                names.setdefault(note, []).append(settings.name)
        for note, of_runtime in names.items():
            logger.warning("%s: %s", ", ".join(of_runtime), note)

    def _refusal_of_runtime(self, project: Project, settings: FunctionSettings) -> str | None:
        """By date, when asked to be strict: AWS creates no function with it any more, or changes none."""
        today = self._clock.now().date()
        runtime = RUNTIMES[settings.runtime]
        is_there = (
            self._functions.get(FunctionKey(project.account, project.region, settings.name)) is not None
        )
        is_blocked = runtime.is_update_blocked(today) if is_there else runtime.is_create_blocked(today)
        if not is_blocked or not (self._is_strict or project.is_strict):
            return None
        return f"{deprecation_note(settings.runtime, today)}; use a newer one, or start without --strict"

    def _function(
        self, project: Project, settings: FunctionSettings, code: Code, layers: tuple[Layer, ...]
    ) -> Function:
        revision_id = str(uuid.uuid4())
        return Function(
            key=FunctionKey(project.account, project.region, settings.name),
            runtime=settings.runtime,
            handler=settings.handler,
            role=settings.role,
            code=code,
            origin=Origin.PROJECT,
            revision_id=revision_id,
            build_id=revision_id,
            last_modified=self._clock.now(),
            description=settings.description,
            memory_mb=settings.memory_mb,
            timeout_seconds=settings.timeout_seconds,
            ephemeral_storage_mb=settings.ephemeral_storage_mb,
            architecture=settings.architecture,
            variables=settings.variables,
            tags=settings.tags,
            layers=layers,
            reserved_concurrency=settings.reserved_concurrency,
            virtual_environment=settings.virtual_environment,
            freezes=settings.freezes,
            preloads=settings.preloads,
            has_cpu_share=settings.has_cpu_share,
            network=settings.network,
            debugging=settings.debugging,
            dead_letter_target=settings.template.dead_letter_target or settings.dead_letter,
            tracing=settings.template.tracing,
            kms_key_arn=settings.template.kms_key_arn,
            vpc=settings.template.vpc,
            file_systems=settings.template.file_systems,
            snap_start=settings.template.snap_start,
            logging=settings.template.logging,
            build=settings.build,
        )

    def _leave_other_places(self, account: str, region: str) -> None:
        """lam.yaml names another account or region now: what it had elsewhere is not in it any more."""
        for function in self._functions.of_project():
            if (function.key.account, function.key.region) != (account, region):
                self._functions.delete(function.key)

    def _code_of(self, settings: FunctionSettings) -> Code:
        stored = settings.template.stored_code
        if stored is not None and self._stored_code is not None:
            try:
                return self._stored_code(stored)
            except NotThere as error:
                raise UnusableCode(str(error)) from error
        path, inline = settings.code, settings.template.inline_code
        if inline is None and path.is_dir():
            return FolderCode(path)
        try:
            return self._code.add(path.read_bytes() if inline is None else _package_of(settings, inline))
        except RequestError as error:
            raise UnusableCode(f"{path.name}: {error.message}") from error
        except OSError as error:
            raise UnusableCode(f"{path.name}: {error.strerror}") from error

    def _former(self, key: FunctionKey) -> Function | None:
        """As it was taken in last."""
        former = self._functions.get(key)
        return None if former is None or former.origin is not Origin.PROJECT else former

    def _file_changed(self, path: Path) -> None:
        """Called for each event of the file system; a save makes several."""
        stamp = stamp_of(path)
        if path in self._seen and self._seen[path] == stamp:
            return
        self._seen[path] = stamp
        project = self.project
        if project is None or path in (self._file, *project.further_files) or _is_env_file(project, path):
            self._read_soon()
            return
        if self.problems:
            self._read_soon()  # it may be about this very path
        for settings in project.functions:
            if any(path == place or place in path.parents for place in _places_of(settings)):
                if settings.template.built_from is not None or (path == settings.code and path.is_file()):
                    self._read_soon()  # a new zip, or a build
                else:
                    self._on_code_change(FunctionKey(project.account, project.region, settings.name))
        if any(path == place or place in path.parents for place in project.substitute_paths):
            self._substitute_changed(path)

    def _substitute_changed(self, path: Path) -> None:
        """Functions that were made over the API use it too."""
        if path.suffix == ".zip":
            self._read_soon()
        for function in self._functions.list_all():
            if uses_folder(function, path):
                self._on_code_change(function.key)

    def _read_soon(self) -> None:
        self._forget_reading_soon()
        self._reading_soon = self._real_time.call_later(QUIET_SECONDS, self.read)

    def _forget_reading_soon(self) -> None:
        if self._reading_soon is not None:
            self._reading_soon.cancel()
            self._reading_soon = None

    def _watched(self) -> set[Path]:
        return {self._file.parent} if self.project is None else set(self.project.watched_paths)

    def _stamp(self) -> object:
        files = [self._file]
        if self.project is not None:
            files.extend(path for settings in self.project.functions for path in settings.env_files)
            files.extend(s.code for s in self.project.functions if s.code.suffix == ".zip")
            files.extend(self.project.further_files)
            files.extend(path for path in self.project.substitute_paths if path.suffix == ".zip")
        return [stamp_of(file) for file in files]

    def _have_problems(self, problems: list[str]) -> None:
        if problems != self.problems:
            for problem in problems:
                logger.error("%s", problem)
        self.problems = problems


def _is_env_file(project: Project, path: Path) -> bool:
    return any(path in settings.env_files for settings in project.functions)


def _places_of(settings: FunctionSettings) -> tuple[Path, ...]:
    """Whose changes concern the function."""
    source = settings.template.built_from
    return (settings.code, *settings.layer_paths, *(() if source is None else (source,)))


def _package_of(settings: FunctionSettings, inline: str) -> bytes:
    """Code that stands in a template is the module `index`."""
    suffix = ".js" if RUNTIMES[settings.runtime].family == "nodejs" else ".py"
    return archive_of_text(f"index{suffix}", inline)


def stamp_of(file: Path) -> object:
    """What tells one state of a file from another; None when it is gone."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)
