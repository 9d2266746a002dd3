"""python3.x: the interpreter asked for when it is installed, else the nearest; our bootstrap; boto3 beside
it."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import re
import sys
from functools import cache
from pathlib import Path

from lambdacli.model.record import record
from lambdacli.model.runtime_names import RuntimeName
from lambdacli.runtimes.base import Start, StartPlan, exec_wrapper

BOOTSTRAP = Path(__file__).with_name("bootstraps") / "python_bootstrap"
PARTS = ("__init__", "payloads", "context", "log", "places", "runtime_api", "debugger", "handler", "main")
"""Of the bootstrap, in an order in which nothing is needed before it is there."""
SDK_MODULES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
"""boto3 and all it imports: pure Python, so lam's own copy serves every interpreter."""

OLDEST = (3, 8)
"""Of the interpreters that our bootstrap runs on."""

_INTERPRETER_NAME = re.compile(r"python(\d+)\.(\d+)t?")


@record
class Interpreter:
    path: Path
    version: tuple[int, int]

    @property
    def label(self) -> str:
        return f"python{self.version[0]}.{self.version[1]}"


def find(runtime: RuntimeName) -> None:
    """There is always one: our own."""
    installed()


def plan(start: Start) -> StartPlan:
    wanted = (start.runtime.version[0], start.runtime.version[1])
    interpreter = nearest(wanted, installed())
    notices: tuple[str, ...] = ()
    if interpreter.version != wanted:
        notices = (
            f"{start.runtime.identifier} is not installed here; running on {interpreter.label} "
            f"({interpreter.path}), the nearest that is",
        )
    variables = {"PYTHONPATH": str(start.runtime_root)}
    if wanted >= (3, 12):
        variables["LC_CTYPE"] = "C.UTF-8"
    version = interpreter.label
    search_path = [
        str(start.task_root),
        *(str(folder) for folder in start.dependencies),
        str(start.opt_root / "python" / "lib" / version / "site-packages"),
        str(start.opt_root / "python"),
    ]
    private = {
        "search_path": search_path,
        "task_root": str(start.task_root),
        "opt_root": str(start.opt_root),
        "runtime_root": str(start.runtime_root),
        "bytecode": str(start.runtime_root / "bytecode"),
    }
    arguments = (str(interpreter.path), str(start.runtime_root / "bootstrap.py"))
    wrapped = exec_wrapper(start, arguments)
    return StartPlan(
        arguments=wrapped,
        variables=variables,
        private_variables={"_LAM_PLACES": json.dumps(private)},
        has_framed_log=True,
        can_be_forked=wrapped == arguments and not start.is_debugged,
        has_own_client=True,
        notices=notices,
    )


def prepare(runtime_root: Path) -> None:
    runtime_root.mkdir(parents=True, exist_ok=True)
    _write(bootstrap(), runtime_root / "bootstrap.py")
    for name in SDK_MODULES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        _link(source, runtime_root / source.name)


def bootstrap() -> str:
    """Its parts as one program (why: see there)."""
    lines = itertools.chain.from_iterable(
        (BOOTSTRAP / f"{part}.py").read_text(encoding="utf-8").splitlines(keepends=True) for part in PARTS
    )
    return "".join(line for line in lines if not line.startswith("from ."))


def _write(text: str, target: Path) -> None:
    temporary = target.with_suffix(".new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(target)


def _link(source: Path, target: Path) -> None:
    if target.is_symlink() or target.exists():
        if target.is_symlink() and Path(os.readlink(target)) == source:
            return
        target.unlink()
    target.symlink_to(source)


# Finding interpreters


@cache
def installed() -> dict[tuple[int, int], Interpreter]:
    """What `search` finds, looked up once in a service's life."""
    return search()


def search() -> dict[tuple[int, int], Interpreter]:
    """By version, the first of each in the order that a shell would look, then version managers, then our
    own."""
    found: dict[tuple[int, int], Interpreter] = {}
    for folder in _folders():
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        for name in names:
            match = _INTERPRETER_NAME.fullmatch(name)
            if match is None or name.endswith("t"):
                continue
            version = (int(match[1]), int(match[2]))
            path = (folder / name).resolve()
            if OLDEST <= version < (4, 0) and version not in found and _is_program(path):
                found[version] = Interpreter(path, version)
    own = (sys.version_info.major, sys.version_info.minor)
    base = getattr(sys, "_base_executable", None) or sys.executable
    found.setdefault(own, Interpreter(Path(base).resolve(), own))
    return found


def nearest(wanted: tuple[int, int], found: dict[tuple[int, int], Interpreter]) -> Interpreter:
    """The same version, else the one with the least distance; of two equally near the newer."""
    return found[min(found, key=lambda version: (abs(version[1] - wanted[1]), -version[1]))]


def _folders() -> list[Path]:
    home = Path.home()
    managers = [
        Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions",
        Path(os.environ.get("UV_PYTHON_INSTALL_DIR", home / ".local/share/uv/python")),
        home / ".local/share/mise/installs/python",
        home / ".asdf/installs/python",
        home / ".local/share/rye/py",
        Path("/Library/Frameworks/Python.framework/Versions"),
    ]
    folders = []
    for folder in [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]:
        # An active virtual environment is the developer's, not the function's.
        if (folder.parent / "pyvenv.cfg").exists():
            continue
        folders.append(folder)
        if folder.name == "shims":  # scripts that lead to what their manager has installed
            folders += _installations(folder.parent / "versions")
            folders += _installations(folder.parent / "installs" / "python")
    for manager in managers:
        folders += _installations(manager)
    folders += [Path("/usr/local/bin"), Path("/usr/bin"), Path("/opt/homebrew/bin"), Path("/var/lang/bin")]
    return folders


def _installations(manager: Path) -> list[Path]:
    """The newest patch release first."""
    if not manager.is_dir():
        return []
    return [entry / "bin" for entry in sorted(manager.iterdir(), key=_release, reverse=True)]


def _release(folder: Path) -> tuple[list[int], str]:
    return [int(number) for number in re.findall(r"\d+", folder.name)], folder.name


def _is_program(path: Path) -> bool:
    """An executable that is no script: version managers put shell scripts of the same name on the PATH."""
    try:
        with path.open("rb") as file:
            head = file.read(2)
    except OSError:
        return False
    return os.access(path, os.X_OK) and head != b"#!"
