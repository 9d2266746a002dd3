"""Makes a function ready to run: where its code, layers and packages lie, and what its variables lead to."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from lambdacli import runtimes
from lambdacli.environments.placement import Credentials, Placement, PlacementKey
from lambdacli.model.arn import FunctionKey
from lambdacli.model.errors import NotBuiltException, ServiceException
from lambdacli.model.function import ArchiveCode, FolderCode, Function
from lambdacli.project.build import BuildError, install_requirements
from lambdacli.runtimes import python as python_runtime
from lambdacli.store.code import CodeStore

logger = logging.getLogger("lam.placements")

REQUIREMENTS = "requirements.txt"


class Placements:
    """Remembers a function's placement until its code or configuration changes."""

    def __init__(self, code: CodeStore, state: Path, cache: Path) -> None:
        self._code = code
        self._opt_folders = state / "opt"
        self._cache = cache
        self._ready: dict[FunctionKey, tuple[str, Placement]] = {}
        self._changes: dict[FunctionKey, int] = {}
        self._locks: dict[FunctionKey, asyncio.Lock] = {}
        self.endpoint_variables: Mapping[str, str] = {}
        """What leads SDKs to the services of this machine."""

    def changed(self, key: FunctionKey) -> None:
        """The function's files changed: environments that started before are of another generation."""
        self._changes[key] = self._changes.get(key, 0) + 1

    def generation(self, function: Function) -> str:
        return f"{function.revision_id}:{self._changes.get(function.key, 0)}"

    async def place(self, function: Function) -> Placement:
        generation = self.generation(function)
        known = self._ready.get(function.key)
        if known is not None and known[0] == generation:
            return known[1]
        async with self._locks.setdefault(function.key, asyncio.Lock()):
            known = self._ready.get(function.key)
            if known is None or known[0] != generation:
                known = (generation, await asyncio.to_thread(self._build, function, generation))
                self._ready[function.key] = known
        return known[1]

    def _build(self, function: Function, generation: str) -> Placement:
        runtime = runtimes.name_of(function.runtime)
        try:
            runtimes.module_of(runtime)
        except runtimes.NotBuilt as error:
            raise NotBuiltException(str(error)) from error
        match function.code:
            case FolderCode(folder):
                task_root, installed = folder, self._requirements(function, folder)
            case ArchiveCode():
                task_root, installed = self._code.folder(function.code), ()
        return Placement(
            key=PlacementKey(function.key, function.version, generation),
            runtime=function.runtime,
            handler=function.handler,
            task_root=task_root,
            log_group=function.log_group,
            memory_mb=function.memory_mb,
            timeout_seconds=function.timeout_seconds,
            ephemeral_storage_mb=function.ephemeral_storage_mb,
            credentials=session_credentials(function.key.account),
            opt_root=self._merged_layers(function.layers),
            dependencies=(*installed, *_site_packages(function.virtual_environment)),
            variables=function.variables or {},
            endpoint_variables=self.endpoint_variables,
        )

    def _requirements(self, function: Function, folder: Path) -> tuple[Path, ...]:
        """Packages that the folder's requirements.txt names, installed once per content into the shared
        cache."""
        requirements = folder / REQUIREMENTS
        runtime = runtimes.name_of(function.runtime)
        if runtime.family != "python" or not requirements.is_file() or function.virtual_environment:
            return ()
        wanted = (runtime.version[0], runtime.version[1])
        interpreter = python_runtime.nearest(wanted, python_runtime.installed())
        try:
            installed = install_requirements(
                requirements,
                str(interpreter.path),
                self._cache,
                lambda text: logger.info("%s: %s", function.name, text),
            )
        except BuildError as error:
            raise ServiceException(str(error)) from error
        return () if installed is None else (installed,)

    def _merged_layers(self, layers: tuple[Path, ...]) -> Path | None:
        """/opt as the layers make it: in order, a later one over an earlier one. A single folder is used in
        place."""
        if not layers:
            return None
        if len(layers) == 1 and layers[0].is_dir():
            return layers[0]
        stamp = hashlib.sha256()
        for layer in layers:
            newest = max((path.stat().st_mtime_ns for path in [layer, *layer.rglob("*")]), default=0)
            stamp.update(f"{layer} {newest}\n".encode())
        target = self._opt_folders / stamp.hexdigest()[:32]
        if not target.is_dir():
            making = target.with_suffix(".new")
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir(parents=True)
            for layer in layers:
                if layer.is_dir():
                    shutil.copytree(layer, making, symlinks=True, dirs_exist_ok=True)
                else:
                    _unzip(layer, making)
            making.rename(target)
        return target


def session_credentials(account: str) -> Credentials:
    """Keys that no cloud knows, in the form of a role session's; the account can be read from the key's
    end."""
    return Credentials(f"ASIALAM0{account}", "lam" + "0" * 37, "lam-session-token")


def account_of_access_key(access_key: str | None) -> str | None:
    """The account that a caller's access key selects: a plain account number, or a session key of ours."""
    if access_key is None:
        return None
    account = access_key.removeprefix("ASIALAM0")
    return account if len(account) == 12 and account.isdigit() else None


def _site_packages(virtual_environment: Path | None) -> tuple[Path, ...]:
    if virtual_environment is None:
        return ()
    return tuple(sorted((virtual_environment / "lib").glob("python3*/site-packages")))


def _unzip(archive: Path, target: Path) -> None:
    """A layer's zip, with the executable bits that extractall drops."""
    with zipfile.ZipFile(archive) as package:
        for entry in package.infolist():
            path = Path(package.extract(entry, target))
            mode = entry.external_attr >> 16 & 0o777
            if mode and not entry.is_dir():
                path.chmod(mode)
