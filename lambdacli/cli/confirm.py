"""Asks before something is done that cannot be undone."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


def is_confirmed(question: str, is_given: bool) -> bool:
    """Only a terminal is asked: a script said what it wants by running the verb."""
    if is_given or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    return typer.confirm(question, default=False, err=True)
