"""Which debugger a language has, what it speaks, and where its code lies on this machine."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from lambdacli.model.record import record
from lambdacli.model.runtime_names import RuntimeName
from lambdacli.runtimes import ruby
from lambdacli.runtimes.base import NotInstalled


class Protocol(StrEnum):
    DEBUG_ADAPTER = "dap"
    INSPECTOR = "inspector"


@record
class Debugger:
    protocol: Protocol
    folders: Callable[[RuntimeName], tuple[Path, ...]]
    """What a function's walls must show of it; NotInstalled says what to install."""


def debugger_of(runtime: RuntimeName) -> Debugger | None:
    """None: nothing is known that could be attached to what the function brings."""
    return _DEBUGGERS.get(runtime.family)


def _debugpy(runtime: RuntimeName) -> tuple[Path, ...]:
    """From lam's own installation: without its compiled parts it runs on every interpreter."""
    spec = importlib.util.find_spec("debugpy")
    if spec is None or spec.origin is None:
        raise NotInstalled(
            "debugging Python needs debugpy beside lam: `pip install 'lambdacli[debug]'` (or "
            "`uv tool install 'lambdacli[debug]'`, or `pipx inject lambdacli debugpy`), then `lam stop`"
        )
    return (Path(spec.origin).parent,)


def _inspector(runtime: RuntimeName) -> tuple[Path, ...]:
    return ()


def _rdbg(runtime: RuntimeName) -> tuple[Path, ...]:
    interpreter = ruby.chosen(ruby.wanted(runtime)).path
    folders = _gem_folders(interpreter)
    if not folders:
        raise NotInstalled(
            f"debugging Ruby needs the gem debug for {interpreter}: "
            f"`{interpreter.with_name('gem')} install debug`"
        )
    return folders


_found: dict[Path, tuple[Path, ...]] = {}


def _gem_folders(interpreter: Path) -> tuple[Path, ...]:
    """Asked of the interpreter until it has one."""
    if interpreter not in _found:
        asked = subprocess.run(
            [interpreter, "-e", "puts Gem::Specification.find_by_name('debug').full_require_paths"],
            capture_output=True,
            text=True,
            timeout=30,
        )
        if asked.returncode != 0:
            return ()
        _found[interpreter] = tuple(Path(line) for line in asked.stdout.splitlines())
    return _found[interpreter]


_DEBUGGERS: Mapping[str, Debugger] = {
    "python": Debugger(Protocol.DEBUG_ADAPTER, _debugpy),
    "nodejs": Debugger(Protocol.INSPECTOR, _inspector),
    "ruby": Debugger(Protocol.DEBUG_ADAPTER, _rdbg),
}
