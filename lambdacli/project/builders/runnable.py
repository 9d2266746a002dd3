"""The code folder as it runs on this machine: the sources themselves, or what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from lambdacli.model.build import BuildMethod, BuildSettings
from lambdacli.model.runtime_names import RUNTIMES
from lambdacli.project.builders.recipes import look_at, method_of
from lambdacli.project.builders.workshop import Workshop, here
from lambdacli.project.making import BuildError
from lambdacli.project.npm import asks_for_packages, imported_sdk_packages


def code_to_run(
    name: str,
    folder: Path,
    runtime: str,
    handler: str,
    settings: BuildSettings | None,
    workshop: Workshop,
) -> Path:
    """Raises BuildError."""
    family = RUNTIMES[runtime].family if runtime in RUNTIMES else ""
    method = method_of(family, name, settings, look_at(folder, family, handler))
    if not method.makes_code:
        return folder
    # Most functions run from their sources, and a service of such ones needs no builder.
    from lambdacli.project.builders.packages import made_by

    return made_by(method, name, folder, runtime, handler, settings or BuildSettings(), here(), workshop)


def may_be_built(
    name: str,
    folder: Path,
    runtime: str,
    handler: str,
    settings: BuildSettings | None,
    *,
    has_packages: bool,
    sdk_packages: Callable[[Path], Collection[str]] = imported_sdk_packages,
) -> bool:
    """Whether its first start makes or installs something, unless that was done before. `has_packages`: what
    Python's would be is in a virtual environment. `sdk_packages` looks through all sources of a folder."""
    family = RUNTIMES[runtime].family if runtime in RUNTIMES else ""
    try:
        method = method_of(family, name, settings, look_at(folder, family, handler))
        if method.makes_code:
            return True
        if family == "nodejs":
            return asks_for_packages(folder) or bool(sdk_packages(folder))
    except (BuildError, OSError):
        return False  # its first start tells what is wrong
    return method is BuildMethod.PYTHON and not has_packages
