"""`lam completions`: prints the completion script of a shell, or puts it where that shell looks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from lambdacli.cli import render
from lambdacli.cli.errors import CommandError
from lambdacli.project.resources import resource_folder

EXAMPLES = """
lam completions bash > lam.bash                      print the script
lam completions --install                            for the shell in $SHELL
lam completions zsh --install
"""

_Shell = Literal["bash", "zsh", "fish"]


def run(
    shell: Annotated[
        _Shell | None, typer.Argument(metavar="[bash|zsh|fish]", help="The shell; otherwise $SHELL.")
    ] = None,
    install: Annotated[bool, typer.Option("--install", help="Put it where the shell looks for it.")] = False,
) -> int:
    name = shell or Path(os.environ.get("SHELL", "")).name
    if name not in ("bash", "zsh", "fish"):
        raise CommandError("$SHELL names no shell that lam completes", "name it: bash, zsh or fish")
    text = _script(name)
    if not install:
        render.output_text(text)
        return 0
    target = install_path(name, os.environ, Path.home())
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    render.say(f"wrote {target}")
    if name == "zsh":
        render.say(f"put this before compinit in ~/.zshrc: fpath=({target.parent} $fpath)")
    else:
        render.say(f"a new {name} knows it")
    return 0


def install_path(shell: str, environment: Mapping[str, str], home: Path) -> Path:
    """The folders that bash-completion, fish, and a zsh with one line in its .zshrc look in."""
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    if shell == "bash":
        return data / "bash-completion" / "completions" / "lam"
    if shell == "fish":
        return config / "fish" / "completions" / "lam.fish"
    return data / "zsh" / "site-functions" / "_lam"


def _script(shell: str) -> str:
    return (resource_folder("completions") / f"lam.{shell}").read_text()
