"""Which way a layer of the project is built: a folder that is laid out for /opt is a layer already."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Set
from pathlib import Path

from lambdacli.model.build import BuildMethod, BuildSettings
from lambdacli.model.runtime_names import RUNTIMES
from lambdacli.package.files import code_files
from lambdacli.project.builders.inputs import OUTCOMES, digest_of_folder, key_of
from lambdacli.project.builders.makefile import make_artifacts
from lambdacli.project.builders.packages import Package, built_layer
from lambdacli.project.builders.recipes import Seen, look_at
from lambdacli.project.builders.workshop import Workshop, here
from lambdacli.project.making import made_once


def layer_of_folder(folder: Path, runtime: str, architecture: str, workshop: Workshop) -> Package:
    """For a function of this runtime. Blocks while it builds; raises BuildError."""
    family = RUNTIMES[runtime].family
    settings = layer_recipe(family, folder.name, look_at(folder, family, ""))
    return built_layer(f"layer {folder.name}", folder, runtime, architecture, settings, workshop)


def layer_to_run(
    folder: Path, name: str, runtime: str, install: Callable[[Path], Path | None], workshop: Workshop
) -> Path:
    """What stands for /opt on this machine: the folder itself, unless it must be built first. `install` makes
    the packages that the folder names available, for this machine. Blocks meanwhile; raises BuildError."""
    family = RUNTIMES[runtime].family if runtime in RUNTIMES else ""
    settings = layer_recipe(family, name, look_at(folder, family, ""))
    match settings.method:
        case BuildMethod.MAKEFILE:
            return make_artifacts(folder, settings.name or name, here(), workshop)
        case BuildMethod.PYTHON:
            return _laid_out(folder, Path("python"), Path("python"), install(folder), workshop)
        case BuildMethod.NPM:
            packages = Path("nodejs", "node_modules")
            return _laid_out(folder, Path("nodejs"), packages, install(folder), workshop)
    return folder


def _laid_out(own: Path, place: Path, below: Path, packages: Path | None, workshop: Workshop) -> Path:
    """Copies into the cache: a folder of another layout can only be mounted whole."""
    key = key_of((digest_of_folder(own), place, packages))

    def lay_out(target: Path) -> None:
        (target / place).mkdir(parents=True)
        if packages is not None:
            shutil.copytree(packages, target / below, symlinks=True, dirs_exist_ok=True)
        for file in code_files(own, skips_unfit=True, leaves_out=OUTCOMES):
            copy = target / place / file.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file.path, copy)

    starts, waits = f"laying out the layer {own}", f"waiting for another lay-out of {own}"
    return made_once(workshop.cache / "layers" / key, lay_out, starts, waits, workshop.progress)


def layer_recipe(family: str, name: str, seen: Seen) -> BuildSettings:
    """`name` is the folder's, `family` that of the runtime that uses the layer. Pure."""
    target = _target(name, seen.makefile_targets)
    if target is not None:
        return BuildSettings(BuildMethod.MAKEFILE, target)
    if family == "python" and seen.names_python_packages and "python" not in seen.names:
        return BuildSettings(BuildMethod.PYTHON)
    if family == "nodejs" and seen.names_npm_packages and "nodejs" not in seen.names:
        return BuildSettings(BuildMethod.NPM)
    return BuildSettings(BuildMethod.NONE)


def _target(name: str, targets: Set[str]) -> str | None:
    """Templates call it after the layer's logical id, which nothing else tells of."""
    if name in targets:
        return name
    return next(iter(targets)) if len(targets) == 1 else None
