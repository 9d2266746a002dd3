"""Where building is done, by what, and for which machine."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from lambdacli.model.record import record
from lambdacli.project.making import BuildError, Progress, Run, run_as_child, run_tool

# A make that runs us shares its jobs with makes below it, which this one's files know nothing of.
_OF_OUR_MAKE = frozenset({"MAKEFLAGS", "MFLAGS", "MAKELEVEL"})

_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


@record
class Target:
    """The machine that runs what is built."""

    architecture: str
    system: str = "linux"
    is_shipped: bool = True
    """For Lambda itself; otherwise for this machine, which may be another one than the function declares."""

    @property
    def is_here(self) -> bool:
        """Programs for it run on this machine."""
        return (self.system, self.architecture) == (here().system, here().architecture)


def here() -> Target:
    machine = platform.machine().lower()
    return Target(_ARCHITECTURES.get(machine, machine), platform.system().lower(), is_shipped=False)


@record
class Workshop:
    cache: Path
    progress: Progress
    run: Run = run_as_child
    node: Path | None = None
    """The Node.js that npm and esbuild use; the first on the PATH, if unsaid."""

    def tool(self, name: str, wanted_by: Path, how: str) -> str:
        """A program on the PATH; without it, a BuildError that tells how to get it."""
        found = shutil.which(name)
        if found is None:
            raise BuildError(f"{wanted_by} is built by {name}, which is not on the PATH: {how}")
        return found

    def build(self, command: Sequence[str], folder: Path, variables: Mapping[str, str], what: object) -> None:
        """Runs a step of a build in a folder, with variables beside those of this process."""
        own = {name: value for name, value in os.environ.items() if name not in _OF_OUR_MAKE}
        environment = {**own, **variables}
        run_tool(command, folder, environment, f"{what} could not be built", self.run, self.progress)
