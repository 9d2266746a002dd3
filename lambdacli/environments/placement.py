"""All that an environment needs to know of its function, frozen when it is made: it never looks into the
store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path

from lambdacli.model.arn import FunctionKey
from lambdacli.model.credentials import Credentials
from lambdacli.model.function import Debugging, Network
from lambdacli.model.record import record


@record
class PlacementKey:
    """Environments with the same key can take each other's invocations."""

    function: FunctionKey
    version: str
    generation: str
    """Changes whenever code or configuration does."""
    is_debugged: bool = False
    """Its processes have a debugger beside them."""


@record
class Placement:
    key: PlacementKey
    runtime: str
    handler: str
    task_root: Path
    log_group: str
    memory_mb: int
    timeout_seconds: int
    ephemeral_storage_mb: int
    credentials: Credentials
    opt_root: Path | None = None
    dependencies: tuple[Path, ...] = ()
    """Folders with installed packages that belong to the code but do not lie in its folder."""
    variables: Mapping[str, str] = field(default_factory=dict)
    endpoint_variables: Mapping[str, str] = field(default_factory=dict)
    """Where the SDKs find the local services; the function's own variables win over these."""
    freezes: bool = True
    """Between invocations the environment makes no progress."""
    preloads: bool = True
    """It may be forked from a process that has third-party modules loaded; else it is a fresh one."""
    has_cpu_share: bool = True
    """CPU time in proportion to memory."""
    network: Network = Network.HOST
    log_format: str = "Text"
    log_level: str | None = None
    """Of what the function logs; only set with JSON."""
    file_systems: Mapping[str, Path] = field(default_factory=dict)
    """Folders of this machine by where the function finds them, to read and to write."""
    is_provisioned: bool = False
    """It is initialised before anybody calls."""
    debugging: Debugging | None = None
    debugger_folders: tuple[Path, ...] = ()
    """The debugger's own code, which is none of the function's packages."""

    def debugged(self, debugging: Debugging, folders: tuple[Path, ...]) -> Placement:
        """As it runs beside a debugger: an editor may come while nothing runs, and what the debugger takes is
        not the function's share."""
        return replace(
            self,
            key=replace(self.key, is_debugged=True),
            debugging=debugging,
            debugger_folders=folders,
            freezes=False,
            preloads=False,
            has_cpu_share=False,
        )
