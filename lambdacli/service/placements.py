"""Makes a function ready to run: where its code, layers and packages lie, and what its variables lead to."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from pathlib import Path

from lambdacli import runtimes
from lambdacli.environments.command import Command, StartError
from lambdacli.environments.placement import Placement, PlacementKey
from lambdacli.environments.process import Keeper
from lambdacli.environments.tool import run_to_end
from lambdacli.model.arn import LATEST, FunctionKey
from lambdacli.model.errors import NotBuiltException, ServiceException
from lambdacli.model.function import ArchiveCode, FolderCode, Function, LocalLayer
from lambdacli.project import npm as npm_packages
from lambdacli.project.build import install_requirements, requirements_of
from lambdacli.project.builders.runnable import code_to_run
from lambdacli.project.builders.workshop import Workshop
from lambdacli.project.making import BuildError
from lambdacli.project.schema import SERVICES
from lambdacli.runtimes import nodejs as nodejs_runtime
from lambdacli.runtimes import python as python_runtime
from lambdacli.runtimes.base import NotInstalled
from lambdacli.service.builds import Building, Builds
from lambdacli.service.file_systems import FileSystems
from lambdacli.service.layers import Layers
from lambdacli.service.sessions import Sessions
from lambdacli.store.code import CodeStore

logger = logging.getLogger("lam.placements")


class Placements:
    """Remembers a function's placement until its code or configuration changes."""

    def __init__(
        self,
        find: Callable[[FunctionKey, str], Function | None],
        code: CodeStore,
        layers: Layers,
        file_systems: FileSystems,
        cache: Path,
        keeper: Keeper,
        sessions: Sessions,
    ) -> None:
        """`find` gives a version of a function as it is now."""
        self._find = find
        self._sessions = sessions
        self._code = code
        self._file_systems = file_systems
        self._layers = layers
        self._cache = cache
        self._keeper = keeper
        self.builds = Builds()
        self._programs: set[Future[int]] = set()
        self._is_over = False
        self._ready: dict[tuple[FunctionKey, str], tuple[str, Placement]] = {}
        self._changes: dict[FunctionKey, int] = {}
        self._change_numbers = itertools.count(1)
        self._locks: dict[tuple[FunctionKey, str], asyncio.Lock] = {}
        self._endpoint_variables: Mapping[str, str] = {}
        self._epoch = 0
        """Changes with what concerns every version of every function."""

    def lead_to(self, endpoint: str, services: Mapping[str, str], file_systems: Mapping[str, Path]) -> bool:
        """Where SDKs find the services of this machine from now on, and the folders of access points. Whether
        that is something new."""
        endpoint_variables = _endpoint_variables(endpoint, services)
        is_new = self._file_systems.lead_to(file_systems) or endpoint_variables != self._endpoint_variables
        self._endpoint_variables = endpoint_variables
        if is_new:
            self._epoch += 1
        return is_new

    def changed(self, key: FunctionKey) -> None:
        """What the function runs from changed: environments that started before are of another generation."""
        self._changes[key] = next(self._change_numbers)

    def forget_gone(self, key: FunctionKey) -> None:
        """Versions that are not there any more; one of the same number would be another build."""
        for place in [place for place in self._ready if place[0] == key and self._find(*place) is None]:
            del self._ready[place]
        for place in [place for place in self._locks if place[0] == key and self._find(*place) is None]:
            del self._locks[place]
        if self._find(key, LATEST) is None:
            self._changes.pop(key, None)

    def generation(self, function: Function) -> str:
        changes = self._changes.get(function.key, 0) if function.is_latest else 0
        return f"{function.build_id}:{changes}:{self._epoch}"

    def is_current(self, key: PlacementKey) -> bool:
        function = self._find(key.function, key.version)
        return function is not None and self.generation(function) == key.generation

    def ready(self, function: Function) -> Placement | None:
        """What `place` would answer without doing anything."""
        known = self._ready.get((function.key, function.version))
        return known[1] if known is not None and known[0] == self.generation(function) else None

    async def place(self, function: Function) -> Placement:
        placement = self.ready(function)
        if placement is not None:
            return placement
        generation = self.generation(function)
        place = (function.key, function.version)
        async with self._locks.setdefault(place, asyncio.Lock()):
            known = self._ready.get(place)
            if known is None or known[0] != generation:
                building = self.builds.of(function.name, partial(self._run_kept, asyncio.get_running_loop()))
                made = await asyncio.to_thread(self._built, function, generation, building)
                known = (generation, made)
                self._ready[place] = known
        return known[1]

    def end_builds(self) -> None:
        """Nobody waits for them any more; what was made by half is made anew another time."""
        self._is_over = True
        for program in list(self._programs):
            program.cancel()

    def code_folder(self, function: Function) -> Path:
        match function.code:
            case FolderCode(folder):
                return folder
            case ArchiveCode():
                return self._code.folder(function.code)

    def _built(self, function: Function, generation: str, building: Building) -> Placement:
        is_done = False
        try:
            placement = self._build(function, generation, building)
            is_done = True
        finally:
            building.end(is_done=is_done)
        return placement

    def _build(self, function: Function, generation: str, building: Building) -> Placement:
        """Reads and writes files, and may wait for a package index: runs in a thread."""
        runtime = runtimes.name_of(function.runtime)
        try:
            runtimes.module_of(runtime).find(runtime)
        except runtimes.NotBuilt as error:
            raise NotBuiltException(str(error)) from error
        except NotInstalled as error:
            raise ServiceException(str(error)) from error
        opt_root = self._layers.of(
            function.layers, lambda layer, folder: self._layer_to_run(function, layer, folder, building)
        )
        match function.code:
            case FolderCode(folder):
                task_root = self._code_to_run(function, folder, building)
                installed = self._requirements(function, task_root, building)
            case ArchiveCode():
                task_root, installed = self._code.folder(function.code), ()
                if function.was_folder:
                    task_root = self._code_to_run(function, task_root, building)
                    installed = self._requirements(function, task_root, building)
        if runtime.family == "nodejs":
            installed = self._node_packages(function, task_root, opt_root, building)
        return Placement(
            key=PlacementKey(function.key, function.version, generation),
            runtime=function.runtime,
            handler=function.handler,
            task_root=task_root,
            log_group=function.log_group,
            memory_mb=function.memory_mb,
            timeout_seconds=function.timeout_seconds,
            ephemeral_storage_mb=function.ephemeral_storage_mb,
            credentials=self._sessions.credentials(function.role, function.key),
            opt_root=opt_root,
            dependencies=(*installed, *_site_packages(function.virtual_environment)),
            variables=function.variables or {},
            endpoint_variables=self._endpoint_variables,
            freezes=function.freezes,
            preloads=function.preloads,
            has_cpu_share=function.has_cpu_share,
            network=function.network,
            log_format=function.logging.format,
            log_level=function.logging.application_level,
            file_systems=self._file_systems.mounts(function.file_systems),
        )

    def _code_to_run(self, function: Function, folder: Path, building: Building) -> Path:
        """The sources themselves, or what is made of them first: a bundle, a program."""
        node = None
        runtime = runtimes.name_of(function.runtime)
        if runtime.family == "nodejs":
            node = nodejs_runtime.chosen(nodejs_runtime.major_of(runtime.version)).path
        workshop = self._workshop(function, building, node)
        try:
            return code_to_run(
                function.name, folder, function.runtime, function.handler, function.build, workshop
            )
        except BuildError as error:
            raise ServiceException(str(error)) from error

    def _layer_to_run(self, function: Function, layer: LocalLayer, folder: Path, building: Building) -> Path:
        """A layer's folder, as its place below /opt is to look."""
        from lambdacli.project.builders.layers import layer_to_run

        runtime = runtimes.name_of(function.runtime)
        workshop = self._workshop(function, building)

        def install(folder: Path) -> Path | None:
            if runtime.family == "python":
                return next(iter(self._requirements(function, folder, building)), None)
            npm = self._npm(nodejs_runtime.chosen(nodejs_runtime.major_of(runtime.version)), building)
            if npm is None:
                raise BuildError(f"{folder / 'package.json'} names packages, and there is no npm: install it")
            return npm_packages.install_packages(folder, npm, self._cache, workshop.progress)

        try:
            return layer_to_run(layer, folder, function.runtime, install, workshop)
        except BuildError as error:
            raise ServiceException(str(error)) from error

    def _workshop(self, function: Function, building: Building, node: Path | None = None) -> Workshop:
        return Workshop(self._cache, building.progress, building.run, node)

    def _npm(self, node: nodejs_runtime.Node, building: Building) -> npm_packages.Npm | None:
        program = npm_packages.find_npm(node.path)
        if program is None:
            return None
        return npm_packages.Npm(program, node.path, node.major, building.run)

    def _requirements(self, function: Function, folder: Path, building: Building) -> tuple[Path, ...]:
        """Packages that the folder's requirements.txt or pyproject.toml names, installed once per
        content into the shared cache."""
        runtime = runtimes.name_of(function.runtime)
        if runtime.family != "python" or function.virtual_environment:
            return ()
        wanted = (runtime.version[0], runtime.version[1])
        interpreter = python_runtime.nearest(wanted, python_runtime.installed())
        try:
            requirements = requirements_of(folder)
            if requirements is None:
                return ()
            installed = install_requirements(
                requirements,
                str(interpreter.path),
                self._cache,
                building.progress,
                building.run,
            )
        except BuildError as error:
            raise ServiceException(str(error)) from error
        return () if installed is None else (installed,)

    def _node_packages(
        self, function: Function, task_root: Path, opt_root: Path | None, building: Building
    ) -> tuple[Path, ...]:
        """What package.json names, if the folder has no node_modules, and what the code imports of the SDK
        and nobody brings."""
        major = nodejs_runtime.major_of(runtimes.name_of(function.runtime).version)
        node = nodejs_runtime.chosen(major)

        is_folder = isinstance(function.code, FolderCode)
        wants_packages = is_folder and npm_packages.asks_for_packages(task_root)
        sdk = npm_packages.imported_sdk_packages(task_root)
        npm = self._npm(node, building) if wants_packages or sdk else None
        packages: tuple[Path, ...] = ()
        if wants_packages:
            if npm is None:
                raise ServiceException(
                    f"{task_root / 'package.json'} names packages, and there is no npm to install them: "
                    "install npm, or node_modules beside it"
                )
            try:
                packages = (npm_packages.install_packages(task_root, npm, self._cache, building.progress),)
            except BuildError as error:
                raise ServiceException(str(error)) from error
        layers = ("nodejs/node_modules", f"nodejs/node{major}/node_modules")
        opt = () if opt_root is None else tuple(opt_root / folder for folder in layers)
        brought = (task_root / "node_modules", *packages, *opt)
        missing = [name for name in sdk if not any((folder / name).exists() for folder in brought)]
        if missing and npm is not None:
            return (*packages, *self._sdk(missing, npm, building.progress))
        return packages

    def _sdk(
        self, names: Sequence[str], npm: npm_packages.Npm, progress: Callable[[str], None]
    ) -> tuple[Path, ...]:
        """What cannot be fetched is missing when the function asks for it, as on AWS a package that AWS does
        not have; the function's log then says what to do."""
        cache = nodejs_runtime.SDK_CACHE
        try:
            return (npm_packages.install_sdk(names, npm, self._cache, progress, folder=cache),)
        except BuildError as error:
            progress(str(error))
        folders: list[Path] = []
        for name in names if len(names) > 1 else ():
            try:
                folders.append(npm_packages.install_sdk([name], npm, self._cache, progress, folder=cache))
            except BuildError as error:
                progress(str(error))
        return tuple(folders)

    def _run_kept(
        self,
        loop: asyncio.AbstractEventLoop,
        arguments: Sequence[str],
        folder: Path,
        variables: Mapping[str, str],
        take: Callable[[str], None],
    ) -> int:
        """Runs an installer as environments are run, so that it ends with the service, however that ends."""
        if self._is_over:
            raise BuildError("the service is stopping")
        command = Command(tuple(arguments), variables, folder)
        running = asyncio.run_coroutine_threadsafe(run_to_end(self._keeper, command, take), loop)
        self._programs.add(running)
        running.add_done_callback(self._programs.discard)
        try:
            return running.result()
        except (StartError, CancelledError) as error:
            raise BuildError(f"the installer could not be run: {error}") from error


def _site_packages(virtual_environment: Path | None) -> tuple[Path, ...]:
    if virtual_environment is None:
        return ()
    return tuple(sorted((virtual_environment / "lib").glob("python3*/site-packages")))


def _endpoint_variables(endpoint: str, services: Mapping[str, str]) -> dict[str, str]:
    """What leads an SDK inside a function to this machine's services: the service's own endpoint to all, and
    what lam.yaml names to some."""
    found = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_LAMBDA": endpoint,
        # Named too, for functions that say where their WebSocket API is and can ask for nothing but this.
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": endpoint,
    }
    for name, url in services.items():
        found[f"AWS_ENDPOINT_URL_{SERVICES[name]}"] = url
    return found
