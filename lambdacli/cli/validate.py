"""`lam validate`: every problem of lam.yaml or a template at once, and what becomes of its parts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.errors import CommandError
from lambdacli.cli.options import (
    ConfigEnvOption,
    EnvVarsOption,
    ParameterOverridesOption,
    ProjectOption,
    StageOption,
    template_options,
)
from lambdacli.cli.projects_nearby import no_project
from lambdacli.model.project_files import project_file_in
from lambdacli.model.template_options import DEFAULT_CONFIG_ENVIRONMENT

if TYPE_CHECKING:
    from lambdacli.project.stack.declared import Finding

EXAMPLES = """
lam validate                                         the lam.yaml of this project
lam validate other/lam.yaml
lam validate template.yaml                           what of it is used, what is ignored and why
lam validate --parameter-overrides Stage=prod
lam validate --schema > lam.schema.json              for editors
"""


def run(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The file to check.", show_default=False)
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of lam.yaml, for editors; check nothing.")
    ] = False,
    parameter_overrides: ParameterOverridesOption = None,
    env_vars: EnvVarsOption = None,
    config_env: ConfigEnvOption = DEFAULT_CONFIG_ENVIRONMENT,
    stage: StageOption = None,
    project: ProjectOption = None,
) -> int:
    from lambdacli.model.runtime_names import RUNTIMES
    from lambdacli.project.loading import Surroundings, load_project
    from lambdacli.project.records import ConfigError
    from lambdacli.project.schema import json_schema_text

    if schema:
        render.output_text(json_schema_text())
        return 0

    checked = file if file is not None else connect.place_of(project).project_file
    if checked is None:
        raise no_project()
    if checked.is_dir():
        found = project_file_in(str(checked))
        if found is None:
            what = "neither a lam.yaml nor a template, a serverless.yml or what `cdk synth` writes"
            raise CommandError(f"{checked} has {what}", "name the file itself")
        checked = Path(found)
    if not checked.is_file():
        raise CommandError(f"there is no file {checked}")
    try:
        options = template_options(parameter_overrides, env_vars, config_env, stage)
        loaded = load_project(checked.resolve(), Surroundings(options=options))
    except ConfigError as error:
        for problem in error.problems:
            render.output(problem.text(Path.cwd()))
        count = len(error.problems)
        render.error(f"{count} problem{'' if count == 1 else 's'} in {checked}")
        return 1
    for finding in loaded.findings:
        render.output(_told(finding))
    for warning in loaded.warnings:
        render.note(warning.text(Path.cwd()))
    for function in loaded.functions:
        if RUNTIMES[function.runtime].is_only_built:
            told = f"{function.runtime} does not run here, `lam build` makes its package"
            render.note(f"{function.name}: {told}")
    count = len(loaded.functions)
    render.output(f"{checked}: no problems, {count} function{'' if count == 1 else 's'}")
    return 0


def _told(finding: Finding) -> str:
    here = Path.cwd()
    file = finding.file.relative_to(here) if finding.file.is_relative_to(here) else finding.file
    fate = "used   " if finding.is_used else "ignored"
    return f"{file}:{finding.line}: {fate} {finding.subject}: {finding.text}"
