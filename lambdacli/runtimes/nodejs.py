"""nodejs*: the Node.js asked for when it is installed, else the nearest; packages by NODE_PATH."""

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
from lambdacli.runtimes.search import installations, is_program, nearest, path_folders, version_in

BOOTSTRAP = Path(__file__).with_name("bootstraps") / "nodejs"

OLDEST = 18
"""Of the major versions that our bootstrap runs on."""

SDK_CACHE = "nodejs-sdk"
"""The cache folder of packages that AWS has below /var/runtime: they come after the layers' own."""


MANAGER_FOLDERS = frozenset({"node", "nodejs", "versions", "node-versions"})
"""Below which version managers have one folder per release."""


@record
class Node:
    path: Path
    version: tuple[int, ...]

    @property
    def major(self) -> int:
        return self.version[0]


def find(runtime: RuntimeName) -> None:
    chosen(major_of(runtime.version))


def plan(start: Start) -> StartPlan:
    wanted = major_of(start.runtime.version)
    node = chosen(wanted)
    notices: tuple[str, ...] = ()
    if node.major != wanted:
        notices = (
            f"{start.runtime.identifier} is not installed here; running on Node.js {node.major} "
            f"({node.path}), the nearest that is",
        )
    private = {
        "task_root": str(start.task_root),
        "opt_root": str(start.opt_root),
        "runtime_root": str(start.runtime_root),
        "dependencies": [str(folder) for folder in start.dependencies],
        # Only a wrapper script can lead the runtime to another Runtime API than the platform's own.
        "direct": "AWS_LAMBDA_EXEC_WRAPPER" not in start.variables,
    }
    # Where its inspector listens is not for the function's log: editors come to lam's own port.
    inspector = ("--inspect-publish-uid=http",) if start.is_debugged else ()
    arguments = (str(node.path), *flags(start.memory_mb), *inspector, str(start.runtime_root / "index.mjs"))
    wrapped = exec_wrapper(start, arguments)
    return StartPlan(
        arguments=wrapped,
        variables=_variables(start, wanted),
        private_variables={"_LAM_PLACES": json.dumps(private)},
        has_framed_log=True,
        holds_itself=wrapped == arguments and not start.is_debugged,
        notices=notices,
    )


def _variables(start: Start, wanted: int) -> dict[str, str]:
    installed = [folder for folder in start.dependencies if not _is_sdk(folder)]
    sdk = [folder for folder in start.dependencies if _is_sdk(folder)]
    search = [
        *installed,
        start.opt_root / "nodejs" / f"node{wanted}" / "node_modules",
        start.opt_root / "nodejs" / "node_modules",
        *sdk,
        start.runtime_root / "node_modules",
        start.runtime_root,
        start.task_root,
    ]
    return {"NODE_PATH": ":".join(str(folder) for folder in search)}


def _is_sdk(folder: Path) -> bool:
    return SDK_CACHE in folder.parts


def flags(memory_mb: int) -> tuple[str, ...]:
    """How AWS divides the memory between the young and the old objects."""
    young = memory_mb // 10
    return (
        "--expose-gc",
        "--max-http-header-size",
        "81920",
        f"--max-semi-space-size={young // 2}",
        f"--max-old-space-size={memory_mb - young}",
    )


def prepare(runtime_root: Path) -> None:
    runtime_root.mkdir(parents=True, exist_ok=True)
    for source in BOOTSTRAP.iterdir():
        temporary = runtime_root / f"{source.name}.new"
        shutil.copyfile(source, temporary)
        temporary.replace(runtime_root / source.name)


# Finding Node.js


def major_of(version: tuple[int, ...]) -> int:
    """`nodejs` without a number was the first of them, `nodejs8.10` the eighth."""
    return version[0] if version else 0


def chosen(wanted: int) -> Node:
    found = installed()
    if not found:
        raise NotInstalled(
            f"no Node.js is installed here, or none from version {OLDEST} on: install it from nodejs.org, by "
            "a version manager or a package manager, then restart lam (`lam stop`)"
        )
    return found[nearest(wanted, found)]


@cache
def installed() -> dict[int, Node]:
    """What `search` finds, looked up once in a service's life."""
    return search()


def search() -> dict[int, Node]:
    """By major version, the first of each in the order that a shell would look, then version managers, then
    the places of package managers."""
    found: dict[int, Node] = {}
    for folder in _folders():
        for name in ("node", "nodejs"):
            # A shim is a script, or a link to its manager; what it leads to is found where it is installed.
            path = (folder / name).resolve()
            if path.name not in ("node", "nodejs") or not is_program(path):
                continue
            version = version_in(path, MANAGER_FOLDERS) or version_told(path)
            if version is not None and version[0] >= OLDEST:
                found.setdefault(version[0], Node(path, version))
            break
    return found


def _folders() -> list[Path]:
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME", home / ".local/share"))
    own_cache = Path(os.environ.get("XDG_CACHE_HOME", home / ".cache")) / "lam" / "node"
    nvm = Path(os.environ.get("NVM_DIR", home / ".nvm")) / "versions" / "node"
    n = Path(os.environ.get("N_PREFIX", "/usr/local")) / "n" / "versions" / "node"
    mise = Path(os.environ.get("MISE_DATA_DIR", data / "mise")) / "installs" / "node"
    asdf = Path(os.environ.get("ASDF_DATA_DIR", home / ".asdf")) / "installs" / "nodejs"
    volta = Path(os.environ.get("VOLTA_HOME", home / ".volta")) / "tools" / "image" / "node"
    nodenv = Path(os.environ.get("NODENV_ROOT", home / ".nodenv")) / "versions"
    folders = path_folders()
    for manager in (nvm, volta, asdf, mise, nodenv, n):
        folders += installations(manager, "bin")
    for fnm in (os.environ.get("FNM_DIR"), data / "fnm", home / ".fnm"):
        folders += installations(Path(fnm) / "node-versions", "installation", "bin") if fnm else ()
    for homebrew in (Path("/opt/homebrew"), Path("/usr/local"), Path("/home/linuxbrew/.linuxbrew")):
        folders += [folder / "bin" for folder in sorted((homebrew / "opt").glob("node@*"), reverse=True)]
        folders += installations(homebrew / "Cellar" / "node", "bin")
    folders += [Path("/usr/local/bin"), Path("/usr/bin"), Path("/opt/homebrew/bin"), Path("/var/lang/bin")]
    folders += installations(own_cache, "bin")
    return folders


_told: dict[tuple[Path, int], tuple[int, ...] | None] = {}


def version_told(path: Path) -> tuple[int, ...] | None:
    """What the program itself says, asked once for as long as it stays the same file."""
    key = (path, path.stat().st_mtime_ns)
    if key not in _told:
        try:
            asked = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            return None
        match = re.fullmatch(r"v(\d+)\.(\d+)\.(\d+)\S*", asked.stdout.strip())
        _told[key] = None if match is None else (int(match[1]), int(match[2]), int(match[3]))
    return _told[key]
