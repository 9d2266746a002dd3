"""provided.*: the function brings its own runtime, an executable called bootstrap."""

from __future__ import annotations

import os
from pathlib import Path

from lambdacli.model.runtime_names import RuntimeName
from lambdacli.runtimes.base import InvalidEntrypoint, Start, StartPlan


def find(runtime: RuntimeName) -> None:
    """Nothing of this machine's: the function brings all."""


def plan(start: Start) -> StartPlan:
    for folder in (start.task_root, start.opt_root):
        bootstrap = folder / "bootstrap"
        if bootstrap.is_file() and os.access(bootstrap, os.X_OK):
            return StartPlan(arguments=(str(bootstrap),))
    raise InvalidEntrypoint("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")


def prepare(runtime_root: Path) -> None:
    runtime_root.mkdir(parents=True, exist_ok=True)
