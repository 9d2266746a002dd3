"""`lam init`: a function with its event and its test, and the project around it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from lambdacli.cli import render
from lambdacli.cli.errors import CommandError
from lambdacli.model.location import find_project
from lambdacli.model.runtime_names import RUNTIMES

EXAMPLES = """
lam init demo                                        a Python function
lam init demo --template nodejs
lam init worker --runtime python3.12                 one more in an existing project
lam init --vscode                                    .vscode/launch.json, to debug each function
"""

_Template = Literal["python", "nodejs", "ruby", "custom"]
_TEMPLATES = ("python", "nodejs", "ruby", "custom")


def run(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The new function's name.", show_default=False)
    ] = None,
    template: Annotated[
        _Template | None, typer.Option("--template", "-t", help="What it is written in; python if unsaid.")
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option("--runtime", metavar="NAME", help="A runtime of Lambda, such as python3.13."),
    ] = None,
    vscode: Annotated[
        bool,
        typer.Option(
            "--vscode", help="Write .vscode/launch.json for each function; alone, make no function."
        ),
    ] = False,
) -> int:
    if vscode and (name, template, runtime) == (None, None, None):
        project_file = find_project(Path.cwd())
        if project_file is None:
            raise CommandError("there is no lam.yaml here or above", "`lam init NAME --vscode` makes one")
        _write_launch_file(project_file)
        return 0
    from lambdacli.project.scaffold import ScaffoldError, create_function_files

    chosen: str | None = template
    if sys.stdin.isatty() and sys.stderr.isatty():
        if name is None:
            here = Path.cwd().name
            answer = _asked("Name of the function", here)
            name = (
                None if answer == here else answer
            )  # its own folder's name: right here, not a folder deeper
        if template is None and runtime is None:
            chosen = _asked(f"Template ({', '.join(_TEMPLATES)})", "python")
    try:
        chosen = chosen or _template_for(runtime)
        made = create_function_files(Path.cwd(), name, chosen, runtime or _runtime_for(chosen))
    except ScaffoldError as error:
        raise CommandError(str(error)) from error
    for file in made.files:
        render.say(f"{'changed' if file == made.changed else 'made'} {_shown(file)}")
    if vscode:
        _write_launch_file(made.project_file)
    render.say("")
    render.say("next:")
    for step in made.next_steps:
        render.say(f"  {step}")
    return 0


def _write_launch_file(project_file: Path) -> None:
    from lambdacli.cli import connect, debugging

    endpoint = connect.running_service(connect.place_of(str(project_file))).endpoint
    file, functions, is_changed = debugging.write_launch_file(endpoint, project_file.parent)
    if not functions:
        raise CommandError("no function here can be debugged", "python3.*, nodejs* and ruby* can be")
    told = ", ".join(functions)
    render.say(f"wrote {_shown(file)}: {told}" if is_changed else f"{_shown(file)} has all: {told}")


def _asked(question: str, otherwise: str) -> str:
    return str(typer.prompt(question, default=otherwise, err=True))


def _template_for(runtime: str | None) -> str:
    family = re.match(r"[a-z]*", runtime or "")
    return {"nodejs": "nodejs", "ruby": "ruby", "provided": "custom"}.get(
        family[0] if family else "", "python"
    )


def _runtime_for(template: str) -> str | None:
    """Python functions get the version that lam itself runs on: it is surely installed. The rest have
    defaults."""
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return own if template == "python" and own in RUNTIMES else None


def _shown(file: Path) -> str:
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)
