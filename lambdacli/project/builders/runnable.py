"""The code folder as it runs on this machine: the sources themselves, or what is made of them."""

from __future__ import annotations

from pathlib import Path

from lambdacli.model.build import BuildSettings
from lambdacli.model.runtime_names import RUNTIMES
from lambdacli.project.builders.recipes import look_at, method_of
from lambdacli.project.builders.workshop import Workshop, here


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
