"""`lam build`: makes what Lambda would be sent of each function and layer, and tells its hash and size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.errors import CommandError
from lambdacli.cli.options import (
    ConfigEnvOption,
    JsonOption,
    ParameterOverridesOption,
    ProjectOption,
    StageOption,
    template_options,
)
from lambdacli.cli.projects_nearby import no_project
from lambdacli.model.nearest import nearest
from lambdacli.model.template_options import DEFAULT_CONFIG_ENVIRONMENT, TemplateOptions

if TYPE_CHECKING:
    from lambdacli.project.builders.packages import Package
    from lambdacli.project.making import BuildError
    from lambdacli.project.records import FunctionSettings, Project

EXAMPLES = """
lam build                                            every function of the project
lam build orders billing --json                      these two; hashes and sizes as JSON
lam build --zips dist                                and dist/NAME.zip of each
lam build --prune                                    then remove old builds that nothing used for a day
lam build --verbose                                  with what uv, npm, cargo and the others say
"""


def run(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="The functions; otherwise all.")
    ] = None,
    zips: Annotated[
        Path | None,
        typer.Option(
            "--zips", metavar="FOLDER", help="Also write NAME.zip of each there, layers below layers."
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print what the tools print.")] = False,
    parameter_overrides: ParameterOverridesOption = None,
    config_env: ConfigEnvOption = DEFAULT_CONFIG_ENVIRONMENT,
    stage: StageOption = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Then remove from the cache what nothing used for a day.")
    ] = False,
    json: JsonOption = False,
    project: ProjectOption = None,
) -> int:
    from lambdacli.project.builders.layers import layers_of
    from lambdacli.project.builders.packages import Package, built_all
    from lambdacli.project.builders.workshop import Workshop

    place = connect.place_of(project)
    options = template_options(parameter_overrides, None, config_env, stage)
    functions = _chosen(_loaded(place.project_file, options), names or ())
    if zips is not None:
        _refuse_among_code(functions, zips)
    workshop = Workshop(place.cache_dir, render.say if verbose else lambda line: None)
    with render.progress("building", len(functions)) as advance:
        results = built_all(functions, workshop, lambda function: advance(1))
        layers = layers_of(functions, workshop)
    packages = [result for result in results if isinstance(result, Package)]
    if zips is not None:
        _write_zips({package.function: package for package in packages}, zips)
        made = {layer.name: layer.result for layer in layers if isinstance(layer.result, Package)}
        _write_zips(made, zips / "layers")
    if json:
        rows = [
            _row("function", function.name, function.runtime, function.architecture, result)
            for function, result in zip(functions, results, strict=True)
        ]
        rows += [_row("layer", each.name, each.runtime, each.architecture, each.result) for each in layers]
        render.output_json(rows)
    else:
        packages += [layer.result for layer in layers if isinstance(layer.result, Package)]
        if packages:
            _show(packages)
    if prune:
        _prune(place.cache_dir)
    failed = [
        (function.name, result)
        for function, result in zip(functions, results, strict=True)
        if not isinstance(result, Package)
    ]
    failed += [
        (f"layer {layer.name}", layer.result) for layer in layers if not isinstance(layer.result, Package)
    ]
    for name, error in failed:
        render.error(str(error) if str(error).startswith(name) else f"{name}: {error}")
    return 1 if failed else 0


def _prune(cache: Path) -> None:
    from lambdacli.project.kept import ON_REQUEST, all_kept, prune

    freed = sum(each.size_bytes for each in prune(cache, ON_REQUEST))
    left = sum(each.size_bytes for each in all_kept(cache))
    render.note(f"{_size(freed)} were removed from {cache}, {_size(left)} are left")


def _loaded(file: Path | None, options: TemplateOptions) -> Project:
    from lambdacli.project.loading import Surroundings, load_project
    from lambdacli.project.records import ConfigError

    if file is None:
        raise no_project()
    try:
        return load_project(file.resolve(), Surroundings(options=options))
    except ConfigError as error:
        raise CommandError(str(error)) from error


def _chosen(project: Project, names: list[str] | tuple[()]) -> list[FunctionSettings]:
    by_name = {function.name: function for function in project.functions}
    names = [project.names.get(name, name) for name in names]
    for name in names:
        if name not in by_name:
            near = nearest(name, tuple(by_name))
            hint = f"did you mean {near}?" if near else f"it has {', '.join(by_name) or 'no functions'}"
            raise CommandError(f"{project.file.name} has no function {name}", hint)
    return [by_name[name] for name in dict.fromkeys(names or by_name)]


def _refuse_among_code(functions: list[FunctionSettings], zips: Path) -> None:
    """What is written among the code would be part of the next build."""
    from lambdacli.package.choice import parse_choice
    from lambdacli.package.files import belongs

    place = zips.resolve()
    for function in functions:
        code = function.code.resolve()
        name = PurePosixPath(place.relative_to(code), "x.zip") if place.is_relative_to(code) else None
        if name is None or not function.code.is_dir():
            continue
        if belongs(code, name) and parse_choice(function.template.patterns).takes(str(name)):
            raise CommandError(
                f"--zips: {zips} is in the code of {function.name}, and its zips would be packed too",
                "take another folder, for example .lam/zips, or name it in .lamignore",
            )


def _write_zips(packages: Mapping[str, Package], folder: Path) -> None:
    if packages:
        folder.mkdir(parents=True, exist_ok=True)
    for name, package in packages.items():
        target = folder / f"{name}.zip"
        partial = target.with_suffix(".partial")
        with partial.open("wb") as file:
            package.write_to(file.write)
        partial.replace(target)


def _show(packages: list[Package]) -> None:
    rows = [
        (
            package.function,
            str(package.method),
            _size(package.measured.zipped_bytes),
            _size(package.measured.unzipped_bytes),
            package.sha256,
            f"{package.seconds:.1f} s",
        )
        for package in packages
    ]
    render.output_table(("NAME", "BY", "ZIPPED", "UNZIPPED", "SHA256", "TOOK"), rows)
    for package in packages:
        for note in package.measured.notes:
            render.note(f"{package.function}: {note}")


def _row(
    kind: str, name: str, runtime: str, architecture: str, result: Package | BuildError
) -> dict[str, Any]:
    from lambdacli.project.builders.packages import Package

    row: dict[str, Any] = {"name": name, "kind": kind, "runtime": runtime, "architecture": architecture}
    if not isinstance(result, Package):
        return {**row, "error": str(result)}
    measured = asdict(result.measured)
    return {**row, "method": str(result.method), **measured, "seconds": round(result.seconds, 3)}


def _size(count: int) -> str:
    return (
        f"{count} bytes"
        if count < 1024
        else f"{count / 1024:.1f} KB"
        if count < 1024**2
        else _megabytes(count)
    )


def _megabytes(count: int) -> str:
    return f"{count / 1024**2:.1f} MB"
