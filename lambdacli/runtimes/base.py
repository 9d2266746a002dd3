"""What a runtime module answers, and the records it does so with.

A runtime is a module that satisfies `RuntimeModule`; `lambdacli/runtimes/__init__.py` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Protocol

from lambdacli.model.record import record
from lambdacli.model.runtime_names import RuntimeName


@record
class Start:
    """What is to be started, and where its folders really are."""

    runtime: RuntimeName
    task_root: Path
    opt_root: Path
    runtime_root: Path
    """The folder in place of /var/runtime for this family."""
    dependencies: tuple[Path, ...]
    variables: Mapping[str, str]
    """The function's own."""
    memory_mb: int = 128
    is_debugged: bool = False
    """It starts afresh, and its own bootstrap is told where to listen for a debugger."""


@record
class StartPlan:
    arguments: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    """Set by the runtime; the function's own variables win."""
    private_variables: Mapping[str, str] = field(default_factory=dict)
    """For our own bootstrap, which takes them out before user code runs."""
    has_framed_log: bool = False
    can_be_forked: bool = False
    """The program can load modules ahead as a template, and its environments are then forks of it."""
    holds_itself: bool = False
    """The program can load modules ahead, and then waits on descriptor 63 for its start."""
    has_own_client: bool = False
    """The runtime talks to the Runtime API by a client of ours, which may send two requests at once as long
    as it talks to the platform itself."""
    notices: tuple[str, ...] = ()


class InvalidEntrypoint(Exception):
    """The function has nothing that could be started; the text is the platform's."""


class NotInstalled(Exception):
    """This machine has no program that could run the function: which, and how to get one."""


class RuntimeModule(Protocol):
    # Finds the programs that this runtime needs, which may take a while; NotInstalled when there are none.
    def find(self, runtime: RuntimeName) -> None: ...

    # The command and variables for one process; InvalidEntrypoint when the function has none.
    def plan(self, start: Start) -> StartPlan: ...

    # Puts what /var/runtime holds into this folder; called once per service start.
    def prepare(self, runtime_root: Path) -> None: ...


def exec_wrapper(start: Start, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The command as AWS_LAMBDA_EXEC_WRAPPER changes it: the script gets the whole command as its arguments.

    A wrapper that is missing or not executable ends with the exit status of AWS's own start script."""
    named = start.variables.get("AWS_LAMBDA_EXEC_WRAPPER")
    if not named:
        return arguments
    wrapper = real_path(named, start)
    if not wrapper.is_file():
        return ("/bin/sh", "-c", 'echo "$0: does not exist" >&2; exit 127', named)
    if not wrapper.stat().st_mode & 0o111:
        return ("/bin/sh", "-c", 'echo "$0: is not an executable" >&2; exit 126', named)
    return (str(wrapper), *arguments)


def real_path(path: str, start: Start) -> Path:
    """Where a path of the environment lies on this machine."""
    for name, root in (("/var/task", start.task_root), ("/opt", start.opt_root)):
        if path == name or path.startswith(name + "/"):
            return root / path[len(name) :].lstrip("/")
    return Path(path)
