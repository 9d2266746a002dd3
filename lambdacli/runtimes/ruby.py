"""ruby*: the interpreter asked for when it is installed, else the nearest; gems by GEM_PATH."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from lambdacli.model.record import record
from lambdacli.model.runtime_names import RuntimeName
from lambdacli.runtimes.base import NotInstalled, Start, StartPlan, exec_wrapper
from lambdacli.runtimes.search import installations, is_program, path_folders, version_in

BOOTSTRAP = Path(__file__).with_name("bootstraps") / "ruby_bootstrap.rb"

OLDEST = (2, 7)
"""Of the interpreters that our bootstrap runs on."""

MANAGER_FOLDERS = frozenset({"versions", "rubies", ".rubies", "ruby"})
"""Below which version managers have one folder per release."""


@record
class Ruby:
    path: Path
    version: tuple[int, int]

    @property
    def label(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"


def find(runtime: RuntimeName) -> None:
    chosen(wanted(runtime))


def plan(start: Start) -> StartPlan:
    asked = wanted(start.runtime)
    ruby = chosen(asked)
    notices: tuple[str, ...] = ()
    if ruby.version != asked:
        notices = (
            f"{start.runtime.identifier} is not installed here; running on Ruby {ruby.label} ({ruby.path}), "
            "the nearest that is",
        )
    private = {
        "task_root": str(start.task_root),
        "opt_root": str(start.opt_root),
        "runtime_root": str(start.runtime_root),
        # Only a wrapper script can lead the runtime to another Runtime API than the platform's own.
        "direct": "AWS_LAMBDA_EXEC_WRAPPER" not in start.variables,
    }
    arguments = (str(ruby.path), str(start.runtime_root / "lib" / "bootstrap.rb"))
    return StartPlan(
        arguments=exec_wrapper(start, arguments),
        variables=_variables(start, asked, ruby),
        private_variables={"_LAM_PLACES": json.dumps(private)},
        has_framed_log=True,
        notices=notices,
    )


def _variables(start: Start, wanted: tuple[int, int], ruby: Ruby) -> dict[str, str]:
    interface = f"{wanted[0]}.{wanted[1]}.0"
    bundle = start.task_root / "vendor" / "bundle" / "ruby"
    gems = [
        bundle / interface,
        start.opt_root / "ruby" / "gems" / interface,
        start.runtime_root,
        start.runtime_root / "ruby" / interface,
    ]
    if ruby.version != wanted:
        # What was bundled on this machine was bundled with the interpreter that is here.
        gems.append(bundle / f"{ruby.label}.0")
    libraries = [
        start.runtime_root / "gems" / "aws_lambda_ric-3.1.3" / "lib",
        start.task_root,
        start.runtime_root / "lib",
        start.opt_root / "ruby" / "lib",
    ]
    return {
        "GEM_HOME": str(start.runtime_root),
        "GEM_PATH": ":".join(str(folder) for folder in gems),
        "RUBYLIB": ":".join(str(folder) for folder in libraries),
    }


def prepare(runtime_root: Path) -> None:
    folder = runtime_root / "lib"
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / "bootstrap.rb.new"
    shutil.copyfile(BOOTSTRAP, temporary)
    temporary.replace(folder / "bootstrap.rb")


# Finding interpreters


def chosen(wanted: tuple[int, int]) -> Ruby:
    found = installed()
    if not found:
        raise NotInstalled(
            "no Ruby is installed here: install it by a version manager or a package manager, then restart "
            "lam (`lam stop`)"
        )
    return found[nearest(wanted, found)]


def nearest(wanted: tuple[int, int], found: dict[tuple[int, int], Ruby]) -> tuple[int, int]:
    """The same version, else the one with the least distance; of two equally near the newer."""

    def number(version: tuple[int, int]) -> int:
        return 10 * version[0] + version[1]

    return min(found, key=lambda version: (abs(number(version) - number(wanted)), -number(version)))


def wanted(runtime: RuntimeName) -> tuple[int, int]:
    version = (*runtime.version, 0, 0)
    return version[0], version[1]


@cache
def installed() -> dict[tuple[int, int], Ruby]:
    """What `search` finds, looked up once in a service's life."""
    return search()


def search() -> dict[tuple[int, int], Ruby]:
    """By version, the first of each in the order that a shell would look, then version managers."""
    found: dict[tuple[int, int], Ruby] = {}
    for folder in _folders():
        path = (folder / "ruby").resolve()
        if re.fullmatch(r"ruby[\d.]*", path.name) is None or not is_program(path):
            continue
        version = version_in(path, MANAGER_FOLDERS) or _version_told(path)
        if version is not None and version[:2] >= OLDEST:
            short = (version[0], version[1])
            found.setdefault(short, Ruby(path, short))
    return found


def _folders() -> list[Path]:
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME", home / ".local/share"))
    managers = [
        Path(os.environ.get("RBENV_ROOT", home / ".rbenv")) / "versions",
        home / ".rvm" / "rubies",
        home / ".rubies",
        Path("/opt/rubies"),
        Path(os.environ.get("ASDF_DATA_DIR", home / ".asdf")) / "installs" / "ruby",
        Path(os.environ.get("MISE_DATA_DIR", data / "mise")) / "installs" / "ruby",
    ]
    folders = path_folders()
    for manager in managers:
        folders += installations(manager, "bin")
    for homebrew in (Path("/opt/homebrew"), Path("/usr/local"), Path("/home/linuxbrew/.linuxbrew")):
        folders += [folder / "bin" for folder in sorted((homebrew / "opt").glob("ruby*"), reverse=True)]
    folders += [Path("/usr/local/bin"), Path("/usr/bin"), Path("/var/lang/bin")]
    return folders


_told: dict[tuple[Path, int], tuple[int, ...] | None] = {}


def _version_told(path: Path) -> tuple[int, ...] | None:
    """What the program itself says, asked once for as long as it stays the same file."""
    key = (path, path.stat().st_mtime_ns)
    if key not in _told:
        try:
            asked = subprocess.run(
                [path, "--disable=gems,rubyopt", "-e", "print RUBY_VERSION"],
                capture_output=True,
                text=True,
                timeout=10,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", asked.stdout)
        _told[key] = None if match is None else (int(match[1]), int(match[2]), int(match[3]))
    return _told[key]
