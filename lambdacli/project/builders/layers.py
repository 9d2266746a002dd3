"""Which way a layer of the project is built: a folder that is laid out for /opt is a layer already."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from lambdacli.model.build import BuildMethod, BuildSettings
from lambdacli.model.runtime_names import RUNTIMES
from lambdacli.project.builders.packages import Package, built_layer
from lambdacli.project.builders.recipes import Seen, look_at
from lambdacli.project.builders.workshop import Workshop


def layer_of_folder(folder: Path, runtime: str, architecture: str, workshop: Workshop) -> Package:
    """For a function of this runtime. Blocks while it builds; raises BuildError."""
    family = RUNTIMES[runtime].family
    settings = layer_recipe(family, folder.name, look_at(folder, family, ""))
    return built_layer(f"layer {folder.name}", folder, runtime, architecture, settings, workshop)


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
