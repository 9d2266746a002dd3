"""Which way a layer of the project is built: a folder that is laid out for /opt is a layer already."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence, Set
from pathlib import Path

from lambdacli.model.build import BuildMethod, BuildSettings, LayerBuild
from lambdacli.model.function import LocalLayer
from lambdacli.model.record import record
from lambdacli.model.runtime_names import RUNTIMES
from lambdacli.package.files import code_files
from lambdacli.project.builders.inputs import OUTCOMES, digest_of_folder, key_of
from lambdacli.project.builders.makefile import make_artifacts
from lambdacli.project.builders.packages import Package, built_layer
from lambdacli.project.builders.recipes import Seen, look_at
from lambdacli.project.builders.workshop import Workshop, here
from lambdacli.project.making import BuildError, made_once
from lambdacli.project.npm import names_packages
from lambdacli.project.records import FunctionSettings


@record
class LayerMade:
    """One layer as Lambda would be sent it."""

    name: str
    runtime: str
    architecture: str
    result: Package | BuildError


def layers_of(functions: Sequence[FunctionSettings], workshop: Workshop) -> list[LayerMade]:
    """Each folder that is a layer of a function: once, if it is the same for all. Blocks while it builds."""
    made: dict[tuple[object, ...], LayerMade] = {}
    for function in functions:
        for layer in function.local_layers:
            runtime, architecture = _made_for(layer, function.runtime, function.architecture)
            key = (layer, runtime, architecture)
            if key in made or not layer.path.is_dir():
                continue
            try:
                result: Package | BuildError = layer_of_folder(
                    layer, function.runtime, function.architecture, workshop
                )
            except BuildError as error:
                result = error
            made[key] = LayerMade(_name_of(layer), runtime, architecture, result)
    return list(made.values())


def layer_of_folder(layer: LocalLayer, runtime: str, architecture: str, workshop: Workshop) -> Package:
    """For a function of this runtime. Blocks while it builds; raises BuildError."""
    runtime, architecture = _made_for(layer, runtime, architecture)
    settings = _recipe_of(layer, layer.path, RUNTIMES[runtime].family)
    name = f"layer {_name_of(layer)}"
    return built_layer(name, layer.path, runtime, architecture, settings, workshop)


def layer_to_run(
    layer: LocalLayer,
    folder: Path,
    runtime: str,
    install: Callable[[Path], Path | None],
    workshop: Workshop,
) -> Path:
    """What stands for /opt on this machine: the folder with the layer's sources itself, unless it must be
    built first. `install` makes the packages that the folder names available, for this machine and this
    runtime. Blocks meanwhile; raises BuildError."""
    family = RUNTIMES[runtime].family if runtime in RUNTIMES else ""
    settings = _recipe_of(layer, folder, family)
    match settings.method:
        case BuildMethod.MAKEFILE:
            return make_artifacts(folder, settings.name or _name_of(layer), here(), workshop)
        case BuildMethod.PYTHON:
            installed = install(folder) if family == "python" else None
            return _laid_out(folder, Path("python"), Path("python"), installed, workshop)
        case BuildMethod.NPM:
            packages = Path("nodejs", "node_modules")
            names_any = family == "nodejs" and names_packages(folder)
            installed = install(folder) if names_any else None
            return _laid_out(folder, Path("nodejs"), packages, installed, workshop)
    return folder


def _made_for(layer: LocalLayer, runtime: str, architecture: str) -> tuple[str, str]:
    build = layer.build or LayerBuild()
    return build.runtime or runtime, build.architecture or architecture


def _name_of(layer: LocalLayer) -> str:
    return (layer.build and layer.build.name) or layer.path.name


def _recipe_of(layer: LocalLayer, folder: Path, family: str) -> BuildSettings:
    if layer.build is not None:
        return BuildSettings(layer.build.method, layer.build.name)
    return layer_recipe(family, _name_of(layer), look_at(folder, family, ""))


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
