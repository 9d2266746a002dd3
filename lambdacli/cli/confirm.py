"""Asks before something is done that cannot be undone."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from lambdacli.cli.errors import CommandError

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


def require_confirmation(what: str, is_given: bool) -> None:
    """A terminal is asked; a script says --yes, for what is taken away may be somebody's. CommandError if the
    answer is no, or nobody can be asked."""
    if is_given:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CommandError(f"this would {what}", "--yes does it")
    if not typer.confirm(f"{what}?", default=False, err=True):
        raise CommandError("nothing was changed")
