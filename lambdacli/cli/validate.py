"""`lam validate`: every problem of lam.yaml at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lambdacli.cli import connect, render
from lambdacli.cli.errors import CommandError
from lambdacli.cli.options import ProjectOption

EXAMPLES = """
lam validate                                         the lam.yaml of this project
lam validate other/lam.yaml
lam validate --schema > lam.schema.json              for editors
"""


def run(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The file to check.", show_default=False)
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of lam.yaml, for editors; check nothing.")
    ] = False,
    project: ProjectOption = None,
) -> int:
    from lambdacli.project.config import ConfigError, load_project
    from lambdacli.project.schema import json_schema_text

    if schema:
        render.output_text(json_schema_text())
        return 0

    checked = file if file is not None else connect.place_of(project).project_file
    if checked is None:
        raise CommandError("there is no lam.yaml here or above", "`lam init NAME` makes one")
    if checked.is_dir():
        checked = checked / "lam.yaml"
    if not checked.is_file():
        raise CommandError(f"there is no file {checked}")
    try:
        loaded = load_project(checked.resolve())
    except ConfigError as error:
        for problem in error.problems:
            render.output(problem.text(Path.cwd()))
        count = len(error.problems)
        render.error(f"{count} problem{'' if count == 1 else 's'} in {checked}")
        return 1
    for warning in loaded.warnings:
        render.note(warning.text(Path.cwd()))
    count = len(loaded.functions)
    render.output(f"{checked}: no problems, {count} function{'' if count == 1 else 's'}")
    return 0
