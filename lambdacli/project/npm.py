"""Installs by npm, once into the cache: a function's package.json, and the SDK packages that code imports."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lambdacli.model.record import record
from lambdacli.project.build import told_of_install
from lambdacli.project.making import BuildError, Progress, Run, made_once, run_as_child, run_tool

LOCK_FILES = ("package-lock.json", "npm-shrinkwrap.json")
OTHER_LOCK_FILES = ("yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb")
"""Of other tools. npm follows Yarn's first form, and reads none of the others."""
SOURCE_SUFFIXES = (".js", ".mjs", ".cjs")
SOURCE_BYTES = 16 * 1024 * 1024
"""Nobody imports from the end of a larger file."""
SDK_IMPORT = re.compile(
    rb"""(?:\brequire\s*\(\s*|\bimport\s*\(\s*|\bimport\s*|\bfrom\s*)["'`](@(?:aws-sdk|smithy)/[a-z0-9._-]+)"""
)


@record
class Npm:
    """How npm is run here."""

    program: Path
    node: Path
    """The Node.js that the packages are for; builds of native ones ask for it."""
    node_major: int
    run: Run = run_as_child
    options: tuple[str, ...] = ()
    """For which machine it installs, where that is another one."""


def find_npm(node: Path) -> Path | None:
    """The npm that came with this Node.js, else the first on the PATH."""
    beside = node.parent / "npm"
    if beside.exists():
        return beside
    found = shutil.which("npm")
    return None if found is None else Path(found)


def asks_for_packages(folder: Path) -> bool:
    """Whether the code has a package.json with dependencies and no node_modules of its own."""
    return not (folder / "node_modules").exists() and names_packages(folder)


def names_packages(folder: Path) -> bool:
    """Whether the code has a package.json with dependencies that it needs to run."""
    file = folder / "package.json"
    if not file.is_file():
        return False
    package = _parsed(file)
    return any(package.get(kind) for kind in ("dependencies", "optionalDependencies", "workspaces"))


def named_packages(folder: Path) -> dict[str, str]:
    """The versions that package.json asks for, by name; those for development too."""
    file = folder / "package.json"
    package = _parsed(file) if file.is_file() else {}
    kinds = ("devDependencies", "optionalDependencies", "dependencies")
    return {name: str(version) for kind in kinds for name, version in (package.get(kind) or {}).items()}


def install_packages(folder: Path, npm: Npm, cache: Path, progress: Progress) -> Path:
    """The folder node_modules with what the code's package.json names, installed once per content.

    Blocks while it installs. Two callers, in whatever processes, install once: the second waits."""
    package = _parsed(folder / "package.json")
    # What the function itself would run needs its sources, which are not there.
    package.pop("scripts", None)
    is_local = _with_whole_paths(package, folder)
    files = {"package.json": json.dumps(package, indent=2)}
    # A lock file tells local packages by paths from its own place.
    for name in (".npmrc", *(() if is_local else LOCK_FILES)):
        if (folder / name).is_file():
            files[name] = (folder / name).read_text()
    if not is_local and (yarn_lock := followed_yarn_lock(folder)) is not None:
        files[yarn_lock.name] = yarn_lock.read_text()
    has_lock = any(name in files for name in LOCK_FILES)
    words = ("ci",) if has_lock else ("install",)
    what = str(folder / "package.json")
    target = cache / "nodejs" / _key({**files, **_local_sources(package)}, npm)
    # Copied, not linked: a link would lead out of what an environment is shown.
    copied = ("--install-links",) if is_local else ()
    return _installed(target, what, files, [(*words, "--omit=dev", *copied, *npm.options)], npm, progress)


def followed_yarn_lock(folder: Path) -> Path | None:
    """The lock file of Yarn that npm follows, where it has none of its own."""
    file = folder / "yarn.lock"
    if any((folder / name).is_file() for name in LOCK_FILES) or not file.is_file():
        return None
    return file if "# yarn lockfile v1" in file.read_text()[:200] else None


def install_sdk(names: Sequence[str], npm: Npm, cache: Path, progress: Progress, *, folder: str) -> Path:
    """The folder node_modules with these packages in their newest version of the first fetch."""
    what = ", ".join(sorted(names))
    files = {"package.json": json.dumps({"private": True})}
    target = cache / folder / _key({"names": what}, npm)
    return _installed(target, what, files, [("install", *sorted(names))], npm, progress)


def imported_sdk_packages(folder: Path) -> set[str]:
    """The SDK's packages that the sources of this folder import by name, in any of JavaScript's ways."""
    return {
        name.decode()
        for file in _sources(folder)
        for name in SDK_IMPORT.findall(file.read_bytes()[:SOURCE_BYTES])
    }


def _sources(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "node_modules" and not name.startswith(".")]
        yield from (Path(root, name) for name in files if name.endswith(SOURCE_SUFFIXES))


def _parsed(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text())
    except OSError as error:
        raise BuildError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BuildError(f"{file} is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BuildError(f"{file} must hold a JSON object")
    return document


def _with_whole_paths(package: dict[str, Any], folder: Path) -> bool:
    """Packages that are named by a relative path are named by the whole one. Whether there are any."""
    is_local = False
    for kind in ("dependencies", "optionalDependencies"):
        wanted = package.get(kind)
        for name, version in wanted.items() if isinstance(wanted, dict) else ():
            if isinstance(version, str) and version.startswith("file:"):
                is_local = True
                package[kind] = {**package[kind], name: f"file:{(folder / version[5:]).resolve()}"}
    return is_local


def _local_sources(package: dict[str, Any]) -> dict[str, str]:
    """By path, what the packages hold that are named by their place."""
    wanted = {**package.get("optionalDependencies", {}), **package.get("dependencies", {})}
    places = [Path(version[5:]) for version in wanted.values() if str(version).startswith("file:")]
    found = {}
    for place in places:
        for file in [place] if place.is_file() else sorted(_files_of_package(place)):
            found[str(file)] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


def _files_of_package(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("node_modules", ".git", ".lam")]
        yield from (Path(root, name) for name in files if Path(root, name).is_file())


def _key(files: Mapping[str, str], npm: Npm) -> str:
    machine = f"{npm.node_major} {platform.system()} {platform.machine()}"
    digest = hashlib.sha256(" ".join((machine, *npm.options)).encode())
    for name, text in files.items():
        digest.update(f"\0{name}\0{text}".encode())
    return digest.hexdigest()[:32]


def _installed(
    target: Path,
    what: str,
    files: Mapping[str, str],
    commands: Sequence[tuple[str, ...]],
    npm: Npm,
    progress: Progress,
) -> Path:
    def install(folder: Path) -> None:
        for name, text in files.items():
            (folder / name).write_text(text)
        for words in commands:
            _run_npm(words, what, folder, npm, progress)
        (folder / "node_modules").mkdir(exist_ok=True)

    return made_once(target, install, *told_of_install(what), progress) / "node_modules"


def _run_npm(words: tuple[str, ...], what: str, folder: Path, npm: Npm, progress: Progress) -> None:
    quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--loglevel=error")
    # Of somebody who is offline nobody should wait for minutes.
    patience = ("--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-timeout=60000")
    search = os.pathsep.join([str(npm.node.parent), os.environ.get("PATH", os.defpath)])
    # The settings of an npm that runs us, in `npm run`, are not the function's.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("npm_")}
    command = (str(npm.program), *words, *quiet, *patience)
    failure = f"{what} could not be installed by npm"
    run_tool(command, folder, environment | {"PATH": search}, failure, npm.run, progress)
