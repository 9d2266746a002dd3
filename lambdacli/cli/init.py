"""`lam init`: a function with its event and its test, and the project around it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from lambdacli.cli import render
from lambdacli.cli.errors import CommandError
from lambdacli.model.runtime_names import RUNTIMES

EXAMPLES = """
lam init demo                                        a Python function
lam init demo --template nodejs
lam init worker --runtime python3.12                 one more in an existing project
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
) -> int:
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
    render.say("")
    render.say("next:")
    for step in made.next_steps:
        render.say(f"  {step}")
    return 0


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
